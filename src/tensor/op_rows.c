/* The small ops over rows of features (tokens): a few rows of 512 numbers per exam, so plain loops on one thread, sums in double. Floor 2.
 */
#include <math.h>
#include <string.h>

#include "tensor/op.h"

int op_no_shape(const struct graph *g, struct node *node, struct err *e) {
    (void)g, (void)node, (void)e; /* an input brings its shape along */
    return 0;
}

int op_same_shape(const struct graph *g, struct node *node, struct err *e) {
    (void)e;
    node->shape = g->nodes[node->inputs[0]].shape;
    return 0;
}

/* Dense in, dense out; a residual (the last input) is summed in place. */
int op_rows_prepare(struct plan *p, struct step *s, struct err *e) {
    struct dnn_layout *dense = NULL;
    int rc = 0;
    for (int i = 0; i < s->n_in && rc == 0; i++) {
        rc = plan_dense(&dense, *plan_shape(p, s, i), e);
        if (rc == 0)
            rc = plan_want(p, s, i, dense, e);
        dnn_layout_free(dense);
        dense = NULL;
    }
    if (rc == 0)
        rc = plan_dense(&dense, s->node->shape, e);
    return rc ? rc : plan_give(p, s, dense, s->node->residual ? 1 : -1, e);
}

int op_rows_prepare_backward(struct plan *p, struct step *s, struct err *e) {
    (void)p, (void)e;
    s->algorithm = "";
    return 0;
}

struct row_moments {
    double mean, scale; /* scale: 1 / sqrt(var + eps), variance with 1/c */
};

static struct row_moments row_moments(const float *x, int c_all, double eps) {
    double sum = 0, square = 0;
    for (int c = 0; c < c_all; c++)
        sum += (double)x[c];
    const double mean = sum / c_all;
    for (int c = 0; c < c_all; c++)
        square += ((double)x[c] - mean) * ((double)x[c] - mean);
    return (struct row_moments){mean, 1.0 / sqrt(square / c_all + eps)};
}

/* Ba, Kiros & Hinton 2016: (x - mean) / sqrt(var + eps) * gamma + beta over the row. */
int layer_norm_forward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const struct shape x = s->node->shape;
    const float *in = step_in(p, s, 0), *gamma = s->node->weights, *beta = s->node->bias;
    float *out = step_out(p, s);
    for (int r = 0; r < x.n; r++, in += x.c, out += x.c) {
        const struct row_moments m = row_moments(in, x.c, (double)s->node->eps);
        for (int c = 0; c < x.c; c++)
            out[c] = (float)(((double)in[c] - m.mean) * m.scale * (double)gamma[c] + (double)beta[c]);
    }
    return 0;
}

int layer_norm_prepare_backward(struct plan *p, struct step *s, struct err *e) {
    (void)p, (void)e;
    s->scratch_bytes = 2 * (size_t)s->node->shape.c * sizeof(double);
    return 0;
}

/* With g = dy gamma: dx = scale (g - mean(g) - xhat mean(g xhat)); dgamma = sum dy xhat, dbeta = sum dy over the rows. */
int layer_norm_backward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const struct shape shape = s->node->shape;
    const float *x = step_in(p, s, 0), *dy = step_dout(p, s), *gamma = s->node->weights;
    float *dgamma = plan_gradient(p, gamma), *dbeta = plan_gradient(p, s->node->bias), *dx = step_din(p, s, 0);
    double *sum_gamma = step_scratch(p, s), *sum_beta = sum_gamma + shape.c;
    memset(sum_gamma, 0, 2 * (size_t)shape.c * sizeof *sum_gamma);
    for (int r = 0; r < shape.n; r++, x += shape.c, dy += shape.c, dx += dx ? shape.c : 0) {
        const struct row_moments m = row_moments(x, shape.c, (double)s->node->eps);
        double mean_g = 0, mean_gx = 0;
        for (int c = 0; c < shape.c; c++) {
            const double hat = ((double)x[c] - m.mean) * m.scale, g = (double)dy[c] * (double)gamma[c];
            mean_g += g / shape.c;
            mean_gx += g * hat / shape.c;
            sum_gamma[c] += (double)dy[c] * hat;
            sum_beta[c] += (double)dy[c];
        }
        for (int c = 0; dx && c < shape.c; c++) {
            const double hat = ((double)x[c] - m.mean) * m.scale, g = (double)dy[c] * (double)gamma[c];
            dx[c] = (s->add[0] ? dx[c] : 0) + (float)(m.scale * (g - mean_g - hat * mean_gx));
        }
    }
    for (int c = 0; dgamma && c < shape.c; c++)
        dgamma[c] += (float)sum_gamma[c];
    for (int c = 0; dbeta && c < shape.c; c++)
        dbeta[c] += (float)sum_beta[c];
    return 0;
}

int position_forward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const struct shape x = s->node->shape;
    const float *in = step_in(p, s, 0);
    float *out = step_out(p, s);
    for (int r = 0; r < x.n; r++)
        for (int c = 0; c < x.c; c++)
            out[(size_t)r * (size_t)x.c + (size_t)c] =
                in[(size_t)r * (size_t)x.c + (size_t)c] + s->node->weights[(size_t)s->node->row[r] * (size_t)x.c + (size_t)c];
    return 0;
}

int position_backward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const struct shape x = s->node->shape;
    const float *dy = step_dout(p, s);
    float *dtable = plan_gradient(p, s->node->weights), *dx = step_din(p, s, 0);
    const size_t c_all = (size_t)x.c;
    for (size_t r = 0; r < (size_t)x.n; r++)
        for (size_t c = 0; c < c_all; c++) {
            if (dtable)
                dtable[(size_t)s->node->row[r] * c_all + c] += dy[r * c_all + c];
            if (dx)
                dx[r * c_all + c] = (s->add[0] ? dx[r * c_all + c] : 0) + dy[r * c_all + c];
        }
    return 0;
}

