/* DCMTK behind a C interface: the only file that sees dcmtk. Floor 1. */
#include "dicom_shim.h"

#include "dcmtk/config/osconfig.h"

#include "dcmtk/dcmdata/dccodec.h"
#include "dcmtk/dcmdata/dcdatset.h"
#include "dcmtk/dcmdata/dcdeftag.h"
#include "dcmtk/dcmdata/dcdict.h"
#include "dcmtk/dcmdata/dcistrma.h"
#include "dcmtk/dcmdata/dcmetinf.h"
#include "dcmtk/dcmdata/dcpixel.h"
#include "dcmtk/dcmdata/dcpixseq.h"
#include "dcmtk/dcmdata/dcpxitem.h"
#include "dcmtk/dcmdata/dcsequen.h"
#include "dcmtk/dcmdata/dcuid.h"
#include "dcmtk/dcmdata/dcxfer.h"
#include "dcmtk/dcmjpeg/djdecode.h"
#include "dcmtk/dcmjpls/djdecode.h"
#include "dcmtk/oflog/appender.h"
#include "dcmtk/oflog/logger.h"
#include "dcmtk/oflog/oflog.h"
#include "dcmtk/oflog/spi/logevent.h"

#include <cstring>
#include <new>
#include <string>
#include <vector>

namespace {

/* --- the file's bytes as DCMTK's stream, so that large values stay where they are until asked for */

class MemoryProducer : public DcmProducer {
  public:
    MemoryProducer(const uint8_t *bytes, offile_off_t size, offile_off_t at) : bytes_(bytes), size_(size), at_(at) {}
    OFBool good() const { return status_.good(); }
    OFCondition status() const { return status_; }
    OFBool eos() { return at_ >= size_; }
    offile_off_t avail() { return size_ - at_; }
    offile_off_t read(void *to, offile_off_t n) {
        n = bounded(n);
        if (to != NULL && n > 0)
            memcpy(to, bytes_ + at_, static_cast<size_t>(n));
        at_ += n;
        return n;
    }
    offile_off_t skip(offile_off_t n) {
        n = bounded(n);
        at_ += n;
        return n;
    }
    void putback(offile_off_t n) {
        if (n < 0 || n > at_)
            status_ = EC_PutbackFailed;
        else
            at_ -= n;
    }
    offile_off_t at() const { return at_; }

  private:
    offile_off_t bounded(offile_off_t n) const { return n < 0 ? 0 : n < size_ - at_ ? n : size_ - at_; }
    const uint8_t *bytes_;
    offile_off_t size_, at_;
    OFCondition status_;
};

class MemoryStream : public DcmInputStream {
  public:
    MemoryStream(const uint8_t *bytes, offile_off_t size, offile_off_t at)
        : DcmInputStream(&producer_), producer_(bytes, size, at), bytes_(bytes), size_(size) {}
    DcmInputStreamFactory *newFactory() const;

  private:
    MemoryProducer producer_;
    const uint8_t *bytes_;
    offile_off_t size_;
};

class MemoryFactory : public DcmInputStreamFactory {
  public:
    MemoryFactory(const uint8_t *bytes, offile_off_t size, offile_off_t at) : bytes_(bytes), size_(size), at_(at) {}
    DcmInputStream *create() const { return new MemoryStream(bytes_, size_, at_); }
    DcmInputStreamFactory *clone() const { return new MemoryFactory(*this); }
    DcmInputStreamFactoryType ident() const { return DFT_DcmInputFileStreamFactory; }

  private:
    const uint8_t *bytes_;
    offile_off_t size_, at_;
};

/* None while a filter (deflate) stands between: its values are then kept in memory. */
DcmInputStreamFactory *MemoryStream::newFactory() const {
    return currentProducer() == &producer_ ? new MemoryFactory(bytes_, size_, producer_.at()) : NULL;
}

/* --- what the codecs complain of */

struct Complaints {
    unsigned n;
    char first[160];
} complaints;

class Listener : public dcmtk::log4cplus::Appender {
  public:
    ~Listener() { destructorImpl(); }
    void close() { closed = true; }

