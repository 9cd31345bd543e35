/* The model file that a training run begins with: fresh, from another model, or joined from the two single-modality stages. Floor 8. */
#ifndef BMU_TRAIN_START_H
#define BMU_TRAIN_START_H

#include "base/err.h"
#include "exam/tree.h"
#include "model/facts.h"
#include "train/settings.h"

struct start {
    const struct train_settings *settings;
    enum stage stage;
    const struct schema *schema;                /* what the clinical inputs mean */
    const double *clinical_mean, *clinical_std; /* of the training exams; [schema->n_fields] */
    const struct vendors *vendors;              /* canonical-v1; may be NULL */
    const struct tree *tree;
    uint64_t seed;                 /* of what is drawn afresh */
    const char *init;              /* a model file of the same network: everything is taken from it, its configuration too; NULL: none */
    const char *init_us, *init_mg; /* stage bmu: the towers and the modality's transformer are taken from these; NULL: fresh */
    const char *init_patch;        /* stages us, mg, bmu: the towers that a patch stage of this kind of image has taught; NULL: none */
    unsigned unlearnt;             /* what the file will say of itself once trained: struct model_config */
};
/* The kinds of images (bit k) that the models named have learnt already; the run's own exams come on top. *whole: of `init`. *ultrasound:
 * of `init_us`, whose fusion begins afresh, so that they count only if a training exam has ultrasound. `init_mg` has one kind: it counts if
 * a training exam has it, which is then said already. */
int start_learnt(unsigned *whole, unsigned *ultrasound, const struct start *s, struct err *e);
/* The network's configuration: of the settings and the tree, or of `init` if that is given, whose facts are then kept open, for the
 * configuration borrows from them. schema and the statistics are not needed yet. */
int start_config(struct model_config *out, struct model_facts *kept, const struct start *s, struct err *e);
/* What was taken from where. */
struct start_report {
    size_t fresh, from_init, from_us, from_mg, from_patch; /* arrays */
};
/* ERR_TREE_HEAD: a file whose outputs are not the leaves of `tree`: name by name of `init`, by their number of the others. ERR_CONFIG: a
 * file that is of another network, width or input size than asked for; the message says which. */
int start_write(const char *path, const struct start *s, struct start_report *report, struct err *e);

#endif
