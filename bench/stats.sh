#!/bin/sh
# ./dev bench stats: the bootstrap over patients against pROC's on the same exams in the same run. Usage: stats.sh [EXAMS] [RESAMPLES] [PEER_RESAMPLES]
# Ours computes all metrics with percentile and BCa intervals; pROC the AUC alone, with fewer resamples: both are compared per resample.
set -eu
cd "$(dirname -- "$0")/.."
exams=${1:-5000} resamples=${2:-10000} peer=${3:-500}
work=build/bench
mkdir -p "$work"
build/release/bench/bench_stats --data "$exams" >"$work/stats.csv"
build/release/bench/bench_stats "$exams" "$resamples" | tee "$work/stats.txt"
if command -v Rscript >/dev/null && Rscript -e 'library(pROC)' >/dev/null 2>&1; then
    echo "pROC:"
    Rscript bench/peer_stats.R "$work/stats.csv" "$peer" | tee "$work/stats_peer.txt"
    cat "$work/stats.txt" "$work/stats_peer.txt" | awk '$1 == "resamples" { wall[++n] = $6 / $2; work[n] = $8 / $2 }
        END { printf "pROC / ours, per resample: %.0f by the clock (goal 30), %.0f by processor time\n", wall[2] / wall[1], work[2] / work[1] }'
else
    echo "pROC is not installed (./dev deps peer): no comparison"
fi
