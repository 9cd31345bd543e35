/* Text from outside made safe to show: well-formed UTF-8 without controls. Floor 2. */
#ifndef BMU_DRAW_TEXT_H
#define BMU_DRAW_TEXT_H

#include <stddef.h>
#include <stdint.h>

#define TEXT_REPLACEMENT 0xFFFDU

/* The character at *p, which moves on (by one byte where the bytes are not UTF-8; not beyond the final NUL). What becomes of it in a
 * report: newline, tab and line separators are a space; control characters, bidirectional overrides and isolates (which could make a name
 * read as another), noncharacters and broken bytes are U+FFFD. *valid (nullable) becomes 0 at broken bytes. 0 at the end. */
uint32_t text_next(const char **p, int *valid);
/* UTF-8 of a character; how many bytes, 1..4. */
size_t text_encode(uint32_t c, char out[4]);

#endif
