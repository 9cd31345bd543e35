/* Every figure and every block of a report, with made-up data, for looking at: report_gallery FOLDER [en|zh] writes report.html, report.pdf
 * and figures/ into it (both folders must exist). tests/cli/t_report.sh checks what it writes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "draw/document_model.h"
#include "draw/html.h"
#include "draw/pdf.h"
#include "draw/plot.h"

static const char *const hostile = "</td><script>alert(1)</script> ]]> & \"q\" 'a' \xE2\x80\xAE"
                                   "evil \xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D \x01 --> &amp; {{x}}";
enum { N = 101 };

struct gallery {
    struct plot_context p;
    struct document *d;
    struct err e;
};

/* A figure that could not be made ends the gallery. */
static void put(struct gallery *g, int rc, struct canvas **figure, const char *name, const char *caption) {
    struct err e = {.code = 0};
    char csv[80];
    if (rc) {
        fprintf(stderr, "%s: %s: %s\n", name, err_name(rc), g->e.message);
        exit(1);
    }
    if (canvas_check_layout(*figure, &e)) {
        fprintf(stderr, "%s: %s\n", name, e.message);
        exit(1);
    }
    snprintf(csv, sizeof csv, "figures/%s.csv", name);
    document_figure(g->d, *figure, name, caption, csv);
}

static void curves(struct gallery *g) {
    static double x[N], a[N], b[N], low[N], high[N], precision[N], all[N], net[N], net2[N], pt[N], size[N], width[N];
    struct canvas *c;
    const bool zh = g->p.language == WORDS_CHINESE;
    for (int i = 0; i < N; i++) {
        const double t = i / (N - 1.0);
        x[i] = t;
        a[i] = pow(t, 0.22);
        b[i] = pow(t, 0.45);
        low[i] = fmax(0, a[i] - 0.08 * (1 - t));
        high[i] = fmin(1, a[i] + 0.06 * (1 - t));
        precision[i] = 0.95 - 0.55 * t * t * t;
        pt[i] = 0.5 * t;
        all[i] = 0.3 - 0.7 * pt[i] / (1 - pt[i]);
        net[i] = fmax(all[i], 0.28 - 0.35 * pt[i]);
        net2[i] = 0.27 - 0.45 * pt[i];
        size[i] = 50 + 950 * t;
        width[i] = 0.9 / sqrt(size[i]);
    }
    const struct plot_curve roc[] = {
        {.name = zh ? "BMU-Net（全部输入）" : "BMU-Net, all inputs",
         .note = "AUC 0.91 (0.88, 0.94), n = 412",
         .x = x,
         .y = a,
         .n = N,
         .low = low,
         .high = high},
        {.name = zh ? "仅钼靶" : "mammography alone", .note = "AUC 0.79 (0.74, 0.84), n = 398", .x = x, .y = b, .n = N}};
    struct plot_point readers[9];
    static const char *const names[] = {
        "Reader 1", "Reader 2", "张医生", "李医生 (senior)", "R5", "R6", "A reader with quite a long name indeed", "R8", "R9"};
    for (int i = 0; i < 9; i++)
        readers[i] = (struct plot_point){names[i], 0.16 + 0.012 * i * (i % 2 ? 1 : -1), 0.80 + 0.01 * i, NAN, NAN, NAN, NAN};
    const struct plot_point operating[] = {{zh ? "锁定阈值" : "locked threshold", 0.2, 0.70, 0.17, 0.24, 0.64, 0.76}};
    const struct plot_points groups[] = {{zh ? "阅片医师" : "Readers", "9 readers, each n = 120", readers, 9},
                                         {zh ? "工作点" : "Operating point", "95 % CI", operating, 1}};
    put(g, plot_roc(&c, &g->p, roc, 2, groups, 2, &g->e), &c, "roc",
        zh ? "受试者工作特征曲线，n = 412（恶性 131）。"
           : "Receiver operating characteristic, n = 412 exams (131 malignant). Band: 95 % bootstrap interval over patients.");
    const struct plot_curve pr[] = {{.name = "BMU-Net", .note = "AP 0.85", .x = x, .y = precision, .n = N}};
    put(g, plot_precision_recall(&c, &g->p, pr, 1, 0.32, groups + 1, 1, &g->e), &c, "precision-recall", "Precision and recall, n = 412.");
    const double mean[] = {0.05, 0.15, 0.26, 0.35, 0.44, 0.56, 0.65, 0.74, 0.86, 0.95},
                 seen[] = {0.02, 0.08, 0.17, 0.3, 0.46, 0.62, 0.72, 0.83, 0.92, 0.98};
    const double after[] = {0.05, 0.14, 0.27, 0.34, 0.45, 0.55, 0.66, 0.73, 0.87, 0.96};
    double l[10], h[10];
    for (int i = 0; i < 10; i++) {
        l[i] = fmax(0, seen[i] - 0.09);
        h[i] = fmin(1, seen[i] + 0.09);
    }
    const double edge[] = {0, .1, .2, .3, .4, .5, .6, .7, .8, .9, 1}, count[] = {90, 60, 45, 30, 22, 18, 25, 33, 40, 49},
                 count2[] = {4, 6, 9, 12, 15, 18, 22, 30, 38, 44};
    const struct plot_curve reliability[] = {{.name = zh ? "再校准前" : "before recalibration",
                                              .note = "ECE 0.071, n = 412",
                                              .x = mean,
                                              .y = seen,
                                              .n = 10,
                                              .low = l,
                                              .high = h,
                                              .marked = true,
                                              .bars = true},
                                             {.name = zh ? "再校准后" : "after recalibration (Platt)",
                                              .note = "ECE 0.018, n = 412",
                                              .x = mean,
                                              .y = after,
                                              .n = 10,
                                              .marked = true}};
    const struct plot_bins bins = {NULL, edge, count, 10};
    put(g, plot_reliability(&c, &g->p, reliability, 2, &bins, &g->e), &c, "reliability",
        "Calibration before and after, n = 412; ten bins of equal width.");
    const struct plot_curve decision[] = {{.name = "BMU-Net", .x = pt, .y = net, .n = N},
                                          {.name = zh ? "医师" : "Readers", .x = pt, .y = net2, .n = N}};
    const struct plot_curve treat_all = {.x = pt, .y = all, .n = N};
    put(g, plot_decision_curve(&c, &g->p, decision, 2, &treat_all, &g->e), &c, "decision", "Decision curves, n = 412, prevalence 0.30.");
    const struct plot_bins classes[] = {{zh ? "良性, n = 281" : "benign, n = 281", edge, count, 10},
                                        {zh ? "恶性, n = 131" : "malignant, n = 131", edge, count2, 10}};
    put(g, plot_histogram(&c, &g->p, NULL, classes, 2, 0.42, &g->e), &c, "scores", "Scores by class.");
    const struct plot_curve samples[] = {{.name = "AUC 0.80", .x = size, .y = width, .n = N}};
    put(g,
        plot_lines(&c, &g->p, "Sample size", zh ? "检查数" : "Exams", zh ? "95 % 区间宽度" : "Width of the 95 % interval", samples, 1, 0.05,
                   &g->e),
        &c, "sample-size", "Width of the interval by sample size.");
}

