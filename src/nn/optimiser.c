/* AdamW and SGD over one block of parameters and one of gradients. Floor 3. */
#include "nn/optimiser.h"

#include <assert.h>
#include <fnmatch.h>
#include <immintrin.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pool.h"

/* AVX2 has no fused multiply-add, so that every clone gives the same bits; memory is slower than either. ThreadSanitizer and others do not
 * get along with the resolver of clones. */
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)
#define CLONES __attribute__((target_clones("avx2", "default"), optimize("O3")))
#else
#define CLONES
#endif

enum { BLOCK = 1 << 16, LANES = 16 };

/* A piece of one segment: what one thread takes at a time, and over which one sum of squares runs. */
struct optimiser_block {
    size_t segment, offset, count;
    double squares;
};

/* --- the table ------------------------------------------------------------------------------------------------------------ */

int optimiser_freeze(struct optimiser_segment *segments, size_t n, const char *const *patterns, size_t n_patterns, struct err *e) {
    for (size_t i = 0; i < n_patterns; i++) {
        size_t k = 0;
        while (k < n && fnmatch(patterns[i], segments[k].name, 0) != 0)
            k++;
        if (k == n)
            return err_set(e, ERR_CONFIG, "freeze: no array's name matches \"%s\"", patterns[i]);
    }
    for (size_t i = 0; i < n_patterns; i++)
        for (size_t k = 0; k < n; k++)
            segments[k].frozen = segments[k].frozen || fnmatch(patterns[i], segments[k].name, 0) == 0;
    return 0;
}

int optimiser_decay_by_kind(struct optimiser_segment *segments, size_t n, const struct keys *k, struct err *e) {
    static const bool decays[] = {
        [KEY_CONV] = true, [KEY_LINEAR] = true, [KEY_POSITION] = false, [KEY_EVIDENCE] = true}; /* the rest false too */
    for (size_t i = 0; i < n; i++) {
        size_t at = 0;
        while (at < k->n && strcmp(k->list[at].name, segments[i].name) != 0)
            at++;
        if (at == k->n)
            return err_set(e, ERR_INTERNAL, "\"%s\" is not in the network's list", segments[i].name);
        segments[i].decay = decays[k->list[at].kind];
    }
    return 0;
}

/* --- checking ------------------------------------------------------------------------------------------------------------- */

static bool is_share(double x) {
    return x >= 0 && x < 1;
}

static int check_config(const struct optimiser_config *c, struct err *e) {
    const bool adamw = c->kind == OPTIMISER_ADAMW;
    if (c->kind < 0 || c->kind >= OPTIMISER_KINDS)
        return err_set(e, ERR_CONFIG, "there is no optimiser number %d", (int)c->kind);
    if (!(isfinite(c->weight_decay) && c->weight_decay >= 0))
        return err_set(e, ERR_CONFIG, "weight decay is %g; it must not be negative", c->weight_decay);
    if (!is_share(c->beta1) || !is_share(c->beta2) || !is_share(c->momentum))
        return err_set(e, ERR_CONFIG, "beta %g, beta %g, momentum %g: each must lie in [0, 1)", c->beta1, c->beta2, c->momentum);
    if (adamw ? c->momentum > 0 || c->nesterov : c->beta1 > 0 || c->beta2 > 0 || c->epsilon != 0)
        return err_set(e, ERR_CONFIG, "betas and epsilon are AdamW's, momentum is SGD's");
    if (adamw && !(isfinite(c->epsilon) && (float)c->epsilon > 0)) /* 0 / 0 where a gradient has always been 0 */
        return err_set(e, ERR_CONFIG, "epsilon is %g; it must be a float32 above 0", c->epsilon);
    if (c->nesterov && c->momentum == 0)
        return err_set(e, ERR_CONFIG, "Nesterov's step needs a momentum");
    return 0;
}

