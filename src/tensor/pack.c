/* Packed weights: made once per (layer, kernel, layout), shared by all plans of a model. Floor 2. */
#include "tensor/pack.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

int pack_store_new(struct pack_store **out, struct err *e) {
    *out = mem_alloc(1, sizeof **out, e);
    return *out ? 0 : ERR_NO_MEMORY;
}

static void pack_free(struct pack *p) {
    mem_free(p->layer);
    dnn_layout_free(p->layout);
    mem_free(p->weights);
    mem_free(p->bias);
    mem_free(p);
}

void pack_store_free(struct pack_store *s) {
    if (!s)
        return;
    while (s->first) {
        struct pack *p = s->first;
        s->first = p->next;
        pack_free(p);
    }
    mem_free(s);
}

const struct pack *pack_find(const struct pack_store *s, const char *layer, const void *kernel, const struct dnn_layout *layout) {
    for (const struct pack *p = s->first; p; p = p->next) {
        if (strcmp(p->layer, layer) != 0 || p->kernel != kernel || !p->layout != !layout)
            continue;
        if (!layout || dnn_layout_equal(p->layout, layout))
            return p;
    }
    return NULL;
}

int pack_add(struct pack **out, struct pack_store *s, const char *layer, const void *kernel, const struct dnn_layout *layout, size_t bytes,
             size_t n_bias, struct err *e) {
    struct pack *p = mem_alloc(1, sizeof *p, e);
    if (!p)
        return ERR_NO_MEMORY;
    p->kernel = kernel;
    p->bytes = bytes;
    p->layer = mem_strdup(layer, e);
    p->weights = mem_alloc_aligned(bytes, 1, e);
    p->bias = n_bias ? mem_alloc_aligned(n_bias, sizeof *p->bias, e) : NULL;
    if (!p->layer || !p->weights || (n_bias && !p->bias) || (layout && dnn_layout_copy(&p->layout, layout, e))) {
        pack_free(p);
        return ERR_NO_MEMORY;
    }
    p->next = s->first;
    s->first = p;
    s->bytes += bytes;
    *out = p;
    return 0;
}
