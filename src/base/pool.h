/* Compute threads: the one OpenMP region of the program (oneDNN brings OpenMP; a second pool would fight it for the cores). Floor 0. */
#ifndef BMU_BASE_POOL_H
#define BMU_BASE_POOL_H

/* How many threads pool_run() and the tensor library use. 1 .. 1024; default: the processors this process may run on. */
void pool_set_threads(int n);
int pool_threads(void);
/* Call run(ctx, i, n) on n = pool_threads() threads at once, i = 0 .. n-1; returns when all have. Not nestable. */
void pool_run(void (*run)(void *ctx, int i, int n), void *ctx);
/* The half-open share [*first, *last) of `items` that thread i of n takes. */
void pool_share(long items, int i, int n, long *first, long *last);

#endif
