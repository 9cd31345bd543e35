/* The stem in training against convolution, batch-norm, ReLU and max-pooling by their definitions in double, forward and backward. */
#include "conv_check.h"
#include "kernel/stem_train.h"

enum { OUT_C = 64, SIDE = 7, PAD = 3 };
static const double eps = 1e-5;

/* --- a problem and its answer by the definition ------------------------------------------------------------------------------ */

/* Each stage of the network and its gradient, whole, in double. */
struct reference {
    size_t positions; /* of the convolution, all images */
    double *y, *dy;   /* [position][OUT_C]: the convolution, and the gradient at it */
    double mean[OUT_C], var[OUT_C];
    double *pooled; /* [n][ph][pw][OUT_C] */
    uint8_t *which;
    double *dz; /* [position][OUT_C]: the gradient before the ReLU */
    double *dweights, dgamma[OUT_C], dbeta[OUT_C];
    double unbalanced; /* norm of gamma rstd sum dz p, of which dweights is what is left: rounding errors are a part of it */
};

struct learn {
    struct stem_shape s;
    float *src, *weights, *gamma, *beta, *dpooled;
    size_t n_src, n_weights, n_pooled;
    struct reference want;
};

static double *doubles(size_t n) {
    double *x = mem_alloc(n, sizeof *x, NULL);
    assert_non_null(x);
    return x;
}

/* Number k = c * 49 + ky * 7 + kx of the patch at row i, column j of image n. */
static double patch(const struct learn *l, int n, int i, int j, size_t k) {
    const int y = 2 * i - PAD + (int)(k % 49 / SIDE), x = 2 * j - PAD + (int)(k % SIDE), c = (int)(k / 49);
    if (y < 0 || y >= l->s.h || x < 0 || x >= l->s.w)
        return 0;
    return (double)l->src[(((size_t)n * (size_t)l->s.h + (size_t)y) * (size_t)l->s.w + (size_t)x) * (size_t)l->s.in_c + (size_t)c];
}

/* Each position of each image, in turn. */
static void each_position(struct learn *l, void (*visit)(struct learn *l, size_t position, const double *patch)) {
    const size_t taps = stem_taps(&l->s);
    double *p = doubles(taps);
    size_t position = 0;
    for (int n = 0; n < l->s.n; n++)
        for (int i = 0; i < stem_half(l->s.h); i++)
            for (int j = 0; j < stem_half(l->s.w); j++, position++) {
                for (size_t k = 0; k < taps; k++)
                    p[k] = patch(l, n, i, j, k);
                visit(l, position, p);
            }
    assert_int_equal(position, stem_positions(&l->s));
    free(p);
}

static void convolve(struct learn *l, size_t position, const double *p) {
    const size_t taps = stem_taps(&l->s);
    for (size_t o = 0; o < OUT_C; o++) {
        double sum = 0;
        for (size_t k = 0; k < taps; k++)
            sum += (double)l->weights[o * taps + k] * p[k];
        l->want.y[position * OUT_C + o] = sum;
    }
}

static void moments(struct reference *r, size_t o) {
    const double n = (double)r->positions;
    for (size_t i = 0; i < r->positions; i++)
        r->mean[o] += r->y[i * OUT_C + o] / n;
    for (size_t i = 0; i < r->positions; i++)
        r->var[o] += (r->y[i * OUT_C + o] - r->mean[o]) * (r->y[i * OUT_C + o] - r->mean[o]) / n;
}

static double normalised(const struct learn *l, size_t position, size_t o) {
    const struct reference *r = &l->want;
    return (r->y[position * OUT_C + o] - r->mean[o]) / sqrt(r->var[o] + eps) * (double)l->gamma[o] + (double)l->beta[o];
}

/* Pooled number `at` of channel o, over the positions of image n around row 2i, column 2j; its gradient goes where it came from. */
static void pool(struct learn *l, size_t at, int n, int i, int j, size_t o) {
    const int conv_h = stem_half(l->s.h), conv_w = stem_half(l->s.w);
    double most = -INFINITY;
    size_t from = 0;
    for (int k = 0; k < 9; k++) {
        const int y = 2 * i - 1 + k / 3, x = 2 * j - 1 + k % 3;
        if (y < 0 || y >= conv_h || x < 0 || x >= conv_w)
            continue;
        const size_t position = ((size_t)n * (size_t)conv_h + (size_t)y) * (size_t)conv_w + (size_t)x;
        const double z = fmax(normalised(l, position, o), 0);
        if (z > most) {
            most = z;
            from = position;
            l->want.which[at] = (uint8_t)k;
        }
    }
    l->want.pooled[at] = most;
    if (most > 0)
        l->want.dz[from * OUT_C + o] += (double)l->dpooled[at];
    else
        l->want.which[at] = STEM_CUT;
}

