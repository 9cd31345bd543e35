/* bmunet.h: version, errors, runtime paths. Floor 8. */
#include "api/api.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/version.h"

static_assert(sizeof((struct bmunet_error){0}.message) == ERR_MESSAGE_MAX, "no message is cut on the way out");

const char *bmunet_version(void) {
    return BMUNET_VERSION;
}

const char *bmunet_build(void) {
    return BMUNET_CODE;
}

const char *bmunet_error_name(int code) {
    return err_name(code);
}

const char *bmunet_error_meaning(int code) {
    return err_meaning(code);
}

int api_return(struct bmunet_error *out, int rc, const struct err *e) {
    if (!out)
        return rc;
    out->code = rc;
    memset(out->message, 0, sizeof out->message);
    if (rc)
        memcpy(out->message, e->message, sizeof out->message);
    return rc;
}

void bmunet_paths_default(struct bmunet_paths *paths) {
    *paths = (struct bmunet_paths){0};
}

int api_paths(struct paths *to, const struct bmunet_paths *from, struct err *e) {
    *to = (struct paths){0};
    if (!from)
        return 0;
    for (size_t i = 0; i < sizeof from->reserved / sizeof *from->reserved; i++)
        if (from->reserved[i])
            return err_set(e, ERR_USAGE, "struct bmunet_paths: reserved[%zu] is not NULL; this version of the library has no use for it",
                           i);
    *to = (struct paths){.decoder = from->decoder, .share = from->share};
    return 0;
}

int bmunet_paths_check(const struct bmunet_paths *paths, struct bmunet_error *error) {
    struct err e = {0};
    struct paths p;
    char *decoder = NULL, *tree = NULL;
    int rc = api_paths(&p, paths, &e);
    if (!rc)
        rc = paths_decoder(&decoder, &p, &e);
    if (!rc)
        rc = paths_share(&tree, &p, "trees/bmu5.yml", &e);
    free(decoder);
    free(tree);
    return api_return(error, rc, &e);
}
