#!/bin/sh
# deidentify at size: a clip of five seconds whose frames together are larger than the decoder's memory; and no public file that dciodvfy finds new faults in.
. "$(dirname -- "$0")/common"
python=/usr/bin/python3
"$python" -c 'import pydicom, numpy, PIL' 2>/dev/null || { echo "skipped: $python has no pydicom, numpy or PIL"; exit 0; }
pictures="$python $source_tree/tests/oracle/deidentify_pictures.py"
$pictures clip long.dcm 145
expect 0 "$bmunet" deidentify long.dcm long
$pictures clip-check long.dcm long/1.dcm
rm -r long

# 600 frames would be 1.2 GiB: the limit is said, with the remedy
$pictures clip longer.dcm 600
expect 2 "$bmunet" deidentify longer.dcm longer
says '^bmunet: refused: LIMIT: longer.dcm: decoded, its 600 frames have 1234 MiB; the limit is 1024: cut the clip into shorter ones$'

data=${BMUNET_DATA:-$source_tree/../shared/data}
"$python" "$source_tree/tests/oracle/lettering_rates.py" "$bmunet" "$data" --bounds
data=$data/dicom
if [ -d "$data" ] && command -v dciodvfy >/dev/null; then
    expect 0 "$python" "$source_tree/tests/oracle/dciodvfy_check.py" "$bmunet" "$data"
    prints '^[0-9]+ files written, 0 with new errors$'
else
    echo "skipped: $data or dciodvfy is not there"
fi
