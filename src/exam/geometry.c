/* Where the pixels of a picture went in preparation. Floor 3. */
#include "exam/geometry.h"

#include <math.h>

#include "image/image.h"

/* One axis: `length` pixels from `from` on, perhaps turned round, begin at `at` in `padded` pixels, which become `target`. */
static void axis(double *scale, double *shift, double from, double length, bool turned, double at, double padded, double target) {
    const double zoom = target / padded;
    *scale = turned ? -zoom : zoom;
    /* edges: source edge x + 1/2 lies (x + 1/2 - from) into the part, or (length - that) where it is turned */
    const double edge = turned ? at + length + from - 0.5 : at - from + 0.5;
    *shift = edge * zoom - 0.5;
}

struct geometry geometry_of(uint32_t width, uint32_t height, const struct geometry_steps *s) {
    struct geometry g = {.width = width, .height = height, .kept = s->kept};
    axis(&g.scale[0], &g.shift[0], s->kept.x0, s->kept.x1 - s->kept.x0, s->mirrored, s->left, s->padded_w, s->w);
    axis(&g.scale[1], &g.shift[1], s->kept.y0, s->kept.y1 - s->kept.y0, s->upside_down, s->top, s->padded_h, s->h);
    return g;
}

void geometry_to_tensor(double out[2], const struct geometry *g, const double source[2]) {
    for (int i = 0; i < 2; i++)
        out[i] = g->scale[i] * source[i] + g->shift[i];
}

void geometry_to_source(double out[2], const struct geometry *g, const double tensor[2]) {
    for (int i = 0; i < 2; i++)
        out[i] = (tensor[i] - g->shift[i]) / g->scale[i];
}

bool geometry_ok(const struct geometry *g) {
    const struct geometry_box k = g->kept;
    if (g->width < 1 || g->height < 1 || g->width > IMAGE_SIDE_MAX || g->height > IMAGE_SIDE_MAX || k.x0 >= k.x1 || k.y0 >= k.y1 ||
        k.x1 > g->width || k.y1 > g->height)
        return false;
    for (int i = 0; i < 2; i++)
        if (!isfinite(g->scale[i]) || !isfinite(g->shift[i]) || g->scale[i] == 0 || fabs(g->scale[i]) > IMAGE_SIDE_MAX ||
            fabs(g->shift[i]) > 1e9)
            return false;
    return true;
}