static int check_segments(const struct optimiser_segment *s, size_t n, size_t size, struct err *e) {
    size_t end = 0, moving = 0;
    for (size_t i = 0; i < n; i++) {
        if (s[i].offset < end || s[i].offset > size || s[i].count > size - s[i].offset)
            return err_set(e, ERR_INTERNAL, "\"%s\": numbers %zu + %zu overlap what comes before or leave the block of %zu", s[i].name,
                           s[i].offset, s[i].count, size);
        end = s[i].offset + s[i].count;
        moving += s[i].frozen ? 0 : s[i].count;
    }
    return moving ? 0 : err_set(e, ERR_CONFIG, "nothing to train: every array is frozen");
}

/* --- building ------------------------------------------------------------------------------------------------------------- */

static int make_blocks(struct optimiser *o, struct err *e) {
    size_t room = 0;
    for (size_t i = 0; i < o->n_segments; i++)
        room += o->segments[i].count / BLOCK + 1;
    o->blocks = mem_alloc(room, sizeof *o->blocks, e);
    if (!o->blocks)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < o->n_segments; i++)
        for (size_t at = 0, count = o->segments[i].count; at < count; at += BLOCK)
            o->blocks[o->n_blocks++] = (struct optimiser_block){
                .segment = i, .offset = o->segments[i].offset + at, .count = count - at < BLOCK ? count - at : BLOCK};
    return 0;
}

static float *make_state(size_t size, struct err *e) {
    float *x = mem_alloc_aligned(size, sizeof *x, e);
    if (x)
        memset(x, 0, size * sizeof *x);
    return x;
}

static int make(struct optimiser *o, struct err *e) {
    const bool adamw = o->config.kind == OPTIMISER_ADAMW;
    o->steps = mem_alloc(o->n_segments, sizeof *o->steps, e);
    if (!o->steps)
        return ERR_NO_MEMORY;
    if ((adamw || o->config.momentum > 0) && !(o->first = make_state(o->size, e)))
        return ERR_NO_MEMORY;
    if (adamw && !(o->second = make_state(o->size, e)))
        return ERR_NO_MEMORY;
    return make_blocks(o, e);
}

int optimiser_new(struct optimiser **out, const struct optimiser_config *config, const struct optimiser_segment *segments,
                  size_t n_segments, size_t size, struct err *e) {
    *out = NULL;
    int rc = check_config(config, e);
    if (rc || (rc = check_segments(segments, n_segments, size, e)))
        return rc;
    struct optimiser *o = mem_alloc(1, sizeof *o, e);
    if (!o)
        return ERR_NO_MEMORY;
    *o = (struct optimiser){.config = *config, .segments = segments, .n_segments = n_segments, .size = size};
    rc = make(o, e);
    if (rc)
        optimiser_free(o);
    else
        *out = o;
    return rc;
}

void optimiser_free(struct optimiser *o) {
    if (!o)
        return;
    mem_free(o->first);
    mem_free(o->second);
    mem_free(o->steps);
    mem_free(o->blocks);
    mem_free(o);
}

/* --- the norm ------------------------------------------------------------------------------------------------------------- */

/* Squares of floats are exact in double and cannot overflow there: the sum is finite if and only if every gradient is. */
CLONES static double squares(const float *g, size_t n) {
    double lane[LANES] = {0}, sum = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            lane[k] += (double)g[i + k] * (double)g[i + k];
    for (; i < n; i++)
        lane[i % LANES] += (double)g[i] * (double)g[i];
    for (size_t k = 0; k < LANES; k++)
        sum += lane[k];
    return sum;
}

struct norm_job {
    struct optimiser *o;
    const float *gradients;
};

/* Blocks go round the threads in turn: a frozen trunk is then a share of every thread's work. */
static void norm_share(void *ctx, int i, int n) {
    const struct norm_job *job = ctx;
    const struct optimiser *o = job->o;
    for (size_t b = (size_t)i; b < o->n_blocks; b += (size_t)n) {
        struct optimiser_block *block = &o->blocks[b];
        block->squares = o->segments[block->segment].frozen ? 0 : squares(job->gradients + block->offset, block->count);
    }
}

