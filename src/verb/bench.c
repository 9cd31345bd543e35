/* bmunet bench infer | train: seconds and memory of one whole exam on this machine. Floor 10. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/order.h"
#include "base/pool.h"
#include "base/progress.h"
#include "base/rng.h"
#include "file/json.h"
#include "verb/bench.h"
#include "verb/verbs.h"

static const struct option option_list[] = {
    {OPTION_CHOICE(NULL, "infer|train", struct bench_options, what, "prediction of one exam, or one step of training"), .required = true},
    {OPTION_JSON(struct bench_options)},
    {OPTION_TEXT("model", "FILE", struct bench_options, model, "the model file (default: an untrained one, made and removed)")},
    {OPTION_NETWORK(struct bench_options, "of the untrained one (default bmu)")},
    {OPTION_CHOICE("precision", "fp32|bf16|mixed", struct bench_options, precision,
                   "arithmetic of the convolutions: infer takes fp32 or bf16, train fp32 or mixed (default fp32)")},
    {OPTION_CHOICE("what", "exam|trunk", struct bench_options, part,
                   "train: a whole exam (default), or one trunk over 32 images of 224x224")},
    {OPTION_CHOICE("recompute", "auto|norms|inner|blocks", struct bench_options, recompute,
                   "train: what is computed twice to save memory (default auto)")},
    {OPTION_EXACT(struct bench_options, engine.exact)},
    {OPTION_THREADS(struct bench_options)},
    {OPTION_INTEGER("runs", "N", struct bench_options, runs, 1, 1000, "timed runs, after one to warm up (default 5)")},
    {OPTION_FLAG("layers", struct bench_options, layers, "time and GFLOP/s of each layer")},
    {OPTION_SMALL(struct bench_options)},
    {0}};
_Static_assert(PRECISION_FP32 == 0 && PRECISION_BF16 == 1 && LEARNER_MEMORY_AUTO == 0 && LEARNER_MEMORY_NORMS == 1 &&
                   LEARNER_MEMORY_INNER == 2 && LEARNER_MEMORY_BLOCKS == 3,
               "the choices' positions");
enum { MIXED = 2 }; /* of --precision */

static int check(const void *options, struct err *e) {
    const struct bench_options *o = options;
    if (!o->what && (o->part >= 0 || o->recompute >= 0 || o->precision == MIXED))
        return err_set(e, ERR_USAGE, "--what, --recompute and --precision mixed require train");
    if (o->what && o->precision == PRECISION_BF16)
        return err_set(e, ERR_USAGE, "--precision bf16 requires infer; train takes fp32 or mixed");
    if (o->part > 0 && (o->model || o->small || o->recompute > 0))
        return err_set(e, ERR_USAGE, "--what trunk is one fixed network; it excludes --model and --recompute");
    return 0;
}

