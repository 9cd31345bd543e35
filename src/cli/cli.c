/* What the verbs share. Floor 9. */
#include "cli/cli.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/hint.h"
#include "file/filename.h"
#include "file/paths.h"
#include "prep/cache.h"

static const char *verb_name; /* of the verb that runs; NULL: none yet */
static volatile sig_atomic_t stop;
static void on_signal(int number) {
    (void)number;
    stop = 1;
}

void cli_catch(int number) {
    struct sigaction a = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&a.sa_mask);
    sigaction(number, &a, NULL);
}

const volatile sig_atomic_t *cli_stop(void) {
    return &stop;
}

void cli_text(FILE *stream, const char *text) {
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        bool c1 = c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0; /* U+0080 .. U+009F: control characters as well */
        bool control = (*c < 0x20 && *c != '\n') || *c == 0x7f || c1;
        fputc(control ? '?' : *c, stream);
        c += c1;
    }
}

static void print_line(const char *prefix, const char *text) {
    fputs(prefix, stderr);
    cli_text(stderr, text);
    fputc('\n', stderr);
}

int cli_fail(const struct err *e) {
    char prefix[64];
    snprintf(prefix, sizeof prefix, "bmunet: %s: ", err_name(e->code));
    const char *hint = hint_for(verb_name, e->code);
    char text[ERR_MESSAGE_MAX + 128];
    snprintf(text, sizeof text, "%s%s%s", e->message, *hint ? "; " : "", hint);
    print_line(prefix, text);
    return err_class(e->code) == ERR_CLASS_INTERRUPTED ? EXIT_INTERRUPTED : EXIT_ERROR;
}

void cli_warn(const char *format, ...) {
    char text[ERR_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    print_line("bmunet: WARNING: ", text);
}

bool cli_warn_untrained(const struct model *m) {
    const char *untrained = model_metadata(m, "bmunet.untrained");
    if (!untrained || strcmp(untrained, "true") != 0)
        return false;
    cli_warn("THIS MODEL IS UNTRAINED: its weights are random numbers, and what it says means nothing about any patient");
    return true;
}

int cli_finish(int status) {
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    struct err e;
    err_set(&e, ERR_FILE_WRITE, "standard output could not be written");
    return cli_fail(&e);
}

int cli_parse(const struct argp *argp, const char *verb, int argc, char **argv, void *options) {
    char name[64];
    struct cli *cli = options;
    verb_name = verb;
    snprintf(name, sizeof name, "bmunet %s", verb);
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            argp_help(argp, stdout, ARGP_HELP_STD_HELP, name);
            return cli_finish(EXIT_OK);
        }
    argv[0] = name;
    /* argp's own messages have another form than ours, and its exit status is 64 */
    if (argp_parse(argp, argc, argv, ARGP_NO_ERRS | ARGP_NO_EXIT | ARGP_NO_HELP, NULL, options) == 0)
        return -1;
    if (cli->err.code == 0)
        err_set(&cli->err, ERR_USAGE, "the options of '%s' are not understood; see '%s --help'", name, name);
    return cli_fail(&cli->err);
}

error_t cli_usage(struct argp_state *state, const char *format, ...) {
    struct cli *cli = state->input;
    char text[400];
    va_list args;
    if (cli->err.code)
        return EINVAL;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    err_set(&cli->err, ERR_USAGE, "%s; see '%s --help'", text, state->name);
    return EINVAL;
}