static void tables(struct gallery *g) {
    struct canvas *c;
    const struct plot_forest_row rows[] = {
        {.label = "Centre", .heading = true},
        {.label = "North hospital", .n = 210, .estimate = 0.91, .low = 0.87, .high = 0.95, .remark = "p = 0.41"},
        {.label = "南方医院", .n = 190, .estimate = 0.88, .low = 0.80, .high = 0.94, .remark = "p = 0.62"},
        {.label = "Island clinic with a name far too long for its column", .n = 12, .guard = "n too small"},
        {.label = "Density", .heading = true},
        {.label = "a, b", .n = 160, .estimate = 0.93, .low = 0.89, .high = 0.97},
        {.label = "c, d", .n = 252, .estimate = 0.72, .low = 0.45, .high = 0.93},
        {.label = "not known", .n = 0, .estimate = NAN, .low = NAN, .high = NAN},
        {.label = "All", .summary = true, .n = 412, .estimate = 0.90, .low = 0.87, .high = 0.93}};
    const struct plot_forest forest = {"AUC by subgroup",           "AUC (95 % CI)", "interaction", 0.5, 1.0, 0.90, 2, rows,
                                       sizeof rows / sizeof rows[0]};
    put(g, plot_forest(&c, &g->p, &forest, &g->e), &c, "forest", "AUC by subgroup; arrow: the interval leaves the axis.");
    const char *const tiers[] = {"benign", "low risk", "moderate", "high", "恶性 malignant"};
    const double counts[25] = {120, 14, 3, 1, 0, 9, 60, 12, 2, 1, 2, 8, 41, 9, 4, 0, 2, 7, 38, 11, 1, 0, 3, 9, 57};
    put(g, plot_confusion(&c, &g->p, "Tiers", tiers, counts, 5, &g->e), &c, "confusion",
        "Confusion matrix of tiers, n = 414; shares of each truth's row.");
    const char *const names[] = {"truth", "prediction"};
    put(g, plot_bars(&c, &g->p, "Tiers", "Exams", tiers, 5, names, counts, 2, true, &g->e), &c, "tiers", "Tiers in truth and prediction.");
    const char *const out1[] = {"Excluded (n = 17)", "no prediction (n = 9)", "no truth (n = 6)", "score is not a number (n = 2)"},
                      *const out2[] = {"Reference standard missing or inconclusive (n = 3)"};
    const struct plot_flow_step steps[] = {{"Exams in the truth table (n = 432)", out1, 4},
                                           {"Exams with a prediction and a truth (n = 415)", out2, 1},
                                           {"Evaluated (n = 412, 398 patients)", NULL, 0}};
    const char *const ends[] = {"benign (n = 281)", "malignant (n = 131)"};
    put(g, plot_flow(&c, &g->p, "Participants", steps, 3, ends, 2, &g->e), &c, "flow", "Flow of participants.");
}