/* Through the batch-norm by the chain rule: mean and variance depend on every y. */
static void unnormalise(struct learn *l, size_t o) {
    struct reference *r = &l->want;
    const double rstd = 1 / sqrt(r->var[o] + eps), n = (double)r->positions;
    double dvar = 0, dmean = 0, spread = 0;
    for (size_t i = 0; i < r->positions; i++) {
        const double dz = r->dz[i * OUT_C + o], off = r->y[i * OUT_C + o] - r->mean[o], dxhat = dz * (double)l->gamma[o];
        r->dbeta[o] += dz;
        r->dgamma[o] += dz * off * rstd;
        dvar += dxhat * off * -0.5 * rstd * rstd * rstd;
        dmean -= dxhat * rstd;
        spread += off;
    }
    dmean += dvar * -2 * spread / n;
    for (size_t i = 0; i < r->positions; i++) {
        const double dxhat = r->dz[i * OUT_C + o] * (double)l->gamma[o], off = r->y[i * OUT_C + o] - r->mean[o];
        r->dy[i * OUT_C + o] = dxhat * rstd + dvar * 2 * off / n + dmean / n;
    }
}

static void add_gradient(struct learn *l, size_t position, const double *p) {
    const size_t taps = stem_taps(&l->s);
    for (size_t o = 0; o < OUT_C; o++)
        for (size_t k = 0; k < taps; k++)
            l->want.dweights[o * taps + k] += l->want.dy[position * OUT_C + o] * p[k];
}

/* The same with the gradient as if mean and variance were constants. */
static double norm_unbalanced(struct learn *l) {
    struct learn other = *l;
    other.want.dweights = doubles(l->n_weights);
    other.want.dy = doubles(l->want.positions * OUT_C);
    for (size_t i = 0; i < l->want.positions * OUT_C; i++)
        other.want.dy[i] = l->want.dz[i] * (double)l->gamma[i % OUT_C] / sqrt(l->want.var[i % OUT_C] + eps);
    each_position(&other, add_gradient);
    double square = 0;
    for (size_t i = 0; i < l->n_weights; i++)
        square += other.want.dweights[i] * other.want.dweights[i];
    free(other.want.dweights);
    free(other.want.dy);
    return sqrt(square);
}

static void answer(struct learn *l) {
    struct reference *r = &l->want;
    r->positions = stem_positions(&l->s);
    r->y = doubles(r->positions * OUT_C);
    r->dy = doubles(r->positions * OUT_C);
    r->dz = doubles(r->positions * OUT_C);
    r->pooled = doubles(l->n_pooled);
    r->dweights = doubles(l->n_weights);
    r->which = mem_alloc(l->n_pooled, 1, NULL);
    assert_non_null(r->which);
    each_position(l, convolve);
    for (size_t o = 0; o < OUT_C; o++)
        moments(r, o);
    size_t at = 0;
    for (int n = 0; n < l->s.n; n++)
        for (int i = 0; i < stem_pooled(l->s.h); i++)
            for (int j = 0; j < stem_pooled(l->s.w); j++)
                for (size_t o = 0; o < OUT_C; o++, at++)
                    pool(l, at, n, i, j, o);
    for (size_t o = 0; o < OUT_C; o++)
        unnormalise(l, o);
    each_position(l, add_gradient);
    r->unbalanced = norm_unbalanced(l);
}

/* Normal pixels around 0.7, so that means matter; the upper left quarter of each image black if it is said so. Every fifth gamma is 0,
 * every third of the others negative. */
