/* What bmunet asks of the decoder when a file shall be de-identified: stands before the file's bytes. Floor 2. Native byte order, no
 * padding. */
#ifndef BMU_IMAGE_DEIDENTIFY_REQUEST_H
#define BMU_IMAGE_DEIDENTIFY_REQUEST_H

#include <stdint.h>

enum { DEIDENTIFY_KEY = 32 }; /* bytes */
struct deidentify_request {
    uint8_t key[DEIDENTIFY_KEY];
    uint32_t keep_burned_in; /* 1: pictures whose burned-in text cannot be found are taken as they are */
    uint32_t reserved;
};

#endif
