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
#include "dcmtk/dcmdata/dcpixel.h"
#include "dcmtk/dcmdata/dcsequen.h"

#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

extern "C" {
#include "core.h"
#include "deidentify_rules.h"
}
#include "dicom_shim.h"
#include "image/decode_protocol.h"

namespace {

enum { DEPTH_MAX = 32, BLANK_BELOW = 0 };

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

/* False: the element has to go. */
bool treat(DcmElement *element, enum deidentify_action action, const Work &w) {
    const DcmEVR vr = element->ident();
    switch (action) {
    case DEIDENTIFY_KEEP:
        return may_stay(element);
    case DEIDENTIFY_EMPTY:
        make_empty(element);
        return true;
    case DEIDENTIFY_DUMMY:
        make_dummy(element);
        return true;
    case DEIDENTIFY_MAP_UID:
        return vr == EVR_UI && change_value(element, map_uid, w);
    case DEIDENTIFY_SHIFT:
        return (vr == EVR_DA || vr == EVR_DT) && change_value(element, shift, w);
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

/* Black outside of all regions (PS3.3 C.8.5.5), where devices write names and dates. */
void blank(struct image *im, const struct dicom *d) {
    const size_t pixel = static_cast<size_t>(im->channels) * static_cast<size_t>(im->bits) / 8;
    uint8_t *row = static_cast<uint8_t *>(im->pixels);
    std::vector<bool> inside(im->width);
    for (uint32_t y = 0; y < im->height; y++, row += im->width * pixel) {
        inside.assign(im->width, false);
        for (int r = 0; r < d->n_regions; r++)
            if (d->region[r].y0 <= y && y <= d->region[r].y1)
                for (uint32_t x = d->region[r].x0; x <= d->region[r].x1 && x < im->width; x++)
                    inside[x] = true;
        for (uint32_t x = 0; x < im->width; x++)
            if (!inside[x])
                memset(row + x * pixel, BLANK_BELOW, pixel);
    }
}

int may_blank(bool *blanked, const struct dicom *d, const struct deidentify_request *r, struct err *e) {
    const bool ultrasound = strcmp(d->modality, "US") == 0;
    *blanked = ultrasound && d->n_regions > 0 && !d->truncated;
    if (*blanked || r->keep_burned_in)
        return 0;
    if (ultrasound)
        return err_set(e, ERR_DEIDENTIFY_PIXELS, "an ultrasound image without regions: burned-in text cannot be located");
    if (d->burned_in == DICOM_YES)
        return err_set(e, ERR_DEIDENTIFY_PIXELS, "the file says that text is burned into the picture");
    return 0;
}

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

/* All frames, decoded. */
int replace_pixels(DcmItem *dataset, bool *blanked, uint32_t *frames, const struct deidentify_request *r, const uint8_t *bytes, size_t n,
                   struct err *e) {
    std::vector<uint8_t> all;
    *frames = 1;
    for (uint32_t frame = 0; frame < *frames; frame++) {
        struct image *im = NULL;
        const struct decode_request request = {static_cast<int>(frame), false};
        int rc = dicom_decode(&im, bytes, n, &request, e);
        if (rc == 0 && frame == 0) {
            *frames = im->dicom->frames;
            rc = may_blank(blanked, im->dicom, r, e);
            OFCondition c = rc ? EC_Normal : describe(dataset, im);
            if (c.bad())
                rc = failed(e, c, "the description of the pixels cannot be written");
        }
        if (rc == 0) {
            if (*blanked)
                blank(im, im->dicom);
            const uint8_t *p = static_cast<const uint8_t *>(im->pixels);
            all.insert(all.end(), p,
                       p + static_cast<size_t>(im->width) * im->height * static_cast<size_t>(im->channels) * static_cast<size_t>(im->bits) /
                               8);
            if (all.size() > DECODE_MEMORY_MAX / 4)
                rc = err_set(e, ERR_LIMIT, "the decoded frames are larger than %d MiB", DECODE_MEMORY_MAX / 4 >> 20);
        }
        const int bits = im ? im->bits : 0;
        image_free(im);
        if (rc)
            return rc;
        if (frame + 1 < *frames)
            continue;
        if (all.size() & 1)
            all.push_back(0);
        DcmPixelData *pixels = new DcmPixelData(DCM_PixelData);
        pixels->setVR(bits == 16 ? EVR_OW : EVR_OB);
        OFCondition c = bits == 16
                            ? pixels->putUint16Array(reinterpret_cast<const Uint16 *>(&all[0]), static_cast<unsigned long>(all.size() / 2))
                            : pixels->putUint8Array(&all[0], static_cast<unsigned long>(all.size()));
        if (c.good())
            c = dataset->insert(pixels, OFTrue);
        if (c.bad()) {
            delete pixels;
            return failed(e, c, "the pixels cannot be written");
        }
    }
    return 0;
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

OFCondition mark(DcmItem *d, bool blanked) {
    d->findAndDeleteElement(DCM_DeidentificationMethodCodeSequence);
    OFCondition c = d->putAndInsertString(DCM_PatientIdentityRemoved, "YES");
    if (c.good())
        c = d->putAndInsertString(DCM_DeidentificationMethod, "bmunet deidentify, PS3.15 2024b Table E.1-1");
    if (c.good())
        c = d->putAndInsertString(DCM_LongitudinalTemporalInformationModified, "MODIFIED");
    if (c.good() && blanked)
        c = d->putAndInsertString(DCM_BurnedInAnnotation, "NO");
    if (c.good())
        c = add_method(d, "113100", "Basic Application Confidentiality Profile");
    if (c.good() && blanked)
        c = add_method(d, "113101", "Clean Pixel Data Option");
    if (c.good())
        c = add_method(d, "113107", "Retain Longitudinal Temporal Information Modified Dates Option");
    if (c.good())
        c = add_method(d, "113108", "Retain Patient Characteristics Option");
    return c;
}

int write(struct buf *out, DcmDataset *dataset, struct err *e) {
    const E_TransferSyntax syntax = EXS_LittleEndianExplicit;
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
    return buf_append(out, from, static_cast<size_t>(size), e);
}

struct json *report_of(const Work &w, bool blanked, uint32_t frames) {
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
    json_put_bool(report, "blanked", blanked);
    return report;
}

int deidentify(struct buf *out, struct json **report, struct dicom_file *f, const struct deidentify_request *r, const uint8_t *bytes,
               size_t n, struct err *e) {
    DcmDataset *dataset = static_cast<DcmDataset *>(reinterpret_cast<DcmItem *>(dicom_file_dataset(f)));
    Work w;
    w.request = r;
    w.private_removed = 0;
    bool blanked = false;
    uint32_t frames = 0;
    OFString id;
    DcmElement *element = NULL;
    if (dataset->findAndGetElement(DCM_PatientID, element).good() && element->ident() != EVR_LO)
        return err_set(e, ERR_SCAN_NO_PATIENT,
                       "Patient ID (0010,0020) does not have the value representation LO: no pseudonym can replace it");
    dataset->findAndGetOFString(DCM_PatientID, id);
    w.patient_id = trimmed(std::string(id.c_str(), id.length()));
    if (w.patient_id.empty())
        return err_set(e, ERR_SCAN_NO_PATIENT, "Patient ID (0010,0020) is empty: neither a pseudonym nor a date shift can be derived");
    w.days = deidentify_days(r->key, w.patient_id.c_str());
    int rc = replace_pixels(dataset, &blanked, &frames, r, bytes, n, e);
    if (rc)
        return rc;
    if (!walk(dataset, w, 0))
        return err_set(e, ERR_LIMIT, "sequences are nested deeper than %d", DEPTH_MAX);
    OFCondition c = mark(dataset, blanked);
    if (c.bad())
        return failed(e, c, "the mark of de-identification cannot be written");
    rc = write(out, dataset, e);
    *report = rc ? NULL : report_of(w, blanked, frames);
    return rc;
}

} // namespace

int deidentify_bytes(struct buf *out, struct json **report, const struct deidentify_request *r, const uint8_t *bytes, size_t n,
                     struct err *e) {
    static const struct decode_request facts_only = {DECODE_FRAME_MIDDLE, true};
    struct dicom_file *f = NULL;
    struct image *im = NULL;
    *report = NULL;
    int type = core_decode(&im, bytes, n, &facts_only, e); /* is it a DICOM image at all? */
    if (type == 0 && im->dicom == NULL)
        type =
            err_set(e, ERR_IMAGE_TYPE, "not a DICOM file: PNG and JPEG files name nobody in tags, but check their names and text blocks");
    image_free(im);
    if (type)
        return type;
    try {
        int rc = dicom_file_open(&f, bytes, n, e);
        if (rc == 0)
            rc = deidentify(out, report, f, r, bytes, n, e);
        dicom_file_close(f);
        return rc;
    } catch (...) {
        dicom_file_close(f);
        return err_set(e, ERR_NO_MEMORY, "no memory for the DICOM file");
    }
}
