/* Augmentation: against torchvision, the draws' promises, and what each step leaves alone. Test code. */
#include <math.h>
#include <pthread.h>

#include "base/mem.h"
#include "base/rng.h"
#include "learn/augment.h"
#include "warp_golden.h"

static const struct prep_profile small = {"small", 64, 48, 32, 40, 5063.68, 8773.89, NULL};
static const struct augment_draw nothing = {.scale = 1, .gamma = 1, .pixels = 77};

static float *floats(size_t n) {
    float *x = malloc(n * sizeof *x); /* exact, for AddressSanitizer */
    assert_non_null(x);
    return x;
}

static float *apply(const float *in, const struct prep_profile *p, enum slot slot, const struct augment_draw *d) {
    struct err e = {0};
    float *out = floats(prep_size(p, slot));
    if (augment_apply(out, in, p, slot, d, &e))
        fail_msg("%s", e.message);
    return out;
}

/* --- against torchvision */

static enum slot slot_of(const char *name) {
    for (int s = 0; s < SLOT_COUNT; s++)
        if (!strcmp(slot_name((enum slot)s), name))
            return (enum slot)s;
    fail_msg("%s", name);
    return SLOT_COUNT;
}

/* As augment_cases() of the script makes it. */
static float *golden_input(const struct json *c, enum slot slot, const struct prep_profile *p) {
    const size_t n = prep_size(p, slot);
    const double most = strcmp(text_of(c, "name"), "twelve") ? 65535 : 4095;
    const bool repeated = json_bool(json_get(c, "gray"), false);
    float *in = floats(n);
    char label[64];
    snprintf(label, sizeof label, "augment.%s", text_of(c, "name"));
    for (size_t i = 0; i < n; i++) {
        const double u = 0.5 + 0.5 * hash_uniform(hash_name(label), repeated ? i / 3 : i);
        in[i] = (float)(slot_is_mg(slot) ? (u * most - p->mg_mean) / p->mg_std : u);
    }
    return in;
}

static void as_torchvision(void **state) {
    (void)state;
    struct warp_golden g = warp_golden_open();
    const struct json *cases = json_get(g.root, "augment");
    double worst_of_all = 0;
    assert_true(json_size(cases) >= 13);
    for (size_t i = 0; i < json_size(cases); i++) {
        const struct json *c = json_at(cases, i), *m = json_get(c, "motion");
        const enum slot slot = slot_of(text_of(c, "slot"));
        const double width = (double)number_of(c, "width"), height = (double)number_of(c, "height");
        struct augment_draw d = nothing;
        d.translate_x = real_of(m, "right") / width;
        d.translate_y = real_of(m, "down") / height;
        d.flip_horizontal = number_of(m, "mirror_x") == 1;
        d.flip_vertical = number_of(m, "mirror_y") == 1;
        d.degrees = real_of(m, "degrees");
        d.scale = real_of(m, "scale");
        d.gamma = real_of(c, "gamma");
        d.blur_sigma = real_of(c, "blur_sigma");
        float *in = golden_input(c, slot, &small), *out = apply(in, &small, slot, &d);
        const double worst = warp_golden_distance(&g, c, out, prep_size(&small, slot));
        if (!(worst <= 1e-5))
            fail_msg("%s: off by %g", text_of(c, "name"), worst);
        worst_of_all = fmax(worst_of_all, worst);
        free(in);
        free(out);
    }
    printf("%zu cases, largest difference %.2g\n", json_size(cases), worst_of_all);
    warp_golden_close(&g);
}

/* --- draws */

