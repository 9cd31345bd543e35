/* src/file/paths.c inside a shared library, which tests/t_paths.c puts into an installed tree of its own and asks. Test code, above all
 * floors. */
#include <stdlib.h>
#include <string.h>

#include "file/paths.h"

__attribute__((visibility("default"))) int probe(char **decoder, char **tree, char **code);

int probe(char **decoder, char **tree, char **code) {
    int rc = paths_decoder(decoder, NULL, NULL);
    if (!rc)
        rc = paths_share(tree, NULL, "trees/bmu5.yml", NULL);
    return rc ? rc : paths_code(code, NULL);
}
