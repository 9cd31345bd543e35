/* Public collections through the real decoder: each DICOM file has the pixels on which two of pydicom, GDCM and DCMTK agree, or its code
 * (tests/golden/dicom.tsv, by tests/oracle/dicom_oracle.py); the broken images do no harm to the child. Test code. */
#include <ftw.h>
#include <time.h>

#include "image/decode.h"
#include "image_golden.h"

static struct decoder *decoder;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* One row: path, bits or code, channels, hash, who, remark. */
struct row {
    char *field[6];
};

static bool split(struct row *r, char *line) {
    int n = 0;
    line[strcspn(line, "\n")] = 0;
    for (char *at = line; at && n < 6; n++) {
        char *tab = strchr(at, '\t');
        r->field[n] = at;
        if (tab)
            *tab++ = 0;
        at = tab;
    }
    return n == 6;
}

/* 1: as due, 0: the file is not there. */
static int check_row(const struct row *r, double *slowest) {
    char path[1024];
    uint8_t *bytes = NULL;
    size_t n;
    struct image *im = NULL;
    struct err e = {0};
    snprintf(path, sizeof path, "%s/dicom/%s", data_folder(), r->field[0]);
    if (io_read_file(&bytes, &n, path, 1 << 29, &e))
        return 0;
    double started = now();
    int rc = decode_image(&im, decoder, bytes, n, NULL, &e);
    double took = now() - started;
    *slowest = took > *slowest ? took : *slowest;
    free(bytes);
    char said[32];
    snprintf(said, sizeof said, "%d", im ? im->bits : 0);
    if (strcmp(im ? said : err_name(rc), r->field[1]) != 0)
        fail_msg("%s: %s (%s) where %s is expected", path, im ? said : err_name(rc), e.message, r->field[1]);
    if (im && strcmp(hash_hex(im->pixels, image_samples(im) * (size_t)im->bits / 8), r->field[3]) != 0)
        fail_msg("%s: not the pixels of %s", path, r->field[4]);
    if (im) {
        assert_string_equal(im->format, "DICOM");
        assert_int_equal(im->channels, strtol(r->field[2], NULL, 10));
    }
    image_free(im);
    return 1;
}

static void same_as_others(void **state) {
    (void)state;
    FILE *f = fopen("tests/golden/dicom.tsv", "re");
    char line[1024];
    int rows = 0, seen = 0, decoded = 0;
    double slowest = 0;
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        struct row r;
        if (line[0] == '#')
            continue;
        assert_true(split(&r, line));
        rows++;
        int here = check_row(&r, &slowest);
        seen += here;
        decoded += here && r.field[1][0] <= '9';
    }
    fclose(f);
    assert_true(rows >= 155);
    printf("%d of %d files are there: %d decoded as others do, %d refused; slowest %.2f s\n", seen, rows, decoded, seen - decoded, slowest);
    if (seen == 0) {
        printf("skipped: no DICOM files in %s/dicom (BMUNET_DATA)\n", data_folder());
        skip();
    }
}

static struct {
    size_t seen, decoded;
    double slowest;
} walk;

static int walk_file(const char *path, const struct stat *st, int type, struct FTW *where) {
    uint8_t *bytes = NULL;
    size_t n;
    struct image *im = NULL;
    struct err e = {0};
    (void)st;
    (void)where;
    if (type != FTW_F || io_read_file(&bytes, &n, path, 1 << 29, NULL))
        return 0;
    double started = now();
    int rc = decode_image(&im, decoder, bytes, n, NULL, &e);
    double took = now() - started;
    walk.slowest = took > walk.slowest ? took : walk.slowest;
    if (rc == ERR_DECODER || rc == ERR_DECODER_CRASH || rc == ERR_DECODER_SANDBOX || rc == ERR_DECODER_TIMEOUT || rc == ERR_INTERNAL ||
        rc != e.code)
        fail_msg("%s: %s: %s", path, err_name(rc), e.message);
    walk.seen++;
    walk.decoded += rc == 0;
    image_free(im);
    free(bytes);
    return 0;
}

static void broken_images(void **state) {
    (void)state;
    char folder[512];
    snprintf(folder, sizeof folder, "%s/fuzz", data_folder());
    if (nftw(folder, walk_file, 16, FTW_PHYS) || walk.seen == 0) {
        printf("skipped: no files in %s (BMUNET_DATA)\n", folder);
        skip();
    }
    printf("%zu files: %zu decoded, the others refused by their code; slowest %.2f s\n", walk.seen, walk.decoded, walk.slowest);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_as_others), cmocka_unit_test(broken_images)};
    if (decoder_open(&decoder, NULL, NULL))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    decoder_close(decoder);
    return failed;
}
