/* Data elements, explicit VR little endian. Floor 2. */
#include "image/dicom_element.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void put(struct element_writer *w, const void *bytes, size_t n) {
    if (!w->rc)
        w->rc = buf_append(w->out, bytes, n, w->e);
}

static void put_u16(struct element_writer *w, unsigned v) {
    put(w, (uint8_t[]){(uint8_t)v, (uint8_t)(v >> 8)}, 2);
}

static void put_u32(struct element_writer *w, uint32_t v) {
    put(w, (uint8_t[]){(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)}, 4);
}

static void put_tag(struct element_writer *w, uint32_t tag) {
    put_u16(w, tag >> 16);
    put_u16(w, tag & 0xffff);
}

/* These have two reserved bytes and a length of 32 bits; the others a length of 16. */
static int is_long(const char *vr) {
    return !strcmp(vr, "OB") || !strcmp(vr, "OW") || !strcmp(vr, "SQ") || !strcmp(vr, "UT") || !strcmp(vr, "UN");
}

static void put_header(struct element_writer *w, uint32_t tag, const char *vr, size_t length) {
    assert(tag > w->last[w->depth] && length % 2 == 0);
    w->last[w->depth] = tag;
    put_tag(w, tag);
    put(w, vr, 2);
    if (is_long(vr)) {
        put_u16(w, 0);
        put_u32(w, (uint32_t)length);
    } else {
        assert(length <= 0xfffe);
        put_u16(w, (unsigned)length);
    }
}

void element_text(struct element_writer *w, uint32_t tag, const char *vr, const char *text) {
    const size_t n = strlen(text);
    put_header(w, tag, vr, n + n % 2);
    put(w, text, n);
    put(w, strcmp(vr, "UI") == 0 ? "" : " ", n % 2);
}

void element_printf(struct element_writer *w, uint32_t tag, const char *vr, const char *format, ...) {
    char text[128];
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    assert(n >= 0 && (size_t)n < sizeof text);
    (void)n;
    element_text(w, tag, vr, text);
}

void element_us(struct element_writer *w, uint32_t tag, const uint16_t *values, size_t n) {
    put_header(w, tag, "US", 2 * n);
    for (size_t i = 0; i < n; i++)
        put_u16(w, values[i]);
}

void element_us1(struct element_writer *w, uint32_t tag, unsigned value) {
    element_us(w, tag, &(uint16_t){(uint16_t)value}, 1);
}

void element_ss1(struct element_writer *w, uint32_t tag, int value) {
    put_header(w, tag, "SS", 2);
    put_u16(w, (uint16_t)(int16_t)value);
}

void element_ul1(struct element_writer *w, uint32_t tag, uint32_t value) {
    put_header(w, tag, "UL", 4);
    put_u32(w, value);
}

void element_fd1(struct element_writer *w, uint32_t tag, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_header(w, tag, "FD", 8);
    put_u32(w, (uint32_t)bits);
    put_u32(w, (uint32_t)(bits >> 32));
}

void element_bytes(struct element_writer *w, uint32_t tag, const char *vr, const void *bytes, size_t n) {
    put_header(w, tag, vr, n + n % 2);
    put(w, bytes, n);
    put(w, "", n % 2);
}

/* The length is not known yet: its place is remembered. */
static void open_level(struct element_writer *w) {
    assert(w->depth < ELEMENT_DEPTH_MAX);
    w->length_at[w->depth++] = w->out->size - 4;
    w->last[w->depth] = 0;
}

void element_begin_sequence(struct element_writer *w, uint32_t tag) {
    put_header(w, tag, "SQ", 0);
    open_level(w);
}

void element_begin_item(struct element_writer *w) {
    put_tag(w, 0xfffee000U);
    put_u32(w, 0);
    open_level(w);
}

void element_end(struct element_writer *w) {
    assert(w->depth > 0);
    const size_t at = w->length_at[--w->depth];
    if (w->rc)
        return;
    const uint32_t length = (uint32_t)(w->out->size - at - 4);
    for (int i = 0; i < 4; i++)
        w->out->data[at + (size_t)i] = (char)(uint8_t)(length >> 8 * i);
}

void element_code(struct element_writer *w, uint32_t tag, const char *value, const char *scheme, const char *meaning) {
    element_begin_sequence(w, tag);
    element_begin_item(w);
    element_text(w, 0x00080100, "SH", value);
    element_text(w, 0x00080102, "SH", scheme);
    element_text(w, 0x00080104, "LO", meaning);
    element_end(w);
    element_end(w);
}

int element_finish(struct element_writer *w) {
    assert(w->depth == 0 || w->rc);
    return w->rc;
}
