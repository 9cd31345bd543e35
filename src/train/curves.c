/* A run's curves as SVG: loss and AUC over epochs. Floor 8.
 *
 * Colours after Okabe & Ito (colour-blind-safe), and each line has its own dash and its name at its end. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/buf.h"
#include "file/io.h"
#include "train/history.h"

enum { WIDTH = 860, HEIGHT = 360, LEFT = 62, GAP = 90, TOP = 52, PLOT_W = 310, PLOT_H = 240, TICKS = 4 };

struct line {
    const char *name, *colour, *dash;
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
static const struct line losses[] = {{"training", "#0072B2", "", train_loss}, {"validation", "#D55E00", "6 3", validation_loss}};
static const struct line areas[] = {{"malignant", "#009E73", "", auc}, {"mean of tiers", "#CC79A7", "6 3", macro_auc}};

struct panel {
    const char *title;
    const struct line *lines;
    double low, high; /* of the vertical axis */
    double x;         /* of its left edge */
};

static void range_of(struct panel *p, const struct history *h) {
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < h->n; i++)
        for (int k = 0; k < 2; k++) {
            const double v = p->lines[k].value(&h->epochs[i]);
            low = isfinite(v) ? fmin(low, v) : low;
            high = isfinite(v) ? fmax(high, v) : high;
        }
    if (!isfinite(low)) {
        low = 0;
        high = 1;
    }
    const double room = high > low ? 0.06 * (high - low) : 0.05 + 0.05 * fabs(low);
    p->low = low - room;
    p->high = high + room;
}

static double x_of(const struct panel *p, const struct history *h, size_t i) {
    return p->x + (h->n > 1 ? (double)i / (double)(h->n - 1) : 0.5) * PLOT_W;
}

static double y_of(const struct panel *p, double v) {
    return TOP + PLOT_H * (p->high - v) / (p->high - p->low);
}

static void draw_axes(struct buf *b, const struct panel *p, const struct history *h) {
    buf_printf(b, NULL, "<text x='%g' y='%d' class='t'>%s</text>\n<rect x='%g' y='%d' width='%d' height='%d' class='f'/>\n", p->x, TOP - 12,
               p->title, p->x, TOP, PLOT_W, PLOT_H);
    for (int i = 0; i <= TICKS; i++) {
        const double v = p->low + (p->high - p->low) * i / TICKS, y = y_of(p, v);
        buf_printf(b, NULL,
                   "<line x1='%g' y1='%.1f' x2='%g' y2='%.1f' class='g'/><text x='%g' y='%.1f' class='n' text-anchor='end'>%.3f</text>\n",
                   p->x, y, p->x + PLOT_W, y, p->x - 6, y + 4, v);
    }
    const size_t ticks = h->n < 6 ? h->n : 6;
    for (size_t k = 0; k < ticks; k++) {
        const size_t i = ticks > 1 ? k * (h->n - 1) / (ticks - 1) : 0;
        buf_printf(b, NULL, "<text x='%.1f' y='%d' class='n' text-anchor='middle'>%u</text>\n", x_of(p, h, i), TOP + PLOT_H + 16,
                   h->epochs[i].epoch + 1);
    }
    buf_printf(b, NULL, "<text x='%g' y='%d' class='n' text-anchor='middle'>epoch</text>\n", p->x + PLOT_W / 2.0, TOP + PLOT_H + 34);
}

static void draw_line(struct buf *b, const struct panel *p, const struct line *l, const struct history *h, int nth) {
    double last = (double)NAN;
    buf_printf(b, NULL, "<polyline fill='none' stroke='%s' stroke-width='2' stroke-dasharray='%s' points='", l->colour, l->dash);
    for (size_t i = 0; i < h->n; i++) {
        const double v = l->value(&h->epochs[i]);
        if (!isfinite(v))
            continue;
        buf_printf(b, NULL, "%.1f,%.1f ", x_of(p, h, i), y_of(p, v));
        last = v;
    }
    buf_printf(b, NULL, "'/>\n");
    const int y = TOP + PLOT_H + 52;
    const double x = p->x + nth * PLOT_W / 2.0;
    buf_printf(b, NULL, "<line x1='%g' y1='%d' x2='%g' y2='%d' stroke='%s' stroke-width='2' stroke-dasharray='%s'/>", x, y - 4, x + 26,
               y - 4, l->colour, l->dash);
    buf_printf(b, NULL, isfinite(last) ? "<text x='%g' y='%d' class='n'>%s %.3f</text>\n" : "<text x='%g' y='%d' class='n'>%s</text>\n",
               x + 32, y, l->name, last);
}

static void draw_best(struct buf *b, const struct panel *p, const struct history *h) {
    for (size_t i = h->n; i-- > 0;)
        if (h->epochs[i].best) {
            buf_printf(
                b, NULL,
                "<line x1='%.1f' y1='%d' x2='%.1f' y2='%d' class='b'/><text x='%.1f' y='%d' class='n' text-anchor='middle'>best</text>\n",
                x_of(p, h, i), TOP, x_of(p, h, i), TOP + PLOT_H, x_of(p, h, i), TOP + 12);
            return;
        }
}

int history_write_curves(const struct history *h, const char *title, const char *path, struct err *e) {
    const bool judged = h->n && h->epochs[h->n - 1].scores.exams;
    struct panel panels[] = {{"loss", losses, 0, 1, LEFT},
                             {judged ? "AUC on the validation exams" : "no validation exams", areas, 0, 1, LEFT + PLOT_W + GAP}};
    struct buf b;
    buf_init(&b);
    buf_printf(&b, NULL,
               "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' width='%d' height='%d' font-family='sans-serif'>\n"
               "<style>.t{font-size:14px;font-weight:bold}.n{font-size:12px}.f{fill:none;stroke:#444}.g{stroke:#ddd}.b{stroke:#888;stroke-"
               "dasharray:2 3}"
               "</style>\n<rect width='%d' height='%d' fill='white'/>\n<text x='%d' y='22' class='t'>%s</text>\n",
               WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH, HEIGHT, LEFT, title);
    for (int k = 0; k < 2; k++) {
        range_of(&panels[k], h);
        draw_axes(&b, &panels[k], h);
        draw_best(&b, &panels[k], h);
        for (int i = 0; i < 2; i++)
            draw_line(&b, &panels[k], &panels[k].lines[i], h, i);
    }
    int rc = buf_printf(&b, e, "</svg>\n");
    if (rc == 0)
        rc = replace_whole(path, b.data, b.size, e);
    buf_release(&b);
    return rc;
}