/* An untrained model in a temporary file. Another process makes it, so that this one's peak memory is that of the inference alone. */
static int make_model(char path[], const struct bench_options *o, struct err *e) {
    char program[] = "/proc/self/exe", verb[] = "init", network[] = "--network", out[] = "--out", small[] = "--small", name[8];
    snprintf(name, sizeof name, "%s", network_name((enum network)o->network));
    char *argv[] = {program, verb, network, name, out, path, o->small ? small : NULL, NULL};
    posix_spawn_file_actions_t quiet;
    pid_t child;
    int status = 0, fd = mkstemp(path);
    if (fd < 0)
        return err_set(e, ERR_FILE_WRITE, "%s: a temporary model cannot be created", path);
    close(fd);
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    int failed = posix_spawn(&child, program, &quiet, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&quiet);
    while (!failed && waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            failed = errno;
    return failed || status ? err_set(e, ERR_FILE_WRITE, "%s: an untrained model could not be written there; name one with --model", path)
                            : 0;
}

/* Mammograms are standardised (normal numbers), ultrasound lies in 0..1. */
int bench_exam(struct bench_exam *x, const struct model_config *c, struct err *e) {
    x->views = mem_alloc_aligned(prep_offset(&c->prep, SLOT_COUNT), sizeof *x->views, e);
    if (!x->views)
        return ERR_NO_MEMORY;
    for (int s = 0; s < SLOT_COUNT; s++) {
        if (!(network_slots(c->network) >> s & 1U))
            continue;
        size_t n = prep_size(&c->prep, (enum slot)s);
        struct rng r = rng_make(1, 0, (uint32_t)s);
        float *view = x->views + prep_offset(&c->prep, (enum slot)s);
        x->view[s] = view;
        for (size_t i = 0; i < n; i++)
            view[i] = (float)(slot_is_mg((enum slot)s) ? rng_normal(&r, i) : rng_uniform(&r, i));
    }
    for (int i = 0; i < SCHEMA_FIELDS_MAX; i++)
        x->clinical[i] = (struct clinical){.present = true, .value = 1};
    return 0;
}

static double median(const struct bench_result *r) {
    return r->runs % 2 ? r->seconds[r->runs / 2] : (r->seconds[r->runs / 2 - 1] + r->seconds[r->runs / 2]) / 2;
}

static int measure_infer(struct bench_result *r, struct model *m, const struct bench_options *o, struct err *e) {
    struct bench_exam x = {0};
    struct model_output out;
    int rc = bench_exam(&x, model_config(m), e);
    struct model_input in = {.clinical = model_schema(m) ? x.clinical : NULL};
    for (int s = 0; s < SLOT_COUNT; s++)
        in.view[s] = x.view[s];
    if (!rc && !(r->seconds = mem_alloc((size_t)o->runs, sizeof *r->seconds, e)))
        rc = ERR_NO_MEMORY;
    if (!rc)
        rc = model_run(m, &in, &out, e);
    if (!rc && o->layers)
        model_profile(m, true);
    for (r->runs = 0; !rc && r->runs < (size_t)o->runs; r->runs++) {
        double started = clock_seconds();
        rc = model_run(m, &in, &out, e);
        r->seconds[r->runs] = clock_seconds() - started;
    }
    if (!rc && o->layers)
        rc = model_layers(&r->layers, &r->n_layers, m, e);
    mem_free(x.views);
    return rc;
}

int bench_keep_texts(struct bench_result *r, struct err *e) {
    for (size_t i = 0; i < r->n_layers; i++)
        if (!(r->layers[i].name = arena_strdup(&r->texts, r->layers[i].name, e)) ||
            !(r->layers[i].algorithm = arena_strdup(&r->texts, r->layers[i].algorithm, e)))
            return ERR_NO_MEMORY;
    return 0;
}

static double gflops(const struct layer_time *l) {
    return l->seconds > 0 ? 2e-9 * l->macs / l->seconds : 0;
}

static const char *precision_of(const struct bench_options *o) {
    return o->train && o->engine.precision == PRECISION_BF16 ? "mixed" : precision_name(o->engine.precision);
}

static struct json *result_json(const struct bench_result *r, const struct bench_options *o) {
    struct json *j = json_object();
    json_put_string(j, "what", r->what);
    json_put_string(j, "network", r->network);
    json_put_string(j, "precision", precision_of(o));
    json_put_bool(j, "exact", o->engine.exact);
    json_put_integer(j, "threads", pool_threads());
    json_put_integer(j, "runs", (int64_t)r->runs);
    json_put_number(j, "median_s", median(r));
    json_put_number(j, "min_s", r->seconds[0]);
    json_put_number(j, "max_s", r->seconds[r->runs - 1]);
    json_put_number(j, "peak_rss_mb", r->peak_mb);
    if (!o->layers)
        return j;
    struct json *list = json_array();
    for (size_t i = 0; i < r->n_layers; i++) {
        struct json *l = json_object();
        json_put_string(l, "name", r->layers[i].name);
        if (r->layers[i].pass)
            json_put_string(l, "pass", r->layers[i].pass);
        json_put_string(l, "algorithm", r->layers[i].algorithm);
        json_put_number(l, "ms", 1e3 * r->layers[i].seconds);
        json_put_number(l, "gflops", gflops(&r->layers[i]));
        json_push(list, l);
    }
    json_put(j, "layers", list);
    return j;
}

static int print_json(const struct bench_result *r, const struct bench_options *o, struct err *e) {
    struct json *j = result_json(r, o);
    struct buf text;
    buf_init(&text);
    int rc = json_ok(j) ? json_write_pretty(j, &text, e) : err_set(e, ERR_NO_MEMORY, "no memory for the result");
    if (!rc)
        puts(text.data);
    buf_release(&text);
    json_free(j);
    return rc;
}

static void print_text(const struct bench_result *r, const struct bench_options *o) {
    printf("%s, %s%s, %d threads\n", r->what, precision_of(o), o->engine.exact ? " exact" : "", pool_threads());
    printf("median %.3f s, min %.3f s, max %.3f s of %zu runs; peak resident %.0f MB\n", median(r), r->seconds[0], r->seconds[r->runs - 1],
           r->runs, r->peak_mb);
    if (o->layers)
        printf("\n%-44s %9s %9s  %s\n", "layer", "ms", "GFLOP/s", "algorithm");
    for (size_t i = 0; o->layers && i < r->n_layers; i++)
        printf("%-44s %9.3f %9.1f  %s%s%s\n", r->layers[i].name, 1e3 * r->layers[i].seconds, gflops(&r->layers[i]),
               r->layers[i].pass ? r->layers[i].pass : "", r->layers[i].pass ? "  " : "", r->layers[i].algorithm);
}

/* Inference: open, measure, close. */
static int run_infer(struct bench_result *r, const char *path, const struct bench_options *o, struct err *e) {
    struct model *m = NULL;
    int rc = model_open(&m, path, &o->engine, e);
    if (!rc) {
        r->network = network_name(model_config(m)->network);
        snprintf(r->what, sizeof r->what, "network %s, variant %s, whole exam, batch 1", r->network,
                 variant_name(model_config(m)->variant));
        rc = measure_infer(r, m, o, e);
    }
    if (!rc && o->layers)
        rc = bench_keep_texts(r, e);
    model_close(m);
    return rc;
}

static int run_bench(void *options) {
    struct bench_options *o = options;
    struct err e = {0};
    struct bench_result r = {0};
    struct rusage usage;
    char made[512] = "";
    int rc = 0;
    o->train = o->what;
    o->trunk = o->part > 0;
    o->engine.precision = o->precision == PRECISION_FP32 ? PRECISION_FP32 : PRECISION_BF16;
    o->memory = o->recompute > 0 ? (enum learner_memory)o->recompute : LEARNER_MEMORY_AUTO;
    if (o->threads)
        pool_set_threads((int)o->threads);
    if (!o->model && !o->trunk) {
        const char *folder = getenv("TMPDIR");
        snprintf(made, sizeof made, "%s/bmunet-bench-XXXXXX", folder && *folder ? folder : "/tmp");
        rc = make_model(made, o, &e);
    }
    if (!rc)
        rc = (o->train ? bench_train : run_infer)(&r, o->model ? o->model : made, o, &e);
    if (made[0])
        unlink(made);
    if (!rc)
        qsort(r.seconds, r.runs, sizeof *r.seconds, order_double);
    getrusage(RUSAGE_SELF, &usage);
    r.peak_mb = (double)usage.ru_maxrss / 1024;
    if (!rc && o->json)
        rc = print_json(&r, o, &e);
    else if (!rc)
        print_text(&r, o);
    mem_free(r.seconds);
    mem_free(r.layers);
    arena_release(&r.texts);
    return rc ? cli_fail(&e) : cli_finish(EXIT_OK);
}

static const struct bench_options defaults = {.runs = 5, .part = -1, .recompute = -1};
const struct command command_bench = {
    .name = "bench",
    .summary = "measure speed and memory on this machine",
    .about = "Measure one whole exam: every view the network takes, at full size, batch 1. The images are noise. train: forward, loss, "
             "backward and AdamW.",
    .options = option_list,
    .size = sizeof(struct bench_options),
    .defaults = &defaults,
    .check = check,
    .run = run_bench};
