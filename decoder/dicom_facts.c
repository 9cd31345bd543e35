/* What a DICOM file says, from its tags into struct dicom. Floor 1.
 *
 * Texts in ASCII, ISO_IR 100 (Latin 1) and ISO_IR 192 (UTF-8) become UTF-8; of other character sets the bytes above ASCII become \xHH, as
 * does whatever is no printable character: such a text can still be compared, and the sandbox need not open conversion tables. */
#include "dicom_facts.h"

#include <ctype.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/hash.h"
#include "base/mem.h"
#include "image/decode.h"

enum charset { CHARSET_ASCII, CHARSET_LATIN1, CHARSET_UTF8 };

struct reader {
    struct dicom *d;
    struct dicom_item *top, *shared, *frame; /* the data set, and the functional groups; NULL: none */
    enum charset charset;
    struct err *e;
};

/* --- texts */

/* Component `index` of a value, trimmed; NULL if there is none. */
static const char *component(struct dicom_item *i, uint32_t tag, unsigned index, size_t *n) {
    size_t whole;
    const char *at = dicom_text(i, tag, &whole), *end = at ? at + whole : NULL;
    *n = 0;
    for (; at && index > 0; index--) {
        const char *slash = memchr(at, '\\', (size_t)(end - at));
        at = slash ? slash + 1 : NULL;
    }
    if (!at)
        return NULL;
    const char *slash = memchr(at, '\\', (size_t)(end - at));
    end = slash ? slash : end;
    while (at < end && *at == ' ')
        at++;
    while (at < end && (end[-1] == ' ' || end[-1] == 0))
        end--;
    *n = (size_t)(end - at);
    return at;
}

/* Bytes of the UTF-8 character at p, or 0: no well-formed one (Unicode 15, table 3-7). */
static size_t utf8_length(const unsigned char *p, size_t n) {
    size_t length = p[0] >= 0xC2 && p[0] <= 0xDF ? 2 : p[0] >= 0xE0 && p[0] <= 0xEF ? 3 : p[0] >= 0xF0 && p[0] <= 0xF4 ? 4 : 0;
    if (length == 0 || length > n)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    bool overlong = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xF0 && p[1] < 0x90);
    bool beyond = (p[0] == 0xED && p[1] > 0x9F) || (p[0] == 0xF4 && p[1] > 0x8F);
    return overlong || beyond ? 0 : length;
}

/* Append one character (n bytes of the file) to `to`. */
static size_t convert_one(char to[8], const unsigned char *p, size_t n, enum charset charset, size_t *taken) {
    *taken = 1;
    if (*p >= 0x20 && *p < 0x7F) {
        to[0] = (char)*p;
        return 1;
    }
    if (charset == CHARSET_LATIN1 && *p >= 0xA0) {
        to[0] = (char)(0xC0 | *p >> 6);
        to[1] = (char)(0x80 | (*p & 0x3F));
        return 2;
    }
    size_t length = charset == CHARSET_UTF8 ? utf8_length(p, n) : 0;
    bool control = length == 2 && p[0] == 0xC2 && p[1] < 0xA0;
    if (length > 0 && !control) {
        memcpy(to, p, length);
        return *taken = length;
    }
    return (size_t)snprintf(to, 8, "\\x%02X", *p);
}

static int too_long(struct reader *r, uint32_t tag) {
    return err_set(r->e, ERR_DICOM_SYNTAX, "the value of attribute (%04x,%04x) is longer than its representation allows", tag >> 16,
                   tag & 0xFFFF);
}

/* Code strings (CS) are in capitals; software that does not know it is understood all the same. */
static void capitalise(struct reader *r, char *text) {
    for (; *text; text++)
        if (*text >= 'a' && *text <= 'z') {
            *text = (char)(*text - 'a' + 'A');
            r->d->tolerated |= DICOM_LETTER_CASE;
        }
}

static int read_text(struct reader *r, char *to, size_t room, struct dicom_item *i, uint32_t tag, unsigned index) {
    size_t n, used = 0, taken;
    const unsigned char *p = (const unsigned char *)component(i, tag, index, &n);
    to[0] = 0;
    for (size_t at = 0; p && at < n; at += taken) {
        char one[8];
        size_t length = convert_one(one, p + at, n - at, r->charset, &taken);
        if (used + length >= room)
            return too_long(r, tag);
        memcpy(to + used, one, length);
        used += length;
    }
    to[used] = 0;
    return 0;
}