static struct learn learn_new(struct stem_shape s, bool black) {
    struct learn l = {.s = s};
    l.n_src = (size_t)s.n * (size_t)s.h * (size_t)s.w * (size_t)s.in_c;
    l.n_weights = OUT_C * stem_taps(&s);
    l.n_pooled = stem_outputs(&s);
    l.src = random_floats(l.n_src, 11, 1.0);
    for (size_t i = 0; i < l.n_src; i++) {
        const size_t x = i / (size_t)s.in_c % (size_t)s.w, y = i / (size_t)(s.in_c * s.w) % (size_t)s.h;
        l.src[i] = black && x < (size_t)s.w / 2 && y < (size_t)s.h / 2 ? 0 : l.src[i] + 0.7F;
    }
    l.weights = random_floats(l.n_weights, 12, sqrt(2.0 / (double)stem_taps(&s)));
    l.gamma = random_floats(OUT_C, 13, 0.2);
    l.beta = random_floats(OUT_C, 14, 0.5);
    for (size_t o = 0; o < OUT_C; o++)
        l.gamma[o] = o % 5 == 4 ? 0 : (o % 3 ? 1.0F : -1.0F) * (1 + l.gamma[o]);
    l.dpooled = random_floats(l.n_pooled, 15, 1.0);
    return l;
}

static void learn_free(struct learn *l) {
    float *const all[] = {l->src, l->weights, l->gamma, l->beta, l->dpooled};
    double *const reference[] = {l->want.y, l->want.dy, l->want.dz, l->want.pooled, l->want.dweights};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        free(all[i]);
    for (size_t i = 0; i < sizeof reference / sizeof reference[0]; i++)
        free(reference[i]);
    free(l->want.which);
}

/* --- a step ------------------------------------------------------------------------------------------------------------------ */

/* All that the five calls give. */
struct result {
    double *gram, *sum, *dz_patches;
    double mean[OUT_C], var[OUT_C], dz_sum[OUT_C];
    void *pooled;
    uint8_t *which;
    float *dweights, dgamma[OUT_C], dbeta[OUT_C];
    size_t pooled_bytes;
};

static void result_free(struct result *r) {
    void *const all[] = {r->gram, r->sum, r->dz_patches, r->pooled, r->which, r->dweights};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        free(all[i]);
}

/* Scratch memory is NaN before each call and exactly as large as was said. */
static void *scratch_new(const struct learn *l) {
    return guarded_new(stem_train_scratch_bytes(&l->s, pool_threads()));
}

static void scratch_free(const struct learn *l, void *scratch, const char *what) {
    guarded_check(scratch, stem_train_scratch_bytes(&l->s, pool_threads()), what);
    free(scratch);
}

static void statistics(struct result *r, const struct learn *l) {
    const size_t taps = stem_taps(&l->s);
    r->gram = guarded_new(taps * taps * sizeof(double));
    r->sum = guarded_new(taps * sizeof(double));
    void *scratch = scratch_new(l);
    stem_gram(r->gram, r->sum, &l->s, l->src, scratch);
    scratch_free(l, scratch, "stem_gram's scratch memory");
    stem_moments(r->mean, r->var, &l->s, r->gram, r->sum, l->weights);
    guarded_check(r->gram, taps * taps * sizeof(double), "the Gram matrix");
    guarded_check(r->sum, taps * sizeof(double), "the sums");
}

static void forward(struct result *r, const struct learn *l, enum stem_type type) {
    float scale[OUT_C], shift[OUT_C];
    for (size_t o = 0; o < OUT_C; o++) {
        scale[o] = (float)((double)l->gamma[o] / sqrt(r->var[o] + eps));
        shift[o] = (float)((double)l->beta[o] - r->mean[o] * (double)l->gamma[o] / sqrt(r->var[o] + eps));
    }
    r->pooled_bytes = l->n_pooled * (type == STEM_BF16 ? 2 : 4);
    r->pooled = guarded_new(r->pooled_bytes);
    r->which = guarded_new(l->n_pooled);
    void *scratch = scratch_new(l);
    stem_forward(r->pooled, type, r->which, &l->s, l->src, l->weights, scale, shift, scratch);
    scratch_free(l, scratch, "stem_forward's scratch memory");
    guarded_check(r->pooled, r->pooled_bytes, "what is pooled");
    guarded_check(r->which, l->n_pooled, "where it came from");
}

