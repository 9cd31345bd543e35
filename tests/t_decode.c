/* The decoder as a process: what it may not do, how it ends, what that costs, and that nothing it says is believed. Test code. */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core.h"
#include "image/decode.h"
#include "image/decode_protocol.h"
#include "image/facts_json.h"
#include "image_golden.h"

static struct decoder *decoder;
static uint8_t *png, *mammogram;
static size_t png_n, mammogram_n;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint8_t *read_test_file(const char *path, size_t *n) {
    uint8_t *bytes = NULL;
    struct err e = {0};
    if (io_read_file(&bytes, n, path, 1 << 24, &e))
        fail_msg("%s", e.message);
    return bytes;
}

static int decode_text(struct decoder *d, const char *text, struct err *e) {
    struct image *im = NULL;
    int rc = decode_image(&im, d, (const uint8_t *)text, strlen(text), NULL, e);
    assert_int_equal(rc == 0, im != NULL);
    image_free(im);
    return rc;
}

static void decodes_png(struct decoder *d) {
    struct image *im = NULL;
    struct err e = {0};
    if (decode_image(&im, d, png, png_n, NULL, &e))
        fail_msg("%s: %s", err_name(e.code), e.message);
    assert_string_equal(im->format, "PNG");
    image_free(im);
}

/* The one child of a process, by /proc; 0: none. A zombie is none. */
static pid_t child_of(pid_t parent) {
    DIR *proc = opendir("/proc");
    struct dirent *d;
    pid_t found = 0;
    assert_non_null(proc);
    while ((d = readdir(proc))) {
        char path[300], line[512] = "", *after;
        snprintf(path, sizeof path, "/proc/%s/stat", d->d_name);
        FILE *f = d->d_name[0] >= '1' && d->d_name[0] <= '9' ? fopen(path, "re") : NULL;
        if (!f)
            continue;
        if (!fgets(line, sizeof line, f))
            line[0] = 0;
        fclose(f);
        after = strrchr(line, ')');
        if (after && after[2] != 'Z' && strtol(after + 4, NULL, 10) == parent)
            found = (pid_t)strtol(line, NULL, 10);
    }
    closedir(proc);
    return found;
}

static bool is_running(pid_t pid) {
    char path[64], line[512] = "", *after;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "re");
    if (!f)
        return false;
    if (!fgets(line, sizeof line, f))
        line[0] = 0;
    fclose(f);
    after = strrchr(line, ')');
    return after && after[2] != 'Z' && after[2] != 'X';
}

static bool ends_within(pid_t pid, double seconds) {
    double end = now() + seconds;
    while (is_running(pid) && now() < end)
        usleep(2000);
    return !is_running(pid);
}