/* NETWORK.md's numbers, written out once more. */
static void reference_is_the_published_one(void **state) {
    (void)state;
    const struct augment_modality *m = &augment_reference.mammography, *u = &augment_reference.ultrasound;
    assert_true(m->translate_x == 0.1 && m->translate_y == 0 && m->flip_vertical == 0.5 && m->flip_horizontal == 0 && m->rotate == 20);
    assert_true(u->translate_x == 0.1 && u->translate_y == 0.1 && u->flip_horizontal == 0.5 && u->flip_vertical == 0 && u->rotate == 10);
    assert_true(u->blur == 1 && u->blur_sigma_low == 0.1 && u->blur_sigma_high == 2 && m->blur == 0);
    for (int k = 0; k < 2; k++) {
        const struct augment_modality *x = k ? m : u;
        assert_true(x->scale_low == 1 && x->scale_high == 1 && x->elastic == 0 && x->gamma == 0 && x->speckle == 0 && x->noise == 0);
    }
    /* ours: never what would move the chest wall, the skin, or a mass's size */
    assert_true(augment_default.mammography.flip_horizontal == 0 && augment_default.ultrasound.flip_vertical == 0);
    assert_true(augment_default.mammography.scale_low == 1 && augment_default.ultrasound.scale_high == 1);
    assert_int_equal(augment_check(&augment_none, NULL), 0);
    assert_int_equal(augment_check(&augment_reference, NULL), 0);
    assert_int_equal(augment_check(&augment_default, NULL), 0);
}

enum { DRAWS = 20000, MEASURES = 13 };

/* Each drawn number as a measure that should be uniform in 0 .. 1, or NaN where its step did not happen. */
static void measure(double out[MEASURES], const struct augment_draw *d, const struct augment_modality *m) {
    const double flips[] = {d->flip_horizontal, d->flip_vertical, d->elastic_amplitude != 0, d->gamma != 1,
                            d->speckle != 0,    d->noise != 0,    d->blur_sigma != 0};
    memcpy(out, flips, sizeof flips);
    out[7] = (d->translate_x + m->translate_x) / (2 * m->translate_x);
    out[8] = (d->degrees + m->rotate) / (2 * m->rotate);
    out[9] = d->gamma == 1 ? NAN : (d->gamma - m->gamma_low) / (m->gamma_high - m->gamma_low);
    out[10] = d->speckle == 0 ? NAN : d->speckle / m->speckle_strength;
    out[11] = d->noise == 0 ? NAN : d->noise / m->noise_sigma;
    out[12] = d->blur_sigma == 0 ? NAN : (d->blur_sigma - m->blur_sigma_low) / (m->blur_sigma_high - m->blur_sigma_low);
}

static void check_frequencies(const struct augment_settings *s, enum slot slot) {
    const struct augment_modality *m = slot_is_mg(slot) ? &s->mammography : &s->ultrasound;
    const double p[] = {m->flip_horizontal, m->flip_vertical, m->elastic, m->gamma, m->speckle, m->noise, m->blur};
    double sum[MEASURES] = {0}, square[MEASURES] = {0}, n[MEASURES] = {0}, both[MEASURES][MEASURES] = {0}, pairs[MEASURES][MEASURES] = {0};
    double mean[MEASURES], deviation[MEASURES];
    for (int k = 0; k < MEASURES; k++) {
        mean[k] = k < 7 ? p[k] : 0.5;
        deviation[k] = sqrt(k < 7 ? mean[k] * (1 - mean[k]) : 1.0 / 12);
    }
    for (uint32_t i = 0; i < DRAWS; i++) {
        const struct augment_draw d = augment_draw(s, slot, 42, i / 100, i % 100);
        double x[MEASURES];
        measure(x, &d, m);
        assert_true(fabs(d.translate_y) <= m->translate_y && d.scale >= m->scale_low && d.scale <= m->scale_high);
        for (int k = 0; k < MEASURES; k++)
            if (!isnan(x[k])) {
                assert_true(x[k] >= 0 && x[k] <= 1);
                sum[k] += x[k];
                square[k] += x[k] * x[k];
                n[k]++;
                for (int j = 0; j < k; j++)
                    if (!isnan(x[j])) {
                        both[k][j] += (x[k] - mean[k]) * (x[j] - mean[j]);
                        pairs[k][j]++;
                    }
            }
    }
    for (int k = 0; k < MEASURES; k++) {
        if (n[k] == 0)
            continue; /* a step that never happens */
        if (!(fabs(sum[k] / n[k] - mean[k]) <= 5 * deviation[k] / sqrt(n[k]) + 1e-12))
            fail_msg("slot %d, measure %d: mean %g of %g draws, %g due", slot, k, sum[k] / n[k], n[k], mean[k]);
        for (int j = 0; j < k; j++) /* no number says anything of another */
            if (!(fabs(both[k][j]) <= 5 * deviation[k] * deviation[j] * sqrt(pairs[k][j]) + 1e-9))
                fail_msg("slot %d, measures %d and %d: correlation %g", slot, k, j,
                         both[k][j] / pairs[k][j] / (deviation[k] * deviation[j]));
        if (k >= 7 && !(fabs(square[k] / n[k] - 1.0 / 3) <= 5 * sqrt(4.0 / 45 / n[k])))
            fail_msg("slot %d, measure %d: mean square %g, 1/3 due", slot, k, square[k] / n[k]);
    }
}

