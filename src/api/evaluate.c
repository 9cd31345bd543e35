/* bmunet.h: anybody's predictions against the truth, as numbers. Floor 8. */
#include <signal.h>
#include <stdlib.h>

#include "api/api.h"
#include "base/mem.h"
#include "base/version.h"
#include "evaluate/study.h"

void bmunet_evaluate_options_default(struct bmunet_evaluate_options *options) {
    *options = (struct bmunet_evaluate_options){0};
}

struct listener {
    const struct bmunet_evaluate_options *options;
    struct api_call call;
    volatile sig_atomic_t stop;
};

static void tell(void *ctx, size_t done, size_t total, const char *what) {
    struct listener *l = ctx;
    if (l->stop || !l->options->progress)
        return;
    api_pause(&l->call);
    l->stop = l->options->progress(l->options->progress_ctx, what, done, total) != 0;
    api_resume(&l->call, l->options->threads);
}

static int check_options(const struct bmunet_evaluate_options *o, struct err *e) {
    if (!o->predictions || !o->truth)
        return err_set(e, ERR_USAGE, "struct bmunet_evaluate_options: predictions and truth are needed");
    if (!o->recalibrate_on != !o->development_truth)
        return err_set(e, ERR_USAGE, "struct bmunet_evaluate_options: recalibrate_on and development_truth go together");
    if (o->threads < 0 || o->threads > POOL_THREADS_MAX)
        return err_set(e, ERR_USAGE, "struct bmunet_evaluate_options: threads is %d, not 0 to %d", o->threads, POOL_THREADS_MAX);
    return api_reserved(o->reserved, sizeof o->reserved / sizeof *o->reserved, "bmunet_evaluate_options", e);
}

static int evaluate(char **json, struct listener *listener, struct err *e) {
    const struct bmunet_evaluate_options *o = listener->options;
    struct study *study = NULL;
    struct paths paths;
    char *plan = NULL, *tree = NULL;
    int rc = api_paths(&paths, o->paths, e);
    if (!rc && !o->plan)
        rc = paths_share(&plan, &paths, "plans/default.yml", e);
    if (!rc && !o->tree)
        rc = paths_share(&tree, &paths, "trees/bmu5.yml", e);
    struct study_options how = {.split = o->split, .code_version = BMUNET_CODE};
    how.path[STUDY_PREDICTIONS] = o->predictions;
    how.path[STUDY_TRUTH] = o->truth;
    how.path[STUDY_READERS] = o->readers;
    how.path[STUDY_PLAN] = o->plan ? o->plan : plan;
    how.path[STUDY_TREE] = o->tree ? o->tree : tree;
    how.path[STUDY_RECALIBRATE] = o->recalibrate_on;
    how.path[STUDY_DEVELOPMENT_TRUTH] = o->development_truth;
    how.path[STUDY_LOCKED] = o->locked;
    if (!rc && !(rc = study_open(&study, &how, e)) && !(rc = study_evaluate(study, tell, listener, &listener->stop, e)))
        if (!(*json = mem_strdup(study_results(study)->data, e)))
            rc = ERR_NO_MEMORY;
    study_free(study);
    mem_free(plan);
    mem_free(tree);
    return rc;
}

int bmunet_evaluate(char **json, const struct bmunet_evaluate_options *options, struct bmunet_error *error) {
    struct err e = {0};
    struct listener listener = {.options = options};
    *json = NULL;
    int rc = options ? check_options(options, &e) : err_set(&e, ERR_USAGE, "the options name the tables: there must be some");
    if (rc)
        return api_return(error, rc, &e);
    if (!(rc = api_enter(&listener.call, options->threads, &e)))
        rc = evaluate(json, &listener, &e);
    api_leave(&listener.call);
    return api_return(error, rc, &e);
}

void bmunet_text_free(char *text) {
    mem_free(text);
}
