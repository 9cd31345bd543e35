/* What a model is, as JSON. Floor 6. */
#include "model/describe.h"

#include <string.h>

#include "base/hash.h"

/* Metadata that we know how to read; what holds JSON is shown as JSON. */
static const struct {
    const char *key, *member;
} known[] = {{"bmunet.format", "format"},
             {"bmunet.config", "config"},
             {"bmunet.schema", "schema"},
             {"bmunet.tree", "tree"},
             {"bmunet.tree_sha256", "tree_sha256"},
             {"bmunet.source", "source"},
             {"bmunet.clinical_statistics", "clinical_statistics"}};

static void put_metadata(struct json *j, const char *member, const char *text) {
    struct json *value = NULL;
    if (text[0] == '{' && json_read(&value, text, strlen(text), ERR_MODEL_METADATA, NULL) == 0)
        json_put(j, member, value);
    else
        json_put_string(j, member, text);
}

struct json *model_describe(const struct model *m, const char *file) {
    const struct model_config *c = model_config(m);
    char hex[SHA256_HEX_SIZE];
    struct json *j = json_object();
    if (file)
        json_put_string(j, "file", file);
    sha256_hex(model_sha256(m), hex);
    json_put_string(j, "sha256", hex);
    json_put_string(j, "network", network_name(c->network));
    json_put_string(j, "variant", variant_name(c->variant));
    json_put_integer(j, "parameters", (int64_t)model_parameters(m));
    json_put_bool(j, "untrained", model_untrained(m));
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const char *text = model_metadata(m, known[i].key);
        if (text)
            put_metadata(j, known[i].member, text);
    }
    return j;
}
