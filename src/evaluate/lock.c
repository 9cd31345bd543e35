/* threshold.json: a threshold chosen on one set and locked. Floor 5. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "evaluate/results.h"
#include "file/json.h"

void lock_exams(char out[SHA256_HEX_SIZE], const struct joined *j) {
    struct sha256 h;
    uint8_t digest[SHA256_SIZE];
    sha256_init(&h);
    for (size_t i = 0; i < j->n; i++) {
        sha256_update(&h, j->exam_id[i], strlen(j->exam_id[i]));
        sha256_update(&h, "\n", 1);
    }
    sha256_final(&h, digest);
    sha256_hex(digest, out);
}

static const char format[] = "bmunet-threshold-1";

/* Everything but the seal; the seal is the hash of this, compact. */
static struct json *body(const struct lock *l, const char *code_version) {
    const struct threshold *t = &l->threshold;
    struct json *j = json_object();
    json_put_string(j, "format", format);
    json_put_string(j, "rule", study_plan_rule_name((int)t->rule));
    json_put_number(j, "target", t->target);
    json_put_number(j, "value", t->value);
    json_put_number(j, "sensitivity", t->sensitivity);
    json_put_number(j, "specificity", t->specificity);
    json_put_integer(j, "malignant", (int64_t)t->n_positive);
    json_put_integer(j, "benign", (int64_t)t->n_negative);
    json_put_string(j, "predictions_sha256", l->predictions_sha256);
    json_put_string(j, "truth_sha256", l->truth_sha256);
    json_put_string(j, "plan_sha256", l->plan_sha256);
    json_put_string(j, "exams_sha256", l->exams_sha256);
    if (l->positive[0])
        json_put_string(j, "positive", l->positive);
    json_put_string(j, "code_version", code_version);
    return j;
}

static int seal(char out[SHA256_HEX_SIZE], const struct json *j, struct err *e) {
    struct buf text;
    uint8_t digest[SHA256_SIZE];
    buf_init(&text);
    int rc = json_write(j, &text, e);
    if (!rc) {
        sha256_bytes(text.data, text.size, digest);
        sha256_hex(digest, out);
    }
    buf_release(&text);
    return rc;
}

int lock_write(struct buf *out, const struct lock *l, const char *code_version, struct err *e) {
    char hex[SHA256_HEX_SIZE];
    struct json *j = body(l, code_version);
    int rc = json_ok(j) ? seal(hex, j, e) : err_set(e, ERR_NO_MEMORY, "no memory for the threshold");
    if (!rc) {
        json_put_string(j, "seal_sha256", hex);
        rc = json_ok(j) ? json_write_pretty(j, out, e) : err_set(e, ERR_NO_MEMORY, "no memory for the threshold");
    }
    json_free(j);
    return rc ? rc : buf_append(out, "\n", 1, e);
}

static bool take_hash(char out[SHA256_HEX_SIZE], const struct json *j, const char *key) {
    const char *hex = json_string(json_get(j, key));
    if (!hex || strlen(hex) != SHA256_HEX_SIZE - 1)
        return false;
    memcpy(out, hex, SHA256_HEX_SIZE);
    return true;
}

static int take_rule(const char *name) {
    for (int r = THRESHOLD_YOUDEN; r <= THRESHOLD_COST; r++)
        if (name && strcmp(study_plan_rule_name(r), name) == 0)
            return r;
    return PLAN_RULE_NONE;
}

int lock_read(struct lock *out, const char *text, size_t n, struct err *e) {
    struct json *j = NULL, *again = NULL;
    char stated[SHA256_HEX_SIZE], found[SHA256_HEX_SIZE];
    *out = (struct lock){0};
    int rc = json_read(&j, text, n, ERR_THRESHOLD_LOCK, e);
    if (rc)
        return rc;
    struct threshold *t = &out->threshold;
    const int rule = take_rule(json_string(json_get(j, "rule")));
    const char *code = json_string(json_get(j, "code_version")), *kind = json_string(json_get(j, "format"));
    const char *positive = json_string(json_get(j, "positive"));
    snprintf(out->positive, sizeof out->positive, "%s", positive ? positive : "");
    t->rule = (enum threshold_rule)rule;
    t->target = json_number(json_get(j, "target"), NAN);
    t->value = json_number(json_get(j, "value"), NAN);
    t->sensitivity = json_number(json_get(j, "sensitivity"), NAN);
    t->specificity = json_number(json_get(j, "specificity"), NAN);
    t->n_positive = (size_t)json_integer(json_get(j, "malignant"), 0);
    t->n_negative = (size_t)json_integer(json_get(j, "benign"), 0);
    if (rule == PLAN_RULE_NONE || !isfinite(t->value) || !code || !kind || strcmp(kind, format) != 0 ||
        !take_hash(stated, j, "seal_sha256") || !take_hash(out->predictions_sha256, j, "predictions_sha256") ||
        !take_hash(out->truth_sha256, j, "truth_sha256") || !take_hash(out->plan_sha256, j, "plan_sha256") ||
        !take_hash(out->exams_sha256, j, "exams_sha256")) {
        rc = err_set(e, ERR_THRESHOLD_LOCK, "not a threshold.json as the evaluation that chose a threshold writes it");
        goto out;
    }
    again = body(out, code);
    rc = json_ok(again) ? seal(found, again, e) : err_set(e, ERR_NO_MEMORY, "no memory for the threshold");
    if (!rc && strcmp(stated, found) != 0)
        rc = err_set(e, ERR_THRESHOLD_LOCK, "the seal does not match: the file was changed after the threshold was chosen");
out:
    json_free(j);
    json_free(again);
    return rc;
}

int lock_applies(const struct lock *l, const char *predictions_sha256, const struct joined *j, struct err *e) {
    char exams[SHA256_HEX_SIZE];
    lock_exams(exams, j);
    if (strcmp(l->predictions_sha256, predictions_sha256) == 0 || strcmp(l->exams_sha256, exams) == 0)
        return err_set(e, ERR_THRESHOLD_LOCK, "the threshold was chosen on these same exams: evaluate it on others");
    if (l->positive[0] && strcmp(l->positive, j->positive) != 0)
        return err_set(e, ERR_THRESHOLD_LOCK, "the threshold was chosen for %s; by the disease tree given now the score is of %s",
                       l->positive, j->positive);
    return 0;
}
