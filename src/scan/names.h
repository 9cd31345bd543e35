/* What a picture shows, from its file name, by a pattern that the user gives. Floor 4.
 *
 * PNG and JPEG files carry no tags. A pattern like "{patient}_{side}_{view}" says what the parts of their names mean:
 *   {patient}  one or more characters other than '/'
 *   {side}     L, R, left, right, in any case
 *   {view}     CC, MLO, or one of our column names (us_bmode_trans ...), in any case
 *   {date}     eight digits, YYYYMMDD: a real day
 *   *          any characters other than '/', or none
 * Everything else stands for itself. A pattern with a '/' is held against the path below the scanned folder, another one against the file's
 * name; the extension (from the last dot of the name on) takes no part. The whole has to match. {patient}, {side} and {view} stand in a
 * pattern once each, {date} at most once. A name that matches in two ways that mean different things is ambiguous.
 */
#ifndef BMU_SCAN_NAMES_H
#define BMU_SCAN_NAMES_H

#include "base/err.h"
#include "base/mem.h"
#include "scan/facts.h"

enum { NAMES_PATTERN_MAX = 256 };

/* Is it a pattern? ERR_USAGE with a sentence. */
int scan_names_check(const char *pattern, struct err *e);
/* pattern NULL: none was given, so nothing is known (ERR_SCAN_NO_TAGS in out->code). 0 or ERR_NO_MEMORY. */
int scan_facts_from_name(struct scan_facts *out, struct arena *arena, const char *pattern, const char *path, const struct image *im,
                         struct err *e);

#endif
