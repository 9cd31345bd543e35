/* Splits: properties over random cohorts, the check of foreign splits, near-duplicate pictures. Test code. */
#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core.h"

#include "base/rng.h"
#include "cohort/split.h"
#include "cohort/split_write.h"
#include "file/csv.h"
#include "file/io.h"
#include "image/likeness.h"
#include "image/png_write.h"

static struct err err;

static struct manifest *parse(const struct buf *text) {
    struct manifest *m = NULL;
    if (manifest_parse(&m, text->data, text->size, "", NULL, &err))
        fail_msg("%s", err.message);
    return m;
}

static unsigned below(const struct rng *r, uint64_t i, unsigned n) {
    return (unsigned)(rng_uniform(r, i) * n);
}

/* A table of 20 .. 300 exams of fewer women, of five tiers and three modalities, sorted by nothing. */
static void random_table(struct buf *text, uint32_t number) {
    const struct rng r = rng_make(5, 1000, number);
    const unsigned rows = 20 + below(&r, 0, 281), women = rows / (1 + below(&r, 1, 4)) + 1;
    buf_clear(text);
    buf_printf(text, &err, "exam_id,patient_id,mg_cc,us_bmode_trans,tier\n");
    for (unsigned i = 0; i < rows; i++) {
        const unsigned kind = below(&r, 10 * i + 10, 3);
        char mg[32] = "", us[32] = "";
        if (kind != 0)
            snprintf(mg, sizeof mg, "m%u.png", i);
        if (kind != 1)
            snprintf(us, sizeof us, "u%u.png", i);
        buf_printf(text, &err, "e%u,p%u,%s,%s,T%u\n", i, below(&r, 10 * i + 11, women), mg, us, 1 + below(&r, 10 * i + 12, 5));
    }
}

/* A few pairs of rows that share a picture. */
static void random_duplicates(struct duplicates *d, const struct manifest *m, uint32_t number) {
    const struct rng r = rng_make(5, 1001, number);
    d->n = below(&r, 0, 6);
    d->list = calloc(d->n + 1, sizeof *d->list);
    for (size_t i = 0; i < d->n; i++) {
        const size_t a = below(&r, 2 * i + 2, (unsigned)m->n), b = below(&r, 2 * i + 3, (unsigned)m->n);
        d->list[i] = (struct duplicate){.a = a < b ? a : b, .b = a < b ? b : a};
    }
}

static struct split_options options_of(uint32_t number) {
    struct split_options o = {.seed = number};
    if (number % 2)
        o.folds = 2 + (int)(number / 2 % 5);
    else
        memcpy(o.share, number % 4 ? (double[]){0.7, 0.15, 0.15} : (double[]){0.8, 0, 0.2}, sizeof o.share);
    return o;
}

static void check_split(const struct split *s, const struct manifest *m, const struct duplicates *d, uint32_t number) {
    size_t exams[SPLIT_PARTS_MAX] = {0}, total = 0;
    for (size_t a = 0; a < m->n; a++) {
        exams[s->part[a]]++;
        for (size_t b = 0; b < a; b++) /* by the definition: no patient on two sides */
            if (strcmp(m->rows[a].exam.patient_id, m->rows[b].exam.patient_id) == 0)
                assert_int_equal(s->part[a], s->part[b]);
    }
    for (size_t i = 0; i < d->n; i++)
        assert_int_equal(s->part[d->list[i].a], s->part[d->list[i].b]);
    for (int p = 0; p < s->n_parts; p++) {
        total += s->exams[p];
        assert_int_equal(exams[p], s->exams[p]);
        if (fabs((double)exams[p] - s->target[p]) > (double)s->largest_group)
            fail_msg("cohort %u, %s: %zu exams, wanted %.1f, largest group %zu", number, s->name[p], exams[p], s->target[p],
                     s->largest_group);
    }
    assert_int_equal(total, m->n);
}

