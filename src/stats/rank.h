/* Order and ranks. Floor 1. O(n log n). */
#ifndef BMU_STATS_RANK_H
#define BMU_STATS_RANK_H

#include <stddef.h>

#include "base/err.h"

/* order[i] is the index of the i-th smallest of n finite numbers; equal numbers keep their order. mem_free() it. */
int rank_order(size_t **order, const double *x, size_t n, struct err *e);
/* Where the run of numbers equal to x[order[i]] ends: the first position > i with another value, or n. */
size_t rank_run(const double *x, const size_t *order, size_t n, size_t i);

/* The p-quantile of n sorted numbers, type 7 of Hyndman & Fan 1996 (R's default): linear between order statistics. n >= 1, p in [0, 1]. */
double rank_quantile(const double *sorted, size_t n, double p);
/* Sorts in place, rising. */
void rank_sort(double *x, size_t n);

#endif
