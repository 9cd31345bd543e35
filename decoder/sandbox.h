/* What bmunet-decode may still do once it has read its own libraries and before it sees a file's bytes: compute, and read and write the
 * descriptors it holds. Floor 1. */
#ifndef BMU_DECODER_SANDBOX_H
#define BMU_DECODER_SANDBOX_H

#include <stddef.h>

#include "base/err.h"

/* Landlock's interface in this kernel; 0: none (then seccomp alone holds). */
int sandbox_landlock(void);
/* For the rest of this process's life: no new privileges, limits of memory, file size and processor time, no core dump, no descriptor above
 * those of the protocol, Landlock without any rule, and the whitelist of system calls; any other call kills the process (SIGSYS).
 * ERR_DECODER if the kernel cannot do this. output: bytes of the largest file that it may write. */
int sandbox_enter(size_t output, struct err *e);

#endif
