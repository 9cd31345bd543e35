/* The cache of prepared images: a hit is a miss to the last bit, damage is noticed, keys tell everything apart, the bound holds, threads
 * and processes share a folder, a full disk stops the caching and nothing else. Test code. */
#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/rng.h"
#include "file/io.h"
#include "prep/cache.h"
#include "prep/cache_entry.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
static const struct prep_profile small = {
    .name = "reference-v1", .mg_height = 23, .mg_width = 17, .us_height = 16, .us_width = 20, .mg_mean = 5063.68, .mg_std = 8773.89};
static const struct prep_profile full = {
    .name = "reference-v1", .mg_height = 2294, .mg_width = 1280, .us_height = 224, .us_width = 224, .mg_mean = 5234.68, .mg_std = 9211.48};
static const struct prep_claim nothing;
static struct decoder *decoder;
static char root[] = "/tmp/t_cache_XXXXXX";

static const char *in_root(const char *name) {
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

static struct cache *open_cache(const char *name, uint64_t max) {
    struct cache *c;
    struct err e = {0};
    if (cache_open(&c, in_root(name), max, &e))
        fail_msg("%s", e.message);
    return c;
}

static struct cache_stats stats_of(struct cache *c) {
    struct cache_stats s;
    cache_stats(&s, c);
    return s;
}

/* Visits the entries below the folder: how many, their bytes; one of their paths. */
static void look(const char *folder, int depth, size_t *n, uint64_t *bytes, char last[300]) {
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (struct dirent *x; (x = readdir(d)) != NULL;) {
        char path[300];
        struct stat st;
        if (x->d_name[0] == '.' || snprintf(path, sizeof path, "%s/%s", folder, x->d_name) >= (int)sizeof path)
            continue;
        assert_int_equal(stat(path, &st), 0);
        if (S_ISDIR(st.st_mode)) {
            look(path, depth + 1, n, bytes, last);
        } else if (depth == 2) {
            ++*n;
            *bytes += (uint64_t)st.st_size;
            memcpy(last, path, sizeof path);
            assert_int_equal(st.st_mode & 077, 0);
        } else {
            assert_string_equal(x->d_name, "bmunet-cache"); /* and no temporary */
        }
    }
    closedir(d);
}

static size_t entries(const char *name, uint64_t *bytes, char last[300]) {
    char folder[200], path[300];
    size_t n = 0;
    uint64_t sum = 0;
    snprintf(folder, sizeof folder, "%s", in_root(name));
    look(folder, 0, &n, &sum, path);
    if (bytes)
        *bytes = sum;
    if (last && n)
        memcpy(last, path, sizeof path);
    return n;
}

static void assert_same_verdict(const struct input_verdict *a, const struct input_verdict *b) {
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->code, b->code);
    assert_string_equal(a->note, b->note);
    assert_int_equal(a->hashed, b->hashed);
    assert_memory_equal(a->sha256, b->sha256, 32);
    assert_int_equal(a->prepared, b->prepared);
    assert_memory_equal(a->tensor_sha256, b->tensor_sha256, 32);
    assert_memory_equal(&a->geometry, &b->geometry, sizeof a->geometry);
    assert_int_equal(a->facts.dicom, b->facts.dicom);
    assert_string_equal(a->facts.patient_id, b->facts.patient_id);
    assert_string_equal(a->facts.study, b->facts.study);
    assert_string_equal(a->facts.study_date, b->facts.study_date);
    assert_string_equal(a->facts.content_date, b->facts.content_date);
    assert_int_equal(a->facts.side, b->facts.side);
    assert_memory_equal(a->facts.pixel_sha256, b->facts.pixel_sha256, 32);
}