/* The written table, read again, passes split_check(); with one row moved to another part it does not. */
static void check_written(const struct buf *text, const struct split *s, const struct duplicates *d, uint32_t number) {
    struct buf table;
    buf_init(&table);
    assert_int_equal(split_table(&table, text->data, text->size, s, &err), 0);
    struct manifest *m = parse(&table);
    for (size_t r = 0; r < m->n; r++)
        assert_string_equal(m->rows[r].split, s->name[s->part[r]]);
    assert_int_equal(split_check(m, d, &err), 0);
    for (size_t r = number % m->n; r < m->n; r++) {
        size_t others = 0;
        for (size_t k = 0; k < m->n; k++)
            others += k != r && strcmp(m->rows[k].exam.patient_id, m->rows[r].exam.patient_id) == 0;
        if (!others)
            continue;
        m->rows[r].split = s->name[(s->part[r] + 1) % s->n_parts];
        assert_int_equal(split_check(m, NULL, &err), ERR_SPLIT_OVERLAP);
        break;
    }
    manifest_free(m);
    buf_release(&table);
}

static void test_random_cohorts(void **state) {
    (void)state;
    struct buf text;
    buf_init(&text);
    for (uint32_t number = 0; number < 200; number++) {
        struct duplicates d = {0};
        struct split *s = NULL, *again = NULL;
        const struct split_options o = options_of(number);
        random_table(&text, number);
        struct manifest *m = parse(&text);
        random_duplicates(&d, m, number);
        const int rc = split_make(&s, m, &d, &o, &err);
        if (rc)
            fail_msg("cohort %u: %s", number, err.message);
        check_split(s, m, &d, number);
        check_written(&text, s, &d, number);
        assert_int_equal(split_make(&again, m, &d, &o, &err), 0);
        assert_string_equal(s->sha256, again->sha256);
        split_free(s);
        split_free(again);
        duplicates_release(&d);
        manifest_free(m);
    }
    buf_release(&text);
}

/* One exam per woman: every stratum is spread as evenly as whole exams allow, or nearly. */
static void test_stratified(void **state) {
    (void)state;
    struct buf text;
    double worst = 0, off = 0, n = 0;
    buf_init(&text);
    for (uint32_t number = 0; number < 20; number++) {
        const struct rng r = rng_make(6, 1000, number);
        struct split *s = NULL;
        buf_clear(&text);
        buf_printf(&text, &err, "exam_id,patient_id,mg_cc,us_bmode_trans,tier\n");
        for (unsigned i = 0; i < 500; i++) {
            const unsigned kind = below(&r, 2 * i, 3), tier = 1 + (unsigned)(5 * pow(rng_uniform(&r, 2 * i + 1), 2));
            buf_printf(&text, &err, "e%u,p%u,%s,%s,T%u\n", i, i, kind != 0 ? "m.png" : "", kind != 1 ? "u.png" : "", tier);
        }
        struct manifest *m = parse(&text);
        assert_int_equal(split_make(&s, m, NULL, &(struct split_options){.folds = 5, .seed = number}, &err), 0);
        for (size_t k = 0; k < s->n_strata; k++) {
            double all = 0;
            for (int p = 0; p < 5; p++)
                all += (double)s->strata[k].exams[p];
            for (int p = 0; p < 5; p++) {
                const double d = fabs((double)s->strata[k].exams[p] - all / 5);
                worst = fmax(worst, d);
                off += d;
                n++;
            }
        }
        split_free(s);
        manifest_free(m);
    }
    printf("stratum by fold: off by %.2f exams in the mean, %.2f at most\n", off / n, worst);
    assert_true(worst < 2 && off / n < 0.6);
    buf_release(&text);
}

/* Where a table knows only benign and malignant, these are spread evenly; where it knows the tier, malignant makes no stratum of its own.
 */
