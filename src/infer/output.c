/* Predictions as files: a CSV row and a JSON line per exam. Floor 7. */
#include "infer/output.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/version.h"
#include "file/io.h"
#include "file/json.h"

struct output_facts output_facts(const struct model *m, const struct model_options *how) {
    const struct model_config *c = model_config(m);
    struct output_facts facts = {.network = c->network,
                                 .variant = c->variant,
                                 .precision = how->precision,
                                 .exact = how->exact,
                                 .untrained = model_untrained(m),
                                 .code_version = BMUNET_CODE,
                                 .tree = model_tree(m)};
    memcpy(facts.model_sha256, model_sha256(m), sizeof facts.model_sha256);
    return facts;
}

/* The names of the columns after exam_id, status and tier: the leaves, then the nodes of each level upwards. */
int output_csv_header(struct buf *out, const struct tree *t, struct err *e) {
    int node[TREE_NODES_MAX], rc = buf_printf(out, e, "exam_id,status,tier,");
    struct buf name;
    buf_init(&name);
    tree_listing(node, t);
    for (size_t i = 0; i < t->n_nodes && !rc; i++) {
        buf_clear(&name);
        if (!(rc = buf_printf(&name, e, "p_%s", t->nodes[node[i]].name)) && !(rc = buf_csv_cell(out, name.data, e)))
            rc = buf_append(out, ",", 1, e);
    }
    buf_release(&name);
    return rc ? rc : buf_printf(out, e, "views_used,reason\n");
}

/* tier and the probabilities; of a refused exam so many empty cells. */
static int add_numbers(struct buf *out, const struct prediction *p, const struct tree *t, struct err *e) {
    int node[TREE_NODES_MAX];
    int rc = p->refused ? 0 : buf_csv_cell(out, t->nodes[t->leaves[p->output.leaf]].name, e);
    tree_listing(node, t);
    for (size_t i = 0; i < t->n_nodes && !rc; i++)
        rc = p->refused ? buf_append(out, ",", 1, e) : buf_printf(out, e, ",%.9g", p->output.node[node[i]]);
    return rc;
}

static int add_views(struct buf *out, const struct prediction *p, struct err *e) {
    int rc = 0;
    const char *plus = "";
    for (int s = 0; s < SLOT_COUNT && !rc; s++) {
        if (p->verdict.input[s].status != INPUT_USED)
            continue;
        rc = buf_printf(out, e, "%s%s", plus, slot_name((enum slot)s));
        plus = "+";
    }
    return rc;
}

/* "CODE: sentence" for a refused exam; a computed one may have something to say too (images counted as absent). */
static int add_reason(struct buf *out, const struct prediction *p, struct err *e) {
    struct buf text;
    buf_init(&text);
    int rc = buf_printf(&text, e, "%s%s%s", p->refused ? err_name(p->verdict.code) : "", p->refused ? ": " : "", p->verdict.reason);
    if (!rc)
        rc = buf_csv_cell(out, text.data, e);
    buf_release(&text);
    return rc;
}

int output_csv_row(struct buf *out, const struct prediction *p, const struct tree *t, struct err *e) {
    int rc = buf_csv_cell(out, p->exam->exam_id, e);
    if (!rc)
        rc = buf_printf(out, e, ",%s,", p->refused ? "refused" : "ok");
    if (!rc && !(rc = add_numbers(out, p, t, e)))
        rc = buf_append(out, ",", 1, e);
    if (!rc && !p->refused)
        rc = add_views(out, p, e);
    if (!rc && !(rc = buf_append(out, ",", 1, e)))
        rc = add_reason(out, p, e);
    return rc ? rc : buf_append(out, "\n", 1, e);
}

/* A code's spelling is told only where the cell was read through the schema. */
static struct json *clinical_json(const struct prediction *p, bool positional) {
    struct json *list = json_array();
    for (size_t i = 0; p->schema && i < p->schema->n_fields; i++) {
        const struct schema_field *f = &p->schema->fields[i];
        const struct clinical *c = &p->clinical[i];
        struct json *j = json_object();
        json_put_string(j, "name", f->name);
        json_put_string(j, "status", c->present ? "used" : "absent");
        json_put_number(j, "value", c->present ? c->value : NAN);
        bool coded = !positional && c->present && f->type != FIELD_NUMBER && c->value >= 0 && c->value < (double)f->n_codes &&
                     c->value == floor(c->value);
        if (coded)
            json_put_string(j, "label", f->codes[(size_t)c->value]);
        if (!c->present && p->absent_is_zero)
            json_put_string(j, "note", "absent: the number 0 of the published network stood in its place");
        json_push(list, j);
    }
    return list;
}

/* p_NODE of every node above the leaves: the order of the CSV file's columns. */
static void put_nodes(struct json *line, const struct prediction *p, const struct tree *t) {
    int node[TREE_NODES_MAX];
    tree_listing(node, t);
    for (size_t i = t->n_leaves; i < t->n_nodes; i++) {
        char key[TREE_NODE_NAME_MAX + 3];
        snprintf(key, sizeof key, "p_%s", t->nodes[node[i]].name);
        json_put_number(line, key, p->refused ? NAN : p->output.node[node[i]]);
    }
}

static void put_numbers(struct json *line, const struct prediction *p, const struct tree *t) {
    const struct model_output *m = &p->output;
    struct json *logits = p->refused ? NULL : json_array(), *probabilities = p->refused ? NULL : json_array();
    for (size_t i = 0; i < t->n_leaves && !p->refused; i++) {
        json_push_number(logits, (double)m->logits[i]);
        json_push_number(probabilities, m->p[i]);
    }
    if (p->refused) {
        json_put_string(line, "logits", NULL);
        json_put_string(line, "p", NULL);
    } else {
        json_put(line, "logits", logits);
        json_put(line, "p", probabilities);
    }
    json_put_string(line, "tier", p->refused ? NULL : t->nodes[t->leaves[m->leaf]].name);
    put_nodes(line, p, t);
}

