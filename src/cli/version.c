/* What this program is made of. Floor 9. */
#include "cli/version.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/version.h"
#include "ckpt/archive.h"
#include "draw/canvas.h"
#include "file/json.h"
#include "file/yaml.h"
#include "image/decode.h"
#include "image/png_write.h"
#include "stats/distribution.h"
#include "tensor/dnn.h"

static void (*const libraries[])(char[32]) = {dnn_library,  canvas_library,       canvas_text_library, png_library,    json_library,
                                              yaml_library, distribution_library, hash_library,        archive_library};
enum { LIBRARIES = sizeof libraries / sizeof *libraries, ABOUT_MAX = 4096 };

/* What `program --about` prints; "" if it does not run. It reads no untrusted byte. */
static void ask(char out[ABOUT_MAX], const char *program) {
    char about[] = "--about", *arguments[] = {(char[]){"bmunet-decode"}, about, NULL};
    posix_spawn_file_actions_t actions;
    int ends[2];
    pid_t child = -1;
    size_t n = 0;
    out[0] = 0;
    if (pipe2(ends, O_CLOEXEC))
        return;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    const int failed = posix_spawn(&child, program, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    for (ssize_t got; !failed && n < ABOUT_MAX - 1 && (got = read(ends[0], out + n, ABOUT_MAX - 1 - n)) > 0;)
        n += (size_t)got;
    out[n] = 0;
    close(ends[0]);
    if (!failed)
        waitpid(child, NULL, 0);
}

/* Its lines "NAME VERSION" into the list; false if there is no decoder. */
static bool decoder_libraries(struct json *list) {
    static const char *const names[] = {"DCMTK ", "OpenJPEG ", "libjpeg", "libpng "};
    struct decoder *d = NULL;
    char text[ABOUT_MAX];
    if (decoder_open(&d, NULL, NULL))
        return false;
    ask(text, decoder_program(d));
    decoder_close(d);
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (strncmp(line, names[i], strlen(names[i])) == 0)
                json_push_string(list, line);
    return json_size(list) > 0;
}

static void print_list(FILE *stream, const char *title, const struct json *list, const char *none) {
    fprintf(stream, "%s", title);
    for (size_t i = 0; i < json_size(list); i++)
        fprintf(stream, "%s%s", i ? ", " : " ", json_string(json_at(list, i)));
    fprintf(stream, "%s\n", json_size(list) ? "" : none);
}

int version_print(FILE *stream, bool json, struct err *e) {
    struct json *j = json_object(), *mine = json_array(), *decoder = json_array();
    struct buf text;
    buf_init(&text);
    for (int i = 0; i < LIBRARIES; i++) {
        char name[32];
        libraries[i](name);
        json_push_string(mine, name);
    }
    decoder_libraries(decoder);
    json_put_string(j, "version", BMUNET_VERSION);
    json_put_string(j, "commit", BMUNET_COMMIT);
    json_put(j, "libraries", mine);
    json_put(j, "decoder", decoder);
    int rc = json_ok(j) ? 0 : err_set(e, ERR_NO_MEMORY, "out of memory");
    if (!rc && json && !(rc = json_write_pretty(j, &text, e)))
        fprintf(stream, "%s\n", text.data);
    if (!rc && !json) {
        fprintf(stream, "%s\n", BMUNET_CODE);
        print_list(stream, "libraries:", mine, "");
        print_list(stream, "decoder:  ", decoder, " bmunet-decode is not installed");
    }
    json_free(j);
    buf_release(&text);
    return rc;
}
