/* Public collections of broken and odd images: each file decodes or is refused with a code; where Pillow's pixels are known, ours are the
 * same. Test code. */
#ifndef BMU_TESTS_IMAGE_WALK_H
#define BMU_TESTS_IMAGE_WALK_H

#include <ftw.h>
#include <time.h>

#include "base/err.h"
#include "core.h"
#include "image_golden.h"

static struct {
    char **paths;
    size_t n, room;
} walk;

static int walk_collect(const char *path, const struct stat *st, int type, struct FTW *where) {
    (void)st;
    (void)where;
    if (type != FTW_F)
        return 0;
    if (walk.n == walk.room) {
        walk.room = walk.room * 2 + 1024;
        walk.paths = realloc(walk.paths, walk.room * sizeof *walk.paths);
        assert_non_null(walk.paths);
    }
    walk.paths[walk.n] = strdup(path);
    assert_non_null(walk.paths[walk.n++]);
    return 0;
}

static int walk_order(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static const struct json *walk_golden(const struct json *table, const char *path) {
    for (size_t i = 0; i < json_size(table); i++) {
        const char *name = text_of(json_at(table, i), "path");
        size_t n = strlen(name), whole = strlen(path);
        if (whole > n && path[whole - n - 1] == '/' && !strcmp(path + whole - n, name))
            return json_at(table, i);
    }
    return NULL;
}

/* Pillow keeps the upper byte of 16-bit colour. */
static void walk_compare(struct image *im, const struct json *golden, const char *path) {
    const struct json *shape = json_get(golden, "shape");
    if (im->bits == 16 && number_of(golden, "bits") == 8) {
        uint8_t *to = im->pixels;
        for (size_t i = 0; i < image_samples(im); i++)
            to[i] = (uint8_t)(((uint16_t *)im->pixels)[i] >> 8);
        im->bits = 8;
    }
    assert_int_equal(im->bits, number_of(golden, "bits"));
    assert_int_equal(im->height, json_integer(json_at(shape, 0), 0));
    assert_int_equal(im->width, json_integer(json_at(shape, 1), 0));
    assert_int_equal(im->channels, json_size(shape) == 2 ? 1 : 3);
    if (strcmp(hash_hex(im->pixels, image_samples(im) * (size_t)im->bits / 8), text_of(golden, "sha256")) != 0)
        fail_msg("%s: not Pillow's pixels", path);
}

static void walk_images(void) {
    char folder[512];
    struct err e = {0};
    snprintf(folder, sizeof folder, "%s/fuzz", data_folder());
    if (nftw(folder, walk_collect, 16, FTW_PHYS) || walk.n == 0) {
        printf("skipped: no files in %s (BMUNET_DATA)\n", folder);
        skip();
    }
    qsort(walk.paths, walk.n, sizeof *walk.paths, walk_order);
    struct json *goldens = golden_table("fuzz_pixels.json");
    size_t seen = 0, decoded = 0, compared = 0, pillow_only = 0;
    double worst = 0;
    for (size_t i = 0; i < walk.n; i++) {
        const struct json *golden = walk_golden(json_get(goldens, "images"), walk.paths[i]);
        size_t n;
        uint8_t *bytes = read_exact(walk.paths[i], &n);
        struct image *im = NULL;
        clock_t start = clock();
        e = (struct err){0};
        int rc = image_decode(&im, bytes, n, &e);
        double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
        worst = seconds > worst ? seconds : worst;
        free(bytes);
        seen++;
        if (rc ? rc != e.code || im || !e.message[0] || rc == ERR_INTERNAL || !strcmp(err_name(rc), "UNKNOWN") : !im)
            fail_msg("%s: code %d, \"%s\"", walk.paths[i], rc, e.message);
        decoded += !rc;
        compared += !rc && golden;
        pillow_only += rc && golden;
        if (rc && golden && getenv("WALK_VERBOSE"))
            printf("%s: %s: %s\n", walk.paths[i], err_name(rc), e.message);
        if (!rc && golden)
            walk_compare(im, golden, walk.paths[i]);
        image_free(im);
    }
    printf("%zu of %zu files: %zu decoded, %zu of these with Pillow's pixels; %zu that Pillow takes are refused; slowest %.2f s\n", seen,
           walk.n, decoded, compared, pillow_only, worst);
    assert_true(compared >= 30);
    for (size_t i = 0; i < walk.n; i++)
        free(walk.paths[i]);
    free(walk.paths);
    json_free(goldens);
}

#endif
