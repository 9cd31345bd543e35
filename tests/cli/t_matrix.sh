#!/bin/sh
# A slice of the test matrix (tests/oracle/make_matrix.py): prep's tensors and refusals against an independent implementation of docs/PREP.md; mixed-up exams.
# tests/cli/t_slow_matrix.sh runs all of it.
. "$(dirname -- "$0")/common"
/usr/bin/python3 "$source_tree/tests/oracle/run_matrix.py" "$bmunet" --slice
