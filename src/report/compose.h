/* From an evaluation to the report's document: which sections, figures, tables and captions. Floor 6. */
#ifndef BMU_REPORT_COMPOSE_H
#define BMU_REPORT_COMPOSE_H

#include "draw/document_model.h"
#include "evaluate/results.h"

struct compose_options {
    enum words_language language;
    struct canvas_fonts *fonts;
};
/* document_free(). Errors of canvas.h, plot.h and document_model.h. */
int compose_report(struct document **out, const struct evaluation *v, const struct provenance *from, const struct compose_options *options,
                   struct err *e);

#endif
