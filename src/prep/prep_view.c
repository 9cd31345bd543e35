/* What the tags must say before pixels are looked at: modality, view, side, orientation, and what is refused. Floor 4.
 * docs/PREP.md sections 1 and 5. Tables, in the order in which they are asked. No text of the file is repeated in a message. */
#include <string.h>

#include "base/hash.h"
#include "prep/prep_steps.h"

static bool is(const char *a, const char *b) {
    return strcmp(a, b) == 0;
}

static bool begins(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

static const char sop_tomosynthesis[] = "1.2.840.10008.5.1.4.1.1.13.1.3", sop_processing[] = "1.2.840.10008.5.1.4.1.1.1.2.1";

/* --- the kind of picture ---------------------------------------------------------------------------------------------------- */

static int check_image_type(const struct dicom *d, const struct prep_claim *claim, struct input_verdict *v, struct err *e) {
    static const struct {
        const char *word; /* Image Type, PS3.3 C.8.11.7.1.4 */
        bool prefix, allowed_by_claim;
        int code;
        const char *what;
    } words[] = {
        {"GENERATED_2D", false, true, ERR_TOMOSYNTHESIS,
         "a view synthesised from tomosynthesis; allow such views or give the 2D mammogram"},
        {"TOMOSYNTHESIS", false, true, ERR_TOMOSYNTHESIS, "made by tomosynthesis; allow synthesised views or give the 2D mammogram"},
        {"TOMO_PROJ", false, false, ERR_TOMOSYNTHESIS, "a projection of a tomosynthesis; give the 2D mammogram"},
        {"TOMO_SCOUT", false, false, ERR_TOMOSYNTHESIS, "a scout of a tomosynthesis; give the 2D mammogram"},
        {"SUBTRACTION", false, false, ERR_VIEW_NOT_STANDARD, "a subtraction image of a contrast examination"},
        {"ADDITION", false, false, ERR_VIEW_NOT_STANDARD, "a sum image of a contrast examination"},
        {"HIGH_ENERGY", false, false, ERR_VIEW_NOT_STANDARD, "the high-energy image of a contrast examination"},
        {"POST_CONTRAST", false, false, ERR_VIEW_NOT_STANDARD, "made after contrast was given"},
        {"STEREO", true, false, ERR_VIEW_NOT_STANDARD, "a stereotactic image"},
        {"PREFIRE", true, false, ERR_VIEW_NOT_STANDARD, "an image of a biopsy"},
        {"POSTFIRE", true, false, ERR_VIEW_NOT_STANDARD, "an image of a biopsy"},
        {"POSTBIOPSY", true, false, ERR_VIEW_NOT_STANDARD, "an image of a biopsy"},
        {"POSTMARKER", true, false, ERR_VIEW_NOT_STANDARD, "an image of a biopsy"},
    };
    bool noted = false;
    for (int i = 0; i < d->n_image_type; i++)
        for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
            if (words[k].prefix ? !begins(d->image_type[i], words[k].word) : !is(d->image_type[i], words[k].word))
                continue;
            if (!words[k].allowed_by_claim || !claim->allow_tomosynthesis)
                return err_set(e, words[k].code, "the file says that the image is %s", words[k].what);
            if (!noted)
                verdict_note(v, ", a view synthesised from tomosynthesis (allowed)");
            noted = true;
        }
    return 0;
}

/* --- views (CID 4014) and their modifiers (CID 4015) --------------------------------------------------------------------------- */

enum view { VIEW_NONE, VIEW_UNKNOWN, VIEW_CC, VIEW_MLO, VIEW_SPECIMEN, VIEW_OTHER };
struct view_name {
    enum view view;
    const char *sct, *srt, *text, *name;
};
static const struct view_name views[] = {
    {VIEW_CC, "399162004", "R-10242", "CC", "cranio-caudal"},
    {VIEW_MLO, "399368009", "R-10226", "MLO", "medio-lateral oblique"},
    {VIEW_OTHER, "399260004", "R-10224", "ML", "medio-lateral"},
    {VIEW_OTHER, "399352003", "R-10228", "LM", "latero-medial"},
    {VIEW_OTHER, "399099002", "R-10230", "LMO", "latero-medial oblique"},
    {VIEW_OTHER, "399196006", "R-10244", "FB", "caudo-cranial (from below)"},
    {VIEW_OTHER, "399188001", "R-102D0", "SIO", "superolateral to inferomedial oblique"},
    {VIEW_OTHER, "441555000", "R-40AAA", "ISO", "inferomedial to superolateral oblique"},
    {VIEW_OTHER, "399192008", "R-1024A", "XCCL", "cranio-caudal exaggerated laterally"},
    {VIEW_OTHER, "399101009", "R-1024B", "XCCM", "cranio-caudal exaggerated medially"},
    {VIEW_SPECIMEN, "127457009", "G-8310", NULL, "tissue specimen from breast"},
};
static const struct view_name unknown_view = {VIEW_UNKNOWN, NULL, NULL, NULL, "not known to this program"};