static void hit_is_miss(const struct prep_profile *p, enum slot s, const char *path, struct cache *c, int expected) {
    uint8_t *bytes;
    size_t size, n = prep_size(p, s);
    float *out[3];
    struct input_verdict v[3];
    struct err e[3] = {0};
    assert_int_equal(io_read_file(&bytes, &size, path, 1 << 26, NULL), 0);
    struct cache_stats before = stats_of(c), after;
    for (int i = 0; i < 3; i++) {
        out[i] = calloc(n, sizeof(float));
        assert_non_null(out[i]);
        memset(&v[i], 0xa5, sizeof v[i]);
        assert_int_equal(prep_cached(out[i], p, s, decoder, bytes, size, &nothing, &v[i], i ? c : NULL, &e[i]), expected);
        assert_int_equal(e[i].code, expected);
        assert_string_equal(e[i].message, e[0].message);
        assert_same_verdict(&v[i], &v[0]);
        assert_memory_equal(out[i], out[0], n * sizeof(float));
    }
    after = stats_of(c);
    assert_int_equal(after.hits - before.hits, 1);
    assert_int_equal(after.misses - before.misses, 1);
    for (int i = 0; i < 3; i++)
        free(out[i]);
    free(bytes);
}

static void a_hit_is_a_miss(void **state) {
    (void)state;
    struct cache *c = open_cache("same", 1 << 26);
    uint64_t bytes;
    hit_is_miss(&full, SLOT_MG_CC, "share/demo/oval_mg_cc.png", c, 0);
    entries("same", &bytes, NULL);
    assert_in_range(bytes, 2294 * 1280 * 2, 2294 * 1280 * 2 + 1000); /* compact */
    hit_is_miss(&full, SLOT_US_BMODE_LONG, "share/demo/oval_us_bmode_long.png", c, 0);
    uint64_t both;
    entries("same", &both, NULL);
    assert_in_range(both - bytes, 224 * 224 * 3, 224 * 224 * 3 + 1000);
    hit_is_miss(&small, SLOT_MG_CC, "share/demo/oval_mg_cc.png", c, 0);
    hit_is_miss(&small, SLOT_US_ELASTO_LONG, "share/demo/oval_us_elasto_long.png", c, 0);
    hit_is_miss(&small, SLOT_US_BMODE_LONG, "share/demo/cut_us_bmode_long.png", c, ERR_IMAGE_TRUNCATED); /* a refusal */
    hit_is_miss(&small, SLOT_MG_CC, "share/demo/exams.csv", c, ERR_IMAGE_TYPE);
    struct cache_stats s = stats_of(c);
    assert_int_equal(s.kept, 6);
    assert_int_equal(s.damaged, 0);
    assert_int_equal(s.remark[0], 0);
    cache_close(c);
    c = open_cache("same", 1 << 26); /* another process would find them */
    assert_int_equal(entries("same", NULL, NULL), 6);
    cache_close(c);
}

/* --- entries made by hand ------------------------------------------------------------------------------------------------ */

static struct input_verdict used_verdict(uint32_t item) {
    struct input_verdict v = {
        .status = INPUT_USED, .hashed = true, .prepared = true, .geometry = {10 + item, 20, {1, 2, 9, 12}, {0.5, -0.25}, {3, item}}};
    snprintf(v.note, sizeof v.note, "note %u", item);
    memset(v.sha256, (int)item, 32);
    v.facts.dicom = true;
    snprintf(v.facts.patient_id, sizeof v.facts.patient_id, "patient %u", item);
    snprintf(v.facts.study, sizeof v.facts.study, "1.2.%u", item);
    snprintf(v.facts.study_date, sizeof v.facts.study_date, "20240101");
    v.facts.side = 'R';
    return v;
}

static struct cache_key key_of(const struct cache *c, uint32_t item) {
    struct cache_key k;
    uint8_t digest[32] = {0};
    memcpy(digest, &item, sizeof item);
    cache_key_make(&k, c, &small, SLOT_US_BMODE_TRANS, &nothing, digest);
    return k;
}

static void samples_of(float *out, size_t n, uint32_t item, int encoding) {
    struct rng r = rng_make(7, 1, item);
    for (size_t i = 0; i < n; i++) {
        double x = rng_uniform(&r, i);
        int integer = (int)(x * (encoding == 3 ? 256 : 65536));
        out[i] = encoding == 1   ? (float)x
                 : encoding == 2 ? ((float)integer - (float)small.mg_mean) / (float)small.mg_std
                                 : (float)integer / 255.0f;
    }
}

