/* Any bytes as predictions, truth and readers of an evaluation, and as its plan and locked threshold: three tables in one input, parted by
 * lines "===". What is accepted must keep its promises. Fuzzing, above all floors. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate/results.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char tree_text[] = "name: small\napproved_by: nobody\npositive: malignant\nlevels: [class, tier]\nnodes:\n"
                                "  - {name: benign, level: class, title: benign}\n"
                                "  - {name: malignant, level: class, title: malignant}\n"
                                "  - {name: A, level: tier, parent: benign, title: a, terms: [{term: cyst}]}\n"
                                "  - {name: B, level: tier, parent: malignant, title: b, terms: [{term: cancer}]}\n";

static const struct tree *tree(void) {
    static struct tree *t; /* kept to the end */
    if (t == NULL && tree_parse_yaml(&t, tree_text, sizeof tree_text - 1, NULL) != 0)
        abort();
    return t;
}

/* What every section of an evaluation relies on. */
static void check(const struct joined *j, const struct study_plan *p) {
    size_t malignant = 0;
    for (size_t i = 0; i < j->n; i++) {
        if (!isfinite(j->score[i]) || j->truth[i] > 1 || (i > 0 && strcmp(j->exam_id[i - 1], j->exam_id[i]) >= 0))
            abort();
        if (p->score == PLAN_PROBABILITY && (j->score[i] < 0 || j->score[i] > 1))
            abort();
        if (j->cluster && j->cluster[i] >= j->n_clusters)
            abort();
        if (j->leaf && (j->leaf[i] < -1 || j->leaf[i] >= j->n_leaves))
            abort();
        double sum = 0;
        for (int c = 0; j->probability && c < j->n_leaves; c++)
            sum += j->probability[i * (size_t)j->n_leaves + (size_t)c];
        if (j->probability && fabs(sum - 1) > 1e-9)
            abort();
        malignant += j->truth[i];
    }
    if (j->n == 0 || malignant > j->n ||
        j->flow[FLOW_TRUTH].n != j->n + j->flow[FLOW_NO_PREDICTION].n + j->flow[FLOW_REFUSED].n + j->flow[FLOW_TRUTH_UNKNOWN].n)
        abort();
}

static void as_tables(const char *text, size_t n, enum plan_score score) {
    struct table_text part[3] = {{"p", text, n}, {"t", "exam_id,malignant\na,1\nb,0\n", 0}, {"r", NULL, 0}};
    struct study_plan plan = {.level = 0.95, .score = score, .sum_tolerance = 0.01};
    struct joined *j = NULL;
    struct err e = {0};
    part[1].size = strlen(part[1].text);
    for (int i = 0; i < 2; i++) {
        const char *cut = memmem(part[i].text, part[i].size, "===\n", 4);
        if (cut == NULL || (i == 1 && part[1].text < text))
            break;
        part[i + 1].text = cut + 4;
        part[i + 1].size = (size_t)(text + n - part[i + 1].text);
        part[i].size = (size_t)(cut - part[i].text);
    }
    const int rc = join_make(
        &j, &(struct join_tables){.predictions = part[0], .truth = part[1], .readers = part[2], .plan = &plan, .tree = tree()}, &e);
    if ((rc == 0) != (j != NULL) || rc != e.code || (rc != 0 && e.message[0] == '\0'))
        abort();
    if (j != NULL)
        check(j, &plan);
    join_free(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data;
    struct study_plan *p = NULL;
    struct lock lock;
    struct err e = {0};
    as_tables(text, size, PLAN_PROBABILITY);
    as_tables(text, size, PLAN_ANY);
    if ((study_plan_parse_yaml(&p, text, size, &e) == 0) != (p != NULL))
        abort();
    if (p != NULL) {
        struct json *j = study_plan_json(p);
        if (!json_ok(j))
            abort();
        json_free(j);
    }
    study_plan_free(p);
    if (lock_read(&lock, text, size, &e) == 0 && !isfinite(lock.threshold.value))
        abort();
    return 0;
}
