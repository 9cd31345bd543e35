/* The model card. Floor 8. */
#include "train/card.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/pool.h"

static const char *hex_of(const uint8_t digest[SHA256_SIZE], char out[SHA256_HEX_SIZE]) {
    sha256_hex(digest, out);
    return out;
}

static const struct epoch_record *best_record(const struct run_result *r) {
    for (size_t i = r->history.n; i-- > 0;)
        if (r->history.epochs[i].best)
            return &r->history.epochs[i];
    return r->history.n ? &r->history.epochs[r->history.n - 1] : NULL;
}

static struct json *counts_json(const struct run_options *o, int part) {
    const struct part_counts *c = &o->cohort->counts[part];
    struct json *j = json_object(), *leaves = json_object(), *available = json_object();
    char name[40];
    json_put_integer(j, "exams", c->exams);
    json_put_integer(j, "patients", c->patients);
    json_put_integer(j, "left_out_unlabelled", c->unlabelled);
    json_put_integer(j, "left_out_no_view", c->no_view);
    json_put_integer(j, "left_out_refused", c->refused);
    for (size_t k = 0; k < o->tree->n_leaves; k++)
        json_put_integer(leaves, o->tree->nodes[o->tree->leaves[k]].name, c->leaf[k]);
    json_put(j, "leaves", leaves);
    for (unsigned a = 1; a < AVAILABILITIES; a++)
        if (c->availability[a])
            json_put_integer(available, availability_name(a, name), c->availability[a]);
    json_put(j, "available", available);
    return j;
}

static struct json *names_json(const struct part_names *n) {
    struct json *list = json_array();
    for (size_t i = 0; i < n->n; i++)
        json_push_string(list, n->list[i]);
    return list;
}

struct json *card_provenance(const struct run_options *o, const struct run_result *r) {
    struct json *j = json_object();
    char hex[SHA256_HEX_SIZE];
    const struct epoch_record *best = best_record(r);
    json_put_string(j, "stage", stage_name(o->start->stage));
    json_put(j, "settings", settings_to_json(o->settings));
    json_put_integer(j, "seed", (int64_t)o->seed);
    json_put_integer(j, "threads", pool_threads());
    json_put_string(j, "data_sha256", hex_of(o->cohort->data_sha256, hex));
    if (o->tree->sha256[0])
        json_put_string(j, "tree_sha256", o->tree->sha256);
    json_put_string(j, "split_sha256", hex_of(o->cohort->split_sha256, hex));
    json_put_string(j, "code_version", o->code_version);
    json_put(j, "training_splits", names_json(&o->cohort->names[PART_TRAIN]));
    json_put(j, "validation_splits", names_json(&o->cohort->names[PART_VALIDATION]));
    json_put_string(j, "kept", o->cohort->n[PART_VALIDATION] ? "best epoch" : "last epoch");
    json_put(j, "training", counts_json(o, PART_TRAIN));
    json_put(j, "validation", counts_json(o, PART_VALIDATION));
    if (best) {
        json_put_integer(j, "epoch", best->epoch);
        json_put_number(j, "validation_auc", best->scores.auc);
        json_put_number(j, "validation_macro_auc", best->scores.macro_auc);
        json_put_number(j, "validation_loss", best->scores.loss);
    }
    return j;
}

