/* Named arrays in a file: the common view of safetensors files and PyTorch checkpoints. Floor 2.
 *
 * The arrays' bytes are borrowed from the archive (safetensors: a mapping of the file; PyTorch: a copy of its storages) and stay valid
 * until archive_close(). Little-endian, C order. Messages name the file, the tensor and what is wrong with it.
 */
#ifndef BMU_CKPT_ARCHIVE_H
#define BMU_CKPT_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum dtype { DTYPE_F32, DTYPE_F64, DTYPE_F16, DTYPE_BF16, DTYPE_I64, DTYPE_I32, DTYPE_I16, DTYPE_I8, DTYPE_U8, DTYPE_BOOL, DTYPE_COUNT };
enum { ARRAY_RANK_MAX = 8, ARCHIVE_ARRAYS_MAX = 100000, ARCHIVE_NAME_MAX = 512 };

size_t dtype_size(enum dtype t);      /* bytes per element */
const char *dtype_name(enum dtype t); /* as safetensors spells it: "F32", "I64" ... */

struct array {
    const char *name; /* borrowed from the archive; UTF-8, no NUL */
    enum dtype dtype;
    int rank; /* 0 .. ARRAY_RANK_MAX; 0 is a scalar (one element) */
    int64_t shape[ARRAY_RANK_MAX];
    const void *data; /* borrowed; may be unaligned */
    size_t bytes;     /* product of shape * dtype_size */
};

struct archive; /* owns the mapping, the names and the list */
size_t archive_count(const struct archive *a);
const struct array *archive_at(const struct archive *a, size_t i);           /* in the file's order */
const struct array *archive_find(const struct archive *a, const char *name); /* NULL: not there */
/* safetensors __metadata__ value, or NULL. PyTorch checkpoints have none. */
const char *archive_metadata(const struct archive *a, const char *key);
/* SHA-256 of the whole file, computed on first call and kept. */
int archive_sha256(struct archive *a, uint8_t digest[32], struct err *e);
/* An archive over arrays in the caller's memory, which must outlive it (names are copied). No file, no metadata, no hash. */
int archive_over(struct archive **out, const struct array *arrays, size_t n, struct err *e);
/* Tell the kernel that the arrays have been read and are not needed soon (they leave the resident set). */
void archive_forget(const struct archive *a);
void archive_close(struct archive *a);

/* safetensors.c: https://github.com/huggingface/safetensors "Format". Refuses: header over 100 MB or past the end, duplicate names, unknown
 * dtype, offsets that overlap, leave holes, are unordered in range or outlast the file, shape product != bytes, non-string metadata. */
int safetensors_open(struct archive **out, const char *path, struct err *e);
int safetensors_parse(struct archive **out, const uint8_t *bytes, size_t n, struct err *e); /* borrowed bytes */
int safetensors_copy(struct archive **out, const uint8_t *bytes, size_t n, struct err *e);  /* the archive keeps a copy of its own */
/* Write through durable_replace. `metadata` is n_metadata pairs of key, value. The data starts at a multiple of 64 bytes (the header is
 * padded with spaces) and is laid out, and listed, from the widest type to the narrowest, else in the given order: so every array is
 * aligned to its element. ERR_SAFETENSORS for arrays that could not be read back (name, shape, bytes), ERR_LIMIT, ERR_FILE_WRITE. */
int safetensors_write(const char *path, const struct array *arrays, size_t n, const char *const (*metadata)[2], size_t n_metadata,
                      struct err *e);

/* torch_zip.c, torch_pickle.c, pickle_machine.c, torch_class.c: a torch.save()d state dict (zip of data.pkl and raw storages). The pickle
 * is read as data by a whitelist interpreter; nothing is ever called. Taken: a dict of contiguous tensors, or a dict that holds exactly one
 * such dict under "state_dict" or "model" and beside it only numbers, text, truth values and None. Anything else is refused by its name. */
int torch_open(struct archive **out, const char *path, struct err *e);
int torch_parse(struct archive **out, const uint8_t *bytes, size_t n, struct err *e);

/* "libzip 1.7.3": the library and its version, for provenance. */
void archive_library(char out[32]);

#endif
