/* Prepared images kept in a folder, so that training and repeated prediction decode no file twice. Floor 4.
 *
 * An entry is found by what it was made from: the SHA-256 of the file's bytes and of everything that decides what preparation makes of them
 * (profile with its sizes, normalisation and vendor table, slot, the table's claim, the program's code version). It holds the tensor, exact
 * to the last bit, and the whole verdict; refusals are kept as well, but for those of the machine. Nothing is ever looked up by name or
 * date.
 *
 * Any number of threads and processes may share one folder. An entry appears whole (temporary file + rename) or not at all; it is not
 * synced to the disk, for it can be made again: one that a power cut has torn fails its checksum, is removed, and counts as a miss. The sum
 * of all entries stays within the bound: the least recently used go first. A full disk stops the caching, not the work.
 *
 * The folder is private (mode 0700, files 0600): verdicts hold the patient identifiers that tell whether images belong together. It is
 * marked by a file bmunet-cache; a folder that holds other things and no such mark is refused, for the cache removes files in it.
 */
#ifndef BMU_PREP_CACHE_H
#define BMU_PREP_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "exam/verdict.h"
#include "prep/prep.h"

enum { CACHE_BYTES_MIN = 1 << 20, CACHE_NAME_SIZE = 65 };
struct cache;
/* Creates the folder (its parent must exist) and its mark where needed. ERR_FILE_WRITE: it cannot be created or written; ERR_USAGE: it
 * holds other things, or max_bytes is below CACHE_BYTES_MIN. */
int cache_open(struct cache **out, const char *folder, uint64_t max_bytes, struct err *e);
void cache_close(struct cache *c); /* NULL is allowed */

struct cache_key {
    uint8_t digest[32];
    size_t n;        /* floats of the slot */
    float mean, std; /* of mammography's normalisation */
};
/* file_sha256: of the file's bytes. */
void cache_key_make(struct cache_key *k, const struct cache *c, const struct prep_profile *p, enum slot s, const struct prep_claim *claim,
                    const uint8_t file_sha256[32]);
/* 0: a hit: out (k->n floats) and v are filled as preparation filled them (out untouched if v is a refusal); 1: a miss; ERR_NO_MEMORY. */
int cache_get(float *out, struct input_verdict *v, struct cache *c, const struct cache_key *k, struct err *e);
/* Keeps what preparation made. 0: kept, or not worth keeping (a fault of the machine); else the code of why it could not be: the caller may
 * go on without. After a full disk (ERR_FILE_WRITE) nothing more is tried. */
int cache_put(struct cache *c, const struct cache_key *k, const float *in, const struct input_verdict *v, struct err *e);

struct cache_stats {
    uint64_t hits, misses, kept, evicted, damaged; /* since cache_open() */
    char remark[256];                              /* one sentence if caching has stopped; else "" */
};
void cache_stats(struct cache_stats *out, struct cache *c);

/* prep_bytes() through the cache; c NULL: without. Same results to the bit, same codes. */
int prep_cached(float *out, const struct prep_profile *p, enum slot s, struct decoder *d, const uint8_t *bytes, size_t n,
                const struct prep_claim *claim, struct input_verdict *v, struct cache *c, struct err *e);

/* One entry from untrusted bytes, for cache_get() and fuzzing: 0, or ERR_FILE_READ if anything in it is not as an entry of this key has to
 * be. */
int cache_entry_read(float *out, struct input_verdict *v, const struct cache_key *k, const uint8_t *bytes, size_t n, struct err *e);

#endif
