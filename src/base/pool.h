/* Compute threads: the one OpenMP region of the program (oneDNN brings OpenMP; a second pool would fight it for the cores). Floor 0. */
#ifndef BMU_BASE_POOL_H
#define BMU_BASE_POOL_H

#include <stdbool.h>

enum { POOL_THREADS_MAX = 1024 };

/* How many threads pool_run() and the tensor library use. 1 .. POOL_THREADS_MAX; default: the processors this process may run on. */
void pool_set_threads(int n);
/* Of the calling thread: what pool_enter() says, else pool_set_threads(). */
int pool_threads(void);
/* Between the two calls the calling thread computes with n threads (0: as before), whatever others do: two models in one process may
 * differ. What OpenMP keeps for the calling thread is put back on leaving: it may be the caller's own. */
struct pool_scope {
    int limit, openmp;
    bool dynamic;
};
void pool_enter(struct pool_scope *saved, int n);
void pool_leave(const struct pool_scope *saved);
/* What pool_enter() said in this thread, or 0: for threads that are started on its behalf. */
int pool_limit(void);
/* Call run(ctx, i, n) on n = pool_threads() threads at once, i = 0 .. n-1; returns when all have. Not nestable. */
void pool_run(void (*run)(void *ctx, int i, int n), void *ctx);
/* The half-open share [*first, *last) of `items` that thread i of n takes. */
void pool_share(long items, int i, int n, long *first, long *last);

#endif