static const struct {
    const char *sct, *srt, *name;
} modifiers[] = {{"399226006", "R-102D4", "rolled medial"},     {"399197002", "R-102D3", "rolled lateral"},
                 {"415670009", "R-102C9", "rolled superior"},   {"414493004", "R-102CA", "rolled inferior"},
                 {"399161006", "R-102D2", "cleavage"},          {"399011000", "R-102D1", "axillary tail"},
                 {"399163009", "R-102D6", "magnification"},     {"399055006", "R-102D7", "spot compression"},
                 {"399110001", "R-102C2", "tangential"},        {"442581004", "R-40AB3", "nipple in profile"},
                 {"442580003", "R-40AB2", "axillary tissue"},   {"441752004", "P2-00161", "anterior compression"},
                 {"442593008", "R-40ABE", "infra-mammary fold"}};
static const char displaced_sct[] = "399209000", displaced_srt[] = "R-102D5";

/* The same concept under SNOMED's two kinds of codes, and the names that DICOM has used for the older. */
static bool code_is(const struct dicom_code *c, const char *sct, const char *srt) {
    if (is(c->scheme, "SCT"))
        return is(c->value, sct);
    return (is(c->scheme, "SRT") || is(c->scheme, "SNM3") || is(c->scheme, "99SDM")) && is(c->value, srt);
}

static const struct view_name *view_by_code(const struct dicom_code *c) {
    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        if (code_is(c, views[i].sct, views[i].srt))
            return &views[i];
    return &unknown_view;
}

static const struct view_name *view_by_text(const char *text) {
    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        if (views[i].text && is(text, views[i].text))
            return &views[i];
    return &unknown_view;
}

static int check_view(const struct dicom *d, enum slot s, struct input_verdict *v, struct err *e) {
    const bool coded = d->view.value[0] != '\0', named = d->view_position[0] != '\0';
    const struct view_name *text = view_by_text(d->view_position), *view = coded ? view_by_code(&d->view) : text;
    const enum view due = s == SLOT_MG_CC ? VIEW_CC : VIEW_MLO;
    if ((coded || named) && view->view != VIEW_CC && view->view != VIEW_MLO)
        return err_set(e, ERR_VIEW_NOT_STANDARD, "the file's view is %s; only CC and MLO can be used", view->name);
    for (int i = 0; i < d->n_view_modifiers; i++) {
        const char *name = "not known to this program";
        for (size_t k = 0; k < sizeof modifiers / sizeof *modifiers; k++)
            if (code_is(&d->view_modifier[i], modifiers[k].sct, modifiers[k].srt))
                name = modifiers[k].name;
        return err_set(e, ERR_VIEW_NOT_STANDARD, "the file's view has the modifier '%s'; only the plain CC and MLO can be used", name);
    }
    if (!coded && !named) {
        verdict_note(v, ", the file names no view, the slot's is taken");
        return 0;
    }
    if (view->view != due)
        return err_set(e, ERR_VIEW_MISMATCH, "the file's view is %s, its slot is %s", view->name, slot_name(s));
    if (coded && text->view != VIEW_UNKNOWN && text != view)
        return err_set(e, ERR_VIEW_MISMATCH, "View Code Sequence says %s, View Position %s", view->name, text->name);
    return 0;
}

/* --- which breast ----------------------------------------------------------------------------------------------------------- */

static const char *laterality(const struct dicom *d) {
    return d->image_laterality[0] ? d->image_laterality : d->laterality;
}

char view_side(const struct dicom *d) {
    const char *text = laterality(d);
    return is(text, "L") || is(text, "R") || is(text, "B") ? text[0] : '\0';
}

static int check_side(char *out, const struct dicom *d, bool mg, const struct prep_claim *claim, struct input_verdict *v, struct err *e) {
    const char side = view_side(d);
    if (claim->trust_table && claim->side && laterality(d)[0] && side != 'L' && side != 'R') {
        verdict_note(v, ", the side by the table: the file's laterality is '%.16s'", laterality(d));
        *out = claim->side;
        return 0;
    }
    if (side == 'B')
        return err_set(e, ERR_SIDE_UNKNOWN, "the file's laterality is B, both breasts; only one breast per file is supported");
    if (!side && mg && laterality(d)[0])
        return err_set(e, ERR_SIDE_UNKNOWN, "the file's laterality is neither L nor R");
    if (side && claim->side && side != claim->side)
        return err_set(e, ERR_SIDE_MISMATCH, "the file says side %c, the table side %c", side, claim->side);
    *out = side ? side : claim->side;
    return 0;
}

