/* A thread that works on behalf of the one that starts it: same locale, same number of computing threads. Floor 0.
 *
 * Signals are not delivered to it: they are the business of the program's own threads. */
#ifndef BMU_BASE_THREAD_H
#define BMU_BASE_THREAD_H

#include <pthread.h>

#include "base/err.h"

/* run(ctx) in a new thread; *out is for pthread_join(). what: "a thread that reads exams", for the message. ERR_THREAD, ERR_NO_MEMORY. */
int thread_start(pthread_t *out, void (*run)(void *ctx), void *ctx, const char *what, struct err *e);

#endif
