/* The resampling pass against torch's grid_sample and torchvision's affine, and against its own definition to the bit. Test code. */
#include <math.h>
#include <pthread.h>

#include "base/mem.h"
#include "base/rng.h"
#include "image/warp.h"
#include "warp_golden.h"

static size_t samples_of(const struct warp *w) {
    return (size_t)w->width * (size_t)w->height * (size_t)w->channels;
}

static float *block_of(size_t n) { /* exact, so that AddressSanitizer sees a read beyond */
    float *x = malloc(n * sizeof *x);
    assert_non_null(x);
    return x;
}

static float *noise(size_t n, uint32_t item) {
    float *x = block_of(n);
    const struct rng r = rng_make(5, 1, item);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(2 * rng_uniform(&r, i) - 1);
    return x;
}

static struct warp_motion motion_of(const struct json *entry) {
    const struct json *m = json_get(entry, "motion");
    return (struct warp_motion){.right = real_of(m, "right"),
                                .down = real_of(m, "down"),
                                .mirror_x = (int)number_of(m, "mirror_x"),
                                .mirror_y = (int)number_of(m, "mirror_y"),
                                .degrees = real_of(m, "degrees"),
                                .scale = real_of(m, "scale")};
}

static float *controls_of(struct warp_field *f, const struct json *entry) {
    const struct json *list = json_get(entry, "control");
    f->columns = (int)number_of(entry, "columns");
    f->rows = (int)number_of(entry, "rows");
    float *control = block_of(json_size(list));
    assert_int_equal(json_size(list), 2 * (f->columns + 3) * (f->rows + 3));
    for (size_t i = 0; i < json_size(list); i++)
        control[i] = (float)json_number(json_at(list, i), NAN);
    f->control = control;
    return control;
}

static void as_torch(void **state) {
    (void)state;
    struct warp_golden g = warp_golden_open();
    const struct json *cases = json_get(g.root, "warp");
    double worst_of_all = 0;
    assert_true(json_size(cases) >= 19);
    for (size_t i = 0; i < json_size(cases); i++) {
        const struct json *c = json_at(cases, i);
        const char *name = text_of(c, "name");
        struct warp w = {.width = (int)number_of(c, "width"),
                         .height = (int)number_of(c, "height"),
                         .channels = (int)number_of(c, "channels"),
                         .fill = (float)real_of(c, "fill")};
        struct warp_field field;
        float *control = NULL;
        if (json_get(c, "field")) {
            control = controls_of(&field, json_get(c, "field"));
            w.field = &field;
        }
        const struct warp_motion m = motion_of(c);
        warp_affine(w.affine, w.width, w.height, &m);
        for (size_t k = 0; k < 6; k++)
            assert_true(fabs(w.affine[k] - json_number(json_at(json_get(c, "affine"), k), NAN)) < 1e-9);
        const size_t n = samples_of(&w);
        float *in = block_of(n), *out = block_of(n);
        char label[64];
        snprintf(label, sizeof label, "warp.%s", name);
        for (size_t k = 0; k < n; k++)
            in[k] = (float)hash_uniform(hash_name(label), k);
        warp_image(out, in, &w);
        const double worst = warp_golden_distance(&g, c, out, n);
        if (!(worst <= 1e-5))
            fail_msg("%s: off by %g", name, worst);
        worst_of_all = fmax(worst_of_all, worst);
        free(in);
        free(out);
        free(control);
    }
    printf("%zu cases, largest difference %.2g\n", json_size(cases), worst_of_all);
    warp_golden_close(&g);
}

/* The definition in plain words: one pixel after the other, every neighbour tested, compiled for the oldest processor. What the library
 * runs here, on whatever this processor has, must be the same to the bit. */
static void by_definition(float *out, const float *in, const struct warp *w) {
    const double *a = w->affine;
    for (int y = 0; y < w->height; y++)
        for (int x = 0; x < w->width; x++) {
            const int middle = x / 32 * 32 + 16;
            int at[2];
            float part[2];
            for (int k = 0; k < 2; k++) {
                const double base = a[3 * k] * middle + a[3 * k + 1] * y + a[3 * k + 2];
                const float f = (float)(base - floor(base)) + (float)(a[3 * k] * (x - middle));
                at[k] = (int)floor(base) + (int)floorf(f);
                part[k] = f - floorf(f);
            }
            for (int c = 0; c < w->channels; c++) {
                float v[2][2];
                for (int j = 0; j < 2; j++)
                    for (int i = 0; i < 2; i++) {
                        const int px = at[0] + i, py = at[1] + j;
                        v[j][i] =
                            px < 0 || py < 0 || px >= w->width || py >= w->height ? w->fill : in[(py * w->width + px) * w->channels + c];
                    }
                const float top = v[0][0] + part[0] * (v[0][1] - v[0][0]), bottom = v[1][0] + part[0] * (v[1][1] - v[1][0]);
                out[(y * w->width + x) * w->channels + c] = top + part[1] * (bottom - top);
            }
        }
}

