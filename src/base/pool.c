/* Compute threads: the one OpenMP region of the program. Floor 0. */
#include "base/pool.h"

#include <omp.h>
#include <stdatomic.h>

static atomic_int threads;      /* 0: not chosen */
static _Thread_local int limit; /* 0: none */

static int within(int n) {
    return n < 1 ? 1 : n > POOL_THREADS_MAX ? POOL_THREADS_MAX : n;
}

void pool_set_threads(int n) {
    atomic_store(&threads, within(n));
    pool_threads();
}

/* OpenMP keeps the number per calling thread, and the tensor library takes it from there: whoever asks here has it set as well. */
int pool_threads(void) {
    int n = limit ? limit : atomic_load(&threads);
    if (n == 0)
        n = within(omp_get_num_procs()); /* honours the affinity mask */
    omp_set_dynamic(0);
    omp_set_num_threads(n);
    return n;
}

void pool_enter(struct pool_scope *saved, int n) {
    *saved = (struct pool_scope){.limit = limit, .openmp = omp_get_max_threads(), .dynamic = omp_get_dynamic()};
    if (n)
        limit = within(n);
    pool_threads();
}

void pool_leave(const struct pool_scope *saved) {
    limit = saved->limit;
    omp_set_num_threads(saved->openmp);
    omp_set_dynamic(saved->dynamic);
}

int pool_limit(void) {
    return limit;
}

void pool_run(void (*run)(void *ctx, int i, int n), void *ctx) {
    int n = pool_threads();
#pragma omp parallel num_threads(n)
    /* the runtime may give fewer threads than asked for (OMP_THREAD_LIMIT): every share is still run */
    for (int i = omp_get_thread_num(); i < n; i += omp_get_num_threads())
        run(ctx, i, n);
}

void pool_share(long items, int i, int n, long *first, long *last) {
    long each = items / n, more = items % n; /* the first `more` threads take one more */
    *first = each * i + (i < more ? i : more);
    *last = *first + each + (i < more ? 1 : 0);
}