static unsigned count_components(struct dicom_item *i, uint32_t tag) {
    size_t n;
    const char *text = dicom_text(i, tag, &n);
    unsigned count = text ? 1 : 0;
    for (size_t k = 0; text && k < n; k++)
        count += text[k] == '\\';
    return count;
}

/* Of code strings: without regard to the case of letters. */
static bool text_is(struct reader *r, struct dicom_item *i, uint32_t tag, const char *what) {
    size_t n;
    const char *text = component(i, tag, 0, &n);
    if (!text || n != strlen(what) || strncasecmp(text, what, n) != 0)
        return false;
    r->d->tolerated |= memcmp(text, what, n) != 0 ? DICOM_LETTER_CASE : 0u;
    return true;
}

static void read_charset(struct reader *r) {
    const uint32_t tag = DICOM_TAG(0x0008, 0x0005);
    r->charset = CHARSET_ASCII;
    if (count_components(r->top, tag) != 1)
        return;
    if (text_is(r, r->top, tag, "ISO_IR 100"))
        r->charset = CHARSET_LATIN1;
    if (text_is(r, r->top, tag, "ISO_IR 192"))
        r->charset = CHARSET_UTF8;
}

#define TEXT(group, element, member)                                                                                                       \
    { offsetof(struct dicom, member), sizeof(((struct dicom *)0)->member), DICOM_TAG(group, element), false }
#define CODE(group, element, member)                                                                                                       \
    { offsetof(struct dicom, member), sizeof(((struct dicom *)0)->member), DICOM_TAG(group, element), true }
static const struct {
    size_t offset, room;
    uint32_t tag;
    bool code;
} texts[] = {
    TEXT(0x0010, 0x0020, patient_id),       TEXT(0x0008, 0x0050, accession),     TEXT(0x0020, 0x000D, study),
    TEXT(0x0020, 0x000E, series),           TEXT(0x0008, 0x0018, instance),      TEXT(0x0008, 0x0016, sop_class),
    TEXT(0x0010, 0x1010, patient_age),      CODE(0x0010, 0x0040, patient_sex),   CODE(0x0008, 0x0060, modality),
    TEXT(0x0008, 0x0070, manufacturer),     TEXT(0x0008, 0x1090, model),         CODE(0x0020, 0x0060, laterality),
    CODE(0x0020, 0x0062, image_laterality), CODE(0x0018, 0x5101, view_position), CODE(0x0018, 0x0015, body_part),
    CODE(0x0008, 0x0068, intent),           CODE(0x0028, 0x0004, photometric),
};

/* YYYYMMDD; the YYYY.MM.DD of old files (PS3.5 table 6.2-1) without its dots, YYYY-MM-DD without its dashes. */
static int read_date(struct reader *r, char to[9], uint32_t tag) {
    char text[16];
    int rc = read_text(r, text, sizeof text, r->top, tag, 0);
    if (!rc && strlen(text) == 10 && (text[4] == '.' || text[4] == '-') && text[7] == text[4]) {
        r->d->tolerated |= text[4] == '-' ? DICOM_DATE_DASHES : 0u;
        memmove(text + 4, text + 5, 2);
        memmove(text + 6, text + 8, 3);
    }
    if (!rc && strlen(text) > 8)
        return too_long(r, tag);
    memcpy(to, text, rc ? 1 : strlen(text) + 1);
    return rc;
}

/* HHMMSS.FFFFFF, of which the end from the minutes on may be missing (PS3.5 table 6.2-1), or the HH:MM:SS of old files; to the second. */
static void read_time(char to[7], struct dicom_item *i, uint32_t tag) {
    size_t n = 0, used = 0;
    const char *text = component(i, tag, 0, &n);
    for (size_t k = 0; k < n && text[k] != '.' && used < 6; k++)
        if (text[k] >= '0' && text[k] <= '9')
            to[used++] = text[k];
        else if (text[k] != ':')
            return;
    if (used == 0 || used % 2)
        return;
    memset(to + used, '0', 6 - used);
    to[6] = '\0';
}