/* --- orientation -------------------------------------------------------------------------------------------------------------- */

/* The order down the columns against the standard one (lateral to medial, head to foot). */
enum order { ORDER_STANDARD, ORDER_REVERSED };

static bool holds(const char *text, char letter) {
    return strchr(text, letter) != NULL;
}

static int lateral_order(enum order *out, char letter, char side, struct err *e) {
    if (!side)
        return err_set(e, ERR_SIDE_UNKNOWN,
                       "Patient Orientation cannot be interpreted while the breast's side is unknown; give the side in the table");
    if (letter != 'L' && letter != 'R')
        return err_set(e, ERR_SIDE_UNKNOWN, "Patient Orientation of the columns is not a mammography direction");
    *out = letter != side ? ORDER_STANDARD : ORDER_REVERSED; /* a left breast's columns run to the patient's right: to medial */
    return 0;
}

/* Reads the columns. *sure: is it certain which breast is meant, were the rows those of the other's hanging? */
static int column_order(enum order *out, bool *sure, const char *column, enum slot s, char side, struct err *e) {
    const bool head = holds(column, 'H'), foot = holds(column, 'F'), left = holds(column, 'L'), right = holds(column, 'R');
    *sure = false;
    if (s == SLOT_MG_CC && (column[0] == 'H' || column[0] == 'F'))
        return err_set(e, ERR_VIEW_MISMATCH, "Patient Orientation has columns along the body, as in no CC view");
    if (column[0] == 'A' || column[0] == 'P' || (s == SLOT_MG_MLO && ((head && foot) || (left && right))))
        return err_set(e, ERR_SIDE_UNKNOWN, "Patient Orientation of the columns is not a mammography direction");
    if (s == SLOT_MG_CC || (!head && !foot)) {
        int rc = lateral_order(out, s == SLOT_MG_CC ? column[0] : left ? 'L' : 'R', side, e);
        *sure = *out == ORDER_STANDARD; /* reversed, it would be the other breast's standard */
        return rc;
    }
    *out = foot ? ORDER_STANDARD : ORDER_REVERSED;
    if (!side || (!left && !right))
        return 0;
    *sure = true;
    if ((holds(column, side == 'L' ? 'R' : 'L')) != foot) /* the plane of an MLO goes down and medially */
        return err_set(e, ERR_VIEW_NOT_STANDARD, "Patient Orientation names the plane of an SIO or LMO view, not of an MLO");
    return 0;
}

static int check_orientation(struct view_plan *plan, const struct dicom *d, enum slot s, struct input_verdict *v, struct err *e) {
    static const char letters[] = "APRLHF";
    const char *row = d->orientation[0], *column = d->orientation[1];
    const enum chest_wall standard = plan->side == 'L' ? CHEST_LEFT : plan->side == 'R' ? CHEST_RIGHT : CHEST_UNKNOWN;
    enum order order = ORDER_STANDARD;
    bool sure = false;
    plan->chest = standard;
    if (!row[0] && !column[0])
        return 0;
    if (row[strspn(row, letters)] || column[strspn(column, letters)]) {
        verdict_note(v, ", Patient Orientation holds no directions: taken as absent");
        return 0;
    }
    if (!row[0] || !column[0] || (row[0] != 'A' && row[0] != 'P'))
        return err_set(e, ERR_SIDE_UNKNOWN, "Patient Orientation does not say where in the image the chest wall is");
    int rc = column_order(&order, &sure, column, s, plan->side, e);
    if (rc)
        return rc;
    plan->chest = row[0] == 'A' ? CHEST_LEFT : CHEST_RIGHT;
    plan->upside_down = order == ORDER_REVERSED;
    if (standard != CHEST_UNKNOWN && plan->chest != standard && !sure)
        return err_set(e, ERR_SIDE_IMAGE, "according to Patient Orientation the chest wall is where the other breast's would be");
    return 0;
}

/* --- all together ------------------------------------------------------------------------------------------------------------- */

