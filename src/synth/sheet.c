/* The contact sheet. Floor 5. */
#include "synth/sheet.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "image/resize.h"

enum { GAP = 4, PAPER = 40 };

static int cell_width(const struct synth_size *size, enum slot s, int row_height) {
    return slot_is_mg(s) ? row_height * size->mg_width / size->mg_height : row_height * size->us_width / size->us_height;
}

/* The picture as 8-bit RGB, as a screen shows it. */
static uint8_t *displayed(const struct image *im, const struct synth_meta *m, struct err *e) {
    const size_t n = (size_t)im->width * im->height;
    uint8_t *rgb = mem_alloc(n, 3, e);
    if (rgb && im->channels == 3)
        memcpy(rgb, im->pixels, 3 * n);
    for (size_t i = 0; rgb && im->channels == 1 && i < n; i++) {
        const int stored = ((const uint16_t *)im->pixels)[i], shown = m->monochrome1 ? 4095 - stored : stored;
        memset(rgb + 3 * i, shown >> 4, 3);
    }
    return rgb;
}

static int place(struct image *sheet, int left, int top, int width, int height, const struct image *im, const struct synth_meta *m,
                 struct err *e) {
    int code = ERR_NO_MEMORY;
    uint8_t *rgb = displayed(im, m, e), *cell = mem_alloc((size_t)width * (size_t)height, 3, e);
    if (!rgb || !cell || (code = resize_u8(cell, (uint32_t)width, (uint32_t)height, rgb, im->width, im->height, 3, e)))
        goto out;
    for (int y = 0; y < height; y++)
        memcpy((uint8_t *)sheet->pixels + 3 * ((size_t)(top + y) * sheet->width + (size_t)left), cell + 3 * (size_t)y * (size_t)width,
               3 * (size_t)width);
out:
    mem_free(rgb);
    mem_free(cell);
    return code;
}

int synth_sheet(struct image **out, uint64_t seed, const struct synth_case *const *cases, int n, const struct synth_size *size,
                int row_height, struct err *e) {
    assert(n >= 1 && n <= 64 && row_height >= 100 && row_height <= 600);
    int width = GAP, code = 0;
    for (int s = 0; s < SLOT_COUNT; s++)
        width += cell_width(size, (enum slot)s, row_height) + GAP;
    if ((code = image_new(out, (uint32_t)width, (uint32_t)(n * (row_height + GAP) + GAP), 3, 8, e)))
        return code;
    memset((*out)->pixels, PAPER, 3 * (size_t)(*out)->width * (*out)->height);
    for (int row = 0, left; row < n && !code; row++) {
        left = GAP;
        for (int s = 0; s < SLOT_COUNT && !code; s++) {
            struct image *im = NULL;
            struct synth_meta meta;
            const int cell = cell_width(size, (enum slot)s, row_height);
            if (!(code = synth_view(&im, &meta, seed, cases[row], (enum slot)s, size, e)))
                code = place(*out, left, GAP + row * (row_height + GAP), cell, row_height, im, &meta, e);
            image_free(im);
            left += cell + GAP;
        }
    }
    if (code) {
        image_free(*out);
        *out = NULL;
    }
    return code;
}
