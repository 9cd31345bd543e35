#!/bin/sh
# The whole of it on patients who do not exist: a cohort with a known truth, three stages of training, predictions of patients held out, a page
# of results. Each step is printed as the command that you could type.
# Usage: run.sh [PROGRAM [PATIENTS [EPOCHS [FOLDER]]]]. What is made lies in FOLDER; another run starts anew.
set -eu
cd "$(dirname -- "$0")/../.."
tree=$(pwd)
program=${1:-build/release/bmunet} patients=${2:-1000} epochs=${3:-12} folder=${4:-build/demo}
case $program in /*) ;; *) program=$tree/$program ;; esac

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
    echo "\$ $*" | fold -s -w 110 | sed '$!s/ *$/ \\/; 2,$s/^/      /' >&3
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

step "3. The patients held out, by each of the three models: an exam without a picture that a model could use is refused"
for stage in us mg bmu; do
    run bmunet predict --model runs/$stage/best.safetensors --exams cohort/split.csv --split test --out $stage.csv
done

step "4. How good? The fused model; beside it the single ones, and an observer who knows how the cohort was made"
run bmunet evaluate --predictions bmu.csv --truth cohort/split.csv --split test --readers cohort/readers.csv --compare us.csv \
    --compare mg.csv --compare cohort/truth.csv:posterior_clinical --compare cohort/truth.csv:posterior_images \
    --compare cohort/truth.csv:posterior_all --out report >summary.txt
cat summary.txt

step "5. What does not fit is refused, with the reason: six drawn phantoms, one on the wrong side, one whose file is cut off"
run bmunet predict --model runs/bmu/best.safetensors --exams "$tree/share/demo/exams.csv"

step "Done in $(($(date +%s) - begun_at)) s. Area under the ROC curve (AUC) of the held-out exams, malignant against benign, with 95 % intervals"
grep '^  AUC' summary.txt
cat <<END

  (DeLong)                 the fused model: whatever views an exam has, and the clinical values
  us.csv, mg.csv           ultrasound alone, mammography alone, on the exams that have it
  truth.csv:posterior_...  the most that could be known of the same exams: from the clinical values, from what the images show, from both
  "model +x, p": the fused model less that score, on the exams that have both (paired DeLong test)

The page:  $(pwd)/report/report.html

None of these patients exists. What was trained here has seen nothing but drawings: it is of no use on an exam of a real patient.
What next: README.md, docs/TRAINING.md; bmunet help VERB.
END
