/* A graph made ready to run: steps with chosen kernels and layouts, packed weights, and every value's place in one workspace. Floor 2.
 *
 * plan_new() does all the choosing, packing and allocating; plan_run() allocates nothing. Layouts are chosen by the kernels and kept from
 * step to step; where two neighbours disagree the plan (never an op) puts a reorder between them. Values whose lives do not overlap share
 * memory.
 *
 * Of a graph with gradients a plan has the backward steps too, in reverse order: plan_run() runs the forward ones, plan_run_backward() the
 * others. Only what leads to a trained parameter or to an input that requires its gradient is differentiated. All values are dense. What a
 * backward step reads of the forward pass lives until then, unless it is dropped and recomputed just before (enum recompute); liveness
 * covers both passes. Gradients of parameters are added to what lies in the gradients' block.
 */
#ifndef BMU_TENSOR_PLAN_H
#define BMU_TENSOR_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "kernel/conv_kernel.h"
#include "tensor/dnn.h"
#include "tensor/graph.h"
#include "tensor/pack.h"

/* What a plan with a backward pass recomputes there instead of keeping it. Batch-norms without a residual always (they cost one pass over
 * memory). */
enum recompute {
    RECOMPUTE_NORMS,  /* nothing else */
    RECOMPUTE_INNER,  /* also each block's first convolution and its shortcut's */
    RECOMPUTE_BLOCKS, /* all convolutions: only the blocks' outputs are kept */
};

/* What all plans of a model share. */
struct engine {
    struct dnn *dnn;
    struct pack_store *packs; /* packed weights, by layer and kernel: plans of the same layer share them */
    bool exact;               /* direct convolution only */
    bool bf16;                /* folded graphs: convolutions in bfloat16; with batch statistics: mixed precision; else without effect */
    bool profile;             /* take the time of each step */
    enum recompute recompute; /* of convolutions only those with so many outputs: */
    size_t recompute_floor;
    uint64_t seed;             /* of dropout */
    uint32_t training_step;    /* the number of this step; dropout's masks follow from (seed, step, layer, element) */
    void (*packed)(void *ctx); /* not NULL: called after each layer's weights were packed (their source is not needed soon) */
    void *packed_ctx;
    void *workspace; /* one for all plans; grown by plan_new(), owned by the engine */
    size_t workspace_bytes;
};
int engine_init(struct engine *en, bool exact, bool bf16, struct err *e);
void engine_release(struct engine *en);

struct value {
    struct dnn_layout *layout; /* owned; dense [n][h][w][c] float32 unless a kernel chose otherwise; NULL: bytes that a step saved */
    size_t bytes, offset;      /* in the workspace */
    int first, last;           /* steps: written by first, last read by last */
    int alias;                 /* >= 0: shares that value's memory (residual sums in place) */
    const void *bound;         /* an input, or the gradient of an output: the caller's memory */
};

enum { STEP_INPUTS_MAX = GRAPH_INPUTS_MAX, STEP_DNN_MAX = 4 };
enum pass { PASS_FORWARD, PASS_RECOMPUTE, PASS_BACKWARD };
struct step {
    const struct node *node; /* NULL for a reorder */
    int op;
    enum pass pass;
    int in[STEP_INPUTS_MAX], n_in, out; /* values; of a backward step those that its op keeps, else -1 */
    int saved;                          /* value: what the forward step leaves for the backward step; -1: nothing */
    int dout;                           /* backward: the gradient of the output */
    int din[STEP_INPUTS_MAX];           /* backward: the gradient of each input; -1: not wanted */
    bool add[STEP_INPUTS_MAX];          /* backward: it is added to what is there */
    struct dnn_op *dnn;                 /* owned; the primitive, if the step is oneDNN's */
    struct dnn_op *more[STEP_DNN_MAX];  /* owned; what else a training step runs (reorders of weights, the other half of a backward) */
    const struct conv_kernel *kernel;   /* or a kernel of ours */
    const struct conv_data_kernel *data_kernel;
    const struct conv_weights_kernel *weights_kernel;
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
    int *value_of;                           /* node -> value */
    bool *fused;                             /* node: computed by the step before it (the stem's pooling) */
    int outputs[GRAPH_OUTPUTS_MAX];          /* output -> the value that the caller reads: dense float32 */
    int output_gradients[GRAPH_OUTPUTS_MAX]; /* output -> the value that holds its gradient, the caller's; -1: leads to nothing */
    int n_forward;                           /* steps before the backward ones */
    /* with gradients: */
    int *step_of;       /* node -> its forward step */
    int *recomputed_of; /* node -> the value of its recomputation, or -1 */
    int *grad_of;       /* node -> the gradient's value, or -1 */
    bool *wanted;       /* node: its gradient leads to a trained parameter or to an input that requires it */
    size_t workspace_bytes;
    int threads; /* scratch was measured for so many; more are refused at the run */
};

