#!/bin/sh
# The whole of it on patients who do not exist: a cohort with a known truth, three stages of training, predictions of patients held out, a page
# of results. Each step is printed as the command that you could type.
# Usage: run.sh [PROGRAM [PATIENTS [EPOCHS [FOLDER]]]]. What is made lies in FOLDER; another run starts anew. Paths are seen from the source tree; if
# this is an installed copy, from where you are, and PROGRAM is bmunet, FOLDER bmunet-demo unless named.
set -eu
demo=$(cd "$(dirname -- "$0")" && pwd)
if [ -e "$demo/../../CMakeLists.txt" ]; then
    cd "$demo/../.."
    program=${1:-build/release/bmunet} folder=${4:-build/demo}
else
    program=${1:-bmunet} folder=${4:-bmunet-demo}
fi
patients=${2:-1000} epochs=${3:-12}
case $program in
/*) ;;
*/*) program=$(pwd)/$program ;;
*) program=$(command -v "$program") || { echo "demo: there is no program '$program'" >&2; exit 1; } ;;
esac

case $folder in
build/*) ;; # all of that may go, as ./dev clean has it
*) [ ! -e "$folder" ] || [ -e "$folder/.demo" ] || { echo "demo: $folder is there, and no demo has made it: name a new folder" >&2; exit 1; } ;;
esac
trap 'echo "demo: stopped; the next one starts anew" >&2; exit 130' INT TERM
rm -rf "$folder"
mkdir -p "$folder/runs"
cd "$folder"
: >.demo
exec 3>&1

step() { printf '\n== %s\n\n' "$1"; }

# run COMMAND...: shows it, runs it, tells the time. Exit status 2: some exams were refused, the others computed.
run() {
    # broken between options, never between an option and its value
    echo "\$ $*" | sed 's/\(--[a-z-]*\) /\1\x01/g' | fold -s -w 108 | tr '\001' ' ' | sed '$!s/ *$/ \\/; 2,$s/^/      /' >&3
    begun=$(date +%s) status=0
    "$@" || status=$?
    printf '  (%d s)\n\n' $(($(date +%s) - begun)) >&3
    [ "$status" = 0 ] || [ "$status" = 2 ] || exit "$status"
}

begun_at=$(date +%s)
echo "To type along, in a folder of your own:  mkdir -p mine/runs; cd mine; PATH=$(dirname -- "$program"):\$PATH"
PATH=$(dirname -- "$program"):$PATH

step "1. A cohort: pictures, clinical values and diagnoses of $patients women who do not exist, so that the truth is known"
run bmunet synth --patients "$patients" --seed 1 --size small --out cohort
run bmunet split --exams cohort/exams.csv --train .7 --val .1 --test .2 --out cohort/split.csv

step "2. Three short stages of training: ultrasound, mammography, then both with the clinical values"
set -- --exams cohort/split.csv --preset small --epochs "$epochs" --cache cache
run bmunet train --stage us "$@" --out runs/us
run bmunet train --stage mg "$@" --out runs/mg
run bmunet train --stage bmu "$@" --init-us runs/us/best.safetensors --init-mg runs/mg/best.safetensors --out runs/bmu
run bmunet runs runs

step "3. Predictions for the patients held out, whom no stage has seen"
run bmunet predict --model runs/bmu/best.safetensors --exams cohort/split.csv --split test --out predictions.csv

step "4. How good are they? Beside the model: four simulated readers, and an observer who knows how the cohort was made"
run bmunet evaluate --predictions predictions.csv --truth cohort/split.csv --split test --readers cohort/readers.csv \
    --compare cohort/truth.csv:posterior_clinical --compare cohort/truth.csv:posterior_images \
    --compare cohort/truth.csv:posterior_all --out report >summary.txt
cat summary.txt

step "5. What does not fit is refused, with the reason: six drawn phantoms, one on the wrong side, one whose file is cut off"
run bmunet predict --model runs/bmu/best.safetensors --exams "$demo/exams.csv"

step "Done in $(($(date +%s) - begun_at)) s. Malignant against benign, exams held out: areas under the ROC curve, 95 % intervals"
grep '^  AUC' summary.txt
cat <<END

  (DeLong)             the model: whatever views an exam has, and the clinical values that were recorded
  posterior_clinical   the most that could be known of the same exams: from those clinical values,
  posterior_images     ... from what the images show (of the drawings' parameters; pixels tell less),
  posterior_all        ... from both
  model +x, p          the model less that score: paired DeLong test

The page:  $(pwd)/report/report.html

None of these patients exists. The model has seen nothing but drawings: it is of no use on an exam of a real patient.
What next: README.md, docs/TRAINING.md; bmunet help VERB.
END
