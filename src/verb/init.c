/* bmunet init: an untrained model with seeded random weights, for trying the machinery. Floor 10. */
#include <signal.h>
#include <stdio.h>

#include "base/hash.h"
#include "cli/cli.h"
#include "verb/verbs.h"

struct options {
    const char *out, *schema, *tree, *vendors;
    int network, variant, clinical, prep; /* -1: not given; prep: 1 is canonical-v1 */
    bool small;
    long seed;
};

static const struct option option_list[] = {
    {OPTION_OUT(struct options, "FILE", "the model file to write (safetensors)"), .required = true},
    {OPTION_NETWORK(struct options, "fused (default), mammography only or ultrasound only")},
    {OPTION_VARIANT(struct options, "how absent views enter: as black images, or left out (default: masked for bmu, else reference)")},
    {OPTION_CLINICAL(struct options, "how clinical values enter (default: token if masked, else concat)")},
    {OPTION_SCHEMA(struct options)},
    {OPTION_TREE(struct options)},
    {OPTION_CHOICE("prep", "reference-v1|canonical-v1", struct options, prep,
                   "preprocessing profile: as in the published release, PNG and JPEG only (default), or checked, cropped and turned, DICOM "
                   "too")},
    {OPTION_VENDORS(struct options)},
    {OPTION_SEED(struct options)},
    {OPTION_SMALL(struct options)},
    {0}};

static int say_result(const struct options *o, struct err *e) {
    struct model *m = NULL;
    char hex[SHA256_HEX_SIZE], grouped[32];
    int rc = model_open(&m, o->out, &(struct model_options){0}, e);
    if (rc)
        return rc;
    sha256_hex(model_sha256(m), hex);
    printf("%s: UNTRAINED (seed %ld), network %s, variant %s, %s parameters, sha256 %s\n", o->out, o->seed,
           network_name((enum network)o->network), variant_name((enum variant)o->variant), cli_grouped(grouped, model_parameters(m)), hex);
    model_close(m);
    return 0;
}

/* What was not named follows from what was. */
static void fill_in(struct options *o) {
    if (o->variant < 0)
        o->variant = o->network == NETWORK_BMU ? VARIANT_MASKED : VARIANT_REFERENCE;
    if (o->clinical < 0)
        o->clinical = o->variant == VARIANT_MASKED ? CLINICAL_TOKEN : CLINICAL_CONCAT;
}

static int run_init(void *options) {
    struct options *o = options;
    struct schema *schema = NULL;
    struct tree *tree = NULL;
    struct vendors *vendors = NULL;
    struct err e = {0};
    cli_catch(SIGINT); /* the file is written whole, and a second signal ends it at once */
    cli_catch(SIGTERM);
    fill_in(o);
    int rc = o->network == NETWORK_BMU ? cli_schema(&schema, o->schema, &e) : 0;
    if (!rc && o->prep && (!o->vendors || o->vendors[0]))
        rc = cli_vendors(&vendors, o->vendors, &e);
    if (!rc)
        rc = cli_tree(&tree, o->tree, &e);
    struct model_init_options init = {.network = (enum network)o->network,
                                      .variant = (enum variant)o->variant,
                                      .clinical = (enum clinical_mode)o->clinical,
                                      .schema = schema,
                                      .tree = tree,
                                      .prep = o->prep ? prep_profile_name("canonical-v1") : NULL,
                                      .vendors = vendors,
                                      .seed = (uint64_t)o->seed,
                                      .small = o->small};
    if (!rc)
        rc = model_init(o->out, &init, &e);
    if (!rc)
        rc = say_result(o, &e);
    schema_free(schema);
    vendors_free(vendors);
    tree_free(tree);
    return rc ? cli_fail(&e) : cli_finish(EXIT_OK);
}

static int check(const void *options, struct err *e) {
    const struct options *o = options;
    if (o->schema && o->network != NETWORK_BMU)
        return err_set(e, ERR_USAGE, "--schema requires --network bmu: the others take no clinical values");
    return o->vendors && !o->prep ? err_set(e, ERR_USAGE, "--vendors requires --prep canonical-v1") : 0;
}

static const struct options defaults = {.network = NETWORK_BMU, .variant = -1, .clinical = -1, .seed = 1};
const struct command command_init = {
    .name = "init",
    .summary = "write an untrained model, for trying things out",
    .about = "Write an UNTRAINED model: random weights from a seed. Its predictions mean nothing; it shows that and how the programs run.",
    .options = option_list,
    .size = sizeof(struct options),
    .defaults = &defaults,
    .check = check,
    .run = run_init};