/* The graph is borrowed and must outlive the plan. */
int plan_new(struct plan **out, const struct graph *g, struct engine *en, struct err *e);
void plan_free(struct plan *p);
/* Give input node `input` its numbers: dense [n][h][w][c] float32, borrowed until the run is over. */
void plan_bind(struct plan *p, int input, const float *data);
int plan_run(struct plan *p, struct err *e);
/* After plan_run(): from the gradient of output 0 (dense float32, borrowed during the call), and those bound of the others, to the
 * gradients of the trained parameters, which are added to what lies in the graph's block, and of the inputs that require it. ERR_INTERNAL:
 * nothing requires a gradient, or one of a further output is not bound. */
int plan_run_backward(struct plan *p, const float *gradient, struct err *e);
/* The gradient of output 1 or a further one: dense float32, borrowed until the backward run is over. */
void plan_bind_gradient(struct plan *p, int output, const float *gradient);
/* An output's numbers, dense float32, valid until any plan of this engine runs (the backward run of this one leaves them). */
const float *plan_output(const struct plan *p); /* the first */
const float *plan_output_at(const struct plan *p, int output);
/* After plan_run_backward(): the gradient by an input that requires it, dense float32, valid as an output. NULL: no output depends on it.
 */
const float *plan_input_gradient(const struct plan *p, int input);
/* place.c, for plan_new(): values whose lives do not overlap share memory. */
int plan_place(struct plan *p, struct err *e);
double step_median_seconds(const struct step *s);

/* For op_*.c while preparing. */
const struct shape *plan_shape(const struct plan *p, const struct step *s, int input);
/* The dense float32 layout of a shape. New, owned by the caller. */
int plan_dense(struct dnn_layout **out, struct shape s, struct err *e);
/* Not folded: how a node's output and its gradient are stored (in mixed precision bfloat16 for the images within a trunk of 64 channels and
 * more, else float32), and that layout, new. */
enum dnn_type plan_type(const struct plan *p, const struct node *node);
int plan_activation(struct dnn_layout **out, const struct plan *p, const struct node *node, struct err *e);
/* See that input i of the step has this layout (borrowed), by a reorder before it if need be. */
int plan_want(struct plan *p, struct step *s, int i, const struct dnn_layout *layout, struct err *e);
/* The step's output has this layout (taken over). alias_input >= 0: it is computed in place over that input. */
int plan_give(struct plan *p, struct step *s, struct dnn_layout *layout_take, int alias_input, struct err *e);
/* The step leaves so many bytes for its backward step. */
void plan_save(struct plan *p, struct step *s, size_t bytes);
/* The gradient of input i is made in place over the gradient of the output. */
void plan_gradient_in_place(struct plan *p, struct step *s, int i);
/* For op_*.c while running. */
const float *step_in(const struct plan *p, const struct step *s, int i);
float *step_out(const struct plan *p, const struct step *s);
void *step_scratch(const struct plan *p, const struct step *s);
void *step_saved(const struct plan *p, const struct step *s);
const float *step_dout(const struct plan *p, const struct step *s);
float *step_din(const struct plan *p, const struct step *s, int i); /* NULL: not wanted */
/* Where the gradient of a parameter lies (NULL: it is not trained), and a parameter of the block itself, writable (running statistics). */
float *plan_gradient(const struct plan *p, const float *parameter);
float *plan_parameter(const struct plan *p, const float *parameter);

#endif
