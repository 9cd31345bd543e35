/* A verb of the program as data: its options, what they mean, where their values go. Help, manual pages and completion are made from the
 * same table that the command line is parsed with. Floor 9.
 *
 * Usage:
 *
 *     struct options { const char *exams; long seed; bool exact; };
 *     static const struct option list[] = {
 *         {OPTION_EXAMS(struct options), .required = true},
 *         {OPTION_INTEGER("runs", "N", struct options, runs, 1, 1000, "timed runs (default 5)")},
 *         {0}};
 *     const struct command command_x = {.name = "x", .options = list, .size = sizeof(struct options), .run = run_x ...};
 */
#ifndef BMU_CLI_COMMAND_H
#define BMU_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

enum option_kind {
    OPTION_IS_FLAG,    /* bool: true if given */
    OPTION_IS_TEXT,    /* const char *: the last one given */
    OPTION_IS_LIST,    /* struct texts: all that were given */
    OPTION_IS_INTEGER, /* long, from low to high */
    OPTION_IS_REAL,    /* double, from low to high */
    OPTION_IS_CHOICE,  /* int: position in the argument's own list "bmu|mg|us" */
    OPTION_IS_TAKEN,   /* whatever take() makes of it */
};
enum { TEXTS_MAX = 256 };
struct texts {
    const char *item[TEXTS_MAX];
    size_t n;
};
struct option {
    const char *name;     /* without "--"; NULL: an operand */
    const char *argument; /* as help shows it: "FILE.csv", "N", "fp32|bf16"; NULL: a flag */
    const char *help;     /* one sentence, lower case, no full stop */
    enum option_kind kind;
    bool required, hidden;
    bool output;              /* a file to write, which "-" makes standard output */
    size_t at;                /* of the member, in the verb's struct of options */
    const char *bare_without; /* this option: where it is not given, "--name" takes no argument and means "-" */
    double low, high;
    int (*take)(void *member, const char *value, struct err *e); /* ERR_USAGE with a sentence that follows "--name: " */
};

struct command {
    const char *name;
    const char *summary; /* one line, in the list of verbs */
    const char *about;   /* a paragraph before the options */
    const char *notes;   /* one after them; may be NULL */
    const struct option *options;
    size_t size;                                      /* of the struct of options */
    const void *defaults;                             /* one such struct; NULL: zeros */
    int (*check)(const void *options, struct err *e); /* what one option alone cannot tell: ERR_USAGE; may be NULL */
    int (*run)(void *options);                        /* the exit status */
    bool refuses, resumes;                            /* may end with EXIT_REFUSED, with EXIT_INTERRUPTED */
};

/* argv[0] is the verb. Parses, answers --help, runs; the exit status. */
int command_main(const struct command *c, int argc, char **argv);
/* Values into *options, which holds the defaults. ERR_USAGE. */
int command_parse(void *options, const struct command *c, int argc, char **argv, struct err *e);
/* --help, 80 columns wide; and the options as lines "--name TAB argument or - TAB required, optional or repeated TAB sentence" ('=' for the
 * name of an operand), which the manual pages and the completion of shells are made from. */
void command_help(FILE *stream, const struct command *c);
void command_table(FILE *stream, const struct command *c);

/* Where a member is, and that it has the type that the kind writes. */
#define MEMBER(T, member, type) (offsetof(T, member) + _Generic(((T *)0)->member, type : 0))
#define OPTION_FLAG(text, T, member, what) .name = text, .kind = OPTION_IS_FLAG, .at = MEMBER(T, member, bool), .help = what
#define OPTION_TEXT(text, arg, T, member, what)                                                                                            \
    .name = text, .argument = arg, .kind = OPTION_IS_TEXT, .at = MEMBER(T, member, const char *), .help = what
#define OPTION_LIST(text, arg, T, member, most, what)                                                                                      \
    .name = text, .argument = arg, .kind = OPTION_IS_LIST, .at = MEMBER(T, member, struct texts), .high = most, .help = what
#define OPTION_INTEGER(text, arg, T, member, min, max, what)                                                                               \
    .name = text, .argument = arg, .kind = OPTION_IS_INTEGER, .at = MEMBER(T, member, long), .low = min, .high = max, .help = what
