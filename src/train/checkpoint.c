/* A training run on disk. Floor 8. */
#include "train/checkpoint.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/order.h"
#include "ckpt/archive.h"

/* Arrays beside the network's own; no array of a network begins like this. */
static const char FIRST[] = "train.first", SECOND[] = "train.second", STEPS[] = "train.steps", AVERAGE[] = "train.average";
static const char FORMAT[] = "2"; /* 1: the digest went over the arrays in an order that only the program knew */
enum { GENERATIONS = 2, EXTRA = 4, PATH_ROOM = 4096 };

static int path_of(char out[PATH_ROOM], const char *folder, int generation, struct err *e) {
    const int n = snprintf(out, PATH_ROOM, "%s/checkpoint-%d.safetensors", folder, generation);
    return n > 0 && n < PATH_ROOM ? 0 : err_set(e, ERR_LIMIT, "%s: the path is too long", folder);
}

/* --- the arrays of a checkpoint: where the numbers are ------------------------------------------------------------------------------ */

static struct array vector(const char *name, enum dtype t, void *data, size_t n) {
    return (struct array){.name = name, .dtype = t, .rank = 1, .shape = {(int64_t)n}, .data = data, .bytes = n * dtype_size(t)};
}

/* The network's arrays and the optimiser's, in the order of their names, so that a reader needs no other list; *out is owned. */
static int gather(struct array **out, size_t *n, struct learner *l, const float *average, struct err *e) {
    struct parameters *p = learner_parameters(l);
    const struct optimiser *o = learner_optimiser(l);
    struct array *a = mem_alloc(p->keys->n + EXTRA, sizeof *a, e);
    if (!a)
        return ERR_NO_MEMORY;
    memcpy(a, p->arrays, p->keys->n * sizeof *a);
    size_t at = p->keys->n;
    if (o->first)
        a[at++] = vector(FIRST, DTYPE_F32, o->first, o->size);
    if (o->second)
        a[at++] = vector(SECOND, DTYPE_F32, o->second, o->size);
    a[at++] = vector(STEPS, DTYPE_I64, o->steps, o->n_segments);
    if (average)
        a[at++] = vector(AVERAGE, DTYPE_F32, (void *)(uintptr_t)average, p->n);
    qsort(a, at, sizeof *a, order_text);
    *out = a;
    *n = at;
    return 0;
}

/* Over the state's text and then every array's name and numbers. */
static void digest_of(uint8_t out[SHA256_SIZE], const char *state, const struct array *a, size_t n) {
    struct sha256 h;
    sha256_init(&h);
    sha256_update(&h, state, strlen(state));
    for (size_t i = 0; i < n; i++) {
        sha256_update(&h, a[i].name, strlen(a[i].name) + 1);
        sha256_update(&h, a[i].data, a[i].bytes);
    }
    sha256_final(&h, out);
}

/* --- the state as JSON -----------------------------------------------------------------------------------------------------------------
 */

#define COUNTS(X) X(saved) X(epoch) X(position) X(step) X(images) X(epoch_steps) X(best_epoch) X(since_best)
#define FIGURES(X) X(loss_sum) X(norm_sum) X(rate) X(best)

static int state_text(struct buf *out, const struct run_state *s, struct err *e) {
    struct json *j = json_object(), *epochs = json_array();
    char hex[SHA256_HEX_SIZE];
#define PUT(member) json_put_integer(j, #member, (int64_t)s->member);
    COUNTS(PUT)
#undef PUT
#define PUT(member) json_put_number(j, #member, s->member);
    FIGURES(PUT)
#undef PUT
    json_put_bool(j, "finished", s->finished);
    sha256_hex(s->identity, hex);
    json_put_string(j, "identity", hex);
    for (size_t i = 0; i < s->history.n; i++)
        json_push(epochs, epoch_to_json(&s->history.epochs[i]));
    json_put(j, "epochs", epochs);
    return json_text(out, j, e);
}

