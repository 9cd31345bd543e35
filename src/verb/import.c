/* bmunet import: a PyTorch checkpoint (or safetensors with the same keys) becomes a model file. Floor 10. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "ckpt/archive.h"
#include "cli/cli.h"
#include "file/distinct.h"
#include "file/filename.h"
#include "file/io.h"
#include "verb/verbs.h"

struct options {
    const char *from, *out, *schema, *tree;
    int network, variant, clinical;
};

static const struct option option_list[] = {
    {OPTION_TEXT("from", "FILE", struct options, from, "the checkpoint: a torch.save()d state dict (zip format), or safetensors"),
     .required = true},
    {OPTION_NETWORK(struct options, "which network it is: fused, mammography only or ultrasound only"), .required = true},
    {OPTION_OUT(struct options, "FILE", "the model file to write (safetensors)"), .required = true},
    {OPTION_VARIANT(struct options, "absent views: black images as in the published release (default), or left out")},
    {OPTION_CLINICAL(struct options, "how clinical values enter the network (default concat, as published)")},
    {OPTION_SCHEMA(struct options)},
    {OPTION_TREE(struct options)},
    {0}};

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
    struct model_import how = {.network = (enum network)o->network,
                               .variant = (enum variant)o->variant,
                               .clinical = (enum clinical_mode)o->clinical,
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
    printf("%s: network %s, variant %s, %s parameters, sha256 %s\n", o->out, network_name((enum network)o->network),
           variant_name((enum variant)o->variant), cli_grouped(grouped, model_parameters(m)), hex);
    cli_print_tree(stdout, "outputs: disease tree ", model_tree(m));
    model_close(m);
    return 0;
}

static int run_import(void *options) {
    const struct options *o = options;
    struct schema *schema = NULL;
    struct tree *tree = NULL;
    struct err e = {0};
    cli_catch(SIGINT); /* the file is written whole, and a second signal ends it at once */
    cli_catch(SIGTERM);
    int rc = file_distinct("--out", o->out, "--from", o->from, &e);
    if (!rc && o->network == NETWORK_BMU)
        rc = cli_schema(&schema, o->schema, &e);
    if (!rc)
        rc = cli_tree(&tree, o->tree, &e);
    if (!rc)
        rc = read_and_import(o, schema, tree, &e);
    if (!rc)
        rc = say_result(o, schema, &e);
    schema_free(schema);
    tree_free(tree);
    return rc ? cli_fail(&e) : cli_finish(EXIT_OK);
}

static int check(const void *options, struct err *e) {
    const struct options *o = options;
    return o->schema && o->network != NETWORK_BMU
               ? err_set(e, ERR_USAGE, "--schema requires --network bmu: the others take no clinical values")
               : 0;
}

const struct command command_import = {
    .name = "import",
    .summary = "turn a PyTorch checkpoint into a model file",
    .about = "Turn a checkpoint into a model file. The checkpoint is read as data: nothing in it is ever run.",
    .options = option_list,
    .size = sizeof(struct options),
    .check = check,
    .run = run_import};
