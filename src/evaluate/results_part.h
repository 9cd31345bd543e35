/* Between results.c and results_more.c. Floor 5. */
#ifndef BMU_EVALUATE_RESULTS_PART_H
#define BMU_EVALUATE_RESULTS_PART_H

#include "evaluate/results.h"

/* False if there is a gap: its sentence then stands under `reason`. */
bool json_defined(struct json *j, const struct gap *g);
void json_put_interval(struct json *j, const char *key, const struct interval *x);
void json_put_proportion(struct json *j, const char *key, const struct proportion *p);
void json_put_null(struct json *j, const char *key);
/* The number, or null. */
void json_put_maybe(struct json *j, const char *key, bool defined, double x);
struct json *json_auc(const struct auc *a);
struct json *json_kappa(const struct kappa *k, const struct gap *g);
struct json *json_binary(const struct binary *b);

struct json *json_comparisons(const struct evaluation *v);
struct json *json_readers(const struct evaluation *v);
struct json *json_biopsy(const struct evaluation *v);
struct json *json_calibration(const struct evaluation *v);
struct json *json_utility(const struct evaluation *v);
struct json *json_subgroups(const struct evaluation *v);
struct json *json_samples(const struct evaluation *v);

#endif