static void backward(struct result *r, const struct learn *l, const void *dpooled, enum stem_type type) {
    r->dz_patches = guarded_new(l->n_weights * sizeof(double));
    void *scratch = scratch_new(l);
    stem_backward(r->dz_patches, r->dz_sum, &l->s, dpooled, type, r->which, l->src, scratch);
    scratch_free(l, scratch, "stem_backward's scratch memory");
    guarded_check(r->dz_patches, l->n_weights * sizeof(double), "the patches' sums");
}

static void gradients(struct result *r, const struct learn *l) {
    const struct stem_step step = {r->gram, r->sum, r->mean, r->var, r->dz_patches, r->dz_sum, l->weights, l->gamma, eps};
    stem_gradients(r->dweights, r->dgamma, r->dbeta, &l->s, &step);
    guarded_check(r->dweights, l->n_weights * sizeof(float), "the weights' gradient");
}

static struct result run(const struct learn *l) {
    struct result r = {0};
    statistics(&r, l);
    forward(&r, l, STEM_F32);
    backward(&r, l, l->dpooled, STEM_F32);
    r.dweights = guarded_new(l->n_weights * sizeof(float));
    memset(r.dweights, 0, l->n_weights * sizeof(float));
    gradients(&r, l);
    return r;
}

/* --- comparing --------------------------------------------------------------------------------------------------------------- */

struct distance {
    double error, size; /* Euclidean norms */
};

static struct distance distance_floats(const float *got, const double *want, size_t n) {
    double error = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        error += ((double)got[i] - want[i]) * ((double)got[i] - want[i]);
        size += want[i] * want[i];
    }
    return (struct distance){sqrt(error), sqrt(size)};
}

struct errors {
    double mean, var, pooled, dweights, dgamma, dbeta; /* relative */
};

static double worst_moment(const double *got, const double *want, double size) {
    double worst = 0;
    for (size_t o = 0; o < OUT_C; o++)
        worst = fmax(worst, isfinite(got[o]) ? fabs(got[o] - want[o]) / size : INFINITY);
    return worst;
}

/* Fails where a maximum is elsewhere than by the definition: for these inputs no two candidates are so near each other that rounding would
 * decide, and equal patches are equal in both. */
static struct errors check(const struct learn *l) {
    const struct reference *want = &l->want;
    struct result r = run(l);
    struct errors e = {0};
    double size = 0;
    for (size_t o = 0; o < OUT_C; o++)
        size = fmax(size, want->var[o] + want->mean[o] * want->mean[o]);
    e.mean = worst_moment(r.mean, want->mean, sqrt(size) + 1e-30);
    e.var = worst_moment(r.var, want->var, size + 1e-30);
    assert_memory_equal(r.which, want->which, l->n_pooled);
    const struct distance pooled = distance_floats(r.pooled, want->pooled, l->n_pooled);
    const struct distance weights = distance_floats(r.dweights, want->dweights, l->n_weights);
    const struct distance gamma = distance_floats(r.dgamma, want->dgamma, OUT_C), beta = distance_floats(r.dbeta, want->dbeta, OUT_C);
    e.pooled = pooled.error / pooled.size;
    e.dweights = weights.error / weights.size;
    e.dgamma = gamma.error / gamma.size;
    e.dbeta = beta.error / beta.size;
    /* what cancels out, all of it where there are few positions, leaves its rounding */
    if (!(e.mean < 1e-13 && e.var < 1e-12 && e.pooled < 2e-6 && weights.error < 1e-5 * weights.size + 3e-7 * want->unbalanced &&
          gamma.error < 1e-5 * gamma.size + 1e-6 * beta.size && beta.error < 1e-6 * beta.size))
        fail_msg("%d images %dx%dx%d: mean %.1e, var %.1e, pooled %.1e, dweights %.1e (of what cancels out %.1e), dgamma %.1e, dbeta %.1e",
                 l->s.n, l->s.h, l->s.w, l->s.in_c, e.mean, e.var, e.pooled, e.dweights, weights.error / want->unbalanced, e.dgamma,
                 e.dbeta);
    result_free(&r);
    return e;
}

/* --- tests ------------------------------------------------------------------------------------------------------------------- */

static void skip_elsewhere(void) {
    if (stem_train_takes(&(struct stem_shape){1, 8, 8, 1, OUT_C}))
        return;
    print_message("skipped: this processor has no AVX-512\n");
    skip();
}

