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
    bool names_over_tags;                               /* where it matches a DICOM file, it is believed about patient, side and view */
    int (*step)(void *ctx, size_t done, struct err *e); /* after each file; not 0 ends the reading with that code. May be NULL */
    void *ctx;
};
/* scan_colour() of an ultrasound DICOM file, whose tags `im` holds; 0 for any other. What is wrong with the file, or ERR_DECODER,
 * ERR_NO_MEMORY, ERR_INTERNAL. */
int scan_read_colour(double *out, struct decoder *d, const struct image *im, const uint8_t *bytes, size_t n, struct err *e);
/* A scan with its files' facts, ready for scan_arrange(). What is wrong with a file is told by the file's code; an error is returned only
 * for what would spoil every file: ERR_DECODER, ERR_NO_MEMORY, and what step() says. */
int scan_read(struct scan **out, const struct scan_source *from, struct err *e);

#endif