  protected:
    /* Words that no pixel depends on: some encoders leave the spectral range of a sequential scan 0; a JFIF version. As in codec_jpeg.c. */
    static bool harmless(const char *text) {
        return strstr(text, "Invalid SOS parameters for sequential JPEG") || strstr(text, "JFIF major revision");
    }
    void append(const dcmtk::log4cplus::spi::InternalLoggingEvent &event) {
        if (event.getLogLevel() < dcmtk::log4cplus::WARN_LOG_LEVEL || harmless(event.getMessage().c_str()))
            return;
        if (complaints.n++ == 0)
            OFStandard::strlcpy(complaints.first, event.getMessage().c_str(), sizeof complaints.first);
    }
};

int failed(struct err *e, const OFCondition &c, int code, const char *what) {
    if (c == EC_MemoryExhausted)
        return err_set(e, ERR_NO_MEMORY, "no memory for %s", what);
    return err_set(e, code, "%s: %s", what, c.text());
}

int no_memory(struct err *e) {
    return err_set(e, ERR_NO_MEMORY, "no memory for the DICOM file");
}

DcmItem *item_of(struct dicom_item *i) {
    return reinterpret_cast<DcmItem *>(i);
}

struct dicom_item *ours(DcmItem *i) {
    return reinterpret_cast<struct dicom_item *>(i);
}

DcmElement *element_of(struct dicom_item *i, uint32_t tag) {
    DcmElement *element = NULL;
    DcmTagKey key(static_cast<Uint16>(tag >> 16), static_cast<Uint16>(tag & 0xFFFF));
    if (i == NULL || item_of(i)->findAndGetElement(key, element).bad())
        return NULL;
    return element;
}

} // namespace

struct dicom_file {
    DcmMetaInfo meta;
    DcmDataset dataset;
    MemoryStream stream;
    std::string syntax;
    bool preamble;
    std::vector<uint8_t> closed; /* the bytes with the delimiter that the file lacks; empty: it has it */
    dicom_file(const uint8_t *bytes, size_t n) : stream(bytes, static_cast<offile_off_t>(n), 0), preamble(false) {}
};

int dicom_start(struct err *e) {
    try {
        OFLog::configure(OFLogger::OFF_LOG_LEVEL);
        dcmtk::log4cplus::Logger root = dcmtk::log4cplus::Logger::getRoot();
        root.removeAllAppenders();
        const char *const codecs[] = {"dcmtk.dcmjpeg", "dcmtk.dcmjpls"};
        for (size_t i = 0; i < 2; i++) {
            dcmtk::log4cplus::Logger logger = dcmtk::log4cplus::Logger::getInstance(codecs[i]);
            logger.setLogLevel(dcmtk::log4cplus::WARN_LOG_LEVEL);
            logger.setAdditivity(false);
            logger.addAppender(dcmtk::log4cplus::SharedAppenderPtr(new Listener));
        }
        if (!dcmDataDict.isDictionaryLoaded())
            return err_set(e, ERR_DECODER, "DCMTK's data dictionary is not installed: install the package libdcmtk17 or its successor");
        dcmEnableUnknownVRConversion.set(OFTrue); /* a known attribute written as UN is what it is known to be */
        DJDecoderRegistration::registerCodecs(EDC_never, EUC_never, EPC_colorByPixel);
        DJLSDecoderRegistration::registerCodecs(EJLSUC_never, EJLSPC_colorByPixel);
        return 0;
    } catch (...) {
        return no_memory(e);
    }
}

const char *dicom_version(void) {
    return OFFIS_DCMTK_VERSION_STRING;
}

static DcmPixelSequence *fragments_of(struct dicom_file *f);

/* --- files */

enum { READ_AGAIN_MAX = 128 * 1024 * 1024 }; /* bytes: a second copy of a larger file does not fit in the memory here */

/* The transfer syntax that the meta header names. High-throughput JPEG 2000, which DCMTK 3.6.7 does not know, is laid out as JPEG 2000 is.
 * Without a name, or with one that is not known, DCMTK looks at the first elements. */
static E_TransferSyntax find_syntax(struct dicom_file *f) {
    static const char *const high_throughput[] = {"1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203"};
    OFString uid;
    if (f->meta.findAndGetOFString(DCM_TransferSyntaxUID, uid).good())
        f->syntax.assign(uid.c_str());
    for (size_t i = 0; i < 3; i++)
        if (f->syntax == high_throughput[i])
            return EXS_JPEG2000;
    return f->syntax.empty() ? EXS_Unknown : DcmXfer(f->syntax.c_str()).getXfer();
}