static void test_refusals(void **state) {
    (void)state;
    assert_false(stem_train_takes(&(struct stem_shape){1, 8, 8, 1, 32}));
    assert_false(stem_train_takes(&(struct stem_shape){1, 8, 8, 2, OUT_C}));
    assert_false(stem_train_takes(&(struct stem_shape){0, 8, 8, 1, OUT_C}));
    assert_false(stem_train_takes(&(struct stem_shape){1, 0, 8, 1, OUT_C}));
}

/* Sides around the six outer rows and columns, the blocks of columns, the stretches and tiles. */
static void test_sizes(void **state) {
    (void)state;
    static const int sides[][2] = {{1, 1},   {1, 2},   {2, 1},   {1, 40},  {40, 1},  {2, 2},   {3, 4},   {4, 3},   {5, 5},
                                   {6, 6},   {7, 7},   {7, 6},   {6, 7},   {8, 9},   {9, 8},   {13, 11}, {16, 26}, {17, 27},
                                   {21, 22}, {22, 23}, {39, 37}, {38, 40}, {72, 25}, {6, 133}, {5, 134}};
    skip_elsewhere();
    for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++)
        for (int in_c = 1; in_c <= 3; in_c += 2) {
            struct learn l = learn_new((struct stem_shape){3, sides[i][0], sides[i][1], in_c, OUT_C}, i % 2);
            answer(&l);
            check(&l);
            learn_free(&l);
        }
}

static void print_errors(const struct learn *l, struct errors e) {
    print_message("%d images %dx%dx%d: mean %.1e, var %.1e, pooled %.1e, dweights %.1e, dgamma %.1e, dbeta %.1e\n", l->s.n, l->s.h, l->s.w,
                  l->s.in_c, e.mean, e.var, e.pooled, e.dweights, e.dgamma, e.dbeta);
}

static void test_large(void **state) {
    (void)state;
    skip_elsewhere();
    for (int in_c = 1; in_c <= 3; in_c += 2) {
        struct learn l = learn_new((struct stem_shape){2, 203, 261, in_c, OUT_C}, true);
        answer(&l);
        const struct errors e = check(&l);
        print_errors(&l, e);
        assert_true(e.dweights < 1e-5 && e.dgamma < 1e-5 && e.dbeta < 1e-5);
        learn_free(&l);
    }
}

/* A black batch: no variance, every candidate equal, and 0 gradient. */
static void test_black(void **state) {
    (void)state;
    skip_elsewhere();
    struct learn l = learn_new((struct stem_shape){2, 37, 29, 1, OUT_C}, false);
    memset(l.src, 0, l.n_src * sizeof *l.src);
    answer(&l);
    struct result r = run(&l);
    assert_memory_equal(r.which, l.want.which, l.n_pooled);
    for (size_t i = 0; i < l.n_pooled; i++)
        assert_true(((float *)r.pooled)[i] == fmaxf(l.beta[i % OUT_C], 0));
    for (size_t i = 0; i < l.n_weights; i++)
        assert_true(r.dweights[i] == 0);
    for (size_t o = 0; o < OUT_C; o++)
        assert_true(r.mean[o] == 0 && r.var[o] == 0 && r.dgamma[o] == 0);
    result_free(&r);
    learn_free(&l);
}

/* A weight that is no number is seen in what comes out, not lost in a maximum. */
static void test_nan(void **state) {
    (void)state;
    skip_elsewhere();
    struct learn l = learn_new((struct stem_shape){1, 20, 20, 1, OUT_C}, false);
    l.weights[7] = NAN;
    struct result r = run(&l);
    for (size_t i = 0; i < l.n_pooled; i++)
        assert_true((i % OUT_C == 0) == isnan(((float *)r.pooled)[i]));
    assert_true(isnan(r.dweights[0]) && isnan(r.dgamma[0]) && !isnan(r.dgamma[1]));
    result_free(&r);
    learn_free(&l);
}

static void test_adds(void **state) {
    (void)state;
    skip_elsewhere();
    struct learn l = learn_new((struct stem_shape){2, 31, 33, 3, OUT_C}, false);
    struct result once = run(&l), twice = run(&l);
    gradients(&twice, &l);
    for (size_t i = 0; i < l.n_weights; i++)
        assert_true(twice.dweights[i] == 2 * once.dweights[i]);
    for (size_t o = 0; o < OUT_C; o++)
        assert_true(twice.dgamma[o] == 2 * once.dgamma[o] && twice.dbeta[o] == 2 * once.dbeta[o]);
    result_free(&once);
    result_free(&twice);
    learn_free(&l);
}