static void write_counts(struct buf *b, const struct run_options *o) {
    char name[40];
    const struct part_counts *c = o->cohort->counts;
    buf_printf(b, NULL, "| | training | validation |\n|---|---:|---:|\n| exams | %u | %u |\n| patients | %u | %u |\n", c[0].exams,
               c[1].exams, c[0].patients, c[1].patients);
    for (size_t k = 0; k < o->tree->n_leaves; k++)
        buf_printf(b, NULL, "| %s, %s | %u | %u |\n", o->tree->nodes[o->tree->leaves[k]].name, o->tree->nodes[o->tree->leaves[k]].title,
                   c[0].leaf[k], c[1].leaf[k]);
    for (size_t level = 0; level + 1 < o->tree->n_levels; level++) {
        int node[TREE_LEAVES_MAX];
        const size_t n = tree_level(node, o->tree, level);
        for (size_t k = 0; k < n; k++)
            if (c[0].inner[level][k] || c[1].inner[level][k])
                buf_printf(b, NULL, "| %s, nothing finer known | %u | %u |\n", o->tree->nodes[node[k]].name, c[0].inner[level][k],
                           c[1].inner[level][k]);
    }
    for (unsigned a = 1; a < AVAILABILITIES; a++)
        if (c[0].availability[a] || c[1].availability[a])
            buf_printf(b, NULL, "| images: %s | %u | %u |\n", availability_name(a, name), c[0].availability[a], c[1].availability[a]);
    buf_printf(b, NULL,
               "| left out: no diagnosis | %u | %u |\n| left out: no image of this stage | %u | %u |\n| left out: refused | %u | %u |\n\n",
               c[0].unlabelled, c[1].unlabelled, c[0].no_view, c[1].no_view, c[0].refused, c[1].refused);
}

/* A column of the table, counted by its values; few values only, for it is a table for people. */
static void write_groups(struct buf *b, const struct run_options *o, const char *title, size_t member) {
    enum { GROUPS = 24 };
    const char *value[GROUPS];
    uint32_t count[GROUPS][PART_COUNT] = {{0}}, n = 0;
    for (int p = 0; p < PART_COUNT; p++)
        for (uint32_t i = 0; i < o->cohort->n[p]; i++) {
            const char *v =
                *(const char *const *)(const void *)((const char *)&o->cohort->manifest->rows[o->cohort->items[p][i].number] + member);
            uint32_t k = 0;
            while (k < n && strcmp(value[k], v) != 0)
                k++;
            if (k == n && n < GROUPS)
                value[n++] = v;
            if (k < GROUPS)
                count[k][p]++;
        }
    if (n == 0 || (n == 1 && !value[0][0]))
        return;
    buf_printf(b, NULL, "| %s | training | validation |\n|---|---:|---:|\n", title);
    for (uint32_t k = 0; k < n; k++)
        buf_printf(b, NULL, "| %.60s | %u | %u |\n", value[k][0] ? value[k] : "not said", count[k][0], count[k][1]);
    buf_printf(b, NULL, n == GROUPS ? "(the first %d values only)\n\n" : "\n", GROUPS);
}

__attribute__((format(printf, 3, 4))) static void write_number(struct buf *b, double v, const char *what, ...) {
    char text[600];
    va_list args;
    va_start(args, what);
    vsnprintf(text, sizeof text, what, args);
    va_end(args);
    if (isnan(v))
        buf_printf(b, NULL, "| %s | not available (one class only) |\n", text);
    else
        buf_printf(b, NULL, "| %s | %.4f |\n", text, v);
}

static void write_results(struct buf *b, const struct tree *t, const struct run_result *r, uint32_t planned) {
    char name[40];
    const char *positive = t->nodes[t->positive].name, *negative = tree_negative_name(t);
    const struct epoch_record *best = best_record(r);
    if (!best)
        return;
    const struct scores *s = &best->scores;
    if (s->exams == 0 && r->history.n < planned) {
        buf_printf(b, NULL,
                   "None. The run is unfinished: %zu of %u epochs. No exam judges the epochs: the weights are to be those of the last "
                   "one, whose number was fixed before.\n\n",
                   r->history.n, planned);
        return;
    }
    if (s->exams == 0) {
        buf_printf(
            b, NULL,
            "None. No exam judged the epochs: the weights are those of the last one, %u, whose number was fixed before. How good they "
            "are has to be asked of exams that took no part.\n\n",
            best->epoch + 1);
        return;
    }
    buf_printf(
        b, NULL,
        "Epoch %u of %zu so far, %u validation exams. These exams chose the epoch: they flatter. Judge by exams that took no part.\n\n"
        "| | |\n|---|---:|\n",
        best->epoch + 1, r->history.n, s->exams);
    write_number(b, s->auc, "AUC, %s against %s", positive, negative);
    write_number(b, s->macro_auc, "mean AUC of each %s against the rest", t->levels[t->n_levels - 1]);
    if (tree_negative(t) >= 0)
        write_number(b, s->class_accuracy, "accuracy, %s or %s", positive, negative);
    else
        write_number(b, s->class_accuracy, "accuracy, %s", t->levels[0]);
    write_number(b, s->tier_accuracy, "accuracy, %s", t->levels[t->n_levels - 1]);
    write_number(b, s->loss, "loss");
    buf_printf(b, NULL, "\n| images | exams | %s | AUC |\n|---|---:|---:|---:|\n", positive);
    for (unsigned a = 1; a < AVAILABILITIES; a++) {
        if (!s->by_availability[a].exams)
            continue;
        buf_printf(b, NULL, "| %s | %u | %u | ", availability_name(a, name), s->by_availability[a].exams, s->by_availability[a].malignant);
        buf_printf(b, NULL, isnan(s->by_availability[a].auc) ? "- |\n" : "%.4f |\n", s->by_availability[a].auc);
    }
    buf_printf(b, NULL, "\n");
}

