/* The exact list of arrays that a network's weights consist of. Floor 3.
 * One list serves checking, initialising and counting; layers.c reads the same names. */
#ifndef BMU_NN_KEYS_H
#define BMU_NN_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "ckpt/archive.h"

/* What an array is: decides its type, how it starts, and whether it is trained. */
enum key_kind {
    KEY_CONV,         /* [out][in][k][k]: He normal, fan out (torchvision's resnet) */
    KEY_LINEAR,       /* [out][in]: uniform +-1/sqrt(in) (torch.nn.Linear) */
    KEY_LINEAR_BIAS,  /* [out]: uniform +-1/sqrt(in) */
    KEY_NORM_SCALE,   /* 1 */
    KEY_NORM_SHIFT,   /* 0 */
    KEY_RUNNING_MEAN, /* 0; not trained */
    KEY_RUNNING_VAR,  /* 1; not trained, and must be positive */
    KEY_BATCHES,      /* int64 scalar: batch-norm's counter; not trained */
    KEY_POSITION,     /* normal, standard deviation 0.02 */
    KEY_EVIDENCE,     /* [out][in]: normal, standard deviation 0.01, so that no place is preferred before anything is learnt */
};

struct key {
    const char *name;
    enum key_kind kind;
    int rank;
    int64_t shape[4];
    int64_t fan_in; /* linear biases */
};
struct keys {
    struct arena arena;
    struct key *list;
    size_t n, capacity;
    struct err failure; /* sticks; look at it once, at the end */
};
void keys_init(struct keys *k);
void keys_release(struct keys *k);

enum dtype key_dtype(const struct key *k);
size_t key_count(const struct key *k);
bool key_is_trained(const struct key *k);

/* A ResNet-18 trunk under "<prefix>." with `width` channels after the stem, in the state dict's order. */
void keys_trunk(struct keys *k, const char *prefix, int width);
/* What makes evidence of a map of dim channels: kinds of lesion, and background before them. */
void keys_evidence(struct keys *k, const char *name, int dim, int kinds);
void keys_linear(struct keys *k, const char *name, int in, int out);
void keys_layer_norm(struct keys *k, const char *name, int dim);
void keys_block(struct keys *k, const char *name, int dim); /* ViT block: norm1, attn.qkv, attn.proj, norm2, mlp.fc1, mlp.fc2 */
void keys_position(struct keys *k, const char *name, int rows, int dim); /* [1][rows][dim] */

/* ERR_WEIGHTS_KEYS with every missing, extra, misshapen or mistyped array named; ERR_WEIGHTS_NAN for a NaN, an infinity, or a variance
 * below 0. */
int keys_check(const struct keys *k, const struct archive *a, struct err *e);
/* Fresh weights: out[i] is key i's data (owned by the arena given). */
int keys_fill(const struct keys *k, uint64_t seed, struct array *out, struct arena *arena, struct err *e);

#endif
