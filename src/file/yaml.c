/* YAML through libcyaml: one place for its settings, and its log turned into one sentence. Floor 1. */
#include "file/yaml.h"

#include <cyaml/cyaml.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file/csv.h"

/* What the library logged: its first complaint, and the first place it named. Lines and columns are 1-based. */
struct complaint {
    char what[256];
    unsigned long line, column;
};

static void listen(cyaml_log_t level, void *ctx, const char *format, va_list args) __attribute__((format(printf, 3, 0)));
static void listen(cyaml_log_t level, void *ctx, const char *format, va_list args) {
    struct complaint *c = ctx;
    char text[256];
    (void)level;
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = '\0';
    const char *place = strstr(text, "(line: "), *said = text;
    if (place != NULL) {
        char *end = NULL;
        unsigned long line = strtoul(place + strlen("(line: "), &end, 10);
        if (c->line == 0 && strncmp(end, ", column: ", 10) == 0) {
            c->line = line;
            c->column = strtoul(end + 10, NULL, 10);
        }
        return;
    }
    if (strncmp(said, "Load: ", 6) == 0)
        said += 6;
    if (strncmp(said, "libyaml: ", 9) == 0)
        said += 9;
    if (c->what[0] == '\0' && strncmp(said, "Backtrace", 9) != 0)
        snprintf(c->what, sizeof c->what, "%s", said);
}

static cyaml_config_t settings(struct complaint *c) {
    return (cyaml_config_t){
        .log_fn = listen, .log_ctx = c, .mem_fn = cyaml_mem, .log_level = CYAML_LOG_WARNING, .flags = CYAML_CFG_NO_ALIAS};
}

/* The library names the token before an unknown key; look for the key itself from there on. */
static void find_key(struct complaint *c, const char *text, size_t n) {
    static const char intro[] = "Unexpected key: ";
    const char *key = c->what + sizeof intro - 1;
    unsigned long line = 1, column = 1;
    if (strncmp(c->what, intro, sizeof intro - 1) != 0 || *key == '\0')
        return;
    size_t length = strlen(key);
    for (size_t i = 0; i + length <= n; i++) {
        bool after = line > c->line || (line == c->line && column >= c->column);
        if (after && memcmp(text + i, key, length) == 0) {
            c->line = line;
            c->column = column;
            return;
        }
        column++;
        if (text[i] == '\n') {
            line++;
            column = 1;
        }
    }
}

/* The library hands out C strings, which would silently end at such a character. */
static bool has_escaped_nul(const char *text, size_t n) {
    static const char *const escapes[] = {"\\0", "\\x00", "\\u0000", "\\U00000000"};
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++)
        if (memmem(text, n, escapes[i], strlen(escapes[i])))
            return true;
    return false;
}

int yaml_read(void **out, const char *text, size_t n, const struct cyaml_schema_value *shape, struct err *e) {
    struct complaint c = {.what = ""};
    cyaml_config_t cfg = settings(&c);
    char shown[CSV_SHOW_SIZE];
    cyaml_data_t *data = NULL;
    *out = NULL;
    if (n > YAML_FILE_MAX)
        return err_set(e, ERR_LIMIT, "the YAML file has %zu bytes, the limit is %d", n, YAML_FILE_MAX);
    if (n == 0 || memchr(text, '\0', n) != NULL)
        return err_set(e, ERR_YAML, n == 0 ? "the YAML file is empty" : "the YAML file contains a NUL byte");
    if (has_escaped_nul(text, n))
        return err_set(e, ERR_YAML, "the YAML file writes a NUL character (\\0, \\x00, \\u0000): a name would end there");
    cyaml_err_t r = cyaml_load_data((const uint8_t *)text, n, &cfg, shape, &data, NULL);
    if (r == CYAML_OK && data != NULL && c.what[0] == '\0') {
        *out = data;
        return 0;
    }
    yaml_discard(data, shape);
    if (r == CYAML_ERR_OOM)
        return err_set(e, ERR_NO_MEMORY, "out of memory while reading the YAML file");
    find_key(&c, text, n);
    const char *what = c.what[0] != '\0' ? csv_show(shown, c.what)
                       : r != CYAML_OK   ? cyaml_strerror(r)
                                         : "the YAML file contains no document";
    if (c.line == 0)
        return err_set(e, ERR_YAML, "%s", what);
    return err_set(e, ERR_YAML, "line %lu, column %lu: %s", c.line, c.column, what);
}

void yaml_discard(void *data, const struct cyaml_schema_value *shape) {
    struct complaint c = {.what = ""};
    cyaml_config_t cfg = settings(&c);
    if (data != NULL)
        cyaml_free(&cfg, shape, data, 0);
}

void yaml_library(char out[32]) {
    snprintf(out, 32, "libcyaml %s", cyaml_version_str);
}
