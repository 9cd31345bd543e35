/* The chief numbers of an evaluation as a table for people. Floor 10. */
#ifndef BMU_VERB_EVALUATE_TABLE_H
#define BMU_VERB_EVALUATE_TABLE_H

#include <stdio.h>

#include "evaluate/evaluation.h"

void evaluate_table(FILE *stream, const struct evaluation *v);

#endif