static int read_file(struct dicom_file *f, struct err *e) {
    f->meta.transferInit();
    OFCondition c = f->meta.read(f->stream, EXS_Unknown, EGL_noChange, DCM_MaxReadLength);
    f->meta.transferEnd();
    if (c.good() || !f->stream.eos()) {
        f->dataset.transferInit();
        c = f->dataset.read(f->stream, find_syntax(f), EGL_noChange, DCM_MaxReadLength);
        f->dataset.transferEnd();
    }
    if (c == EC_MemoryExhausted)
        return no_memory(e);
    if (c.bad() && (f->stream.eos() || c == EC_EndOfStream || c == EC_StreamNotifyClient))
        return err_set(e, ERR_IMAGE_TRUNCATED, "the DICOM file ends inside its data set");
    if (c.bad())
        return failed(e, c, ERR_DICOM_SYNTAX, "the DICOM file cannot be parsed");
    if (f->dataset.card() == 0)
        return err_set(e, ERR_DICOM_SYNTAX, "the DICOM file has no data set");
    if (f->syntax.empty())
        f->syntax.assign(DcmXfer(f->dataset.getOriginalXfer()).getXferID());
    return 0;
}

/* The same with the delimiter of the pixel sequence after its end. If the last fragment is cut, what is appended becomes part of it, and
 * the file still ends inside. */
static int read_closed(struct dicom_file **f, const uint8_t *bytes, size_t n, struct err *e) {
    static const uint8_t delimiter[8] = {0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0};
    std::vector<uint8_t> closed(bytes, bytes + n);
    closed.insert(closed.end(), delimiter, delimiter + sizeof delimiter);
    struct dicom_file *again = new dicom_file(&closed[0], closed.size());
    again->preamble = (*f)->preamble;
    again->closed.swap(closed); /* the bytes stay where they are */
    int rc = read_file(again, e);
    if (rc == 0 && fragments_of(again) == NULL)
        rc = ERR_IMAGE_TRUNCATED;
    if (rc) {
        delete again;
        return rc;
    }
    delete *f;
    *f = again;
    return 0;
}

int dicom_file_open(struct dicom_file **out, const uint8_t *bytes, size_t n, struct err *e) {
    struct dicom_file *f = NULL;
    *out = NULL;
    try {
        f = new dicom_file(bytes, n);
        f->preamble = n >= 132 && !memcmp(bytes + 128, "DICM", 4);
        int rc = read_file(f, e);
        if (rc == ERR_IMAGE_TRUNCATED && n < READ_AGAIN_MAX) {
            struct err quiet = {};
            rc = read_closed(&f, bytes, n, &quiet) ? rc : 0;
        }
        if (rc == 0) {
            *out = f;
            f = NULL;
        }
        delete f;
        return rc;
    } catch (...) {
        delete f;
        return no_memory(e);
    }
}

void dicom_file_close(struct dicom_file *f) {
    try {
        delete f;
    } catch (...) {
    }
}

struct dicom_item *dicom_file_dataset(struct dicom_file *f) {
    return ours((&f->dataset));
}

const char *dicom_file_syntax(const struct dicom_file *f) {
    return f->syntax.c_str();
}

bool dicom_file_preamble(const struct dicom_file *f) {
    return f->preamble;
}

/* --- values */

bool dicom_has(struct dicom_item *i, uint32_t tag) {
    try {
        return element_of(i, tag) != NULL;
    } catch (...) {
        return false;
    }
}

const char *dicom_text(struct dicom_item *i, uint32_t tag, size_t *n) {
    *n = 0;
    try {
        DcmElement *element = element_of(i, tag);
        if (element == NULL || element->getLength() == 0)
            return NULL;
        if (element->isaString()) {
            char *text = NULL;
            Uint32 length = 0;
            if (element->getString(text, length).bad() || text == NULL)
                return NULL;
            *n = length;
            return text;
        }
        Uint8 *bytes = NULL; /* a private or unknown representation: as it stands in the file */
        if (element->ident() != EVR_UN || element->getUint8Array(bytes).bad() || bytes == NULL)
            return NULL;
        *n = element->getLength();
        return reinterpret_cast<const char *>(bytes);
    } catch (...) {
        return NULL;
    }
}

