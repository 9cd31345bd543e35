/* All files below a folder, in a fixed order, without following links. Floor 1.
 *
 * What cannot be looked into is listed with its reason as well: a reader of the list sees every entry that was met.
 */
#ifndef BMU_FILE_WALK_H
#define BMU_FILE_WALK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

enum { WALK_DEPTH_MAX = 64, WALK_ENTRIES_MAX = 4 * 1000 * 1000, WALK_PATH_MAX = 3500 };
struct walk_limits {
    int depth;      /* folders inside folders; 0: WALK_DEPTH_MAX */
    size_t entries; /* files, folders and others together; 0: WALK_ENTRIES_MAX */
};
struct walk_file {
    const char *path; /* below the folder, joined by '/'; as the file system has it, perhaps not UTF-8 */
    uint64_t size;
    int code;           /* 0: a regular file; ERR_SCAN_NOT_FOLLOWED, ERR_FILE_READ, ERR_LIMIT (too deep, too long a path): not opened */
    const char *reason; /* a sentence for code, else "" */
};
struct walk {
    struct arena arena; /* owns everything below */
    struct walk_file *files;
    size_t n; /* sorted by the bytes of the path */
};

/* The folder itself may be reached by a link; below it no link is followed, so there is no loop. ERR_FILE_MISSING, ERR_FILE_READ: the
 * folder itself; ERR_LIMIT: more entries than the limit, or one whose name cannot be held; ERR_NO_MEMORY. */
int walk_folder(struct walk **out, const char *folder, const struct walk_limits *limits, struct err *e);
void walk_free(struct walk *w); /* NULL is allowed */

#endif
