/* bmunet init: an untrained model with seeded random weights, for trying the machinery. Floor 9. */
#include <stdio.h>

#include "base/hash.h"
#include "cli/cli.h"

struct options {
    struct cli cli;
    const char *out, *schema, *tree, *prep, *vendors;
    enum network network;
    enum variant variant;
    enum clinical_mode clinical;
    bool has_variant, has_clinical, small;
    long seed;
};

enum { KEY_OUT = 0x100, KEY_NETWORK, KEY_VARIANT, KEY_SCHEMA, KEY_CLINICAL, KEY_SEED, KEY_SMALL, KEY_PREP, KEY_VENDORS, KEY_TREE };
static const struct argp_option option_list[] = {
    {.name = "network", .key = KEY_NETWORK, .arg = "bmu|mg|us", .doc = "fused (default), mammography only, ultrasound only"},
    {.name = "variant", .key = KEY_VARIANT, .arg = "reference|masked", .doc = "default: masked for bmu, else reference"},
    {.name = "clinical", .key = KEY_CLINICAL, .arg = "concat|token", .doc = "how clinical values enter (default: token if masked)"},
    {.name = "schema", .key = KEY_SCHEMA, .arg = "FILE.yml", .doc = "what the clinical inputs mean (default clinical10)"},
    {.name = "tree", .key = KEY_TREE, .arg = "FILE.yml", .doc = "the disease tree whose leaves the outputs are (default bmu5)"},
    {.name = "prep",
     .key = KEY_PREP,
     .arg = "reference-v1|canonical-v1",
     .doc =
         "how images become inputs: as the published release does, PNG and JPEG only (default); or checked, cropped and turned, DICOM too "
         "(docs/PREP.md)"},
    {.name = "vendors",
     .key = KEY_VENDORS,
     .arg = "DIR",
     .doc = "vendor entries for canonical-v1, *.yml (default share/vendors; '' for none)"},
    {.name = "seed", .key = KEY_SEED, .arg = "N", .doc = "of the random weights (default 1)"},
    {.name = "small",
     .key = KEY_SMALL,
     .doc = "a tiny network, for tests: width 8, mammograms 64x48, ultrasound 32x32",
     .flags = OPTION_HIDDEN},
    {.name = "out", .key = KEY_OUT, .arg = "FILE", .doc = "the model file to write (safetensors)"},
    {0}};

static error_t parse_option(int key, char *arg, struct argp_state *state) {
    struct options *o = state->input;
    switch (key) {
    case KEY_OUT:
        o->out = arg;
        return 0;
    case KEY_SCHEMA:
        o->schema = arg;
        return 0;
    case KEY_PREP:
        o->prep = prep_profile_name(arg);
        return o->prep ? 0 : cli_usage(state, "--prep is '%s'; it can be reference-v1 or canonical-v1", arg);
    case KEY_VENDORS:
        o->vendors = arg;
        return 0;
    case KEY_TREE:
        o->tree = arg;
        return 0;
    case KEY_SMALL:
        o->small = true;
        return 0;
    case KEY_NETWORK:
        return cli_take_network(&o->network, arg, state);
    case KEY_VARIANT:
        o->has_variant = true;
        return cli_take_variant(&o->variant, arg, state);
    case KEY_CLINICAL:
        o->has_clinical = true;
        return cli_take_clinical(&o->clinical, arg, state);
    case KEY_SEED:
        return cli_take_number(&o->seed, arg, 0, 1L << 53, "--seed", state);
    case ARGP_KEY_END:
        return o->out ? 0 : cli_usage(state, "--out is needed");
    default:
        return cli_default(key, state);
    }
}

static const struct argp argp = {
    .options = option_list,
    .parser = parse_option,
    .doc = "Write an UNTRAINED model: random weights from a seed. Its predictions mean nothing; it shows that and how the "
           "machinery runs."};

static int say_result(const struct options *o, struct err *e) {
    struct model *m = NULL;
    char hex[SHA256_HEX_SIZE], grouped[32];
    int rc = model_open(&m, o->out, &(struct model_options){0}, e);
    if (rc)
        return rc;
    sha256_hex(model_sha256(m), hex);
    printf("%s: UNTRAINED (seed %ld), network %s, variant %s, %s parameters, sha256 %s\n", o->out, o->seed, network_name(o->network),
           variant_name(o->variant), cli_grouped(grouped, model_parameters(m)), hex);
    model_close(m);
    return 0;
}

int cmd_init(int argc, char **argv) {
    struct options o = {.network = NETWORK_BMU, .seed = 1};
    struct schema *schema = NULL;
    struct tree *tree = NULL;
    struct vendors *vendors = NULL;
    struct err e = {0};
    int status = cli_parse(&argp, "init", argc, argv, &o);
    if (status >= 0)
        return status;
    int rc = 0;
    if (!o.has_variant)
        o.variant = o.network == NETWORK_BMU ? VARIANT_MASKED : VARIANT_REFERENCE;
    if (!o.has_clinical)
        o.clinical = o.variant == VARIANT_MASKED ? CLINICAL_TOKEN : CLINICAL_CONCAT;
    if (o.network == NETWORK_BMU)
        rc = cli_schema(&schema, o.schema, &e);
    else if (o.schema)
        rc = err_set(&e, ERR_USAGE, "network %s takes no clinical data, so --schema says nothing", network_name(o.network));
    const bool canonical = o.prep && prep_is_canonical(&(struct prep_profile){.name = o.prep});
    if (!rc && o.vendors && !canonical)
        rc = err_set(&e, ERR_USAGE, "--vendors says nothing without --prep canonical-v1");
    if (!rc && canonical && (!o.vendors || o.vendors[0]))
        rc = cli_vendors(&vendors, o.vendors, &e);
    if (!rc)
        rc = cli_tree(&tree, o.tree, &e);
    struct model_init_options init = {.network = o.network,
                                      .variant = o.variant,
                                      .clinical = o.clinical,
                                      .schema = schema,
                                      .tree = tree,
                                      .prep = o.prep,
                                      .vendors = vendors,
                                      .seed = (uint64_t)o.seed,
                                      .small = o.small};
    if (!rc)
        rc = model_init(o.out, &init, &e);
    if (!rc)
        rc = say_result(&o, &e);
    schema_free(schema);
    vendors_free(vendors);
    tree_free(tree);
    return rc ? cli_fail(&e) : cli_finish(EXIT_OK);
}
