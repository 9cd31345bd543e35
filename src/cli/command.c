/* The command line of a verb, parsed by its table of options. Floor 9. */
#include "cli/command.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/nearest.h"
#include "cli/cli.h"
#include "prep/cache.h"

static size_t count(const struct option *list) {
    size_t n = 0;
    while (list[n].name || list[n].argument)
        n++;
    return n;
}

/* "--out" or "FOLDER". */
static const char *shown(char out[64], const struct option *o) {
    snprintf(out, 64, "%s%s", o->name ? "--" : "", o->name ? o->name : o->argument);
    return out;
}

/* --- which option --------------------------------------------------------------------------------------------------------------------- */

static int unknown(const struct command *c, const char *word, size_t n, struct err *e) {
    const struct option *nearest = NULL;
    char name[64];
    unsigned least = 5; /* two letters */
    snprintf(name, sizeof name, "%.*s", (int)n, word);
    for (const struct option *o = c->options; o->name || o->argument; o++) {
        const unsigned distance = o->name && !o->hidden ? nearest_distance(name, o->name) : least;
        if (distance < least) {
            least = distance;
            nearest = o;
        }
    }
    if (nearest)
        return err_set(e, ERR_USAGE, "unknown option '--%s' (did you mean '--%s'?)", name, nearest->name);
    return err_set(e, ERR_USAGE, "unknown option '--%s'", name);
}

/* The option of this name (n bytes), or the only one whose name begins so. */
static int find(const struct option **out, const struct command *c, const char *word, size_t n, struct err *e) {
    const struct option *found = NULL, *other = NULL;
    for (const struct option *o = c->options; o->name || o->argument; o++) {
        if (!o->name || n == 0 || strncmp(o->name, word, n) != 0)
            continue;
        if (!o->name[n]) {
            *out = o;
            return 0;
        }
        if (!o->hidden)
            *(found ? &other : &found) = o;
    }
    if (other)
        return err_set(e, ERR_USAGE, "ambiguous option '--%.*s': it could be '--%s' or '--%s'", (int)n, word, found->name, other->name);
    *out = found;
    return found ? 0 : (unknown(c, word, n, e), ERR_USAGE);
}

/* --- what its value is ------------------------------------------------------------------------------------------------------------------
 */

static int take_integer(long *out, const struct option *o, const char *value, struct err *e) {
    char *end;
    errno = 0;
    const long n = strtol(value, &end, 10);
    if (errno || end == value || *end || n < (long)o->low || n > (long)o->high)
        return err_set(e, ERR_USAGE, "'%s' must be an integer from %ld to %ld", value, (long)o->low, (long)o->high);
    *out = n;
    return 0;
}

static int take_real(double *out, const struct option *o, const char *value, struct err *e) {
    double x;
    if (schema_number(&x, value, NULL) || !(x >= o->low && x <= o->high))
        return err_set(e, ERR_USAGE, "'%s' must be a number from %g to %g", value, o->low, o->high);
    *out = x;
    return 0;
}

/* "fp32|bf16" -> "fp32 or bf16" */
static void list_choices(char *out, size_t size, const char *names) {
    size_t n = 0;
    for (; *names && n + 6 < size; names++) {
        if (*names != '|') {
            out[n++] = *names;
            continue;
        }
        n += (size_t)snprintf(out + n, size - n, "%s", strchr(names + 1, '|') ? ", " : " or ");
    }
    out[n] = 0;
}

static int take_choice(int *out, const struct option *o, const char *value, struct err *e) {
    const size_t length = strlen(value);
    char choices[128];
    int i = 0;
    for (const char *at = o->argument;; i++) {
        const size_t n = strcspn(at, "|");
        if (n == length && strncmp(at, value, n) == 0) {
            *out = i;
            return 0;
        }
        if (!at[n])
            break;
        at += n + 1;
    }
    list_choices(choices, sizeof choices, o->argument);
    return err_set(e, ERR_USAGE, "'%s' must be %s", value, choices);
}

