/* Where the files lie that belong to bmunet and are no code: the decoder program and the folder of shared files. Floor 1.
 *
 * Whoever embeds the library can say it; what is NULL is looked for in this order:
 *   1. the environment: BMUNET_DECODER (a program), BMUNET_SHARE (a folder); not in a program with raised privileges;
 *   2. relative to the file that holds this code, the shared library or the program it is linked into: beside it (a build tree), then as
 *      `cmake --install` lays them out, so that an installed tree may be moved as a whole;
 *   3. where the build was configured to install them.
 * The library makes no temporary files of its own: what it replaces is written beside its target, and what goes to the decoder is in
 * memory.
 */
#ifndef BMU_FILE_PATHS_H
#define BMU_FILE_PATHS_H

#include "base/err.h"

struct paths {
    const char *decoder; /* the program bmunet-decode; NULL: looked for */
    const char *share;   /* the folder that holds trees/, schemas/, presets/, plans/, vendors/; NULL: looked for */
};

/* The decoder program. p NULL: looked for. ERR_DECODER: not there or not executable; ERR_NO_MEMORY. */
int paths_decoder(char **out, const struct paths *p, struct err *e);
/* The shared file or folder `what`, for instance "trees/bmu5.yml". p NULL: looked for. ERR_FILE_MISSING, ERR_NO_MEMORY. */
int paths_share(char **out, const struct paths *p, const char *what, struct err *e);
/* The file that holds this code: the shared library, or "/proc/self/exe". ERR_FILE_MISSING, ERR_NO_MEMORY. */
int paths_code(char **out, struct err *e);

#endif
