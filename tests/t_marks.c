/* Tables of marks: every shape, everything that refuses one, masks through the decoder, what a shape covers. Test code. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cohort/marks.h"
#include "file/io.h"
#include "image/png_write.h"
#include "trees.h"

static const char exams[] = "exam_id,mg_cc,mg_mlo,us_bmode_trans,tier,malignant\n"
                            "one,a.png,b.png,,T5,\n"
                            "two,,c.png,d.png,T2,\n"
                            "three,e.png,,,,0\n"
                            "four,f.png,,,,\n";
static struct manifest *m;
static struct marks *k;
static struct err err;

static int set_up(void **state) {
    (void)state;
    return manifest_parse(&m, exams, sizeof exams - 1, "d", NULL, &err);
}

static int tear_down(void **state) {
    (void)state;
    marks_free(k);
    manifest_free(m);
    return 0;
}

static int parse_in(const char *text, const char *folder) {
    const size_t n = strlen(text);
    char *exact = malloc(n + 1);
    assert_non_null(exact);
    memcpy(exact, text, n);
    marks_free(k);
    err = (struct err){0};
    const int rc = marks_parse(&k, exact, n, folder, m, shipped_tree(), &err);
    memset(exact, 'X', n);
    free(exact);
    assert_int_equal(rc, err.code);
    assert_true((rc == 0) == (k != NULL));
    return rc;
}

static void good(const char *text) {
    if (parse_in(text, "d"))
        fail_msg("%s\n-> %s", text, err.message);
}

static void refused(const char *text, int code, const char *says) {
    if (parse_in(text, "d") != code || !strstr(err.message, says))
        fail_msg("%s\n-> %s: %s", text, err_name(err.code), err.message);
}

/* --- tables ------------------------------------------------------------------------------------------------------------------- */

static void every_shape(void **state) {
    (void)state;
    good("exam_id,slot,shape,x,y,radius,width,height,points,mask,tier,lesion,synthetic\n"
         "one,mg_cc,circle,10.5,20,3,,,,,T5,1,yes\n"
         "one,mg_cc,box,40,41,,30,40,,,malignant,2,\n"
         "one,mg_mlo,polygon,,,,,, 1 2  30 4 5 60 ,,,,\n"
         "two,us_bmode_trans,mask,,,,,,,m.png,T1,,\n"
         "two,mg_mlo,none,,,,,,,,,,\n");
    assert_int_equal(k->n, 5);
    const struct mark_list *l = marks_of(k, 0, SLOT_MG_CC);
    assert_int_equal(l->n, 2);
    assert_int_equal(l->line[1], 3);
    assert_true(l->list[0].shape == MARK_CIRCLE && l->list[0].x == 10.5 && l->list[0].y == 20 && l->list[0].radius == 3);
    assert_string_equal(shipped_tree()->nodes[l->list[0].node].name, "T5");
    assert_string_equal(shipped_tree()->nodes[l->list[1].node].name, "malignant");
    l = marks_of(k, 0, SLOT_MG_MLO);
    assert_true(l->n == 1 && l->list[0].n_points == 3 && l->list[0].point[2][1] == 60 && l->list[0].node == -1);
    assert_string_equal(marks_of(k, 1, SLOT_US_BMODE_TRANS)->list[0].file, "d/m.png");
    assert_int_equal(marks_of(k, 1, SLOT_MG_MLO)->list[0].shape, MARK_NONE);
    assert_int_equal(marks_of(k, 2, SLOT_MG_CC)->n, 0); /* nothing known, and that is not the same */
    good("exam_id,slot,shape\n");                       /* a table without a mark */
    assert_int_equal(k->n, 0);
}

