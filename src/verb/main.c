/* bmunet: the program. Chooses the verb; each lives in a file of its name. Floor 10. */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/version.h"
#include "verb/verbs.h"

static const struct command *const commands[] = {
    &command_predict, &command_prep, &command_scan,  &command_deidentify, &command_train,    &command_runs,  &command_import,
    &command_info,    &command_init, &command_synth, &command_split,      &command_evaluate, &command_bench,
};
enum { COMMANDS = sizeof commands / sizeof *commands, WIDTH = 79, COLUMN = 14 };

static const struct command *find_command(const char *name) {
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static void print_verb(const char *name, const char *summary) {
    fputs("  ", stdout);
    say_padded(stdout, name, COLUMN - 2);
    say_wrapped(stdout, say(summary), COLUMN, COLUMN, WIDTH);
}

static void print_help(void) {
    printf("%sbmunet %s\n", say("Usage: "), say("VERB [OPTION]..."));
    say_wrapped(stdout,
                say("Breast cancer risk stratification of one breast at one time, from mammography, ultrasound of three kinds and "
                    "clinical values: scores for the tiers of a disease tree."),
                0, 0, WIDTH);
    putchar('\n');
    for (int i = 0; i < COMMANDS; i++)
        print_verb(commands[i]->name, commands[i]->summary);
    print_verb("help", "this page; help VERB: the options of that verb; help codes: all codes of errors and refusals");
    print_verb("version", "version, commit and libraries; with --json as JSON");
    putchar('\n');
    cli_statuses(stdout, true);
    say_wrapped(stdout, say("Research use only. Not a medical device; the output is a model's score, not a diagnosis."), 0, 0, WIDTH);
}

/* Of the verbs, in the form of command_table(). */
static void print_table(void) {
    for (int i = 0; i < COMMANDS; i++)
        printf("%s\t%s\n", commands[i]->name, commands[i]->summary);
}

static void print_codes(void) {
#define X(name, value, class, meaning) printf("%-20s %-11s %s\n", #name, err_class_name(ERR_CLASS_##class), meaning);
    ERR_CODES(X)
#undef X
}

static int usage(const char *what, const char *word) {
    struct err e;
    err_set(&e, ERR_USAGE, "%s '%s'; see 'bmunet help'", what, word);
    return cli_fail(&e);
}

static int help(const char *topic) {
    const struct command *c = topic ? find_command(topic) : NULL;
    if (c)
        command_help(stdout, c);
    else if (!topic)
        print_help();
    else if (strcmp(topic, "codes") == 0)
        print_codes();
    else
        return usage("unknown verb", topic);
    return cli_finish(EXIT_OK);
}

static int version(int argc, char **argv) {
    const bool json = argc > 0 && strcmp(argv[0], "--json") == 0;
    struct err e;
    if (argc > json)
        return usage("unexpected argument", argv[json]);
    return version_print(stdout, json, &e) ? cli_fail(&e) : cli_finish(EXIT_OK);
}

/* By default glibc raises this threshold to 32 MB after the first large free, and keeps what lies below it: 30 MB of the peak with
 * mammograms. */
enum { LARGE_BLOCK = 1 << 20 };

int main(int argc, char **argv) {
    mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
    signal(SIGXFSZ, SIG_IGN); /* a file at the limit of ulimit -f is a failed write, reported like a full disk */
    const char *name = argc > 1 ? argv[1] : NULL;
    struct err e;
    if (!name) {
        err_set(&e, ERR_USAGE, "no verb is given; see 'bmunet help'");
        return cli_fail(&e);
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "version") == 0)
        return version(argc - 2, argv + 2);
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return help(argc > 2 ? argv[2] : NULL);
    if (strcmp(name, "--help-table") == 0) {
        print_table();
        return cli_finish(EXIT_OK);
    }
    const struct command *c = find_command(name);
    return c ? command_main(c, argc - 1, argv + 1) : usage("unknown verb", name);
}
