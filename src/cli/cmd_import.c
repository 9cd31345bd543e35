/* bmunet import: a PyTorch checkpoint (or safetensors with the same keys) becomes a model file. Floor 9. */
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "ckpt/archive.h"
#include "cli/cli.h"
#include "file/filename.h"
#include "file/io.h"

struct options {
    struct cli cli;
    const char *from, *out, *schema, *tree;
    enum network network;
    bool has_network;
    enum variant variant;
    enum clinical_mode clinical;
};

enum { KEY_FROM = 0x100, KEY_OUT, KEY_NETWORK, KEY_VARIANT, KEY_SCHEMA, KEY_CLINICAL, KEY_TREE };
static const struct argp_option option_list[] = {
    {.name = "from", .key = KEY_FROM, .arg = "FILE", .doc = "the checkpoint: torch.save()d state dict (zip format), or safetensors"},
    {.name = "network", .key = KEY_NETWORK, .arg = "bmu|mg|us", .doc = "which network it is: fused, mammography only, ultrasound only"},
    {.name = "variant",
     .key = KEY_VARIANT,
     .arg = "reference|masked",
     .doc = "absent views: as the published release does it (black images; default), or left out"},
    {.name = "clinical", .key = KEY_CLINICAL, .arg = "concat|token", .doc = "how clinical values enter (default concat, as published)"},
    {.name = "schema", .key = KEY_SCHEMA, .arg = "FILE.yml", .doc = "what the clinical inputs mean (default clinical10)"},
    {.name = "tree", .key = KEY_TREE, .arg = "FILE.yml", .doc = "the disease tree whose leaves the outputs are (default bmu5)"},
    {.name = "out", .key = KEY_OUT, .arg = "FILE", .doc = "the model file to write (safetensors)"},
    {0}};

static error_t parse_option(int key, char *arg, struct argp_state *state) {
    struct options *o = state->input;
    switch (key) {
    case KEY_FROM:
        o->from = arg;
        return 0;
    case KEY_OUT:
        o->out = arg;
        return 0;
    case KEY_SCHEMA:
        o->schema = arg;
        return 0;
    case KEY_TREE:
        o->tree = arg;
        return 0;
    case KEY_NETWORK:
        o->has_network = true;
        return cli_take_network(&o->network, arg, state);
    case KEY_VARIANT:
        return cli_take_variant(&o->variant, arg, state);
    case KEY_CLINICAL:
        return cli_take_clinical(&o->clinical, arg, state);
    case ARGP_KEY_END:
        return o->from && o->out && o->has_network ? 0 : cli_usage(state, "--from, --network and --out are needed");
    default:
        return cli_default(key, state);
    }
}

static const struct argp argp = {.options = option_list,
                                 .parser = parse_option,
                                 .doc = "Turn a checkpoint into a model file. The checkpoint is read as data: nothing in it is ever run."};

/* safetensors begins with the header's length and '{'; all else is the business of the PyTorch reader, which says what it is not. */
static bool looks_like_safetensors(const char *path) {
    struct io_map map;
    if (io_map_open(&map, path, NULL))
        return false;
    bool yes = map.size > 9 && map.data[8] == '{' && memcmp(map.data, "PK", 2) != 0;
    io_map_close(&map);
    return yes;
}

static int read_and_import(const struct options *o, const struct schema *schema, const struct tree *tree, struct err *e) {
    struct archive *checkpoint = NULL;
    struct model_import how = {.network = o->network,
                               .variant = o->variant,
                               .clinical = o->clinical,
                               .schema = schema,
                               .tree = tree,
                               .source_name = filename_base(o->from)};
    int rc = looks_like_safetensors(o->from) ? safetensors_open(&checkpoint, o->from, e) : torch_open(&checkpoint, o->from, e);
    if (!rc)
        rc = archive_sha256(checkpoint, how.source_sha256, e);
    if (!rc)
        rc = model_import(o->out, checkpoint, &how, e);
    archive_close(checkpoint);
    return rc;
}

static void say_clinical(const struct schema *s, bool ours) {
    printf("clinical inputs 1..%zu are taken to be ", s->n_fields);
    for (size_t i = 0; i < s->n_fields; i++)
        printf("%s%s", i ? ", " : "", s->fields[i].name);
    printf(" (schema %s%s; change with --schema)\n", s->name, ours ? ", which is ours: the published release does not say" : "");
}

/* Reading the file back is the check that it can be used. */
static int say_result(const struct options *o, const struct schema *schema, struct err *e) {
    struct model *m = NULL;
    char hex[SHA256_HEX_SIZE], grouped[32];
    int rc = model_open(&m, o->out, &(struct model_options){0}, e);
    if (rc)
        return rc;
    if (schema)
        say_clinical(schema, !o->schema);
    sha256_hex(model_sha256(m), hex);
    printf("%s: network %s, variant %s, %s parameters, sha256 %s\n", o->out, network_name(o->network), variant_name(o->variant),
           cli_grouped(grouped, model_parameters(m)), hex);
    cli_print_tree(stdout, "outputs: disease tree ", model_tree(m));
    model_close(m);
    return 0;
}

int cmd_import(int argc, char **argv) {
    struct options o = {.variant = VARIANT_REFERENCE, .clinical = CLINICAL_CONCAT};
    struct schema *schema = NULL;
    struct tree *tree = NULL;
    struct err e = {0};
    int status = cli_parse(&argp, "import", argc, argv, &o);
    if (status >= 0)
        return status;
    int rc = cli_distinct("--out", o.out, "--from", o.from, &e);
    if (!rc && o.network != NETWORK_BMU && o.schema)
        rc = err_set(&e, ERR_USAGE, "network %s takes no clinical data, so --schema says nothing", network_name(o.network));
    if (!rc && o.network == NETWORK_BMU)
        rc = cli_schema(&schema, o.schema, &e);
    if (!rc)
        rc = cli_tree(&tree, o.tree, &e);
    if (!rc)
        rc = read_and_import(&o, schema, tree, &e);
    if (!rc)
        rc = say_result(&o, schema, &e);
    schema_free(schema);
    tree_free(tree);
    return rc ? cli_fail(&e) : cli_finish(EXIT_OK);
}