static void draws_are_as_often_as_said(void **state) {
    (void)state;
    for (int s = 0; s < SLOT_COUNT; s++) {
        check_frequencies(&augment_default, (enum slot)s);
        check_frequencies(&augment_reference, (enum slot)s);
    }
}

static bool same_draw(struct augment_draw a, struct augment_draw b) {
    return a.translate_x == b.translate_x && a.translate_y == b.translate_y && a.degrees == b.degrees && a.scale == b.scale &&
           a.flip_horizontal == b.flip_horizontal && a.flip_vertical == b.flip_vertical && a.elastic_amplitude == b.elastic_amplitude &&
           a.elastic_cells == b.elastic_cells && a.gamma == b.gamma && a.speckle == b.speckle && a.noise == b.noise &&
           a.blur_sigma == b.blur_sigma && a.pixels == b.pixels;
}

/* Every key counts, and nothing else does. */
static void draws_depend_on_their_keys_alone(void **state) {
    (void)state;
    const struct augment_settings *s = &augment_default;
    const struct augment_draw d = augment_draw(s, SLOT_MG_CC, 1, 2, 3);
    (void)augment_draw(s, SLOT_US_BMODE_LONG, 9, 9, 9);
    assert_true(same_draw(d, augment_draw(s, SLOT_MG_CC, 1, 2, 3)));
    const struct augment_draw others[] = {
        augment_draw(s, SLOT_MG_MLO, 1, 2, 3),         augment_draw(s, SLOT_MG_CC, 2, 2, 3), augment_draw(s, SLOT_MG_CC, 1, 3, 3),
        augment_draw(s, SLOT_MG_CC, 1, 2, 4),          augment_draw(s, SLOT_MG_CC, 1, 3, 2), augment_draw(s, SLOT_MG_CC, 1, 0, 3),
        augment_draw(s, SLOT_MG_CC, 1ULL << 32, 2, 3),
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_true(others[i].degrees != d.degrees && others[i].translate_x != d.translate_x && others[i].pixels != d.pixels);
        for (size_t k = 0; k < i; k++)
            assert_true(others[i].degrees != others[k].degrees && others[i].pixels != others[k].pixels);
    }
    /* all slots, epochs and exams of a small study: no two images share a turn */
    enum { N = SLOT_COUNT * 6 * 40 };
    double *turns = malloc(N * sizeof *turns);
    assert_non_null(turns);
    for (uint32_t i = 0; i < N; i++)
        turns[i] =
            augment_draw(s, (enum slot)(i % SLOT_COUNT), 5, i / SLOT_COUNT % 6, i / SLOT_COUNT / 6).degrees / (i % SLOT_COUNT < 2 ? 2 : 1);
    for (uint32_t i = 0; i < N; i++)
        for (uint32_t k = 0; k < i; k++)
            assert_true(turns[i] != turns[k]);
    /* nor any two numbers of one exam's epochs */
    struct augment_settings all = augment_default;
    all.ultrasound.gamma = all.ultrasound.speckle = 1;
    const struct augment_modality *u = &all.ultrasound;
    for (uint32_t i = 0; i < N / 6; i++) {
        const struct augment_draw x = augment_draw(&all, SLOT_US_BMODE_LONG, 5, i, 1);
        double measures[MEASURES];
        measure(measures, &x, u);
        turns[6 * i] = (x.translate_y + u->translate_y) / (2 * u->translate_y);
        memcpy(turns + 6 * i + 1, measures + 7, 4 * sizeof *turns); /* shift, turn, gamma, speckle */
        turns[6 * i + 5] = measures[12];
    }
    for (uint32_t i = 0; i < N / 6 * 6; i++)
        for (uint32_t k = 0; k < i; k++)
            assert_true(fabs(turns[i] - turns[k]) > 1e-13);
    free(turns);
}