static void all_encodings_are_exact(void **state) {
    (void)state;
    struct cache *c = open_cache("exact", 1 << 24);
    struct cache_key k = key_of(c, 1);
    float in[960], out[960];
    assert_int_equal(k.n, 960);
    for (int encoding = 1; encoding <= 3; encoding++) {
        struct input_verdict v = used_verdict(9), w;
        struct buf b;
        samples_of(in, 960, 3, encoding);
        if (encoding == 1)
            in[3] = -0.0f; /* no integer gives it */
        buf_init(&b);
        assert_int_equal(cache_entry_write(&b, &k, in, &v, NULL), 0);
        assert_int_equal(((uint8_t *)b.data)[12], encoding);
        assert_int_equal(cache_entry_read(out, &w, &k, (uint8_t *)b.data, b.size, NULL), 0);
        assert_memory_equal(in, out, sizeof in);
        assert_same_verdict(&v, &w);
        buf_release(&b);
    }
    cache_close(c);
}

static void every_damage_is_noticed(void **state) {
    (void)state;
    struct cache *c = open_cache("damage", 1 << 24);
    struct cache_key k = key_of(c, 1);
    struct input_verdict v = used_verdict(9), w;
    struct buf b;
    float in[960], out[960];
    samples_of(in, 960, 3, 3);
    buf_init(&b);
    assert_int_equal(cache_entry_write(&b, &k, in, &v, NULL), 0);
    for (size_t i = 0; i < b.size; i++) {
        b.data[i] ^= (char)(1 << (i % 8));
        assert_int_equal(cache_entry_read(out, &w, &k, (uint8_t *)b.data, b.size, NULL), ERR_FILE_READ);
        b.data[i] ^= (char)(1 << (i % 8));
    }
    for (size_t n = 0; n < b.size; n++) {
        uint8_t *exact = malloc(n ? n : 1); /* for the sanitizer */
        memcpy(exact, b.data, n);
        assert_int_equal(cache_entry_read(out, &w, &k, exact, n, NULL), ERR_FILE_READ);
        free(exact);
    }
    assert_int_equal(buf_append(&b, "", 1, NULL), 0);
    assert_int_equal(cache_entry_read(out, &w, &k, (uint8_t *)b.data, b.size, NULL), ERR_FILE_READ);
    struct cache_key other = key_of(c, 2); /* a file under another's name */
    assert_int_equal(cache_entry_read(out, &w, &other, (uint8_t *)b.data, b.size - 1, NULL), ERR_FILE_READ);
    buf_release(&b);
    /* on the disk: dropped, and made again */
    char path[300];
    for (int how = 0; how < 3; how++) {
        assert_int_equal(cache_put(c, &k, in, &v, NULL), 0);
        assert_int_equal(cache_get(out, &w, c, &k, NULL), 0);
        assert_int_equal(entries("damage", NULL, path), 1);
        FILE *f = fopen(path, "r+");
        assert_non_null(f);
        fseek(f, how ? 400 : 700, SEEK_SET);
        if (how < 2)
            fputc(0x5a, f);
        fclose(f);
        if (how == 2)
            assert_int_equal(truncate(path, 300), 0);
        assert_int_equal(cache_get(out, &w, c, &k, NULL), 1);
        assert_int_equal(entries("damage", NULL, NULL), 0);
    }
    assert_int_equal(stats_of(c).damaged, 3);
    cache_close(c);
}

/* fuzz/corpus/cache was written by another program, after the description of the layout. */
static void entries_of_another_writer(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int code;
        float third;
    } cases[] = {{"float32", 0, 1.0f},
                 {"uint8", 0, 2.0f / 255.0f},
                 {"uint16", 0, ((float)(4 + 5 * 256) - 5063.68f) / 8773.89f},
                 {"refusal", ERR_IMAGE_TRUNCATED, 0},
                 {"short", ERR_FILE_READ, 0},
                 {"long_note", ERR_FILE_READ, 0},
                 {"nul_note", ERR_FILE_READ, 0}};
    const struct cache_key k = {.digest = {1, 2, 3}, .n = 60, .mean = 5063.68f, .std = 8773.89f};
    for (size_t i = 0; i < COUNT(cases); i++) {
        char path[100];
        uint8_t *bytes;
        size_t n;
        float out[60] = {0};
        struct input_verdict v;
        snprintf(path, sizeof path, "fuzz/corpus/cache/%s", cases[i].name);
        assert_int_equal(io_read_file(&bytes, &n, path, 1 << 20, NULL), 0);
        int rc = cache_entry_read(out, &v, &k, bytes, n, NULL);
        assert_int_equal(rc ? rc : v.code, cases[i].code);
        assert_memory_equal(&out[2], &cases[i].third, sizeof(float));
        if (rc == 0)
            assert_string_equal(v.facts.study_date, "20240101");
        free(bytes);
    }
}

