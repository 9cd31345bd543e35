/* bmunet.h: version, errors, runtime paths, memory. Floor 8. */
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "base/mem.h"
#include "base/version.h"

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

enum bmunet_class bmunet_error_class(int code) {
    return code == 0 ? BMUNET_CLASS_NONE : (enum bmunet_class)(err_class(code) + 1);
}

int bmunet_error_code(const char *name) {
#define X(id, value, class, meaning)                                                                                                       \
    if (name && strcmp(name, #id) == 0)                                                                                                    \
        return value;
    ERR_CODES(X)
#undef X
    return 0;
}

void bmunet_paths_default(struct bmunet_paths *paths) {
    *paths = (struct bmunet_paths){0};
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
    mem_free(decoder);
    mem_free(tree);
    return api_return(error, rc, &e);
}

int bmunet_set_allocator(const struct bmunet_allocator *allocator, struct bmunet_error *error) {
    struct err e = {0};
    if (!allocator)
        return api_return(error, err_set(&e, ERR_USAGE, "there is no allocator"), &e);
    int rc = api_reserved(allocator->reserved, sizeof allocator->reserved / sizeof *allocator->reserved, "bmunet_allocator", &e);
    if (!rc && (!allocator->allocate || !allocator->reallocate || !allocator->release))
        rc = err_set(&e, ERR_USAGE, "struct bmunet_allocator: allocate, reallocate and release must all be given");
    if (!rc)
        rc = mem_use(&(struct mem_source){allocator->allocate, allocator->reallocate, allocator->release, allocator->ctx}, &e);
    return api_return(error, rc, &e);
}
