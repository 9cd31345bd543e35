/* A graph made ready to run: steps with chosen kernels and layouts, packed weights, and every value's place in one workspace. Floor 1.
 *
 * plan_new() does all the choosing, packing and allocating; plan_run() allocates nothing. Layouts are chosen by the kernels and kept from
 * step to step; where two neighbours disagree the plan (never an op) puts a reorder between them. Values whose lives do not overlap share
 * memory.
 */
#ifndef BMU_TENSOR_PLAN_H
#define BMU_TENSOR_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "tensor/conv_kernel.h"
#include "tensor/dnn.h"
#include "tensor/graph.h"
#include "tensor/pack.h"

/* What all plans of a model share. */
struct engine {
    struct dnn *dnn;
    struct pack_store *packs;  /* packed weights, by layer and kernel: plans of the same layer share them */
    bool exact;                /* direct convolution only */
    bool bf16;                 /* convolutions in bfloat16 */
    bool profile;              /* take the time of each step */
    void (*packed)(void *ctx); /* not NULL: called after each layer's weights were packed (their source is not needed soon) */
    void *packed_ctx;
    void *workspace; /* one for all plans; grown by plan_new(), owned by the engine */
    size_t workspace_bytes;
};
int engine_init(struct engine *en, bool exact, bool bf16, struct err *e);
void engine_release(struct engine *en);

struct value {
    struct dnn_layout *layout; /* owned; dense [n][h][w][c] float32 unless a kernel chose otherwise */
    size_t bytes, offset;      /* in the workspace */
    int first, last;           /* steps: written by first, last read by last */
    int alias;                 /* >= 0: shares that value's memory (residual sums in place) */
    const void *bound;         /* an input: the caller's memory, set by plan_bind() */
};

enum { STEP_INPUTS_MAX = GRAPH_INPUTS_MAX };
struct step {
    const struct node *node; /* NULL for a reorder */
    int op;
    int in[STEP_INPUTS_MAX], n_in, out; /* values */
    struct dnn_op *dnn;                 /* owned; the primitive, if the step is oneDNN's */
    const struct conv_kernel *kernel;   /* or a kernel of ours */
    struct conv_shape conv;
    const void *weights; /* borrowed from the pack store */
    const float *bias;   /* the same */
    size_t scratch_bytes, scratch_offset;
    const char *algorithm; /* for the layer table; lives as long as the plan */
    double macs;
    double *seconds; /* ring of the last STEP_TIMES runs, when profiling */
    int n_seconds;
};
enum { STEP_TIMES = 64 };

struct plan {
    struct engine *engine;
    const struct graph *graph;
    struct value *values;
    int n_values;
    struct step *steps;
    int n_steps;
    int *value_of; /* node -> value */
    bool *fused;   /* node: computed by the step before it (the stem's pooling) */
    size_t workspace_bytes;
    int threads; /* scratch was measured for so many; more are refused at the run */
};

/* The graph is borrowed and must outlive the plan. */
int plan_new(struct plan **out, const struct graph *g, struct engine *en, struct err *e);
void plan_free(struct plan *p);
/* Give input node `input` its numbers: dense [n][h][w][c] float32, borrowed until the run is over. */
void plan_bind(struct plan *p, int input, const float *data);
int plan_run(struct plan *p, struct err *e);
/* The output node's numbers, dense float32, valid until any plan of this engine runs. */
const float *plan_output(const struct plan *p);
double step_median_seconds(const struct step *s);

/* For op_*.c while preparing. */
const struct shape *plan_shape(const struct plan *p, const struct step *s, int input);
/* The dense float32 layout of a shape. New, owned by the caller. */
int plan_dense(struct dnn_layout **out, struct shape s, struct err *e);
/* See that input i of the step has this layout (borrowed), by a reorder before it if need be. */
int plan_want(struct plan *p, struct step *s, int i, const struct dnn_layout *layout, struct err *e);
/* The step's output has this layout (taken over). alias_input >= 0: it is computed in place over that input. */
int plan_give(struct plan *p, struct step *s, struct dnn_layout *layout_take, int alias_input, struct err *e);
/* For op_*.c while running. */
const float *step_in(const struct plan *p, const struct step *s, int i);
float *step_out(const struct plan *p, const struct step *s);
void *step_scratch(const struct plan *p, const struct step *s);

#endif