static int state_from_text(struct run_state *s, char identity[SHA256_HEX_SIZE], const char *text, struct err *e) {
    struct json *j = NULL;
    int rc = json_read(&j, text, strlen(text), ERR_CHECKPOINT, e);
    if (rc)
        return rc;
    memset(s, 0, sizeof *s);
#define TAKE(member)                                                                                                                       \
    if (json_integer(json_get(j, #member), -1) < 0)                                                                                        \
        rc = err_set(e, ERR_CHECKPOINT, "its state has no '%s'", #member);                                                                 \
    s->member = (__typeof__(s->member))json_integer(json_get(j, #member), 0);
    COUNTS(TAKE)
#undef TAKE
#define TAKE(member) s->member = json_number(json_get(j, #member), (double)NAN);
    FIGURES(TAKE)
#undef TAKE
    s->finished = json_bool(json_get(j, "finished"), false);
    const char *said = json_string(json_get(j, "identity"));
    snprintf(identity, SHA256_HEX_SIZE, "%s", said ? said : "");
    const struct json *epochs = json_get(j, "epochs");
    for (size_t i = 0; i < json_size(epochs) && rc == 0; i++) {
        struct epoch_record r;
        if ((rc = epoch_from_json(&r, json_at(epochs, i), e)) == 0)
            rc = history_add(&s->history, &r, e);
    }
    json_free(j);
    if (rc)
        history_release(&s->history);
    return rc;
}

/* --- writing
 * ------------------------------------------------------------------------------------------------------------------------------ */

int checkpoint_write(const char *folder, struct run_state *s, struct learner *l, const float *average, struct err *e) {
    char path[PATH_ROOM], hex[SHA256_HEX_SIZE];
    uint8_t digest[SHA256_SIZE];
    struct array *arrays = NULL;
    struct buf state;
    size_t n = 0;
    buf_init(&state);
    s->saved++;
    int rc = path_of(path, folder, (int)(s->saved % GENERATIONS), e);
    if (rc == 0 && (rc = state_text(&state, s, e)) == 0)
        rc = gather(&arrays, &n, l, average, e);
    if (rc == 0) {
        digest_of(digest, state.data, arrays, n);
        sha256_hex(digest, hex);
        const char *const metadata[][2] = {
            {"bmunet.train.format", FORMAT}, {"bmunet.train.state", state.data}, {"bmunet.train.sha256", hex}};
        rc = safetensors_write(path, arrays, n, metadata, sizeof metadata / sizeof *metadata, e);
    }
    if (rc)
        s->saved--;
    mem_free(arrays);
    buf_release(&state);
    return rc;
}

/* --- reading
 * ------------------------------------------------------------------------------------------------------------------------------ */

struct candidate {
    struct archive *archive; /* NULL: not there, or not whole */
    struct run_state state;
    char identity[SHA256_HEX_SIZE];
};

static void discard(struct candidate *c) {
    archive_close(c->archive);
    history_release(&c->state.history);
    memset(c, 0, sizeof *c);
}

/* The file's arrays in the order of `like`, which they must equal in name, type and size. */
static int match(const struct archive *a, struct array *found, const struct array *like, size_t n, struct err *e) {
    if (archive_count(a) != n)
        return err_set(e, ERR_CHECKPOINT, "it holds %zu arrays, this run %zu", archive_count(a), n);
    for (size_t i = 0; i < n; i++) {
        const struct array *x = archive_find(a, like[i].name);
        if (!x || x->dtype != like[i].dtype || x->bytes != like[i].bytes)
            return err_set(e, ERR_CHECKPOINT, "the array '%s' is missing or of another size", like[i].name);
        found[i] = *x;
    }
    return 0;
}

static int open_one(struct candidate *c, const char *path, const struct array *like, size_t n, struct array *found, struct err *e) {
    char hex[SHA256_HEX_SIZE];
    uint8_t digest[SHA256_SIZE];
    int rc = safetensors_open(&c->archive, path, e);
    if (rc)
        return rc;
    const char *state = archive_metadata(c->archive, "bmunet.train.state"), *said = archive_metadata(c->archive, "bmunet.train.sha256");
    const char *format = archive_metadata(c->archive, "bmunet.train.format");
    if (!state || !said || !format)
        rc = err_set(e, ERR_CHECKPOINT, "no checkpoint: its metadata has no state");
    else if (strcmp(format, FORMAT) != 0)
        rc = err_set(e, ERR_CHECKPOINT, "a checkpoint of format '%.20s', written by another version of this program; this one reads %s",
                     format, FORMAT);
    else if ((rc = match(c->archive, found, like, n, e)) == 0) {
        digest_of(digest, state, found, n);
        sha256_hex(digest, hex);
        if (strcmp(hex, said) != 0)
            rc = err_set(e, ERR_CHECKPOINT, "its contents do not match its SHA-256");
    }
    if (rc == 0)
        rc = state_from_text(&c->state, c->identity, state, e);
    if (rc) {
        err_prefix(e, "%s", path);
        discard(c);
    }
    return rc;
}

int checkpoint_read(bool *found, const char *folder, struct run_state *s, struct learner *l, float *average, struct err *e) {
    struct candidate c[GENERATIONS] = {{0}};
    struct array *like = NULL, *there = NULL;
    struct err why = {0};
    char path[PATH_ROOM], hex[SHA256_HEX_SIZE];
    size_t n = 0;
    int newest = -1, files = 0, rc = gather(&like, &n, l, average, e);
    *found = false;
    if (rc == 0 && !(there = mem_alloc(n, sizeof *there, e)))
        rc = ERR_NO_MEMORY;
    for (int g = 0; g < GENERATIONS && rc == 0; g++) {
        if ((rc = path_of(path, folder, g, e)) || access(path, F_OK))
            continue;
        files++;
        if (open_one(&c[g], path, like, n, there, &why) == 0 && (newest < 0 || c[g].state.saved > c[newest].state.saved))
            newest = g;
    }
    if (rc || files == 0)
        goto out;
    if (newest < 0) {
        rc = err_set(e, ERR_CHECKPOINT, "%s; no checkpoint of the run is intact", why.message);
        goto out;
    }
    sha256_hex(s->identity, hex);
    if (strcmp(hex, c[newest].identity) != 0) {
        rc = err_set(e, ERR_CHECKPOINT,
                     "%s: the checkpoint there belongs to other settings, exams, seed or number of threads; resume with those, or choose "
                     "another folder",
                     folder);
        goto out;
    }
    if ((rc = match(c[newest].archive, there, like, n, e)))
        goto out;
    for (size_t i = 0; i < n; i++)
        memcpy((void *)(uintptr_t)like[i].data, there[i].data, like[i].bytes);
    memcpy(c[newest].state.identity, s->identity, sizeof s->identity);
    history_release(&s->history);
    *s = c[newest].state;
    memset(&c[newest].state.history, 0, sizeof c[newest].state.history); /* handed over */
    *found = true;
out:
    for (int g = 0; g < GENERATIONS; g++)
        discard(&c[g]);
    mem_free(like);
    mem_free(there);
    return rc;
}