/* A well-formed checksum over contradictions: the reader believes nothing. */
static void a_right_checksum_is_not_enough(void **state) {
    (void)state;
    struct cache *c = open_cache("lies", 1 << 24);
    struct cache_key k = key_of(c, 1);
    struct input_verdict w;
    float in[960] = {0}, out[960];
    for (int lie = 0; lie < 8; lie++) {
        struct input_verdict v = used_verdict(9);
        struct buf b;
        struct cache_key shorter = k;
        if (lie == 0)
            v.code = ERR_IMAGE_BLANK;
        if (lie == 1)
            v.prepared = false;
        if (lie == 2)
            v.facts.side = 'x';
        if (lie == 3)
            v.status = INPUT_ABSENT;
        if (lie == 4)
            shorter.n = 100;
        if (lie == 5)
            v.geometry.scale[1] = 0;
        if (lie == 6)
            v.geometry.kept.x1 = v.geometry.width + 1;
        if (lie == 7)
            v.geometry.width = 0;
        buf_init(&b);
        assert_int_equal(cache_entry_write(&b, &shorter, in, &v, NULL), 0);
        assert_int_equal(cache_entry_read(out, &w, &k, (uint8_t *)b.data, b.size, NULL), ERR_FILE_READ);
        buf_release(&b);
    }
    cache_close(c);
}

static void keys_tell_everything_apart(void **state) {
    (void)state;
    struct cache *c = open_cache("keys", 1 << 24);
    struct cache_key keys[12];
    uint8_t digest[32] = {1};
    size_t n = 0;
    struct prep_profile p = small;
    struct prep_claim left = {.side = 'L'}, tomo = {.allow_tomosynthesis = true};
#define KEY(profile, slot, claim) cache_key_make(&keys[n++], c, profile, slot, claim, digest)
    KEY(&small, SLOT_MG_CC, &nothing);
    KEY(&small, SLOT_MG_MLO, &nothing);
    KEY(&small, SLOT_MG_CC, &left);
    KEY(&small, SLOT_MG_CC, &tomo);
    KEY(&full, SLOT_MG_CC, &nothing);
    p.name = "canonical-v1";
    KEY(&p, SLOT_MG_CC, &nothing);
    p = small;
    p.mg_std += 1e-9;
    KEY(&p, SLOT_MG_CC, &nothing);
    p = small;
    p.mg_mean += 1e-9;
    KEY(&p, SLOT_MG_CC, &nothing);
    p = small;
    p.us_width = 21;
    KEY(&p, SLOT_MG_CC, &nothing);
    digest[31] = 1;
    KEY(&small, SLOT_MG_CC, &nothing);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(keys[i].digest, keys[k].digest, 32);
    digest[31] = 0;
    KEY(&small, SLOT_MG_CC, NULL); /* no claim is a claim of nothing */
    assert_memory_equal(keys[n - 1].digest, keys[0].digest, 32);
    cache_close(c);
}

static void faults_of_the_machine_are_not_kept(void **state) {
    (void)state;
    static const int codes[] = {ERR_NO_MEMORY, ERR_DECODER, ERR_DECODER_CRASH, ERR_DECODER_TIMEOUT, ERR_DECODER_SANDBOX, ERR_FILE_READ};
    struct cache *c = open_cache("faults", 1 << 24);
    struct cache_key k = key_of(c, 1);
    for (size_t i = 0; i < COUNT(codes); i++) {
        struct input_verdict v = {.status = INPUT_REFUSED, .code = codes[i], .hashed = true};
        assert_int_equal(cache_put(c, &k, NULL, &v, NULL), 0);
    }
    assert_int_equal(entries("faults", NULL, NULL), 0);
    cache_close(c);
}

