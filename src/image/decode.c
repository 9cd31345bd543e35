/* The client of bmunet-decode: a child process, its descriptors, its time. Floor 2.
 *
 * The child is told of the parent's end by a pipe (DECODE_LIFELINE), not by PR_SET_PDEATHSIG, which means the thread that started it:
 * threads of a pool come and go. Its environment is empty, so that nothing in ours reaches its libraries.
 */
#include "image/decode.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "file/paths.h"
#include "image/decode_protocol.h"

struct decoder {
    char *program; /* owned */
    double seconds;
    bool deidentifies;
    pid_t pid; /* 0: no child */
    int socket, input, output, lifeline;
    uint32_t serial;
};

const char *decoder_program(const struct decoder *d) {
    return d->program;
}

int decoder_open(struct decoder **out, const struct decoder_options *o, struct err *e) {
    struct decoder *d = *out = mem_alloc(1, sizeof *d, e);
    if (!d)
        return ERR_NO_MEMORY;
    d->seconds = o && o->seconds > 0 ? o->seconds : DECODE_SECONDS;
    d->deidentifies = o && o->deidentifies;
    d->socket = d->input = d->output = d->lifeline = -1;
    int rc = paths_decoder(&d->program, o ? o->paths : NULL, e);
    if (rc) {
        mem_free(d);
        *out = NULL;
    }
    return rc;
}

/* --- the child */

static void close_one(int *descriptor) {
    if (*descriptor >= 0)
        close(*descriptor);
    *descriptor = -1;
}