/* Switching a step on leaves the others' numbers as they were. */
static void steps_do_not_share_numbers(void **state) {
    (void)state;
    for (uint32_t exam = 0; exam < 50; exam++) {
        struct augment_settings s = augment_default;
        const struct augment_draw a = augment_draw(&augment_default, SLOT_US_BMODE_TRANS, 8, 1, exam);
        s.ultrasound.gamma = s.ultrasound.elastic = s.ultrasound.noise = 1;
        s.ultrasound.noise_sigma = 0.1;
        struct augment_draw b = augment_draw(&s, SLOT_US_BMODE_TRANS, 8, 1, exam);
        assert_true(b.gamma != 1 && b.noise != 0 && b.elastic_amplitude != 0 && (a.gamma == 1 || a.gamma == b.gamma));
        b.gamma = a.gamma;
        b.noise = a.noise;
        b.elastic_amplitude = a.elastic_amplitude;
        b.elastic_cells = a.elastic_cells;
        assert_true(same_draw(a, b));
        assert_true(augment_is_nothing(&(struct augment_draw){.scale = 1, .gamma = 1}));
        const struct augment_draw none = augment_draw(&augment_none, (enum slot)(exam % SLOT_COUNT), 8, 1, exam);
        assert_true(augment_is_nothing(&none));
    }
}

/* --- images */

static float *random_image(enum slot slot, uint32_t item) {
    const size_t n = prep_size(&small, slot);
    float *x = floats(n);
    const struct rng r = rng_make(6, 1, item);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(rng_uniform(&r, i) * (slot_is_mg(slot) ? 4 : 1));
    return x;
}

static void nothing_is_a_copy(void **state) {
    (void)state;
    for (int s = 0; s < SLOT_COUNT; s++) {
        const enum slot slot = (enum slot)s;
        float *in = random_image(slot, 1);
        in[0] = -0.0F;
        in[1] = 1e30F;
        in[2] = 0x1p-140F;
        float *out = apply(in, &small, slot, &nothing);
        assert_memory_equal(out, in, prep_size(&small, slot) * sizeof *in);
        free(in);
        free(out);
    }
}

static void flips_are_exact(void **state) {
    (void)state;
    for (int k = 0; k < 8; k++) {
        const enum slot slot = k & 4 ? SLOT_MG_MLO : SLOT_US_DOPPLER_LONG;
        const int w = k & 4 ? 48 : 40, h = k & 4 ? 64 : 32, c = k & 4 ? 1 : 3;
        struct augment_draw d = nothing;
        d.flip_horizontal = k & 1;
        d.flip_vertical = k >> 1 & 1;
        float *in = random_image(slot, 2), *out = apply(in, &small, slot, &d);
        for (int i = 0; i < w * h * c; i++) {
            const int x = i / c % w, y = i / c / w, fx = k & 1 ? w - 1 - x : x, fy = k >> 1 & 1 ? h - 1 - y : y;
            assert_memory_equal(&out[i], &in[(fy * w + fx) * c + i % c], sizeof *out);
        }
        free(in);
        free(out);
    }
}

/* Everything at once on an image of black: black. And what comes from beyond the image is black too. */
static void black_stays_black(void **state) {
    (void)state;
    const struct augment_draw d = {.translate_x = 0.3,
                                   .degrees = 17,
                                   .scale = 0.7,
                                   .flip_vertical = true,
                                   .elastic_amplitude = 0.03,
                                   .elastic_cells = 4,
                                   .gamma = 0.7,
                                   .speckle = 0.5,
                                   .noise = 0.1,
                                   .blur_sigma = 1.3,
                                   .pixels = 5};
    for (int s = 0; s < SLOT_COUNT; s++) {
        const enum slot slot = (enum slot)s;
        const size_t n = prep_size(&small, slot);
        float *black = floats(n);
        prep_black(black, &small, slot);
        float *out = apply(black, &small, slot, &d);
        assert_memory_equal(out, black, n * sizeof *out);
        free(out);
        /* one bright pixel, which gives the image a white: the others stay */
        struct augment_draw still = {.scale = 1, .gamma = 0.7, .speckle = 0.5, .noise = 0.1};
        for (size_t i = 0; i < 3; i++)
            black[i] = 1;
        out = apply(black, &small, slot, &still);
        assert_true(out[0] != 1);
        assert_memory_equal(out + 3, black + 3, (n - 3) * sizeof *out);
        free(out);
        prep_black(black, &small, slot);
        float *in = random_image(slot, 3);
        struct augment_draw far = d;
        far.blur_sigma = 0;
        far.elastic_amplitude = 0;
        out = apply(in, &small, slot, &far);
        for (size_t i = 0; i < (slot_is_mg(slot) ? 1 : 3); i++) /* the corner */
            assert_memory_equal(&out[i], &black[i], sizeof *out);
        free(out);
        free(in);
        free(black);
    }
}