/* --- the bound ------------------------------------------------------------------------------------------------------------ */

enum { ENTRY = 960 * 4 }; /* and some: float32 */

static void put_one(struct cache *c, uint32_t item) {
    float in[960];
    struct input_verdict v = used_verdict(item);
    struct cache_key k = key_of(c, item);
    samples_of(in, 960, item, 1);
    assert_int_equal(cache_put(c, &k, in, &v, NULL), 0);
}

static bool get_one(struct cache *c, uint32_t item) {
    float in[960], out[960];
    struct input_verdict v = used_verdict(item), w;
    struct cache_key k = key_of(c, item);
    int rc = cache_get(out, &w, c, &k, NULL);
    assert_in_range(rc, 0, 1);
    if (rc == 0) {
        samples_of(in, 960, item, 1);
        assert_memory_equal(in, out, sizeof in);
        assert_same_verdict(&v, &w);
    }
    return rc == 0;
}

static void the_bound_holds(void **state) {
    (void)state;
    struct cache *c = open_cache("bound", CACHE_BYTES_MIN);
    uint64_t bytes;
    for (uint32_t i = 0; i < 600; i++) {
        put_one(c, i);
        if (i % 10 == 0) {
            assert_true(get_one(c, 0)); /* in use: it stays */
            entries("bound", &bytes, NULL);
            assert_true(bytes <= CACHE_BYTES_MIN);
        }
    }
    assert_true(get_one(c, 0) && get_one(c, 599) && !get_one(c, 1) && !get_one(c, 200));
    assert_true(stats_of(c).evicted >= 300);
    assert_true(entries("bound", &bytes, NULL) > 150 && bytes > CACHE_BYTES_MIN * 8 / 10);
    /* whatever becomes of the sum: it is counted again */
    static const char *const marks[] = {"", "0", "garbage\n", "99999999999999999999999\n", "5"};
    for (size_t i = 0; i < COUNT(marks); i++) {
        FILE *f = fopen(in_root("bound/bmunet-cache"), "w");
        fputs(marks[i], f);
        fclose(f);
        put_one(c, 1000 + (uint32_t)i);
        entries("bound", &bytes, NULL);
        assert_true(bytes <= CACHE_BYTES_MIN);
    }
    cache_close(c);
    struct err e = {0};
    assert_int_equal(cache_open(&c, in_root("bound"), CACHE_BYTES_MIN - 1, &e), ERR_USAGE);
}

/* --- company -------------------------------------------------------------------------------------------------------------- */

enum { THREADS = 8, PROCESSES = 4, ROUNDS = 150, ITEMS = 400 };

static void *hammer(void *ctx) {
    struct cache *c = ctx;
    struct rng r = rng_make((uint64_t)getpid(), 2, (uint32_t)(uintptr_t)pthread_self());
    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t item = (uint32_t)(rng_uniform(&r, i) * ITEMS);
        if (!get_one(c, item))
            put_one(c, item);
    }
    return NULL;
}

