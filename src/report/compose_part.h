/* Between the compose_*.c files. Floor 6. */
#ifndef BMU_REPORT_COMPOSE_PART_H
#define BMU_REPORT_COMPOSE_PART_H

#include "draw/plot.h"
#include "report/compose.h"
#include "report/phrases.h"

struct compose {
    struct document *document;
    const struct evaluation *v;
    struct plot_context plot;
    enum words_language language;
    struct arena arena; /* texts and curves until the document has copied them */
    struct err *e;
};

/* A phrase as it stands; a phrase filled in. `c` is the composer. */
#define SAY(key) phrase_text(c->language, PHRASE_##key)
#define FILL(key, ...) phrase(&c->arena, c->language, PHRASE_##key, __VA_ARGS__, NULL)

/* Texts in the arena; "" for want of memory. */
const char *say_number(struct compose *c, double x, int decimals);
const char *say_count(struct compose *c, size_t n);
const char *say_short(struct compose *c, double x);                    /* six significant digits */
const char *say_p(struct compose *c, double p);                        /* "< 0.001" or three decimals */
const char *say_interval(struct compose *c, const struct interval *x); /* "0.812 to 0.901" */
const char *say_share(struct compose *c, const struct proportion *p);  /* "0.857 (0.812 to 0.901)" by Wilson, or "not defined" */
const char *say_auc(struct compose *c, const struct auc *a);           /* "0.857 (0.812 to 0.901)" */
const char *say_level(struct compose *c);                              /* "95" */
const char *say_origin(struct compose *c, enum threshold_origin o);
/* A table whose first column is text and the others numbers. labels: n, NULL-terminated. */
void table_of(struct compose *c, const char *caption, const char *csv, const char *const *labels);
void cells(struct compose *c, const char *first, ...) __attribute__((sentinel)); /* NULL-terminated */
/* The paragraph "Not computed: WHY." */
void say_gap(struct compose *c, const struct gap *g);

int compose_participants(struct compose *c);
int compose_discrimination(struct compose *c);
int compose_thresholds(struct compose *c);
int compose_tiers(struct compose *c);
int compose_readers(struct compose *c);
int compose_biopsy(struct compose *c);
int compose_calibration(struct compose *c);
int compose_utility(struct compose *c);
int compose_subgroups(struct compose *c);
int compose_samples(struct compose *c);
void compose_checklists(struct compose *c);

#endif
