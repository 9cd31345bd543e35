/* A run's curves as SVG: loss and AUC over epochs. Floor 8.
 *
 * No fonts are opened: a run needs none, and ends on a machine without them as on any other. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "draw/plot.h"
#include "train/history.h"

enum { TITLE = 34, PANELS = 2, LINES = 2, NAME = 64 };

struct line {
    const char *name;
    double (*value)(const struct epoch_record *r);
};
static double train_loss(const struct epoch_record *r) {
    return r->loss;
}
static double validation_loss(const struct epoch_record *r) {
    return r->scores.loss;
}
static double auc(const struct epoch_record *r) {
    return r->scores.auc;
}
static double macro_auc(const struct epoch_record *r) {
    return r->scores.macro_auc;
}
static const struct line losses[LINES] = {{"training", train_loss}, {"validation", validation_loss}};

struct panel {
    const char *title;
    const struct line *lines;
    struct canvas *canvas; /* owned */
    double *x, *y[LINES];  /* owned; one per epoch */
    char name[LINES + 1][NAME];
    double best_x[2], best_y[2]; /* the upright line at the best epoch */
};

static void release(struct panel *p) {
    canvas_free(p->canvas);
    mem_free(p->x);
    for (int k = 0; k < LINES; k++)
        mem_free(p->y[k]);
}

static int fill(struct panel *p, const struct history *h, struct err *e) {
    if (!(p->x = mem_alloc(h->n, sizeof *p->x, e)))
        return ERR_NO_MEMORY;
    for (int k = 0; k < LINES; k++) {
        double last = (double)NAN;
        if (!(p->y[k] = mem_alloc(h->n, sizeof *p->y[k], e)))
            return ERR_NO_MEMORY;
        for (size_t i = 0; i < h->n; i++) {
            const double v = p->lines[k].value(&h->epochs[i]);
            p->x[i] = h->epochs[i].epoch + 1;
            p->y[k][i] = fabs(v) < 1e9 ? v : (double)NAN;
            last = isfinite(p->y[k][i]) ? v : last;
        }
        if (isfinite(last))
            snprintf(p->name[k], NAME, "%s %.3f", p->lines[k].name, last);
        else
            snprintf(p->name[k], NAME, "%s", p->lines[k].name);
    }
    return 0;
}

/* The newest of the epochs that were the best so far; false if there is none, or nothing to mark. */
static bool mark_best(struct panel *p, const struct history *h) {
    double low = INFINITY, high = -INFINITY;
    size_t i = h->n;
    for (size_t k = 0; k < LINES * h->n; k++) {
        low = fmin(low, p->y[k % LINES][k / LINES]);
        high = fmax(high, p->y[k % LINES][k / LINES]);
    }
    while (i > 0 && !h->epochs[i - 1].best)
        i--;
    if (i == 0 || !isfinite(low))
        return false;
    p->best_x[0] = p->best_x[1] = p->x[i - 1];
    p->best_y[0] = low;
    p->best_y[1] = high;
    snprintf(p->name[LINES], NAME, "best: epoch %u", h->epochs[i - 1].epoch + 1);
    return true;
}

static int draw_panel(struct panel *p, const struct history *h, struct err *e) {
    int rc = fill(p, h, e);
    if (rc)
        return rc;
    const size_t n = mark_best(p, h) ? LINES + 1 : LINES;
    const struct plot_curve curves[LINES + 1] = {{.name = p->name[0], .x = p->x, .y = p->y[0], .n = h->n},
                                                 {.name = p->name[1], .x = p->x, .y = p->y[1], .n = h->n},
                                                 {.name = p->name[2], .x = p->best_x, .y = p->best_y, .n = 2}};
    return plot_lines(&p->canvas, &(struct plot_context){.fonts = NULL, .language = WORDS_ENGLISH}, p->title, "epoch", p->title, curves, n,
                      (double)NAN, e);
}

static void compose(struct canvas *c, const struct panel *panels, size_t n, const char *title) {
    const struct canvas_type type = {.size = 15, .bold = true};
    double top = TITLE, width, height;
    canvas_size(c, &width, &height);
    canvas_describe(c, title, NULL);
    canvas_rect(c, (struct canvas_pen){.fill = CANVAS_PAPER}, 0, 0, width, height);
    canvas_text(c, type, 15, 22, canvas_fit(c, type, width - 30, title));
    for (size_t k = 0; k < n; k++) {
        canvas_place(c, panels[k].canvas, 0, top, 1);
        canvas_size(panels[k].canvas, &width, &height);
        top += height;
    }
}

int history_write_curves(const struct history *h, const char *title, const char *positive, const char *path, struct err *e) {
    const bool judged = h->n && h->epochs[h->n - 1].scores.exams;
    /* a long name has no room beside its line */
    const struct line areas[LINES] = {{strlen(positive) < NAME / 2 ? positive : "malignant", auc}, {"mean of tiers", macro_auc}};
    struct panel panels[PANELS] = {{.title = "loss", .lines = losses},
                                   {.title = judged ? "AUC on the validation exams" : "no validation exams", .lines = areas}};
    struct canvas *c = NULL;
    double width = 0, height = 0, sum = TITLE;
    int rc = 0;
    for (size_t k = 0; k < PANELS && !rc; k++)
        if (!(rc = draw_panel(&panels[k], h, e))) {
            canvas_size(panels[k].canvas, &width, &height);
            sum += height;
        }
    if (!rc)
        rc = canvas_create(&c, NULL, width, sum, e);
    if (!rc) {
        compose(c, panels, PANELS, title);
        rc = canvas_write_svg(c, path, e);
    }
    canvas_free(c);
    for (size_t k = 0; k < PANELS; k++)
        release(&panels[k]);
    return rc;
}
