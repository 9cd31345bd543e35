/* The exam table: both headers, what refuses a file, what refuses a row, and the example converters on real data. Test code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cohort/manifest.h"
#include "exam/manifest_columns.h"
#include "file/io.h"

static struct schema *schema;
static struct manifest *m;
static struct err err;

static int set_up(void **state) {
    (void)state;
    return schema_read_yaml(&schema, "share/schemas/clinical10.yml", &err);
}

static int tear_down(void **state) {
    (void)state;
    manifest_free(m);
    schema_free(schema);
    return 0;
}

static int parse_with(const char *text, size_t n, const struct manifest_options *options) {
    char *exact = malloc(n + 1);
    assert_non_null(exact);
    memcpy(exact, text, n);
    manifest_free(m);
    m = NULL;
    err = (struct err){0};
    int code = manifest_parse(&m, exact, n, "d", options, &err);
    memset(exact, 'X', n); /* nothing in the manifest may point into the text */
    free(exact);
    assert_int_equal(code, err.code);
    assert_true((code == 0) == (m != NULL));
    return code;
}

static void good(const char *text) {
    const struct manifest_options options = {.schema = schema};
    if (parse_with(text, strlen(text), &options) != 0)
        fail_msg("%s\n-> %s", text, err.message);
}

static void refused_bytes(const char *text, size_t n, const struct schema *s, int code, const char *says) {
    const struct manifest_options options = {.schema = s};
    if (parse_with(text, n, &options) != code || strstr(err.message, says) == NULL)
        fail_msg("%s\n-> %s: %s", text, err_name(err.code), err.message);
}
#define REFUSED(text, code, says) refused_bytes(text, sizeof(text) - 1, schema, code, says)
#define REFUSED_BARE(text, code, says) refused_bytes(text, sizeof(text) - 1, NULL, code, says)

static void row(size_t i, int code, const char *says) {
    assert_true(i < m->n);
    if (m->rows[i].fault.code != code || strstr(m->rows[i].fault.reason, says) == NULL)
        fail_msg("row %zu -> %s: %s", i, err_name(m->rows[i].fault.code), m->rows[i].fault.reason);
}

static void our_header(void **state) {
    (void)state;
    good("\xEF\xBB\xBF"
         "vendor,us_elasto_long,bmi,exam_id,side,mg_cc,menopausal,patient_id,split,center,birads,malignant,pathology,tier\r\n"
         "GE,a/b.png,22.5,E1,left,/abs/c.png,post,P1,train,c1,4a,1,\"DCIS&\"\"x\"\"\",T3\r\n"
         ",,unknown,E2,,x.png,,,,,,,,");
    assert_int_equal(m->n, 2);
    assert_false(m->published_header);
    assert_false(m->positional_clinical);
    const struct cohort_row *x = &m->rows[0];
    assert_string_equal(x->exam.exam_id, "E1");
    assert_string_equal(x->exam.patient_id, "P1");
    assert_string_equal(x->exam.side, "L");
    assert_string_equal(x->exam.source[SLOT_US_ELASTO_LONG].name, "d/a/b.png");
    assert_string_equal(x->exam.source[SLOT_MG_CC].name, "/abs/c.png");
    assert_null(x->exam.source[SLOT_MG_MLO].name);
    assert_string_equal(x->vendor, "GE");
    assert_string_equal(x->split, "train");
    assert_string_equal(x->center, "c1");
    assert_string_equal(x->birads, "4a");
    assert_string_equal(x->malignant, "1");
    assert_string_equal(x->pathology, "DCIS&\"x\"");
    assert_string_equal(x->tier, "T3");
    assert_string_equal(x->view, "");
    assert_string_equal(x->label, "");
    assert_int_equal(x->line, 2);
    assert_true(x->exam.clinical[1].present && x->exam.clinical[1].value == 22.5);
    assert_true(x->exam.clinical[2].present && x->exam.clinical[2].value == 2);
    assert_false(x->exam.clinical[0].present); /* no such column */
    assert_false(m->rows[1].exam.clinical[1].present);
    row(0, 0, "");
    row(1, 0, "");
    assert_int_equal(m->rows[1].line, 3);
}

static void our_names_are_the_slots_names(void **state) {
    (void)state;
    for (int s = 0; s < SLOT_COUNT; s++) {
        const struct manifest_column *c = manifest_column_find(slot_name((enum slot)s));
        assert_non_null(c);
        assert_int_equal(c->slot, s);
        assert_int_equal(c->headers, HEADER_OURS);
    }
}

