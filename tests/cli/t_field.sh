#!/bin/sh
# Files as they come from the field, with labels that are wrong, odd or missing: each becomes the tensor that was meant, with a remark, or is refused by one cause.
. "$(dirname -- "$0")/common"
/usr/bin/python3 "$source_tree/tests/oracle/make_field.py" "$bmunet" .
