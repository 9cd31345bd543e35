/* A graph of a model and the plan made of it, kept for the next run. Floor 6. Internal to src/model. */
#ifndef BMU_MODEL_PLANNED_H
#define BMU_MODEL_PLANNED_H

#include "ckpt/archive.h"
#include "tensor/plan.h"

struct planned {
    struct graph graph;
    struct plan *plan;
};
/* An empty graph to build on; gradients: its plan gets a backward pass to the inputs that require it. */
int planned_new(struct planned **out, bool gradients, struct err *e);
/* Plan what was built. The weights' pages leave the resident set once they are packed. */
int planned_finish(struct planned *p, struct engine *en, const struct archive *weights, struct err *e);
void planned_free(struct planned *p);

#endif
