/* bmunet.h: every exam of a table, to a callback and to files. Floor 8. */
#include <string.h>

#include "api/api.h"
#include "cohort/manifest_file.h"
#include "file/distinct.h"
#include "infer/pipeline.h"

void bmunet_table_options_default(struct bmunet_table_options *options) {
    *options = (struct bmunet_table_options){0};
}

struct table_run {
    struct bmunet_model *model;
    struct api_call call;
    struct output_facts facts;
    struct output *output; /* NULL: no file */
    bmunet_result_callback *each;
    void *ctx;
    size_t done, total;
};

static int deliver(void *ctx, const struct prediction *p, struct err *e) {
    struct table_run *t = ctx;
    struct bmunet_result *result = NULL;
    int rc = t->output ? output_add(t->output, p, e) : 0;
    t->done++;
    if (rc || !t->each)
        return rc;
    if ((rc = api_result(&result, t->model, p, &t->facts, e)))
        return rc;
    api_pause(&t->call);
    const int stop = t->each(t->ctx, result, t->done, t->total);
    api_resume(&t->call, t->model->options.threads);
    if (stop)
        rc = err_set(e, ERR_INTERRUPTED, "stopped by the caller after %zu of %zu exams; no file was written", t->done, t->total);
    bmunet_result_free(result);
    return rc;
}

static int check_outputs(const struct bmunet_model *m, const char *path, const struct manifest *cohort,
                         const struct bmunet_table_options *o, struct err *e) {
    const char *const outputs[2][2] = {{"csv_path", o->csv_path}, {"json_path", o->json_path}};
    int rc = file_distinct("csv_path", o->csv_path, "json_path", o->json_path, e);
    for (int i = 0; i < 2 && !rc; i++)
        if (!(rc = file_distinct(outputs[i][0], outputs[i][1], "the table", path, e)) &&
            !(rc = file_distinct(outputs[i][0], outputs[i][1], "the model", m->path, e)))
            rc = manifest_not_an_image(outputs[i][0], outputs[i][1], cohort, e);
    return rc;
}

static int run_table(struct table_run *t, const char *path, const struct bmunet_table_options *o, struct err *e) {
    const struct pipeline_options how = {.predictor = {.allow_partial = t->model->options.allow_partial,
                                                       .allow_tomosynthesis = t->model->options.allow_tomosynthesis,
                                                       .cache = t->model->cache,
                                                       .paths = &t->model->paths},
                                         .split = o->split};
    const struct manifest_options columns = {
        .schema = model_schema(t->model->model), .ignore_columns = o->ignore_columns, .n_ignore_columns = o->n_ignore_columns};
    struct manifest *cohort = NULL;
    int rc = cohort_read(&cohort, t->facts.exams_sha256, path, &columns, e);
    if (!rc && (t->total = pipeline_count(cohort, &how)) == 0)
        rc = err_set(e, ERR_CSV_EMPTY, "%s: no row has split '%s'", path, o->split ? o->split : "");
    if (!rc)
        rc = check_outputs(t->model, path, cohort, o, e);
    if (!rc) {
        t->facts.no_table = false;
        t->facts.positional_clinical = cohort->positional_clinical;
        rc = o->csv_path || o->json_path ? output_open(&t->output, o->csv_path, o->json_path, &t->facts, e) : 0;
    }
    if (!rc)
        rc = pipeline_run(t->model->model, cohort, &how, deliver, t, e);
    if (rc)
        output_abort(t->output);
    else if (t->output)
        rc = output_commit(t->output, e);
    manifest_free(cohort);
    return rc;
}

int bmunet_predict_table(struct bmunet_model *model, const char *exams_csv, const struct bmunet_table_options *options,
                         bmunet_result_callback *each, void *ctx, struct bmunet_error *error) {
    static const struct bmunet_table_options defaults;
    const struct bmunet_table_options *o = options ? options : &defaults;
    struct table_run t = {.model = model, .facts = model->facts, .each = each, .ctx = ctx};
    struct err e = {0};
    int rc = api_reserved(o->reserved, sizeof o->reserved / sizeof *o->reserved, "bmunet_table_options", &e);
    if (!rc && (!exams_csv || strcmp(exams_csv, "-") == 0))
        rc = err_set(&e, ERR_USAGE, "the path of a table is needed; the library does not read standard input");
    if (!rc && !each && !o->csv_path && !o->json_path)
        rc = err_set(&e, ERR_USAGE, "neither a callback nor a file is given: the results would be lost");
    if (rc)
        return api_return(error, rc, &e);
    if (!(rc = api_enter(&t.call, model->options.threads, &e)))
        rc = run_table(&t, exams_csv, o, &e);
    api_leave(&t.call);
    return api_return(error, rc, &e);
}