#define HEAD "exam_id,slot,shape,x,y,radius,width,height,points,mask,tier\n"
static void every_fault(void **state) {
    (void)state;
    refused("", ERR_CSV_EMPTY, "");
    refused("exam_id,slot\none,mg_cc\n", ERR_CSV_COLUMN_MISSING, "shape");
    refused("exam_id,slot,shape,r\n", ERR_CSV_COLUMN_UNKNOWN, "\"r\"");
    refused("exam_id,slot,shape,x,x\n", ERR_CSV_COLUMN_TWICE, "\"x\"");
    refused(HEAD "five,mg_cc,none,,,,,,,,\n", ERR_MARK_EXAM, "line 2: the table of exams has no exam \"five\"");
    refused(HEAD "one,mg,none,,,,,,,,\n", ERR_MARK_SLOT, "\"mg\" is not the name of an image column");
    refused(HEAD "one,us_bmode_long,none,,,,,,,,\n", ERR_MARK_SLOT, "exam one has no image in us_bmode_long");
    refused(HEAD "one,mg_cc,ring,,,,,,,,\n", ERR_MARK, "\"ring\" is none of circle");
    refused(HEAD "one,mg_cc,circle,1,2,,,,,,\n", ERR_MARK, "a circle needs radius");
    refused(HEAD "one,mg_cc,circle,1,2,0,,,,,\n", ERR_MARK, "radius above 0");
    refused(HEAD "one,mg_cc,circle,1,2,-3,,,,,\n", ERR_MARK, "radius above 0");
    refused(HEAD "one,mg_cc,circle,1,two,3,,,,,\n", ERR_MARK, "y: ");
    refused(HEAD "one,mg_cc,circle,1,nan,3,,,,,\n", ERR_MARK, "y: ");
    refused(HEAD "one,mg_cc,circle,1,2,3,4,,,,\n", ERR_MARK, "the shape circle takes no width");
    refused(HEAD "one,mg_cc,box,1,2,,5,0,,,\n", ERR_MARK, "a height above 0");
    refused(HEAD "one,mg_cc,polygon,,,,,,1 2 3 4,,\n", ERR_MARK, "2 points");
    refused(HEAD "one,mg_cc,polygon,,,,,,1 2 3 4 5,,\n", ERR_MARK, "5 numbers");
    refused(HEAD "one,mg_cc,polygon,,,,,,1 2 3 4 5 x,,\n", ERR_MARK, "number 6");
    refused(HEAD "one,mg_cc,polygon,,,,,,1 1 2 2 3 3,,\n", ERR_MARK, "enclose nothing");
    refused(HEAD "one,mg_cc,mask,,,,,,,,\n", ERR_MARK, "the name of its file");
    refused(HEAD "one,mg_cc,none,1,,,,,,,\n", ERR_MARK, "takes no x");
    refused(HEAD "one,mg_cc,none,,,,,,,,T1\n", ERR_MARK, "takes no tier");
    refused(HEAD "one,mg_cc,circle,1,2,3,,,,,T9\n", ERR_MARK, "no node \"T9\"");
    refused(HEAD "one,mg_cc,circle,1,2,3,,,,,\none,mg_cc,none,,,,,,,,\n", ERR_MARK_CONFLICT, "line 2 marks a lesion, line 3 says");
    refused(HEAD "one,mg_cc,none,,,,,,,,\none,mg_cc,none,,,,,,,,\n", ERR_MARK_CONFLICT, "say twice");
    refused(HEAD "one,mg_cc,circle,9,9,3,,,,,T1\none,mg_cc,box,7,7,,4,5,,,T5\n", ERR_MARK_CONFLICT, "call it differently");
    refused(HEAD "one,mg_cc,circle,9,9,3,,,,,\none,mg_cc,circle,9,9,3,,,,,\n", ERR_MARK_CONFLICT, "lines 2 and 3 mark the same place;");
    refused(HEAD "two,mg_mlo,mask,,,,,,,m.png,\ntwo,mg_mlo,mask,,,,,,,m.png,\n", ERR_MARK_CONFLICT, "the same place");
    refused(HEAD "two,mg_mlo,circle,1,2,3,,,,,T5\n", ERR_MARK_CONFLICT, "marked as T5, the exam's diagnosis is T2");
    refused(HEAD "three,mg_cc,circle,1,2,3,,,,,T3\n", ERR_MARK_CONFLICT, "the exam's diagnosis is benign");
    good(HEAD "one,mg_cc,circle,1,2,3,,,,,T1\nthree,mg_cc,circle,1,2,3,,,,,T2\nfour,mg_cc,circle,1,2,3,,,,,T5\n");
    good("exam_id,slot,shape,x,y,radius,lesion\none,mg_cc,circle,9,9,3,1\none,mg_cc,circle,9,9,3,2\n"); /* one behind the other */
    refused("exam_id,slot,shape,x,y,radius,lesion\none,mg_cc,circle,9,9,3,1\none,mg_cc,circle,50,9,3,1\n", ERR_MARK_CONFLICT,
            "the same lesion twice");
}