static int bad_gradient(const struct optimiser *o, const struct optimiser_block *block, const float *gradients, struct err *e) {
    const struct optimiser_segment *s = &o->segments[block->segment];
    size_t i = block->offset;
    while (isfinite(gradients[i]))
        i++;
    return err_set(e, ERR_TRAIN_NAN, "the gradient of %s: number %zu is %g", s->name, i - s->offset, (double)gradients[i]);
}

int optimiser_norm(double *norm, struct optimiser *o, const float *gradients, struct err *e) {
    struct norm_job job = {o, gradients};
    double sum = 0;
    pool_run(norm_share, &job);
    for (size_t b = 0; b < o->n_blocks; b++) {
        if (!isfinite(o->blocks[b].squares))
            return bad_gradient(o, &o->blocks[b], gradients, e);
        sum += o->blocks[b].squares;
    }
    *norm = sqrt(sum);
    return 0;
}

double optimiser_clip(double norm, double limit) {
    assert(norm >= 0 && limit > 0);
    return fmin(1, limit / (norm + 1e-6));
}

/* --- the step ------------------------------------------------------------------------------------------------------------- */

struct step_job {
    struct optimiser *o;
    float *parameters;
    const float *gradients;
    double rate, scale;
};

struct adamw {
    float scale, keep1, take1, keep2, take2, root, epsilon, pace, shrink;
};

/* p - (shrink p + ...) and not PyTorch's (1 - shrink) p: 1 - 1e-5 as a float32 would be off by a third of a percent of the 1e-5. */
static void adamw_plain(float *restrict p, float *restrict m, float *restrict v, const float *restrict g, size_t n, struct adamw c) {
    for (size_t i = 0; i < n; i++) {
        const float x = c.scale * g[i];
        m[i] = c.keep1 * m[i] + c.take1 * x;
        v[i] = c.keep2 * v[i] + c.take2 * (x * x);
        p[i] -= c.shrink * p[i] + c.pace * m[i] / (c.root * sqrtf(v[i]) + c.epsilon);
    }
}

/* The same, operation by operation. By hand, because sqrtf() sets errno and the compiler leaves such a loop scalar, which takes longer than
 * memory does. */
__attribute__((target("avx2"))) static void adamw_avx2(float *restrict p, float *restrict m, float *restrict v, const float *restrict g,
                                                       size_t n, struct adamw c) {
    const __m256 scale = _mm256_set1_ps(c.scale), keep1 = _mm256_set1_ps(c.keep1), take1 = _mm256_set1_ps(c.take1);
    const __m256 keep2 = _mm256_set1_ps(c.keep2), take2 = _mm256_set1_ps(c.take2), root = _mm256_set1_ps(c.root);
    const __m256 epsilon = _mm256_set1_ps(c.epsilon), pace = _mm256_set1_ps(c.pace), shrink = _mm256_set1_ps(c.shrink);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const __m256 x = _mm256_mul_ps(scale, _mm256_loadu_ps(g + i)), old = _mm256_loadu_ps(p + i);
        const __m256 m1 = _mm256_add_ps(_mm256_mul_ps(keep1, _mm256_loadu_ps(m + i)), _mm256_mul_ps(take1, x));
        const __m256 v1 = _mm256_add_ps(_mm256_mul_ps(keep2, _mm256_loadu_ps(v + i)), _mm256_mul_ps(take2, _mm256_mul_ps(x, x)));
        const __m256 below = _mm256_add_ps(_mm256_mul_ps(root, _mm256_sqrt_ps(v1)), epsilon);
        const __m256 move = _mm256_add_ps(_mm256_mul_ps(shrink, old), _mm256_div_ps(_mm256_mul_ps(pace, m1), below));
        _mm256_storeu_ps(m + i, m1);
        _mm256_storeu_ps(v + i, v1);
        _mm256_storeu_ps(p + i, _mm256_sub_ps(old, move));
    }
    adamw_plain(p + i, m + i, v + i, g + i, n - i, c);
}