error_t cli_default(int key, struct argp_state *state) {
    switch (key) {
    case ARGP_KEY_ERROR: /* argp found it: an option that is not known, or one without its value */
        if (state->next > 1 && state->next <= state->argc)
            cli_usage(state, "the option '%s' is not known, or not unique, or lacks its value", state->argv[state->next - 1]);
        return 0;
    case ARGP_KEY_ARG:
        return cli_usage(state, "'%s' is one argument too many", state->argv[state->next - 1]);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

error_t cli_take_number(long *out, const char *arg, long min, long max, const char *option, struct argp_state *state) {
    char *end;
    errno = 0;
    long n = strtol(arg, &end, 10);
    if (errno || end == arg || *end || n < min || n > max)
        return cli_usage(state, "%s is '%s'; a whole number from %ld to %ld is due", option, arg, min, max);
    *out = n;
    return 0;
}

error_t cli_take_real(double *out, const char *arg, double min, double max, const char *option, struct argp_state *state) {
    if (schema_number(out, arg, NULL) || *out < min || *out > max)
        return cli_usage(state, "%s is '%s'; a number from %g to %g is needed", option, arg, min, max);
    return 0;
}

error_t cli_take_network(enum network *out, const char *arg, struct argp_state *state) {
    int n = network_from_name(arg);
    if (n < 0)
        return cli_usage(state, "there is no network '%s'; there are bmu, mg and us", arg);
    *out = (enum network)n;
    return 0;
}

error_t cli_take_variant(enum variant *out, const char *arg, struct argp_state *state) {
    int n = variant_from_name(arg);
    if (n < 0)
        return cli_usage(state, "there is no variant '%s'; there are reference and masked", arg);
    *out = (enum variant)n;
    return 0;
}

error_t cli_take_clinical(enum clinical_mode *out, const char *arg, struct argp_state *state) {
    if (strcmp(arg, "concat") == 0)
        *out = CLINICAL_CONCAT;
    else if (strcmp(arg, "token") == 0)
        *out = CLINICAL_TOKEN;
    else
        return cli_usage(state, "--clinical is '%s'; it can be concat or token", arg);
    return 0;
}

error_t cli_take_precision(enum precision *out, const char *arg, struct argp_state *state) {
    if (strcmp(arg, "fp32") == 0)
        *out = PRECISION_FP32;
    else if (strcmp(arg, "bf16") == 0)
        *out = PRECISION_BF16;
    else
        return cli_usage(state, "--precision is '%s'; it can be fp32 or bf16", arg);
    return 0;
}

error_t cli_take_cache(char **folder, uint64_t *bytes, const char *arg, struct argp_state *state) {
    static const char units[] = "KMGT";
    const char *comma = strrchr(arg, ',');
    free(*folder);
    if (!(*folder = mem_strdup(arg, NULL)))
        return ENOMEM;
    if (!comma)
        return 0;
    (*folder)[comma - arg] = 0;
    char *end = NULL;
    errno = 0;
    const unsigned long long n = strtoull(comma + 1, &end, 10);
    const char *unit = end && *end ? strchr(units, *end) : NULL;
    const unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    if (end == comma + 1 || comma[1] < '0' || comma[1] > '9' || errno || (end && *end && (!unit || end[1])) || n > UINT64_MAX >> shift ||
        n << shift < CACHE_BYTES_MIN)
        return cli_usage(state, "--cache %s: after the comma a size of at least 1M is needed, as in 20G", arg);
    *bytes = n << shift;
    return 0;
}

void cli_cache_remark(struct cache *c) {
    struct cache_stats s;
    if (!c)
        return;
    cache_stats(&s, c);
    if (s.remark[0])
        cli_warn("%s", s.remark);
}

int cli_share(char **out, const char *what, struct err *e) {
    return paths_share(out, NULL, what, e);
}

int cli_schema(struct schema **out, const char *path, struct err *e) {
    char *found = NULL;
    *out = NULL;
    int rc = path ? 0 : cli_share(&found, "schemas/clinical10.yml", e);
    if (rc == 0)
        rc = schema_read_yaml(out, path ? path : found, e);
    free(found);
    return rc;
}

int cli_tree(struct tree **out, const char *path, struct err *e) {
    char *found = NULL;
    *out = NULL;
    int rc = path ? 0 : cli_share(&found, "trees/bmu5.yml", e);
    if (rc == 0)
        rc = tree_read_yaml(out, path ? path : found, e);
    free(found);
    return rc;
}

void cli_print_tree(FILE *stream, const char *before, const struct tree *t) {
    fputs(before, stream);
    cli_text(stream, t->name);
    fputs(", approved by ", stream);
    cli_text(stream, t->approved_by[0] ? t->approved_by : "nobody");
    fprintf(stream, ", sha256 %s\n", t->sha256[0] ? t->sha256 : "not known");
}

int cli_vendors(struct vendors **out, const char *folder, struct err *e) {
    char *found = NULL;
    *out = NULL;
    int rc = folder ? 0 : cli_share(&found, "vendors", e);
    if (!rc)
        rc = vendors_read_folder(out, folder ? folder : found, e);
    free(found);
    return rc;
}

/* The resolved folder of a path that need not exist itself. */
static bool folder_of(char out[PATH_MAX], const char *path) {
    char copy[PATH_MAX];
    int n = snprintf(copy, sizeof copy, "%s", path);
    return n > 0 && n < PATH_MAX && realpath(dirname(copy), out) != NULL;
}

static bool same_file(const char *a, const char *b) {
    struct stat x, y;
    bool is_a = stat(a, &x) == 0, is_b = stat(b, &y) == 0;
    if (is_a && is_b)
        return x.st_dev == y.st_dev && x.st_ino == y.st_ino;
    if (is_a || is_b)
        return false;
    char folder_a[PATH_MAX], folder_b[PATH_MAX];
    return folder_of(folder_a, a) && folder_of(folder_b, b) && strcmp(folder_a, folder_b) == 0 &&
           strcmp(filename_base(a), filename_base(b)) == 0;
}

int cli_distinct(const char *what_a, const char *a, const char *what_b, const char *b, struct err *e) {
    if (!a || !b || !same_file(a, b))
        return 0;
    return err_set(e, ERR_USAGE, "%s and %s are the same file, %s", what_a, what_b, a);
}

int cli_not_an_image(const char *option, const char *path, const struct manifest *cohort, struct err *e) {
    int rc = 0;
    if (!path || access(path, F_OK) != 0)
        return 0;
    for (size_t i = 0; i < cohort->n && !rc; i++)
        for (int s = 0; s < SLOT_COUNT && !rc; s++)
            rc = cli_distinct(option, path, "an image of the table", cohort->rows[i].exam.source[s].name, e);
    return rc;
}

const char *cli_grouped(char out[32], uint64_t n) {
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
    char *to = out;
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = 0;
    return out;
}
