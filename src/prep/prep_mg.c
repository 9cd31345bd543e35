/* A mammogram under canonical-v1: grey, breast, crop, chest wall to the left, padding, resize, normalise. Floor 4.
 * The picture is read twice (once for the cells' averages, once, row by row, for the crop and its resize) and never written. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "image/resize.h"
#include "prep/prep_steps.h"

enum { ENLARGED_MAX = 8 }; /* a breast may be enlarged so many times at most */

int prep_pad(uint32_t *padded_w, uint32_t *padded_h, uint32_t w, uint32_t h, int target_w, int target_h, struct err *e) {
    const uint64_t tw = (uint64_t)target_w, th = (uint64_t)target_h;
    uint64_t pw = w, ph = h;
    if (w * th < h * tw)
        pw = (h * tw + th - 1) / th;
    else
        ph = (w * th + tw - 1) / tw;
    if (pw > IMAGE_SIDE_MAX || ph > IMAGE_SIDE_MAX || pw * ph > IMAGE_PIXELS_MAX)
        return err_set(e, ERR_IMAGE_TOO_LARGE, "padded to the network's aspect ratio, the image would have %llu x %llu pixels",
                       (unsigned long long)pw, (unsigned long long)ph);
    *padded_w = (uint32_t)pw;
    *padded_h = (uint32_t)ph;
    return 0;
}

/* The breast in a padded picture of zeros; pixels outside the mask stay zero. Its rows are made as the resize asks for them. */
struct crop {
    const struct grey *grey;
    const struct breast *breast;
    struct box box;
    uint32_t padded_w, top; /* rows above the breast */
    bool upside_down;
    const struct prep_profile *profile;
    float *out;
};

/* One run of pixels, left to right or mirrored. */
static void copy_run(int32_t *to, int direction, const struct grey *g, size_t from, size_t n) {
    if (g->bits == 16 && g->step == 1) {
        const uint16_t *p = (const uint16_t *)g->pixels + from;
        for (size_t i = 0; i < n; i++)
            to[(ptrdiff_t)i * direction] = g->table[p[i]];
        return;
    }
    for (size_t i = 0; i < n; i++)
        to[(ptrdiff_t)i * direction] = grey_at(g, from + i);
}

static bool crop_row(void *context, uint32_t padded_y, int32_t *row) {
    const struct crop *c = context;
    const struct breast *b = c->breast;
    const struct box box = c->box;
    const uint32_t f = (uint32_t)b->mask.cell, w = box.x1 - box.x0, h = box.y1 - box.y0;
    if (padded_y < c->top || padded_y >= c->top + h)
        return false;
    const uint32_t y = c->upside_down ? box.y1 - 1 - (padded_y - c->top) : box.y0 + (padded_y - c->top);
    const uint8_t *set = b->mask.set + (size_t)(y / f) * (size_t)b->mask.width;
    const bool mirrored = b->chest == CHEST_RIGHT;
    bool any = false;
    memset(row, 0, c->padded_w * sizeof *row);
    for (int cx = b->box.x0; cx < b->box.x1;) {
        if (!set[cx]) {
            cx++;
            continue;
        }
        const uint32_t x0 = (uint32_t)cx * f, at = x0 - box.x0;
        while (cx < b->box.x1 && set[cx])
            cx++;
        const uint32_t x1 = (uint32_t)cx * f < box.x1 ? (uint32_t)cx * f : box.x1;
        copy_run(mirrored ? row + (w - 1 - at) : row + at, mirrored ? -1 : 1, c->grey, (size_t)y * c->grey->width + x0, x1 - x0);
        any = true;
    }
    return any;
}

static void normalise_row(void *context, uint32_t y, const int32_t *row) {
    const struct crop *c = context;
    prep_normalise_row(c->out, c->profile, y, row);
}