int card_write(struct buf *b, const struct run_options *o, const struct run_result *r, struct err *e) {
    const struct train_settings *s = o->settings;
    char hex[SHA256_HEX_SIZE], group[TREE_GROUP_SIZE];
    struct buf settings;
    buf_init(&settings);
    buf_printf(b, NULL,
               "# Model card: bmunet, stage %s, preset %s\n\n## What it is\n\n"
               "A research model that sorts one breast's exam into the tiers of the disease tree `%s` (approved by: %s; %s). It is not "
               "cleared for "
               "clinical use, and its numbers are not a probability of disease within some years. %s\n\n",
               stage_name(o->start->stage), s->name, o->tree->name, o->tree->approved_by, tree_group(group, o->tree, o->tree->positive),
               o->start->stage == STAGE_BMU
                   ? "It takes any subset of mammography (CC, MLO), ultrasound (B-mode, Doppler, elastography) and clinical values."
                   : "A stage of one modality: meant to start the fused network from.");
    for (unsigned k = 0; k < KIND_COUNT; k++)
        if (o->start->unlearnt >> k & 1U)
            buf_printf(b, NULL, "**No exam has taught it %s**: it refuses such images.\n\n", slot_kind_title((enum kind)k));
    buf_printf(b, NULL, "## Exams\n\n");
    write_counts(b, o);
    write_groups(b, o, "centre", offsetof(struct cohort_row, center));
    write_groups(b, o, "vendor", offsetof(struct cohort_row, vendor));
    for (size_t k = 0; k < o->tree->n_leaves; k++)
        if (o->cohort->counts[PART_TRAIN].leaf[k] == 0)
            buf_printf(b, NULL, "**No training exam is %s**: that tier was not trained.\n\n", o->tree->nodes[o->tree->leaves[k]].name);
    buf_printf(b, NULL, "## Validation\n\n");
    write_results(b, o->tree, r, (uint32_t)s->epochs[o->start->stage]);
    buf_printf(b, NULL, "## How it was made\n\n- data: `%s`\n", hex_of(o->cohort->data_sha256, hex));
    buf_printf(b, NULL, "- split: `%s`\n- seed %llu, %d threads, code %s\n", hex_of(o->cohort->split_sha256, hex),
               (unsigned long long)o->seed, pool_threads(), o->code_version);
    if (o->tree->sha256[0])
        buf_printf(b, NULL, "- disease tree: `%s`\n", o->tree->sha256);
    if (s->sampler == SAMPLER_BALANCED)
        buf_printf(b, NULL,
                   "- exams were drawn with every class equally often: its probabilities are not those of the cohort until they are "
                   "recalibrated\n");
    int rc = json_text(&settings, settings_to_json(s), e);
    if (rc == 0)
        rc = buf_printf(b, e, "- settings: `%s`\n", settings.data);
    buf_release(&settings);
    return rc;
}
