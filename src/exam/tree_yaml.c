/* The disease tree's YAML: its shape for libcyaml. Floor 3. */
#include <cyaml/cyaml.h>
#include <stdlib.h>

#include "base/mem.h"
#include "exam/tree_raw.h"
#include "file/io.h"
#include "file/yaml.h"

enum { TEXT_MAX = TREE_TEXT_MAX, TERMS_MAX = 1024, REQUIRED = CYAML_FLAG_POINTER, OPTIONAL = CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL };

static const cyaml_schema_value_t text_shape = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, TEXT_MAX)};
static const cyaml_schema_field_t term_keys[] = {
    CYAML_FIELD_STRING_PTR("term", REQUIRED, struct tree_raw_term, term, 1, TEXT_MAX),
    CYAML_FIELD_SEQUENCE("synonyms", OPTIONAL, struct tree_raw_term, synonyms, &text_shape, 0, TERMS_MAX), CYAML_FIELD_END};
static const cyaml_schema_field_t unmapped_keys[] = {CYAML_FIELD_STRING_PTR("term", REQUIRED, struct tree_raw_term, term, 1, TEXT_MAX),
                                                     CYAML_FIELD_STRING_PTR("reason", REQUIRED, struct tree_raw_term, reason, 1, TEXT_MAX),
                                                     CYAML_FIELD_END};
static const cyaml_schema_value_t term_shape = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct tree_raw_term, term_keys)};
static const cyaml_schema_value_t unmapped_shape = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct tree_raw_term, unmapped_keys)};
static const cyaml_schema_field_t node_keys[] = {
    CYAML_FIELD_STRING_PTR("name", REQUIRED, struct tree_raw_node, name, 1, TEXT_MAX),
    CYAML_FIELD_STRING_PTR("level", REQUIRED, struct tree_raw_node, level, 1, TEXT_MAX),
    CYAML_FIELD_STRING_PTR("title", REQUIRED, struct tree_raw_node, title, 1, TEXT_MAX),
    CYAML_FIELD_STRING_PTR("parent", OPTIONAL, struct tree_raw_node, parent, 1, TEXT_MAX),
    CYAML_FIELD_SEQUENCE("terms", OPTIONAL, struct tree_raw_node, terms, &term_shape, 0, TERMS_MAX),
    CYAML_FIELD_END};
static const cyaml_schema_value_t node_shape = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct tree_raw_node, node_keys)};
static const cyaml_schema_field_t tree_keys[] = {
    CYAML_FIELD_STRING_PTR("name", REQUIRED, struct tree_raw, name, 1, TEXT_MAX),
    CYAML_FIELD_STRING_PTR("approved_by", REQUIRED, struct tree_raw, approved_by, 1, TEXT_MAX),
    CYAML_FIELD_STRING_PTR("positive", OPTIONAL, struct tree_raw, positive, 1, TEXT_MAX),
    CYAML_FIELD_SEQUENCE("levels", REQUIRED, struct tree_raw, levels, &text_shape, 1, TREE_LEVELS_MAX),
    CYAML_FIELD_SEQUENCE("nodes", REQUIRED, struct tree_raw, nodes, &node_shape, 1, TREE_NODES_MAX),
    CYAML_FIELD_SEQUENCE("unmapped", OPTIONAL, struct tree_raw, unmapped, &unmapped_shape, 0, TERMS_MAX),
    CYAML_FIELD_END};
static const cyaml_schema_value_t tree_shape = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct tree_raw, tree_keys)};

int tree_parse_yaml(struct tree **out, const char *text, size_t n, struct err *e) {
    void *data = NULL;
    *out = NULL;
    int code = yaml_read(&data, text, n, &tree_shape, e);
    if (code != 0)
        return code;
    code = tree_build(out, data, e);
    yaml_discard(data, &tree_shape);
    if (code == 0) {
        uint8_t digest[SHA256_SIZE];
        sha256_bytes(text, n, digest);
        sha256_hex(digest, (*out)->sha256);
    }
    return code;
}

int tree_read_yaml(struct tree **out, const char *path, struct err *e) {
    uint8_t *bytes = NULL;
    size_t n = 0;
    *out = NULL;
    int code = io_read_file(&bytes, &n, path, YAML_FILE_MAX, e);
    if (code != 0)
        return code;
    code = tree_parse_yaml(out, (const char *)bytes, n, e);
    if (code != 0)
        err_prefix(e, "%s", path);
    mem_free(bytes);
    return code;
}
