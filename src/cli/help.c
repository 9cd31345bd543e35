/* What --help says of a verb, from its table of options, 80 columns wide. Floor 9. */
#include <string.h>

#include "cli/cli.h"
#include "cli/command.h"
#include "cli/say.h"

enum { WIDTH = 79, COLUMN = 28 }; /* columns of a line; where the sentences begin */

static bool last(const struct option *o) {
    return !o->name && !o->argument;
}

/* "--out FILE.csv", "--exact", "FOLDER" */
static int left_side(char *out, size_t size, const struct option *o) {
    return snprintf(out, size, "%s%s%s%s", o->name ? "--" : "", o->name ? o->name : "", o->name && o->argument ? " " : "",
                    o->argument ? o->argument : "");
}

/* Operands last, as people write them. */
static void usage(FILE *stream, const struct command *c) {
    char text[600], side[96];
    int n = snprintf(text, sizeof text, "bmunet %s", c->name);
    const int indent = say_width(say("Usage: ")) + n + 1;
    bool others = false;
    for (const struct option *o = c->options; !last(o); o++) {
        others = others || (o->name && !o->required && !o->hidden);
        if (!o->name || !o->required)
            continue;
        left_side(side, sizeof side, o);
        n += snprintf(text + n, sizeof text - (size_t)n, " %s", side);
    }
    if (others)
        n += snprintf(text + n, sizeof text - (size_t)n, " [OPTION]...");
    for (const struct option *o = c->options; !last(o); o++)
        if (!o->name && !o->hidden)
            n += snprintf(text + n, sizeof text - (size_t)n, o->required ? " %s%s" : " [%s]%s", o->argument,
                          o->kind == OPTION_IS_LIST ? "..." : "");
    fputs(say("Usage: "), stream);
    say_wrapped(stream, text, say_width(say("Usage: ")), indent < 24 ? indent : 12, WIDTH);
}

static void option(FILE *stream, const struct option *o) {
    char side[96];
    const int n = left_side(side, sizeof side, o);
    fprintf(stream, "  %s", side);
    if (n + 2 > COLUMN - 2)
        fprintf(stream, "\n%*s", COLUMN, "");
    else
        fprintf(stream, "%*s", COLUMN - 2 - n, "");
    say_wrapped(stream, say(o->help), COLUMN, COLUMN, WIDTH);
}

void command_help(FILE *stream, const struct command *c) {
    usage(stream, c);
    say_wrapped(stream, say(c->about), 0, 0, WIDTH);
    fputc('\n', stream);
    for (const struct option *o = c->options; !last(o); o++)
        if (!o->hidden)
            option(stream, o);
    option(stream, &(struct option){.name = "help", .help = "print this help"});
    fputc('\n', stream);
    if (c->notes) {
        say_wrapped(stream, say(c->notes), 0, 0, WIDTH);
        fputc('\n', stream);
    }
    cli_statuses(stream, c->refuses);
}

void command_table(FILE *stream, const struct command *c) {
    for (const struct option *o = c->options; !last(o); o++)
        if (!o->hidden)
            fprintf(stream, "%s%s\t%s\t%s\t%s\n", o->name ? "--" : "=", o->name ? o->name : "", o->argument ? o->argument : "-",
                    o->required                 ? "required"
                    : o->kind == OPTION_IS_LIST ? "repeated"
                                                : "optional",
                    o->help);
    fputs("--help\t-\toptional\tprint this help\n", stream);
}
