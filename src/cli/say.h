/* The terminal's language: English, or Chinese if LC_ALL, LC_MESSAGES or LANG asks for it. Files and JSON never depend on it. Floor 9. */
#ifndef BMU_CLI_SAY_H
#define BMU_CLI_SAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The text in the terminal's language; as it is where there is no other. Static. The conversions of a format are the same in both. */
const char *say(const char *english) __attribute__((format_arg(1)));
/* The first of LC_ALL, LC_MESSAGES, LANG that is not empty decides: zh, zh_CN, zh_CN.UTF-8 ..., but no other character set than UTF-8. */
bool say_chinese(const char *lc_all, const char *lc_messages, const char *lang);

/* Columns on a terminal, near enough: two for a Chinese character or full-width sign, one for any other. */
int say_width(const char *text);
/* The text, then blanks up to `width` columns. */
void say_padded(FILE *stream, const char *text, int width);
/* The text broken into lines of at most `width` columns, the first beginning at column `at`, the others at `indent`; ends the last one.
 * A text may hold line ends of its own. */
void say_wrapped(FILE *stream, const char *text, int at, int indent, int width);

#endif