bool dicom_whole(struct dicom_item *i, uint32_t tag, unsigned index, int64_t *out) {
    try {
        DcmElement *element = element_of(i, tag);
        Uint16 u16;
        Sint16 s16;
        Uint32 u32;
        Sint32 s32;
        if (element == NULL)
            return false;
        if (element->getUint16(u16, index).good())
            *out = u16;
        else if (element->getSint16(s16, index).good())
            *out = s16;
        else if (element->getUint32(u32, index).good())
            *out = u32;
        else if (element->getSint32(s32, index).good()) /* SL, IS */
            *out = s32;
        else
            return false;
        return true;
    } catch (...) {
        return false;
    }
}

bool dicom_number(struct dicom_item *i, uint32_t tag, unsigned index, double *out) {
    try {
        DcmElement *element = element_of(i, tag);
        Float64 f64;
        Float32 f32;
        int64_t whole;
        if (element == NULL)
            return false;
        if (element->getFloat64(f64, index).good())
            *out = f64;
        else if (element->getFloat32(f32, index).good())
            *out = static_cast<double>(f32);
        else if (dicom_whole(i, tag, index, &whole))
            *out = static_cast<double>(whole);
        else
            return false;
        return true;
    } catch (...) {
        return false;
    }
}

bool dicom_words(struct dicom_item *i, uint32_t tag, const uint16_t **out, size_t *n) {
    try {
        DcmElement *element = element_of(i, tag);
        Uint16 *words = NULL;
        if (element == NULL || element->getUint16Array(words).bad() || words == NULL)
            return false;
        *out = words;
        *n = element->getLength() / sizeof *words;
        return true;
    } catch (...) {
        return false;
    }
}

struct dicom_item *dicom_child(struct dicom_item *i, uint32_t tag, unsigned index) {
    try {
        DcmElement *element = element_of(i, tag);
        if (element == NULL || element->ident() != EVR_SQ)
            return NULL;
        DcmSequenceOfItems *sequence = static_cast<DcmSequenceOfItems *>(element);
        return index < sequence->card() ? ours(sequence->getItem(index)) : NULL;
    } catch (...) {
        return NULL;
    }
}

/* --- pixels */

static DcmPixelData *pixel_data(struct dicom_file *f) {
    return dynamic_cast<DcmPixelData *>(element_of(ours((&f->dataset)), DICOM_TAG(0x7FE0, 0x0010)));
}

static bool is_encapsulated(E_TransferSyntax syntax) {
#if PACKAGE_VERSION_NUMBER >= 368 /* the old name is deprecated */
    return DcmXfer(syntax).usesEncapsulatedFormat();
#else
    return DcmXfer(syntax).isEncapsulated();
#endif
}

static DcmPixelSequence *fragments_of(struct dicom_file *f) {
    DcmPixelData *pixels = pixel_data(f);
    DcmPixelSequence *sequence = NULL;
    E_TransferSyntax syntax = EXS_Unknown;
    const DcmRepresentationParameter *parameter = NULL;
    if (pixels == NULL)
        return NULL;
    pixels->getOriginalRepresentationKey(syntax, parameter);
    if (!is_encapsulated(syntax) || pixels->getEncapsulatedRepresentation(syntax, parameter, sequence).bad())
        return NULL;
    return sequence;
}

bool dicom_is_encapsulated(struct dicom_file *f) {
    try {
        DcmPixelData *pixels = pixel_data(f);
        return pixels != NULL && pixels->getLengthField() == DCM_UndefinedLength;
    } catch (...) {
        return false;
    }
}

bool dicom_without_delimiter(const struct dicom_file *f) {
    return !f->closed.empty();
}

enum dicom_pixels dicom_file_pixels(struct dicom_file *f) {
    try {
        if (fragments_of(f) != NULL)
            return DICOM_PIXELS_FRAGMENTS;
        if (pixel_data(f) != NULL)
            return DICOM_PIXELS_NATIVE;
        struct dicom_item *i = ours((&f->dataset));
        bool other = element_of(i, DICOM_TAG(0x7FE0, 0x0008)) != NULL || element_of(i, DICOM_TAG(0x7FE0, 0x0009)) != NULL;
        return other ? DICOM_PIXELS_OTHER : DICOM_PIXELS_NONE;
    } catch (...) {
        return DICOM_PIXELS_NONE;
    }
}

