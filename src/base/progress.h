/* A one-line progress bar on a terminal's stderr; silent elsewhere. Floor 0. The caller hands in the stream: nothing below cli/ prints by
 * itself. */
#ifndef BMU_BASE_PROGRESS_H
#define BMU_BASE_PROGRESS_H

#include <stdio.h>

struct progress {
    FILE *stream; /* NULL: silent */
    const char *what;
    long total;
    double started, drawn;
};
/* stream may be NULL or not a terminal: then nothing is drawn. */
void progress_start(struct progress *p, FILE *stream, const char *what, long total);
void progress_update(struct progress *p, long done);
void progress_finish(struct progress *p); /* clears the line */
/* Monotonic seconds. */
double clock_seconds(void);

#endif