static void moments(double *mean, double *deviation, const float *x, size_t n, size_t step) {
    double sum = 0, square = 0, count = 0;
    for (size_t i = 0; i < n; i += step) {
        sum += (double)x[i];
        square += (double)x[i] * (double)x[i];
        count++;
    }
    *mean = sum / count;
    *deviation = sqrt(square / count - *mean * *mean);
}

/* Multiplicative speckle and additive noise keep the mean; their deviation is the drawn one. */
static void speckle_and_noise_keep_the_mean(void **state) {
    (void)state;
    const struct prep_profile p = {"p", 1203, 803, 1203, 803, 5063.68, 8773.89, NULL};
    const double pixels = 1203 * 803;
    for (int k = 0; k < 4; k++) {
        const bool mg = k & 1, speckle = k & 2;
        const enum slot slot = mg ? SLOT_MG_CC : SLOT_US_BMODE_TRANS;
        const size_t n = prep_size(&p, slot), step = mg ? 1 : 3;
        struct augment_draw d = nothing;
        *(speckle ? &d.speckle : &d.noise) = 0.08;
        float *in = floats(n);
        const double level = 0.4, deviation_due = speckle ? 0.08 * level : 0.08;
        for (size_t i = 0; i < n; i++)
            in[i] = (float)(mg ? (level * 65535 - p.mg_mean) / p.mg_std : level);
        if (mg)
            in[0] = (float)((65535 - p.mg_mean) / p.mg_std); /* its white */
        float *out = apply(in, &p, slot, &d);
        if (mg)
            for (size_t i = 0; i < n; i++)
                out[i] = (float)(((double)out[i] * p.mg_std + p.mg_mean) / 65535);
        out[0] = out[1]; /* not the white */
        double mean = 0, deviation = 0, lag = 0, down = 0;
        moments(&mean, &deviation, out, n, step);
        assert_true(fabs(mean - level) < 5 * deviation_due / sqrt(pixels));
        assert_true(fabs(deviation / deviation_due - 1) < 5 / sqrt(2 * pixels));
        for (size_t i = 0; i + 803 * step < n; i += step) { /* neighbours, to the right and below, know nothing of each other */
            lag += ((double)out[i] - mean) * ((double)out[i + step] - mean);
            down += ((double)out[i] - mean) * ((double)out[i + 803 * step] - mean);
        }
        assert_true(fabs(lag) / pixels < 5 * deviation * deviation / sqrt(pixels));
        assert_true(fabs(down) / pixels < 5 * deviation * deviation / sqrt(pixels));
        struct augment_draw other = d;
        other.pixels++;
        float *again = apply(in, &p, slot, &d), *elsewhere = apply(in, &p, slot, &other);
        assert_int_not_equal(memcmp(again, elsewhere, n * sizeof *again), 0);
        free(again);
        free(elsewhere);
        free(in);
        free(out);
    }
}

