/* Liveness: a place in one workspace for every value and every scratchpad of a plan. Floor 2. */
#include <stdlib.h>

#include "base/mem.h"
#include "tensor/plan.h"

/* Values start on cache lines; the odd extra line keeps large power-of-two tensors from aliasing each other in the caches. */
enum { VALUE_ALIGN = 64, VALUE_GAP = 64 * 3 };

struct block {
    size_t offset, bytes;
    int first, last;
};

static int block_by_size(const void *a, const void *b) {
    const struct block *x = *(struct block *const *)a, *y = *(struct block *const *)b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return (x > y) - (x < y); /* a total order: the same plan every time */
}

/* Largest first, each at the lowest offset where no block that lives at the same time stands (greedy by size: Pisarchyk & Lee 2020). */
static size_t place_blocks(struct block **sorted, int n) {
    size_t total = 0;
    qsort(sorted, (size_t)n, sizeof *sorted, block_by_size);
    for (int i = 0; i < n; i++) {
        struct block *b = sorted[i];
        size_t at = 0;
        bool moved = true;
        while (moved) {
            moved = false;
            for (int j = 0; j < i; j++) {
                const struct block *o = sorted[j];
                const bool together = b->first <= o->last && o->first <= b->last;
                if (together && at < o->offset + o->bytes && o->offset < at + b->bytes) {
                    at = o->offset + o->bytes;
                    moved = true;
                }
            }
        }
        b->offset = at;
        if (at + b->bytes > total)
            total = at + b->bytes;
    }
    return total;
}

static size_t block_bytes(size_t bytes) {
    return (bytes + VALUE_ALIGN - 1) / VALUE_ALIGN * VALUE_ALIGN + VALUE_GAP;
}

static int value_root(const struct plan *p, int v) {
    while (p->values[v].alias >= 0)
        v = p->values[v].alias;
    return v;
}

int plan_place(struct plan *p, struct err *e) {
    const int most = p->n_values + p->n_steps;
    int rc = ERR_NO_MEMORY, n = 0;
    struct block *blocks = mem_alloc((size_t)most, sizeof *blocks, e), **sorted = mem_alloc((size_t)most, sizeof(struct block *), e);
    if (!blocks || !sorted)
        goto out;
    for (int i = 0; i < graph_n_outputs(p->graph); i++)
        p->values[p->outputs[i]].last = p->n_steps; /* read by the caller */
    for (int i = 0; i < p->graph->n; i++)
        if (p->graph->nodes[i].requires_gradient && p->grad_of[i] >= 0)
            p->values[p->grad_of[i]].last = p->n_steps;
    for (int v = 0; v < p->n_values; v++) {
        struct value *root = &p->values[value_root(p, v)];
        if (p->values[v].last > root->last)
            root->last = p->values[v].last;
    }
    for (int v = 0; v < p->n_values; v++)
        if (p->values[v].alias < 0 && p->values[v].first >= 0) { /* inputs stay in the caller's memory */
            blocks[v] = (struct block){0, block_bytes(p->values[v].bytes), p->values[v].first, p->values[v].last};
            sorted[n++] = &blocks[v];
        }
    for (int s = 0; s < p->n_steps; s++)
        if (p->steps[s].scratch_bytes) {
            blocks[p->n_values + s] = (struct block){0, block_bytes(p->steps[s].scratch_bytes), s, s};
            sorted[n++] = &blocks[p->n_values + s];
        }
    p->workspace_bytes = place_blocks(sorted, n);
    for (int v = 0; v < p->n_values; v++)
        p->values[v].offset = blocks[value_root(p, v)].offset;
    for (int s = 0; s < p->n_steps; s++)
        p->steps[s].scratch_offset = blocks[p->n_values + s].offset;
    rc = 0;
out:
    mem_free(blocks);
    mem_free(sorted);
    return rc;
}
