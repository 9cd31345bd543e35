/* bmunet bench infer | train: seconds and memory of one whole exam on this machine. Floor 9. */
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
#include "cli/bench.h"
#include "file/json.h"

enum {
    KEY_JSON = 0x100,
    KEY_MODEL,
    KEY_THREADS,
    KEY_PRECISION,
    KEY_EXACT,
    KEY_RUNS,
    KEY_LAYERS,
    KEY_NETWORK,
    KEY_SMALL,
    KEY_OF,
    KEY_MEMORY
};
static const struct argp_option option_list[] = {
    {.name = "json", .key = KEY_JSON, .doc = "as JSON"},
    {.name = "model", .key = KEY_MODEL, .arg = "FILE", .doc = "default: an untrained one, made and removed"},
    {.name = "network", .key = KEY_NETWORK, .arg = "bmu|mg|us", .doc = "of the untrained one (default bmu)"},
    {.name = "precision", .key = KEY_PRECISION, .arg = "fp32|bf16", .doc = "of the convolutions (default fp32); training: fp32|mixed"},
    {.name = "what",
     .key = KEY_OF,
     .arg = "exam|trunk",
     .doc = "train: a whole exam, or one trunk over 32 images of 224 x 224 (default exam)"},
    {.name = "recompute",
     .key = KEY_MEMORY,
     .arg = "auto|norms|inner|blocks",
     .doc = "train: what is computed twice to save memory (default auto)"},
    {.name = "exact", .key = KEY_EXACT, .doc = "direct convolution only"},
    {.name = "threads", .key = KEY_THREADS, .arg = "N", .doc = "computing threads (default: one per processor)"},
    {.name = "runs", .key = KEY_RUNS, .arg = "N", .doc = "timed runs after one to warm up (default 5)"},
    {.name = "layers", .key = KEY_LAYERS, .doc = "time and GFLOP/s of each layer"},
    {.name = "small", .key = KEY_SMALL, .doc = "the tiny network of the tests", .flags = OPTION_HIDDEN},
    {0}};

static const char *const memories[] = {
    [LEARNER_MEMORY_AUTO] = "auto", [LEARNER_MEMORY_NORMS] = "norms", [LEARNER_MEMORY_INNER] = "inner", [LEARNER_MEMORY_BLOCKS] = "blocks"};

static error_t parse_option(int key, char *arg, struct argp_state *state) {
    struct bench_options *o = state->input;
    switch (key) {
    case KEY_JSON:
        o->json = true;
        return 0;
    case KEY_MODEL:
        o->model = arg;
        return 0;
    case KEY_NETWORK:
        return cli_take_network(&o->network, arg, state);
    case KEY_OF:
        o->train_only = true;
        o->trunk = strcmp(arg, "trunk") == 0;
        return o->trunk || strcmp(arg, "exam") == 0 ? 0 : cli_usage(state, "--what takes exam or trunk, not '%s'", arg);
    case KEY_MEMORY:
        o->train_only = true;
        for (size_t i = 0; i < sizeof memories / sizeof memories[0]; i++)
            if (strcmp(arg, memories[i]) == 0)
                return o->memory = (enum learner_memory)i, 0;
        return cli_usage(state, "--recompute takes auto, norms, inner or blocks, not '%s'", arg);
    case KEY_PRECISION:
        if (strcmp(arg, "mixed") == 0) {
            o->engine.precision = PRECISION_BF16;
            o->train_only = o->mixed = true;
            return 0;
        }
        return cli_take_precision(&o->engine.precision, arg, state);
    case KEY_EXACT:
        o->engine.exact = true;
        return 0;
    case KEY_THREADS:
        return cli_take_number(&o->threads, arg, 1, 1024, "--threads", state);
    case KEY_RUNS:
        return cli_take_number(&o->runs, arg, 1, 1000, "--runs", state);
    case KEY_LAYERS:
        o->layers = true;
        return 0;
    case KEY_SMALL:
        o->small = true;
        return 0;
    case ARGP_KEY_ARG:
        o->train = strcmp(arg, "train") == 0;
        if (o->what || !(o->train || strcmp(arg, "infer") == 0))
            return cli_usage(state, "'%s' cannot be measured; there are infer and train", arg);
        o->what = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->what)
            return cli_usage(state, "what to measure is missing: infer or train");
        if (!o->train && o->train_only)
            return cli_usage(state, "--what, --recompute and --precision mixed belong to train");
        if (o->train && o->engine.precision == PRECISION_BF16 && !o->mixed)
            return cli_usage(state, "train takes --precision fp32 or mixed");
        if (o->trunk && (o->model || o->small || o->memory != LEARNER_MEMORY_AUTO))
            return cli_usage(state, "--what trunk is one fixed network: --model, --small and --recompute do not belong to it");
        return 0;
    default:
        return cli_default(key, state);
    }
}

static const struct argp argp = {
    .options = option_list,
    .parser = parse_option,
    .args_doc = "infer|train",
    .doc = "Measure one whole exam: every view the network takes, at full size, batch 1. The images are noise. train: "
           "forward, loss, backward and AdamW."};

/* An untrained model in a temporary file. Another process makes it, so that this one's peak memory is that of the inference alone. */
static int make_model(char path[], const struct bench_options *o, struct err *e) {
    char program[] = "/proc/self/exe", verb[] = "init", network[] = "--network", out[] = "--out", small[] = "--small", name[8];
    snprintf(name, sizeof name, "%s", network_name(o->network));
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
    return failed || status ? err_set(e, ERR_FILE_WRITE, "%s: an untrained model could not be made there; name a model by --model", path)
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
    free(x.views);
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

int cmd_bench(int argc, char **argv) {
    struct bench_options o = {.runs = 5};
    struct err e = {0};
    struct bench_result r = {0};
    struct rusage usage;
    char made[512] = "";
    int status = cli_parse(&argp, "bench", argc, argv, &o), rc = 0;
    if (status >= 0)
        return status;
    if (o.threads)
        pool_set_threads((int)o.threads);
    if (!o.model && !o.trunk) {
        const char *folder = getenv("TMPDIR");
        snprintf(made, sizeof made, "%s/bmunet-bench-XXXXXX", folder && *folder ? folder : "/tmp");
        rc = make_model(made, &o, &e);
    }
    if (!rc)
        rc = (o.train ? bench_train : run_infer)(&r, o.model ? o.model : made, &o, &e);
    if (made[0])
        unlink(made);
    if (!rc)
        qsort(r.seconds, r.runs, sizeof *r.seconds, order_double);
    getrusage(RUSAGE_SELF, &usage);
    r.peak_mb = (double)usage.ru_maxrss / 1024;
    if (!rc && o.json)
        rc = print_json(&r, &o, &e);
    else if (!rc)
        print_text(&r, &o);
    free(r.seconds);
    free(r.layers);
    arena_release(&r.texts);
    return rc ? cli_fail(&e) : cli_finish(EXIT_OK);
}