#define CLINIC                                                                                                                             \
    "clinic_info1,clinic_info2,clinic_info3,clinic_info4,clinic_info5,clinic_info6,clinic_info7,clinic_info8,clinic_info9,clinic_info10"

static void published_header(void **state) {
    (void)state;
    static const char *const heads[] = {
        "patient_id,exam_id,mg1_path,mg2_path,us3_path,us4_path,us5_path,us6_path,us7_path,us8_path,label," CLINIC ",view",
        "patient_id,exam_id,m1_path,m2_path,u3_path,u4_path,u5_path,u6_path,u7_path,u8_path,label," CLINIC ",view",
    };
    for (size_t i = 0; i < 2; i++) {
        char text[2048];
        snprintf(text, sizeof text, "%s\n%s\n%s\n", heads[i], "p,e1,N,m.png,N,N,c.png,N,N,N,4,47,N,,-3.5,1e2,0,0,0,0,9,both",
                 "p,e2,a.png,b.png,N,N,N,N,N,N,N,1,2,3,4,x,6,7,8,9,10,");
        good(text);
        assert_true(m->published_header);
        assert_true(m->positional_clinical);
        const struct cohort_row *x = &m->rows[0];
        assert_null(x->exam.source[SLOT_MG_CC].name);
        assert_string_equal(x->exam.source[SLOT_MG_MLO].name, "d/m.png");
        assert_string_equal(x->exam.source[SLOT_US_DOPPLER_TRANS].name, "d/c.png");
        assert_string_equal(x->label, "4");
        assert_string_equal(x->view, "both");
        assert_true(x->exam.clinical[0].present && x->exam.clinical[0].value == 47);
        assert_false(x->exam.clinical[1].present || x->exam.clinical[2].present);
        assert_true(x->exam.clinical[3].present && x->exam.clinical[3].value == -3.5); /* no range: their meaning is not published */
        assert_true(x->exam.clinical[4].value == 100 && x->exam.clinical[9].value == 9);
        row(0, 0, "");
        row(1, ERR_VALUE_SYNTAX, "clinic_info5: \"x\" is not a number");
    }
}

static void published_slots(void **state) {
    (void)state;
    good("exam_id,u3_path,us4_path,u5_path,us6_path,u7_path,us8_path,m1_path,mg2_path\ne,3,4,5,6,7,8,1,2\n");
    static const char *const want[] = {"d/1", "d/2", "d/3", "d/4", "d/5", "d/6", "d/7", "d/8"};
    for (int s = 0; s < SLOT_COUNT; s++)
        assert_string_equal(m->rows[0].exam.source[s].name, want[s]);
    assert_false(m->positional_clinical); /* no such column: all missing */
    assert_false(m->rows[0].exam.clinical[0].present);
}

static void published_clinical_columns(void **state) {
    (void)state;
    REFUSED("exam_id,u3_path,clinic_info1,clinic_info2\ne,a,1,2\n", ERR_CSV_COLUMN_MISSING, "\"clinic_info3\" is missing");
    REFUSED("exam_id,u3_path," CLINIC ",clinic_info11\ne,a,1,2,3,4,5,6,7,8,9,10,11\n", ERR_CSV_COLUMN_UNKNOWN, "clinic_info11");
    REFUSED_BARE("exam_id,u3_path,clinic_info1\ne,a,1\n", ERR_CSV_COLUMN_UNKNOWN, "clinic_info1");
    REFUSED("exam_id,mg_cc,clinic_info1\ne,a,1\n", ERR_CSV_COLUMN_UNKNOWN, "clinic_info1");
    REFUSED("exam_id,u3_path,age\ne,a,50\n", ERR_CSV_COLUMN_UNKNOWN, "age");
    static const char *const ignore[] = {"clinic_info1"};
    const struct manifest_options options = {.ignore_columns = ignore, .n_ignore_columns = 1};
    const char text[] = "exam_id,u3_path,clinic_info1\ne,a,1\n";
    assert_int_equal(parse_with(text, sizeof text - 1, &options), 0);
    assert_null(m->rows[0].exam.clinical);
}