uint64_t dicom_native_size(struct dicom_file *f) {
    try {
        DcmPixelData *pixels = pixel_data(f);
        return pixels != NULL ? pixels->getLength() : 0;
    } catch (...) {
        return 0;
    }
}

int dicom_native_read(struct dicom_file *f, uint8_t *to, uint64_t offset, size_t n, struct err *e) {
    try {
        DcmPixelData *pixels = pixel_data(f);
        if (pixels == NULL || offset + n > pixels->getLength() || offset + n > UINT32_MAX)
            return err_set(e, ERR_IMAGE_TRUNCATED, "the pixel data end early");
        OFCondition c = pixels->getPartialValue(to, static_cast<Uint32>(offset), static_cast<Uint32>(n));
        return c.good() ? 0 : failed(e, c, ERR_IMAGE_TRUNCATED, "the pixel data cannot be read");
    } catch (...) {
        return no_memory(e);
    }
}

namespace {

struct Fragment {
    DcmPixelItem *item;
    uint64_t offset; /* of its item tag, from the first one's: what the offset table counts */
};

bool list_fragments(std::vector<Fragment> *out, DcmPixelSequence *sequence) {
    uint64_t at = 0;
    for (unsigned long k = 1, n = sequence->card(); k < n; k++) {
        DcmPixelItem *item = NULL;
        if (sequence->getItem(item, k).bad() || item == NULL)
            return false;
        Fragment fragment = {item, at};
        out->push_back(fragment);
        at += 8 + static_cast<uint64_t>(item->getLength());
    }
    return !out->empty();
}

bool begins_with(DcmPixelItem *item, const uint8_t *mark, size_t n) {
    uint8_t start[8];
    return n <= sizeof start && item->getLength() >= n && item->getPartialValue(start, 0, static_cast<Uint32>(n)).good() &&
           !memcmp(start, mark, n);
}

/* First fragment of each frame, and one past the last; false if it cannot be told. */
bool find_frames(std::vector<size_t> *first, const std::vector<Fragment> &all, DcmPixelSequence *sequence, uint32_t frames,
                 const uint8_t *mark, size_t n) {
    first->clear();
    DcmPixelItem *table = NULL;
    Uint8 *bytes = NULL;
    if (frames == 1) {
        first->push_back(0);
    } else if (all.size() == frames) {
        for (size_t k = 0; k < frames; k++)
            first->push_back(k);
    } else if (sequence->getItem(table, 0).good() && table != NULL && table->getLength() == 4 * static_cast<uint64_t>(frames) &&
               table->getUint8Array(bytes).good() && bytes != NULL) {
        size_t k = 0;
        for (uint32_t frame = 0; frame < frames; frame++) {
            const uint8_t *p = bytes + 4 * static_cast<size_t>(frame);
            uint64_t offset = static_cast<uint64_t>(p[0]) | static_cast<uint64_t>(p[1]) << 8 | static_cast<uint64_t>(p[2]) << 16 |
                              static_cast<uint64_t>(p[3]) << 24;
            while (k < all.size() && all[k].offset < offset)
                k++;
            if (k == all.size() || all[k].offset != offset || (frame > 0 && k <= first->back()))
                return false;
            first->push_back(k);
        }
    } else {
        for (size_t k = 0; k < all.size(); k++)
            if (mark != NULL && begins_with(all[k].item, mark, n))
                first->push_back(k);
        if (first->size() != frames)
            return false;
    }
    first->push_back(all.size());
    return first->front() == 0;
}

int join(struct buf *to, const std::vector<Fragment> &all, size_t from, size_t end, struct err *e) {
    for (size_t k = from; k < end; k++) {
        Uint8 *bytes = NULL;
        Uint32 length = all[k].item->getLength();
        if (length == 0)
            continue;
        OFCondition c = all[k].item->getUint8Array(bytes);
        if (c.bad() || bytes == NULL)
            return failed(e, c, ERR_IMAGE_TRUNCATED, "a fragment of the pixel data cannot be read");
        int rc = buf_append(to, bytes, length, e);
        if (rc)
            return rc;
    }
    return to->size > 0 ? 0 : err_set(e, ERR_IMAGE_TRUNCATED, "the compressed frame is empty");
}

} // namespace

