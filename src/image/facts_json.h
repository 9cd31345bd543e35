/* The facts of a picture as JSON, both ways by one table of fields: what the decoder writes and its client reads. Floor 2.
 *
 * Reading is strict: exactly the keys of the table, each of its type, texts that fit and hold no control character, finite numbers, counts
 * within their arrays. LUT entries are not in the JSON, only how many there are.
 */
#ifndef BMU_IMAGE_FACTS_JSON_H
#define BMU_IMAGE_FACTS_JSON_H

#include "file/json.h"
#include "image/image.h"

/* NULL on want of memory (json_ok() tells). */
struct json *facts_to_json(const struct image *im);
/* An image without pixels, its LUTs with `values` NULL and `n` as told: the caller reads them. ERR_DECODER_CRASH: not as the table says. */
int facts_from_json(struct image **out, const struct json *j, struct err *e);

#endif
