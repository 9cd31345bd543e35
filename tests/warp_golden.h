/* What the tests of moving and augmenting share: torch's and torchvision's results (tests/golden/warp, by
 * tests/oracle/make_warp_golden.py). Test code. */
#ifndef BMU_TESTS_WARP_GOLDEN_H
#define BMU_TESTS_WARP_GOLDEN_H

#include <math.h>

#include "image_golden.h"
#include "support.h" /* the hash of a name */

struct warp_golden {
    struct json *root;
    float *results;
    size_t count;
};

static inline struct warp_golden warp_golden_open(void) {
    struct warp_golden g = {0};
    uint8_t *bytes = NULL;
    size_t n = 0;
    struct err e = {0};
    if (io_read_file(&bytes, &n, "tests/golden/warp/golden.json", 1 << 24, &e) ||
        json_read(&g.root, (const char *)bytes, n, ERR_INTERNAL, &e))
        fail_msg("%s", e.message);
    free(bytes);
    g.results = (float *)(void *)read_exact("tests/golden/warp/golden.f32", &n);
    g.count = n / sizeof(float);
    return g;
}

static inline void warp_golden_close(struct warp_golden *g) {
    json_free(g->root);
    free(g->results);
}

static inline double real_of(const struct json *entry, const char *key) {
    assert_true(json_is_number(json_get(entry, key)));
    return json_number(json_get(entry, key), NAN);
}

/* The largest distance, of max(1, |value|), between n results of ours and those kept of this case. */
static inline double warp_golden_distance(const struct warp_golden *g, const struct json *entry, const float *out, size_t n) {
    const struct json *kept = json_get(entry, "result");
    const size_t at = (size_t)number_of(kept, "at"), count = (size_t)number_of(kept, "count"), stride = (size_t)number_of(kept, "stride");
    assert_true(at + count <= g->count && count == (n + stride - 1) / stride);
    double worst = 0;
    for (size_t i = 0; i < count; i++) {
        const double due = (double)g->results[at + i], d = fabs((double)out[i * stride] - due) / fmax(1, fabs(due));
        worst = d > worst || isnan(d) ? d : worst;
    }
    return worst;
}

#endif
