# What the example converters share; sourced, not run. Needs $0 and "$@" of the converter.
# Each writes exams.csv (docs/FORMATS.md) to standard output. Image paths are absolute, so the table may lie anywhere.

if [ $# -ne 1 ] || [ ! -d "$1" ]; then
    echo "usage: ${0##*/} FOLDER-OF-THE-DATA-SET > exams.csv" >&2
    exit 1
fi
data=$(CDPATH='' cd -- "$1" && pwd) || exit 1

# need FILE: the data set's own table must be there
need() {
    [ -r "$data/$1" ] || { echo "${0##*/}: $data/$1 is not there: is this the right folder?" >&2; exit 1; }
}

# awk functions: cell(s) quotes a CSV cell where RFC 4180 asks for it; stop(s) ends with an error. The data folder comes by the environment, because
# awk -v would undo backslashes in it. None of the tables read here has a quoted cell before the columns used; a quote there is an error, not a guess.
export EXAMS_DATA="$data"
awk_functions='
function cell(s) { if (s ~ /[",\r\n]/) { gsub(/"/, "\"\"", s); s = "\"" s "\"" } return s }
function stop(s) { print "line " NR ": " s > "/dev/stderr"; failed = 1; exit 1 }
function image(name) { return cell(ENVIRON["EXAMS_DATA"] "/" name) }
'