static int count_descriptors(void) {
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

/* --- the sandbox */

static void what_it_may_not_do(void **state) {
    (void)state;
    const char *const words[] = {"open", "socket", "exec", "ptrace", "kill"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char file[64];
        struct err e = {0};
        snprintf(file, sizeof file, "bmunet-selftest %s", words[i]);
        int rc = decode_text(decoder, file, &e);
        if (rc != ERR_DECODER_SANDBOX)
            fail_msg("%s: %s (%s)", words[i], err_name(rc), e.message);
        decodes_png(decoder);
    }
}

static void crash_and_hang(void **state) {
    (void)state;
    struct err e = {0};
    assert_int_equal(decode_text(decoder, "bmunet-selftest crash", &e), ERR_DECODER_CRASH);
    assert_non_null(strstr(e.message, "Segmentation fault"));
    decodes_png(decoder);
    double started = now();
    assert_int_equal(decode_text(decoder, "bmunet-selftest hang", &e), ERR_DECODER_TIMEOUT);
    assert_true(now() - started > 0.9 && now() - started < 5);
    decodes_png(decoder);
}

static void memory_is_bounded(void **state) {
    (void)state;
#if defined __SANITIZE_ADDRESS__
    printf("skipped: AddressSanitizer needs its address space\n");
    skip();
#else
    struct decoder *d = NULL;
    struct err e = {0};
    assert_int_equal(decoder_open(&d, NULL, NULL), 0);
    assert_int_equal(decode_text(d, "bmunet-selftest memory", &e), ERR_LIMIT);
    assert_non_null(strstr(e.message, "512 MiB"));
    decodes_png(d);
    decoder_close(d);
#endif
}

static void words_mean_nothing_otherwise(void **state) {
    (void)state;
    struct decoder *d = NULL;
    unsetenv("BMUNET_DECODER_SELFTEST");
    assert_int_equal(decoder_open(&d, NULL, NULL), 0);
    assert_int_equal(decode_text(d, "bmunet-selftest crash", NULL), ERR_IMAGE_TYPE);
    assert_int_equal(decode_text(d, "bmunet-selftest open", NULL), ERR_IMAGE_TYPE);
    decoder_close(d);
    setenv("BMUNET_DECODER_SELFTEST", "1", 1);
}

static void thousand_files(void **state) {
    (void)state;
    int images = 0, crashes = 0;
    double started = now();
    for (int i = 0; i < 1000; i++) {
        struct err e = {0};
        if (i % 10 == 9) {
            crashes += decode_text(decoder, "bmunet-selftest crash", &e) == ERR_DECODER_CRASH && e.code == ERR_DECODER_CRASH;
        } else {
            decodes_png(decoder);
            images++;
        }
    }
    assert_int_equal(images, 900);
    assert_int_equal(crashes, 100);
    printf("900 images and 100 crashes in %.2f s\n", now() - started);
}

/* --- life and death */

static void child_goes_with_decoder(void **state) {
    (void)state;
    struct decoder *d = NULL;
    decoder_close(decoder); /* so that there is one child */
    decoder = NULL;
    int before = count_descriptors();
    assert_int_equal(decoder_open(&d, NULL, NULL), 0);
    assert_int_equal(child_of(getpid()), 0); /* not before the first file */
    decodes_png(d);
    pid_t child = child_of(getpid());
    assert_true(child > 0);
    decoder_close(d);
    assert_false(is_running(child));
    assert_int_equal(count_descriptors(), before);
    assert_int_equal(decoder_open(&decoder, &(struct decoder_options){.seconds = 1}, NULL), 0);
}

/* The parent is killed while the child works, and while it waits. */
static void child_goes_with_parent(void **state) {
    (void)state;
    for (int busy = 0; busy < 2; busy++) {
        pid_t parent = fork();
        assert_true(parent >= 0);
        if (parent == 0) {
            struct decoder *d = NULL;
            struct decoder_options o = {.seconds = 30};
            if (decoder_open(&d, &o, NULL) == 0)
                decode_text(d, busy ? "bmunet-selftest hang" : "x", NULL);
            pause();
            _exit(0);
        }
        pid_t child = 0;
        for (double end = now() + 10; !child && now() < end;)
            child = child_of(parent);
        assert_true(child > 0);
        usleep(200000);
        kill(parent, SIGKILL);
        waitpid(parent, NULL, 0);
        if (!ends_within(child, 5)) {
            kill(child, SIGKILL);
            fail_msg("the child of a killed parent lives on (%s)", busy ? "busy" : "idle");
        }
    }
}

static void *decode_in_thread(void *d) {
    decodes_png(d);
    return NULL;
}

static void child_survives_thread(void **state) {
    (void)state;
    struct decoder *d = NULL;
    pthread_t thread;
    decoder_close(decoder);
    assert_int_equal(decoder_open(&d, NULL, NULL), 0);
    assert_int_equal(pthread_create(&thread, NULL, decode_in_thread, d), 0);
    pthread_join(thread, NULL);
    pid_t child = child_of(getpid());
    usleep(50000);
    decodes_png(d);
    assert_int_equal(child_of(getpid()), child);
    kill(child, SIGKILL); /* while it waits: no file pays for it */
    assert_true(ends_within(child, 5));
    decodes_png(d);
    decoder_close(d);
    assert_int_equal(decoder_open(&decoder, &(struct decoder_options){.seconds = 1}, NULL), 0);
}

static void programs_that_are_none(void **state) {
    (void)state;
    struct decoder *d = NULL;
    struct err e = {0};
    assert_int_equal(decoder_open(&d, &(struct decoder_options){.paths = &(struct paths){.decoder = "/nonexistent/decoder"}}, &e),
                     ERR_DECODER);
    assert_null(d);
    assert_non_null(strstr(e.message, "/nonexistent/decoder"));
    assert_int_equal(decoder_open(&d, &(struct decoder_options){.paths = &(struct paths){.decoder = "/bin/true"}}, &e), 0);
    assert_int_equal(decode_text(d, "x", &e), ERR_DECODER);
    decoder_close(d);
    setenv("BMUNET_DECODER", "/nonexistent/other", 1);
    assert_int_equal(decoder_open(&d, NULL, &e), ERR_DECODER);
    unsetenv("BMUNET_DECODER");
}

static void empty_and_frames(void **state) {
    (void)state;
    struct image *im = NULL;
    assert_int_equal(decode_image(&im, decoder, png, 0, NULL, NULL), ERR_FILE_EMPTY);
    assert_int_equal(decode_image(&im, decoder, png, png_n, &(struct decode_request){.frame = 1}, NULL), ERR_USAGE);
    assert_int_equal(decode_image(&im, decoder, png, png_n, &(struct decode_request){.frame = 0, .facts_only = true}, NULL), 0);
    assert_null(im->pixels);
    assert_int_equal(im->width, 13);
    image_free(im);
}

/* --- nothing is believed */

struct answer {
    struct decode_call call;
    struct decode_reply reply;
    char *facts;
    uint8_t *rest; /* pixels, entries */
    size_t rest_n;
};

static int read_answer(const struct answer *a, struct err *e) {
    struct image *im = NULL;
    int fd = memfd_create("answer", MFD_CLOEXEC);
    assert_true(fd >= 0);
    size_t n = strlen(a->facts);
    assert_int_equal(pwrite(fd, a->facts, n, 0), n);
    assert_int_equal(pwrite(fd, a->rest, a->rest_n, (off_t)n), a->rest_n);
    int rc = decode_read_reply(&im, &a->call, &a->reply, fd, e);
    assert_int_equal(rc == 0, im != NULL);
    image_free(im);
    close(fd);
    return rc;
}

static void honest(struct answer *a) {
    struct image *im = NULL;
    struct buf text;
    assert_int_equal(image_decode(&im, mammogram, mammogram_n, NULL), 0);
    struct json *j = facts_to_json(im);
    buf_init(&text);
    assert_int_equal(json_write(j, &text, NULL), 0);
    size_t pixels = image_samples(im) * 2, entries = im->dicom->voi_lut[0].n;
    *a = (struct answer){
        .call = {.magic = DECODE_MAGIC, .serial = 7, .frame = -1},
        .reply = {.magic = DECODE_MAGIC, .serial = 7, .facts_bytes = (uint32_t)text.size, .pixel_bytes = pixels, .lut_entries = entries},
        .facts = text.data,
        .rest_n = pixels + 2 * entries};
    a->rest = calloc(1, a->rest_n);
    assert_non_null(a->rest);
    json_free(j);
    image_free(im);
}

static char *replaced(const char *text, const char *from, const char *to) {
    const char *at = strstr(text, from);
    if (!at)
        fail_msg("no %s in the facts", from);
    size_t n = strlen(text) + strlen(to) + 1;
    char *out = calloc(1, n);
    assert_non_null(out);
    snprintf(out, n, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return out;
}

static void lies_in_facts(void **state) {
    (void)state;
    static const char *const lies[][2] = {
        {"\"width\":7", "\"width\":8"},
        {"\"width\":7", "\"width\":0"},
        {"\"width\":7", "\"width\":-7"},
        {"\"width\":7", "\"width\":7.0"},
        {"\"width\":7", "\"width\":\"7\""},
        {"\"width\":7", "\"width\":4294967303"},
        {"\"width\":7,", ""},
        {"\"width\":7", "\"width\":7,\"width\":7"},
        {"\"width\":7", "\"widht\":7"},
        {"\"width\":7", "\"width\":7,\"more\":1"},
        {"\"channels\":1", "\"channels\":2"},
        {"\"channels\":1", "\"channels\":3"},
        {"\"bits\":16", "\"bits\":12"},
        {"\"bits\":16", "\"bits\":8"},
        {"\"is_signed\":false", "\"is_signed\":null"},
        {"\"is_signed\":false", "\"is_signed\":true"},
        {"\"format\":\"DICOM\"", "\"format\":\"PNG\""},
        {"\"format\":\"DICOM\"", "\"format\":\"BMP\""},
        {"\"format\":\"DICOM\"", "\"format\":\"DICOM\",\"x\":1"},
        {"\"frame\":0", "\"frame\":1"},
        {"\"frames\":1", "\"frames\":0"},
        {"\"frames\":1", "\"frames\":4"},
        {"\"slope\":2.5", "\"slope\":null"},
        {"\"slope\":2.5", "\"slope\":1e999"},
        {"\"slope\":2.5", "\"slope\":NaN"},
        {"\"modality\":\"MG\"", "\"modality\":\"M\\u0000G\""},
        {"\"modality\":\"MG\"", "\"modality\":\"M\\nG\""},
        {"\"modality\":\"MG\"", "\"modality\":\"M\\u001b[2JG\""},
        {"\"modality\":\"MG\"", "\"modality\":7"},
        {"\"study_date\":\"20210304\"", "\"study_date\":\"202103045\""},
        {"\"orientation\":[\"P\",\"FL\"]", "\"orientation\":[\"P\"]"},
        {"\"orientation\":[\"P\",\"FL\"]", "\"orientation\":[\"P\",\"FL\",\"\"]"},
        {"\"image_type\":[", "\"image_type\":[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\","},
        {"\"image_type\":[", "\"image_type\":[[],"},
        {"\"n\":4", "\"n\":5"},
        {"\"n\":4", "\"n\":0"},
        {"\"n\":4", "\"n\":70000"},
        {"\"bits_stored\":12", "\"bits_stored\":13"},
        {"\"bits_stored\":12", "\"bits_stored\":17"},
        {"\"padding_first\":3", "\"padding_first\":6"},
        {"\"voi_function\":2", "\"voi_function\":4"},
        {"\"syntax\":\"1.2.840.10008.1.2.1\"", "\"syntax\":\"\""},
    };
    struct answer a;
    struct err e = {0};
    honest(&a);
    assert_int_equal(read_answer(&a, &e), 0);
    char *facts = a.facts;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        e = (struct err){0};
        a.facts = replaced(facts, lies[i][0], lies[i][1]);
        a.reply.facts_bytes = (uint32_t)strlen(a.facts);
        int rc = read_answer(&a, &e);
        if (rc != ERR_DECODER_CRASH || e.code != rc)
            fail_msg("%s for %s: %s", lies[i][1], lies[i][0], err_name(rc));
        free(a.facts);
    }
    free(facts);
    free(a.rest);
}

static void lies_in_sizes(void **state) {
    (void)state;
    struct answer a;
    honest(&a);
    for (int i = 0; i < 13; i++) {
        struct answer lie = a;
        struct decode_reply *r = &lie.reply;
        switch (i) {
        case 0:
            r->magic++;
            break;
        case 1:
            r->serial++;
            break;
        case 2:
            r->facts_bytes = 0;
            break;
        case 3:
            r->facts_bytes--;
            break;
        case 4:
            r->facts_bytes = UINT32_MAX;
            break;
        case 5:
            r->pixel_bytes++;
            break;
        case 6:
            r->pixel_bytes -= 2;
            break;
        case 7:
            r->pixel_bytes = UINT64_MAX;
            break;
        case 8:
            r->lut_entries++;
            break;
        case 9:
            r->lut_entries = UINT64_MAX / 2;
            break;
        case 10:
            lie.rest_n--;
            break; /* the file is shorter than it says */
        case 11:
            lie.call.frame = 1;
            break;
        default:
            r->last = 2;
            break;
        }
        int rc = read_answer(&lie, NULL);
        if (rc != ERR_DECODER_CRASH)
            fail_msg("lie %d: %s", i, err_name(rc));
    }
    a.call.facts_only = 1; /* pixels that nobody asked for */
    assert_int_equal(read_answer(&a, NULL), ERR_DECODER_CRASH);
    free(a.facts);
    free(a.rest);
}

static void refusals(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int code;
    } cases[] = {
        {"{\"code\":\"IMAGE_TYPE\",\"message\":\"no image\"}", ERR_IMAGE_TYPE},
        {"{\"code\":\"DICOM_LUT\",\"message\":\"\\u00fc\"}", ERR_DICOM_LUT},
        {"{\"code\":\"OK\",\"message\":\"x\"}", ERR_DECODER_CRASH},
        {"{\"code\":\"WEIGHTS_NAN\",\"message\":\"a code that is not a decoder's\"}", ERR_DECODER_CRASH},
        {"{\"code\":\"IMAGE_TYPE\",\"message\":\"\"}", ERR_DECODER_CRASH},
        {"{\"code\":\"IMAGE_TYPE\"}", ERR_DECODER_CRASH},
        {"{\"code\":\"IMAGE_TYPE\",\"message\":\"\\u001b]0;x\\u0007\"}", ERR_DECODER_CRASH},
        {"{\"code\":5,\"message\":\"x\"}", ERR_DECODER_CRASH},
        {"{\"code\":\"IMAGE_TYPE\",\"message\":\"x\",\"image\":{}}", ERR_DECODER_CRASH},
        {"[]", ERR_DECODER_CRASH},
        {"{", ERR_DECODER_CRASH},
    };
    uint8_t none = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[200];
        snprintf(text, sizeof text, "%s", cases[i].text);
        struct answer a = {.call = {.magic = DECODE_MAGIC, .frame = -1},
                           .reply = {.magic = DECODE_MAGIC, .facts_bytes = (uint32_t)strlen(text)},
                           .facts = text,
                           .rest = &none};
        int rc = read_answer(&a, NULL);
        if (rc != cases[i].code)
            fail_msg("%s: %s", text, err_name(rc));
    }
}

