/* The folder of a report. Floor 6. */
#include "report/report_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "draw/html.h"
#include "draw/pdf.h"
#include "file/folder.h"
#include "report/compose.h"
#include "report/figures.h"

struct report_folder {
    const struct report_folder_options *o;
    struct canvas_fonts *fonts; /* NULL: numbers only */
    struct folder *folder;      /* NULL: finished */
};

int report_folder_open(struct report_folder **out, const struct report_folder_options *o, struct err *e) {
    struct report_folder *r = mem_alloc(1, sizeof *r, e);
    *out = NULL;
    if (!r)
        return ERR_NO_MEMORY;
    r->o = o;
    int rc = o->numbers_only ? 0 : canvas_fonts_open(&r->fonts, e);
    if (!rc)
        rc = folder_begin(&r->folder, o->path, e);
    if (rc)
        report_folder_close(r);
    else
        *out = r;
    return rc;
}

void report_folder_close(struct report_folder *r) {
    if (!r)
        return;
    folder_abandon(r->folder);
    canvas_fonts_free(r->fonts);
    mem_free(r);
}

static int write_numbers(struct report_folder *r, const struct study *s, struct err *e) {
    struct buf text;
    size_t n = 0;
    const struct buf *results = study_results(s);
    const void *plan = study_file_bytes(s, STUDY_PLAN, &n);
    const struct lock *lock = study_chosen_threshold(s);
    buf_init(&text);
    int rc = folder_make(r->folder, "figures", e);
    if (!rc)
        rc = folder_add(r->folder, "results.json", results->data, results->size, NULL, e);
    if (!rc && plan)
        rc = folder_add(r->folder, "plan.yml", plan, n, NULL, e);
    if (!rc && lock)
        rc = lock_write(&text, lock, study_provenance(s).code_version, e);
    if (!rc && lock)
        rc = folder_add(r->folder, "threshold.json", text.data, text.size, NULL, e);
    if (!rc)
        rc = figures_write(r->folder, study_evaluation(s), e);
    buf_release(&text);
    return rc;
}

static void now_as_text(char *out, size_t size) {
    const time_t t = time(NULL);
    struct tm utc;
    strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &utc));
}

/* report.html, report.pdf and the figures as pictures. */
static int write_pages(struct report_folder *r, const struct study *s, struct err *e) {
    const struct report_folder_options *o = r->o;
    const struct provenance from = study_provenance(s);
    struct document *d = NULL;
    char now[32];
    struct buf html, pdf, figures;
    buf_init(&html);
    buf_init(&pdf);
    buf_init(&figures);
    now_as_text(now, sizeof now);
    int rc = buf_printf(&pdf, e, "%s/report.pdf", o->path);
    if (!rc)
        rc = buf_printf(&figures, e, "%s/figures", o->path);
    if (!rc)
        rc = compose_report(&d, study_evaluation(s), &from, &(struct compose_options){o->language, r->fonts}, e);
    if (!rc)
        rc = document_write_figures(d, figures.data, e);
    if (!rc)
        rc = html_render(&html, d, e);
    if (!rc)
        rc = folder_add(r->folder, "report.html", html.data, html.size, NULL, e);
    if (!rc)
        rc = pdf_write(d, r->fonts, o->date ? o->date : now, pdf.data, e);
    document_free(d);
    buf_release(&html);
    buf_release(&pdf);
    buf_release(&figures);
    return rc;
}

int report_folder_write(struct report_folder *r, const struct study *s, struct err *e) {
    int rc = write_numbers(r, s, e);
    if (!rc && !r->o->numbers_only)
        rc = write_pages(r, s, e);
    if (rc)
        return rc;
    struct folder *done = r->folder;
    r->folder = NULL;
    return folder_finish(done, e);
}
