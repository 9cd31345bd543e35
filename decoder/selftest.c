/* What a test makes the decoder do. Floor 1. */
#include "selftest.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

static int try_open(struct err *e) {
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 ? err_set(e, ERR_INTERNAL, "open() came back") : 0;
}

static int try_socket(struct err *e) {
    return err_set(e, ERR_INTERNAL, "socket() came back with %d", socket(AF_INET, SOCK_STREAM, 0));
}

static int try_exec(struct err *e) {
    char *const arguments[] = {"/bin/true", NULL};
    return err_set(e, ERR_INTERNAL, "execve() came back with %d", execve(arguments[0], arguments, arguments + 1));
}

static int try_ptrace(struct err *e) {
    return err_set(e, ERR_INTERNAL, "ptrace() came back with %ld", ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int try_kill(struct err *e) {
    return err_set(e, ERR_INTERNAL, "kill() came back with %d", kill(getppid(), 0));
}

/* A real fault: a sanitizer would look first, and its report needs files. */
__attribute__((no_sanitize("address", "undefined"))) static int try_crash(struct err *e) {
    (void)e;
    volatile int *volatile nowhere = NULL;
    *nowhere = 1; /* NOLINT(clang-analyzer-core.NullDereference): that is what it is for */
    return 0;
}

static int try_hang(struct err *e) {
    (void)e;
    for (volatile unsigned i = 0; i < 2; i &= 1)
        i++;
    return 0;
}

/* As a decoder of a boasting file would: page after page. */
static int try_memory(struct err *e) {
    for (;;) {
        char *p = mem_alloc(1 << 24, 1, e);
        if (!p)
            return ERR_NO_MEMORY;
        memset(p, 1, 1 << 24);
    }
}

int selftest_run(const uint8_t *bytes, size_t n, struct err *e) {
    static const struct {
        const char *word;
        int (*run)(struct err *e);
    } words[] = {
        {"open", try_open}, {"socket", try_socket}, {"exec", try_exec}, {"ptrace", try_ptrace},
        {"kill", try_kill}, {"crash", try_crash},   {"hang", try_hang}, {"memory", try_memory},
    };
    static const char opening[] = "bmunet-selftest ";
    const size_t skip = sizeof opening - 1;
    for (size_t i = 0; i < sizeof words / sizeof *words && n > skip && !memcmp(bytes, opening, skip); i++)
        if (n - skip == strlen(words[i].word) && !memcmp(bytes + skip, words[i].word, n - skip))
            return words[i].run(e);
    return 0;
}
