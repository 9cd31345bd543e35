/* How the readers of this room fill an archive; nobody outside src/ckpt includes this. Floor 2.
 *
 * A reader makes an archive over the file's bytes, adds one array after another, then seals it. Everything a file says (names, shapes)
 * passes through archive_add(), so the two formats share one set of checks.
 */
#ifndef BMU_CKPT_ARCHIVE_BUILD_H
#define BMU_CKPT_ARCHIVE_BUILD_H

#include "base/mem.h"
#include "ckpt/archive.h"
#include "file/io.h"

struct archive {
    struct arena arena; /* names and metadata */
    struct array *arrays;
    size_t count, capacity;
    const struct array **by_name; /* sorted; a hash table would let a hostile file choose colliding names */
    const char *(*metadata)[2];   /* in the arena */
    size_t n_metadata;
    const uint8_t *file; /* the whole file's bytes, borrowed or in `map` */
    size_t file_size;
    struct io_map map; /* data is NULL when the bytes are borrowed */
    void **blocks;     /* owned copies of bytes that could not be borrowed */
    size_t n_blocks;
    void *copy; /* the whole file, where the archive owns it in memory */
    bool hashed;
    uint8_t digest[32];
};

int archive_new(struct archive **out, const uint8_t *bytes, size_t n, struct err *e);
/* Add one array of `dtype` and shape over `data`; checks the name, the sides and that their product is a size; `code` is the format's
 * error. */
int archive_add(struct archive *a, const char *name, size_t name_size, const struct array *facts, int code, struct err *e);
/* A block of memory that lives as long as the archive. */
int archive_block(void **out, struct archive *a, size_t bytes, struct err *e);
/* Sort the names; `code` if one stands twice. */
int archive_seal(struct archive *a, int code, struct err *e);

/* Map a file, parse it, and let the archive own the mapping; errors are prefixed with the path. */
typedef int archive_parse_fn(struct archive **out, const uint8_t *bytes, size_t n, struct err *e);
int archive_open(struct archive **out, const char *path, archive_parse_fn *parse, struct err *e);

bool utf8_valid(const char *text, size_t n);

/* Text from a file, fit for a message: what is not printable ASCII becomes '?', long text is cut. Use as shown(s, n).text. */
struct shown {
    char text[100];
};
struct shown shown(const char *text, size_t n);

#endif
