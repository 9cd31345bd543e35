/* A one-line progress bar on a terminal. Floor 0. */
#include "base/progress.h"

#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#define BAR_WIDTH 30
#define REDRAW_SECONDS 0.1

double clock_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void progress_start(struct progress *p, FILE *stream, const char *what, long total) {
    double now = clock_seconds();
    bool terminal = stream && isatty(fileno(stream));
    *p = (struct progress){.stream = terminal ? stream : NULL, .what = what, .total = total, .started = now, .drawn = now};
    if (p->stream)
        progress_update(p, 0);
}

void progress_update(struct progress *p, long done) {
    if (!p->stream)
        return;
    double now = clock_seconds();
    if (done > 0 && done < p->total && now - p->drawn < REDRAW_SECONDS)
        return;
    p->drawn = now;
    if (done > p->total)
        done = p->total;
    char bar[BAR_WIDTH + 1];
    long filled = p->total > 0 ? (long)((double)BAR_WIDTH * (double)done / (double)p->total) : 0;
    for (int i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < filled ? '#' : '.';
    bar[BAR_WIDTH] = 0;
    double elapsed = now - p->started;
    fprintf(p->stream, "\r%s [%s] %ld/%ld %.0f s", p->what, bar, done, p->total, elapsed);
    if (done > 0 && done < p->total)
        fprintf(p->stream, ", %.0f s left", elapsed / (double)done * (double)(p->total - done));
    fputs("\033[K", p->stream); /* to the end of the line: what an earlier, longer text left */
    fflush(p->stream);
}

void progress_finish(struct progress *p) {
    if (!p->stream)
        return;
    fputs("\r\033[K", p->stream);
    fflush(p->stream);
    p->stream = NULL;
}
