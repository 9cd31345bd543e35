/* The decoder's own JPEG lossless: what an encoder written here by T.81 put in comes out, DCMTK gives the same, and whatever is unusual or
 * damaged is left to DCMTK; what is taken of damaged streams DCMTK takes too, with the same samples. Test code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core.h"
#include "dicom_shim.h"
#include "jpeg_lossless.h"

enum { ROOM = 1 << 20, SAMPLES = 64 * 64 };

struct stream {
    uint8_t bytes[ROOM];
    size_t n, scan; /* where the scan begins */
    uint32_t word;
    int have;
};
static struct stream stream;

static void put(struct stream *s, int byte) {
    assert_true(s->n < ROOM);
    s->bytes[s->n++] = (uint8_t)byte;
}

static void put_bits(struct stream *s, uint32_t value, int n) {
    for (int i = n - 1; i >= 0; i--) {
        s->word = s->word << 1 | (value >> i & 1);
        if (++s->have < 8)
            continue;
        put(s, (int)(s->word & 0xFF));
        if ((s->word & 0xFF) == 0xFF)
            put(s, 0);
        s->have = 0;
    }
}

/* Codes of each length, symbols 0 .. 16 in order. */
static const uint8_t even[17] = {[5] = 17}, steep[17] = {[2] = 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

static void put_symbol(struct stream *s, const uint8_t *counts, int symbol) {
    uint32_t code = 0;
    int n = 0;
    for (int k = 1; k <= 16; k++, code <<= 1)
        for (int i = 0; i < counts[k]; i++, code++)
            if (n++ == symbol) {
                put_bits(s, code, k);
                return;
            }
    fail();
}

static void put_difference(struct stream *s, const uint8_t *counts, int difference) {
    int category = 0;
    difference = (int16_t)difference; /* modulo 2^16 */
    if (difference == -32768) {
        put_symbol(s, counts, 16);
        return;
    }
    while (abs(difference) >> category)
        category++;
    put_symbol(s, counts, category);
    put_bits(s, (uint32_t)(difference < 0 ? difference - 1 : difference), category);
}

struct frame {
    int width, height, precision, predictor, transform, restart;
    const uint8_t *counts;
    uint16_t v[SAMPLES];
};
static struct frame frame;

static void encode(struct stream *s, const struct frame *f) {
    s->n = s->scan = 0;
    s->word = 0;
    s->have = 0;
    const int start[] = {0xFF, 0xD8, 0xFF, 0xFE, 0, 4, 'h', 'i', 0xFF, 0xC4, 0, 19 + 17, 0};
    for (size_t i = 0; i < sizeof start / sizeof *start; i++)
        put(s, start[i]);
    for (int k = 1; k <= 16; k++)
        put(s, f->counts[k]);
    for (int k = 0; k <= 16; k++)
        put(s, k);
    if (f->restart) {
        const int interval[] = {0xFF, 0xDD, 0, 4, 0, f->width};
        for (size_t i = 0; i < 6; i++)
            put(s, interval[i]);
    }
    const int sof[] = {0xFF,
                       0xC3,
                       0,
                       11,
                       f->precision,
                       f->height >> 8,
                       f->height & 255,
                       f->width >> 8,
                       f->width & 255,
                       1,
                       1,
                       0x11,
                       0,
                       0xFF,
                       0xDA,
                       0,
                       8,
                       1,
                       1,
                       0,
                       f->predictor,
                       0,
                       f->transform};
    for (size_t i = 0; i < sizeof sof / sizeof *sof; i++)
        put(s, sof[i]);
    s->scan = s->n;
    for (int y = 0; y < f->height; y++)
        for (int x = 0; x < f->width; x++) {
            const uint16_t *at = f->v + y * f->width + x;
            put_difference(s, f->counts, *at - (x ? at[-1] : y ? at[-f->width] : 1 << (f->precision - 1)));
        }
    while (s->have)
        put_bits(s, 1, 1);
    put(s, 0xFF);
    put(s, 0xD9);
}

static uint32_t state = 1;
static uint32_t draw(void) {
    state ^= state << 13;
    state ^= state >> 17;
    return state ^= state << 5;
}

/* kind 0: anything, 1: smooth, 2: from one end to the other, 3: halves, whose difference is 2^(precision - 1). */
static void fill(struct frame *f, int kind) {
    const uint32_t top = (1u << f->precision) - 1;
    for (int i = 0; i < f->width * f->height; i++)
        f->v[i] = (uint16_t)(kind == 0   ? draw() & top
                             : kind == 1 ? (top / 2 + (uint32_t)i + draw() % 40) & top
                             : kind == 2 ? (i & 1 ? top : 0)
                                         : (i & 1 ? top / 2 + 1 : 0));
}

static int by_dcmtk(uint16_t *out, const struct jpeg_header *h, const struct stream *s) {
    const struct dicom_stream d = {"1.2.840.10008.1.2.4.70", h->width, h->height, h->components, h->precision};
    return dicom_jpeg_decode((uint8_t *)out, 2u * h->width * h->height, &d, s->bytes, s->n, NULL);
}

static void what_was_put_in(void **unused) {
    (void)unused;
    static const int sizes[][2] = {{1, 1}, {1, 9}, {17, 1}, {64, 64}, {33, 20}};
    static uint16_t ours[SAMPLES], theirs[SAMPLES];
    for (int precision = 9; precision <= 16; precision++)
        for (size_t i = 0; i < 5; i++)
            for (int kind = 0; kind < 8; kind++) {
                struct jpeg_header h;
                frame = (struct frame){.width = sizes[i][0], .height = sizes[i][1], .precision = precision, .predictor = 1};
                frame.counts = kind & 1 ? even : steep;
                fill(&frame, kind / 2);
                encode(&stream, &frame);
                assert_int_equal(jpeg_header_read(&h, stream.bytes, stream.n, NULL), 0);
                assert_true(jpeg_lossless_decode(ours, &h, stream.bytes, stream.n));
                assert_int_equal(by_dcmtk(theirs, &h, &stream), 0);
                const size_t bytes = 2 * (size_t)(frame.width * frame.height);
                assert_memory_equal(ours, frame.v, bytes);
                assert_memory_equal(theirs, frame.v, bytes);
            }
}

static void start(struct frame *f) {
    *f = (struct frame){.width = 33, .height = 20, .precision = 12, .predictor = 1, .counts = steep};
    fill(f, 1);
}

static bool taken(void) {
    static uint16_t out[SAMPLES];
    struct jpeg_header h;
    return !jpeg_header_read(&h, stream.bytes, stream.n, NULL) && jpeg_lossless_decode(out, &h, stream.bytes, stream.n);
}

static void the_unusual_is_left(void **unused) {
    (void)unused;
    start(&frame);
    encode(&stream, &frame);
    assert_true(taken());
    for (frame.predictor = 0; frame.predictor <= 7; frame.predictor++) {
        encode(&stream, &frame);
        assert_int_equal(taken(), frame.predictor == 1);
    }
    start(&frame);
    frame.transform = 1;
    encode(&stream, &frame);
    assert_false(taken());
    start(&frame);
    frame.restart = 1;
    encode(&stream, &frame);
    assert_false(taken());
    start(&frame);
    frame.precision = 11; /* values beyond it */
    encode(&stream, &frame);
    assert_false(taken());
    start(&frame);
    encode(&stream, &frame);
    const size_t n = stream.n;
    stream.bytes[3] = 0xEE; /* what might be Adobe's marker */
    assert_false(taken());
    stream.bytes[3] = 0xE3;
    assert_true(taken());
    stream.n = n - 1;
    assert_false(taken());
    memcpy(stream.bytes + n - 2, "\xFF\xFF\xD9", 3);
    stream.n = n + 1;
    assert_false(taken());
    memcpy(stream.bytes + n - 2, "\0\xFF\xD9", 3); /* a byte too many */
    assert_false(taken());
    memcpy(stream.bytes + n - 2, "\xFF\xD9\0", 3); /* padding behind the end */
    assert_true(taken());
    for (size_t cut = 0; cut < n; cut++) {
        stream.n = cut;
        assert_false(taken());
    }
}

/* Bytes changed, doubled, lost. */
static void damage(struct stream *s) {
    for (uint32_t times = 1 + draw() % 3; times > 0; times--) {
        const size_t at = draw() % 3 ? draw() % s->n : draw() % s->scan;
        const uint32_t how = draw() % 4;
        if (how == 3)
            memmove(s->bytes + at, s->bytes + at + 1, --s->n - at);
        else if (how == 2)
            memmove(s->bytes + at + 1, s->bytes + at, s->n++ - at);
        else
            s->bytes[at] = (uint8_t)(how ? draw() : s->bytes[at] ^ 1u << draw() % 8);
    }
}

static void damaged_as_dcmtk(void **unused) {
    (void)unused;
    static uint16_t ours[SAMPLES * 64], theirs[SAMPLES * 64];
    int took = 0, left = 0;
    for (int i = 0; i < 60000; i++) {
        struct jpeg_header h;
        start(&frame);
        frame.width = 9 + i % 3;
        frame.height = 7;
        frame.counts = i & 1 ? even : steep;
        frame.precision = 9 + i % 8;
        fill(&frame, i % 2);
        encode(&stream, &frame);
        damage(&stream);
        if (jpeg_header_read(&h, stream.bytes, stream.n, NULL) || (uint64_t)h.width * h.height > sizeof ours / 2 ||
            !jpeg_lossless_decode(ours, &h, stream.bytes, stream.n)) {
            left++;
            continue;
        }
        took++;
        memset(theirs, 0xA5, sizeof theirs);
        if (by_dcmtk(theirs, &h, &stream) || memcmp(ours, theirs, 2u * h.width * h.height) != 0)
            fail_msg("damaged stream %d is taken, and DCMTK does not agree", i);
    }
    print_message("of 60000 damaged streams %d are taken, %d left\n", took, left);
    assert_true(took > 1000 && left > 1000);
}

static int start_dcmtk(void **unused) {
    (void)unused;
    return core_start(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_in),
        cmocka_unit_test(the_unusual_is_left),
        cmocka_unit_test(damaged_as_dcmtk),
    };
    return cmocka_run_group_tests(tests, start_dcmtk, NULL);
}
