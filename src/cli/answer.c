/* The prediction of one exam, for people. Floor 9. */
#include "cli/answer.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "cli/cli.h"
#include "file/csv.h"
#include "file/filename.h"

enum { LABEL_WIDTH = 10, BAR_WIDTH = 24, SLOT_WIDTH = 18, STATUS_WIDTH = 9 };

static void label(FILE *stream, const char *text) {
    say_padded(stream, say(text), LABEL_WIDTH);
    fputc(' ', stream);
}

static void print_exam(FILE *stream, const struct exam *x) {
    const char *const parts[][2] = {{"", x->exam_id}, {say("patient "), x->patient_id}, {say("side "), x->side}};
    const char *separator = "";
    if (!x->exam_id[0] && !x->patient_id[0] && !x->side[0])
        return;
    label(stream, "exam");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!parts[i][1][0])
            continue;
        fprintf(stream, "%s%s", separator, parts[i][0]);
        cli_text(stream, parts[i][1]);
        separator = ", ";
    }
    fputc('\n', stream);
}

/* --- probabilities ------------------------------------------------------------------------------------------------------------ */

static void print_node(FILE *stream, const char *name, int depth, double p, bool chosen, int width) {
    char shown[CSV_SHOW_SIZE];
    const int pad = width - 2 * depth - say_width(csv_show(shown, say(name)));
    fprintf(stream, "  %*s", 2 * depth, "");
    cli_text(stream, shown);
    fprintf(stream, "%*s  %6.4f  ", pad > 0 ? pad : 0, "", p);
    for (long i = 0; i < lrint(p * BAR_WIDTH); i++)
        fputc('#', stream);
    fputs(chosen ? "  <\n" : "\n", stream);
}

/* --- what went in ------------------------------------------------------------------------------------------------------------- */

/* "  absent: a, b": a name at a time; *begun tells whether there was one. */
static void print_absent(FILE *stream, const char *name, bool *begun) {
    fprintf(stream, "%s%s", *begun ? ", " : say("  absent: "), name);
    *begun = true;
}

/* Absent ones have a line of their own only if there is more to say. */
static void print_inputs(FILE *stream, const struct prediction *p) {
    bool begun = false;
    fprintf(stream, "\n%s\n", say("images"));
    for (int s = 0; s < SLOT_COUNT; s++) {
        const struct input_verdict *v = &p->verdict.input[s];
        if (v->status == INPUT_ABSENT && !v->note[0])
            continue;
        fprintf(stream, "  %-*s", SLOT_WIDTH, slot_name((enum slot)s));
        say_padded(stream, say(input_status_name(v->status)), STATUS_WIDTH);
        if (v->code)
            fprintf(stream, "%s: ", err_name(v->code));
        cli_text(stream, v->note);
        fputc('\n', stream);
    }
    for (int s = 0; s < SLOT_COUNT; s++)
        if (p->verdict.input[s].status == INPUT_ABSENT && !p->verdict.input[s].note[0])
            print_absent(stream, slot_name((enum slot)s), &begun);
    fputs(begun ? "\n" : "", stream);
}

static void print_value(FILE *stream, const struct schema_field *f, const struct clinical *c) {
    if (f->type != FIELD_NUMBER) {
        cli_text(stream, f->codes[(size_t)c->value]);
        return;
    }
    fprintf(stream, "%.10g%s", c->value, f->unit[0] ? " " : "");
    cli_text(stream, f->unit);
}

static void print_clinical(FILE *stream, const struct prediction *p) {
    bool begun = false;
    if (!p->schema)
        return;
    fprintf(stream, "\n%s\n", say("clinical values"));
    for (size_t i = 0; i < p->schema->n_fields; i++) {
        if (!p->clinical[i].present)
            continue;
        fprintf(stream, "  %-*s", SLOT_WIDTH, p->schema->fields[i].name);
        print_value(stream, &p->schema->fields[i], &p->clinical[i]);
        fputc('\n', stream);
    }
    for (size_t i = 0; i < p->schema->n_fields; i++)
        if (!p->clinical[i].present)
            print_absent(stream, p->schema->fields[i].name, &begun);
    fputs(!begun ? "" : p->absent_is_zero ? " (the number 0 of the published network stands in their place)\n" : "\n", stream);
}

/* --- what computed it ----------------------------------------------------------------------------------------------------------- */

static void print_model(FILE *stream, const struct model *m, const char *path) {
    const struct model_config *c = model_config(m);
    char hex[SHA256_HEX_SIZE];
    sha256_hex(model_sha256(m), hex);
    fputc('\n', stream);
    label(stream, "model");
    cli_text(stream, filename_base(path));
    fprintf(stream, say(", network %s, variant %s\n%*s sha256 %s\n"), network_name(c->network), variant_name(c->variant), LABEL_WIDTH, "",
            hex);
    label(stream, "tree");
    cli_print_tree(stream, "", model_tree(m));
}

/* As wide as the widest name with its indent, within reason. */
static int node_width(const struct tree *t) {
    char shown[CSV_SHOW_SIZE];
    int width = SLOT_WIDTH;
    for (size_t i = 0; i < t->n_nodes; i++) {
        const int n = 2 * (int)t->nodes[i].level + say_width(csv_show(shown, say(t->nodes[i].name)));
        width = n > width ? n : width;
    }
    return width;
}

/* Every node above its own, leaves marked where the most probable one stands. */
static void print_numbers(FILE *stream, const struct prediction *p, const struct tree *t) {
    const struct model_output *o = &p->output;
    const int width = node_width(t), chosen = (int)t->leaves[o->leaf];
    label(stream, "answer");
    cli_text(stream, t->nodes[chosen].name);
    fputs("\n\n", stream);
    for (size_t leaf = 0; leaf < t->n_leaves; leaf++)
        for (size_t level = 0; level < t->n_levels; level++) { /* the nodes that begin with this leaf, from the top */
            int node = (int)t->leaves[leaf];
            while (t->nodes[node].level > level)
                node = t->nodes[node].parent;
            if (t->nodes[node].first_leaf == leaf)
                print_node(stream, t->nodes[node].name, (int)level, o->node[node], node == chosen, width);
        }
}

void answer_print(FILE *stream, const struct prediction *p, const struct model *m, const char *path) {
    print_exam(stream, p->exam);
    if (p->refused) {
        label(stream, "answer");
        fprintf(stream, "%s, %s: ", say("refused"), err_name(p->verdict.code));
        cli_text(stream, p->verdict.reason);
        fputc('\n', stream);
    } else {
        print_numbers(stream, p, model_tree(m));
        if (p->verdict.reason[0]) {
            fputc('\n', stream);
            label(stream, "note");
            cli_text(stream, p->verdict.reason);
            fputc('\n', stream);
        }
    }
    print_inputs(stream, p);
    print_clinical(stream, p);
    print_model(stream, m, path);
    fprintf(stream, "%s\n", say("Research use only. Not a medical device; the output is a model's score, not a diagnosis."));
}