static int take_one_more(struct texts *list, const struct option *o, const char *value, struct err *e) {
    if (list->n >= (size_t)o->high)
        return err_set(e, ERR_USAGE, "given more than %g times", o->high);
    list->item[list->n++] = value;
    return 0;
}

static int take(void *options, const struct option *o, const char *value, struct err *e) {
    void *member = (char *)options + o->at;
    char name[64];
    int rc = 0;
    switch (o->kind) {
    case OPTION_IS_FLAG:
        *(bool *)member = true;
        return 0;
    case OPTION_IS_TEXT:
        *(const char **)member = value;
        return 0;
    case OPTION_IS_LIST:
        rc = take_one_more(member, o, value, e);
        break;
    case OPTION_IS_INTEGER:
        rc = take_integer(member, o, value, e);
        break;
    case OPTION_IS_REAL:
        rc = take_real(member, o, value, e);
        break;
    case OPTION_IS_CHOICE:
        rc = take_choice(member, o, value, e);
        break;
    case OPTION_IS_TAKEN:
        rc = o->take(member, value, e);
        break;
    }
    return rc ? err_prefix(e, "%s", shown(name, o)) : 0;
}

int command_take_cache(void *member, const char *value, struct err *e) {
    static const char units[] = "KMGT";
    struct cache_place *place = member;
    const char *comma = strrchr(value, ',');
    const size_t n = comma ? (size_t)(comma - value) : strlen(value);
    if (n == 0 || n >= sizeof place->folder)
        return err_set(e, ERR_USAGE, "'%s' must name a folder", value);
    memcpy(place->folder, value, n);
    place->folder[n] = 0;
    if (!comma)
        return 0;
    char *end = NULL;
    errno = 0;
    const unsigned long long bytes = strtoull(comma + 1, &end, 10);
    const char *unit = end && *end ? strchr(units, *end) : NULL;
    const unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    if (end == comma + 1 || comma[1] < '0' || comma[1] > '9' || errno || (end && *end && (!unit || end[1])) ||
        bytes > UINT64_MAX >> shift || bytes << shift < CACHE_BYTES_MIN)
        return err_set(e, ERR_USAGE, "'%s' must end with a size of at least 1M, as in 20G, after the comma", value);
    place->bytes = bytes << shift;
    return 0;
}

/* --- the line --------------------------------------------------------------------------------------------------------------------------
 */

struct line {
    const struct command *command;
    void *options;
    bool given[128]; /* by position in the table */
    int argc;
    char **argv;
};

static int take_operand(struct line *l, const char *word, struct err *e) {
    for (const struct option *o = l->command->options; o->name || o->argument; o++) {
        const size_t i = (size_t)(o - l->command->options);
        if (o->name || (l->given[i] && o->kind != OPTION_IS_LIST))
            continue;
        l->given[i] = true;
        return take(l->options, o, word, e);
    }
    return err_set(e, ERR_USAGE, "unexpected argument '%s'", word);
}

/* Is the option `name` on the line? */
static bool mentions(const struct line *l, const char *name) {
    const struct option *o = NULL;
    for (int i = 1; i < l->argc && strcmp(l->argv[i], "--") != 0; i++)
        if (strncmp(l->argv[i], "--", 2) == 0 && !find(&o, l->command, l->argv[i] + 2, strcspn(l->argv[i] + 2, "="), NULL) &&
            strcmp(o->name, name) == 0)
            return true;
    return false;
}

