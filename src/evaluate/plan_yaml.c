/* The evaluation plan's YAML: its shape for libcyaml. Floor 5. */
#include <cyaml/cyaml.h>

#include "evaluate/plan.h"
#include "file/yaml.h"

enum { TEXT_MAX = 128, REQUIRED = CYAML_FLAG_POINTER };

/* Groups of keys in the file are flat members of struct study_plan: each group is a mapping "in place" at offset 0. */
#define GROUP(group, keys)                                                                                                                 \
    {                                                                                                                                      \
        .key = group,                                                                                                                      \
        .value = {.type = CYAML_MAPPING, .flags = CYAML_FLAG_DEFAULT, .data_size = sizeof(struct study_plan), .mapping = {keys}},          \
        .data_offset = 0                                                                                                                   \
    }
#define NUMBER(key, member) CYAML_FIELD_FLOAT(key, CYAML_FLAG_DEFAULT, struct study_plan, member)
#define WHOLE(key, member) CYAML_FIELD_UINT(key, CYAML_FLAG_DEFAULT, struct study_plan, member)
#define LIST(key, member, entry)                                                                                                           \
    CYAML_FIELD_SEQUENCE_COUNT(key, CYAML_FLAG_POINTER, struct study_plan, member, n_##member, entry, 0, PLAN_LIST_MAX)

static const cyaml_strval_t score_names[] = {{"probability", PLAN_PROBABILITY}, {"any", PLAN_ANY}};
static const cyaml_strval_t rule_names[] = {{"none", PLAN_RULE_NONE},
                                            {"youden", THRESHOLD_YOUDEN},
                                            {"sensitivity", THRESHOLD_SENSITIVITY},
                                            {"specificity", THRESHOLD_SPECIFICITY},
                                            {"closest_top_left", THRESHOLD_CLOSEST_TOP_LEFT},
                                            {"cost", THRESHOLD_COST}};
static const cyaml_strval_t axis_names[] = {{"specificity", ROC_SPECIFICITY}, {"sensitivity", ROC_SENSITIVITY}};
static const cyaml_strval_t bins_names[] = {{"equal_width", CALIBRATION_EQUAL_WIDTH}, {"equal_mass", CALIBRATION_EQUAL_MASS}};

static const cyaml_schema_value_t text_shape = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, TEXT_MAX)};
static const cyaml_schema_value_t number_shape = {CYAML_VALUE_FLOAT(CYAML_FLAG_DEFAULT, double)};
static const cyaml_schema_field_t threshold_keys[] = {CYAML_FIELD_STRING_PTR("name", REQUIRED, struct plan_threshold, name, 1, TEXT_MAX),
                                                      CYAML_FIELD_FLOAT("value", CYAML_FLAG_DEFAULT, struct plan_threshold, value),
                                                      CYAML_FIELD_END};
static const cyaml_schema_value_t threshold_shape = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct plan_threshold, threshold_keys)};
static const cyaml_schema_field_t rule_keys[] = {
    CYAML_FIELD_STRING_PTR("name", REQUIRED, struct plan_downgrade, name, 1, TEXT_MAX),
    CYAML_FIELD_SEQUENCE_COUNT("categories", CYAML_FLAG_POINTER, struct plan_downgrade, categories, n_categories, &text_shape, 1, 8),
    CYAML_FIELD_FLOAT("threshold", CYAML_FLAG_DEFAULT, struct plan_downgrade, threshold), CYAML_FIELD_END};
static const cyaml_schema_value_t rule_shape = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct plan_downgrade, rule_keys)};

static const cyaml_schema_field_t bootstrap_keys[] = {WHOLE("resamples", resamples), WHOLE("seed", seed), CYAML_FIELD_END};
static const cyaml_schema_field_t threshold_rule_keys[] = {
    CYAML_FIELD_ENUM("rule", CYAML_FLAG_STRICT, struct study_plan, threshold_rule, rule_names, CYAML_ARRAY_LEN(rule_names)),
    NUMBER("target", threshold_target), CYAML_FIELD_END};
static const cyaml_schema_field_t partial_keys[] = {
    CYAML_FIELD_ENUM("axis", CYAML_FLAG_STRICT, struct study_plan, partial_axis, axis_names, CYAML_ARRAY_LEN(axis_names)),
    NUMBER("low", partial_low), NUMBER("high", partial_high), CYAML_FIELD_END};
static const cyaml_schema_field_t reliability_keys[] = {
    CYAML_FIELD_ENUM("rule", CYAML_FLAG_STRICT, struct study_plan, bins_rule, bins_names, CYAML_ARRAY_LEN(bins_names)), WHOLE("bins", bins),
    NUMBER("logit_clip", logit_clip), CYAML_FIELD_END};
static const cyaml_schema_field_t decision_keys[] = {NUMBER("low", decision_low), NUMBER("high", decision_high),
                                                     WHOLE("points", decision_points), CYAML_FIELD_END};
static const cyaml_schema_field_t readers_keys[] = {
    CYAML_FIELD_STRING_PTR("reference", REQUIRED, struct study_plan, reference_reader, 0, TEXT_MAX),
    CYAML_FIELD_STRING_PTR("positive_from", REQUIRED, struct study_plan, reader_positive, 1, TEXT_MAX), CYAML_FIELD_END};
static const cyaml_schema_field_t downgrade_keys[] = {NUMBER("limit", downgrade_limit), NUMBER("bound_level", downgrade_level),
                                                      LIST("rules", downgrades, &rule_shape), CYAML_FIELD_END};
static const cyaml_schema_field_t subgroup_keys[] = {LIST("columns", subgroups, &text_shape), LIST("age_bands", age_bands, &number_shape),
                                                     WHOLE("least_positive", least_positive), WHOLE("least_negative", least_negative),
                                                     CYAML_FIELD_END};

static const cyaml_schema_field_t plan_keys[] = {
    CYAML_FIELD_STRING_PTR("name", REQUIRED, struct study_plan, name, 1, TEXT_MAX),
    NUMBER("level", level),
    GROUP("bootstrap", bootstrap_keys),
    CYAML_FIELD_ENUM("score", CYAML_FLAG_STRICT, struct study_plan, score, score_names, CYAML_ARRAY_LEN(score_names)),
    NUMBER("sum_tolerance", sum_tolerance),
    LIST("thresholds", thresholds, &threshold_shape),
    GROUP("threshold_rule", threshold_rule_keys),
    LIST("prevalences", prevalences, &number_shape),
    NUMBER("noninferiority_margin", noninferiority_margin),
    GROUP("partial_auc", partial_keys),
    GROUP("reliability", reliability_keys),
    GROUP("decision_curve", decision_keys),
    GROUP("readers", readers_keys),
    GROUP("downgrade", downgrade_keys),
    GROUP("subgroups", subgroup_keys),
    CYAML_FIELD_END};
static const cyaml_schema_value_t plan_shape = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct study_plan, plan_keys)};

int study_plan_parse_yaml(struct study_plan **out, const char *text, size_t n, struct err *e) {
    void *data = NULL;
    *out = NULL;
    int rc = yaml_read(&data, text, n, &plan_shape, e);
    if (!rc)
        rc = study_plan_check(data, e);
    if (rc) {
        yaml_discard(data, &plan_shape);
        return rc;
    }
    *out = data;
    return 0;
}

void study_plan_free(struct study_plan *p) {
    yaml_discard(p, &plan_shape);
}