static void same_bits(const struct learn *l, const struct result *a, const struct result *b) {
    const size_t taps = stem_taps(&l->s), per_channel = OUT_C * sizeof(double);
    assert_memory_equal(a->gram, b->gram, taps * taps * sizeof(double));
    assert_memory_equal(a->sum, b->sum, taps * sizeof(double));
    assert_memory_equal(a->mean, b->mean, per_channel);
    assert_memory_equal(a->var, b->var, per_channel);
    assert_memory_equal(a->pooled, b->pooled, a->pooled_bytes);
    assert_memory_equal(a->which, b->which, l->n_pooled);
    assert_memory_equal(a->dz_patches, b->dz_patches, l->n_weights * sizeof(double));
    assert_memory_equal(a->dz_sum, b->dz_sum, per_channel);
    assert_memory_equal(a->dweights, b->dweights, l->n_weights * sizeof(float));
    assert_memory_equal(a->dgamma, b->dgamma, per_channel / 2);
    assert_memory_equal(a->dbeta, b->dbeta, per_channel / 2);
}

static void test_bits(void **state) {
    (void)state;
    skip_elsewhere();
    const int before = pool_threads();
    for (int in_c = 1; in_c <= 3; in_c += 2) {
        struct learn l = learn_new((struct stem_shape){3, 143, 161, in_c, OUT_C}, true);
        pool_set_threads(1);
        struct result one = run(&l);
        for (int threads = 2; threads <= 7; threads++) {
            pool_set_threads(threads);
            struct result more = run(&l);
            same_bits(&l, &one, &more);
            result_free(&more);
        }
        result_free(&one);
        learn_free(&l);
    }
    pool_set_threads(before);
}

/* float32 to the nearest bfloat16, by arithmetic: what lies half-way goes to the even one. Normal numbers. */
static uint16_t to_bf16(float x) {
    int exponent;
    const double fraction = frexp((double)x, &exponent), nearest = ldexp(nearbyint(ldexp(fraction, 8)), exponent - 8);
    const float as_float = (float)nearest;
    uint32_t bits;
    memcpy(&bits, &as_float, sizeof bits);
    return (uint16_t)(bits >> 16);
}

static float from_bf16(uint16_t x) {
    const uint32_t bits = (uint32_t)x << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* What is stored as bfloat16 is the float32 result, rounded; what is read is what those bits mean. Small, and past the caches. */
static void test_bf16(void **state) {
    (void)state;
    skip_elsewhere();
    static const int sides[][2] = {{45, 51}, {1400, 1310}};
    for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++) {
        struct learn l = learn_new((struct stem_shape){1, sides[i][0], sides[i][1], 1, OUT_C}, false);
        struct result whole = {0}, half = {0};
        statistics(&whole, &l);
        statistics(&half, &l);
        forward(&whole, &l, STEM_F32);
        forward(&half, &l, STEM_BF16);
        assert_memory_equal(whole.which, half.which, l.n_pooled);
        uint16_t *dpooled = mem_alloc_aligned(l.n_pooled, sizeof *dpooled, NULL);
        assert_non_null(dpooled);
        for (size_t k = 0; k < l.n_pooled; k++) {
            assert_int_equal(((uint16_t *)half.pooled)[k], to_bf16(((float *)whole.pooled)[k]));
            dpooled[k] = to_bf16(l.dpooled[k]);
            l.dpooled[k] = from_bf16(dpooled[k]);
        }
        backward(&whole, &l, l.dpooled, STEM_F32);
        backward(&half, &l, dpooled, STEM_BF16);
        assert_memory_equal(whole.dz_patches, half.dz_patches, l.n_weights * sizeof(double));
        assert_memory_equal(whole.dz_sum, half.dz_sum, OUT_C * sizeof(double));
        free(dpooled);
        result_free(&whole);
        result_free(&half);
        learn_free(&l);
    }
}

int main(void) {
    pool_set_threads(2);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_sizes), cmocka_unit_test(test_large), cmocka_unit_test(test_black),
        cmocka_unit_test(test_nan),      cmocka_unit_test(test_adds),  cmocka_unit_test(test_bits),  cmocka_unit_test(test_bf16),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