static void threads_and_processes(void **state) {
    (void)state;
    pid_t children[PROCESSES];
    for (int p = 0; p < PROCESSES; p++) {
        children[p] = fork();
        assert_true(children[p] >= 0);
        if (children[p] == 0) {
            pthread_t threads[THREADS];
            struct cache *c = open_cache("company", CACHE_BYTES_MIN); /* holds about 250 of the 400 */
            for (int t = 0; t < THREADS; t++)
                if (pthread_create(&threads[t], NULL, hammer, c))
                    _exit(3);
            for (int t = 0; t < THREADS; t++)
                pthread_join(threads[t], NULL);
            struct cache_stats s = stats_of(c);
            cache_close(c);
            _exit(s.damaged || s.remark[0] || s.hits == 0 ? 2 : 0);
        }
    }
    for (int p = 0; p < PROCESSES; p++) {
        int status;
        assert_int_equal(waitpid(children[p], &status, 0), children[p]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    uint64_t bytes;
    assert_true(entries("company", &bytes, NULL) > 100);
    assert_true(bytes <= CACHE_BYTES_MIN);
}

/* --- faults of the disk --------------------------------------------------------------------------------------------------- */

static void a_full_disk_stops_the_caching_alone(void **state) {
    (void)state;
    struct cache *c = open_cache("disk", 1 << 24);
    put_one(c, 1);
    struct rlimit old, tight;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    tight = old;
    tight.rlim_cur = 2000; /* a file may not be longer: as if the disk were full in the midst of an entry */
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    float in[960];
    struct input_verdict v = used_verdict(2);
    struct cache_key k = key_of(c, 2);
    samples_of(in, 960, 2, 1);
    struct err e = {0};
    int first = cache_put(c, &k, in, &v, &e), second = cache_put(c, &k, in, &v, NULL);
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, handler);
    assert_int_equal(first, ERR_FILE_WRITE);
    assert_int_equal(second, ERR_FILE_WRITE);
    assert_non_null(strstr(e.message, "disk"));
    assert_non_null(strstr(stats_of(c).remark, "nothing more is cached"));
    assert_int_equal(entries("disk", NULL, NULL), 1); /* no half entry, no temporary */
    assert_true(get_one(c, 1) && !get_one(c, 2));
    /* preparing goes on */
    uint8_t *bytes;
    size_t n;
    static float out[960];
    assert_int_equal(io_read_file(&bytes, &n, "share/demo/oval_us_bmode_long.png", 1 << 26, NULL), 0);
    assert_int_equal(prep_cached(out, &small, SLOT_US_BMODE_LONG, decoder, bytes, n, &nothing, &v, c, NULL), 0);
    free(bytes);
    cache_close(c);
}

static void folders_that_will_not_do(void **state) {
    (void)state;
    struct cache *c;
    struct err e = {0};
    assert_int_equal(cache_open(&c, in_root("no/such/parent"), 1 << 24, &e), ERR_FILE_WRITE);
    assert_null(c);
    assert_int_equal(cache_open(&c, "/proc/bmunet-cache", 1 << 24, &e), ERR_FILE_WRITE);
    assert_int_equal(mkdir(in_root("others"), 0700), 0);
    FILE *f = fopen(in_root("others/thesis.tex"), "w");
    fclose(f);
    assert_int_equal(cache_open(&c, in_root("others"), 1 << 24, &e), ERR_USAGE);
    assert_int_equal(cache_open(&c, in_root("others/thesis.tex"), 1 << 24, &e), ERR_FILE_WRITE);
    assert_int_equal(mkdir(in_root("bare"), 0700), 0);
    assert_int_equal(cache_open(&c, in_root("bare"), 1 << 24, &e), 0);
    cache_close(c);
}

static int begin(void **state) {
    (void)state;
    return !mkdtemp(root) || decoder_open(&decoder, NULL, NULL);
}

static int remove_all(const char *folder) {
    DIR *d = opendir(folder);
    for (struct dirent *x; d && (x = readdir(d)) != NULL;) {
        char path[400];
        if (strcmp(x->d_name, ".") == 0 || strcmp(x->d_name, "..") == 0 || snprintf(path, sizeof path, "%s/%s", folder, x->d_name) >= 400)
            continue;
        if (unlink(path))
            remove_all(path);
    }
    if (d)
        closedir(d);
    return rmdir(folder);
}

static int end(void **state) {
    (void)state;
    decoder_close(decoder);
    return remove_all(root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hit_is_a_miss),
        cmocka_unit_test(all_encodings_are_exact),
        cmocka_unit_test(every_damage_is_noticed),
        cmocka_unit_test(entries_of_another_writer),
        cmocka_unit_test(a_right_checksum_is_not_enough),
        cmocka_unit_test(keys_tell_everything_apart),
        cmocka_unit_test(faults_of_the_machine_are_not_kept),
        cmocka_unit_test(the_bound_holds),
        cmocka_unit_test(threads_and_processes),
        cmocka_unit_test(a_full_disk_stops_the_caching_alone),
        cmocka_unit_test(folders_that_will_not_do),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
