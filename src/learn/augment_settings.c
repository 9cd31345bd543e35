/* The settings of augmentation: the named ones, their check, their JSON. Floor 7. */
#include "learn/augment.h"

#include <stddef.h>
#include <string.h>

#define NEUTRAL                                                                                                                            \
    .scale_low = 1, .scale_high = 1, .elastic_cells = 4, .gamma_low = 1, .gamma_high = 1, .blur_sigma_low = 0.1, .blur_sigma_high = 2
/* The published release of Qian et al. 2025. */
#define REFERENCE_MAMMOGRAPHY .translate_x = 0.1, .rotate = 20, .flip_vertical = 0.5
#define REFERENCE_ULTRASOUND .translate_x = 0.1, .translate_y = 0.1, .rotate = 10, .flip_horizontal = 0.5, .blur = 1

const struct augment_settings augment_none = {{NEUTRAL}, {NEUTRAL}};

const struct augment_settings augment_reference = {{NEUTRAL, REFERENCE_MAMMOGRAPHY}, {NEUTRAL, REFERENCE_ULTRASOUND}};

/* Ours adds what differs between sites and days and says nothing of the disease. Not added, on purpose: scale (a mass's size is a finding),
 * left-right mirrors of mammograms (the canonical profile puts the chest wall left), top-bottom mirrors of ultrasound (the skin is above,
 * shadow and enhancement are below), any change of hue. */
const struct augment_settings augment_default = {
    .mammography =
        {
            .scale_low = 1,
            .scale_high = 1,
            REFERENCE_MAMMOGRAPHY,
            /* vendors' processing for presentation differs by about a gamma of this size; 0.8 and 1.25 are each other's inverse */
            .gamma = 0.3,
            .gamma_low = 0.8,
            .gamma_high = 1.25,
            /* dose: up to 0.4 % of white, below the contrast of what is to be seen (some per cent) */
            .noise = 0.3,
            .noise_sigma = 0.004,
            /* compression and positioning: controls within 26 of 1280 pixels over cells of 320: typically 5 pixels, strain 3 % */
            .elastic = 0.3,
            .elastic_amplitude = 0.02,
            .elastic_cells = 4,
            .blur_sigma_low = 0.1,
            .blur_sigma_high = 2,
        },
    .ultrasound =
        {
            .scale_low = 1,
            .scale_high = 1,
            REFERENCE_ULTRASOUND,
            /* gain and dynamic range are set by hand on every scanner */
            .gamma = 0.3,
            .gamma_low = 0.8,
            .gamma_high = 1.25,
            /* another realisation of the grain; the blur after it takes part of it away again */
            .speckle = 0.3,
            .speckle_strength = 0.1,
            /* pressure of the probe. Milder than mammography's: margin, and taller than wide, are findings */
            .elastic = 0.2,
            .elastic_amplitude = 0.015,
            .elastic_cells = 4,
            .blur_sigma_low = 0.1,
            .blur_sigma_high = 2,
        },
};

/* --- every field once: the check, the JSON */

struct field {
    const char *name;
    size_t at;
    double low, high;
    const char *not_above; /* a field that this one's value must not exceed, or NULL */
};
#define FIELD(name, low, high, not_above) #name, offsetof(struct augment_modality, name), low, high, not_above
static const struct field fields[] = {
    {FIELD(translate_x, 0, 0.5, NULL)},
    {FIELD(translate_y, 0, 0.5, NULL)},
    {FIELD(rotate, 0, 180, NULL)},
    {FIELD(scale_low, 0.25, 4, "scale_high")},
    {FIELD(scale_high, 0.25, 4, NULL)},
    {FIELD(flip_horizontal, 0, 1, NULL)},
    {FIELD(flip_vertical, 0, 1, NULL)},
    {FIELD(elastic, 0, 1, NULL)},
    {FIELD(elastic_amplitude, 0, 0.25, NULL)},
    {FIELD(elastic_cells, 1, 8, NULL)}, /* the one integer */
    {FIELD(gamma, 0, 1, NULL)},
    {FIELD(gamma_low, 0.25, 4, "gamma_high")},
    {FIELD(gamma_high, 0.25, 4, NULL)},
    {FIELD(speckle, 0, 1, NULL)},
    {FIELD(speckle_strength, 0, 1, NULL)},
    {FIELD(noise, 0, 1, NULL)},
    {FIELD(noise_sigma, 0, 1, NULL)},
    {FIELD(blur, 0, 1, NULL)},
    {FIELD(blur_sigma_low, 0.05, 10, "blur_sigma_high")},
    {FIELD(blur_sigma_high, 0.05, 10, NULL)},
};
enum { FIELDS = sizeof fields / sizeof fields[0] };

static bool is_integer(const struct field *f) {
    return f->at == offsetof(struct augment_modality, elastic_cells);
}

static double value_of(const struct augment_modality *m, const struct field *f) {
    if (is_integer(f))
        return m->elastic_cells;
    double value;
    memcpy(&value, (const char *)m + f->at, sizeof value);
    return value;
}

static const struct field *field_named(const char *name) {
    size_t i = 0;
    while (strcmp(fields[i].name, name) != 0)
        i++;
    return &fields[i];
}

static int check_modality(const struct augment_modality *m, const char *modality, struct err *e) {
    for (size_t i = 0; i < FIELDS; i++) {
        const struct field *f = &fields[i];
        const double value = value_of(m, f);
        if (!(value >= f->low && value <= f->high)) /* NaN too */
            return err_set(e, ERR_CONFIG, "augmentation: %s.%s is %g; it must lie in %g to %g", modality, f->name, value, f->low, f->high);
        if (f->not_above && value > value_of(m, field_named(f->not_above)))
            return err_set(e, ERR_CONFIG, "augmentation: %s.%s is %g, above %s, which is %g", modality, f->name, value, f->not_above,
                           value_of(m, field_named(f->not_above)));
    }
    if (m->elastic > 0 && !(4 * m->elastic_amplitude * m->elastic_cells < 1))
        return err_set(e, ERR_CONFIG,
                       "augmentation: %s.elastic_amplitude is %g on %d cells, which could fold the picture; it must stay below %g",
                       modality, m->elastic_amplitude, m->elastic_cells, 0.25 / m->elastic_cells);
    return 0;
}

int augment_check(const struct augment_settings *s, struct err *e) {
    const int rc = check_modality(&s->mammography, "mammography", e);
    return rc ? rc : check_modality(&s->ultrasound, "ultrasound", e);
}

static struct json *modality_json(const struct augment_modality *m) {
    struct json *j = json_object();
    for (size_t i = 0; i < FIELDS; i++)
        if (is_integer(&fields[i]))
            json_put_integer(j, fields[i].name, m->elastic_cells);
        else
            json_put_number(j, fields[i].name, value_of(m, &fields[i]));
    return j;
}

struct json *augment_to_json(const struct augment_settings *s) {
    struct json *j = json_object();
    json_put(j, "mammography", modality_json(&s->mammography));
    json_put(j, "ultrasound", modality_json(&s->ultrasound));
    if (json_ok(j))
        return j;
    json_free(j);
    return NULL;
}