static void unknown_columns(void **state) {
    (void)state;
    REFUSED("exam_id,mg_cc,us_bmod_trans\ne,a,b\n", ERR_CSV_COLUMN_UNKNOWN,
            "column 3: \"us_bmod_trans\" is not known; the nearest known name is \"us_bmode_trans\"");
    REFUSED("exam_id,mg_cc,us_bmod_trans\ne,a,b\n", ERR_CSV_COLUMN_UNKNOWN, "rename it or leave it out");
    REFUSED("exam_id,MG_CC\ne,a\n", ERR_CSV_COLUMN_UNKNOWN, "nearest known name is \"mg_cc\"");
    REFUSED("exam_id,mg_cc,Age\ne,a,5\n", ERR_CSV_COLUMN_UNKNOWN, "nearest known name is \"age\"");
    REFUSED("exam_id,mg_cc,breast density\ne,a,5\n", ERR_CSV_COLUMN_UNKNOWN, "nearest known name is \"breast_density\"");
    REFUSED("exam_id,mg1_path,us5path\ne,a,5\n", ERR_CSV_COLUMN_UNKNOWN, "nearest known name is \"us5_path\"");
    REFUSED("exam_id ,mg_cc\ne,a\n", ERR_CSV_SYNTAX, "begins or ends with a blank; remove the blanks beside the commas");
    REFUSED("exam_id;mg_cc\ne;a\n", ERR_CSV_SYNTAX, "separated by semicolons");
    REFUSED("exam_id,mg_cc,\ne,a,\n", ERR_CSV_COLUMN_UNKNOWN, "column 3 has no name");
    REFUSED("exam_id,mg_cc,label\ne,a,1\n", ERR_CSV_COLUMN_UNKNOWN, "other header format");
    REFUSED("exam_id,mg1_path,side\ne,a,L\n", ERR_CSV_COLUMN_UNKNOWN, "other header format");
    REFUSED_BARE("exam_id,mg_cc,age\ne,a,50\n", ERR_CSV_COLUMN_UNKNOWN, "only with a clinical schema");
    static const char *const ignore[] = {"note", "us_bmod_trans"}, *const slip[] = {"nota"};
    const char text[] = "exam_id,mg_cc,us_bmod_trans,note,note\ne,a,b,c,d\n";
    struct manifest_options options = {.schema = schema, .ignore_columns = ignore, .n_ignore_columns = 2};
    assert_int_equal(parse_with(text, sizeof text - 1, &options), 0);
    options = (struct manifest_options){.schema = schema, .ignore_columns = slip, .n_ignore_columns = 1};
    assert_int_equal(parse_with(text, sizeof text - 1, &options), ERR_CSV_COLUMN_MISSING);
}

static void wrong_headers(void **state) {
    (void)state;
    REFUSED("exam_id,mg_cc,us3_path\ne,a,b\n", ERR_CSV_COLUMN_UNKNOWN, "\"mg_cc\" and \"us3_path\" belong to different header formats");
    REFUSED("exam_id,mg_cc,mg_cc\ne,a,b\n", ERR_CSV_COLUMN_TWICE, "columns 2 (\"mg_cc\") and 3 (\"mg_cc\")");
    REFUSED("exam_id,mg_cc,age,age\ne,a,50,50\n", ERR_CSV_COLUMN_TWICE, "age");
    REFUSED("exam_id,mg1_path,m1_path\ne,a,b\n", ERR_CSV_COLUMN_TWICE, "columns 2 (\"mg1_path\") and 3 (\"m1_path\")");
    REFUSED("patient_id,mg_cc\np,a\n", ERR_CSV_COLUMN_MISSING, "exam_id");
    REFUSED("exam_id,patient_id\ne,p\n", ERR_CSV_COLUMN_MISSING, "image column");
    REFUSED("exam_id,mg_cc\n", ERR_CSV_EMPTY, "no row");
    REFUSED("", ERR_CSV_EMPTY, "");
    schema->fields[0].missing_allowed = false;
    REFUSED("exam_id,mg_cc\ne,a\n", ERR_CSV_COLUMN_MISSING, "\"age\"");
    good("exam_id,mg_cc,age\ne,a,\nf,a,50\n");
    row(0, ERR_VALUE_MISSING, "age");
    row(1, 0, "");
    schema->fields[0].missing_allowed = true;
}

