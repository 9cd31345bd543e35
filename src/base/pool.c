/* Compute threads: the one OpenMP region of the program. Floor 0. */
#include "base/pool.h"

#include <omp.h>
#include <stdatomic.h>

#define THREADS_MAX 1024

static atomic_int threads; /* 0: not chosen yet */

void pool_set_threads(int n) {
    if (n < 1)
        n = 1;
    if (n > THREADS_MAX)
        n = THREADS_MAX;
    atomic_store(&threads, n);
    omp_set_dynamic(0);
    omp_set_num_threads(n);
}

/* OpenMP keeps the number per calling thread, and the tensor library takes it from there: whoever asks here has it set as well. */
int pool_threads(void) {
    int n = atomic_load(&threads);
    if (n == 0)
        n = omp_get_num_procs(); /* honours the affinity mask */
    pool_set_threads(n);
    return atomic_load(&threads);
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
