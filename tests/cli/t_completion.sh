#!/bin/sh
# Completion in bash: verbs, options, their values, files by their suffix; what it offers is what the program knows.
. "$(dirname -- "$0")/common"
command -v bash >/dev/null || exit 0
mkdir -p bin folder && ln -s "$bmunet" bin/bmunet
: >exams.csv && : >notes.txt && : >tree.yml && : >'two words.csv'
cat >complete.bash <<'BASH'
# complete.bash WORDS...: what is offered for the last of them, one a line
PATH=$PWD/bin:$PATH
. "$source_tree/share/completion/bmunet"
complete -p bmunet | grep -q _bmunet || exit 1
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
_bmunet 2>/dev/null
printf '%s\n' "${COMPREPLY[@]}" | sed 's/ $//' | sort
BASH
export source_tree
offers() { # EXPECTED WORDS...
    wanted=$1
    shift
    got=$(bash complete.bash "$@" | tr '\n' '|')
    [ "$got" = "$wanted|" ] || fail "for '$*' the completion offers '$got', not '$wanted|'"
}
offers 'predict|prep' bmunet pre
offers 'codes' bmunet help co
offers '--allow-partial|--allow-tomosynthesis' bmunet predict --allow
offers 'bf16|fp32' bmunet predict --precision ''
offers 'bf16' bmunet predict --precision = b
offers 'bin/|exams.csv|folder/|two words.csv' bmunet predict --exams ''
offers 'bin/|folder/|tree.yml' bmunet evaluate --tree ''
offers 'folder/' bmunet evaluate --out fol
offers 'infer|train' bmunet bench ''
offers '--json' bmunet --version --
offers '' bmunet predict --threads ''
verbs=$("$bmunet" --help-table | cut -f1)
[ -n "$verbs" ] || fail "no verbs"
for verb in $verbs; do
    bash complete.bash bmunet "$verb" -- >offered
    "$bmunet" "$verb" --help | sed -n 's/^  \(--[a-z-]*\).*/\1/p' | sort >known
    same offered known
    [ "$(wc -l <known)" -ge 2 ] || fail "$verb: hardly an option"
done