/* Ratios of the channels stay, and all stays in 0 .. 1; so grey stays grey. */
static void hue_stays(void **state) {
    (void)state;
    struct augment_draw d = nothing;
    d.gamma = 1.25;
    d.speckle = 0.6;
    d.noise = 0.5; /* so that many are cut off at white */
    for (int grey = 0; grey < 2; grey++) {
        const size_t n = prep_size(&small, SLOT_US_ELASTO_TRANS);
        float *in = random_image(SLOT_US_ELASTO_TRANS, 4);
        for (size_t i = 0; grey && i < n; i++)
            in[i] = in[i / 3 * 3];
        float *out = apply(in, &small, SLOT_US_ELASTO_TRANS, &d);
        int changed = 0;
        for (size_t i = 0; i < n; i += 3) {
            const double most = fmax((double)in[i], fmax((double)in[i + 1], (double)in[i + 2]));
            const double after = fmax((double)out[i], fmax((double)out[i + 1], (double)out[i + 2]));
            changed += fabs(after - most) > 0.01;
            for (size_t c = 0; c < 3; c++) {
                assert_true(out[i + c] >= 0 && out[i + c] <= 1);
                assert_true(fabs((double)out[i + c] * most - (double)in[i + c] * after) < 1e-6);
                assert_true(!grey || out[i + c] == out[i]);
            }
        }
        assert_true(changed > 1000);
        free(in);
        free(out);
    }
}

/* A ramp that is bent, as strongly as the check lets pass, still rises: the picture is not folded. */
static void elastic_does_not_fold(void **state) {
    (void)state;
    const struct prep_profile p = {"p", 200, 120, 200, 120, 0, 1, NULL};
    float *in = floats(200 * 120);
    for (int i = 0; i < 200 * 120; i++)
        in[i] = (float)(1000 + i % 120);
    double largest = 0;
    for (uint64_t k = 0; k < 20; k++) {
        struct augment_draw d = nothing;
        d.elastic_cells = 6;
        d.elastic_amplitude = 0.0416; /* below 1 / (4 * 6) */
        d.pixels = k;
        float *out = apply(in, &p, SLOT_MG_CC, &d);
        for (int y = 10; y < 190; y++)
            for (int x = 10; x < 110; x++) {
                const double shift = (double)out[y * 120 + x] - 1000 - x;
                largest = fmax(largest, fabs(shift));
                assert_true(out[y * 120 + x] > out[y * 120 + x - 1]);
            }
        free(out);
    }
    assert_true(largest > 1 && largest <= 0.0416 * 120 + 1e-3);
    free(in);
}

/* --- threads */

enum { THREADS = 4, IMAGES = 48 };
struct work {
    float *const *in;
    float **out;
    int first;
};

static void *share_of(void *ctx) {
    const struct work *w = ctx;
    for (int k = 0; k < IMAGES; k++) {
        const int i = (k * 5 + w->first) % IMAGES; /* 5 has no divisor in common with IMAGES: an order of its own */
        if (i % THREADS != w->first)
            continue;
        const enum slot slot = (enum slot)(i % SLOT_COUNT);
        const struct augment_draw d = augment_draw(&augment_default, slot, 3, 1, (uint32_t)i);
        if (augment_apply(w->out[i], w->in[slot], &small, slot, &d, NULL))
            return w->out;
    }
    return NULL;
}

