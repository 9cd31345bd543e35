/* A thread that works on behalf of the one that starts it. Floor 0. */
#include "base/thread.h"

#include <locale.h>
#include <signal.h>
#include <string.h>

#include "base/mem.h"
#include "base/pool.h"

struct start {
    void (*run)(void *ctx);
    void *ctx;
    locale_t locale;
    int limit;
};

static void *begin(void *own) {
    const struct start s = *(struct start *)own;
    struct pool_scope scope;
    mem_free(own);
    uselocale(s.locale);
    pool_enter(&scope, s.limit);
    s.run(s.ctx);
    return NULL;
}

int thread_start(pthread_t *out, void (*run)(void *ctx), void *ctx, const char *what, struct err *e) {
    struct start *s = mem_alloc(1, sizeof *s, e);
    sigset_t all, before;
    if (!s)
        return ERR_NO_MEMORY;
    *s = (struct start){run, ctx, uselocale((locale_t)0), pool_limit()};
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before); /* a thread starts with its parent's mask */
    const int failed = pthread_create(out, NULL, begin, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        mem_free(s);
        return err_set(e, ERR_THREAD, "%s could not be started: %s", what, strerror(failed));
    }
    return 0;
}
