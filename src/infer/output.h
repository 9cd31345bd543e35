/* Predictions as files: predictions.csv and JSON lines (docs/FORMATS.md). Floor 7.
 *
 * Both files go through durable_replace: until output_commit() the old files are whole and nothing new is visible.
 */
#ifndef BMU_INFER_OUTPUT_H
#define BMU_INFER_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "infer/predictor.h"

/* What made the predictions; written into every JSON line, so that a line can be judged without its file. */
struct output_facts {
    enum network network;
    enum variant variant;
    enum precision precision;
    bool exact;
    bool untrained;           /* the weights are random */
    bool positional_clinical; /* clinical values came as clinic_info1.. by position, without units or ranges */
    uint8_t model_sha256[32]; /* of the model file */
    uint8_t exams_sha256[32]; /* of the cohort CSV */
    bool no_table;            /* one exam by itself: there is no such file */
    const char *code_version; /* borrowed: BMUNET_CODE */
    const struct tree *tree;  /* borrowed: the model's own; needed from the first output_add() on */
};

/* What is known of a model as it was opened; the rest is the caller's to fill. */
struct output_facts output_facts(const struct model *m, const struct model_options *how);
/* Append the header, with its line end: it lists the nodes of the model's tree. */
int output_csv_header(struct buf *out, const struct tree *t, struct err *e);
/* Append one line. Probabilities with nine significant digits (a float's worth); numbers of a refused exam are empty. */
int output_csv_row(struct buf *out, const struct prediction *p, const struct tree *t, struct err *e);
/* Append one line; numbers with 17 significant digits; those of a refused exam are null. */
int output_json_line(struct buf *out, const struct prediction *p, const struct output_facts *facts, struct err *e);

struct output;
/* Either path may be NULL. Opening is the check that they can be written. facts is borrowed until commit or abort. The CSV
 * file's header comes with its first row: the model, and with it the tree, may be opened after the files. */
int output_open(struct output **out, const char *csv_path, const char *json_path, const struct output_facts *facts, struct err *e);
int output_add(struct output *o, const struct prediction *p, struct err *e);
int output_commit(struct output *o, struct err *e); /* frees o, also on failure */
void output_abort(struct output *o);                /* frees o; NULL is allowed */

#endif
