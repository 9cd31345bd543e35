/* Predictions as a table for people. Floor 9. */
#include "cli/table.h"

#include <string.h>

#include "cli/cli.h"
#include "file/csv.h"

enum { ID_WIDTH_MIN = 8, ID_WIDTH_MAX = 40 };

/* Columns on a terminal, near enough: one per UTF-8 character. */
static int width_of(const char *text) {
    int n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xC0U) != 0x80;
    return n;
}

void table_begin(struct table *t, FILE *stream, const struct manifest *cohort) {
    char shown[CSV_SHOW_SIZE];
    *t = (struct table){.stream = stream, .id_width = ID_WIDTH_MIN};
    for (size_t i = 0; i < cohort->n; i++) {
        int width = width_of(csv_show(shown, cohort->rows[i].exam.exam_id));
        if (width > t->id_width)
            t->id_width = width < ID_WIDTH_MAX ? width : ID_WIDTH_MAX;
    }
    fprintf(stream, "%-*s  tier     p(T1)    p(T2)    p(T3)    p(T4)    p(T5)   malignant  views used\n", t->id_width, "exam");
}

static void print_views(FILE *stream, const struct prediction *p) {
    static const char *const families[] = {"mammography", "B-mode", "Doppler", "elastography"}; /* two slots each */
    const char *separator = "";
    for (int f = 0; f < SLOT_COUNT / 2; f++) {
        int n = (p->verdict.input[2 * f].status == INPUT_USED) + (p->verdict.input[2 * f + 1].status == INPUT_USED);
        if (n)
            fprintf(stream, "%s%s %d", separator, families[f], n);
        if (n)
            separator = ", ";
    }
}

void table_row(const struct table *t, const struct prediction *p) {
    char shown[CSV_SHOW_SIZE];
    csv_show(shown, p->exam->exam_id);
    int pad = t->id_width - width_of(shown);
    fprintf(t->stream, "%s%*s  ", shown, pad > 0 ? pad : 0, "");
    if (p->refused) {
        fprintf(t->stream, "refused  %s: ", err_name(p->verdict.code));
        cli_text(t->stream, p->verdict.reason);
        fputc('\n', t->stream);
        return;
    }
    fprintf(t->stream, "T%d   ", p->output.tier);
    for (int i = 0; i < TIER_COUNT; i++)
        fprintf(t->stream, "  %7.4f", p->output.p[i]);
    fprintf(t->stream, "     %7.4f  ", p->output.p_malignant);
    print_views(t->stream, p);
    fputs(p->verdict.reason[0] ? "; " : "", t->stream);
    cli_text(t->stream, p->verdict.reason);
    fputc('\n', t->stream);
}

void table_end(const struct table *t, size_t ok, size_t refused) {
    fprintf(t->stream,
            "\n%zu computed, %zu refused. p(T1) .. p(T5): the model's scores for the five tiers; malignant = T3 + T4 + T5.\n"
            "Research use only. Not a medical device; the output is a model's score, not a diagnosis.\n",
            ok, refused);
}