static void test_stratified_by_class(void **state) {
    (void)state;
    struct buf text;
    const struct rng r = rng_make(6, 1001, 0);
    struct split *s = NULL;
    size_t malignant[5] = {0}, all = 0;
    buf_init(&text);
    buf_printf(&text, &err, "exam_id,patient_id,us_bmode_trans,tier,malignant\n");
    for (unsigned i = 0; i < 300; i++) /* two thirds without a tier */
        buf_printf(&text, &err, "e%u,p%u,u.png,%s,%u\n", i, i, i % 3 ? "" : "T1", i % 3 ? rng_uniform(&r, i) < 0.3 : i % 2);
    struct manifest *m = parse(&text);
    assert_int_equal(split_make(&s, m, NULL, &(struct split_options){.folds = 5, .seed = 1}, &err), 0);
    assert_int_equal(s->n_strata, 3);
    for (size_t i = 0; i < m->n; i++)
        if (!m->rows[i].tier[0] && strcmp(m->rows[i].malignant, "1") == 0) {
            malignant[s->part[i]]++;
            all++;
        }
    for (int p = 0; p < 5; p++)
        assert_true(fabs((double)malignant[p] - (double)all / 5) <= 1);
    split_free(s);
    manifest_free(m);
    buf_release(&text);
}

static int make(const char *table, struct split_options o) {
    struct buf text;
    struct split *s = NULL;
    buf_init(&text);
    buf_append(&text, table, strlen(table), &err);
    struct manifest *m = parse(&text);
    err = (struct err){0};
    const int rc = split_make(&s, m, NULL, &o, &err);
    assert_int_equal(rc, err.code);
    split_free(s);
    manifest_free(m);
    buf_release(&text);
    return rc;
}

static void test_refused(void **state) {
    (void)state;
    static const char no_id[] = "exam_id,patient_id,mg_cc\na,p,a.png\nb,,b.png\nc,,c.png\n";
    static const char one[] = "exam_id,patient_id,mg_cc\na,p,a.png\nb,p,b.png\n";
    assert_int_equal(make(no_id, (struct split_options){.folds = 2}), ERR_SPLIT_NO_PATIENT);
    assert_non_null(strstr(err.message, "line 3"));
    assert_int_equal(make(no_id, (struct split_options){.folds = 2, .no_patient_id_ok = true}), 0);
    assert_int_equal(make(one, (struct split_options){.folds = 2}), ERR_USAGE); /* one woman has no two folds */
    assert_int_equal(make(no_id, (struct split_options){.share = {0.5, 0.5, 0.5}, .no_patient_id_ok = true}), ERR_USAGE);
    assert_int_equal(make(no_id, (struct split_options){.share = {1, 0, 0}, .no_patient_id_ok = true}), ERR_USAGE);
    assert_int_equal(make(no_id, (struct split_options){.share = {NAN, 0.5, 0.5}, .no_patient_id_ok = true}), ERR_USAGE);
    assert_int_equal(make(no_id, (struct split_options){.folds = 1, .no_patient_id_ok = true}), ERR_USAGE);
    assert_int_equal(make(no_id, (struct split_options){.folds = SPLIT_PARTS_MAX + 1, .no_patient_id_ok = true}), ERR_USAGE);
}

static int check(const char *table, const struct duplicates *d) {
    struct buf text;
    buf_init(&text);
    buf_append(&text, table, strlen(table), &err);
    struct manifest *m = parse(&text);
    const int rc = split_check(m, d, &err);
    manifest_free(m);
    buf_release(&text);
    return rc;
}

static void test_foreign_splits(void **state) {
    (void)state;
#define HEADER "exam_id,patient_id,mg_cc,split\n"
    assert_int_equal(check(HEADER "a,p,a.png,train\nb,q,b.png,test\n", NULL), 0);
    assert_int_equal(check(HEADER "a,p,a.png,train\nb,p,b.png,test\n", NULL), ERR_SPLIT_OVERLAP);
    assert_non_null(strstr(err.message, "lines 2 and 3"));
    assert_int_equal(check(HEADER "a,p,a.png,train\nb,q,a.png,test\n", NULL), ERR_SPLIT_OVERLAP); /* one file, two women */
    assert_int_equal(check(HEADER "a,p,a.png,\nb,p,b.png,test\nc,p,c.png,train\n", NULL),
                     ERR_SPLIT_OVERLAP); /* an empty one hides nothing */
    assert_int_equal(check(HEADER "a,p,a.png,\nb,p,b.png,test\nc,p,c.png,test\n", NULL), 0);
    assert_int_equal(check(HEADER "a,,a.png,train\nb,,b.png,test\n", NULL), 0); /* not known is not the same */
    struct duplicate pair = {.a = 0, .b = 1};
    const struct duplicates d = {.list = &pair, .n = 1};
    assert_int_equal(check(HEADER "a,p,a.png,train\nb,q,b.png,test\n", &d), ERR_SPLIT_OVERLAP);
    assert_int_equal(check(HEADER "a,p,a.png,train\nb,q,b.png,train\n", &d), 0);
}

