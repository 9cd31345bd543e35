/* The prediction of one exam, for people. Floor 9. */
#ifndef BMU_CLI_ANSWER_H
#define BMU_CLI_ANSWER_H

#include <stdio.h>

#include "infer/predictor.h"

/* Which tier, the probability of every node of the model's tree, what became of each image, the clinical values, the model at `path`, and
 * what the numbers are not. */
void answer_print(FILE *stream, const struct prediction *p, const struct model *m, const char *path);

#endif