static int read_dates(struct reader *r) {
    static const struct {
        uint32_t date, time;
    } content[] = {{DICOM_TAG(0x0008, 0x0022), DICOM_TAG(0x0008, 0x0032)},
                   {DICOM_TAG(0x0008, 0x0023), DICOM_TAG(0x0008, 0x0033)},
                   {DICOM_TAG(0x0008, 0x0021), DICOM_TAG(0x0008, 0x0031)}};
    char time[7] = "";
    int rc = read_date(r, r->d->study_date, DICOM_TAG(0x0008, 0x0020));
    for (size_t i = 0; i < sizeof content / sizeof *content && !rc && !r->d->content_date[0]; i++) {
        rc = read_date(r, r->d->content_date, content[i].date);
        memset(time, 0, sizeof time);
        if (!rc && r->d->content_date[0])
            read_time(time, r->top, content[i].time);
        if (strlen(time) == 6)
            memcpy(r->d->content_time, time, sizeof time);
    }
    return rc;
}

static int read_texts(struct reader *r) {
    int rc = 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts && !rc; i++) {
        char *to = (char *)r->d + texts[i].offset;
        rc = read_text(r, to, texts[i].room, r->top, texts[i].tag, 0);
        if (texts[i].code)
            capitalise(r, to);
        if (texts[i].room == DICOM_UID && strlen(to) > 64)
            r->d->tolerated |= DICOM_LONG_UID;
    }
    for (unsigned i = 0; i < 2 && !rc; i++) {
        rc = read_text(r, r->d->orientation[i], DICOM_TEXT, r->top, DICOM_TAG(0x0020, 0x0020), i);
        capitalise(r, r->d->orientation[i]);
    }
    unsigned n = count_components(r->top, DICOM_TAG(0x0008, 0x0008));
    for (; !rc && (unsigned)r->d->n_image_type < n && r->d->n_image_type < DICOM_VALUES_MAX; r->d->n_image_type++) {
        char *to = r->d->image_type[r->d->n_image_type];
        rc = read_text(r, to, DICOM_TEXT, r->top, DICOM_TAG(0x0008, 0x0008), (unsigned)r->d->n_image_type);
        capitalise(r, to);
    }
    r->d->truncated |= n > DICOM_VALUES_MAX;
    size_t length;
    const char *institution = component(r->top, DICOM_TAG(0x0008, 0x0080), 0, &length);
    if (institution && length) {
        uint8_t digest[SHA256_SIZE];
        char hex[SHA256_HEX_SIZE];
        sha256_bytes(institution, length, digest);
        sha256_hex(digest, hex);
        memcpy(r->d->institution_hash, hex, sizeof r->d->institution_hash - 1);
    }
    return rc;
}

/* --- the view */

/* A functional group of the chosen frame: its own, else the one that all frames share. */
static struct dicom_item *group(const struct reader *r, uint32_t tag) {
    struct dicom_item *own = dicom_child(r->frame, tag, 0);
    return own ? own : dicom_child(r->shared, tag, 0);
}

static int read_code(struct reader *r, struct dicom_code *c, struct dicom_item *i) {
    static const uint32_t values[] = {DICOM_TAG(0x0008, 0x0100), DICOM_TAG(0x0008, 0x0119),
                                      DICOM_TAG(0x0008, 0x0120)}; /* short, long, URN */
    int rc = 0;
    for (size_t k = 0; k < sizeof values / sizeof *values && !rc && !c->value[0]; k++)
        rc = read_text(r, c->value, sizeof c->value, i, values[k], 0);
    return rc ? rc : read_text(r, c->scheme, sizeof c->scheme, i, DICOM_TAG(0x0008, 0x0102), 0);
}