static void threads_and_order_do_not_matter(void **state) {
    (void)state;
    float *in[SLOT_COUNT], *out[IMAGES];
    pthread_t threads[THREADS];
    struct work work[THREADS];
    for (int s = 0; s < SLOT_COUNT; s++)
        in[s] = random_image((enum slot)s, 7);
    for (int i = 0; i < IMAGES; i++)
        out[i] = floats(prep_size(&small, (enum slot)(i % SLOT_COUNT)));
    for (int i = 0; i < THREADS; i++) {
        work[i] = (struct work){in, out, i};
        assert_int_equal(pthread_create(&threads[i], NULL, share_of, &work[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    for (int i = 0; i < IMAGES; i++) {
        const enum slot slot = (enum slot)(i % SLOT_COUNT);
        const struct augment_draw d = augment_draw(&augment_default, slot, 3, 1, (uint32_t)i);
        float *due = apply(in[slot], &small, slot, &d);
        assert_memory_equal(out[i], due, prep_size(&small, slot) * sizeof *due);
        free(due);
        free(out[i]);
    }
    for (int s = 0; s < SLOT_COUNT; s++)
        free(in[s]);
}

/* --- settings */

static void wrong_settings_are_named(void **state) {
    (void)state;
    struct augment_settings s;
    struct augment_modality *m = &s.mammography, *u = &s.ultrasound;
    const struct {
        double *at, value;
        const char *named;
    } wrong[] = {
        {&m->translate_x, 0.6, "mammography.translate_x"},
        {&u->translate_y, -0.1, "ultrasound.translate_y"},
        {&m->rotate, 181, "mammography.rotate"},
        {&u->rotate, NAN, "ultrasound.rotate"},
        {&m->scale_low, 0.1, "mammography.scale_low"},
        {&m->scale_low, 1.5, "mammography.scale_low is 1.5, above scale_high"},
        {&u->scale_high, 5, "ultrasound.scale_high"},
        {&u->flip_horizontal, 1.01, "ultrasound.flip_horizontal"},
        {&m->flip_vertical, -0.5, "mammography.flip_vertical"},
        {&m->elastic, 2, "mammography.elastic"},
        {&m->elastic_amplitude, 0.07, "mammography.elastic_amplitude"}, /* folds on 4 cells */
        {&u->elastic_amplitude, 0.3, "ultrasound.elastic_amplitude"},
        {&u->gamma, INFINITY, "ultrasound.gamma"},
        {&u->gamma_low, 1.3, "ultrasound.gamma_low is 1.3, above gamma_high"},
        {&u->gamma_high, 4.5, "ultrasound.gamma_high"},
        {&u->speckle, -1, "ultrasound.speckle"},
        {&u->speckle_strength, 1.5, "ultrasound.speckle_strength"},
        {&m->noise, 1.5, "mammography.noise"},
        {&m->noise_sigma, -1e-9, "mammography.noise_sigma"},
        {&u->blur, 1.0000001, "ultrasound.blur"},
        {&u->blur_sigma_low, 0, "ultrasound.blur_sigma_low"},
        {&u->blur_sigma_low, 3, "ultrasound.blur_sigma_low is 3, above blur_sigma_high"},
        {&u->blur_sigma_high, 11, "ultrasound.blur_sigma_high"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct err e = {0};
        s = augment_default;
        *wrong[i].at = wrong[i].value;
        assert_int_equal(augment_check(&s, &e), ERR_CONFIG);
        if (!strstr(e.message, wrong[i].named))
            fail_msg("\"%s\" does not name %s", e.message, wrong[i].named);
    }
    for (int cells = 0; cells <= 9; cells += 9) {
        struct err e = {0};
        s = augment_default;
        u->elastic_cells = cells;
        assert_int_equal(augment_check(&s, &e), ERR_CONFIG);
        assert_non_null(strstr(e.message, "ultrasound.elastic_cells"));
    }
}

static void json_says_every_field(void **state) {
    (void)state;
    struct json *j = augment_to_json(&augment_default);
    assert_non_null(j);
    const struct json *m = json_get(j, "mammography"), *u = json_get(j, "ultrasound");
    assert_int_equal(json_size(j), 2);
    assert_int_equal(json_size(m), 20);
    assert_int_equal(json_size(u), 20);
    assert_int_equal(sizeof(struct augment_modality), 20 * sizeof(double)); /* a new field needs its line in the table */
    assert_true(json_number(json_get(m, "rotate"), 0) == 20 && json_number(json_get(u, "blur_sigma_high"), 0) == 2);
    assert_true(json_number(json_get(m, "noise_sigma"), 0) == augment_default.mammography.noise_sigma);
    assert_int_equal(json_integer(json_get(u, "elastic_cells"), 0), 4);
    json_free(j);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_torchvision),
        cmocka_unit_test(reference_is_the_published_one),
        cmocka_unit_test(draws_are_as_often_as_said),
        cmocka_unit_test(draws_depend_on_their_keys_alone),
        cmocka_unit_test(steps_do_not_share_numbers),
        cmocka_unit_test(nothing_is_a_copy),
        cmocka_unit_test(flips_are_exact),
        cmocka_unit_test(black_stays_black),
        cmocka_unit_test(speckle_and_noise_keep_the_mean),
        cmocka_unit_test(hue_stays),
        cmocka_unit_test(elastic_does_not_fold),
        cmocka_unit_test(threads_and_order_do_not_matter),
        cmocka_unit_test(wrong_settings_are_named),
        cmocka_unit_test(json_says_every_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