static void wrong_tables(void **state) {
    (void)state;
    REFUSED("exam_id,mg_cc\ne,a\nf\n", ERR_CSV_RAGGED, "line 3");
    REFUSED("exam_id,mg_cc\ne,a\0b\n", ERR_CSV_NUL, "line 2, column 4");
    REFUSED("exam_id,mg_cc\ne,\"a\n", ERR_CSV_SYNTAX, "line 2");
    REFUSED("exam_id,mg_cc\na,x\nb,y\na,z\nb,w\n", ERR_EXAM_ID_TWICE, "lines 2 and 4 have the same exam_id \"a\"");
    REFUSED("exam_id,u3_path\na,N\nb,N\nb,N\na,z\n", ERR_EXAM_ID_TWICE, "lines 3 and 4 have the same exam_id \"b\"");
    REFUSED("exam_id,mg_cc\na,x\n,y\n", ERR_EXAM_ID_EMPTY, "line 3");
    good("exam_id,mg_cc\na,x\nA,y\n"); /* ids are compared as written */
}

static void wrong_rows(void **state) {
    (void)state;
    good("exam_id,patient_id,side,mg_cc,us_bmode_trans,age,menopausal\n"
         "ok,p,R,a,b,50,pre\n"
         "side,p,both,a,b,50,pre\n"
         "n,p,,a,N,50,pre\n"
         "blank,p,,a,b ,50,pre\n"
         "young,p,,a,b,17,pre\n"
         "comma,p,,a,b,\"50,5\",pre\n"
         "code,p,,a,b,50,maybe\n"
         "none,p,,,,50,pre\n"
         " id,p,,a,b,50,pre\n"
         "patient,p\t,,a,b,50,pre\n"
         "first,p,Q,N,b,17,pre\n"
         "last,p,r,a,b,,\n");
    assert_int_equal(m->n, 12);
    row(0, 0, "");
    row(1, ERR_VALUE_SYNTAX, "side: \"both\"");
    row(2, ERR_VALUE_SYNTAX, "us_bmode_trans: \"N\" means missing only in the published header");
    row(3, ERR_VALUE_SYNTAX, "begins or ends with a space");
    row(4, ERR_VALUE_RANGE, "age: 17 lies outside 18 .. 100");
    row(5, ERR_VALUE_SYNTAX, "decimal point");
    row(6, ERR_VALUE_SYNTAX, "menopausal: \"maybe\"");
    row(7, ERR_EXAM_NO_IMAGE, "no image");
    row(8, ERR_VALUE_SYNTAX, "exam_id: \" id\"");
    row(9, ERR_VALUE_SYNTAX, "patient_id");
    row(10, ERR_VALUE_SYNTAX, "side"); /* the first cause */
    row(11, 0, "");
    assert_string_equal(m->rows[11].exam.side, "R");
    assert_string_equal(m->rows[1].exam.side, "");
}

static void same_file_in_two_views(void **state) {
    (void)state;
    static const struct {
        const char *a, *b;
        bool same;
    } pairs[] = {
        {"x.png", "x.png", true},
        {"x.png", "./x.png", true},
        {"a//x.png", "a/x.png", true},
        {"a/../x.png", "x.png", true},
        {"../d/x.png", "x.png", true},
        {"/x/./y", "/x/y", true},
        {"/../x", "/x", true},
        {"a/b/../../x", "x", true},
        {"x.png", "X.png", false},
        {"a/x.png", "x.png", false},
        {"../x", "../../x", false},
        {"../../../x", "../../../y/../x", true},
        {"x/", "x", true},
        {"../../../d/x", "d/x", false},
        {"..a/x", "x", false},
        {"a/.../../x", "a/x", true},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, "exam_id,us_doppler_trans,us_doppler_long\ne,%s,%s\n", pairs[i].a, pairs[i].b);
        good(text);
        if ((m->rows[0].fault.code == ERR_VIEW_DUPLICATE) != pairs[i].same)
            fail_msg("%s and %s: %s", pairs[i].a, pairs[i].b, m->rows[0].fault.reason);
    }
    good("exam_id,us_doppler_trans,us_doppler_long\ne,x,x\nf,x,y\n"); /* the same file in two exams is allowed */
    row(0, ERR_VIEW_DUPLICATE, "us_doppler_trans and us_doppler_long name the same file \"d/x\"");
    row(1, 0, "");
}

static void long_paths(void **state) {
    (void)state;
    char text[6000], path[5001];
    memset(path, 'p', 5000);
    path[5000] = '\0';
    snprintf(text, sizeof text, "exam_id,mg_cc,mg_mlo\ne,%s,b\n", path);
    good(text);
    row(0, ERR_LIMIT, "path is longer");
}

