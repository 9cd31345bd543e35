/* The numbers behind every figure as tables: figures/NAME.csv. Floor 6. */
#ifndef BMU_REPORT_FIGURES_H
#define BMU_REPORT_FIGURES_H

#include "evaluate/evaluation.h"
#include "file/folder.h"

/* The scores of each truth in equal steps. */
enum { SCORE_BINS = 20 };
struct score_histogram {
    double edge[SCORE_BINS + 1]; /* 0 .. 1 of probabilities, else least to greatest score */
    double count[2][SCORE_BINS]; /* by truth; the last bin holds its upper edge */
};
void score_histogram(struct score_histogram *out, const struct evaluation *v);

/* The folder has a folder figures. Writes the tables of the sections that are there: roc, pr, reliability, decision_curve, forest, flow,
 * confusion_LEVEL, readers, downgrade. Numbers have 17 significant digits; an empty cell is not defined. Columns: docs/FORMATS.md. */
int figures_write(struct folder *f, const struct evaluation *v, struct err *e);

#endif
