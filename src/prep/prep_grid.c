/* Bitmaps of at most 256 x 256 cells: components, erosion, dilation. Floor 4. */
#include <string.h>

#include "prep/prep_steps.h"

void grid_init(struct grid *g, uint32_t width, uint32_t height, int most) {
    const uint32_t longer = width > height ? width : height;
    g->cell = (int)((longer + (uint32_t)most - 1) / (uint32_t)most);
    g->width = (int)((width + (uint32_t)g->cell - 1) / (uint32_t)g->cell);
    g->height = (int)((height + (uint32_t)g->cell - 1) / (uint32_t)g->cell);
    memset(g->set, 0, sizeof g->set);
}

static struct component flood(uint16_t *label, uint16_t *stack, const struct grid *g, int start, uint16_t name, int neighbours) {
    static const int step[8][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}, {1, 1}, {1, -1}, {-1, 1}, {-1, -1}};
    struct component c = {.box = {g->width, g->height, 0, 0}};
    int depth = 0;
    stack[depth++] = (uint16_t)start;
    label[start] = name;
    while (depth > 0) {
        const int at = stack[--depth], x = at % g->width, y = at / g->width;
        c.cells++;
        c.box.x0 = x < c.box.x0 ? x : c.box.x0;
        c.box.y0 = y < c.box.y0 ? y : c.box.y0;
        c.box.x1 = x + 1 > c.box.x1 ? x + 1 : c.box.x1;
        c.box.y1 = y + 1 > c.box.y1 ? y + 1 : c.box.y1;
        for (int k = 0; k < neighbours; k++) {
            const int nx = x + step[k][0], ny = y + step[k][1], next = ny * g->width + nx;
            if (nx < 0 || ny < 0 || nx >= g->width || ny >= g->height || !g->set[next] || label[next])
                continue;
            label[next] = name; /* each cell enters the stack once, so the stack cannot overflow */
            stack[depth++] = (uint16_t)next;
        }
    }
    return c;
}

int grid_components(struct component *list, int most, uint16_t *label, const struct grid *g, int neighbours) {
    const int cells = g->width * g->height;
    uint16_t stack[GRID_MAX * GRID_MAX];
    int n = 0;
    memset(label, 0, (size_t)cells * sizeof *label);
    for (int i = 0; i < cells; i++) {
        if (!g->set[i] || label[i])
            continue;
        struct component c = flood(label, stack, g, i, (uint16_t)(n + 1), neighbours);
        if (n < most)
            list[n] = c;
        n++;
    }
    return n;
}

/* Each cell becomes `value` if one of its eight neighbours has it. */
static void spread(struct grid *g, uint8_t value) {
    uint8_t was[GRID_MAX * GRID_MAX];
    memcpy(was, g->set, (size_t)g->width * (size_t)g->height);
    for (int y = 0; y < g->height; y++)
        for (int x = 0; x < g->width; x++)
            for (int ny = y > 0 ? y - 1 : 0; ny <= y + 1 && ny < g->height; ny++)
                for (int nx = x > 0 ? x - 1 : 0; nx <= x + 1 && nx < g->width; nx++)
                    if (was[ny * g->width + nx] == value)
                        g->set[y * g->width + x] = value;
}

void grid_erode(struct grid *g) {
    spread(g, 0);
}

void grid_dilate(struct grid *g) {
    spread(g, 1);
}
