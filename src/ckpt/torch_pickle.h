/* The pickle of a PyTorch state dict, read as data. Floor 2; only torch_zip.c and the tests use it. */
#ifndef BMU_CKPT_TORCH_PICKLE_H
#define BMU_CKPT_TORCH_PICKLE_H

#include "base/mem.h"
#include "ckpt/archive.h"

/* A piece of the pickle's bytes: not terminated. */
struct slice {
    const char *bytes;
    size_t size;
};

/* One named tensor: where its numbers lie in which storage. C-contiguous, and offset + count lies within storage_count. */
struct torch_tensor {
    struct slice name;
    struct slice storage;   /* the entry data/<storage> of the zip */
    uint64_t storage_count; /* elements of the whole storage */
    uint64_t offset;        /* elements */
    struct array facts;     /* dtype, rank, shape, bytes; no name, no data */
};

/* Read `n` bytes of pickle: *out gets *count tensors in the file's order, in the arena. Strings point into `bytes`.
 * ERR_PICKLE (malformed), ERR_PICKLE_OPCODE, ERR_PICKLE_CLASS, ERR_TENSOR_*, ERR_UNSUPPORTED (well-formed, but not a dict of tensors),
 * ERR_LIMIT. */
int torch_pickle_read(struct torch_tensor **out, size_t *count, struct arena *arena, const uint8_t *bytes, size_t n, struct err *e);

#endif
