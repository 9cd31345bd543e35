/* bmunet.h: images to tensors, without computing. Floor 8. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "base/mem.h"
#include "scan/draft.h"

struct bmunet_prepared {
    int status;
    char reason[sizeof((struct verdict){0}.reason)];
    struct api_input input[SLOT_COUNT];
    struct bmunet_tensor tensor[SLOT_COUNT]; /* data NULL: absent or refused */
    float *data[SLOT_COUNT];
};

static int take_tensor(struct bmunet_prepared *p, const struct bmunet_model *m, enum slot s, struct err *e) {
    const struct prep_profile *profile = &model_config(m->model)->prep;
    const float *view = predictor_view(m->predictor, s);
    const size_t n = prep_size(profile, s);
    const bool mg = slot_is_mg(s);
    if (!view)
        return 0;
    if (!(p->data[s] = mem_alloc_aligned(n, sizeof(float), e)))
        return ERR_NO_MEMORY;
    memcpy(p->data[s], view, n * sizeof(float));
    p->tensor[s] = (struct bmunet_tensor){.channels = mg ? 1 : 3,
                                          .height = mg ? profile->mg_height : profile->us_height,
                                          .width = mg ? profile->mg_width : profile->us_width,
                                          .data = p->data[s]};
    return 0;
}

static int prepare(struct bmunet_prepared *p, struct bmunet_model *m, const struct bmunet_exam *x, struct err *e) {
    struct draft *draft = NULL;
    int rc = api_draft(&draft, m, x, e);
    if (!rc)
        rc = predictor_prepare(m->predictor, draft_exam(draft), draft_fault(draft), e);
    if (!rc) {
        const struct verdict *v = predictor_verdict(m->predictor);
        p->status = v->code;
        snprintf(p->reason, sizeof p->reason, "%s", v->reason);
        for (int s = 0; s < SLOT_COUNT && !rc; s++) {
            api_input(&p->input[s], &v->input[s], (enum slot)s);
            rc = take_tensor(p, m, (enum slot)s, e);
        }
    }
    draft_free(draft);
    return rc;
}

int bmunet_prepare(struct bmunet_prepared **out, struct bmunet_model *model, const struct bmunet_exam *exam, struct bmunet_error *error) {
    struct err e = {0};
    struct api_call call;
    *out = NULL;
    struct bmunet_prepared *p = mem_alloc(1, sizeof *p, &e);
    if (!p)
        return api_return(error, ERR_NO_MEMORY, &e);
    int rc = api_enter(&call, model->options.threads, &e);
    if (!rc)
        rc = prepare(p, model, exam, &e);
    api_leave(&call);
    if (rc)
        bmunet_prepared_free(p);
    else
        *out = p;
    return api_return(error, rc, &e);
}

void bmunet_prepared_free(struct bmunet_prepared *prepared) {
    for (int s = 0; prepared && s < SLOT_COUNT; s++)
        mem_free(prepared->data[s]);
    mem_free(prepared);
}

int bmunet_prepared_status(const struct bmunet_prepared *prepared) {
    return prepared->status;
}

const char *bmunet_prepared_reason(const struct bmunet_prepared *prepared) {
    return prepared->reason;
}

const struct bmunet_input *bmunet_prepared_input(const struct bmunet_prepared *prepared, enum bmunet_slot slot) {
    return (unsigned)slot < SLOT_COUNT ? &prepared->input[slot].shown : NULL;
}

int bmunet_prepared_tensor(struct bmunet_tensor *out, const struct bmunet_prepared *prepared, enum bmunet_slot slot) {
    *out = (struct bmunet_tensor){0};
    if ((unsigned)slot >= SLOT_COUNT || !prepared->data[slot])
        return -1;
    *out = prepared->tensor[slot];
    return 0;
}
