/* bmunet deidentify: DICOM files without what tells who the patient is. Floor 10. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/progress.h"
#include "cli/cli.h"
#include "cli/hint.h"
#include "file/filename.h"
#include "file/io.h"
#include "file/walk.h"
#include "image/decode.h"
#include "verb/verbs.h"

enum { SECONDS = 120 }; /* of a file: all frames are decoded */

struct options {
    const char *in, *out, *key, *json;
    bool keep_burned_in;
};

static const struct option option_list[] = {
    {OPTION_TEXT("key", "FILE", struct options, key,
                 "32 random bytes that the pseudonyms are derived from (default: OUT.key; made if absent)")},
    {OPTION_JSON_LINES(struct options, "write one JSON object per file: attributes and what was done, no values")},
    {OPTION_FLAG("keep-burned-in", struct options, keep_burned_in,
                 "accept pictures that may hold burned-in text, unchanged; they are then not called clean")},
    {OPTION_TEXT(NULL, "IN", struct options, in, "a DICOM file, or a folder of them"), .required = true},
    {OPTION_TEXT(NULL, "OUT", struct options, out, "a new or empty folder"), .required = true},
    {0}};

struct folder { /* of the walk, and its neutral name */
    const char *old, *new;
    int folders, files; /* named in it so far */
};
struct job {
    const struct options *options;
    struct walk *walk;
    bool single; /* IN is a file */
    struct folder *folders;
    size_t n_folders;
    struct decoder *decoder;
    struct deidentify_request request;
    struct replace *report;
    size_t written, refused;
};

/* --- the key */