static int check_chest(const struct view_plan *plan, enum chest_wall found, struct err *e) {
    static const char *const names[] = {[CHEST_LEFT] = "left", [CHEST_RIGHT] = "right"};
    if (plan->chest == CHEST_UNKNOWN || plan->chest == found)
        return 0;
    if (plan->side)
        return err_set(e, ERR_SIDE_IMAGE,
                       "the chest wall is on the image's %s; for side %c, given by the file or the table, it must be on the %s",
                       names[found], plan->side, names[plan->chest]);
    return err_set(e, ERR_SIDE_IMAGE, "the chest wall is on the image's %s, Patient Orientation says %s", names[found], names[plan->chest]);
}

static int finish(float *out, const struct prep_job *job, const struct grey *g, const struct breast *b, struct input_verdict *v,
                  struct err *e) {
    const uint32_t f = (uint32_t)b->mask.cell, target_w = (uint32_t)job->profile->mg_width, target_h = (uint32_t)job->profile->mg_height;
    struct box box = {(uint32_t)b->box.x0 * f, (uint32_t)b->box.y0 * f, (uint32_t)b->box.x1 * f, (uint32_t)b->box.y1 * f};
    box.x1 = box.x1 < g->width ? box.x1 : g->width;
    box.y1 = box.y1 < g->height ? box.y1 : g->height;
    const uint32_t w = box.x1 - box.x0, h = box.y1 - box.y0;
    uint32_t padded_w = 0, padded_h = 0;
    int rc = prep_pad(&padded_w, &padded_h, w, h, (int)target_w, (int)target_h, e);
    if (rc)
        return rc;
    if (ENLARGED_MAX * padded_h < target_h)
        return err_set(e, ERR_IMAGE_TOO_SMALL, "the breast has %u x %u pixels; it would need to be enlarged more than %d times", w, h,
                       ENLARGED_MAX);
    struct crop c = {.grey = g,
                     .breast = b,
                     .box = box,
                     .padded_w = padded_w,
                     .top = (padded_h - h) / 2,
                     .upside_down = job->plan.upside_down,
                     .profile = job->profile,
                     .out = out};
    rc = resize_rows_i32(&(struct resize_rows){&c, crop_row, normalise_row}, target_w, target_h, padded_w, padded_h, e);
    if (rc)
        return rc;
    v->geometry = geometry_of(g->width, g->height,
                              &(struct geometry_steps){.kept = {box.x0, box.y0, box.x1, box.y1},
                                                       .mirrored = b->chest == CHEST_RIGHT,
                                                       .upside_down = c.upside_down,
                                                       .top = c.top,
                                                       .padded_w = padded_w,
                                                       .padded_h = padded_h,
                                                       .w = target_w,
                                                       .h = target_h});
    verdict_note(v, ", breast %ux%u at %u,%u, chest wall %s, padded to %ux%u, resized to %ux%u", w, h, box.x0, box.y0,
                 b->chest == CHEST_RIGHT ? "right (mirrored)" : "left", padded_w, padded_h, target_w, target_h);
    if (job->plan.upside_down)
        verdict_note(v, ", turned upside up");
    if (!job->plan.side)
        verdict_note(v, ", nobody says which side");
    return 0;
}

int prep_mg_canonical(float *out, const struct prep_job *job, struct input_verdict *v, struct err *e) {
    struct grey g;
    struct breast *b = NULL;
    uint16_t *table = mem_alloc_aligned(GREY_TABLE, sizeof *table, e);
    int rc = table ? grey_prepare(&g, table, job->image, job->vendor, v, e) : ERR_NO_MEMORY;
    if (!rc && !(b = mem_alloc_aligned(1, sizeof *b, e)))
        rc = ERR_NO_MEMORY;
    if (!rc)
        rc = breast_find(b, &g, e);
    if (!rc)
        rc = check_chest(&job->plan, b->chest, e);
    if (!rc)
        rc = finish(out, job, &g, b, v, e);
    mem_free(b);
    mem_free(table);
    return rc;
}
