/* Standard streams in place of files: "-". Floor 9. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "file/io.h"

/* One output of a run may be "-". It is written whole to a file first, as every output is, so that a run that fails prints nothing. */
static struct { char folder[PATH_MAX - 8], path[PATH_MAX]; /* "": there is none */ } stream;

FILE *cli_report(void) {
    return stream.path[0] ? stderr : stdout;
}

void cli_written(const char *a, const char *b) {
    const char *const paths[] = {a, b};
    const char *before = say("written: ");
    for (int i = 0; i < 2; i++) {
        if (!paths[i] || strcmp(paths[i], stream.path) == 0)
            continue;
        fprintf(cli_report(), "%s%s", before, paths[i]);
        before = ", ";
    }
    if (before[0] == ',')
        fputc('\n', cli_report());
}

int cli_output_begin(const char **path, struct err *e) {
    const char *folder = getenv("TMPDIR");
    if (!*path || strcmp(*path, "-") != 0)
        return 0;
    if (stream.path[0])
        return err_set(e, ERR_USAGE, "only one output can go to standard output");
    const int n = snprintf(stream.folder, sizeof stream.folder, "%s/bmunet-XXXXXX", folder && *folder ? folder : "/tmp");
    if (n < 0 || n >= (int)sizeof stream.folder || !mkdtemp(stream.folder))
        return err_set(e, ERR_FILE_WRITE, "%s: a temporary folder cannot be made: %s", stream.folder, strerror(errno));
    snprintf(stream.path, sizeof stream.path, "%s/out", stream.folder);
    *path = stream.path;
    return 0;
}

int cli_output_end(bool keep, struct err *e) {
    int rc = 0;
    if (!stream.path[0])
        return 0;
    if (keep) {
        char part[1 << 16];
        FILE *f = fopen(stream.path, "rbe");
        for (size_t n; f && (n = fread(part, 1, sizeof part, f)) > 0;)
            fwrite(part, 1, n, stdout);
        if (f && ferror(f))
            rc = err_set(e, ERR_FILE_READ, "%s: cannot be read", stream.path);
        if (f)
            fclose(f);
        if (!rc && (fflush(stdout) || ferror(stdout)))
            rc = err_set(e, ERR_FILE_WRITE, "standard output could not be written");
    }
    unlink(stream.path);
    rmdir(stream.folder);
    stream.path[0] = 0;
    return rc;
}