static int check_mammogram(struct view_plan *plan, const struct dicom *d, enum slot s, const struct prep_claim *claim,
                           struct input_verdict *v, struct err *e) {
    if (d->frames_are_slices || d->frames > 1 || is(d->sop_class, sop_tomosynthesis))
        return err_set(e, ERR_TOMOSYNTHESIS, "the file contains tomosynthesis slices; give the 2D mammogram");
    int rc = check_image_type(d, claim, v, e);
    if (rc)
        return rc;
    if (is(d->intent, "FOR PROCESSING") || is(d->sop_class, sop_processing))
        return err_set(e, ERR_FOR_PROCESSING, "the file contains raw detector data; give the image for presentation");
    if (d->implant == DICOM_YES)
        return err_set(e, ERR_IMPLANT, "the file says that the breast has an implant");
    for (int i = 0; i < d->n_view_modifiers; i++)
        if (code_is(&d->view_modifier[i], displaced_sct, displaced_srt))
            return err_set(e, ERR_IMPLANT, "the file's view has the modifier 'implant displaced'");
    if ((rc = check_view(d, s, v, e)) || (rc = check_side(&plan->side, d, true, claim, v, e)))
        return rc;
    return check_orientation(plan, d, s, v, e);
}

static void remark(const struct dicom *d, struct input_verdict *v) {
    const struct {
        bool holds;
        const char *text;
    } remarks[] = {{d->partial_view == DICOM_YES, ", a partial view"},
                   {d->lossy == DICOM_YES, ", lossy compressed"},
                   {d->no_preamble, ", no DICOM preamble (tolerated)"},
                   {d->truncated, ", a list of the file is longer than what is read"},
                   {d->tolerated & DICOM_NOT_SUBSAMPLED, ", YBR_FULL_422 of three bytes a pixel read as YBR_FULL"},
                   {d->tolerated & DICOM_LETTER_CASE, ", code strings in small letters (tolerated)"},
                   {d->tolerated & DICOM_LONG_UID, ", a UID of more than 64 characters (tolerated)"},
                   {d->tolerated & DICOM_DATE_DASHES, ", a date with dashes (tolerated)"},
                   {d->tolerated & DICOM_EMPTY_LUT, ", an empty Modality LUT item ignored"},
                   {d->tolerated & DICOM_NO_DELIMITER, ", no delimiter after the pixel data (tolerated)"},
                   {d->tolerated & DICOM_NO_END, ", a JPEG 2000 stream without its end marker (tolerated)"}};
    for (size_t i = 0; i < sizeof remarks / sizeof *remarks; i++)
        if (remarks[i].holds)
            verdict_note(v, "%s", remarks[i].text);
    if (d->frames > 1)
        verdict_note(v, ", frame %u of %u (%s)", d->frame + 1, d->frames,
                     d->representative ? "the file's representative one" : "the middle one");
}

int view_check(struct view_plan *out, const struct dicom *d, enum slot s, const struct prep_claim *claim, struct input_verdict *v,
               struct err *e) {
    const bool mg = slot_is_mg(s);
    *out = (struct view_plan){.side = claim->side,
                              .chest = !mg                  ? CHEST_UNKNOWN
                                       : claim->side == 'L' ? CHEST_LEFT
                                       : claim->side == 'R' ? CHEST_RIGHT
                                                            : CHEST_UNKNOWN};
    if (!d)
        return 0;
    if (!is(d->modality, mg ? "MG" : "US"))
        return err_set(e, ERR_MODALITY_WRONG, "slot %s takes modality %s, the file has another", slot_name(s), mg ? "MG" : "US");
    if (d->specimen || (d->view.value[0] && view_by_code(&d->view)->view == VIEW_SPECIMEN))
        return err_set(e, ERR_SPECIMEN, "the file shows a specimen, not a breast");
    const bool other_part = d->body_part[0] && !is(d->body_part, "BREAST");
    if (other_part && claim->trust_table)
        verdict_note(v, ", a breast by the table: Body Part Examined is '%.64s'", d->body_part);
    else if (other_part)
        return err_set(e, ERR_IMAGE_NOT_BREAST, "Body Part Examined is '%.64s', not BREAST", d->body_part);
    if (!mg && !claim->trust_table && !d->body_part[0] && d->organ[0] && !is(d->organ, "BREAST"))
        return err_set(e, ERR_IMAGE_NOT_BREAST, "the file's Image Type, descriptions or anatomy say %s, not breast", d->organ);
    int rc = mg ? check_mammogram(out, d, s, claim, v, e) : check_side(&out->side, d, false, claim, v, e);
    if (!rc)
        remark(d, v);
    return rc;
}

const struct vendor *view_vendor(const struct prep_profile *p, const struct dicom *d, struct input_verdict *v) {
    if (!d)
        return NULL;
    if (!p->vendors) {
        verdict_note(v, ", by the standard alone");
        return NULL;
    }
    const struct vendor *vendor = vendors_find(p->vendors, d->manufacturer, d->model);
    char hex[SHA256_HEX_SIZE];
    sha256_hex(vendors_sha256(p->vendors), hex);
    if (vendor)
        verdict_note(v, ", vendor entry %s (table %.12s)", vendor->name, hex);
    else
        verdict_note(v, ", vendor not in table %.12s: the standard alone", hex);
    return vendor;
}
