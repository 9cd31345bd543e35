/* The files of a folder, read and decoded, as facts. Floor 4. */
#ifndef BMU_SCAN_READ_H
#define BMU_SCAN_READ_H

#include "file/walk.h"
#include "image/decode.h"
#include "scan/scan.h"

struct scan_source {
    const char *folder; /* that was walked */
    const char *prefix; /* stands before each path in the table: "" or something that ends with '/' */
    const struct walk *walk;
    struct decoder *decoder;
    const char *names;                                  /* a pattern of file names; NULL: none */
    int (*step)(void *ctx, size_t done, struct err *e); /* after each file; not 0 ends the reading with that code. May be NULL */
    void *ctx;
};
/* A scan with its files' facts, ready for scan_arrange(). What is wrong with a file is told by the file's code; an error is returned only
 * for what would spoil every file: ERR_DECODER, ERR_NO_MEMORY, and what step() says. */
int scan_read(struct scan **out, const struct scan_source *from, struct err *e);

#endif