static void bits_by_definition(void **state) {
    (void)state;
    const struct rng r = rng_make(11, 1, 0);
    for (uint64_t i = 0; i < 60; i++) {
        struct warp w = {.width = 1 + (int)(300 * rng_uniform(&r, 10 * i)),
                         .height = 1 + (int)(90 * rng_uniform(&r, 10 * i + 1)),
                         .channels = i % 2 ? 3 : 1,
                         .fill = -0.57713F};
        const struct warp_motion m = {.right = rint(40 * rng_uniform(&r, 10 * i + 2) - 20),
                                      .down = 30 * rng_uniform(&r, 10 * i + 3) - 15,
                                      .mirror_x = i % 3 == 1,
                                      .mirror_y = i % 5 == 1,
                                      .degrees = i % 7 ? 80 * rng_uniform(&r, 10 * i + 4) - 40 : 0,
                                      .scale = 0.5 + rng_uniform(&r, 10 * i + 5)};
        warp_affine(w.affine, w.width, w.height, &m);
        const size_t n = samples_of(&w);
        float *in = noise(n, (uint32_t)i), *out = block_of(n), *due = block_of(n);
        warp_image(out, in, &w);
        by_definition(due, in, &w);
        assert_memory_equal(out, due, n * sizeof *out);
        free(in);
        free(out);
        free(due);
    }
}

static void mirrors_and_whole_shifts_are_exact(void **state) {
    (void)state;
    for (int k = 0; k < 8; k++) {
        struct warp w = {.width = 101, .height = 67, .channels = k % 2 ? 3 : 1, .fill = 7};
        const int mirror_x = k & 1, mirror_y = k >> 1 & 1, right = k & 4 ? 13 : 0, down = k & 4 ? -5 : 0, c = w.channels;
        warp_affine(w.affine, w.width, w.height,
                    &(struct warp_motion){.right = right, .down = down, .mirror_x = mirror_x, .mirror_y = mirror_y, .scale = 1});
        float *in = noise(samples_of(&w), 3), *out = block_of(samples_of(&w));
        warp_image(out, in, &w);
        for (int y = 0; y < w.height; y++)
            for (int x = 0; x < w.width * c; x++) {
                const int column = (mirror_x ? w.width - 1 - x / c : x / c) - right, row = (mirror_y ? w.height - 1 - y : y) - down;
                const int there = column >= 0 && row >= 0 && column < w.width && row < w.height;
                const float due = there ? in[(row * w.width + column) * c + x % c] : 7;
                assert_memory_equal(&out[y * w.width * c + x], &due, sizeof due);
            }
        free(in);
        free(out);
    }
}

/* A dot at (120, 60) of 200 x 150: shifted, mirrored, turned clockwise, enlarged, written out step by step. */
static void dot_lands_where_it_should(void **state) {
    (void)state;
    enum { W = 200, H = 150 };
    float *in = block_of(W * H), *out = block_of(W * H);
    for (int k = 0; k < 16; k++) {
        const struct warp_motion m = {k & 1 ? 11 : 0, k & 1 ? -7 : 0, k >> 1 & 1, k >> 2 & 1, k & 8 ? 25 : -10, k & 8 ? 1.2 : 0.9};
        struct warp w = {.width = W, .height = H, .channels = 1};
        for (int i = 0; i < W * H; i++) {
            const double dx = i % W - 120, dy = (double)(i / W) - 60;
            in[i] = (float)exp(-(dx * dx + dy * dy) / 18);
        }
        warp_affine(w.affine, W, H, &m);
        warp_image(out, in, &w);
        double x = 120 + m.right, y = 60 + m.down, sum = 0, at_x = 0, at_y = 0;
        x = m.mirror_x ? W - 1 - x : x;
        y = m.mirror_y ? H - 1 - y : y;
        const double angle = m.degrees * acos(-1) / 180, rx = x - 99.5, ry = y - 74.5;
        x = 99.5 + m.scale * (cos(angle) * rx - sin(angle) * ry);
        y = 74.5 + m.scale * (sin(angle) * rx + cos(angle) * ry);
        for (int i = 0; i < W * H; i++) {
            sum += (double)out[i];
            at_x += (double)out[i] * (i % W);
            at_y += (double)out[i] * (double)(i / W);
        }
        if (!(fabs(at_x / sum - x) < 0.01 && fabs(at_y / sum - y) < 0.01))
            fail_msg("case %d: the dot is at %.3f, %.3f instead of %.3f, %.3f", k, at_x / sum, at_y / sum, x, y);
    }
    free(in);
    free(out);
}