int mean_rows_shape(const struct graph *g, struct node *node, struct err *e) {
    const struct shape x = g->nodes[node->inputs[0]].shape;
    int rows = 0;
    for (int i = 0; i < node->groups.n; i++)
        rows += node->groups.rows[i];
    node->shape = (struct shape){node->groups.n, 1, 1, x.c};
    return rows == x.n ? 0 : err_set(e, ERR_INTERNAL, "groups of %d rows over %d", rows, x.n);
}

int mean_rows_forward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const size_t c_all = (size_t)s->node->shape.c;
    const float *in = step_in(p, s, 0);
    float *out = step_out(p, s);
    for (int group = 0; group < s->node->groups.n; group++, out += c_all) {
        const size_t rows = (size_t)s->node->groups.rows[group];
        for (size_t c = 0; c < c_all; c++) {
            double sum = 0;
            for (size_t r = 0; r < rows; r++)
                sum += (double)in[r * c_all + c];
            out[c] = (float)(sum / (double)rows);
        }
        in += rows * c_all;
    }
    return 0;
}

int mean_rows_backward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const size_t c_all = (size_t)s->node->shape.c;
    const float *dy = step_dout(p, s);
    float *dx = step_din(p, s, 0);
    for (int group = 0; dx && group < s->node->groups.n; group++, dy += c_all)
        for (int r = 0; r < s->node->groups.rows[group]; r++, dx += c_all)
            for (size_t c = 0; c < c_all; c++)
                dx[c] = (s->add[0] ? dx[c] : 0) + dy[c] / (float)s->node->groups.rows[group];
    return 0;
}

int pick_rows_shape(const struct graph *g, struct node *node, struct err *e) {
    const int c = g->nodes[node->inputs[0]].shape.c;
    int rows = 0;
    for (int i = 0; i < node->n_inputs; i++) {
        const struct shape x = g->nodes[node->inputs[i]].shape;
        if (x.c != c || x.h != 1 || x.w != 1)
            return err_set(e, ERR_INTERNAL, "rows of %d and %d numbers", c, x.c);
        rows += x.n;
    }
    for (int i = 0; i < node->shape.n; i++)
        if (node->row[i] < 0 || node->row[i] >= rows)
            return err_set(e, ERR_INTERNAL, "row %d of %d", node->row[i], rows);
    node->shape = (struct shape){node->shape.n, 1, 1, c};
    return 0;
}

/* The input that holds row `row` of all, and its place there. */
static int input_of_row(const struct plan *p, const struct step *s, int *row) {
    int i = 0;
    while (*row >= plan_shape(p, s, i)->n)
        *row -= plan_shape(p, s, i++)->n;
    return i;
}

int pick_rows_forward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const size_t c_all = (size_t)s->node->shape.c;
    float *out = step_out(p, s);
    for (int r = 0; r < s->node->shape.n; r++, out += c_all) {
        int row = s->node->row[r];
        const int i = input_of_row(p, s, &row);
        memcpy(out, step_in(p, s, i) + (size_t)row * c_all, c_all * sizeof *out);
    }
    return 0;
}

int pick_rows_backward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const size_t c_all = (size_t)s->node->shape.c;
    const float *dy = step_dout(p, s);
    for (int i = 0; i < s->n_in; i++) /* a row may be taken never, or more than once */
        if (step_din(p, s, i) && !s->add[i])
            memset(step_din(p, s, i), 0, shape_count(*plan_shape(p, s, i)) * sizeof(float));
    for (int r = 0; r < s->node->shape.n; r++, dy += c_all) {
        int row = s->node->row[r];
        const int i = input_of_row(p, s, &row);
        float *dx = step_din(p, s, i);
        for (size_t c = 0; dx && c < c_all; c++)
            dx[(size_t)row * c_all + c] += dy[c];
    }
    return 0;
}

/* node->shape.n comes in as the number of rows. */
int join_shape(const struct graph *g, struct node *node, struct err *e) {
    const size_t rows = (size_t)node->shape.n;
    size_t count = 0;
    for (int i = 0; i < node->n_inputs; i++) {
        const size_t one = shape_count(g->nodes[node->inputs[i]].shape);
        if (rows < 1 || one % rows)
            return err_set(e, ERR_INTERNAL, "%zu numbers in %zu rows", one, rows);
        count += one / rows;
    }
    node->shape = (struct shape){(int)rows, 1, 1, (int)count};
    return 0;
}

int join_forward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const size_t rows = (size_t)s->node->shape.n, width = (size_t)s->node->shape.c;
    float *out = step_out(p, s);
    for (int i = 0; i < s->n_in; i++) {
        const size_t n = shape_count(*plan_shape(p, s, i)) / rows;
        for (size_t r = 0; r < rows; r++)
            memcpy(out + r * width, step_in(p, s, i) + r * n, n * sizeof *out);
        out += n;
    }
    return 0;
}

int join_backward(struct plan *p, struct step *s, struct err *e) {
    (void)e;
    const size_t rows = (size_t)s->node->shape.n, width = (size_t)s->node->shape.c;
    const float *dy = step_dout(p, s);
    for (int i = 0; i < s->n_in; i++) {
        const size_t n = shape_count(*plan_shape(p, s, i)) / rows;
        float *dx = step_din(p, s, i);
        for (size_t k = 0; dx && k < rows * n; k++)
            dx[k] = (s->add[i] ? dx[k] : 0) + dy[k / n * width + k % n];
        dy += n;
    }
    return 0;
}
