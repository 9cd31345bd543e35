/* What bmunet asks of the decoder when a file shall be de-identified: stands before the file's bytes. Floor 2. Native byte order, no
 * padding. */
#ifndef BMU_IMAGE_DEIDENTIFY_REQUEST_H
#define BMU_IMAGE_DEIDENTIFY_REQUEST_H

#include <stdint.h>

enum {
    DEIDENTIFY_KEY = 32,                       /* bytes */
    DEIDENTIFY_PIXELS_MAX = 1024 * 1024 * 1024 /* bytes of a file's decoded frames: a clip of 16 s at 30/s, 1016 x 708 in colour */
};
struct deidentify_request {
    uint8_t key[DEIDENTIFY_KEY];
    uint32_t keep_burned_in; /* 1: pictures that may hold burned-in text are taken as they are, and not called clean */
    uint32_t reserved;
};

#endif
