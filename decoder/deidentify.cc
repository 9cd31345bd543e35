/* De-identification of one file: DCMTK's tree walked, each attribute treated as deidentify_rules.h says. Floor 1. With dicom_shim.cc the
 * only C++; it decides nothing but how DCMTK is told. */
#include "deidentify.h"

#include "dcmtk/config/osconfig.h"

#include "dcmtk/dcmdata/dcdeftag.h"
#include "dcmtk/dcmdata/dcdicent.h"
#include "dcmtk/dcmdata/dcdict.h"
#include "dcmtk/dcmdata/dcfilefo.h"
#include "dcmtk/dcmdata/dcmetinf.h"
#include "dcmtk/dcmdata/dcostrmb.h"
#include "dcmtk/dcmdata/dcsequen.h"

#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

extern "C" {
#include "core.h"
#include "deidentify_picture.h"
#include "deidentify_rules.h"
}
#include "dicom_shim.h"
#include "image/decode_protocol.h"

namespace {

enum { DEPTH_MAX = 32 };

struct Work {
    const struct deidentify_request *request;
    std::string patient_id;
    int days;
    std::map<std::pair<uint32_t, int>, unsigned> counts;
    unsigned private_removed;
};

int failed(struct err *e, const OFCondition &c, const char *what) {
    if (c == EC_MemoryExhausted)
        return err_set(e, ERR_NO_MEMORY, "no memory for %s", what);
    return err_set(e, ERR_DICOM_SYNTAX, "%s: %s", what, c.text());
}

bool is_text_or_items(DcmEVR vr) {
    return DcmVR(vr).isaString() || vr == EVR_SQ || vr == EVR_UN || vr == EVR_UNKNOWN || vr == EVR_UNKNOWN2B;
}

/* Known, and of the kind that the dictionary says: a date that a file calls a time would be kept as one. Kinds of numbers may stand for
 * each other (the dictionary itself leaves some open: US or SS, OB or OW). */
bool as_in_dictionary(DcmElement *element) {
    const DcmTagKey key = element->getTag();
    const DcmDictEntry *entry = dcmDataDict.rdlock().findEntry(key, NULL);
    const DcmEVR has = element->ident(), should = entry ? entry->getEVR() : EVR_UNKNOWN;
    dcmDataDict.rdunlock();
    return entry && (has == should || (!is_text_or_items(has) && !is_text_or_items(should)));
}

bool text_of(std::string *out, DcmElement *element) {
    OFString text;
    if (element->getOFStringArray(text, OFFalse).bad())
        return false;
    out->assign(text.c_str(), text.length());
    return true;
}

std::string trimmed(std::string s) {
    while (!s.empty() && (s[s.size() - 1] == ' ' || s[s.size() - 1] == '\0'))
        s.erase(s.size() - 1);
    size_t start = s.find_first_not_of(' ');
    return start == std::string::npos ? std::string() : s.substr(start);
}

/* Each of the values between backslashes; false: one of them cannot be changed. */
bool change_each(std::string *value, bool (*change)(std::string *, const Work &), const Work &w) {
    std::string result;
    for (size_t from = 0; from <= value->size();) {
        size_t to = value->find('\\', from);
        if (to == std::string::npos)
            to = value->size();
        std::string one = trimmed(value->substr(from, to - from));
        if (!one.empty() && !change(&one, w))
            return false;
        result += (from ? "\\" : "") + one;
        from = to + 1;
    }
    *value = result;
    return true;
}

bool map_uid(std::string *value, const Work &w) {
    char uid[DEIDENTIFY_UID_SIZE];
    deidentify_uid(uid, w.request->key, value->c_str());
    *value = uid;
    return true;
}

bool shift(std::string *value, const Work &w) {
    if (value->find_first_not_of("0123456789.+-&") != std::string::npos)
        return false;
    std::vector<char> room(value->begin(), value->end());
    room.push_back(0);
    bool ok = deidentify_shift(&room[0], w.days);
    *value = &room[0];
    return ok;
}

bool age(std::string *value, const Work &) {
    std::vector<char> room(value->begin(), value->end());
    room.push_back(0);
    bool ok = deidentify_age(&room[0]);
    *value = &room[0];
    return ok;
}

bool pseudonym(std::string *value, const Work &w) {
    char id[DEIDENTIFY_ID_SIZE + 1];
    deidentify_pseudonym(id, w.request->key, value->c_str());
    *value = id;
    return true;
}

bool change_value(DcmElement *element, bool (*change)(std::string *, const Work &), const Work &w) {
    std::string value;
    return text_of(&value, element) && change_each(&value, change, w) && element->putString(value.c_str()).good();
}

void make_empty(DcmElement *element) {
    if (element->ident() == EVR_SQ)
        static_cast<DcmSequenceOfItems *>(element)->clear();
    else
        element->clear();
}

void make_dummy(DcmElement *element) {
    static const struct {
        DcmEVR vr;
        const char *value;
    } dummies[] = {{EVR_DA, "19000101"}, {EVR_DT, "19000101"}, {EVR_TM, "000000"},  {EVR_AS, "000Y"},
                   {EVR_UI, "2.25.0"},   {EVR_DS, "0"},        {EVR_IS, "0"},       {EVR_AE, "REMOVED"},
                   {EVR_CS, "REMOVED"},  {EVR_LO, "REMOVED"},  {EVR_LT, "REMOVED"}, {EVR_PN, "REMOVED"},
                   {EVR_SH, "REMOVED"},  {EVR_ST, "REMOVED"},  {EVR_UC, "REMOVED"}, {EVR_UT, "REMOVED"}};
    make_empty(element);
    for (size_t i = 0; i < sizeof dummies / sizeof *dummies; i++)
        if (element->ident() == dummies[i].vr)
            element->putString(dummies[i].value);
}

/* What is kept under a tag of the table has to look like it: a name in a date's place stays a name. */
bool may_stay(DcmElement *element) {
    std::string value;
    const DcmEVR vr = element->ident();
    if (vr == EVR_TM)
        return text_of(&value, element) && value.find_first_not_of("0123456789.: \\") == std::string::npos;
    if (element->getTag() == DCM_PatientSex)
        return text_of(&value, element) && (trimmed(value).empty() || strchr("MFO", trimmed(value)[0])) && trimmed(value).size() < 2;
    return true;
}

bool clean_profile(DcmElement *element) {
    Uint8 *bytes = NULL;
    const Uint32 n = element->getLength();
    if (element->getUint8Array(bytes).bad() || bytes == NULL)
        return false;
    std::vector<uint8_t> copy(bytes, bytes + n);
    return deidentify_icc(&copy[0], n) && element->putUint8Array(&copy[0], n).good();
}

/* A value of the right kind that cannot be told or changed is emptied: an attribute that an object must have stays. */
bool or_empty(bool done, DcmElement *element) {
    if (!done)
        make_empty(element);
    return true;
}

/* False: the element has to go. */
bool treat(DcmElement *element, enum deidentify_action action, const Work &w) {
    const DcmEVR vr = element->ident();
    switch (action) {
    case DEIDENTIFY_KEEP:
        if (element->getTag() == DCM_ICCProfile)
            return clean_profile(element);
        return or_empty(may_stay(element), element);
    case DEIDENTIFY_EMPTY:
        make_empty(element);
        return true;
    case DEIDENTIFY_DUMMY:
        make_dummy(element);
        return true;
    case DEIDENTIFY_MAP_UID:
        return vr == EVR_UI && change_value(element, map_uid, w);
    case DEIDENTIFY_SHIFT:
        return (vr == EVR_DA || vr == EVR_DT) && or_empty(change_value(element, shift, w), element);
    case DEIDENTIFY_PSEUDONYM:
        return vr == EVR_LO && change_value(element, pseudonym, w);
    case DEIDENTIFY_AGE:
        return vr == EVR_AS && change_value(element, age, w);
    default:
        return false;
    }
}

bool walk(DcmItem *item, Work &w, int depth);

bool walk_sequence(DcmSequenceOfItems *sequence, Work &w, int depth) {
    for (unsigned long i = 0; i < sequence->card(); i++)
        if (!walk(sequence->getItem(i), w, depth + 1))
            return false;
    return true;
}

/* False: nested too deep. */
bool walk(DcmItem *item, Work &w, int depth) {
    if (depth > DEPTH_MAX)
        return false;
    for (unsigned long i = item->card(); i-- > 0;) {
        DcmElement *element = item->getElement(i);
        const DcmTag tag = element->getTag();
        enum deidentify_action action =
            deidentify_action(tag.getGTag(), tag.getETag(), DcmVR(element->getVR()).getValidVRName(), as_in_dictionary(element));
        if (!treat(element, action, w)) {
            action = DEIDENTIFY_REMOVE;
            delete item->remove(i);
        } else if (action == DEIDENTIFY_KEEP && element->ident() == EVR_SQ &&
                   !walk_sequence(static_cast<DcmSequenceOfItems *>(element), w, depth)) {
            return false;
        }
        if (tag.getGTag() & 1)
            w.private_removed++;
        else if (action != DEIDENTIFY_KEEP)
            w.counts[std::make_pair(DICOM_TAG(tag.getGTag(), tag.getETag()), static_cast<int>(action))]++;
    }
    return true;
}

/* --- pixels */

OFCondition describe(DcmItem *d, const struct image *im) {
    const int stored = im->channels == 3 ? im->bits : im->dicom->bits_stored;
    OFCondition c = d->putAndInsertUint16(DCM_SamplesPerPixel, static_cast<Uint16>(im->channels));
    if (c.good())
        c = d->putAndInsertUint16(DCM_BitsAllocated, static_cast<Uint16>(im->bits));
    if (c.good())
        c = d->putAndInsertUint16(DCM_BitsStored, static_cast<Uint16>(stored));
    if (c.good())
        c = d->putAndInsertUint16(DCM_HighBit, static_cast<Uint16>(stored - 1));
    if (c.good() && im->channels == 3)
        c = d->putAndInsertString(DCM_PhotometricInterpretation, "RGB");
    if (c.good() && im->channels == 3)
        c = d->putAndInsertUint16(DCM_PixelRepresentation, 0);
    if (c.good() && im->channels == 3)
        c = d->putAndInsertUint16(DCM_PlanarConfiguration, 0);
    for (Uint16 element = 0x1101; im->channels == 3 && element <= 0x1223; element++) /* palettes: they have been applied */
        d->findAndDeleteElement(DcmTagKey(0x0028, element));
    return c;
}

/* What the picture is, before any frame is decoded; the description of its pixels is written with it. */
int plan(struct picture *p, uint64_t *total, uint32_t *frames, DcmItem *dataset, const struct deidentify_request *r, const struct image *im,
         struct err *e) {
    OFString conversion;
    dataset->findAndGetOFString(DCM_ConversionType, conversion);
    int rc = picture_plan(p, im, !conversion.empty(), r->keep_burned_in != 0, e);
    if (rc)
        return rc;
    *frames = im->dicom->frames;
    *total =
        static_cast<uint64_t>(im->width) * im->height * static_cast<unsigned>(im->channels) * static_cast<unsigned>(im->bits) / 8 * *frames;
    if (*total > DEIDENTIFY_PIXELS_MAX)
        return err_set(e, ERR_LIMIT, "decoded, its %u frames have %llu MiB; the limit is %d: cut the clip into shorter ones", *frames,
                       static_cast<unsigned long long>(*total >> 20), DEIDENTIFY_PIXELS_MAX >> 20);
    OFCondition c = describe(dataset, im);
    return c.bad() ? failed(e, c, "the description of the pixels cannot be written") : 0;
}

/* All frames, one after the other: decoded, blanked, handed on. None is kept, for a clip is larger than the memory here. */
int hand_on_pixels(struct picture *p, uint32_t frames, const struct deidentify_pixels *to, const uint8_t *bytes, size_t n, struct err *e) {
    size_t total = 0;
    int rc = 0;
    for (uint32_t frame = 0; frame < frames && rc == 0; frame++) {
        struct image *im = NULL;
        const struct decode_request request = {static_cast<int>(frame), false};
        rc = dicom_decode(&im, bytes, n, &request, e);
        if (rc == 0) {
            const size_t size =
                static_cast<size_t>(im->width) * im->height * static_cast<size_t>(im->channels) * static_cast<size_t>(im->bits) / 8;
            rc = picture_clean(p, im, e);
            if (rc == 0)
                rc = to->put(to->to, im->pixels, size, e);
            total += size;
        }
        image_free(im);
    }
    return rc == 0 && (total & 1) ? to->put(to->to, "", 1, e) : rc;
}

/* --- what says that it was done (PS3.15 E.3, PS3.16 CID 7050) */

OFCondition add_method(DcmItem *d, const char *value, const char *name) {
    DcmItem *item = NULL;
    OFCondition c = d->findOrCreateSequenceItem(DCM_DeidentificationMethodCodeSequence, item, -2);
    if (c.good())
        c = item->putAndInsertString(DCM_CodeValue, value);
    if (c.good())
        c = item->putAndInsertString(DCM_CodingSchemeDesignator, "DCM");
    if (c.good())
        c = item->putAndInsertString(DCM_CodeMeaning, name);
    return c;
}

/* Patient Identity Removed speaks of the pixels too (PS3.3 C.7.1.1): not of a picture that was only kept on demand. */
OFCondition mark(DcmItem *d, enum picture_verdict verdict) {
    const bool cleaned = verdict == PICTURE_CLEANED;
    d->findAndDeleteElement(DCM_DeidentificationMethodCodeSequence);
    OFCondition c = d->putAndInsertString(DCM_PatientIdentityRemoved, verdict == PICTURE_KEPT ? "NO" : "YES");
    if (c.good())
        c = d->putAndInsertString(DCM_DeidentificationMethod, "bmunet deidentify, PS3.15 2024b Table E.1-1");
    if (c.good())
        c = d->putAndInsertString(DCM_LongitudinalTemporalInformationModified, "MODIFIED");
    if (c.good() && cleaned)
        c = d->putAndInsertString(DCM_BurnedInAnnotation, "NO");
    if (c.good())
        c = add_method(d, "113100", "Basic Application Confidentiality Profile");
    if (c.good() && cleaned)
        c = add_method(d, "113101", "Clean Pixel Data Option");
    if (c.good())
        c = add_method(d, "113107", "Retain Longitudinal Temporal Information Modified Dates Option");
    if (c.good())
        c = add_method(d, "113108", "Retain Patient Characteristics Option");
    return c;
}

/* The file but for its pixels: those come last, and follow. */
int write(struct buf *out, DcmDataset *dataset, int bits, uint64_t pixel_bytes, struct err *e) {
    const E_TransferSyntax syntax = EXS_LittleEndianExplicit;
    while (dataset->card() > 0 && dataset->getElement(dataset->card() - 1)->getTag() >= DCM_PixelData)
        delete dataset->remove(dataset->card() - 1);
    DcmFileFormat file(dataset); /* a copy, without the old meta header */
    OFCondition c = file.validateMetaInfo(syntax, EWM_createNewMeta);
    if (c.bad())
        return failed(e, c, "the meta header cannot be created");
    std::vector<uint8_t> room(file.calcElementLength(syntax, EET_ExplicitLength) + 4096);
    DcmOutputBufferStream stream(&room[0], static_cast<offile_off_t>(room.size()));
    file.transferInit();
    c = file.write(stream, syntax, EET_ExplicitLength, NULL, EGL_recalcGL, EPD_withoutPadding, 0, 0, 0, EWM_createNewMeta);
    file.transferEnd();
    if (c.bad())
        return failed(e, c, "the new file cannot be written");
    void *from = NULL;
    offile_off_t size = 0;
    stream.flushBuffer(from, size);
    const uint32_t even = static_cast<uint32_t>(pixel_bytes + (pixel_bytes & 1));
    const uint8_t element[12] = {0xE0,
                                 0x7F,
                                 0x10,
                                 0x00,
                                 'O',
                                 static_cast<uint8_t>(bits == 16 ? 'W' : 'B'),
                                 0,
                                 0,
                                 static_cast<uint8_t>(even),
                                 static_cast<uint8_t>(even >> 8),
                                 static_cast<uint8_t>(even >> 16),
                                 static_cast<uint8_t>(even >> 24)};
    int rc = buf_append(out, from, static_cast<size_t>(size), e);
    return rc ? rc : buf_append(out, element, sizeof element, e);
}

struct json *report_of(const Work &w, const struct picture *p, enum picture_verdict verdict, uint32_t frames) {
    struct json *report = json_object(), *changes = json_array();
    for (std::map<std::pair<uint32_t, int>, unsigned>::const_iterator i = w.counts.begin(); i != w.counts.end(); ++i) {
        char tag[16];
        struct json *one = json_object();
        snprintf(tag, sizeof tag, "%04X,%04X", i->first.first >> 16, i->first.first & 0xFFFF);
        json_put_string(one, "tag", tag);
        json_put_string(one, "action", deidentify_action_name(static_cast<enum deidentify_action>(i->first.second)));
        json_put_integer(one, "count", i->second);
        json_push(changes, one);
    }
    json_put(report, "changes", changes);
    json_put_integer(report, "private_removed", w.private_removed);
    json_put_integer(report, "frames", frames);
    json_put_bool(report, "blanked", p->removed > 0);
    json_put_integer(report, "blanked_pixels", static_cast<int64_t>(p->removed));
    json_put_integer(report, "letters", p->found.glyphs);
    json_put_string(report, "pixels", picture_verdict_name(verdict));
    return report;
}

/* The patient that the stand-ins hang on. */
int take_patient(Work *w, DcmDataset *dataset, struct err *e) {
    OFString id;
    DcmElement *element = NULL;
    if (dataset->findAndGetElement(DCM_PatientID, element).good() && element->ident() != EVR_LO)
        return err_set(e, ERR_SCAN_NO_PATIENT,
                       "Patient ID (0010,0020) does not have the value representation LO: no pseudonym can replace it");
    dataset->findAndGetOFString(DCM_PatientID, id);
    w->patient_id = trimmed(std::string(id.c_str(), id.length()));
    if (w->patient_id.empty())
        return err_set(e, ERR_SCAN_NO_PATIENT, "Patient ID (0010,0020) is empty: neither a pseudonym nor a date shift can be derived");
    w->days = deidentify_days(w->request->key, w->patient_id.c_str());
    return 0;
}

int deidentify(struct buf *head, struct json **report, const struct deidentify_pixels *to, struct dicom_file *f,
               const struct deidentify_request *r, const struct image *facts, const uint8_t *bytes, size_t n, struct err *e) {
    DcmDataset *dataset = static_cast<DcmDataset *>(reinterpret_cast<DcmItem *>(dicom_file_dataset(f)));
    Work w;
    w.request = r;
    w.private_removed = 0;
    struct picture p;
    enum picture_verdict verdict = PICTURE_KEPT;
    uint32_t frames = 0;
    uint64_t total = 0;
    int rc = take_patient(&w, dataset, e);
    if (rc == 0)
        rc = plan(&p, &total, &frames, dataset, r, facts, e);
    if (rc == 0)
        rc = hand_on_pixels(&p, frames, to, bytes, n, e);
    if (rc == 0)
        rc = picture_judge(&verdict, &p, facts->dicom, e);
    if (rc)
        return rc;
    if (!walk(dataset, w, 0))
        return err_set(e, ERR_LIMIT, "sequences are nested deeper than %d", DEPTH_MAX);
    OFCondition c = mark(dataset, verdict);
    if (c.bad())
        return failed(e, c, "the mark of de-identification cannot be written");
    rc = write(head, dataset, facts->bits, total, e);
    *report = rc ? NULL : report_of(w, &p, verdict, frames);
    return rc;
}

} // namespace

int deidentify_bytes(struct buf *head, struct json **report, const struct deidentify_pixels *to, const struct deidentify_request *r,
                     const uint8_t *bytes, size_t n, struct err *e) {
    static const struct decode_request facts_only = {DECODE_FRAME_MIDDLE, true};
    struct dicom_file *f = NULL;
    struct image *im = NULL;
    *report = NULL;
    int rc = core_decode(&im, bytes, n, &facts_only, e); /* is it a DICOM image at all? */
    if (rc == 0 && im->dicom == NULL)
        rc = err_set(e, ERR_IMAGE_TYPE, "not a DICOM file: PNG and JPEG files name nobody in tags, but check their names and text blocks");
    try {
        if (rc == 0)
            rc = dicom_file_open(&f, bytes, n, e);
        if (rc == 0)
            rc = deidentify(head, report, to, f, r, im, bytes, n, e);
    } catch (...) {
        rc = err_set(e, ERR_NO_MEMORY, "no memory for the DICOM file");
    }
    dicom_file_close(f);
    image_free(im);
    return rc;
}