/* Tissue taken out: SNOMED CT's specimen, tissue specimen, tissue specimen from breast. */
static bool is_specimen_code(const struct dicom_code *c) {
    static const char *const codes[] = {"123038009", "119376003", "127457009"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (!strcmp(c->value, codes[i]) && !strcmp(c->scheme, "SCT"))
            return true;
    return false;
}

/* Which organ a text names, by how its words begin (in English, and where another language differs much, in that), without regard to the
 * case of letters. The breast goes before every other: "breast and axilla". */
static const char *organ_in(const char *text, size_t n) {
    static const struct {
        const char *begins, *organ;
    } words[] = {
        {"breast", "BREAST"},   {"mamm", "BREAST"},       {"mama", "BREAST"},      {"brust", "BREAST"},     {"seno", "BREAST"},
        {"sein", "BREAST"},     {"thyroid", "THYROID"},   {"tiroid", "THYROID"},   {"schilddr", "THYROID"}, {"cardi", "HEART"},
        {"echocard", "HEART"},  {"heart", "HEART"},       {"abdom", "ABDOMEN"},    {"liver", "LIVER"},      {"hepat", "LIVER"},
        {"kidney", "KIDNEY"},   {"renal", "KIDNEY"},      {"obstet", "PREGNANCY"}, {"fetal", "PREGNANCY"},  {"foetal", "PREGNANCY"},
        {"pelvi", "PELVIS"},    {"gyn", "PELVIS"},        {"prostat", "PROSTATE"}, {"scrot", "TESTIS"},     {"testi", "TESTIS"},
        {"carotid", "CAROTID"}, {"musculoskel", "JOINT"}, {"shoulder", "JOINT"},   {"knee", "JOINT"},       {"neonat", "HEAD"},
        {"transcran", "HEAD"},  {"ophthal", "EYE"},
    };
    const char *other = NULL;
    for (size_t at = 0; at < n; at++) {
        const bool starts = at == 0 || !isalpha((unsigned char)text[at - 1]);
        for (size_t i = 0; starts && i < sizeof words / sizeof *words; i++) {
            const size_t length = strlen(words[i].begins);
            if (length > n - at || strncasecmp(text + at, words[i].begins, length) != 0)
                continue;
            if (!strcmp(words[i].organ, "BREAST"))
                return words[i].organ;
            other = other ? other : words[i].organ;
        }
    }
    return other;
}

/* The third value of Image Type of ultrasound (PS3.3 C.8.5.6.1.1). SMALL PARTS is what breasts are taken with, too. */
static const char *organ_of_type(const char *value) {
    static const char *const others[] = {"ABDOMINAL",      "CARDIOLOGY",    "CHEST",           "ENDOCAVITARY",  "ENDORECTAL",
                                         "ENDOVAGINAL",    "EPICARDIAL",    "FETAL HEART",     "GYNECOLOGY",    "INTRACARDIAC",
                                         "INTRAOPERATIVE", "INTRAVASCULAR", "MUSCULOSKELETAL", "NEONATAL HEAD", "OBSTETRICAL",
                                         "OPHTHALMIC",     "PELVIC",        "RETROPERITONEAL", "SCROTAL",       "TEE",
                                         "THYROID",        "TRANSCRANIAL"};
    if (!strcmp(value, "BREAST"))
        return value;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (!strcmp(value, others[i]))
            return others[i];
    return NULL;
}

/* Study and Series Description, Protocol Name, the coded anatomy: none of these texts leaves, only the organ's name. Where one names the
 * breast, it is shown; else the first that names another organ tells. */
static void read_organ(struct reader *r) {
    static const uint32_t tags[] = {DICOM_TAG(0x0008, 0x1030), DICOM_TAG(0x0008, 0x103E), DICOM_TAG(0x0018, 0x1030)};
    const char *organ = r->d->n_image_type > 2 ? organ_of_type(r->d->image_type[2]) : NULL;
    for (size_t i = 0; i < 4; i++) {
        struct dicom_item *item = i < 3 ? r->top : dicom_child(r->top, DICOM_TAG(0x0008, 0x2218), 0);
        size_t n = 0;
        const char *text = dicom_text(item, i < 3 ? tags[i] : DICOM_TAG(0x0008, 0x0104), &n), *named = text ? organ_in(text, n) : NULL;
        if (named && (!organ || !strcmp(named, "BREAST")))
            organ = named;
    }
    snprintf(r->d->organ, sizeof r->d->organ, "%s", organ ? organ : "");
}

static int read_anatomy(struct reader *r) {
    static const uint32_t places[] = {DICOM_TAG(0x0008, 0x2218), DICOM_TAG(0x0008, 0x2228)};
    struct dicom_item *frame_anatomy = group(r, DICOM_TAG(0x0020, 0x9071));
    int rc = 0;
    r->d->specimen = dicom_child(r->top, DICOM_TAG(0x0040, 0x0560), 0) != NULL;
    for (size_t i = 0; i < 4 && !rc; i++) {
        struct dicom_code c = {0};
        rc = read_code(r, &c, dicom_child(i < 2 ? r->top : frame_anatomy, places[i % 2], 0));
        r->d->specimen |= is_specimen_code(&c);
    }
    if (!rc && !r->d->image_laterality[0])
        rc = read_text(r, r->d->image_laterality, DICOM_TEXT, frame_anatomy, DICOM_TAG(0x0020, 0x9072), 0);
    return rc;
}

static int read_view(struct reader *r) {
    const uint32_t view = DICOM_TAG(0x0054, 0x0220), modifier = DICOM_TAG(0x0054, 0x0222);
    struct dicom_item *item = dicom_child(r->top, view, 0);
    if (!item)
        item = dicom_child(r->frame, view, 0);
    if (!item)
        item = dicom_child(r->shared, view, 0);
    int rc = read_code(r, &r->d->view, item);
    for (unsigned i = 0; !rc && dicom_child(item, modifier, i); i++) {
        if (i == DICOM_VALUES_MAX) {
            r->d->truncated = true;
            break;
        }
        rc = read_code(r, &r->d->view_modifier[i], dicom_child(item, modifier, i));
        r->d->n_view_modifiers = (int)i + 1;
    }
    return rc ? rc : read_anatomy(r);
}

static enum dicom_flag read_flag(struct reader *r, uint32_t tag, const char *yes, const char *no) {
    return text_is(r, r->top, tag, yes) ? DICOM_YES : text_is(r, r->top, tag, no) ? DICOM_NO : DICOM_ABSENT;
}

static void read_flags(struct reader *r) {
    static const char *const slices[] = {"1.2.840.10008.5.1.4.1.1.13.1.3", "1.2.840.10008.5.1.4.1.1.13.1.4",
                                         "1.2.840.10008.5.1.4.1.1.13.1.5"};
    struct dicom *d = r->d;
    d->implant = read_flag(r, DICOM_TAG(0x0028, 0x1300), "YES", "NO");
    d->burned_in = read_flag(r, DICOM_TAG(0x0028, 0x0301), "YES", "NO");
    d->lossy = read_flag(r, DICOM_TAG(0x0028, 0x2110), "01", "00");
    d->partial_view = read_flag(r, DICOM_TAG(0x0028, 0x1350), "YES", "NO");
    for (size_t i = 0; i < sizeof slices / sizeof *slices; i++)
        d->frames_are_slices |= !strcmp(d->sop_class, slices[i]);
    d->frames_are_slices |= group(r, DICOM_TAG(0x0018, 0x9504)) != NULL; /* X-Ray 3D Frame Type Sequence */
}

/* --- the pixels */

static int missing(struct reader *r, const char *name) {
    return err_set(r->e, ERR_DICOM_PIXELS, "the file does not describe its pixels: %s is missing or not a number in range", name);
}

static bool whole_within(struct dicom_item *i, uint32_t tag, int64_t lo, int64_t hi, int64_t *out) {
    return dicom_whole(i, tag, 0, out) && *out >= lo && *out <= hi;
}

static int read_frame(struct reader *r, int frame) {
    int64_t frames = 1;
    const uint32_t tag = DICOM_TAG(0x0028, 0x0008);
    size_t n;
    if (dicom_text(r->top, tag, &n) && !whole_within(r->top, tag, 1, INT32_MAX, &frames))
        return missing(r, "Number of Frames");
    int64_t representative = 0; /* from 1 */
    r->d->representative = frame < 0 && frames > 1 && whole_within(r->top, DICOM_TAG(0x0028, 0x6010), 1, frames, &representative);
    if (frame >= frames)
        return err_set(r->e, ERR_USAGE, "frame %d was requested, but the file has frames 0 to %d", frame, (int)frames - 1);
    r->d->frames = (uint32_t)frames;
    r->d->frame = frame >= 0 ? (uint32_t)frame : r->d->representative ? (uint32_t)representative - 1 : r->d->frames / 2;
    return 0;
}

static int read_pixels(struct reader *r, struct dicom_size *size) {
    static const struct {
        uint32_t tag;
        const char *name;
        int64_t lo, hi;
    } wanted[] = {
        {DICOM_TAG(0x0028, 0x0010), "Rows", 0, UINT16_MAX},        {DICOM_TAG(0x0028, 0x0011), "Columns", 0, UINT16_MAX},
        {DICOM_TAG(0x0028, 0x0002), "Samples per Pixel", 1, 4},    {DICOM_TAG(0x0028, 0x0100), "Bits Allocated", 1, 64},
        {DICOM_TAG(0x0028, 0x0101), "Bits Stored", 1, 64},         {DICOM_TAG(0x0028, 0x0102), "High Bit", 0, 63},
        {DICOM_TAG(0x0028, 0x0103), "Pixel Representation", 0, 1},
    };
    enum { ROWS, COLUMNS, SAMPLES, ALLOCATED, STORED, HIGH, SIGN, WANTED };
    int64_t v[WANTED] = {0}, planar = 0;
    for (int i = 0; i < WANTED; i++)
        if (!whole_within(r->top, wanted[i].tag, wanted[i].lo, wanted[i].hi, &v[i]))
            return missing(r, wanted[i].name);
    if (v[SAMPLES] > 1 && !whole_within(r->top, DICOM_TAG(0x0028, 0x0006), 0, 1, &planar))
        return missing(r, "Planar Configuration");
    *size = (struct dicom_size){.rows = (uint32_t)v[ROWS], .columns = (uint32_t)v[COLUMNS], .planar = planar == 1};
    r->d->samples = (int)v[SAMPLES];
    r->d->bits_allocated = (int)v[ALLOCATED];
    r->d->bits_stored = (int)v[STORED];
    r->d->high_bit = (int)v[HIGH];
    r->d->is_signed = v[SIGN] == 1;
    return 0;
}

/* "US or SS": what DCMTK read as unsigned is signed where the pixels are. */
static int32_t as_stored(int64_t v, bool is_signed) {
    return (int32_t)(is_signed && v > INT16_MAX && v <= UINT16_MAX ? v - 65536 : v);
}

static void read_padding(struct reader *r) {
    int64_t value, limit;
    struct dicom *d = r->d;
    if (!whole_within(r->top, DICOM_TAG(0x0028, 0x0120), INT16_MIN, UINT16_MAX, &value))
        return;
    int32_t first = as_stored(value, d->is_signed), last = first;
    if (whole_within(r->top, DICOM_TAG(0x0028, 0x0121), INT16_MIN, UINT16_MAX, &limit))
        last = as_stored(limit, d->is_signed);
    d->has_padding = true;
    d->padding_first = first < last ? first : last;
    d->padding_last = first < last ? last : first;
}

static void read_spacing(struct reader *r) {
    static const uint32_t tags[] = {DICOM_TAG(0x0018, 0x1164), DICOM_TAG(0x0028, 0x0030)};
    struct dicom_item *measures = group(r, DICOM_TAG(0x0028, 0x9110)), *places[] = {r->top, r->top, measures};
    for (size_t i = 0; i < 3; i++) {
        double row, column;
        uint32_t tag = tags[i < 2 ? i : 1];
        if (dicom_number(places[i], tag, 0, &row) && dicom_number(places[i], tag, 1, &column) && isfinite(row) && isfinite(column) &&
            row > 0 && column > 0) {
            r->d->spacing_row = row;
            r->d->spacing_column = column;
            return;
        }
    }
}

/* --- tables and windows */

int dicom_read_lut(struct dicom_lut *out, struct dicom_item *item, uint32_t descriptor, uint32_t data, bool is_signed, struct err *e) {
    int64_t n, first, bits;
    const uint16_t *words;
    size_t have;
    *out = (struct dicom_lut){0};
    if (!dicom_whole(item, descriptor, 0, &n) || !dicom_whole(item, descriptor, 1, &first) || !dicom_whole(item, descriptor, 2, &bits))
        return err_set(e, ERR_DICOM_LUT, "a lookup table without its descriptor");
    n = n == 0 ? DICOM_LUT_ENTRIES_MAX : n < 0 ? n + 65536 : n; /* US, also where it was written as SS */
    if (bits < 8 || bits > 16 || n < 1 || n > DICOM_LUT_ENTRIES_MAX || first < INT16_MIN || first > UINT16_MAX)
        return err_set(e, ERR_DICOM_LUT, "a lookup table's descriptor is out of range");
    if (!dicom_words(item, data, &words, &have))
        return err_set(e, ERR_DICOM_LUT, "a lookup table without its data");
    bool packed = bits == 8 && have < (size_t)n && have >= ((size_t)n + 1) / 2; /* two entries in a word, the first in the lower byte */
    if (have < (size_t)n && !packed)
        return err_set(e, ERR_DICOM_LUT, "a lookup table has %zu entries where its descriptor says %d", have, (int)n);
    *out = (struct dicom_lut){.first = as_stored(first, is_signed), .n = (uint32_t)n, .bits = (int)bits};
    if (!(out->values = mem_alloc((size_t)n, sizeof *out->values, e)))
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < (size_t)n; i++) {
        out->values[i] = packed ? (uint16_t)(i & 1 ? words[i / 2] >> 8 : words[i / 2] & 0xFF) : words[i];
        if (out->values[i] >> bits)
            return err_set(e, ERR_DICOM_LUT, "a lookup table of %d bits holds the value %d", (int)bits, out->values[i]);
    }
    return 0;
}