static int make_key(uint8_t key[DEIDENTIFY_KEY], const char *path, struct err *e) {
    char text[256];
    if (getrandom(key, DEIDENTIFY_KEY, 0) != DEIDENTIFY_KEY)
        return err_set(e, ERR_FILE_WRITE, "%s: no random bytes for the key", path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_set(e, ERR_FILE_WRITE, "%s: the key cannot be written: %s", path, strerror_r(errno, text, sizeof text));
    bool ok = write(fd, key, DEIDENTIFY_KEY) == DEIDENTIFY_KEY && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    if (ok)
        return 0;
    unlink(path);
    return err_set(e, ERR_FILE_WRITE, "%s: the key cannot be written", path);
}

static int take_key(struct job *j, struct err *e) {
    char beside[PATH_MAX];
    const char *path = j->options->key;
    size_t length = strlen(j->options->out), n = 0;
    uint8_t *bytes = NULL;
    while (length > 1 && j->options->out[length - 1] == '/')
        length--;
    if (!path) {
        if (snprintf(beside, sizeof beside, "%.*s.key", (int)length, j->options->out) >= (int)sizeof beside)
            return err_set(e, ERR_USAGE, "%s: the path is too long", j->options->out);
        path = beside;
    }
    if (access(path, F_OK) && errno == ENOENT)
        return make_key(j->request.key, path, e);
    int rc = io_read_file(&bytes, &n, path, 1024, e);
    if (!rc && n != DEIDENTIFY_KEY)
        rc = err_set(e, ERR_USAGE, "%s: %zu bytes; a key has %d", path, n, DEIDENTIFY_KEY);
    if (!rc)
        memcpy(j->request.key, bytes, DEIDENTIFY_KEY);
    mem_free(bytes);
    return rc;
}

/* --- neutral names */

static int open_out(const char *path, struct err *e) {
    char text[256];
    if (mkdir(path, 0777) == 0)
        return 0;
    if (errno != EEXIST)
        return err_set(e, ERR_FILE_WRITE, "%s: cannot be created: %s", path, strerror_r(errno, text, sizeof text));
    if (rmdir(path)) /* the one test of emptiness that cannot be wrong */
        return err_set(e, ERR_USAGE, "%s: exists and is not an empty folder; name a new one", path);
    return mkdir(path, 0777) ? err_set(e, ERR_FILE_WRITE, "%s: cannot be created", path) : 0;
}

/* The folder of the first n bytes of a path of the walk; 0 is OUT itself. Made when first met: d1, d2 ... of its parent. */
static int find_folder(size_t *out, struct job *j, const char *path, size_t n, struct err *e) {
    for (size_t i = j->n_folders; i-- > 0;)
        if (strlen(j->folders[i].old) == n && strncmp(j->folders[i].old, path, n) == 0) {
            *out = i;
            return 0;
        }
    const char *slash = memrchr(path, '/', n);
    size_t parent = 0;
    int rc = find_folder(&parent, j, path, slash ? (size_t)(slash - path) : 0, e);
    if (rc)
        return rc;
    void *grown = j->folders;
    if (mem_grow(&grown, j->n_folders + 1, sizeof *j->folders, e))
        return ERR_NO_MEMORY;
    j->folders = grown;
    struct folder *f = &j->folders[j->n_folders];
    *f = (struct folder){.old = arena_strndup(&j->walk->arena, path, n, e),
                         .new = arena_printf(&j->walk->arena, e, "%s/d%d", j->folders[parent].new, ++j->folders[parent].folders)};
    if (!f->old || !f->new)
        return ERR_NO_MEMORY;
    if (mkdir(f->new, 0777))
        return err_set(e, ERR_FILE_WRITE, "%s: the folder cannot be created", f->new);
    *out = j->n_folders++;
    return 0;
}

static int new_name(const char **out, struct job *j, const char *path, struct err *e) {
    const char *slash = strrchr(path, '/');
    size_t folder = 0;
    int rc = find_folder(&folder, j, path, slash ? (size_t)(slash - path) : 0, e);
    if (rc)
        return rc;
    *out = arena_printf(&j->walk->arena, e, "%s/%d.dcm", j->folders[folder].new, ++j->folders[folder].files);
    return *out ? 0 : ERR_NO_MEMORY;
}

/* --- files */

static int report_line(struct job *j, const char *old, const char *new, struct json *report, const struct err *why, const uint8_t *sha256,
                       struct err *e) {
    struct buf text;
    char hex[SHA256_HEX_SIZE];
    struct json *line = report ? report : json_object();
    buf_init(&text);
    json_put_string(line, "path", old);
    json_put_string(line, "written", new);
    json_put_string(line, "code", why ? err_name(why->code) : NULL);
    json_put_string(line, "reason", why ? why->message : NULL);
    if (sha256)
        sha256_hex(sha256, hex);
    json_put_string(line, "sha256", sha256 ? hex : NULL);
    int rc = json_ok(line) ? json_write(line, &text, e) : err_set(e, ERR_NO_MEMORY, "no memory for the report");
    if (!rc && j->report)
        rc = replace_printf(j->report, e, "%s\n", text.data);
    json_free(line);
    buf_release(&text);
    return rc;
}

static int refuse(struct job *j, const char *old, const struct err *why, struct err *e) {
    j->refused++;
    fprintf(stderr, "bmunet: refused: %s: ", err_name(why->code));
    cli_text(stderr, old);
    fputs(": ", stderr);
    const char *hint = hint_for("deidentify", why->code);
    cli_text(stderr, why->message);
    fprintf(stderr, "%s%s\n", *hint ? "; " : "", hint);
    return report_line(j, old, NULL, NULL, why, NULL, e);
}

static int write_file(const char *path, const struct buf *bytes, struct err *e) {
    struct replace *r = NULL;
    int rc = replace_open(&r, path, e);
    if (!rc)
        rc = replace_write(r, bytes->data, bytes->size, e);
    if (!rc)
        return replace_commit(r, e);
    replace_abort(r);
    return rc;
}

static int take_file(struct job *j, const struct walk_file *met, struct err *e) {
    char path[PATH_MAX];
    uint8_t *bytes = NULL, digest[SHA256_SIZE];
    size_t n = 0;
    const char *new = NULL;
    struct json *report = NULL;
    struct err why = {0};
    struct buf file;
    buf_init(&file);
    int rc = met->code ? err_set(&why, met->code, "%s", met->reason) : 0;
    if (!rc && snprintf(path, sizeof path, "%s%s%s", j->options->in, j->single ? "" : "/", j->single ? "" : met->path) >= (int)sizeof path)
        rc = err_set(&why, ERR_LIMIT, "its path is too long");
    if (!rc)
        rc = io_read_file(&bytes, &n, path, IMAGE_FILE_MAX, &why);
    if (!rc)
        rc = decode_deidentify(&file, &report, j->decoder, &j->request, bytes, n, &why);
    if (rc) {
        rc = err_ends_run(rc) ? err_set(e, rc, "%s: %s", met->path, why.message) : refuse(j, met->path, &why, e);
        goto out;
    }
    sha256_bytes(bytes, n, digest);
    rc = new_name(&new, j, met->path, e);
    if (!rc)
        rc = write_file(new, &file, e);
    if (!rc) {
        rc = report_line(j, met->path, new, report, NULL, digest, e);
        report = NULL;
        j->written++;
    }
out:
    json_free(report);
    buf_release(&file);
    mem_free(bytes);
    return rc;
}

static int list_files(struct job *j, struct err *e) {
    struct stat st;
    if (stat(j->options->in, &st) || S_ISDIR(st.st_mode))
        return walk_folder(&j->walk, j->options->in, NULL, e);
    j->single = true;
    struct walk *w = j->walk = mem_alloc(1, sizeof *w, e);
    if (!w)
        return ERR_NO_MEMORY;
    arena_init(&w->arena, 0);
    if (!(w->files = mem_alloc(1, sizeof *w->files, e)))
        return ERR_NO_MEMORY;
    w->files[0] = (struct walk_file){.path = filename_base(j->options->in), .reason = ""};
    w->n = 1;
    return 0;
}

/* OUT inside of IN would be read while it is written. */
static int check_apart(const char *in, const char *out, struct err *e) {
    char a[PATH_MAX], b[PATH_MAX];
    if (!realpath(in, a) || !realpath(out, b))
        return err_set(e, ERR_FILE_MISSING, "%s: does not exist", in);
    size_t n = strlen(a);
    if (strncmp(a, b, n) == 0 && (b[n] == '/' || !b[n]))
        return err_set(e, ERR_USAGE, "%s lies in %s; name another folder for the output", out, in);
    return 0;
}

static int prepare(struct job *j, struct err *e) {
    const struct options *o = j->options;
    const struct decoder_options patient = {.seconds = SECONDS, .deidentifies = true};
    int rc = list_files(j, e);
    if (!rc)
        rc = open_out(o->out, e);
    if (!rc)
        rc = check_apart(o->in, o->out, e);
    if (!rc)
        rc = take_key(j, e);
    if (!rc)
        rc = decoder_open(&j->decoder, &patient, e);
    if (!rc && o->json)
        rc = replace_open(&j->report, o->json, e);
    if (rc)
        return rc;
    j->request.keep_burned_in = o->keep_burned_in;
    if (!(j->folders = mem_alloc(1, sizeof *j->folders, e)))
        return ERR_NO_MEMORY;
    j->folders[j->n_folders++] = (struct folder){.old = "", .new = o->out};
    return 0;
}

static int run(struct job *j, struct err *e) {
    struct progress progress;
    int rc = 0;
    progress_start(&progress, stderr, "files", (long)j->walk->n);
    for (size_t i = 0; i < j->walk->n && !rc; i++) {
        rc = *cli_stop() ? err_set(e, ERR_INTERRUPTED, "interrupted; %s holds the files written so far", j->options->out)
                         : take_file(j, &j->walk->files[i], e);
        progress_update(&progress, (long)i + 1);
    }
    progress_finish(&progress);
    struct replace *report = j->report;
    j->report = NULL;
    if (report && !rc)
        rc = replace_commit(report, e);
    else
        replace_abort(report);
    return rc;
}

static int run_deidentify(void *options) {
    const struct options *o = options;
    struct err e = {0};
    struct job j = {.options = o};
    cli_catch(SIGINT);
    cli_catch(SIGTERM);
    int rc = prepare(&j, &e);
    if (!rc)
        rc = run(&j, &e);
    if (!rc)
        fprintf(cli_report(), say("%zu files written, %zu refused\n"), j.written, j.refused);
    replace_abort(j.report);
    decoder_close(j.decoder);
    walk_free(j.walk);
    mem_free(j.folders);
    explicit_bzero(&j.request, sizeof j.request);
    if (rc)
        return cli_fail(&e);
    return cli_finish(j.refused ? EXIT_REFUSED : EXIT_OK);
}

const struct command command_deidentify = {
    .name = "deidentify",
    .summary = "write DICOM images without what identifies the patient",
    .about =
        "Write DICOM images without what identifies the patient, by PS3.15's basic profile: identifiers are replaced by keyed pseudonyms, "
        "dates are shifted by the same number of days for all files of a patient, and ultrasound pictures are black outside of their "
        "echo regions. Pictures that may hold text elsewhere are refused. Files get neutral names in the same folders. Look at the "
        "pictures before you pass them on: what a file says in places that DICOM did not make for it stays.",
    .notes = "The key links old and new: protect it, and the report, as you protect the originals. The report and standard error say why "
             "a file was refused. Limits: files of 512 MiB; decoded, 1 GiB of pixels (a clip of 16 seconds, 1016x708 in colour); 120 "
             "seconds for a file.",
    .options = option_list,
    .size = sizeof(struct options),
    .run = run_deidentify,
    .refuses = true};
