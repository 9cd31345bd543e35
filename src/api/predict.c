/* bmunet.h: one exam through the network, and the answer as plain data. Floor 8. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "base/mem.h"
#include "scan/draft.h"

void api_input(struct api_input *out, const struct input_verdict *v, enum slot s) {
    snprintf(out->note, sizeof out->note, "%s", v->note);
    out->sha256[0] = out->tensor_sha256[0] = 0;
    if (v->hashed)
        sha256_hex(v->sha256, out->sha256);
    if (v->prepared)
        sha256_hex(v->tensor_sha256, out->tensor_sha256);
    out->shown = (struct bmunet_input){.slot = (int)s,
                                       .status = (int)v->status,
                                       .code = v->code,
                                       .note = out->note,
                                       .sha256 = out->sha256,
                                       .tensor_sha256 = out->tensor_sha256};
}

int api_result(struct bmunet_result **out, const struct bmunet_model *m, const struct prediction *p, const struct output_facts *facts,
               struct err *e) {
    const struct tree *t = model_tree(m->model);
    struct bmunet_result *r = mem_alloc(1, sizeof *r, e);
    int rc = r ? 0 : ERR_NO_MEMORY;
    *out = NULL;
    if (rc)
        return rc;
    buf_init(&r->json);
    r->n_nodes = t->n_nodes;
    r->status = p->refused ? p->verdict.code : 0;
    r->leaf = p->refused ? -1 : (int)t->leaves[p->output.leaf];
    r->positive = p->refused ? NAN : p->output.positive;
    snprintf(r->reason, sizeof r->reason, "%s", p->verdict.reason);
    for (int s = 0; s < SLOT_COUNT; s++)
        api_input(&r->input[s], &p->verdict.input[s], (enum slot)s);
    if (!(r->exam = mem_strdup(p->exam->exam_id, e)))
        rc = ERR_NO_MEMORY;
    if (!rc && !p->refused) {
        r->node = mem_alloc(t->n_nodes, sizeof *r->node, e);
        rc = r->node ? 0 : ERR_NO_MEMORY;
    }
    for (size_t i = 0; r->node && i < t->n_nodes; i++)
        r->node[i] = p->output.node[i];
    if (!rc && !(rc = output_json_line(&r->json, p, facts, e)) && r->json.size && r->json.data[r->json.size - 1] == '\n')
        r->json.data[--r->json.size] = 0;
    if (rc)
        bmunet_result_free(r);
    else
        *out = r;
    return rc;
}

static int predict(struct bmunet_result **out, struct bmunet_model *m, const struct bmunet_exam *x, struct err *e) {
    struct draft *draft = NULL;
    const struct prediction *p = NULL;
    struct api_call call;
    int rc = api_enter(&call, m->options.threads, e);
    if (!rc && !(rc = api_draft(&draft, m, x, e)) && !(rc = predictor_run(&p, m->predictor, draft_exam(draft), draft_fault(draft), e)))
        rc = api_result(out, m, p, &m->facts, e);
    draft_free(draft);
    api_leave(&call);
    return rc;
}

int bmunet_predict(struct bmunet_result **out, struct bmunet_model *model, const struct bmunet_exam *exam, struct bmunet_error *error) {
    struct err e = {0};
    *out = NULL;
    return api_return(error, predict(out, model, exam, &e), &e);
}

void bmunet_result_free(struct bmunet_result *result) {
    if (!result)
        return;
    buf_release(&result->json);
    mem_free(result->exam);
    mem_free(result->node);
    mem_free(result);
}

int bmunet_result_status(const struct bmunet_result *result) {
    return result->status;
}

const char *bmunet_result_reason(const struct bmunet_result *result) {
    return result->reason;
}

const char *bmunet_result_exam(const struct bmunet_result *result) {
    return result->exam;
}

double bmunet_result_probability(const struct bmunet_result *result, size_t node) {
    return result->node && node < result->n_nodes ? result->node[node] : NAN;
}

double bmunet_result_positive(const struct bmunet_result *result) {
    return result->positive;
}

int bmunet_result_leaf(const struct bmunet_result *result) {
    return result->leaf;
}

const struct bmunet_input *bmunet_result_input(const struct bmunet_result *result, enum bmunet_slot slot) {
    return (unsigned)slot < SLOT_COUNT ? &result->input[slot].shown : NULL;
}

const char *bmunet_result_json(const struct bmunet_result *result) {
    return result->json.data;
}
