/* What evidence maps should show, against the definition (the share of a cell's pixels, as PyTorch's adaptive pooling of a painted mask),
 * and what patches show, against where the lesion lies. Test code. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "learn/patch.h"
#include "learn/target.h"

enum { SIDE = 96, CELLS = 6, SOURCE = 200 };

static double uniform(uint32_t item, uint64_t i) {
    const struct rng r = rng_make(11, 3, item);
    return rng_uniform(&r, i);
}

/* Preparation: half the size and mirrored. */
static struct geometry half(void) {
    return geometry_of(
        SOURCE, SOURCE,
        &(struct geometry_steps){.kept = {4, 4, 196, 196}, .mirrored = true, .padded_w = 192, .padded_h = 192, .w = SIDE, .h = SIDE});
}

static struct mark circle(double x, double y, double radius) {
    return (struct mark){.shape = MARK_CIRCLE, .x = x, .y = y, .radius = radius, .node = -1, .lesion = ""};
}

/* Each cell's share, by 40 x 40 places in it and none of target.c's code. */
static double share_of(const struct mark *m, int cell_x, int cell_y, const struct warp *w) {
    int n = 0;
    for (int i = 0; i < 1600; i++) {
        double x = (cell_x + (i % 40 + 0.5) / 40) * SIDE / CELLS - 0.5, y = (cell_y + (i / 40 + 0.5) / 40) * SIDE / CELLS - 0.5;
        if (w) {
            const double u = w->affine[0] * x + w->affine[1] * y + w->affine[2];
            y = w->affine[3] * x + w->affine[4] * y + w->affine[5];
            x = u;
        }
        const double sx = 196 - 0.5 - 2 * (x + 0.5), sy = 4 - 0.5 + 2 * (y + 0.5); /* half the size, mirrored, from pixel 4 on */
        n += (sx - m->x) * (sx - m->x) + (sy - m->y) * (sy - m->y) <= m->radius * m->radius;
    }
    return n / 1600.0;
}

static void shares(void **state) {
    (void)state;
    const struct geometry g = half();
    double worst = 0;
    for (uint32_t trial = 0; trial < 200; trial++) {
        const struct mark lesion = circle(200 * uniform(trial, 0), 200 * uniform(trial, 1), 5 + 30 * uniform(trial, 2));
        const struct marked marked = {.mark = &lesion, .kinds = 2};
        const struct marked_view view = {true, 1, &marked};
        struct warp w = {.width = SIDE, .height = SIDE, .channels = 1};
        float room[EVIDENCE_GROUPS_MAX * CELLS * CELLS];
        struct evidence_target t = {.share = room};
        warp_affine(w.affine, SIDE, SIDE,
                    &(struct warp_motion){.right = rint(10 * uniform(trial, 3)),
                                          .mirror_x = trial % 2,
                                          .degrees = 360 * uniform(trial, 4),
                                          .scale = 0.8 + 0.4 * uniform(trial, 5)});
        target_make(&t, CELLS, CELLS, &view, &(struct target_source){SIDE, SIDE, &g, trial % 4 ? &w : NULL});
        assert_true(t.marked && t.n_groups == 1 && t.kinds[0] == 2);
        for (int cell = 0; cell < CELLS * CELLS; cell++)
            worst = fmax(worst, fabs((double)room[cell] - share_of(&lesion, cell % CELLS, cell / CELLS, trial % 4 ? &w : NULL)));
    }
    print_message("shares within %.3f\n", worst);
    assert_true(worst < 0.06); /* 64 places of a cell stand for its area */
}

/* Marks that say the same share a group, others have their own; a picture without a lesion is not one of which nothing is known. */
static void groups(void **state) {
    (void)state;
    const struct geometry g = half();
    const struct mark a = circle(60, 60, 20), b = circle(70, 60, 20), c = circle(150, 150, 20);
    const struct marked list[] = {{.mark = &a, .kinds = 1}, {.mark = &b, .kinds = 1}, {.mark = &c, .kinds = 3}};
    const struct target_source from = {SIDE, SIDE, &g, NULL};
    float room[EVIDENCE_GROUPS_MAX * CELLS * CELLS], most = 0;
    struct evidence_target t = {.share = room};
    target_make(&t, CELLS, CELLS, &(struct marked_view){true, 3, list}, &from);
    assert_true(t.marked && t.n_groups == 2 && t.kinds[0] == 1 && t.kinds[1] == 3);
    for (int i = 0; i < 2 * CELLS * CELLS; i++)
        most = fmaxf(most, room[i]);
    assert_true(most <= 1 && most > 0.9F); /* where two marks of a group overlap, a place counts once */
    target_make(&t, CELLS, CELLS, &(struct marked_view){true, 0, NULL}, &from);
    assert_true(t.marked && t.n_groups == 0);
    target_make(&t, CELLS, CELLS, &(struct marked_view){false, 0, NULL}, &from);
    assert_false(t.marked);
}

