/* From marks to what an evidence map should show. Floor 7. */
#include "learn/target.h"

#include <string.h>

#include "cohort/marks.h"

/* The group of a mark: marks that say the same share one; beyond the last there is no room, and the last takes in what it says too. */
static int group_of(struct evidence_target *t, uint64_t kinds) {
    int g = 0;
    while (g < t->n_groups && t->kinds[g] != kinds)
        g++;
    if (g == EVIDENCE_GROUPS_MAX)
        t->kinds[--g] |= kinds;
    else if (g == t->n_groups)
        t->kinds[t->n_groups++] = kinds;
    return g;
}

static void source_of(double out[2], const struct target_source *from, double x, double y) {
    double at[2] = {x, y};
    if (from->motion)
        warp_source(at, from->motion, x, y);
    geometry_to_source(out, from->geometry, at);
}

/* One cell: each place counts once for each group that covers it. */
static void count_cell(struct evidence_target *t, size_t cells, size_t cell, const double corner[2], const double step[2],
                       const struct marked_view *marks, const int *group, const struct target_source *from) {
    for (int i = 0; i < TARGET_SAMPLES * TARGET_SAMPLES; i++) {
        uint64_t hit = 0;
        double at[2];
        const int column = i % TARGET_SAMPLES, row = i / TARGET_SAMPLES;
        source_of(at, from, corner[0] + (column + 0.5) * step[0] - 0.5, corner[1] + (row + 0.5) * step[1] - 0.5);
        for (int m = 0; m < marks->n; m++)
            if (mark_covers(marks->list[m].mark, at[0], at[1]))
                hit |= UINT64_C(1) << group[m];
        for (int g = 0; g < t->n_groups; g++)
            t->share[(size_t)g * cells + cell] += hit >> g & 1U ? 1.0F / (TARGET_SAMPLES * TARGET_SAMPLES) : 0.0F;
    }
}

void target_make(struct evidence_target *out, int h, int w, const struct marked_view *marks, const struct target_source *from) {
    const size_t cells = (size_t)h * (size_t)w;
    const double side[2] = {(double)from->width / w, (double)from->height / h};
    const double step[2] = {side[0] / TARGET_SAMPLES, side[1] / TARGET_SAMPLES};
    int group[MARKS_PER_PICTURE];
    out->marked = marks->looked;
    out->n_groups = 0;
    for (int m = 0; m < marks->n; m++)
        group[m] = group_of(out, marks->list[m].kinds);
    memset(out->share, 0, (size_t)out->n_groups * cells * sizeof *out->share);
    for (size_t cell = 0; out->n_groups && cell < cells; cell++) {
        const size_t column = cell % (size_t)w, row = cell / (size_t)w;
        const double corner[2] = {(double)column * side[0], (double)row * side[1]};
        count_cell(out, cells, cell, corner, step, marks, group, from);
    }
}
