#!/bin/sh
# The statistics against R, live: makes the golden values again, compares them with those committed (R's versions differ in the last digits), and runs
# the C tests against the new ones. ./dev parity calls it. Usage: stats_live.sh   (BMUNET_DATA: where the public columns are)
set -eu
cd "$(dirname -- "$0")/../.."
work=build/oracle
mkdir -p "$work"
if ! command -v Rscript >/dev/null; then
    echo "skipped: R is not installed (./dev deps peer)"
    exit 0
fi
Rscript tests/oracle/make_stats_golden.R "$work/stats.json" "${BMUNET_DATA:-../shared/data}"
/usr/bin/python3 - "$work/stats.json" tests/golden/stats.json <<'PY'
import json
import sys

live, kept = (json.load(open(name))["values"] for name in sys.argv[1:])
worst, where = 0, ""
for key, numbers in live.items():
    if key not in kept or len(kept[key]) != len(numbers):
        sys.exit(f"stats: {key} is not as committed; make tests/golden/stats.json again")
    for a, b in zip(numbers, kept[key]):
        d = abs(a - b) / max(1e-3, abs(b))
        worst, where = max((worst, where), (d, key))
print(f"stats: {len(live)} entries made again, largest difference {worst:.2g} ({where})")
sys.exit(worst > 1e-10)
PY
STATS_GOLDEN="$work/stats.json" build/release/tests/t_stats_golden 2>&1
STATS_GOLDEN="$work/stats.json" build/release/tests/t_stats_models 2>&1