/* Turned and bent, a picture of one value filled with that value has its bits everywhere; and nothing leaves the range of the input. */
static void background_stays(void **state) {
    (void)state;
    float control[2 * 8 * 8];
    const struct rng r = rng_make(3, 1, 1);
    for (size_t i = 0; i < sizeof control / sizeof control[0]; i++)
        control[i] = (float)(12 * rng_uniform(&r, i) - 6);
    const struct warp_field field = {5, 5, control};
    struct warp w = {.width = 131, .height = 150, .channels = 1, .field = &field, .fill = -0.5771305F};
    warp_affine(w.affine, w.width, w.height, &(struct warp_motion){.right = 7, .degrees = 17, .scale = 1});
    const size_t n = samples_of(&w);
    float *in = block_of(n), *out = block_of(n), *grains = noise(n, 8);
    for (size_t i = 0; i < n; i++)
        in[i] = w.fill;
    warp_image(out, in, &w);
    assert_memory_equal(out, in, n * sizeof *in);
    warp_image(out, grains, &w);
    for (size_t i = 0; i < n; i++)
        assert_true(out[i] >= -1.000001F && out[i] <= 1.000001F);
    free(in);
    free(out);
    free(grains);
}

/* Equal controls shift by exactly that; the largest displacement of any field is that of its largest control. */
static void field_is_bounded(void **state) {
    (void)state;
    enum { W = 90, H = 64 };
    float control[2 * 7 * 6], *ramp = block_of(W * H), *out = block_of(W * H);
    const struct warp_field field = {4, 3, control};
    const struct rng r = rng_make(4, 1, 1);
    struct warp w = {.width = W, .height = H, .channels = 1, .field = &field};
    warp_affine(w.affine, W, H, &(struct warp_motion){.scale = 1});
    for (int k = 0; k < 2; k++) {
        for (size_t i = 0; i < sizeof control / sizeof control[0]; i++)
            control[i] = k ? i % 2 ? 0 : (float)(6 * rng_uniform(&r, i) - 3) : 2;
        for (int i = 0; i < W * H; i++)
            ramp[i] = (float)(i % W);
        warp_image(out, ramp, &w);
        double largest = 0;
        for (int y = 4; y < H - 4; y++)
            for (int x = 4; x < W - 4; x++) {
                const double d = (double)out[y * W + x] - x;
                largest = fmax(largest, fabs(d));
                assert_true(k ? fabs(d) <= 3.00001 : fabs(d - 2) < 1e-5);
            }
        assert_true(largest > 0.5);
    }
    free(ramp);
    free(out);
}

struct thread {
    const struct warp *w;
    const float *in;
    float *out;
};

static void *in_thread(void *ctx) {
    const struct thread *t = ctx;
    warp_image(t->out, t->in, t->w);
    return NULL;
}

static void threads_do_not_matter(void **state) {
    (void)state;
    struct warp w = {.width = 640, .height = 480, .channels = 3, .fill = 0.25F};
    warp_affine(w.affine, w.width, w.height, &(struct warp_motion){.degrees = 12, .scale = 1.1});
    const size_t n = samples_of(&w);
    float *in = noise(n, 9), *due = block_of(n);
    pthread_t threads[4];
    struct thread t[4];
    warp_image(due, in, &w);
    for (int i = 0; i < 4; i++) {
        t[i] = (struct thread){&w, in, block_of(n)};
        assert_int_equal(pthread_create(&threads[i], NULL, in_thread, &t[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_memory_equal(t[i].out, due, n * sizeof *due);
        free(t[i].out);
    }
    free(in);
    free(due);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_torch),
        cmocka_unit_test(bits_by_definition),
        cmocka_unit_test(mirrors_and_whole_shifts_are_exact),
        cmocka_unit_test(dot_lands_where_it_should),
        cmocka_unit_test(background_stays),
        cmocka_unit_test(field_is_bounded),
        cmocka_unit_test(threads_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
