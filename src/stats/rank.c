/* Order and ranks. Floor 1. */
#include "stats/rank.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/order.h"

struct item {
    double x;
    size_t index;
};

static int by_value(const void *a, const void *b) {
    const struct item *p = a, *q = b;
    if (p->x != q->x)
        return p->x < q->x ? -1 : 1;
    return (p->index > q->index) - (p->index < q->index);
}

int rank_order(size_t **order, const double *x, size_t n, struct err *e) {
    struct item *items = mem_alloc(n, sizeof *items, e);
    *order = mem_alloc(n, sizeof **order, e);
    if (!items || !*order) {
        mem_free(items);
        mem_free(*order);
        *order = NULL;
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < n; i++)
        items[i] = (struct item){x[i], i};
    qsort(items, n, sizeof *items, by_value);
    for (size_t i = 0; i < n; i++)
        (*order)[i] = items[i].index;
    mem_free(items);
    return 0;
}

size_t rank_run(const double *x, const size_t *order, size_t n, size_t i) {
    const double value = x[order[i]];
    while (i < n && x[order[i]] == value)
        i++;
    return i;
}

double rank_quantile(const double *sorted, size_t n, double p) {
    const double h = (double)(n - 1) * p, whole = floor(h + 4e-16 * h);
    const size_t i = (size_t)whole;
    if (i + 1 >= n)
        return sorted[n - 1];
    const double part = fmax(0, h - whole);
    return part > 0 ? (1 - part) * sorted[i] + part * sorted[i + 1] : sorted[i];
}

void rank_sort(double *x, size_t n) {
    qsort(x, n, sizeof *x, order_double);
}
