/* The plain orders for qsort() and bsearch(). Floor 0. */
#ifndef BMU_BASE_ORDER_H
#define BMU_BASE_ORDER_H

#include <string.h>

/* Of items that are, or begin with, a pointer to text: by its bytes, whatever the locale. */
static inline int order_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Of doubles, none of them NaN: rising. */
static inline int order_double(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

#endif
