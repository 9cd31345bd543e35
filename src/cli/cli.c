/* What the verbs share. Floor 9. */
#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/hint.h"
#include "file/paths.h"
#include "prep/cache.h"

_Static_assert(NETWORK_BMU == 0 && NETWORK_MG == 1 && NETWORK_US == 2 && VARIANT_REFERENCE == 0 && VARIANT_MASKED == 1 &&
                   CLINICAL_CONCAT == 0 && CLINICAL_TOKEN == 1,
               "positions in OPTION_NETWORK, OPTION_VARIANT, OPTION_CLINICAL");

static const char *verb_name; /* of the verb that runs; NULL: none yet */
void cli_verb(const char *name) {
    verb_name = name;
}

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

void cli_warn_untrained(const struct model *m) {
    if (model_untrained(m))
        cli_warn("%s", say("THIS MODEL IS UNTRAINED: its weights are random numbers, and its output means nothing about any patient"));
}

void cli_statuses(FILE *stream, bool refuses) {
    fprintf(stream, "%s\n", say("Exit status:"));
    fprintf(stream, "  %-3d %s\n", EXIT_OK, say("done"));
    fprintf(stream, "  %-3d %s\n", EXIT_ERROR, say("an error: one line on standard error says which"));
    if (refuses)
        fprintf(stream, "  %-3d %s\n", EXIT_REFUSED, say("everything is written, but something was refused; its row says why"));
    fprintf(stream, "  %-3d %s\n", EXIT_INTERRUPTED, say("stopped by a signal"));
}

int cli_finish(int status) {
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    struct err e;
    err_set(&e, ERR_FILE_WRITE, "standard output could not be written");
    return cli_fail(&e);
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
    mem_free(found);
    return rc;
}

int cli_tree(struct tree **out, const char *path, struct err *e) {
    char *found = NULL;
    *out = NULL;
    int rc = path ? 0 : cli_share(&found, "trees/bmu5.yml", e);
    if (rc == 0)
        rc = tree_read_yaml(out, path ? path : found, e);
    mem_free(found);
    return rc;
}

void cli_print_tree(FILE *stream, const char *before, const struct tree *t) {
    fputs(before, stream);
    cli_text(stream, t->name);
    fputs(say(", approved by "), stream);
    cli_text(stream, t->approved_by[0] ? t->approved_by : say("nobody"));
    fprintf(stream, ", sha256 %s\n", t->sha256[0] ? t->sha256 : "not known");
}

int cli_vendors(struct vendors **out, const char *folder, struct err *e) {
    char *found = NULL;
    *out = NULL;
    int rc = folder ? 0 : cli_share(&found, "vendors", e);
    if (!rc)
        rc = vendors_read_folder(out, folder ? folder : found, e);
    mem_free(found);
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
