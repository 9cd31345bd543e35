/* A model's configuration: names, sizes, JSON, clinical encoding. Floor 6. */
#include "model/config.h"

#include <math.h>
#include <string.h>

static const char *const network_names[NETWORK_COUNT] = {[NETWORK_BMU] = "bmu", [NETWORK_MG] = "mg", [NETWORK_US] = "us"};
static const char *const variant_names[VARIANT_COUNT] = {[VARIANT_REFERENCE] = "reference", [VARIANT_MASKED] = "masked"};
static const char *const clinical_names[] = {[CLINICAL_CONCAT] = "concat", [CLINICAL_TOKEN] = "token", [CLINICAL_NONE] = "none"};

static int find(const char *const *names, int n, const char *name) {
    for (int i = 0; name && i < n; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

const char *network_name(enum network n) {
    return network_names[n];
}

const char *variant_name(enum variant v) {
    return variant_names[v];
}

const char *precision_name(enum precision p) {
    return p == PRECISION_BF16 ? "bf16" : "fp32";
}

int network_from_name(const char *name) {
    return find(network_names, NETWORK_COUNT, name);
}

int variant_from_name(const char *name) {
    return find(variant_names, VARIANT_COUNT, name);
}

/* Which tower sees which slots: docs/MODEL.md. */
int config_towers(const struct model_config *c, const struct tower **out) {
    static const struct tower bmu[] = {{"model1.backbone", {SLOT_MG_CC, SLOT_MG_MLO}},
                                       {"model2.backbone", {SLOT_US_BMODE_TRANS, SLOT_US_BMODE_LONG}},
                                       {"model3.backbone", {SLOT_US_DOPPLER_TRANS, SLOT_US_DOPPLER_LONG}},
                                       {"model4.backbone", {SLOT_US_ELASTO_TRANS, SLOT_US_ELASTO_LONG}}};
    static const struct tower mg[] = {{"backbone", {SLOT_MG_CC, SLOT_MG_MLO}}};
    *out = c->network == NETWORK_MG ? mg : c->network == NETWORK_US ? bmu + 1 : bmu;
    return c->network == NETWORK_MG ? 1 : c->network == NETWORK_US ? 3 : 4;
}

int config_features(const struct model_config *c) {
    return FEATURES_PER_WIDTH * c->width;
}

static void halved(const struct model_config *c, enum slot s, int times, int *h, int *w) {
    const struct prep_profile p = config_views(c);
    *h = slot_is_mg(s) ? p.mg_height : p.us_height;
    *w = slot_is_mg(s) ? p.mg_width : p.us_width;
    for (int i = 0; i < times; i++) {
        *h = (*h - 1) / 2 + 1;
        *w = (*w - 1) / 2 + 1;
    }
}

void config_map_sides(const struct model_config *c, enum slot s, int *h, int *w) {
    halved(c, s, slot_is_mg(s) && c->evidence.mg_stride == STRIDE_FINE ? 4 : 5, h, w);
}

void config_third_sides(const struct model_config *c, enum slot s, int *h, int *w) {
    halved(c, s, 4, h, w);
}

struct prep_profile config_views(const struct model_config *c) {
    struct prep_profile p = c->prep;
    if (c->patch)
        p.mg_height = p.mg_width = p.us_height = p.us_width = c->patch;
    return p;
}

struct model_config config_make(enum network n, enum variant v, enum clinical_mode clinical, int n_clinical, int n_leaves, int width) {
    const bool small = width == WIDTH_SMALL, fused = n == NETWORK_BMU;
    /* NETWORK "reference preprocessing": the mammography-only stage was normalised with other numbers than the fused one */
    return (struct model_config){.network = n,
                                 .variant = v,
                                 .clinical = fused ? clinical : CLINICAL_NONE,
                                 .width = width,
                                 .n_leaves = n_leaves,
                                 .n_clinical = fused ? n_clinical : 0,
                                 .prep = {.name = "reference-v1",
                                          .mg_height = small ? 64 : 2294,
                                          .mg_width = small ? 48 : 1280,
                                          .us_height = small ? 32 : 224,
                                          .us_width = small ? 32 : 224,
                                          .mg_mean = n == NETWORK_MG ? 5234.68 : 5063.68,
                                          .mg_std = n == NETWORK_MG ? 9211.48 : 8773.89}};
}

bool config_use_profile(struct model_config *c, const char *name) {
    const char *known = prep_profile_name(name);
    if (!known)
        return false;
    c->prep.name = known;
    if (prep_is_canonical(&c->prep)) {
        c->prep.mg_mean = PREP_CANONICAL_MEAN;
        c->prep.mg_std = PREP_CANONICAL_STD;
    }
    return true;
}

int config_check(const struct model_config *c, const struct schema *schema, struct err *e) {
    const struct prep_profile *p = &c->prep;
    const int sides[] = {p->mg_height, p->mg_width, p->us_height, p->us_width};
    for (int i = 0; i < 4; i++)
        if (sides[i] < 32 || sides[i] > 8192)
            return err_set(e, ERR_CONFIG, "an input side of %d pixels; must be 32 to 8192", sides[i]);
    if (c->variant == VARIANT_REFERENCE && prep_is_canonical(p))
        return err_set(e, ERR_CONFIG, "variant reference replaces an absent image by a black one, which only profile reference-v1 defines");
    if (p->vendors && !prep_is_canonical(p))
        return err_set(e, ERR_CONFIG, "profile %s takes no vendor table; canonical-v1 does", p->name);
    if (!isfinite(p->mg_mean) || !isfinite(p->mg_std) || p->mg_std <= 0)
        return err_set(e, ERR_CONFIG, "mammography normalisation by mean %g and standard deviation %g", p->mg_mean, p->mg_std);
    if (c->evidence.kinds && c->variant != VARIANT_MASKED)
        return err_set(e, ERR_CONFIG, "evidence maps need variant masked");
    if (c->evidence.kinds < 0 || c->evidence.kinds == 1 || c->evidence.kinds > TREE_LEAVES_MAX || c->evidence.level < 0 ||
        c->evidence.level >= TREE_LEVELS_MAX)
        return err_set(e, ERR_CONFIG, "evidence of %d kinds of lesions on level %d", c->evidence.kinds, c->evidence.level);
    if (c->evidence.kinds ? c->evidence.mg_stride != STRIDE_USUAL && c->evidence.mg_stride != STRIDE_FINE : c->evidence.mg_stride != 0)
        return err_set(e, ERR_CONFIG, "evidence has %d pixels of a mammogram to a cell; must be %d or %d", c->evidence.mg_stride,
                       STRIDE_USUAL, STRIDE_FINE);
    if (c->patch && (!c->evidence.kinds || c->patch < 32 || c->patch > 1024))
        return err_set(e, ERR_CONFIG, "patches of %d pixels; must be 32 to 1024, for a network with evidence maps", c->patch);
    if (c->width < 8 || c->width > 256 || c->width % 8)
        return err_set(e, ERR_CONFIG, "width %d; must be a multiple of 8 from 8 to 256", c->width);
    if (c->network != NETWORK_BMU && c->variant == VARIANT_MASKED)
        return err_set(e, ERR_CONFIG, "the unimodal network '%s' has no mask: its head takes every view's features; use variant reference",
                       network_name(c->network));
    if (c->network != NETWORK_BMU)
        return c->clinical == CLINICAL_NONE ? 0 : err_set(e, ERR_CONFIG, "the unimodal networks take no clinical data");
    if (c->clinical == CLINICAL_NONE || !schema)
        return err_set(e, ERR_CONFIG, "the fused network needs a clinical schema that says what its clinical inputs mean");
    if (c->clinical == CLINICAL_TOKEN && c->variant != VARIANT_MASKED)
        return err_set(e, ERR_CONFIG, "a clinical token needs variant masked");
    if ((size_t)c->n_clinical != schema->n_fields)
        return err_set(e, ERR_CONFIG, "the network has %d clinical inputs, the schema '%s' has %zu fields", c->n_clinical, schema->name,
                       schema->n_fields);
    return 0;
}

/* --- JSON --------------------------------------------------------------------------------------------------------------- */

static struct json *pair(int height, int width) {
    struct json *j = json_array();
    json_push_integer(j, height);
    json_push_integer(j, width);
    return j;
}

struct json *config_to_json(const struct model_config *c) {
    struct json *j = json_object(), *p = json_object();
    json_put_string(j, "network", network_names[c->network]);
    json_put_string(j, "variant", variant_names[c->variant]);
    json_put_string(j, "clinical", clinical_names[c->clinical]);
    json_put_integer(j, "width", c->width);
    json_put_integer(j, "n_clinical", c->n_clinical);
    json_put_string(p, "profile", c->prep.name);
    json_put(p, "mg", pair(c->prep.mg_height, c->prep.mg_width));
    json_put(p, "us", pair(c->prep.us_height, c->prep.us_width));
    json_put_number(p, "mg_mean", c->prep.mg_mean);
    json_put_number(p, "mg_std", c->prep.mg_std);
    json_put(j, "prep", p);
    if (c->evidence.kinds) {
        struct json *evidence = json_object();
        json_put_integer(evidence, "kinds", c->evidence.kinds);
        json_put_integer(evidence, "level", c->evidence.level);
        json_put_integer(evidence, "mg_stride", c->evidence.mg_stride);
        json_put(j, "evidence", evidence);
    }
    if (c->patch)
        json_put_integer(j, "patch", c->patch);
    if (c->unlearnt) {
        struct json *kinds = json_array();
        for (unsigned k = 0; k < KIND_COUNT; k++)
            if (c->unlearnt >> k & 1U)
                json_push_string(kinds, slot_kind_name((enum kind)k));
        json_put(j, "unlearnt", kinds);
    }
    return j;
}

/* A name that is not known might be the very kind that must not be predicted from: nothing is passed over. */
static int unlearnt_from_json(unsigned *out, const struct json *j, struct err *e) {
    const struct json *list = json_get(j, "unlearnt");
    *out = 0;
    if (!list)
        return 0;
    for (size_t i = 0; json_is_array(list) && i < json_size(list); i++) {
        const char *name = json_string(json_at(list, i));
        unsigned k = 0;
        while (k < KIND_COUNT && !(name && strcmp(name, slot_kind_name((enum kind)k)) == 0))
            k++;
        if (k == KIND_COUNT || *out >> k & 1U)
            return err_set(e, ERR_MODEL_METADATA, "bmunet.config: unlearnt: item %zu is not a kind of image, or appears twice", i + 1);
        *out |= 1U << k;
    }
    return *out ? 0 : err_set(e, ERR_MODEL_METADATA, "bmunet.config: unlearnt is not a list of kinds of images");
}

static int small_integer(const struct json *j, int at, const char *what, int *out, struct err *e) {
    const struct json *v = at < 0 ? json_get(j, what) : json_at(json_get(j, what), (size_t)at);
    const int64_t n = json_integer(v, -1);
    if (!json_is_integer(v) || n < 0 || n > 1 << 20)
        return err_set(e, ERR_MODEL_METADATA, "bmunet.config: '%s' is missing or not a small integer", what);
    *out = (int)n;
    return 0;
}

int config_from_json(struct model_config *out, const struct json *j, struct err *e) {
    const struct json *p = json_get(j, "prep");
    const char *profile = json_string(json_get(p, "profile"));
    const int network = network_from_name(json_string(json_get(j, "network"))),
              variant = variant_from_name(json_string(json_get(j, "variant")));
    const int clinical = find(clinical_names, 3, json_string(json_get(j, "clinical")));
    int rc;
    struct model_config c = {0};
    if (network < 0 || variant < 0 || clinical < 0)
        return err_set(e, ERR_MODEL_METADATA, "bmunet.config: unknown %s",
                       network < 0   ? "network"
                       : variant < 0 ? "variant"
                                     : "clinical mode");
    c.prep.name = prep_profile_name(profile);
    if (!c.prep.name)
        return err_set(e, ERR_MODEL_METADATA, "bmunet.config: preprocessing profile '%s' is not known to this program",
                       profile ? profile : "");
    c.network = (enum network)network;
    c.variant = (enum variant)variant;
    c.clinical = (enum clinical_mode)clinical;
    if ((rc = small_integer(j, -1, "width", &c.width, e)) || (rc = small_integer(j, -1, "n_clinical", &c.n_clinical, e)) ||
        (rc = small_integer(p, 0, "mg", &c.prep.mg_height, e)) || (rc = small_integer(p, 1, "mg", &c.prep.mg_width, e)) ||
        (rc = small_integer(p, 0, "us", &c.prep.us_height, e)) || (rc = small_integer(p, 1, "us", &c.prep.us_width, e)))
        return rc;
    if ((rc = unlearnt_from_json(&c.unlearnt, j, e)))
        return rc;
    const struct json *evidence = json_get(j, "evidence");
    if (evidence && ((rc = small_integer(evidence, -1, "kinds", &c.evidence.kinds, e)) ||
                     (rc = small_integer(evidence, -1, "level", &c.evidence.level, e)) ||
                     (rc = small_integer(evidence, -1, "mg_stride", &c.evidence.mg_stride, e))))
        return rc;
    if (json_get(j, "patch") && (rc = small_integer(j, -1, "patch", &c.patch, e)))
        return rc;
    c.prep.mg_mean = json_number(json_get(p, "mg_mean"), NAN);
    c.prep.mg_std = json_number(json_get(p, "mg_std"), NAN);
    *out = c;
    return 0;
}

/* --- clinical data -------------------------------------------------------------------------------------------------------- */

static int field_inputs(const struct schema_field *f) {
    return (f->type == FIELD_CATEGORY ? (int)f->n_codes : 1) + 1;
}

int config_token_inputs(const struct schema *s) {
    int n = 0;
    for (size_t i = 0; i < s->n_fields; i++)
        n += field_inputs(&s->fields[i]);
    return n;
}

int config_clinical_inputs(const struct model_config *c, const struct schema *s) {
    return c->clinical == CLINICAL_TOKEN ? config_token_inputs(s) : c->n_clinical;
}

void config_encode_clinical(float *out, const struct model_config *c, const struct schema *s, const double *mean, const double *std,
                            const struct clinical *values) {
    if (c->clinical == CLINICAL_CONCAT) {
        for (int i = 0; i < c->n_clinical; i++)
            out[i] = values[i].present ? (float)values[i].value : 0.0F;
        return;
    }
    for (size_t i = 0; i < s->n_fields; i++) {
        const struct schema_field *f = &s->fields[i];
        const int n = field_inputs(f);
        memset(out, 0, (size_t)n * sizeof *out);
        if (!values[i].present)
            out[n - 1] = 1.0F;
        else if (f->type == FIELD_CATEGORY)
            out[(int)values[i].value] = 1.0F;
        else
            out[0] = (float)((values[i].value - mean[i]) / std[i]);
        out += n;
    }
}