static void adamw_step(const struct step_job *job, const struct optimiser_block *b) {
    const struct optimiser *o = job->o;
    const struct optimiser_config *c = &o->config;
    const double t = (double)o->steps[b->segment], decay = o->segments[b->segment].decay ? c->weight_decay : 0;
    const struct adamw with = {
        .scale = (float)job->scale,
        .keep1 = (float)c->beta1,
        .take1 = (float)(1 - c->beta1),
        .keep2 = (float)c->beta2,
        .take2 = (float)(1 - c->beta2),
        .root = (float)(1 / sqrt(1 - pow(c->beta2, t))),
        .epsilon = (float)c->epsilon,
        .pace = (float)(job->rate / (1 - pow(c->beta1, t))),
        .shrink = (float)(job->rate * decay),
    };
    (__builtin_cpu_supports("avx2") ? adamw_avx2 : adamw_plain)(job->parameters + b->offset, o->first + b->offset, o->second + b->offset,
                                                                job->gradients + b->offset, b->count, with);
}

struct sgd {
    float scale, decay, momentum, of_d, of_m, rate;
};

CLONES static void sgd_block(float *restrict p, float *restrict m, const float *restrict g, size_t n, struct sgd c) {
    for (size_t i = 0; i < n; i++) {
        const float d = c.scale * g[i] + c.decay * p[i];
        m[i] = c.momentum * m[i] + d;
        p[i] -= c.rate * (c.of_d * d + c.of_m * m[i]);
    }
}

CLONES static void sgd_block_plain(float *restrict p, const float *restrict g, size_t n, struct sgd c) {
    for (size_t i = 0; i < n; i++)
        p[i] -= c.rate * (c.scale * g[i] + c.decay * p[i]);
}

static void sgd_step(const struct step_job *job, const struct optimiser_block *b) {
    const struct optimiser *o = job->o;
    const struct optimiser_config *c = &o->config;
    const struct sgd with = {
        .scale = (float)job->scale,
        .decay = (float)(o->segments[b->segment].decay ? c->weight_decay : 0),
        .momentum = (float)c->momentum,
        .of_d = c->nesterov ? 1.0F : 0.0F,
        .of_m = c->nesterov ? (float)c->momentum : 1.0F,
        .rate = (float)job->rate,
    };
    if (o->first)
        sgd_block(job->parameters + b->offset, o->first + b->offset, job->gradients + b->offset, b->count, with);
    else
        sgd_block_plain(job->parameters + b->offset, job->gradients + b->offset, b->count, with);
}

static void (*const steps_of[OPTIMISER_KINDS])(const struct step_job *, const struct optimiser_block *) = {
    [OPTIMISER_ADAMW] = adamw_step,
    [OPTIMISER_SGD] = sgd_step,
};

/* The moments of a parameter without gradient (a dead filter) sink below the smallest normal float32 after some hundred steps, where
 * processors become slow: they are 0 here. */
enum { SUBNORMALS_ARE_ZERO = 0x8040 }; /* of MXCSR: results and operands */

static void step_share(void *ctx, int i, int n) {
    const struct step_job *job = ctx;
    const struct optimiser *o = job->o;
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before | SUBNORMALS_ARE_ZERO);
    for (size_t b = (size_t)i; b < o->n_blocks; b += (size_t)n)
        if (!o->segments[o->blocks[b].segment].frozen)
            steps_of[o->config.kind](job, &o->blocks[b]);
    _mm_setcsr(before);
}

void optimiser_step(struct optimiser *o, float *parameters, const float *gradients, double rate, double scale) {
    struct step_job job = {o, parameters, gradients, rate, scale};
    assert(isfinite(rate) && rate >= 0 && isfinite(scale) && scale >= 0);
    for (size_t i = 0; i < o->n_segments; i++)
        o->steps[i] += o->segments[i].frozen ? 0 : 1;
    pool_run(step_share, &job);
}
