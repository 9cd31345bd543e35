/* bmunet info: what a model file is, from its metadata and a full check of its weights. Floor 10. */
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "cli/cli.h"
#include "file/json.h"
#include "model/describe.h"
#include "verb/verbs.h"

struct options {
    const char *model;
    bool json;
};

static const struct option option_list[] = {
    {OPTION_JSON(struct options)},
    {OPTION_TEXT(NULL, "MODEL", struct options, model, "the model file; see bmunet-model(5)"), .required = true},
    {0}};

static int print_json(const char *path, const struct model *m, struct err *e) {
    struct json *j = model_describe(m, path);
    struct buf text;
    buf_init(&text);
    int rc = json_ok(j) ? json_write_pretty(j, &text, e) : err_set(e, ERR_NO_MEMORY, "no memory for the facts");
    if (!rc)
        puts(text.data);
    buf_release(&text);
    json_free(j);
    return rc;
}

static void print_schema(const struct schema *s) {
    if (!s) {
        puts("clinical    none: this network takes no clinical values");
        return;
    }
    printf("clinical    schema ");
    cli_text(stdout, s->name);
    printf(", %zu values:", s->n_fields);
    for (size_t i = 0; i < s->n_fields; i++) {
        const char *unit = s->fields[i].unit;
        fputs(i ? ", " : " ", stdout);
        cli_text(stdout, s->fields[i].name);
        fputs(unit[0] ? " [" : "", stdout);
        cli_text(stdout, unit);
        fputs(unit[0] ? "]" : "", stdout);
    }
    putchar('\n');
}

static void print_string(const struct json *j, const char *fallback) {
    const char *text = json_string(j);
    cli_text(stdout, text && *text ? text : fallback);
}

static void print_tree(const struct tree *t) {
    char group[TREE_GROUP_SIZE];
    cli_print_tree(stdout, "tree        ", t);
    for (size_t level = 0; level == 0 || level + 1 < t->n_levels; level++) { /* a tree of one level has its leaves alone */
        int node[TREE_LEAVES_MAX];
        const size_t n = tree_level(node, t, level);
        for (size_t i = 0; i < n; i++) {
            fputs("            ", stdout);
            cli_text(stdout, tree_group(group, t, node[i]));
            puts(node[i] == t->positive ? "; counts as malignant" : "");
        }
    }
}

static int print_member(void *ctx, const char *key, struct json *value) {
    const char **separator = ctx;
    printf("%s", *separator);
    cli_text(stdout, key);
    putchar(' ');
    if (json_is_integer(value))
        printf("%lld", (long long)json_integer(value, 0));
    else
        print_string(value, "?");
    *separator = ", ";
    return 0;
}

static void print_text(const char *path, const struct model *m) {
    const struct model_config *c = model_config(m);
    static const char *const clinical[] = {"appended to the head's input, as published", "a token of their own", "none"};
    char hex[SHA256_HEX_SIZE], grouped[32];
    struct json *j = model_describe(m, path);
    sha256_hex(model_sha256(m), hex);
    printf("model       %s\nsha256      %s\n", path, hex);
    printf("network     %s, variant %s, width %d, %s parameters\n", network_name(c->network), variant_name(c->variant), c->width,
           cli_grouped(grouped, model_parameters(m)));
    for (unsigned k = 0; k < KIND_COUNT; k++)
        if (c->unlearnt >> k & 1U)
            printf("refused     %s: no exam has taught it\n", slot_kind_title((enum kind)k));
    if (c->evidence.kinds)
        printf("evidence    maps of %d kinds of lesions (level %s of the tree), %d pixels of a mammogram to a cell\n", c->evidence.kinds,
               model_tree(m)->levels[c->evidence.level], c->evidence.mg_stride);
    if (c->patch)
        printf("patches     trained on parts of pictures, %d x %d pixels: predicts nothing, other stages start from it\n", c->patch,
               c->patch);
    printf("absent      %s\n", c->variant == VARIANT_MASKED ? "left out (never computed)" : "the published release's black image");
    printf("input       profile %s; mammography %dx%d (height x width), mean %g, standard deviation %g; ultrasound %dx%d\n", c->prep.name,
           c->prep.mg_height, c->prep.mg_width, c->prep.mg_mean, c->prep.mg_std, c->prep.us_height, c->prep.us_width);
    print_schema(model_schema(m));
    if (c->clinical != CLINICAL_NONE)
        printf("            enter as: %s\n", clinical[c->clinical]);
    print_tree(model_tree(m));
    const char *separator = "source      ";
    json_each(json_get(j, "source"), print_member, &separator);
    if (*separator == ',')
        putchar('\n');
    puts("Research use only. Not a medical device; the output is a model's score, not a diagnosis.");
    json_free(j);
    json_ok(NULL); /* text only: what could not be built is not shown */
}

static int run_info(void *options) {
    const struct options *o = options;
    struct model *m = NULL;
    struct err e = {0};
    int rc = model_open(&m, o->model, &(struct model_options){0}, &e);
    if (!rc)
        cli_warn_untrained(m);
    if (!rc && o->json)
        rc = print_json(o->model, m, &e);
    else if (!rc)
        print_text(o->model, m);
    model_close(m);
    return rc ? cli_fail(&e) : cli_finish(EXIT_OK);
}

const struct command command_info = {.name = "info",
                                     .summary = "show what a model file is",
                                     .about = "Show what a model file is. Every weight is checked.",
                                     .options = option_list,
                                     .size = sizeof(struct options),
                                     .run = run_info};