/* --- pictures ----------------------------------------------------------------------------------------------------------------------- */

/* Broad blobs from a seed, drawn at any scale, with gain and offset; no flat ground, on which the hash would tell rounding. */
static void draw(struct image **out, uint32_t seed, uint32_t w, uint32_t h, double gain, double offset, int bits) {
    const struct rng r = rng_make(7, 1, seed);
    assert_int_equal(image_new(out, w, h, 1, bits, &err), 0);
    for (uint32_t y = 0; y < h; y++)
        for (uint32_t x = 0; x < w; x++) {
            double v = 0;
            for (uint64_t k = 0; k < 5; k++) {
                const double dx = x / (double)w - rng_uniform(&r, 3 * k), dy = y / (double)h - rng_uniform(&r, 3 * k + 1);
                v += rng_uniform(&r, 3 * k + 2) * exp(-(dx * dx + dy * dy) * 10);
            }
            v = fmin(fmax(60 * v * gain + offset, 0), 255);
            if (bits == 8)
                ((uint8_t *)(*out)->pixels)[(size_t)y * w + x] = (uint8_t)v;
            else
                ((uint16_t *)(*out)->pixels)[(size_t)y * w + x] = (uint16_t)(v * 16);
        }
}

static struct likeness likeness(uint32_t seed, uint32_t w, uint32_t h, double gain, double offset, int bits) {
    struct image *im = NULL;
    struct likeness l;
    draw(&im, seed, w, h, gain, offset, bits);
    assert_int_equal(likeness_of(&l, im, &err), 0);
    image_free(im);
    return l;
}

static void test_likeness(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 20; i++) {
        const struct likeness a = likeness(i, 150, 110, 1, 0, 8), scaled = likeness(i, 206, 150, 1, 0, 8);
        const struct likeness brighter = likeness(i, 150, 110, 0.8, 25, 8), deep = likeness(i, 150, 110, 1, 0, 16);
        const struct likeness other = likeness(i + 100, 150, 110, 1, 0, 8);
        assert_true(likeness_near(&a, &a, true) && likeness_near(&a, &scaled, true));
        assert_true(likeness_near(&a, &brighter, true) && likeness_near(&a, &deep, true));
        assert_false(likeness_near(&a, &other, false));
    }
    struct image *flat = NULL;
    struct likeness l;
    assert_int_equal(image_new(&flat, 10, 10, 1, 8, &err), 0);
    assert_int_equal(likeness_of(&l, flat, &err), 0);
    assert_false(likeness_near(&l, &l, false)); /* two black pictures say nothing of each other */
    image_free(flat);
}

