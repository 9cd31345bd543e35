/* What the two halves of `bmunet bench` share. Floor 10. */
#ifndef BMU_VERB_BENCH_H
#define BMU_VERB_BENCH_H

#include "base/mem.h"
#include "cli/cli.h"
#include "learn/learner.h"

struct bench_options {
    const char *model;
    int what, network, precision, part, recompute; /* positions in the options' lists; part, recompute: -1 not given */
    bool json, layers, small;
    long threads, runs;
    /* what these come to */
    bool train, trunk;
    struct model_options engine; /* training: PRECISION_BF16 is mixed */
    enum learner_memory memory;
};

struct bench_result {
    char what[96];
    const char *network; /* "bmu", "mg", "us", "trunk" */
    double *seconds;     /* owned; sorted in the end */
    size_t runs;
    struct layer_time *layers; /* owned */
    size_t n_layers;
    struct arena texts; /* of the layers, once bench_keep_texts() was called */
    double peak_mb;
};

struct bench_exam {
    float *views; /* owned, all end to end */
    const float *view[SLOT_COUNT];
    struct clinical clinical[SCHEMA_FIELDS_MAX];
};
/* Noise for every view that the network takes. */
int bench_exam(struct bench_exam *x, const struct model_config *c, struct err *e);
/* The layers' texts are copied: what they belong to may be closed. */
int bench_keep_texts(struct bench_result *r, struct err *e);
/* bench_train.c: a training step: forward, loss, backward, AdamW. */
int bench_train(struct bench_result *r, const char *model_path, const struct bench_options *o, struct err *e);

#endif