static void the_folder_of_the_file(void **state) {
    (void)state;
    char path[] = "/tmp/bmunet-t_manifest-XXXXXX", want[64];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    const char text[] = "exam_id,mg_cc\ne,x/y.png\n";
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    manifest_free(m);
    m = NULL;
    assert_int_equal(manifest_read(&m, path, NULL, &err), 0);
    snprintf(want, sizeof want, "/tmp/x/y.png");
    assert_string_equal(m->rows[0].exam.source[SLOT_MG_CC].name, want);
    manifest_free(m);
    unlink(path);
    assert_int_equal(manifest_read(&m, path, NULL, &err), ERR_FILE_MISSING);
    assert_null(m);
}

/* Run a converter of share/examples over a folder and read its table. */
static void convert(const char *script, const char *folder) {
    char out[] = "/tmp/bmunet-t_manifest-XXXXXX";
    int fd = mkstemp(out), status = -1;
    assert_true(fd >= 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(fd, STDOUT_FILENO);
        execl("/bin/sh", "sh", script, folder, (char *)NULL);
        _exit(127);
    }
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    close(fd);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    const struct manifest_options options = {.schema = schema};
    manifest_free(m);
    m = NULL;
    if (manifest_read(&m, out, &options, &err) != 0)
        fail_msg("%s", err.message);
    unlink(out);
}

/* The same over a data set. False if the data set is not there. */
static bool converted(const char *script, const char *set, char folder[static 1024]) {
    const char *data = getenv("BMUNET_DATA");
    snprintf(folder, 1024, "%s/%s", data != NULL ? data : "../shared/data", set);
    if (access(folder, R_OK) != 0) {
        print_message("skipped: %s is not there\n", folder);
        return false;
    }
    convert(script, folder);
    for (size_t i = 0; i < m->n; i++) {
        row(i, 0, "");
        for (int s = 0; s < SLOT_COUNT; s++)
            if (m->rows[i].exam.source[s].name != NULL && access(m->rows[i].exam.source[s].name, R_OK) != 0)
                fail_msg("%s is not there", m->rows[i].exam.source[s].name);
    }
    return true;
}

/* Counts below are of the data sets' own tables, counted with Python. */
static void breast_example(void **state) {
    (void)state;
    char folder[1024];
    if (!converted("share/examples/breast_to_exams.sh", "BrEaST", folder))
        skip();
    size_t ages = 0, malignant = 0;
    for (size_t i = 0; i < m->n; i++) {
        ages += m->rows[i].exam.clinical[0].present;
        malignant += strcmp(m->rows[i].malignant, "1") == 0;
        assert_non_null(m->rows[i].exam.source[SLOT_US_BMODE_TRANS].name);
    }
    assert_int_equal(m->n, 153);
    assert_int_equal(ages, 153 - 27);
    assert_int_equal(malignant, 59);
}

/* How many images each case of BUS-BRA has, read from its own table without our reader: whoever has a part of the set has that part's
 * table. */
static void busbra_cases(const char *folder, size_t *cases, size_t *pairs) {
    enum { MOST = 10000 };
    static unsigned char images[MOST];
    char path[1100], line[1024];
    memset(images, 0, sizeof images);
    snprintf(path, sizeof path, "%s/bus_data.csv", folder);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    while (fgets(line, sizeof line, f) != NULL) {
        const char *second = strchr(line, ',');
        assert_non_null(second);
        const unsigned long c = strtoul(second + 1, NULL, 10);
        assert_true(c > 0 && c < MOST);
        images[c]++;
    }
    fclose(f);
    *cases = *pairs = 0;
    for (unsigned i = 0; i < MOST; i++) {
        *cases += images[i] > 0;
        *pairs += images[i] == 2;
    }
}

static void busbra_example(void **state) {
    (void)state;
    char folder[1024];
    size_t pairs = 0, want_cases = 0, want_pairs = 0;
    if (!converted("share/examples/busbra_to_exams.sh", "BUS-BRA", folder))
        skip();
    for (size_t i = 0; i < m->n; i++) {
        assert_non_null(m->rows[i].exam.source[SLOT_US_BMODE_TRANS].name);
        assert_string_equal(m->rows[i].exam.side, "");
        pairs += m->rows[i].exam.source[SLOT_US_BMODE_LONG].name != NULL;
    }
    busbra_cases(folder, &want_cases, &want_pairs);
    assert_int_equal(m->n, want_cases);
    assert_int_equal(pairs, want_pairs);
}