static size_t load(struct likeness **out, const char *folder) {
    struct dirent **names;
    const int n = scandir(folder, &names, NULL, alphasort);
    size_t count = 0;
    *out = calloc((size_t)(n > 0 ? n : 1), sizeof **out);
    for (int i = 0; i < n; i++) {
        char path[600];
        uint8_t *bytes = NULL;
        size_t size = 0;
        struct image *im = NULL;
        const size_t length = strlen(names[i]->d_name);
        snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        if (length > 4 && strcmp(names[i]->d_name + length - 4, ".png") == 0 && !strstr(names[i]->d_name, "mask") &&
            !io_read_file(&bytes, &size, path, IMAGE_FILE_MAX, &err) && !image_decode(&im, bytes, size, &err))
            assert_int_equal(likeness_of(&(*out)[count++], im, &err), 0);
        image_free(im);
        free(bytes);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    return count;
}

/* BUSI repeats pictures (Pawlowska et al. 2023); mini-MIAS and BUS-BRA do not: one picture per breast, or per lesion and plane. */
static void test_public_pictures(void **state) {
    (void)state;
    static const struct {
        const char *folder;
        bool mammography;
        size_t pairs; /* as Pillow (mode I) and numpy find them by the same rule */
    } sets[] = {{"../shared/data/BUSI/benign", false, 13},
                {"../shared/data/BUSI/malignant", false, 2},
                {"../shared/data/mini-MIAS", true, 0},
                {"../shared/data/BUS-BRA/Images", false, 0}};
    for (size_t k = 0; k < sizeof sets / sizeof *sets; k++) {
        struct likeness *l;
        const size_t n = load(&l, sets[k].folder);
        size_t pairs = 0;
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < i; j++)
                pairs += likeness_near(&l[i], &l[j], sets[k].mammography);
        free(l);
        if (n == 0) {
            printf("%s: not there, skipped\n", sets[k].folder);
            continue;
        }
        printf("%s: %zu pictures, %zu near-duplicate pairs\n", sets[k].folder, n, pairs);
        assert_int_equal(pairs, sets[k].pairs);
    }
}

/* Files: the same bytes under two names, a copy at another scale, one that is no picture, one that is not there. */
static void test_duplicates(void **state) {
    (void)state;
    char folder[] = "/tmp/bmunet-split-XXXXXX", path[64];
    static const struct {
        const char *name;
        uint32_t seed, width;
    } files[] = {{"a.png", 1, 300}, {"b.png", 1, 300}, {"c.png", 1, 400}, {"d.png", 2, 300}, {"e.png", 0, 0}};
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < 5; i++) {
        struct image *im = NULL;
        struct buf bytes;
        buf_init(&bytes);
        if (files[i].width) {
            draw(&im, files[i].seed, files[i].width, files[i].width * 3 / 4, 1, 0, 8);
            assert_int_equal(png_write(&bytes, im, &err), 0);
        } else {
            buf_printf(&bytes, &err, "no picture");
        }
        snprintf(path, sizeof path, "%s/%s", folder, files[i].name);
        FILE *f = fopen(path, "wb");
        assert_true(f && fwrite(bytes.data, 1, bytes.size, f) == bytes.size && fclose(f) == 0);
        image_free(im);
        buf_release(&bytes);
    }
    static const char table[] = "exam_id,us_bmode_trans,us_bmode_long\n1,a.png,\n2,b.png,\n3,c.png,\n4,d.png,\n5,e.png,\n6,none.png,\n";
    struct manifest *m = NULL;
    struct duplicates d;
    assert_int_equal(manifest_parse(&m, table, sizeof table - 1, folder, NULL, &err), 0);
    assert_int_equal(duplicates_find(&d, m, NULL, NULL, NULL, &err), 0);
    assert_int_equal(d.pictures, 6);
    assert_int_equal(d.unreadable, 1);
    assert_int_equal(d.undecoded, 1);
    assert_int_equal(d.n, 3); /* 1-2, 1-3, 2-3 */
    assert_true(d.list[0].same_bytes && d.list[0].a == 0 && d.list[0].b == 1);
    assert_true(!d.list[1].same_bytes && d.list[1].a == 0 && d.list[1].b == 2 && d.list[1].correlation > 0.97);
    duplicates_release(&d);
    manifest_free(m);
    for (size_t i = 0; i < 5; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i].name);
        unlink(path);
    }
    rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_cohorts),  cmocka_unit_test(test_stratified),     cmocka_unit_test(test_stratified_by_class),
        cmocka_unit_test(test_refused),         cmocka_unit_test(test_foreign_splits), cmocka_unit_test(test_likeness),
        cmocka_unit_test(test_public_pictures), cmocka_unit_test(test_duplicates),
    };
    return cmocka_run_group_tests_name("split", tests, NULL, NULL);
}
