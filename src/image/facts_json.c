/* The facts of a picture as JSON, both ways by one table of fields. Floor 2. */
#include "image/facts_json.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/mem.h"

enum kind { KIND_FLAG, KIND_WHOLE, KIND_NUMBER, KIND_TEXT, KIND_OBJECT, KIND_LIST };

struct table;
struct field {
    const char *key;
    const struct table *of;
    size_t offset, size; /* of the member; of a list: of one element */
    int64_t lo, hi;      /* WHOLE: inclusive */
    size_t count_offset;
    int max; /* LIST: elements, counted by an int at count_offset, or exactly max if `fixed` */
    enum kind kind;
    bool fixed;
};
struct table {
    const struct field *fields;
    size_t n;
    bool bare; /* elements are the one field itself, not an object */
};

#define SIZE(s, m) sizeof(((struct s *)0)->m)
#define FLAG(s, m)                                                                                                                         \
    { .key = #m, .kind = KIND_FLAG, .offset = offsetof(struct s, m), .size = SIZE(s, m) }
#define WHOLE(s, m, low, high)                                                                                                             \
    { .key = #m, .kind = KIND_WHOLE, .offset = offsetof(struct s, m), .size = SIZE(s, m), .lo = (low), .hi = (high) }
#define NUMBER(s, m)                                                                                                                       \
    { .key = #m, .kind = KIND_NUMBER, .offset = offsetof(struct s, m), .size = SIZE(s, m) }
#define TEXT(s, m)                                                                                                                         \
    { .key = #m, .kind = KIND_TEXT, .offset = offsetof(struct s, m), .size = SIZE(s, m) }
#define OBJECT(s, m, table)                                                                                                                \
    { .key = #m, .kind = KIND_OBJECT, .offset = offsetof(struct s, m), .size = SIZE(s, m), .of = &(table) }
#define LIST(s, m, count, table)                                                                                                           \
    {                                                                                                                                      \
        .key = #m, .kind = KIND_LIST, .offset = offsetof(struct s, m), .size = SIZE(s, m[0]), .of = &(table),                              \
        .max = (int)(SIZE(s, m) / SIZE(s, m[0])), .count_offset = offsetof(struct s, count)                                                \
    }
#define ARRAY(s, m, table)                                                                                                                 \
    {                                                                                                                                      \
        .key = #m, .kind = KIND_LIST, .offset = offsetof(struct s, m), .size = SIZE(s, m[0]), .of = &(table),                              \
        .max = (int)(SIZE(s, m) / SIZE(s, m[0])), .fixed = true                                                                            \
    }
#define TABLE(fields)                                                                                                                      \
    { fields, sizeof(fields) / sizeof *(fields), false }

static const struct field text_fields[] = {{.key = "text", .kind = KIND_TEXT, .size = DICOM_TEXT}};
static const struct table texts = {text_fields, 1, true};
static const struct field code_fields[] = {TEXT(dicom_code, value), TEXT(dicom_code, scheme)};
static const struct table codes = TABLE(code_fields);
static const struct field window_fields[] = {NUMBER(dicom_window, center), NUMBER(dicom_window, width), TEXT(dicom_window, explanation)};
static const struct table windows = TABLE(window_fields);
static const struct field lut_fields[] = {
    WHOLE(dicom_lut, first, -32768, 65535),
    WHOLE(dicom_lut, n, 0, DICOM_LUT_ENTRIES_MAX),
    WHOLE(dicom_lut, bits, 0, 16),
    TEXT(dicom_lut, explanation),
};
static const struct table luts = TABLE(lut_fields);
static const struct field region_fields[] = {
    WHOLE(dicom_region, spatial_format, 0, UINT16_MAX),
    WHOLE(dicom_region, data_type, 0, UINT16_MAX),
    WHOLE(dicom_region, flags, 0, UINT32_MAX),
    WHOLE(dicom_region, x0, 0, UINT32_MAX),
    WHOLE(dicom_region, y0, 0, UINT32_MAX),
    WHOLE(dicom_region, x1, 0, UINT32_MAX),
    WHOLE(dicom_region, y1, 0, UINT32_MAX),
    WHOLE(dicom_region, unit_x, 0, UINT16_MAX),
    WHOLE(dicom_region, unit_y, 0, UINT16_MAX),
    NUMBER(dicom_region, delta_x),
    NUMBER(dicom_region, delta_y),
};
static const struct table regions = TABLE(region_fields);

static const struct field dicom_fields[] = {
    TEXT(dicom, patient_id),
    TEXT(dicom, accession),
    TEXT(dicom, study),
    TEXT(dicom, series),
    TEXT(dicom, instance),
    TEXT(dicom, sop_class),
    TEXT(dicom, syntax),
    TEXT(dicom, study_date),
    TEXT(dicom, content_date),
    TEXT(dicom, content_time),
    TEXT(dicom, patient_age),
    TEXT(dicom, patient_sex),
    TEXT(dicom, modality),
    TEXT(dicom, manufacturer),
    TEXT(dicom, model),
    TEXT(dicom, institution_hash),
    TEXT(dicom, laterality),
    TEXT(dicom, image_laterality),
    TEXT(dicom, view_position),
    OBJECT(dicom, view, codes),
    LIST(dicom, view_modifier, n_view_modifiers, codes),
    ARRAY(dicom, orientation, texts),
    TEXT(dicom, body_part),
    TEXT(dicom, organ),
    TEXT(dicom, intent),
    LIST(dicom, image_type, n_image_type, texts),
    WHOLE(dicom, implant, DICOM_ABSENT, DICOM_YES),
    WHOLE(dicom, burned_in, DICOM_ABSENT, DICOM_YES),
    WHOLE(dicom, lossy, DICOM_ABSENT, DICOM_YES),
    WHOLE(dicom, partial_view, DICOM_ABSENT, DICOM_YES),
    FLAG(dicom, specimen),
    FLAG(dicom, frames_are_slices),
    TEXT(dicom, photometric),
    WHOLE(dicom, samples, 1, 3),
    WHOLE(dicom, bits_allocated, 8, 16),
    WHOLE(dicom, bits_stored, 1, 16),
    WHOLE(dicom, high_bit, 0, 15),
    FLAG(dicom, is_signed),
    WHOLE(dicom, frames, 1, INT32_MAX),
    WHOLE(dicom, frame, 0, INT32_MAX),
    FLAG(dicom, representative),
    FLAG(dicom, has_padding),
    WHOLE(dicom, padding_first, -32768, 65535),
    WHOLE(dicom, padding_last, -32768, 65535),
    FLAG(dicom, has_rescale),
    NUMBER(dicom, slope),
    NUMBER(dicom, intercept),
    OBJECT(dicom, modality_lut, luts),
    LIST(dicom, voi_lut, n_voi_luts, luts),
    LIST(dicom, window, n_windows, windows),
    WHOLE(dicom, voi_function, DICOM_VOI_LINEAR, DICOM_VOI_OTHER),
    WHOLE(dicom, presentation_shape, DICOM_SHAPE_ABSENT, DICOM_SHAPE_OTHER),
    LIST(dicom, region, n_regions, regions),
    NUMBER(dicom, spacing_row),
    NUMBER(dicom, spacing_column),
    FLAG(dicom, no_preamble),
    FLAG(dicom, truncated),
    WHOLE(dicom, tolerated, 0, DICOM_TOLERATED_ALL),
};
static const struct table dicoms = TABLE(dicom_fields);

static const struct field image_fields[] = {
    WHOLE(image, width, 1, IMAGE_SIDE_MAX),
    WHOLE(image, height, 1, IMAGE_SIDE_MAX),
    WHOLE(image, channels, 1, 3),
    WHOLE(image, bits, 8, 16),
    WHOLE(image, file_bits, 1, 16),
    FLAG(image, palette),
    FLAG(image, alpha),
    FLAG(image, alpha_used),
    FLAG(image, is_signed),
    WHOLE(image, orientation, 0, 8),
};
static const struct table images = TABLE(image_fields);
static const char *const formats[] = {"PNG", "JPEG", "DICOM"};

/* --- writing */

static int64_t whole_at(const void *at, const struct field *f) {
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    switch (f->size) {
    case 1:
        memcpy(&u8, at, 1);
        return u8;
    case 2:
        memcpy(&u16, at, 2);
        return u16;
    default:
        assert(f->size == 4);
        memcpy(&u32, at, 4);
        return f->lo < 0 ? (int64_t)(int32_t)u32 : (int64_t)u32;
    }
}

static struct json *write_table(const struct table *t, const void *from);

static int count_of(const struct field *f, const void *from) {
    int n = f->max;
    if (!f->fixed)
        memcpy(&n, (const char *)from + f->count_offset, sizeof n);
    assert(n >= 0 && n <= f->max);
    return n;
}

static void write_field(struct json *object, const struct field *f, const void *from) {
    const char *at = (const char *)from + f->offset;
    double number;
    struct json *list;
    switch (f->kind) {
    case KIND_FLAG:
        json_put_bool(object, f->key, *(const bool *)at);
        break;
    case KIND_WHOLE:
        json_put_integer(object, f->key, whole_at(at, f));
        break;
    case KIND_NUMBER:
        memcpy(&number, at, sizeof number);
        json_put_number(object, f->key, number);
        break;
    case KIND_TEXT:
        json_put_string(object, f->key, at);
        break;
    case KIND_OBJECT:
        json_put(object, f->key, write_table(f->of, at));
        break;
    case KIND_LIST:
        list = json_array();
        for (int i = 0, n = count_of(f, from); i < n; i++) {
            const char *element = at + (size_t)i * f->size;
            if (f->of->bare)
                json_push_string(list, element);
            else
                json_push(list, write_table(f->of, element));
        }
        json_put(object, f->key, list);
        break;
    }
}

static struct json *write_table(const struct table *t, const void *from) {
    struct json *object = json_object();
    for (size_t i = 0; i < t->n; i++)
        write_field(object, &t->fields[i], from);
    return object;
}

struct json *facts_to_json(const struct image *im) {
    struct json *root = json_object();
    json_put_string(root, "format", im->format);
    json_put(root, "image", write_table(&images, im));
    if (im->dicom)
        json_put(root, "dicom", write_table(&dicoms, im->dicom));
    return root;
}

/* --- reading */

static int wrong(struct err *e, const char *key) {
    return err_set(e, ERR_DECODER_CRASH, "the decoder's answer contradicts itself (%s); the image is not used", key);
}

static int read_table(const struct table *t, void *to, const struct json *j, const char *name, struct err *e);

static int read_text(char *to, size_t room, const struct json *j, const char *key, struct err *e) {
    const char *text = json_string(j);
    size_t n = text ? strlen(text) : 0;
    if (!text || n >= room)
        return wrong(e, key);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return wrong(e, key);
    memcpy(to, text, n + 1);
    return 0;
}

static int read_whole(void *to, const struct field *f, const struct json *j, struct err *e) {
    int64_t v = json_integer(j, 0);
    if (!json_is_integer(j) || v < f->lo || v > f->hi)
        return wrong(e, f->key);
    uint32_t u32 = (uint32_t)v;
    uint16_t u16 = (uint16_t)v;
    if (f->size == 2)
        memcpy(to, &u16, sizeof u16);
    else
        memcpy(to, &u32, sizeof u32);
    return 0;
}

static int read_list(void *to, const struct field *f, const struct json *j, struct err *e) {
    size_t n = json_size(j);
    int rc = 0, count = (int)n;
    if (!json_is_array(j) || n > (size_t)f->max || (f->fixed && n != (size_t)f->max))
        return wrong(e, f->key);
    for (size_t i = 0; i < n && !rc; i++) {
        char *element = (char *)to + f->offset + i * f->size;
        rc = f->of->bare ? read_text(element, f->size, json_at(j, i), f->key, e) : read_table(f->of, element, json_at(j, i), f->key, e);
    }
    if (!f->fixed)
        memcpy((char *)to + f->count_offset, &count, sizeof count);
    return rc;
}

static int read_field(void *to, const struct field *f, const struct json *j, struct err *e) {
    char *at = (char *)to + f->offset;
    double number = json_number(j, NAN);
    bool flag = json_bool(j, true);
    switch (f->kind) {
    case KIND_FLAG:
        if (flag != json_bool(j, false))
            return wrong(e, f->key);
        memcpy(at, &flag, sizeof flag);
        return 0;
    case KIND_WHOLE:
        return read_whole(at, f, j, e);
    case KIND_NUMBER:
        if (!json_is_number(j) || !isfinite(number))
            return wrong(e, f->key);
        memcpy(at, &number, sizeof number);
        return 0;
    case KIND_TEXT:
        return read_text(at, f->size, j, f->key, e);
    case KIND_OBJECT:
        return read_table(f->of, at, j, f->key, e);
    default:
        return read_list(to, f, j, e);
    }
}

/* As many members as fields and each field found: no other key, duplicates being refused by the JSON reader. */
static int read_table(const struct table *t, void *to, const struct json *j, const char *name, struct err *e) {
    if (!json_is_object(j) || json_size(j) != t->n)
        return wrong(e, name);
    for (size_t i = 0; i < t->n; i++) {
        int rc = read_field(to, &t->fields[i], json_get(j, t->fields[i].key), e);
        if (rc)
            return rc;
    }
    return 0;
}

/* What no single field tells. */
static int check_dicom(const struct dicom *d, const struct image *im, struct err *e) {
    static const struct {
        size_t offset;
        const char *key;
    } needs[] = {{offsetof(struct dicom, syntax), "syntax"}, {offsetof(struct dicom, photometric), "photometric"}};
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        if (!*((const char *)d + needs[i].offset))
            return wrong(e, needs[i].key);
    if (d->samples == 2 || d->bits_stored > d->bits_allocated || d->high_bit < d->bits_stored - 1 || d->high_bit >= d->bits_allocated)
        return wrong(e, "bits");
    if (d->frame >= d->frames)
        return wrong(e, "frame");
    if (d->has_padding && d->padding_first > d->padding_last)
        return wrong(e, "padding");
    if (im->is_signed && !d->is_signed)
        return wrong(e, "is_signed");
    for (int i = -1; i < d->n_voi_luts; i++) {
        const struct dicom_lut *l = i < 0 ? &d->modality_lut : &d->voi_lut[i];
        if (l->n ? l->bits < 8 : i >= 0 || l->bits)
            return wrong(e, "lut");
    }
    return 0;
}

static int check_image(const struct image *im, struct err *e) {
    int rc = image_check_size(im->width, im->height, e);
    if (rc)
        return wrong(e, "size");
    if (im->channels == 2 || (im->bits != 8 && im->bits != 16) || (im->file_bits > im->bits && !im->palette) ||
        (im->alpha_used && !im->alpha))
        return wrong(e, "image");
    if (im->is_signed && (im->bits != 16 || im->channels != 1))
        return wrong(e, "is_signed");
    bool dicom = !strcmp(im->format, "DICOM");
    if (dicom != (im->dicom != NULL) || (!dicom && im->is_signed))
        return wrong(e, "format");
    return dicom ? check_dicom(im->dicom, im, e) : 0;
}

int facts_from_json(struct image **out, const struct json *j, struct err *e) {
    const char *format = json_string(json_get(j, "format"));
    const struct json *dicom = json_get(j, "dicom");
    *out = NULL;
    struct image *im = mem_alloc(1, sizeof *im, e);
    if (!im)
        return ERR_NO_MEMORY;
    for (size_t i = 0; format && i < sizeof formats / sizeof *formats; i++)
        if (!strcmp(format, formats[i]))
            im->format = formats[i];
    int rc =
        im->format && json_size(j) == (dicom ? 3u : 2u) ? read_table(&images, im, json_get(j, "image"), "image", e) : wrong(e, "format");
    if (!rc && dicom) {
        im->dicom = mem_alloc(1, sizeof *im->dicom, e);
        rc = im->dicom ? read_table(&dicoms, im->dicom, dicom, "dicom", e) : ERR_NO_MEMORY;
    }
    if (!rc)
        rc = check_image(im, e);
    if (rc)
        image_free(im);
    else
        *out = im;
    return rc;
}
