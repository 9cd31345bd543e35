/* Is there a line of burned-in text in a picture? Floor 2.
 *
 * Letters and digits as devices and screens draw them: strokes of one tone, brighter or darker than what surrounds them on both sides
 * within two pixels, glyphs of one height on one line, not all of one shape (ticks of a ruler are). Text that stands upright or slants, or
 * is fainter than LETTERING_STEP, is not found: this is a second line behind the blanking of regions, not a proof. How often it is right on
 * generated text and on public pictures: tests/oracle/lettering_rates.py.
 */
#ifndef BMU_IMAGE_LETTERING_H
#define BMU_IMAGE_LETTERING_H

#include <stdint.h>

#include "base/err.h"
#include "image/image.h"

enum { LETTERING_STEP = 48 /* of 255, from a stroke to what surrounds it */ };

struct lettering {
    int glyphs;              /* of the longest line; 0: none */
    uint32_t x0, y0, x1, y1; /* where it stands; right and bottom exclusive */
};
/* Lines of at least `least` glyphs count. ERR_NO_MEMORY. */
int lettering_find(struct lettering *out, const struct image *im, int least, struct err *e);

#endif
