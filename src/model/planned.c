/* A graph of a model and its plan. Floor 6. */
#include "model/planned.h"

#include <stdlib.h>

#include "base/mem.h"

int planned_new(struct planned **out, bool gradients, struct err *e) {
    struct planned *p = mem_alloc(1, sizeof *p, e);
    if (!p)
        return ERR_NO_MEMORY;
    graph_init_mode(&p->graph, (struct graph_mode){.gradients = gradients}, (struct graph_parameters){0});
    *out = p;
    return 0;
}

int planned_finish(struct planned *p, struct engine *en, const struct archive *weights, struct err *e) {
    const int rc = plan_new(&p->plan, &p->graph, en, e);
    archive_forget(weights); /* what linear layers read */
    return rc;
}

void planned_free(struct planned *p) {
    if (!p)
        return;
    plan_free(p->plan);
    graph_release(&p->graph);
    mem_free(p);
}
