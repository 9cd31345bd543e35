/* bmunet-decode: the loop of the sandboxed decoder. Program, above all floors.
 *
 * Started by bmunet (src/image/decode.c) with the descriptors of src/image/decode_protocol.h; by hand it only answers to --about. It reads
 * its libraries' data, closes the sandbox, says hello, and from then on touches untrusted bytes. It ends when its socket or its lifeline
 * does. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/version.h"
#include "core.h"
#include "deidentify.h"
#include "dicom_shim.h"
#include "image/decode_protocol.h"
#include "image/facts_json.h"
#include "jpeg2000.h"
#include "sandbox.h"
#include "selftest.h"

#if defined __SANITIZE_ADDRESS__
/* Its reports need files; a crash shall be one that the parent sees. */
/* libasan looks it up: it must not be hidden */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "detect_leaks=0:handle_segv=0:handle_abort=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:allocator_may_return_null=1";
}
#endif

static bool receive(void *to, size_t n) {
    for (size_t have = 0; have < n;) {
        ssize_t got = recv(DECODE_SOCKET, (char *)to + have, n - have, 0);
        if (got <= 0)
            return false;
        have += (size_t)got;
    }
    return true;
}

static bool answer(const void *from, size_t n) {
    return send(DECODE_SOCKET, from, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static bool append(const void *bytes, size_t n, off_t *at) {
    for (size_t done = 0; done < n;) {
        ssize_t wrote = pwrite(DECODE_OUTPUT, (const char *)bytes + done, n - done, *at + (off_t)done);
        if (wrote <= 0)
            return false;
        done += (size_t)wrote;
    }
    *at += (off_t)n;
    return true;
}

static bool append_luts(const struct dicom *d, struct decode_reply *reply, off_t *at) {
    for (int i = -1; d && i < d->n_voi_luts; i++) {
        const struct dicom_lut *l = i < 0 ? &d->modality_lut : &d->voi_lut[i];
        if (!append(l->values, l->n * sizeof *l->values, at))
            return false;
        reply->lut_entries += l->n;
    }
    return true;
}

/* Facts, pixels and LUTs, or the refusal, into OUTPUT. */
static bool put_answer(struct decode_reply *reply, const struct image *im, bool facts_only, const struct err *why) {
    struct buf text;
    off_t at = 0;
    buf_init(&text);
    struct json *j = im ? facts_to_json(im) : json_object();
    if (!im) {
        json_put_string(j, "code", err_name(why->code));
        json_put_string(j, "message", why->message);
    }
    bool ok = json_ok(j) && !json_write(j, &text, NULL) && text.size <= DECODE_FACTS_MAX && append(text.data, text.size, &at);
    reply->facts_bytes = (uint32_t)text.size;
    if (ok && im) {
        reply->pixel_bytes = facts_only ? 0 : (uint64_t)im->width * im->height * (unsigned)im->channels * (unsigned)im->bits / 8;
        ok = append(im->pixels, reply->pixel_bytes, &at) && append_luts(im->dicom, reply, &at);
    }
    json_free(j);
    buf_release(&text);
    return ok;
}

static bool is_tired(unsigned files) {
    struct rusage used;
    return files >= DECODE_FILES_MAX || getrusage(RUSAGE_SELF, &used) ||
           used.ru_utime.tv_sec + used.ru_stime.tv_sec >= DECODE_CHILD_SECONDS;
}

/* Control characters of a library's message do not leave. */
static void clean(struct err *why) {
    for (char *c = why->message; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
}

/* A report, or the refusal, and what stands before the pixels of the new file, which are there already. */
static bool put_deidentified(struct decode_reply *reply, struct json *report, const struct buf *head, off_t end, const struct err *why) {
    struct buf text;
    off_t at = 0;
    buf_init(&text);
    struct json *j = report ? report : json_object();
    if (!report) {
        json_put_string(j, "code", err_name(why->code));
        json_put_string(j, "message", why->message);
    }
    bool ok = json_ok(j) && !json_write(j, &text, NULL) && text.size <= DECODE_FACTS_MAX && append(text.data, text.size, &at);
    reply->facts_bytes = (uint32_t)text.size;
    if (report) {
        reply->pixel_bytes = (uint64_t)(end - DECODE_FACTS_MAX);
        reply->head_bytes = head->size;
        ok = ok && append(head->data, head->size, &end);
    }
    json_free(j);
    buf_release(&text);
    return ok;
}

static int put_pixels(void *to, const void *bytes, size_t n, struct err *e) {
    return append(bytes, n, to) ? 0 : err_set(e, ERR_LIMIT, "the new file is larger than the decoder may write");
}

static bool serve_deidentify(const struct decode_call *call, unsigned files) {
    struct decode_reply reply = {.magic = DECODE_MAGIC, .serial = call->serial};
    struct deidentify_request request;
    struct json *report = NULL;
    struct err why = {0};
    struct buf head;
    off_t end = DECODE_FACTS_MAX;
    const struct deidentify_pixels pixels = {put_pixels, &end};
    if (call->magic != DECODE_MAGIC || call->bytes <= sizeof request || call->bytes > IMAGE_FILE_MAX)
        return false;
    buf_init(&head);
    uint8_t *bytes = mmap(NULL, call->bytes, PROT_READ, MAP_PRIVATE, DECODE_INPUT, 0);
    int rc = bytes == MAP_FAILED ? ERR_NO_MEMORY : 0;
    if (!rc) {
        memcpy(&request, bytes, sizeof request);
        rc = deidentify_bytes(&head, &report, &pixels, &request, bytes + sizeof request, call->bytes - sizeof request, &why);
        munmap(bytes, call->bytes);
    }
    if (rc == ERR_NO_MEMORY) {
        err_set(&why, ERR_LIMIT, "this file needs more than the %d MiB of memory that the decoder may use", DECODE_MEMORY_MAX >> 20);
        reply.last = 1;
    }
    reply.last |= is_tired(files);
    clean(&why);
    bool ok = put_deidentified(&reply, report, &head, end, &why) && answer(&reply, sizeof reply) && !reply.last;
    buf_release(&head);
    return ok;
}

static bool serve(const struct decode_call *call, unsigned files, bool selftest) {
    struct decode_reply reply = {.magic = DECODE_MAGIC, .serial = call->serial};
    struct image *im = NULL;
    struct err why = {0};
    const struct decode_request request = {.frame = call->frame, .facts_only = call->facts_only != 0};
    if (call->magic != DECODE_MAGIC || call->bytes == 0 || call->bytes > IMAGE_FILE_MAX)
        return false;
    void *bytes = mmap(NULL, call->bytes, PROT_READ, MAP_PRIVATE, DECODE_INPUT, 0);
    int rc = bytes == MAP_FAILED ? ERR_NO_MEMORY : 0;
    if (!rc && selftest)
        rc = selftest_run(bytes, call->bytes, &why);
    if (!rc)
        rc = core_decode(&im, bytes, call->bytes, &request, &why);
    if (rc == ERR_NO_MEMORY) {
        err_set(&why, ERR_LIMIT, "decoding this file needs more than the %d MiB of memory that the decoder may use",
                DECODE_MEMORY_MAX >> 20);
        reply.last = 1; /* what a failed allocation left behind ends with this process */
    }
    if (bytes != MAP_FAILED)
        munmap(bytes, call->bytes);
    reply.last |= is_tired(files);
    clean(&why);
    bool ok = put_answer(&reply, im, request.facts_only, &why) && answer(&reply, sizeof reply) && !reply.last;
    image_free(im);
    return ok;
}

/* SIGIO, whose default is to end this process, when the parent's end of the pipe closes: also in the middle of a file. */
static bool hang_on_lifeline(void) {
    return fcntl(DECODE_LIFELINE, F_SETOWN, getpid()) == 0 && fcntl(DECODE_LIFELINE, F_SETFL, O_ASYNC | O_NONBLOCK) == 0;
}

static _Noreturn void about(void) {
    static void (*const libraries[])(char[32]) = {jpeg2000_library, codec_jpeg_library, codec_png_library};
    struct err e = {0};
    int landlock = sandbox_landlock();
    printf("bmunet-decode: reads PNG, JPEG and DICOM for bmunet, without rights. %s\n", BMUNET_CODE);
    printf("DCMTK %s\n", dicom_version());
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        char text[32];
        libraries[i](text);
        puts(text);
    }
    if (landlock)
        printf("Landlock: version %d of the kernel's interface\n", landlock);
    else
        printf("Landlock: not in this kernel; seccomp alone holds\n");
    int rc = core_start(&e);
    if (!rc)
        rc = sandbox_enter(DECODE_MEMORY_MAX, &e);
    printf("sandbox: %s\n", rc ? e.message : "closes");
    fflush(stdout);
    _exit(rc ? 1 : 0); /* not exit(): what libraries do at the end is not on the list */
}

int main(int argc, char **argv) {
    const char *asked = getenv("BMUNET_DECODER_SELFTEST");
    const bool selftest = asked && !strcmp(asked, "1");
    const struct decode_hello hello = {.magic = DECODE_MAGIC, .version = DECODE_VERSION, .landlock = sandbox_landlock()};
    struct decode_call call;
    if (argc == 2 && !strcmp(argv[1], "--about"))
        about();
    const bool deidentifier = argc == 2 && !strcmp(argv[1], DECODE_DEIDENTIFIER);
    if ((argc != 1 && !deidentifier) || fcntl(DECODE_LIFELINE, F_GETFD) < 0) {
        fprintf(stderr, "bmunet-decode is started by bmunet; by hand: bmunet-decode --about\n");
        return 1;
    }
    if (!hang_on_lifeline() || core_start(NULL) || sandbox_enter(deidentifier ? DEIDENTIFY_OUTPUT_MAX : DECODE_MEMORY_MAX, NULL) ||
        !answer(&hello, sizeof hello))
        _exit(1);
    for (unsigned files = 1; receive(&call, sizeof call) && deidentifier == (call.facts_only == DECODE_DEIDENTIFY) &&
                             (deidentifier ? serve_deidentify(&call, files) : serve(&call, files, selftest));)
        files++;
    _exit(0);
}
