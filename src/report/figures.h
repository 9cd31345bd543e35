/* The numbers behind every figure as tables: figures/NAME.csv. Floor 5. */
#ifndef BMU_REPORT_FIGURES_H
#define BMU_REPORT_FIGURES_H

#include "data/folder.h"
#include "report/evaluation.h"

/* The folder has a folder figures. Writes the tables of the sections that are there: roc, pr, reliability, decision_curve, forest, flow,
 * confusion_LEVEL, readers, downgrade. Numbers have 17 significant digits; an empty cell is not defined. Columns: docs/FORMATS.md. */
int figures_write(struct folder *f, const struct evaluation *v, struct err *e);

#endif
