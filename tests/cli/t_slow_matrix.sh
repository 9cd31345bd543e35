#!/bin/sh
# The whole test matrix, about 3,100 files, and 560 mixed-up exams; see tests/cli/t_matrix.sh.
. "$(dirname -- "$0")/common"
/usr/bin/python3 "$source_tree/tests/oracle/run_matrix.py" "$bmunet"
