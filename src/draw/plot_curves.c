/* ROC, precision-recall, reliability, decision curves, histograms, any lines. Floor 2. */
#include <math.h>

#include "draw/plot_impl.h"

static const struct canvas_pen reference = {.stroke = CANVAS_MUTED, .width = 1.2, .dash = CANVAS_DOTTED};

static int check_curves(const char *title, const struct plot_curve *curves, size_t n, const double x[2], const double y[2], struct err *e) {
    for (size_t i = 0; i < n; i++) {
        const struct plot_curve *c = &curves[i];
        int rc;
        if ((rc = plot_check(title, c->x, c->n, x[0], x[1], e)) || (rc = plot_check(title, c->y, c->n, y[0], y[1], e)) ||
            (rc = plot_check(title, c->low, c->n, y[0], y[1], e)) || (rc = plot_check(title, c->high, c->n, y[0], y[1], e)))
            return rc;
    }
    return 0;
}

static int check_points(const char *title, const struct plot_points *points, size_t n, struct err *e) {
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < points[i].n; k++) {
            const struct plot_point *q = &points[i].point[k];
            const int rc = plot_check(title, (const double[]){q->x, q->y, q->x_low, q->x_high, q->y_low, q->y_high}, 6, 0, 1, e);
            if (rc)
                return rc;
        }
    return 0;
}

static const double unit[2] = {0, 1}, any[2] = {-PLOT_HUGE, PLOT_HUGE};

/* The range of what is finite, from the start range on; [0, 1] if nothing is. */
struct range {
    double low, high;
};
static void include(struct range *r, const double *v, size_t n) {
    for (size_t i = 0; v && i < n; i++)
        if (isfinite(v[i])) {
            r->low = fmin(r->low, v[i]);
            r->high = fmax(r->high, v[i]);
        }
}

static struct range found(struct range r) {
    return r.low <= r.high ? r : (struct range){0, 1};
}

static struct plot_scale unit_scale(void) {
    return plot_scale_of(0, 1, 5, false);
}

int plot_roc(struct canvas **out, const struct plot_context *p, const struct plot_curve *curves, size_t n, const struct plot_points *points,
             size_t n_points, struct err *e) {
    const struct xy xy = {.title = words(p->language, WORDS_TITLE_ROC),
                          .x_label = words(p->language, WORDS_ONE_MINUS_SPECIFICITY),
                          .y_label = words(p->language, WORDS_SENSITIVITY),
                          .x = unit_scale(),
                          .y = unit_scale(),
                          .square = true,
                          .curves = curves,
                          .n_curves = n,
                          .points = points,
                          .n_points = n_points,
                          .lines = {{words(p->language, WORDS_CHANCE), 0, 0, 1, 1, reference, NAN}},
                          .n_lines = 1};
    int rc;
    *out = NULL;
    if ((rc = check_curves(xy.title, curves, n, unit, unit, e)) || (rc = check_points(xy.title, points, n_points, e)))
        return rc;
    return xy_draw(out, p, &xy, e);
}

int plot_precision_recall(struct canvas **out, const struct plot_context *p, const struct plot_curve *curves, size_t n, double prevalence,
                          const struct plot_points *points, size_t n_points, struct err *e) {
    const struct xy xy = {.title = words(p->language, WORDS_TITLE_PRECISION),
                          .x_label = words(p->language, WORDS_RECALL),
                          .y_label = words(p->language, WORDS_PRECISION),
                          .x = unit_scale(),
                          .y = unit_scale(),
                          .square = true,
                          .curves = curves,
                          .n_curves = n,
                          .points = points,
                          .n_points = n_points,
                          .lines = {{words(p->language, WORDS_PREVALENCE), 0, prevalence, 1, prevalence, reference, prevalence}},
                          .n_lines = 1};
    int rc;
    *out = NULL;
    if ((rc = check_curves(xy.title, curves, n, unit, unit, e)) || (rc = check_points(xy.title, points, n_points, e)) ||
        (rc = plot_check(xy.title, &prevalence, 1, 0, 1, e)))
        return rc;
    return xy_draw(out, p, &xy, e);
}

/* Edges ascend and are finite, counts are not negative. */
static int check_bins(const char *title, const struct plot_bins *bins, size_t n, double low, double high, struct err *e) {
    for (size_t i = 0; i < n; i++) {
        const struct plot_bins *b = &bins[i];
        int rc;
        if (b->n == 0)
            continue;
        if ((rc = plot_check(title, b->edge, b->n + 1, low, high, e)) || (rc = plot_check(title, b->count, b->n, 0, PLOT_HUGE, e)))
            return rc;
        for (size_t k = 0; k < b->n; k++)
            if (!(b->edge[k] <= b->edge[k + 1]))
                return err_set(e, ERR_REPORT_NUMBER, "the figure '%.100s' has a histogram whose edge %zu does not ascend", title, k + 2);
    }
    return 0;
}

int plot_reliability(struct canvas **out, const struct plot_context *p, const struct plot_curve *curves, size_t n,
                     const struct plot_bins *histogram, struct err *e) {
    const struct xy xy = {.title = words(p->language, WORDS_TITLE_RELIABILITY),
                          .x_label = words(p->language, WORDS_PREDICTED),
                          .y_label = words(p->language, WORDS_OBSERVED),
                          .x = unit_scale(),
                          .y = unit_scale(),
                          .square = true,
                          .curves = curves,
                          .n_curves = n,
                          .lines = {{words(p->language, WORDS_PERFECT), 0, 0, 1, 1, reference, NAN}},
                          .n_lines = 1,
                          .strip = histogram};
    int rc;
    *out = NULL;
    if ((rc = check_curves(xy.title, curves, n, unit, unit, e)) || (rc = check_bins(xy.title, histogram, histogram ? 1 : 0, 0, 1, e)))
        return rc;
    return xy_draw(out, p, &xy, e);
}