#define OPTION_REAL(text, arg, T, member, min, max, what)                                                                                  \
    .name = text, .argument = arg, .kind = OPTION_IS_REAL, .at = MEMBER(T, member, double), .low = min, .high = max, .help = what
#define OPTION_CHOICE(text, names, T, member, what)                                                                                        \
    .name = text, .argument = names, .kind = OPTION_IS_CHOICE, .at = MEMBER(T, member, int), .help = what
#define OPTION_TAKE(text, arg, T, member, function, what)                                                                                  \
    .name = text, .argument = arg, .kind = OPTION_IS_TAKEN, .at = offsetof(T, member), .take = function, .help = what

/* What several verbs share. */
#define OPTION_EXAMS(T) OPTION_TEXT("exams", "FILE.csv", T, exams, "the table of exams, one row per breast; see bmunet-exams(5)")
#define OPTION_OUT(T, arg, what) OPTION_TEXT("out", arg, T, out, what)
#define OPTION_JSON_LINES(T, what) OPTION_TEXT("json", "FILE.jsonl", T, json, what), .output = true
#define OPTION_JSON(T) OPTION_FLAG("json", T, json, "print JSON instead of text")
#define OPTION_SCHEMA(T) OPTION_TEXT("schema", "FILE.yml", T, schema, "the clinical schema (default: clinical10); see bmunet-schema(5)")
#define OPTION_TREE(T)                                                                                                                     \
    OPTION_TEXT("tree", "FILE.yml", T, tree, "the disease tree whose leaves the outputs are (default: bmu5); see bmunet-tree(5)")
#define OPTION_VENDORS(T)                                                                                                                  \
    OPTION_TEXT("vendors", "DIR", T, vendors, "vendor entries (*.yml) for profile canonical-v1; '' for none (default: those installed)")
#define OPTION_IGNORE(T) OPTION_LIST("ignore-column", "NAME", T, ignore, TEXTS_MAX, "ignore this column of the table; may be repeated")
#define OPTION_ROWS(T) OPTION_TEXT("split", "NAME", T, split, "only the exams whose column split is NAME")
#define OPTION_SEED(T) OPTION_INTEGER("seed", "N", T, seed, 0, 0x1p53, "seed of all random numbers (default 1)")
#define OPTION_THREADS(T) OPTION_INTEGER("threads", "N", T, threads, 1, 1024, "computing threads (default: one per processor)")
#define OPTION_EXACT(T, member) OPTION_FLAG("exact", T, member, "direct convolution only: slower, closest to the published network")
#define OPTION_CACHE(T, what) OPTION_TAKE("cache", "DIR[,SIZE]", T, cache, command_take_cache, what)
#define OPTION_PARTIAL(T, member) OPTION_FLAG("allow-partial", T, member, "treat a refused image as absent; the exam's reason says so")
#define OPTION_TOMOSYNTHESIS(T, member)                                                                                                    \
    OPTION_FLAG("allow-tomosynthesis", T, member, "accept mammograms synthesised from tomosynthesis; the input's note says so")
#define OPTION_TRUST(T, member)                                                                                                            \
    OPTION_FLAG("trust-table", T, member,                                                                                                  \
                "where files contradict the table about patient, study, date or body part, or name no side, believe the table; each "      \
                "input's note says so")
/* Their positions are those of enum network, variant and clinical_mode (model/model.h); cli.c asserts it. */
#define OPTION_NETWORK(T, what) OPTION_CHOICE("network", "bmu|mg|us", T, network, what)
#define OPTION_VARIANT(T, what) OPTION_CHOICE("variant", "reference|masked", T, variant, what)
#define OPTION_CLINICAL(T, what) OPTION_CHOICE("clinical", "concat|token", T, clinical, what)
/* For tests: mammograms 64x48, ultrasound 32x32, and where a network is made one of width 8. */
#define OPTION_SMALL(T) OPTION_FLAG("small", T, small, "the tiny sizes of the tests"), .hidden = true

/* --cache DIR[,SIZE]: bytes stays as it is without a size. */
struct cache_place {
    char folder[4096]; /* "": not given */
    uint64_t bytes;
};
int command_take_cache(void *place, const char *value, struct err *e);

#endif
