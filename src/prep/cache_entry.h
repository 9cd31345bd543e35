/* An entry of the cache as bytes. Floor 4. See cache_entry.c for the layout. */
#ifndef BMU_PREP_CACHE_ENTRY_H
#define BMU_PREP_CACHE_ENTRY_H

#include "base/buf.h"
#include "prep/cache.h"

/* Appends an entry that cache_entry_read() takes. in may be NULL if v is a refusal. */
int cache_entry_write(struct buf *out, const struct cache_key *k, const float *in, const struct input_verdict *v, struct err *e);

#endif