int plot_decision_curve(struct canvas **out, const struct plot_context *p, const struct plot_curve *curves, size_t n,
                        const struct plot_curve *treat_all, struct err *e) {
    enum { MOST = 12 };
    struct plot_curve all[MOST + 1];
    const char *title = words(p->language, WORDS_TITLE_DECISION);
    struct range x = {INFINITY, -INFINITY}, y = {0, 0};
    int rc;
    *out = NULL;
    if (n > MOST)
        return err_set(e, ERR_LIMIT, "the figure '%s' shows at most %d curves, not %zu", title, MOST, n);
    for (size_t i = 0; i < n; i++)
        all[i] = curves[i];
    if (treat_all) {
        all[n] = *treat_all;
        all[n].name = treat_all->name ? treat_all->name : words(p->language, WORDS_TREAT_ALL);
    }
    if ((rc = check_curves(title, all, n + (treat_all ? 1 : 0), unit, any, e)))
        return rc;
    for (size_t i = 0; i < n + (treat_all ? 1 : 0); i++) {
        include(&x, all[i].x, all[i].n);
        include(&y, all[i].y, all[i].n);
        if (i < n)
            include(&y, all[i].high, all[i].n);
    }
    x = found(x);
    y.high = y.high > 0 ? y.high : 0.1;
    y.low = fmax(y.low, -0.35 * y.high); /* net benefit falls without bound; what matters lies above 0 */
    const struct xy xy = {.title = title,
                          .x_label = words(p->language, WORDS_THRESHOLD),
                          .y_label = words(p->language, WORDS_NET_BENEFIT),
                          .x = plot_scale_of(x.low, x.high, 10, false),
                          .y = plot_scale_of(y.low, y.high * 1.05, 8, false),
                          .curves = all,
                          .n_curves = n + (treat_all ? 1 : 0),
                          .lines = {{words(p->language, WORDS_TREAT_NONE), -1, 0, 2, 0, {.stroke = CANVAS_INK, .width = 1.4}, NAN}},
                          .n_lines = 1};
    return xy_draw(out, p, &xy, e);
}

int plot_histogram(struct canvas **out, const struct plot_context *p, const char *x_label, const struct plot_bins *classes, size_t n,
                   double threshold, struct err *e) {
    const char *title = words(p->language, WORDS_TITLE_HISTOGRAM);
    struct range x = {INFINITY, -INFINITY}, y = {0, 0};
    int rc;
    *out = NULL;
    if ((rc = check_bins(title, classes, n, -PLOT_HUGE, PLOT_HUGE, e)) || (rc = plot_check(title, &threshold, 1, -PLOT_HUGE, PLOT_HUGE, e)))
        return rc;
    for (size_t i = 0; i < n; i++)
        if (classes[i].n) {
            include(&x, classes[i].edge, classes[i].n + 1);
            include(&y, classes[i].count, classes[i].n);
        }
    x = found(x);
    const struct plot_scale up = plot_scale_of(0, y.high > 0 ? y.high : 1, 6, true);
    const struct xy xy = {.title = title,
                          .x_label = x_label ? x_label : words(p->language, WORDS_SCORE),
                          .y_label = words(p->language, WORDS_EXAMS),
                          .x = plot_scale_of(x.low, x.high, 10, false),
                          .y = up,
                          .bins = classes,
                          .n_bins = n,
                          .lines = {{words(p->language, WORDS_AT_THRESHOLD),
                                     threshold,
                                     up.low,
                                     threshold,
                                     up.high,
                                     {.stroke = CANVAS_INK, .width = 1.4},
                                     threshold}},
                          .n_lines = 1};
    return xy_draw(out, p, &xy, e);
}

static bool whole_numbers(const struct plot_curve *curves, size_t n) {
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < curves[i].n; k++)
            if (isfinite(curves[i].x[k]) && curves[i].x[k] != floor(curves[i].x[k]))
                return false;
    return true;
}

int plot_lines(struct canvas **out, const struct plot_context *p, const char *title, const char *x_label, const char *y_label,
               const struct plot_curve *curves, size_t n, double target, struct err *e) {
    struct range x = {INFINITY, -INFINITY}, y = {INFINITY, -INFINITY};
    int rc;
    *out = NULL;
    if ((rc = check_curves(title, curves, n, any, any, e)) || (rc = plot_check(title, &target, 1, -PLOT_HUGE, PLOT_HUGE, e)))
        return rc;
    include(&y, &target, 1);
    for (size_t i = 0; i < n; i++) {
        include(&x, curves[i].x, curves[i].n);
        include(&y, curves[i].y, curves[i].n);
        include(&y, curves[i].low, curves[i].n);
        include(&y, curves[i].high, curves[i].n);
    }
    x = found(x);
    y = found(y);
    struct plot_scale across = plot_scale_of(x.low, x.high, 8, false);
    if (across.step < 1 && whole_numbers(curves, n))
        across.step = 1;
    const struct xy xy = {.title = title,
                          .x_label = x_label,
                          .y_label = y_label,
                          .x = across,
                          .y = plot_scale_of(y.low, y.high, 8, true),
                          .curves = curves,
                          .n_curves = n,
                          .lines = {{words(p->language, WORDS_TARGET), across.low, target, across.high, target, reference, target}},
                          .n_lines = 1};
    return xy_draw(out, p, &xy, e);
}
