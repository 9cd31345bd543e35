/* What the functions of bmunet.h share: from the public structs to ours and back. Floor 8. */
#ifndef BMU_API_API_H
#define BMU_API_API_H

#include "base/err.h"
#include "bmunet.h"
#include "file/paths.h"

/* Hand e to the caller (out may be NULL) and return rc. */
int api_return(struct bmunet_error *out, int rc, const struct err *e);
/* ERR_USAGE if a reserved member is set: this library does not know what is meant by it. from NULL: all NULL. Strings are borrowed. */
int api_paths(struct paths *to, const struct bmunet_paths *from, struct err *e);

#endif
