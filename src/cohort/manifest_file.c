/* A cohort table read from its file. Floor 4. */
#include "cohort/manifest_file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cohort/identity.h"
#include "file/csv.h"
#include "file/distinct.h"
#include "file/filename.h"
#include "file/folder.h"
#include "file/io.h"

int manifest_file_read(struct manifest_file *f, const char *path, const struct manifest_options *options, struct err *e) {
    char *folder = NULL;
    memset(f, 0, sizeof *f);
    int rc = strcmp(path, "-") == 0 ? io_read_descriptor(&f->text, &f->n, STDIN_FILENO, "standard input", CSV_FILE_MAX, e)
                                    : io_read_file(&f->text, &f->n, path, CSV_FILE_MAX, e);
    if (rc)
        return rc;
    if ((rc = filename_folder(&folder, path, e)) || (rc = folder_check(folder, e)))
        goto out;
    sha256_bytes(f->text, f->n, f->sha256);
    rc = manifest_parse(&f->manifest, (const char *)f->text, f->n, folder, options, e);
    if (rc)
        err_prefix(e, "%s", path);
out:
    mem_free(folder);
    return rc;
}

void manifest_file_release(struct manifest_file *f) {
    manifest_free(f->manifest);
    mem_free(f->text);
    memset(f, 0, sizeof *f);
}

int manifest_read(struct manifest **out, const char *path, const struct manifest_options *options, struct err *e) {
    struct manifest_file f;
    int rc = manifest_file_read(&f, path, options, e);
    *out = rc ? NULL : f.manifest;
    f.manifest = rc ? f.manifest : NULL;
    manifest_file_release(&f);
    return rc;
}

int cohort_read(struct manifest **out, uint8_t sha256[SHA256_SIZE], const char *path, const struct manifest_options *options,
                struct err *e) {
    struct manifest_file f;
    struct decoder *d = NULL;
    *out = NULL;
    int rc = manifest_file_read(&f, path, options, e);
    if (!rc)
        rc = decoder_open(&d, NULL, e);
    if (!rc && !(options && options->trust_table))
        rc = identity_check(f.manifest, d, e);
    if (!rc) {
        memcpy(sha256, f.sha256, SHA256_SIZE);
        *out = f.manifest;
        f.manifest = NULL;
    }
    decoder_close(d);
    manifest_file_release(&f);
    return rc;
}

int manifest_not_an_image(const char *what, const char *path, const struct manifest *cohort, struct err *e) {
    int rc = 0;
    if (!path || access(path, F_OK) != 0)
        return 0;
    for (size_t i = 0; i < cohort->n && !rc; i++)
        for (int s = 0; s < SLOT_COUNT && !rc; s++)
            rc = file_distinct(what, path, "an image of the table", cohort->rows[i].exam.source[s].name, e);
    return rc;
}