static int read_luts(struct reader *r, struct dicom_item *voi) {
    const uint32_t descriptor = DICOM_TAG(0x0028, 0x3002), data = DICOM_TAG(0x0028, 0x3006), explanation = DICOM_TAG(0x0028, 0x3003);
    struct dicom *d = r->d;
    struct dicom_item *item = dicom_child(r->top, DICOM_TAG(0x0028, 0x3000), 0);
    int rc = 0;
    if (item && !dicom_has(item, descriptor) && !dicom_has(item, data)) {
        d->tolerated |= DICOM_EMPTY_LUT;
        item = NULL;
    }
    if (item) {
        rc = dicom_read_lut(&d->modality_lut, item, descriptor, data, d->is_signed, r->e);
        if (!rc)
            rc = read_text(r, d->modality_lut.explanation, DICOM_TEXT, item, explanation, 0);
    }
    for (unsigned i = 0; !rc && (item = dicom_child(voi, DICOM_TAG(0x0028, 0x3010), i)); i++) {
        if (i == DICOM_LUTS_MAX) {
            d->truncated = true;
            break;
        }
        d->n_voi_luts = (int)i + 1;
        rc = dicom_read_lut(&d->voi_lut[i], item, descriptor, data, d->is_signed, r->e);
        if (!rc)
            rc = read_text(r, d->voi_lut[i].explanation, DICOM_TEXT, item, explanation, 0);
    }
    return rc;
}

