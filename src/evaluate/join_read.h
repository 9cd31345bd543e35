/* Between join.c and the readers of its tables. Floor 5. */
#ifndef BMU_EVALUATE_JOIN_READ_H
#define BMU_EVALUATE_JOIN_READ_H

#include "evaluate/join.h"
#include "file/csv.h"

enum { NO_COLUMN = -1 };

struct table {
    struct csv csv;
    const char *path;
    int id;        /* column exam_id or id */
    size_t *order; /* rows sorted by id */
    bool *used;    /* columns that were understood */
};
/* Parse, check the header, sort. unique: repeated ids are ERR_EXAM_ID_TWICE. Everything lives in the arena. */
int table_read(struct table *t, struct arena *a, const struct table_text *text, bool unique, struct err *e);
/* Column by name, marked as used; NO_COLUMN. */
int table_column(struct table *t, const char *name);
const char *table_cell(const struct table *t, size_t row, int column); /* "" for NO_COLUMN */
const char *table_id(const struct table *t, size_t row);
/* The row of this id, or -1. */
long table_find(const struct table *t, const char *id);
/* A finite number. ERR_VALUE_MISSING, ERR_VALUE_SYNTAX, ERR_STATS_NAN. */
int table_number(double *out, const struct table *t, size_t row, int column, struct err *e);
/* "FILE, line 7, column birads" put before the message. Returns rc. */
int table_blame(const struct table *t, size_t row, int column, int rc, struct err *e);

struct scores { /* of every row of the predictions */
    struct table table;
    double *score;
    double *probability; /* rows x leaves or NULL */
    bool *refused;
    const char *from;
    size_t n_rescaled;
    int views, reason;
};
int scores_read(struct scores *s, struct arena *a, const struct join_tables *t, struct err *e);

struct truths {
    struct table table;
    int *label; /* 1, 0, -1 not known */
    int *leaf;  /* -1 not known */
    bool has_leaf;
    int patient;
    int split; /* NO_COLUMN: all rows count */
};
int truths_read(struct truths *s, struct arena *a, const struct join_tables *t, struct err *e);

/* Fills the readers' part of j, whose exams are there already. */
int readings_read(struct joined *j, const struct join_tables *t, struct err *e);
/* Fills the compared scores of j, whose exams are there already. */
int compared_read(struct joined *j, const struct join_tables *t, struct err *e);

int flow_add(struct joined *j, enum flow_row row, const char *id, const char *detail, struct err *e);
int unused_add(struct joined *j, const char *what, const struct table *t, struct err *e);

#endif
