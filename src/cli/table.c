/* Predictions as a table for people. Floor 9. */
#include "cli/table.h"

#include <string.h>

#include "cli/cli.h"
#include "file/csv.h"

/* Of up to so many leaves with names so short, every probability is shown; of more, that of the most probable one. */
enum { ID_WIDTH_MIN = 8, ID_WIDTH_MAX = 40, LEAF_WIDTH_MIN = 4, LEAVES_SHOWN_MAX = 6, LEAF_SHOWN_WIDTH_MAX = 12 };

static int head_width(const char *name) {
    char shown[CSV_SHOW_SIZE];
    return say_width(csv_show(shown, say(name)));
}

static const char *leaf_name(const struct table *t, size_t leaf) {
    return t->tree->nodes[t->tree->leaves[leaf]].name;
}

/* "p(NAME)", or the name alone, as wide as the column of numbers below it. */
static void print_head(const struct table *t, const char *name, bool of_leaf, int width) {
    char shown[CSV_SHOW_SIZE];
    const int pad = width - head_width(name) - (of_leaf ? 3 : 0);
    fprintf(t->stream, "%*s%s", pad > 0 ? pad : 0, "", of_leaf ? "p(" : "");
    cli_text(t->stream, csv_show(shown, say(name)));
    fputs(of_leaf ? ")" : "", t->stream);
}

/* Of the column of a leaf, and of the positive node. */
static int number_width(const struct table *t, size_t leaf) {
    const int width = head_width(leaf_name(t, leaf)) + 5; /* two blanks, "p()" */
    return width > 9 ? width : 9;
}

static int positive_width(const struct table *t) {
    const int width = head_width(t->tree->nodes[t->tree->positive].name) + 3;
    return width > 12 ? width : 12;
}

void table_begin(struct table *t, FILE *stream, const struct manifest *cohort, const struct tree *tree) {
    char shown[CSV_SHOW_SIZE];
    *t = (struct table){.stream = stream, .tree = tree, .id_width = ID_WIDTH_MIN, .leaf_width = LEAF_WIDTH_MIN};
    for (size_t i = 0; i < cohort->n; i++) {
        int width = say_width(csv_show(shown, cohort->rows[i].exam.exam_id));
        if (width > t->id_width)
            t->id_width = width < ID_WIDTH_MAX ? width : ID_WIDTH_MAX;
    }
    t->leaves_shown = tree->n_leaves <= LEAVES_SHOWN_MAX;
    for (size_t k = 0; k < tree->n_leaves; k++) {
        const int width = head_width(leaf_name(t, k));
        t->leaf_width = width > t->leaf_width ? width : t->leaf_width;
        t->leaves_shown = t->leaves_shown && width <= LEAF_SHOWN_WIDTH_MAX;
    }
    say_padded(stream, say("exam"), t->id_width + 2);
    say_padded(stream, say("tier"), t->leaf_width + 1);
    for (size_t k = 0; k < tree->n_leaves && t->leaves_shown; k++)
        print_head(t, leaf_name(t, k), true, number_width(t, k));
    if (!t->leaves_shown)
        fprintf(stream, "%9s", "p(tier)");
    print_head(t, tree->nodes[tree->positive].name, false, positive_width(t));
    fprintf(stream, "  %s\n", say("views used"));
}

static void print_views(FILE *stream, const struct prediction *p) {
    static const char *const families[] = {"mammography", "B-mode", "Doppler", "elastography"}; /* two slots each */
    const char *separator = "";
    for (int f = 0; f < SLOT_COUNT / 2; f++) {
        int n = (p->verdict.input[2 * f].status == INPUT_USED) + (p->verdict.input[2 * f + 1].status == INPUT_USED);
        if (n)
            fprintf(stream, "%s%s %d", separator, say(families[f]), n);
        if (n)
            separator = ", ";
    }
}

void table_row(const struct table *t, const struct prediction *p) {
    char shown[CSV_SHOW_SIZE];
    csv_show(shown, p->exam->exam_id);
    int pad = t->id_width - say_width(shown);
    fprintf(t->stream, "%s%*s  ", shown, pad > 0 ? pad : 0, "");
    if (p->refused) {
        fprintf(t->stream, "%s  %s: ", say("refused"), err_name(p->verdict.code));
        cli_text(t->stream, p->verdict.reason);
        fputc('\n', t->stream);
        return;
    }
    const char *leaf = leaf_name(t, (size_t)p->output.leaf);
    pad = t->leaf_width + 1 - head_width(leaf);
    cli_text(t->stream, csv_show(shown, leaf));
    fprintf(t->stream, "%*s", pad > 0 ? pad : 0, "");
    for (size_t k = 0; k < t->tree->n_leaves && t->leaves_shown; k++)
        fprintf(t->stream, "%*.4f", number_width(t, k), p->output.p[k]);
    if (!t->leaves_shown)
        fprintf(t->stream, "%9.4f", p->output.p[p->output.leaf]);
    fprintf(t->stream, "%*.4f  ", positive_width(t), p->output.positive);
    print_views(t->stream, p);
    fputs(p->verdict.reason[0] ? "; " : "", t->stream);
    cli_text(t->stream, p->verdict.reason);
    fputc('\n', t->stream);
}

void table_end(const struct table *t, size_t ok, size_t refused) {
    char group[TREE_GROUP_SIZE];
    fprintf(t->stream, say("\n%zu computed, %zu refused. "), ok, refused);
    if (t->leaves_shown) {
        fputs("p(", t->stream);
        cli_text(t->stream, leaf_name(t, 0));
        fputs(") .. p(", t->stream);
        cli_text(t->stream, leaf_name(t, t->tree->n_leaves - 1));
        fprintf(t->stream, say("): the model's scores for the %zu tiers; "), t->tree->n_leaves);
    } else {
        fprintf(t->stream, say("p(tier): the model's score for the tier named, of %zu; "), t->tree->n_leaves);
    }
    cli_text(t->stream, tree_group(group, t->tree, t->tree->positive));
    fputs(".\n", t->stream);
    cli_print_tree(t->stream, say("Disease tree "), t->tree);
    fprintf(t->stream, "%s\n", say("Research use only. Not a medical device; the output is a model's score, not a diagnosis."));
}