/* --- what it costs */

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void costs(void **state) {
    (void)state;
    enum { FILES = 200 };
    double start[9], file[FILES], inside[FILES];
    for (int i = 0; i < 9; i++) {
        struct decoder *d = NULL;
        assert_int_equal(decoder_open(&d, NULL, NULL), 0);
        double t = now();
        decodes_png(d);
        start[i] = now() - t;
        decoder_close(d);
    }
    for (int i = 0; i < FILES; i++) {
        double t = now();
        decodes_png(decoder);
        file[i] = now() - t;
        t = now();
        struct image *im = NULL;
        assert_int_equal(image_decode(&im, png, png_n, NULL), 0);
        image_free(im);
        inside[i] = now() - t;
    }
    qsort(start, 9, sizeof *start, by_size);
    qsort(file, FILES, sizeof *file, by_size);
    qsort(inside, FILES, sizeof *inside, by_size);
    printf("first file %.1f ms (start of the child); then %.0f us a small PNG, of which %.0f us decoding\n", 1e3 * start[4],
           1e6 * file[FILES / 2], 1e6 * inside[FILES / 2]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_may_not_do),
        cmocka_unit_test(crash_and_hang),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(words_mean_nothing_otherwise),
        cmocka_unit_test(thousand_files),
        cmocka_unit_test(child_goes_with_decoder),
        cmocka_unit_test(child_goes_with_parent),
        cmocka_unit_test(child_survives_thread),
        cmocka_unit_test(programs_that_are_none),
        cmocka_unit_test(empty_and_frames),
        cmocka_unit_test(lies_in_facts),
        cmocka_unit_test(lies_in_sizes),
        cmocka_unit_test(refusals),
        cmocka_unit_test(costs),
    };
    setenv("BMUNET_DECODER_SELFTEST", "1", 1);
    unsetenv("BMUNET_DECODER");
    png = read_test_file(GOLDEN "grey1.png", &png_n);
    mammogram = read_test_file("tests/golden/dicom/mg_explicit.dcm", &mammogram_n);
    if (core_start(NULL) || decoder_open(&decoder, &(struct decoder_options){.seconds = 1}, NULL))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    decoder_close(decoder);
    free(png);
    free(mammogram);
    return failed;
}
