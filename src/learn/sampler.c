/* The order of an epoch. Floor 7. */
#include "learn/sampler.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "learn/purpose.h"

/* Fisher & Yates. */
static void shuffle(uint32_t *order, uint32_t n, uint64_t seed, uint32_t epoch) {
    const struct rng r = rng_make(seed, TRAIN_ORDER, epoch);
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    for (uint32_t i = n; i > 1; i--) {
        const uint32_t j = (uint32_t)(rng_uniform(&r, i) * i), kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}

/* A class evenly, then one of its exams evenly: the same law as weights 1 / count. */
static int balance(uint32_t *order, const uint16_t *classes, uint32_t n, uint64_t seed, uint32_t epoch, struct err *e) {
    const struct rng r = rng_make(seed, TRAIN_BALANCE, epoch);
    uint32_t count[SAMPLER_CLASSES_MAX] = {0}, first[SAMPLER_CLASSES_MAX], used[SAMPLER_CLASSES_MAX], n_used = 0, at = 0;
    uint32_t *sorted = mem_alloc(n, sizeof *sorted, e); /* exams by class */
    if (!sorted)
        return ERR_NO_MEMORY;
    for (uint32_t i = 0; i < n; i++)
        count[classes[i]]++;
    for (uint32_t c = 0; c < SAMPLER_CLASSES_MAX; c++) {
        first[c] = at;
        at += count[c];
        if (count[c])
            used[n_used++] = c;
        count[c] = 0;
    }
    for (uint32_t i = 0; i < n; i++)
        sorted[first[classes[i]] + count[classes[i]]++] = i;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t c = used[(uint32_t)(rng_uniform(&r, 2ULL * i) * n_used)];
        order[i] = sorted[first[c] + (uint32_t)(rng_uniform(&r, 2ULL * i + 1) * count[c])];
    }
    mem_free(sorted);
    return 0;
}

int sampler_order(uint32_t *order, enum sampler_kind kind, const uint16_t *classes, uint32_t n, uint64_t seed, uint32_t epoch,
                  struct err *e) {
    if (n == 0)
        return err_set(e, ERR_CONFIG, "there is no exam to train on");
    for (uint32_t i = 0; kind == SAMPLER_BALANCED && i < n; i++)
        if (classes[i] >= SAMPLER_CLASSES_MAX)
            return err_set(e, ERR_INTERNAL, "class %u of exam %u", classes[i], i);
    if (kind == SAMPLER_BALANCED)
        return balance(order, classes, n, seed, epoch, e);
    shuffle(order, n, seed, epoch);
    return 0;
}