static int read_windows(struct reader *r, struct dicom_item *voi) {
    const uint32_t center = DICOM_TAG(0x0028, 0x1050), width = DICOM_TAG(0x0028, 0x1051);
    static const char *const functions[] = {"LINEAR", "LINEAR_EXACT", "SIGMOID"};
    unsigned n = count_components(voi, center);
    int rc = 0;
    struct dicom *d = r->d;
    if (n != count_components(voi, width))
        return err_set(r->e, ERR_DICOM_LUT, "the file has %u window centres and %u widths", n, count_components(voi, width));
    for (unsigned i = 0; !rc && i < n && i < DICOM_VALUES_MAX; i++) {
        struct dicom_window *w = &d->window[i];
        if (!dicom_number(voi, center, i, &w->center) || !dicom_number(voi, width, i, &w->width) || !isfinite(w->center) ||
            !isfinite(w->width))
            return err_set(r->e, ERR_DICOM_LUT, "window %u is not two numbers", i + 1);
        rc = read_text(r, w->explanation, DICOM_TEXT, voi, DICOM_TAG(0x0028, 0x1055), i);
        d->n_windows = (int)i + 1;
    }
    d->truncated |= n > DICOM_VALUES_MAX;
    d->voi_function = count_components(voi, DICOM_TAG(0x0028, 0x1056)) ? DICOM_VOI_OTHER : DICOM_VOI_LINEAR;
    for (int i = 0; i < 3; i++)
        if (text_is(r, voi, DICOM_TAG(0x0028, 0x1056), functions[i]))
            d->voi_function = (enum dicom_voi)i;
    return rc;
}

