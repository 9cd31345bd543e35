/* The sandbox: rlimits, Landlock, seccomp. The only file that sees seccomp.h. Floor 1. */
#include "sandbox.h"

#include <errno.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <seccomp.h>

#include "image/decode_protocol.h"

#if defined __SANITIZE_ADDRESS__
enum { SANITIZED = 1 };
#elif defined __has_feature
#if __has_feature(address_sanitizer)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif
#else
enum { SANITIZED = 0 };
#endif

int sandbox_landlock(void) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version > 0 ? (int)version : 0;
}

/* All rights that this version of the interface knows, none granted. The header may be older than the kernel: the layout is the kernel's.
 */
static int enter_landlock(void) {
    static const uint64_t files[] = {0, 0x1fff, 0x3fff, 0x7fff, 0x7fff, 0xffff}; /* by version */
    struct {
        uint64_t files, network, scoped;
    } rules = {0};
    int version = sandbox_landlock();
    if (version == 0)
        return 0;
    size_t size = sizeof rules.files;
    rules.files = files[version < 5 ? version : 5];
    if (version >= 4) {
        rules.network = 3; /* bind, connect */
        size = offsetof(__typeof__(rules), scoped);
    }
    if (version >= 6) {
        rules.scoped = 3; /* abstract sockets, signals to others */
        size = sizeof rules;
    }
    int fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
    if (fd < 0)
        return -1;
    long rc = syscall(SYS_landlock_restrict_self, fd, 0);
    close(fd);
    return rc ? -1 : 0;
}

/* Never above what bmunet itself has (ulimit): only a privileged process may raise a limit, and none should. */
static int set_limit(int what, rlim_t soft, rlim_t hard) {
    struct rlimit now;
    if (getrlimit((__rlimit_resource_t)what, &now))
        return -1;
    now.rlim_max = hard < now.rlim_max ? hard : now.rlim_max;
    soft = soft < now.rlim_max ? soft : now.rlim_max;
    now.rlim_cur = soft < now.rlim_cur ? soft : now.rlim_cur;
    return setrlimit((__rlimit_resource_t)what, &now);
}

static int set_limits(size_t output) {
    const rlim_t memory = DECODE_MEMORY_MAX, seconds = 2 * DECODE_CHILD_SECONDS;
    if (!SANITIZED && set_limit(RLIMIT_AS, memory, memory)) /* AddressSanitizer reserves terabytes */
        return -1;
    return set_limit(RLIMIT_FSIZE, output, output) || set_limit(RLIMIT_CPU, seconds, seconds + 1) || set_limit(RLIMIT_CORE, 0, 0) ||
                   set_limit(RLIMIT_NOFILE, DECODE_DESCRIPTORS, DECODE_DESCRIPTORS)
               ? -1
               : 0;
}

static int allow_calls(scmp_filter_ctx filter) {
    static const int calls[] = {
        SCMP_SYS(read),   SCMP_SYS(pread64),    SCMP_SYS(write),           SCMP_SYS(pwrite64),       SCMP_SYS(recvfrom),
        SCMP_SYS(sendto), SCMP_SYS(lseek),      SCMP_SYS(fstat),           SCMP_SYS(newfstatat),     SCMP_SYS(ftruncate),
        SCMP_SYS(brk),    SCMP_SYS(munmap),     SCMP_SYS(mremap),          SCMP_SYS(madvise),        SCMP_SYS(futex),
        SCMP_SYS(getpid), SCMP_SYS(gettid),     SCMP_SYS(getrandom),       SCMP_SYS(clock_gettime),  SCMP_SYS(gettimeofday),
        SCMP_SYS(time),   SCMP_SYS(getrusage),  SCMP_SYS(rt_sigreturn),    SCMP_SYS(rt_sigprocmask), SCMP_SYS(sched_yield),
        SCMP_SYS(exit),   SCMP_SYS(exit_group), SCMP_SYS(restart_syscall),
    };
    static const int sanitizer_calls[] = {SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigaction), SCMP_SYS(sched_getaffinity), SCMP_SYS(prctl)};
    int rc = 0;
    for (size_t i = 0; i < sizeof calls / sizeof *calls && !rc; i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
    for (size_t i = 0; SANITIZED && i < sizeof sanitizer_calls / sizeof *sanitizer_calls && !rc; i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, sanitizer_calls[i], 0);
    /* memory, but never code; abort(), but no signal to another process */
    const int memory[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect)};
    for (size_t i = 0; i < 2 && !rc; i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, memory[i], 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (!rc)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
    return rc;
}

static int enter_seccomp(void) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!filter)
        return -1;
    int rc = allow_calls(filter);
    if (!rc)
        rc = seccomp_load(filter);
    seccomp_release(filter);
    return rc;
}

int sandbox_enter(size_t output, struct err *e) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
        return err_set(e, ERR_DECODER, "the decoder cannot give up privileges: %s", strerror(errno));
    if (enter_landlock())
        return err_set(e, ERR_DECODER, "the decoder cannot be denied file access by Landlock: %s", strerror(errno));
    if (set_limits(output))
        return err_set(e, ERR_DECODER, "the decoder's limits cannot be set: %s", strerror(errno));
    int rc = enter_seccomp();
    return rc ? err_set(e, ERR_DECODER, "the kernel rejects the system call filter (seccomp): %s", strerror(-rc)) : 0;
}
