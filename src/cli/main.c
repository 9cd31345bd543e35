/* bmunet: the program. Chooses the verb; each lives in its cmd_*.c. Floor 9. */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/version.h"
#include "cli/cli.h"

static const struct verb {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
} verbs[] = {
    {"predict", "run a model on a table of exams", cmd_predict},
    {"prep", "show what a network would see of a table of exams, without a model", cmd_prep},
    {"scan", "make a table of exams from a folder of images", cmd_scan},
    {"deidentify", "write DICOM images without what tells who the patient is", cmd_deidentify},
    {"train", "train one stage of a network", cmd_train},
    {"runs", "list training runs and what they came to", cmd_runs},
    {"import", "turn a PyTorch checkpoint into a model file", cmd_import},
    {"info", "show what a model file is", cmd_info},
    {"init", "write an untrained model, for trying things out", cmd_init},
    {"synth", "make a synthetic cohort with known truth", cmd_synth},
    {"split", "divide a table of exams by patient", cmd_split},
    {"evaluate", "measure predictions against the truth, with a report", cmd_evaluate},
    {"bench", "measure speed and memory on this machine", cmd_bench},
};
enum { VERBS = sizeof verbs / sizeof *verbs };

static const struct verb *find_verb(const char *name) {
    for (int i = 0; i < VERBS; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

static void print_help(void) {
    puts("Usage: bmunet VERB [OPTION...]\n"
         "One breast, one exam: mammography, tri-modal ultrasound and clinical values to the tiers of a breast disease tree.\n");
    for (int i = 0; i < VERBS; i++)
        printf("  %-10s %s\n", verbs[i].name, verbs[i].summary);
    puts("  help      this page; help VERB: that verb's options; help codes: every error and refusal code\n"
         "\n"
         "Exit status: 0 done; 1 an error, on standard error; 2 all was written, and some exam was refused;\n"
         "75 stopped by a signal.\n"
         "Research use only. Not a medical device; the output is a model's score, not a diagnosis.");
}

static void print_codes(void) {
#define X(name, value, class, meaning) printf("%-20s %-11s %s\n", #name, err_class_name(ERR_CLASS_##class), meaning);
    ERR_CODES(X)
#undef X
}

static int unknown_verb(const char *name) {
    struct err e;
    err_set(&e, ERR_USAGE, "there is no verb '%s'; see 'bmunet help'", name);
    return cli_fail(&e);
}

static int help(const char *topic) {
    const struct verb *v = topic ? find_verb(topic) : NULL;
    if (v) {
        char option[] = "--help";
        char *argv[] = {(char[]){"verb"}, option, NULL};
        return v->run(2, argv);
    }
    if (topic && strcmp(topic, "codes") == 0)
        print_codes();
    else if (topic)
        return unknown_verb(topic);
    else
        print_help();
    return cli_finish(EXIT_OK);
}

/* By default glibc raises this threshold to 32 MB after the first large free, and keeps what lies below it: 30 MB of the peak with
 * mammograms. */
enum { LARGE_BLOCK = 1 << 20 };

int main(int argc, char **argv) {
    mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
    signal(SIGXFSZ, SIG_IGN); /* a file at the limit of ulimit -f is a failed write, reported like a full disk */
    const char *name = argc > 1 ? argv[1] : NULL;
    if (!name) {
        struct err e;
        err_set(&e, ERR_USAGE, "a verb is missing; see 'bmunet help'");
        return cli_fail(&e);
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "version") == 0) {
        puts(BMUNET_CODE);
        return cli_finish(EXIT_OK);
    }
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return help(argc > 2 ? argv[2] : NULL);
    const struct verb *v = find_verb(name);
    return v ? v->run(argc - 1, argv + 1) : unknown_verb(name);
}