static int read_rescale(struct reader *r) {
    struct dicom_item *item = group(r, DICOM_TAG(0x0028, 0x9145));
    struct dicom *d = r->d;
    size_t n;
    item = item ? item : r->top;
    bool slope = dicom_text(item, DICOM_TAG(0x0028, 0x1053), &n), intercept = dicom_text(item, DICOM_TAG(0x0028, 0x1052), &n);
    if (!slope && !intercept)
        return 0;
    if (!dicom_number(item, DICOM_TAG(0x0028, 0x1053), 0, &d->slope) || !dicom_number(item, DICOM_TAG(0x0028, 0x1052), 0, &d->intercept) ||
        !isfinite(d->slope) || !isfinite(d->intercept))
        return err_set(r->e, ERR_DICOM_LUT, "rescale slope and intercept are not two numbers");
    d->has_rescale = true;
    return 0;
}

static int read_display(struct reader *r) {
    struct dicom_item *frame_voi = group(r, DICOM_TAG(0x0028, 0x9132)), *voi = frame_voi ? frame_voi : r->top;
    const uint32_t shape = DICOM_TAG(0x2050, 0x0020);
    r->d->presentation_shape = text_is(r, r->top, shape, "IDENTITY")  ? DICOM_SHAPE_IDENTITY
                               : text_is(r, r->top, shape, "INVERSE") ? DICOM_SHAPE_INVERSE
                               : count_components(r->top, shape) > 0  ? DICOM_SHAPE_OTHER
                                                                      : DICOM_SHAPE_ABSENT;
    int rc = read_rescale(r);
    if (!rc)
        rc = read_luts(r, voi);
    return rc ? rc : read_windows(r, voi);
}