static void pages(struct gallery *g) {
    struct document *d = g->d;
    const struct document_column columns[] = {{"Metric", false}, {"Estimate", true}, {"95 % CI", true}, {"Method", false}};
    document_table(d, "Accuracy at the locked threshold", columns, 4, "figures/accuracy.csv");
    document_group_row(d, "Discrimination");
    for (int i = 0; i < 70; i++) {
        document_cell(d, "metric %d %s", i, i == 3 ? hostile : "");
        document_cell(d, "%.3f", 0.9 - 0.01 * i);
        document_cell(d, "%.3f to %.3f", 0.88 - 0.01 * i, 0.92 - 0.01 * i);
        document_cell(d, "%s",
                      i % 9 == 0 ? "Wilson's score interval, which is rather good near 0 and 1 and needs no correction (Wilson 1927)"
                                 : "DeLong");
    }
    document_checklist(d, "STARD-AI");
    document_checklist_item(d, "1", "Identification as a study of diagnostic accuracy", DOCUMENT_AUTHOR, NULL);
    document_checklist_item(d, "19", "流程图 Flow of participants, using a diagram", DOCUMENT_FILLED, "Figure 10");
    document_checklist_item(d, "22", "Time interval between index test and reference standard", DOCUMENT_NOT_APPLICABLE,
                            "no dates in the tables");
}

int main(int argc, char **argv) {
    struct gallery g = {.e.code = 0};
    char path[4096];
    if (argc < 2 || (argc > 2 && !words_language(argv[2], &g.p.language))) {
        fprintf(stderr, "usage: report_gallery FOLDER [en|zh]\n");
        return 2;
    }
    int rc = canvas_fonts_open(&g.p.fonts, &g.e);
    rc = rc ? rc
            : document_create(&g.d, g.p.language,
                              g.p.language == WORDS_CHINESE ? "乳腺癌风险分层评估报告" : "Evaluation of a made-up model", &g.e);
    if (rc) {
        fprintf(stderr, "%s\n", g.e.message);
        return 1;
    }
    document_stamp(g.d, "Code", "bmunet 0.1.0 (0123456789ab)");
    document_stamp(g.d, "Predictions", "predictions.csv, sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
    document_heading(g.d, 1, g.p.language == WORDS_CHINESE ? "图" : "Figures");
    document_paragraph(
        g.d,
        "A paragraph of text that is long enough to be broken into several lines, with %s in the middle of it, 以及一些中文，"
        "看看换行是否正确：这是一段比较长的中文文字，用于检查断行和标点的处理方式。",
        hostile);
    document_item(g.d, "first item");
    document_item(
        g.d,
        "second item, which is longer than the first one and goes on and on until it needs a second line, at least on a page of paper");
    document_note(g.d, "Intervals are bootstrap intervals over patients.");
    document_warning(g.d, "Fewer than 183 downgrades without a miss: a miss rate below 2 %% cannot be claimed.");
    curves(&g);
    document_heading(g.d, 1, "Tables & matrices <b>");
    document_heading(g.d, 2, "Subgroups");
    tables(&g);
    document_heading(g.d, 2, "Numbers");
    pages(&g);
    snprintf(path, sizeof path, "%s/figures", argv[1]);
    rc = document_write_figures(g.d, path, &g.e);
    snprintf(path, sizeof path, "%s/report.html", argv[1]);
    rc = rc ? rc : html_write(g.d, path, &g.e);
    snprintf(path, sizeof path, "%s/report.pdf", argv[1]);
    rc = rc ? rc : pdf_write(g.d, g.p.fonts, "2026-01-31T12:00:00Z", path, &g.e);
    if (rc)
        fprintf(stderr, "%s: %s\n", err_name(rc), g.e.message);
    document_free(g.d);
    canvas_fonts_free(g.p.fonts);
    return rc ? 1 : 0;
}