/* argv[*i] is "--name", "--name=value" or "--name" "value". */
static int take_option(struct line *l, int *i, struct err *e) {
    const char *word = l->argv[*i] + 2, *equals = strchr(word, '='), *value = equals ? equals + 1 : ""; /* "": a switch has none */
    const struct option *o = NULL;
    int rc = find(&o, l->command, word, equals ? (size_t)(equals - word) : strlen(word), e);
    if (rc)
        return rc;
    if (!o->argument && equals)
        return err_set(e, ERR_USAGE, "option '--%s' takes no argument", o->name);
    if (o->argument && !equals && o->bare_without && !mentions(l, o->bare_without))
        value = "-";
    else if (o->argument && !equals && *i + 1 >= l->argc)
        return err_set(e, ERR_USAGE, "option '--%s' needs an argument, %s", o->name, o->argument);
    else if (o->argument && !equals)
        value = l->argv[++*i];
    l->given[o - l->command->options] = true;
    return take(l->options, o, value, e);
}

/* "--model and --exams are required" */
static int check_required(const struct line *l, struct err *e) {
    const struct option *missing[16];
    size_t n = 0, length = 0;
    char text[256] = "", name[64];
    const size_t options = count(l->command->options);
    for (size_t i = 0; i < options && n < 16; i++)
        if (l->command->options[i].required && !l->given[i])
            missing[n++] = &l->command->options[i];
    for (size_t i = 0; i < n && length < sizeof text; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s",
                                   i == 0      ? ""
                                   : i + 1 < n ? ", "
                                               : " and ",
                                   shown(name, missing[i]));
    return n ? err_set(e, ERR_USAGE, "%s %s required", text, n > 1 ? "are" : "is") : 0;
}

int command_parse(void *options, const struct command *c, int argc, char **argv, struct err *e) {
    struct line l = {.command = c, .options = options, .argc = argc, .argv = argv};
    bool only_operands = false;
    int rc = count(c->options) <= sizeof l.given ? 0 : err_set(e, ERR_INTERNAL, "more options than there is room for");
    for (int i = 1; i < argc && !rc; i++) {
        const char *word = argv[i];
        if (only_operands || word[0] != '-' || !word[1])
            rc = take_operand(&l, word, e);
        else if (strcmp(word, "--") == 0)
            only_operands = true;
        else if (word[1] == '-')
            rc = take_option(&l, &i, e);
        else
            rc = err_set(e, ERR_USAGE, "unknown option '%s'", word);
    }
    if (!rc)
        rc = check_required(&l, e);
    return !rc && c->check ? c->check(options, e) : rc;
}

static bool asks(int argc, char **argv, const char *what, const char *briefly) {
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], what) == 0 || (briefly && strcmp(argv[i], briefly) == 0))
            return true;
    return false;
}

static int open_outputs(void *options, const struct command *c, struct err *e) {
    int rc = 0;
    for (const struct option *o = c->options; !rc && (o->name || o->argument); o++)
        if (o->output)
            rc = cli_output_begin((const char **)(void *)((char *)options + o->at), e);
    return rc;
}

static int parse_and_run(void *options, const struct command *c, int argc, char **argv) {
    struct err e = {0}, whole;
    cli_verb(c->name);
    int rc = command_parse(options, c, argc, argv, &e);
    if (!rc)
        rc = open_outputs(options, c, &e);
    if (rc == ERR_USAGE)
        err_set(&whole, rc, "%.800s; see 'bmunet %s --help'", e.message, c->name);
    if (rc) {
        cli_output_end(false, NULL);
        return cli_fail(rc == ERR_USAGE ? &whole : &e);
    }
    const int status = c->run(options);
    rc = cli_output_end(status == EXIT_OK || status == EXIT_REFUSED, &e);
    return rc ? cli_fail(&e) : status;
}

int command_main(const struct command *c, int argc, char **argv) {
    struct err e = {0};
    if (asks(argc, argv, "--help", "-h")) {
        command_help(stdout, c);
        return cli_finish(EXIT_OK);
    }
    if (asks(argc, argv, "--help-table", NULL)) {
        command_table(stdout, c);
        return cli_finish(EXIT_OK);
    }
    void *options = mem_alloc(1, c->size, &e);
    if (!options)
        return cli_fail(&e);
    if (c->defaults)
        memcpy(options, c->defaults, c->size);
    const int status = parse_and_run(options, c, argc, argv);
    mem_free(options);
    return status;
}