/* --- regions of ultrasound */

static int read_region(struct reader *r, struct dicom_region *out, struct dicom_item *item) {
    enum { FORMAT, TYPE, FLAGS, X0, Y0, X1, Y1, UNIT_X, UNIT_Y, WANTED };
    static const uint16_t elements[WANTED] = {0x6012, 0x6014, 0x6016, 0x6018, 0x601A, 0x601C, 0x601E, 0x6024, 0x6026};
    int64_t v[WANTED] = {0};
    for (int i = 0; i < WANTED; i++)
        if (dicom_has(item, DICOM_TAG(0x0018, elements[i])) &&
            !whole_within(item, DICOM_TAG(0x0018, elements[i]), 0, i >= FLAGS && i <= Y1 ? UINT32_MAX : UINT16_MAX, &v[i]))
            return err_set(r->e, ERR_DICOM_SYNTAX, "attribute (0018,%04x) of an ultrasound region is not a number in range", elements[i]);
    *out = (struct dicom_region){.spatial_format = (uint16_t)v[FORMAT],
                                 .data_type = (uint16_t)v[TYPE],
                                 .flags = (uint32_t)v[FLAGS],
                                 .x0 = (uint32_t)v[X0],
                                 .y0 = (uint32_t)v[Y0],
                                 .x1 = (uint32_t)v[X1],
                                 .y1 = (uint32_t)v[Y1],
                                 .unit_x = (uint16_t)v[UNIT_X],
                                 .unit_y = (uint16_t)v[UNIT_Y]};
    if (!dicom_number(item, DICOM_TAG(0x0018, 0x602C), 0, &out->delta_x) || !isfinite(out->delta_x))
        out->delta_x = 0;
    if (!dicom_number(item, DICOM_TAG(0x0018, 0x602E), 0, &out->delta_y) || !isfinite(out->delta_y))
        out->delta_y = 0;
    return 0;
}

static int read_regions(struct reader *r) {
    struct dicom_item *item;
    int rc = 0;
    for (unsigned i = 0; !rc && (item = dicom_child(r->top, DICOM_TAG(0x0018, 0x6011), i)); i++) {
        if (i == DICOM_REGIONS_MAX) {
            r->d->truncated = true;
            break;
        }
        rc = read_region(r, &r->d->region[i], item);
        r->d->n_regions = (int)i + 1;
    }
    return rc;
}

int dicom_read_facts(struct dicom *d, struct dicom_size *size, struct dicom_file *f, int frame, struct err *e) {
    struct reader r = {.d = d, .top = dicom_file_dataset(f), .e = e};
    read_charset(&r);
    snprintf(d->syntax, sizeof d->syntax, "%s", dicom_file_syntax(f));
    d->no_preamble = !dicom_file_preamble(f);
    int rc = read_frame(&r, frame);
    if (rc)
        return rc;
    r.shared = dicom_child(r.top, DICOM_TAG(0x5200, 0x9229), 0);
    r.frame = dicom_child(r.top, DICOM_TAG(0x5200, 0x9230), d->frame);
    int (*const steps[])(struct reader *) = {read_texts, read_dates, read_view, read_regions};
    for (size_t i = 0; i < sizeof steps / sizeof *steps && !rc; i++)
        rc = steps[i](&r);
    if (!rc)
        rc = read_pixels(&r, size);
    if (rc)
        return rc;
    read_flags(&r);
    read_organ(&r);
    read_padding(&r);
    read_spacing(&r);
    return read_display(&r);
}