/* More marks in one picture than the limit, and more points. */
static void limits(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b);
    buf_printf(&b, NULL, "exam_id,slot,shape,x,y,radius\n");
    for (int i = 0; i <= MARKS_PER_PICTURE; i++)
        buf_printf(&b, NULL, "one,mg_cc,circle,%d,5,2\n", 10 * i);
    refused(b.data, ERR_LIMIT, "65 marks, the limit is 64");
    buf_clear(&b);
    buf_printf(&b, NULL, "exam_id,slot,shape,points\none,mg_cc,polygon,");
    for (int i = 0; i <= MARK_POINTS_MAX; i++)
        buf_printf(&b, NULL, "%d %d ", i, i * i);
    buf_printf(&b, NULL, "\n");
    refused(b.data, ERR_MARK, "3 to 4096 points");
    buf_release(&b);
}

/* --- pictures ----------------------------------------------------------------------------------------------------------------- */

static char folder[] = "/tmp/bmunet-marks-XXXXXX";
enum { WIDTH = 40, HEIGHT = 30 };

static void write_mask(const char *name, uint8_t value, int x0, int x1) {
    char path[200];
    struct image *im = NULL;
    assert_int_equal(image_new(&im, WIDTH, HEIGHT, 1, 8, &err), 0);
    for (int y = 5; y < 15; y++)
        for (int x = x0; x < x1; x++)
            ((uint8_t *)im->pixels)[y * WIDTH + x] = value;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    struct buf b;
    buf_init(&b);
    assert_int_equal(png_write(&b, im, &err), 0);
    assert_int_equal(replace_whole(path, b.data, b.size, &err), 0);
    buf_release(&b);
    image_free(im);
}

static int settle(const char *text, uint32_t width, uint32_t height) {
    static struct decoder *d; /* kept to the end */
    struct verdict v = {0};
    if (!d)
        assert_int_equal(decoder_open(&d, NULL, &err), 0);
    if (parse_in(text, folder))
        fail_msg("%s", err.message);
    v.input[SLOT_MG_CC].status = INPUT_USED;
    v.input[SLOT_MG_CC].geometry = (struct geometry){width, height, {0, 0, width, height}, {1, 1}, {0, 0}};
    const int rc = marks_settle(k, m, 0, &v, d, &err);
    assert_int_equal(rc, err.code);
    return rc;
}

static void settled(const char *text, int code, const char *says) {
    if (settle(text, WIDTH, HEIGHT) != code || (code && !strstr(err.message, says)))
        fail_msg("%s\n-> %s: %s", text, err_name(err.code), err.message);
}

static void masks(void **state) {
    (void)state;
    assert_non_null(mkdtemp(folder));
    write_mask("one.png", 1, 10, 25); /* 0 and 1 are as good as 0 and 255 */
    write_mask("two.png", 255, 11, 26);
    write_mask("black.png", 0, 0, 0);
    settled(HEAD "one,mg_cc,mask,,,,,,,one.png,\n", 0, "");
    const struct mark *x = &marks_of(k, 0, SLOT_MG_CC)->list[0];
    size_t n = 0;
    for (int row = -1; row <= HEIGHT; row++)
        for (int column = -1; column <= WIDTH; column++) {
            const bool in = row >= 5 && row < 15 && column >= 10 && column < 25;
            assert_int_equal(mark_covers(x, column + 0.4, row - 0.4), in);
            n += in;
        }
    double middle[2];
    assert_int_equal(n, 150);
    assert_true(mark_middle(middle, x) && middle[0] == 17 && middle[1] == 9.5 && mark_extent(x) == 7.5);
    settled(HEAD "one,mg_cc,mask,,,,,,,black.png,\n", ERR_MARK_MASK, "marks nothing");
    settled(HEAD "one,mg_cc,mask,,,,,,,not_there.png,\n", ERR_FILE_MISSING, "not_there.png");
    settled(HEAD "one,mg_cc,mask,,,,,,,one.png,\none,mg_cc,mask,,,,,,,two.png,\n", ERR_MARK_CONFLICT, "the same place");
    assert_int_equal(settle(HEAD "one,mg_cc,mask,,,,,,,one.png,\n", WIDTH + 1, HEIGHT), ERR_MARK_MASK);
    assert_non_null(strstr(err.message, "marks: exam one, mg_cc: line 2: the mask has 40 x 30 pixels, its picture 41 x 30"));
    char path[200];
    snprintf(path, sizeof path, "%s/text.png", folder);
    assert_int_equal(replace_whole(path, "no picture", 10, &err), 0);
    settled(HEAD "one,mg_cc,mask,,,,,,,text.png,\n", ERR_MARK_MASK, "text.png");
}