/* Two images of one case that disagree cost what they disagree about, not the whole set. */
static void busbra_disputes(void **state) {
    (void)state;
    char folder[] = "/tmp/bmunet-t_manifest-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/bus_data.csv", folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("ID,Case,Histology,Pathology,BIRADS,Device,Width,Height,Side,BBOX\n"
          "a-l,1,fibroadenoma,benign,4,A,9,9,left,\"[1,1,1,1]\"\n"
          "a-r,1,fibroadenoma,benign,5,A,9,9,right,\"[1,1,1,1]\"\n"
          "b-l,2,fibroadenoma,benign,3,A,9,9,left,\"[1,1,1,1]\"\n"
          "b-r,2,fibroadenoma,benign,3,B,9,9,right,\"[1,1,1,1]\"\n"
          "c-l,3,fibroadenoma,benign,3,A,9,9,left,\"[1,1,1,1]\"\n"
          "c-r,3,invasive ductal carcinoma,malignant,3,A,9,9,right,\"[1,1,1,1]\"\n"
          "d-s,4,invasive ductal carcinoma,malignant,5,A,9,9,single,\"[1,1,1,1]\"\n",
          f);
    assert_int_equal(fclose(f), 0);
    convert("share/examples/busbra_to_exams.sh", folder);
    unlink(path);
    rmdir(folder);
    static const struct {
        const char *id, *birads, *vendor;
    } want[] = {{"busbra-0001", "", "A"}, {"busbra-0002", "3", ""}, {"busbra-0004", "5", "A"}};
    assert_int_equal(m->n, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(m->rows[i].exam.exam_id, want[i].id);
        assert_string_equal(m->rows[i].birads, want[i].birads);
        assert_string_equal(m->rows[i].vendor, want[i].vendor);
    }
}

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text), k = strlen(end);
    return n >= k && strcmp(text + n - k, end) == 0;
}

static void fourview_example(void **state) {
    (void)state;
    char folder[1024];
    if (!converted("share/examples/fourview_to_exams.sh", "mammo-4view", folder))
        skip();
    assert_int_equal(m->n, 4);
    for (size_t i = 0; i < m->n; i++) {
        const struct cohort_row *x = &m->rows[i];
        char file[16];
        snprintf(file, sizeof file, "%s-CC.png", x->exam.side);
        assert_true(ends_with(x->exam.source[SLOT_MG_CC].name, file));
        snprintf(file, sizeof file, "%s-MLO.png", x->exam.side);
        assert_true(ends_with(x->exam.source[SLOT_MG_MLO].name, file));
        assert_string_equal(x->exam.patient_id, m->rows[i ^ 1].exam.patient_id);
    }
}

/* docs/FORMATS.md lists every code with its class and meaning. */
static void documented_codes(void **state) {
    (void)state;
    static const int codes[] = {
#define X(name, value, class, meaning) ERR_##name,
        ERR_CODES(X)
#undef X
    };
    uint8_t *bytes = NULL;
    size_t n = 0;
    char line[512];
    assert_int_equal(io_read_file(&bytes, &n, "docs/FORMATS.md", 1 << 20, &err), 0);
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        snprintf(line, sizeof line, "\n| `%s` | %s | %s |\n", err_name(codes[i]), err_class_name(err_class(codes[i])),
                 err_meaning(codes[i]));
        if (strstr((const char *)bytes, line) == NULL)
            fail_msg("docs/FORMATS.md lacks: %s", line);
    }
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_header),
        cmocka_unit_test(our_names_are_the_slots_names),
        cmocka_unit_test(published_header),
        cmocka_unit_test(published_slots),
        cmocka_unit_test(published_clinical_columns),
        cmocka_unit_test(unknown_columns),
        cmocka_unit_test(wrong_headers),
        cmocka_unit_test(wrong_tables),
        cmocka_unit_test(wrong_rows),
        cmocka_unit_test(same_file_in_two_views),
        cmocka_unit_test(long_paths),
        cmocka_unit_test(the_folder_of_the_file),
        cmocka_unit_test(breast_example),
        cmocka_unit_test(busbra_example),
        cmocka_unit_test(busbra_disputes),
        cmocka_unit_test(fourview_example),
        cmocka_unit_test(documented_codes),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