/* What the numbers mean, so that a line can be read without its model. */
static void put_tree(struct json *line, const struct prediction *p, const struct tree *t) {
    struct json *j = json_object(), *leaves = json_array();
    json_put_string(j, "name", t->name);
    json_put_string(j, "approved_by", t->approved_by);
    json_put_string(j, "sha256", t->sha256[0] ? t->sha256 : NULL);
    for (size_t i = 0; i < t->n_leaves; i++)
        json_push_string(leaves, t->nodes[t->leaves[i]].name);
    json_put(j, "leaves", leaves);
    json_put_string(j, "positive", t->nodes[t->positive].name);
    json_put_number(j, "p_positive", p->refused ? NAN : p->output.positive);
    json_put(line, "tree", j);
}

static void put_provenance(struct json *line, const struct output_facts *facts) {
    char hex[SHA256_HEX_SIZE];
    sha256_hex(facts->model_sha256, hex);
    json_put_string(line, "model_sha256", hex);
    sha256_hex(facts->exams_sha256, hex);
    json_put_string(line, "exams_sha256", facts->no_table ? NULL : hex);
    json_put_string(line, "network", network_name(facts->network));
    json_put_string(line, "variant", variant_name(facts->variant));
    json_put_string(line, "precision", precision_name(facts->precision));
    json_put_bool(line, "exact", facts->exact);
    json_put_string(line, "code_version", facts->code_version);
    if (facts->untrained)
        json_put_bool(line, "untrained", true);
    if (facts->positional_clinical)
        json_put_string(line, "clinical_source", "clinic_info columns by position: units and ranges are not known");
}

static struct json *times_json(const struct prediction_times *t) {
    struct json *j = json_object();
    json_put_number(j, "read", t->read);
    json_put_number(j, "prep", t->prep);
    json_put_number(j, "network", t->network);
    json_put_number(j, "total", t->total);
    return j;
}

int output_json_line(struct buf *out, const struct prediction *p, const struct output_facts *facts, struct err *e) {
    struct json *line = json_object();
    json_put_string(line, "exam_id", p->exam->exam_id[0] ? p->exam->exam_id : NULL);
    json_put_string(line, "status", p->refused ? "refused" : "ok");
    json_put_string(line, "code", p->refused ? err_name(p->verdict.code) : NULL);
    json_put_string(line, "reason", p->verdict.reason);
    put_numbers(line, p, facts->tree);
    json_put(line, "inputs", verdict_inputs_json(&p->verdict));
    json_put(line, "clinical", clinical_json(p, facts->positional_clinical));
    json_put(line, "times_ms", times_json(&p->ms));
    put_provenance(line, facts);
    put_tree(line, p, facts->tree);
    int rc = json_ok(line) ? json_write(line, out, e) : err_set(e, ERR_NO_MEMORY, "no memory for a line of JSON");
    json_free(line);
    return rc ? rc : buf_append(out, "\n", 1, e);
}

struct output {
    struct replace *csv, *json; /* NULL: not asked for */
    const struct output_facts *facts;
    struct buf line;
    bool begun; /* the CSV file has its header */
};

int output_open(struct output **out, const char *csv_path, const char *json_path, const struct output_facts *facts, struct err *e) {
    *out = NULL;
    struct output *o = mem_alloc(1, sizeof *o, e);
    if (!o)
        return ERR_NO_MEMORY;
    buf_init(&o->line);
    o->facts = facts;
    int rc = csv_path ? replace_open(&o->csv, csv_path, e) : 0;
    if (!rc && json_path)
        rc = replace_open(&o->json, json_path, e);
    if (rc)
        output_abort(o);
    else
        *out = o;
    return rc;
}

static int begin_csv(struct output *o, struct err *e) {
    if (o->begun || !o->csv)
        return 0;
    buf_clear(&o->line);
    o->begun = true;
    const int rc = output_csv_header(&o->line, o->facts->tree, e);
    return rc ? rc : replace_write(o->csv, o->line.data, o->line.size, e);
}

int output_add(struct output *o, const struct prediction *p, struct err *e) {
    int rc = begin_csv(o, e);
    buf_clear(&o->line);
    if (!rc && o->csv && !(rc = output_csv_row(&o->line, p, o->facts->tree, e)))
        rc = replace_write(o->csv, o->line.data, o->line.size, e);
    buf_clear(&o->line);
    if (!rc && o->json && !(rc = output_json_line(&o->line, p, o->facts, e)))
        rc = replace_write(o->json, o->line.data, o->line.size, e);
    return rc;
}

/* Both are on the disk before either is replaced: a disk that is full spares both. */
int output_commit(struct output *o, struct err *e) {
    int rc = begin_csv(o, e);
    if (!rc && o->json)
        rc = replace_sync(o->json, e);
    if (!rc && o->csv)
        rc = replace_sync(o->csv, e);
    if (!rc && o->json) {
        rc = replace_commit(o->json, e);
        o->json = NULL;
    }
    if (!rc && o->csv) {
        rc = replace_commit(o->csv, e);
        o->csv = NULL;
    }
    output_abort(o);
    return rc;
}

void output_abort(struct output *o) {
    if (!o)
        return;
    replace_abort(o->csv);
    replace_abort(o->json);
    buf_release(&o->line);
    mem_free(o);
}