/* --- patches ------------------------------------------------------------------------------------------------------------------ */

static const struct prep_profile profile = {.name = "canonical-v1",
                                            .mg_height = SIDE,
                                            .mg_width = SIDE,
                                            .us_height = SIDE,
                                            .us_width = SIDE,
                                            .mg_mean = PREP_CANONICAL_MEAN,
                                            .mg_std = PREP_CANONICAL_STD};

/* A spot painted where the lesion lies comes out where the draw says: off the patch's middle by its shift. */
static void lesions_in_patches(void **state) {
    (void)state;
    enum { PATCH = 32 };
    const struct patch_settings s = {.size = PATCH, .lesions = 0.7, .jitter = 0.25};
    const struct geometry g = half();
    struct augment_settings a = augment_none;
    a.mammography.scale_low = 0.9;
    a.mammography.scale_high = 1.1;
    int lesions = 0;
    double farthest = 0, angles = 0;
    for (uint32_t view = 0; view < 500; view++) {
        static float in[SIDE * SIDE], out[PATCH * PATCH];
        const struct mark lesion = circle(70 + 60 * uniform(view, 0), 70 + 60 * uniform(view, 1), 8);
        const struct marked marked = {.mark = &lesion, .kinds = 1, .label = {1, 2}};
        const struct marked_view marks = {true, 1, &marked};
        const struct patch x = patch_draw(&s, &a, SLOT_MG_CC, &marks, 4, 2, view),
                           again = patch_draw(&s, &a, SLOT_MG_CC, &marks, 4, 2, view);
        assert_true(x.mark == again.mark && x.shift[0] == again.shift[0] && x.degrees == again.degrees && x.places == again.places);
        const struct loss_label y = patch_label(&x, &marks);
        assert_int_equal(y.level, x.mark < 0 ? LOSS_UNLABELLED : 1);
        angles += fabs(x.degrees) / 500;
        if (x.mark < 0)
            continue;
        double at[2], sum = 0, middle[2] = {0, 0};
        struct warp w;
        lesions++;
        geometry_to_tensor(at, &g, (double[2]){lesion.x, lesion.y});
        for (int i = 0; i < SIDE * SIDE; i++) {
            const double dx = i % SIDE - at[0], dy = i / SIDE - at[1];
            in[i] = (float)exp(-(dx * dx + dy * dy) / 8);
        }
        patch_motion(&w, &x, PATCH, &marks, &g, &profile, SLOT_MG_CC, in);
        w.fill = 0;
        warp_image(out, in, &w);
        for (int i = 0; i < PATCH * PATCH; i++) {
            sum += (double)out[i];
            middle[0] += (double)out[i] * (i % PATCH);
            middle[1] += (double)out[i] * (i / PATCH);
        }
        double from[2];
        warp_source(from, &w, middle[0] / sum, middle[1] / sum);
        assert_true(fabs(from[0] - at[0]) < 0.3 && fabs(from[1] - at[1]) < 0.3);
        const double off = hypot(middle[0] / sum - 15.5, middle[1] / sum - 15.5);
        farthest = fmax(farthest, off);
    }
    print_message("%d of 500 with a lesion, at most %.1f pixels off the middle, turned by %.0f degrees in the mean\n", lesions, farthest,
                  angles);
    assert_true(lesions > 310 && lesions < 390);
    assert_true(farthest > 6 && farthest < 0.25 * PATCH * 1.4143 / 0.9 + 0.5);
    assert_true(angles > 80 && angles < 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(shares), cmocka_unit_test(groups), cmocka_unit_test(lesions_in_patches)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
