/* Predictions, one exam at a time. Floor 7. */
#include "infer/predictor.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/progress.h"
#include "prep/exam_prep.h"

struct predictor {
    struct model *model;
    const struct model_config *config;
    struct exam_prep_options prep;
    struct decoder *decoder, *own; /* own: what is closed with the predictor; NULL: the decoder is borrowed */
    float *views;                  /* all views of an exam end to end; NULL until a view was met; pages of slots never met stay untouched */
    struct clinical clinical[SCHEMA_FIELDS_MAX];
    struct prediction prediction;
};

int predictor_open(struct predictor **out, struct model *m, const struct predictor_options *options, struct err *e) {
    static const struct predictor_options none;
    const struct predictor_options *o = options ? options : &none;
    *out = NULL;
    if (model_config(m)->patch)
        return err_set(e, ERR_UNSUPPORTED,
                       "this model was trained on parts of pictures, %d pixels wide, to start other stages from; it predicts nothing",
                       model_config(m)->patch);
    struct predictor *p = mem_alloc(1, sizeof *p, e);
    if (!p)
        return ERR_NO_MEMORY;
    p->model = m;
    p->config = model_config(m);
    const struct model_slots slots = model_slots(p->config);
    p->prep = (struct exam_prep_options){.profile = &p->config->prep,
                                         .taken = slots.taken,
                                         .unlearnt = slots.unlearnt,
                                         .network = network_name(p->config->network),
                                         .allow_partial = o->allow_partial,
                                         .allow_tomosynthesis = o->allow_tomosynthesis,
                                         .trust_table = o->trust_table,
                                         .cache = o->cache};
    int rc = o->decoder ? 0 : decoder_open(&p->own, &(struct decoder_options){.paths = o->paths}, e);
    p->decoder = o->decoder ? o->decoder : p->own;
    if (rc)
        predictor_close(p);
    else
        *out = p;
    return rc;
}

void predictor_close(struct predictor *p) {
    if (!p)
        return;
    decoder_close(p->own);
    mem_free(p->views);
    mem_free(p);
}

/* The published release's black image, said where it stood in. */
static void say_what_stood_in(const struct predictor *p, struct prediction *x) {
    const unsigned places = model_slots(p->config).places;
    for (int s = 0; s < SLOT_COUNT && !x->refused && p->config->variant == VARIANT_REFERENCE; s++) {
        struct input_verdict *v = &x->verdict.input[s];
        if (places >> s & 1U && v->status != INPUT_USED)
            verdict_note(v, "%s: the published release's black image was used, as this model is the reference variant",
                         v->status == INPUT_ABSENT ? "absent" : "");
    }
}

int predictor_prepare(struct predictor *p, const struct exam *exam, const struct exam_fault *known, struct err *e) {
    const struct schema *schema = model_schema(p->model);
    struct prediction *x = &p->prediction;
    struct exam_prep_times ms;
    *x = (struct prediction){.exam = exam, .schema = schema, .absent_is_zero = p->config->clinical == CLINICAL_CONCAT};
    for (size_t i = 0; schema && i < schema->n_fields && i < SCHEMA_FIELDS_MAX; i++)
        p->clinical[i] = exam->clinical && exam->clinical[i].present ? exam->clinical[i] : (struct clinical){0};
    x->clinical = schema ? p->clinical : NULL;
    int rc = exam_prep(&x->verdict, &p->views, &ms, exam, known, &p->prep, p->decoder, e);
    if (rc)
        return rc;
    x->ms = (struct prediction_times){.read = ms.read, .prep = ms.prep};
    x->refused = x->verdict.code != 0;
    say_what_stood_in(p, x);
    return 0;
}

const struct verdict *predictor_verdict(const struct predictor *p) {
    return &p->prediction.verdict;
}

const float *predictor_view(const struct predictor *p, enum slot s) {
    return p->prediction.verdict.input[s].status == INPUT_USED ? p->views + prep_offset(&p->config->prep, s) : NULL;
}

int predictor_compute(const struct prediction **out, struct predictor *p, struct err *e) {
    struct prediction *x = &p->prediction;
    *out = NULL;
    if (!x->refused) {
        struct model_input in = {.clinical = x->clinical};
        struct err why = {0};
        for (int s = 0; s < SLOT_COUNT; s++)
            in.view[s] = predictor_view(p, (enum slot)s);
        double started = clock_seconds();
        int rc = model_run(p->model, &in, &x->output, &why);
        x->ms.network = 1e3 * (clock_seconds() - started);
        if (rc) {
            x->output = (struct model_output){0};
            if (err_ends_run(rc))
                return err_set(e, rc, "exam %s: %s", exam_title(x->exam), why.message);
            x->verdict.code = rc;
            snprintf(x->verdict.reason, sizeof x->verdict.reason, "%.*s", (int)sizeof x->verdict.reason - 1, why.message);
            x->refused = true;
        }
    }
    x->ms.total = x->ms.read + x->ms.prep + x->ms.network;
    *out = x;
    return 0;
}

int predictor_run(const struct prediction **out, struct predictor *p, const struct exam *exam, const struct exam_fault *known,
                  struct err *e) {
    *out = NULL;
    int rc = predictor_prepare(p, exam, known, e);
    return rc ? rc : predictor_compute(out, p, e);
}
