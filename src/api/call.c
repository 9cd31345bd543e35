/* What every function of bmunet.h does on its way in and out. Floor 8. */
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"

static_assert(sizeof((struct bmunet_error){0}.message) == ERR_MESSAGE_MAX, "no message is cut on the way out");
static_assert((int)BMUNET_SLOT_COUNT == (int)SLOT_COUNT && (int)BMUNET_US_ELASTO_LONG == (int)SLOT_US_ELASTO_LONG, "the slots are ours");
static_assert((int)BMUNET_ABSENT == (int)INPUT_ABSENT && (int)BMUNET_USED == (int)INPUT_USED && (int)BMUNET_REFUSED == (int)INPUT_REFUSED,
              "the statuses are ours");
static_assert((int)BMUNET_NUMBER == (int)FIELD_NUMBER && (int)BMUNET_ORDERED == (int)FIELD_ORDERED &&
                  (int)BMUNET_CATEGORY == (int)FIELD_CATEGORY,
              "the types of fields are ours");
static_assert((int)BMUNET_CLASS_USAGE == ERR_CLASS_USAGE + 1 && (int)BMUNET_CLASS_INPUT == ERR_CLASS_INPUT + 1 &&
                  (int)BMUNET_CLASS_REFUSED == ERR_CLASS_REFUSED + 1 && (int)BMUNET_CLASS_ENVIRONMENT == ERR_CLASS_ENVIRONMENT + 1 &&
                  (int)BMUNET_CLASS_INTERRUPTED == ERR_CLASS_INTERRUPTED + 1 && (int)BMUNET_CLASS_INTERNAL == ERR_CLASS_INTERNAL + 1,
              "the classes are ours, with 0 for no error before them");

int api_return(struct bmunet_error *out, int rc, const struct err *e) {
    if (!out)
        return rc;
    out->code = rc;
    memset(out->message, 0, sizeof out->message);
    if (rc)
        memcpy(out->message, e->message, sizeof out->message);
    return rc;
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

int api_reserved(const uint64_t *reserved, size_t n, const char *what, struct err *e) {
    for (size_t i = 0; i < n; i++)
        if (reserved[i])
            return err_set(e, ERR_USAGE, "struct %s: reserved[%zu] is not 0; fill the struct with its _default function first", what, i);
    return 0;
}

/* One locale object for the process, made once and never changed: whoever uses it only points at it. */
static locale_t plain;

static void make_plain(void) {
    plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

int api_enter(struct api_call *call, int threads, struct err *e) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    *call = (struct api_call){0};
    pthread_once(&once, make_plain);
    if (!plain)
        return err_set(e, ERR_NO_MEMORY, "out of memory for a locale");
    call->locale = uselocale(plain);
    pool_enter(&call->pool, threads);
    return 0;
}

void api_pause(const struct api_call *call) {
    api_leave(call);
}

void api_resume(struct api_call *call, int threads) {
    (void)api_enter(call, threads, NULL); /* has been there before: the locale exists */
}

void api_leave(const struct api_call *call) {
    if (!call->locale)
        return;
    pool_leave(&call->pool);
    uselocale(call->locale);
}