static void outside(void **state) {
    (void)state;
    settled(HEAD "one,mg_cc,circle,39,29,20,,,,,\n", 0, ""); /* cut off by the border: its middle counts */
    settled(HEAD "one,mg_cc,circle,41,29,20,,,,,\n", ERR_MARK_OUTSIDE, "the circle is not inside its picture of 40 x 30 pixels");
    settled(HEAD "one,mg_cc,circle,3,-2,20,,,,,\n", ERR_MARK_OUTSIDE, "");
    settled(HEAD "one,mg_cc,box,0,0,,40,30,,,\n", 0, "");
    settled(HEAD "one,mg_cc,box,0,0,,42,30,,,\n", ERR_MARK_OUTSIDE, "box");
    settled(HEAD "one,mg_cc,polygon,,,,,,0 0 39 0 39 29,,\n", 0, "");
    settled(HEAD "one,mg_cc,polygon,,,,,,0 0 39 0 39 39,,\n", ERR_MARK_OUTSIDE, "polygon");
    settled(HEAD "one,mg_mlo,circle,1000,29,20,,,,,\n", 0, ""); /* its image is not used */
}

/* --- shapes ------------------------------------------------------------------------------------------------------------------- */

static double area_of(const struct mark *x, double side, int steps) {
    int n = 0;
    for (int i = 0; i < steps; i++)
        for (int j = 0; j < steps; j++)
            n += mark_covers(x, (i + 0.5) * side / steps, (j + 0.5) * side / steps);
    return n * side * side / ((double)steps * steps);
}

static void areas(void **state) {
    (void)state;
    static const double star[][2] = {{50, 5}, {61, 40}, {98, 40}, {68, 62}, {79, 96}, {50, 75}, {21, 96}, {32, 62}, {2, 40}, {39, 40}};
    const struct mark circle = {.shape = MARK_CIRCLE, .x = 50, .y = 48, .radius = 30},
                      box = {.shape = MARK_BOX, .x = 10, .y = 20, .width = 30, .height = 7},
                      polygon = {.shape = MARK_POLYGON, .point = star, .n_points = 10}, none = {.shape = MARK_NONE};
    double shoelace = 0, middle[2];
    for (int i = 0; i < 10; i++)
        shoelace += (star[i][0] * star[(i + 1) % 10][1] - star[(i + 1) % 10][0] * star[i][1]) / 2;
    assert_true(fabs(area_of(&circle, 100, 800) / (3.14159265358979 * 900) - 1) < 1e-3);
    assert_true(fabs(area_of(&box, 100, 1000) / 210 - 1) < 2e-2);
    assert_true(fabs(area_of(&polygon, 100, 800) / fabs(shoelace) - 1) < 5e-3);
    assert_false(mark_middle(middle, &none));
    assert_true(mark_middle(middle, &box) && middle[0] == 24.5 && middle[1] == 23); /* columns 10 .. 39, rows 20 .. 26 */
    assert_true(mark_middle(middle, &polygon) && mark_covers(&polygon, middle[0], middle[1]));
    assert_true(mark_extent(&polygon) == 48 && mark_extent(&box) == 15);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_shape), cmocka_unit_test(every_fault), cmocka_unit_test(limits),
                                       cmocka_unit_test(masks),       cmocka_unit_test(outside),     cmocka_unit_test(areas)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
