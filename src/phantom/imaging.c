/* The presets, and which modality draws a slot. Floor 4. */
#include "phantom/imaging.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "phantom/modality.h"

const struct synth_size *synth_size(const char *name) {
    static const struct synth_size sizes[] = {{"small", 574, 320, 0.4, 220, 300}, {"full", 2294, 1280, 0.1, 600, 800}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (strcmp(name, sizes[i].name) == 0)
            return &sizes[i];
    return NULL;
}

int synth_view(struct image **out, struct synth_meta *meta, uint64_t seed, const struct synth_case *c, enum slot s,
               const struct synth_size *size, struct err *e) {
    assert((int)s >= 0 && s < SLOT_COUNT);
    struct anatomy *a = NULL;
    *out = NULL;
    *meta = (struct synth_meta){.vendor = slot_is_mg(s) ? c->patient->mg_vendor : c->patient->us_vendor};
    if (meta->vendor < 0 || meta->vendor >= SYNTH_VENDORS)
        return err_set(e, ERR_INTERNAL, "exam %u of the synthetic cohort has no vendor", c->number);
    int code = anatomy_make(&a, seed, c, e);
    if (code)
        return code;
    const struct view v = {a, s, size, seed, meta};
    code = slot_is_mg(s) ? mammography_view(out, &v, e) : ultrasound_view(out, &v, e);
    mem_free(a);
    return code;
}
