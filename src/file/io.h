/* Files: bounded reading, and the one way to replace a file. Floor 1. */
#ifndef BMU_FILE_IO_H
#define BMU_FILE_IO_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Whole regular file into *out (owned, mem_free(); a NUL follows the bytes). ERR_FILE_MISSING, ERR_FILE_READ (also: not a regular file),
 * ERR_LIMIT if larger than max bytes. An empty file gives *size = 0. The message names the path. */
int io_read_file(uint8_t **out, size_t *size, const char *path, size_t max, struct err *e);

/* The rest of an open file of any kind, a pipe too; name: for messages. */
int io_read_descriptor(uint8_t **out, size_t *size, int fd, const char *name, size_t max, struct err *e);

/* A read-only private mapping of a whole regular file (weights). The bytes are what the file held when mapped. */
struct io_map {
    const uint8_t *data;
    size_t size;
};
int io_map_open(struct io_map *m, const char *path, struct err *e);
void io_map_close(struct io_map *m);
/* Tell the kernel that these mapped bytes are not needed soon (they leave the resident set; reading them again works). */
void io_map_forget(const struct io_map *m, const void *from, size_t bytes);

/* durable_replace: write to a temporary beside the target, fsync, rename over it, fsync the directory.
 * Until commit the old file is whole and nothing new is visible; abort (or a crash) leaves only the old file. */
struct replace;
int replace_open(struct replace **out, const char *path, struct err *e);
int replace_write(struct replace *r, const void *bytes, size_t n, struct err *e); /* buffered */
int replace_printf(struct replace *r, struct err *e, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* All bytes are on the disk, nothing is visible yet: call it on each of several files before the first commit, so that a full disk spares
 * all. */
int replace_sync(struct replace *r, struct err *e);
int replace_commit(struct replace *r, struct err *e); /* frees r, also on failure */
void replace_abort(struct replace *r);                /* frees r; NULL is allowed */
/* Removes what killed programs left in a folder: temporaries of replace_open() that nobody is writing any more, on any machine that shares
 * the folder (each is locked while it is written). What cannot be locked or removed stays. */
void replace_sweep(const char *folder);
/* A file of n bytes that are at hand: open, write, commit. */
int replace_whole(const char *path, const void *bytes, size_t n, struct err *e);

#endif