int dicom_fragments_read(struct dicom_file *f, struct buf *to, uint32_t frame, uint32_t frames, const uint8_t *mark, size_t n,
                         struct err *e) {
    try {
        DcmPixelSequence *sequence = fragments_of(f);
        std::vector<Fragment> all;
        std::vector<size_t> first;
        if (sequence == NULL || !list_fragments(&all, sequence))
            return err_set(e, ERR_IMAGE_TRUNCATED, "the compressed pixel data have no fragments");
        size_t streams = 0;
        for (size_t k = 0; k < all.size() && frames == 1 && mark != NULL && all.size() > 1; k++)
            streams += begins_with(all[k].item, mark, n);
        if (streams > 1)
            return err_set(e, ERR_DICOM_PIXELS, "the pixel data hold %zu compressed frames, the file says that there is one", streams);
        if (frame >= frames || !find_frames(&first, all, sequence, frames, mark, n))
            return err_set(e, ERR_DICOM_PIXELS, "it is ambiguous which of %zu fragments belong to which of %u frames", all.size(), frames);
        return join(to, all, first[frame], first[frame + 1], e);
    } catch (...) {
        return no_memory(e);
    }
}

/* --- JPEG and JPEG-LS: the stream alone in a data set of our own, so that nothing else in the file has a say */

static OFCondition describe(DcmItem *d, const struct dicom_stream *s) {
    const Uint16 bits = s->precision > 8 ? 16 : 8, stored = static_cast<Uint16>(s->precision);
    OFCondition c = d->putAndInsertUint16(DCM_Rows, static_cast<Uint16>(s->height));
    if (c.good())
        c = d->putAndInsertUint16(DCM_Columns, static_cast<Uint16>(s->width));
    if (c.good())
        c = d->putAndInsertUint16(DCM_SamplesPerPixel, static_cast<Uint16>(s->components));
    if (c.good())
        c = d->putAndInsertUint16(DCM_BitsAllocated, bits);
    if (c.good())
        c = d->putAndInsertUint16(DCM_BitsStored, stored);
    if (c.good())
        c = d->putAndInsertUint16(DCM_HighBit, static_cast<Uint16>(stored - 1));
    if (c.good())
        c = d->putAndInsertUint16(DCM_PixelRepresentation, 0);
    if (c.good() && s->components == 3)
        c = d->putAndInsertUint16(DCM_PlanarConfiguration, 0);
    if (c.good())
        c = d->putAndInsertString(DCM_PhotometricInterpretation, s->components == 3 ? "RGB" : "MONOCHROME2");
    if (c.good())
        c = d->putAndInsertString(DCM_NumberOfFrames, "1");
    return c;
}

int dicom_jpeg_decode(uint8_t *to, size_t room, const struct dicom_stream *s, const uint8_t *bytes, size_t n, struct err *e) {
    DcmPixelSequence *sequence = NULL;
    try {
        DcmDataset dataset;
        OFString colour;
        Uint32 first = 1;
        DcmXfer syntax(s->syntax);
        OFCondition c = describe(&dataset, s);
        sequence = new DcmPixelSequence(DcmTag(DCM_PixelData, EVR_OB));
        DcmPixelItem *table = new DcmPixelItem(DcmTag(DCM_Item, EVR_OB)), *fragment = new DcmPixelItem(DcmTag(DCM_Item, EVR_OB));
        sequence->insert(table);
        sequence->insert(fragment);
        std::vector<Uint8> even; /* values have even lengths */
        if (n & 1) {
            even.assign(bytes, bytes + n);
            even.push_back(0);
            bytes = &even[0];
            n++;
        }
        if (c.good() && n <= UINT32_MAX && room <= UINT32_MAX)
            c = fragment->putUint8Array(bytes, static_cast<unsigned long>(n));
        complaints.n = 0;
        if (c.good())
            c = DcmCodecList::decodeFrame(syntax, NULL, sequence, &dataset, 0, first, to, static_cast<Uint32>(room), colour);
        delete sequence;
        if (c.bad())
            return failed(e, c, ERR_IMAGE_CORRUPT, "the compressed frame cannot be decoded");
        if (complaints.n > 0)
            return err_set(e, ERR_IMAGE_CORRUPT, "the compressed frame is damaged: %s", complaints.first);
        return 0;
    } catch (...) {
        delete sequence;
        return no_memory(e);
    }
}