/* Kill and reap it; the status, or 0 if there is none. */
static int stop_child(struct decoder *d, bool kill_it) {
    int status = 0;
    if (d->pid > 0) {
        if (kill_it)
            kill(d->pid, SIGKILL);
        while (waitpid(d->pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    d->pid = 0;
    close_one(&d->socket);
    close_one(&d->input);
    close_one(&d->output);
    close_one(&d->lifeline);
    return status;
}

void decoder_close(struct decoder *d) {
    if (!d)
        return;
    stop_child(d, true);
    mem_free(d->program);
    mem_free(d);
}

/* Above the numbers that the child will see, so that one does not overwrite the other on the way there. */
static int raised(int descriptor) {
    int high = descriptor < 0 ? -1 : fcntl(descriptor, F_DUPFD_CLOEXEC, DECODE_DESCRIPTORS);
    if (descriptor >= 0)
        close(descriptor);
    return high;
}

static int spawn(struct decoder *d, const int theirs[DECODE_DESCRIPTORS]) {
    static char selftest[] = "BMUNET_DECODER_SELFTEST=1", deidentifier[] = DECODE_DEIDENTIFIER;
    const char *asked = getenv("BMUNET_DECODER_SELFTEST");
    char *arguments[] = {d->program, d->deidentifies ? deidentifier : NULL, NULL},
         *environment[] = {asked && !strcmp(asked, "1") ? selftest : NULL, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int rc = posix_spawn_file_actions_init(&actions);
    if (rc)
        return rc;
    rc = posix_spawnattr_init(&attributes);
    if (rc) {
        posix_spawn_file_actions_destroy(&actions);
        return rc;
    }
    for (int i = 0; i < DECODE_SOCKET && !rc; i++)
        rc = posix_spawn_file_actions_addopen(&actions, i, "/dev/null", O_RDWR, 0);
    for (int i = DECODE_SOCKET; i < DECODE_DESCRIPTORS && !rc; i++)
        rc = posix_spawn_file_actions_adddup2(&actions, theirs[i], i);
    if (!rc)
        rc = posix_spawn_file_actions_addclosefrom_np(&actions, DECODE_DESCRIPTORS);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0); /* an interrupt from the terminal is the parent's to handle */
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    if (!rc)
        rc = posix_spawn(&d->pid, d->program, &actions, &attributes, arguments, environment);
    if (rc)
        d->pid = 0;
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

enum received { RECEIVED, ENDED, LATE };

/* Exactly n bytes before the deadline. */
static enum received receive(int socket, void *to, size_t n, double deadline) {
    for (size_t have = 0; have < n;) {
        double left = deadline - now();
        struct pollfd p = {.fd = socket, .events = POLLIN};
        if (left <= 0)
            return LATE;
        int ready = poll(&p, 1, left > 1e6 ? 1000000000 : (int)(left * 1e3) + 1);
        if (ready < 0 && errno != EINTR)
            return ENDED;
        if (ready <= 0)
            continue;
        ssize_t got = recv(socket, (char *)to + have, n - have, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
            return ENDED;
        have += got > 0 ? (size_t)got : 0;
    }
    return RECEIVED;
}

static int start_child(struct decoder *d, struct err *e) {
    int pair[2] = {-1, -1}, line[2] = {-1, -1}, theirs[DECODE_DESCRIPTORS];
    for (int i = 0; i < DECODE_DESCRIPTORS; i++)
        theirs[i] = -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) || pipe2(line, O_CLOEXEC)) {
        close_one(&pair[0]);
        close_one(&pair[1]);
        return err_set(e, ERR_DECODER, "the connection to the decoder cannot be created: %s", strerror(errno));
    }
    d->socket = raised(pair[0]);
    d->lifeline = raised(line[1]);
    d->input = raised(memfd_create("bmunet-input", MFD_CLOEXEC));
    d->output = raised(memfd_create("bmunet-output", MFD_CLOEXEC));
    theirs[DECODE_SOCKET] = raised(pair[1]);
    theirs[DECODE_LIFELINE] = raised(line[0]);
    theirs[DECODE_INPUT] = d->input;
    theirs[DECODE_OUTPUT] = d->output;
    int rc = 0;
    for (int i = DECODE_SOCKET; i < DECODE_DESCRIPTORS; i++)
        if (theirs[i] < 0 || d->socket < 0 || d->lifeline < 0)
            rc = errno ? errno : EMFILE;
    if (!rc)
        rc = spawn(d, theirs);
    close_one(&theirs[DECODE_SOCKET]);
    close_one(&theirs[DECODE_LIFELINE]);
    struct decode_hello hello = {0};
    if (rc)
        err_set(e, ERR_DECODER, "%s could not be started: %s", d->program, strerror(rc));
    else if (receive(d->socket, &hello, sizeof hello, now() + DECODE_START_SECONDS) != RECEIVED || hello.magic != DECODE_MAGIC)
        rc = err_set(e, ERR_DECODER, "%s did not start; run it by hand to see what is wrong", d->program);
    else if (hello.version != DECODE_VERSION)
        rc = err_set(e, ERR_DECODER, "%s belongs to another version of bmunet: build or install both together", d->program);
    if (!rc)
        return 0;
    stop_child(d, true);
    return ERR_DECODER;
}

/* A child that ended by itself between two files is nothing that a file has to pay for. */
static bool child_is_there(struct decoder *d) {
    int status;
    if (d->pid <= 0)
        return false;
    if (waitpid(d->pid, &status, WNOHANG) == 0)
        return true;
    d->pid = 0;
    stop_child(d, false);
    return false;
}

/* --- one file */

static int write_input(int fd, const void *bytes, size_t n, off_t at, struct err *e) {
    for (size_t done = 0; done < n;) {
        ssize_t wrote = pwrite(fd, (const char *)bytes + done, n - done, at + (off_t)done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0 && errno == EFBIG) /* files in memory count, too */
            return err_set(e, ERR_LIMIT,
                           "the decoder receives files in memory, and %zu bytes exceed the file size limit here: raise ulimit -f", n);
        if (wrote <= 0)
            return err_set(e, ERR_NO_MEMORY, "no memory to hand %zu bytes to the decoder", n);
        done += (size_t)wrote;
    }
    return 0;
}

/* Its end of the socket is closed, so it is ending: within a second, or by force. */
static void await_end(const struct decoder *d) {
    for (int ms = 0; ms < 1000; ms++) {
        siginfo_t end = {0};
        if (waitid(P_PID, (id_t)d->pid, &end, WEXITED | WNOHANG | WNOWAIT) || end.si_pid == d->pid)
            return;
        poll(NULL, 0, 1);
    }
    kill(d->pid, SIGKILL);
}

/* What the child may write into its file in memory. */
static unsigned long long largest_file(void) {
    struct rlimit r;
    return getrlimit(RLIMIT_FSIZE, &r) || r.rlim_cur > DECODE_MEMORY_MAX ? DECODE_MEMORY_MAX : (unsigned long long)r.rlim_cur;
}

/* The child is gone or has to go: what became of it is what is said of the file. */
static int blame(struct decoder *d, enum received how, struct err *e) {
    int status = stop_child(d, how == LATE);
    if (how == LATE)
        return err_set(e, ERR_DECODER_TIMEOUT, "the decoder took more than %g s on this file and was stopped", d->seconds);
    int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (sig == SIGSYS)
        return err_set(e, ERR_DECODER_SANDBOX, "on this file the decoder attempted a forbidden operation and was stopped by the kernel");
    if (sig == SIGXCPU)
        return err_set(e, ERR_DECODER_TIMEOUT, "the decoder used up its processor time on this file");
    if (sig == SIGXFSZ)
        return err_set(e, ERR_LIMIT, "once decoded, this file needs more than the %llu bytes allowed here (%s)", largest_file(),
                       largest_file() < DECODE_MEMORY_MAX ? "raise ulimit -f" : "a limit of the decoder");
    if (sig)
        return err_set(e, ERR_DECODER_CRASH, "the decoder crashed on this file (%s)", sigdescr_np(sig) ? sigdescr_np(sig) : "a signal");
    return err_set(e, ERR_DECODER_CRASH, "the decoder exited on this file (status %d)", WEXITSTATUS(status));
}

/* The answer to the call, or what became of the child over it. */
static int call_child(struct decode_reply *reply, struct decoder *d, const struct decode_call *call, struct err *e) {
    double deadline = now() + d->seconds;
    enum received how = ENDED;
    if (send(d->socket, call, sizeof *call, MSG_NOSIGNAL) == (ssize_t)sizeof *call)
        how = receive(d->socket, reply, sizeof *reply, deadline);
    if (how == RECEIVED)
        return 0;
    if (how == ENDED)
        await_end(d);
    return blame(d, how, e);
}

/* Pages are kept from file to file, but not without bound. */
static void tidy(struct decoder *d) {
    int fds[2] = {d->input, d->output};
    for (int i = 0; i < 2 && d->pid > 0; i++) {
        off_t size = lseek(fds[i], 0, SEEK_END);
        if (size > DECODE_KEEP_MAX && ftruncate(fds[i], 0))
            stop_child(d, true);
    }
}

int decode_image(struct image **out, struct decoder *d, const uint8_t *bytes, size_t n, const struct decode_request *request,
                 struct err *e) {
    *out = NULL;
    if (n == 0)
        return err_set(e, ERR_FILE_EMPTY, "the file is empty");
    if (n > IMAGE_FILE_MAX)
        return err_set(e, ERR_LIMIT, "the file has %zu bytes; the limit is %d", n, IMAGE_FILE_MAX);
    int rc = child_is_there(d) ? 0 : start_child(d, e);
    if (!rc)
        rc = write_input(d->input, bytes, n, 0, e);
    if (rc)
        return rc;
    struct decode_call call = {.magic = DECODE_MAGIC,
                               .serial = ++d->serial,
                               .bytes = n,
                               .frame = request ? request->frame : DECODE_FRAME_MIDDLE,
                               .facts_only = request && request->facts_only};
    struct decode_reply reply = {0};
    rc = call_child(&reply, d, &call, e);
    if (!rc) {
        rc = decode_read_reply(out, &call, &reply, d->output, e);
        if (rc == ERR_DECODER_CRASH || reply.last)
            stop_child(d, true);
    }
    tidy(d);
    return rc;
}

int decode_deidentify(struct buf *file, struct json **report, struct decoder *d, const struct deidentify_request *request,
                      const uint8_t *bytes, size_t n, struct err *e) {
    *report = NULL;
    assert(d->deidentifies);
    if (n == 0)
        return err_set(e, ERR_FILE_EMPTY, "the file is empty");
    if (n > IMAGE_FILE_MAX - sizeof *request)
        return err_set(e, ERR_LIMIT, "the file has %zu bytes; the limit is %d", n, IMAGE_FILE_MAX);
    int rc = child_is_there(d) ? 0 : start_child(d, e);
    if (!rc)
        rc = write_input(d->input, request, sizeof *request, 0, e);
    if (!rc)
        rc = write_input(d->input, bytes, n, sizeof *request, e);
    if (rc)
        return rc;
    struct decode_call call = {.magic = DECODE_MAGIC, .serial = ++d->serial, .bytes = n + sizeof *request, .facts_only = DECODE_DEIDENTIFY};
    struct decode_reply reply = {0};
    rc = call_child(&reply, d, &call, e);
    if (!rc) {
        rc = decode_read_deidentified(file, report, &call, &reply, d->output, e);
        if (rc == ERR_DECODER_CRASH || reply.last)
            stop_child(d, true);
    }
    tidy(d);
    return rc;
}
