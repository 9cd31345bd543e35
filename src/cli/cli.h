/* What the verbs share: options, errors as text, finding our share folder. Floor 9.
 *
 * Exit status, the same for all verbs: EXIT_OK done; EXIT_ERROR an error; EXIT_REFUSED everything was written, and some exam or file was
 * refused (predict, prep, deidentify); EXIT_INTERRUPTED stopped by a signal. It follows from the error's class (base/err_codes.h). An error
 * is one line on stderr, "bmunet: CODE: sentence", and leaves older outputs as they were.
 */
#ifndef BMU_CLI_CLI_H
#define BMU_CLI_CLI_H

#include <argp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "cohort/manifest.h"
#include "exam/schema.h"
#include "exam/tree.h"
#include "model/model.h"

enum { EXIT_OK = 0, EXIT_ERROR = 1, EXIT_REFUSED = 2, EXIT_INTERRUPTED = 75 /* EX_TEMPFAIL: the same command may succeed */ };

/* One verb per file. argv[0] is the verb. */
int cmd_import(int argc, char **argv);
int cmd_init(int argc, char **argv);
int cmd_predict(int argc, char **argv);
int cmd_prep(int argc, char **argv);
int cmd_scan(int argc, char **argv);
int cmd_deidentify(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_synth(int argc, char **argv);
int cmd_split(int argc, char **argv);
int cmd_evaluate(int argc, char **argv);
int cmd_train(int argc, char **argv);
int cmd_runs(int argc, char **argv);

/* Every verb's options begin with this. */
struct cli {
    struct err err; /* what is wrong with the options */
};
/* Parse into `options`. Returns -1 to go on, else the exit status (help was shown, or the error was printed). */
int cli_parse(const struct argp *argp, const char *verb, int argc, char **argv, void *options);
/* For a verb's parser: the default case; and a complaint of its own. */
error_t cli_default(int key, struct argp_state *state);
error_t cli_usage(struct argp_state *state, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Option values; a complaint if they do not fit. */
error_t cli_take_number(long *out, const char *arg, long min, long max, const char *option, struct argp_state *state);
/* A decimal number. */
error_t cli_take_real(double *out, const char *arg, double min, double max, const char *option, struct argp_state *state);
error_t cli_take_network(enum network *out, const char *arg, struct argp_state *state);
error_t cli_take_variant(enum variant *out, const char *arg, struct argp_state *state);
error_t cli_take_clinical(enum clinical_mode *out, const char *arg, struct argp_state *state);
error_t cli_take_precision(enum precision *out, const char *arg, struct argp_state *state);

/* --cache DIR[,SIZE]: SIZE in bytes, or with K, M, G, T behind (powers of 1024); bytes stays as it is without one. folder: owned. */
error_t cli_take_cache(char **folder, uint64_t *bytes, const char *arg, struct argp_state *state);
/* One line on stderr if caching has stopped. */
struct cache;
void cli_cache_remark(struct cache *c);
/* Text that may come from a file: what would steer a terminal is printed as '?'. */
void cli_text(FILE *stream, const char *text);
/* Print the error; returns EXIT_INTERRUPTED or EXIT_ERROR by its class. */
int cli_fail(const struct err *e);
void cli_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The warning that belongs to a model with random weights; true if it is one. */
bool cli_warn_untrained(const struct model *m);
/* From here on this signal is taken note of, for the verb to look at between two pieces of work; a second one ends the program at once. */
void cli_catch(int number);
const volatile sig_atomic_t *cli_stop(void); /* not 0: a caught signal has come */
/* Flush stdout; EXIT_ERROR with a message if what was printed did not arrive, else status. */
int cli_finish(int status);

/* paths_share() as this program looks for it. */
int cli_share(char **out, const char *what, struct err *e);
/* The schema at `path`, or share/schemas/clinical10.yml beside the program if path is NULL. */
int cli_schema(struct schema **out, const char *path, struct err *e);
/* The disease tree at `path`, or share/trees/bmu5.yml beside the program if path is NULL. */
int cli_tree(struct tree **out, const char *path, struct err *e);
/* "before NAME, approved by WHOM, sha256 HEX" on one line: which tree is inside a model. */
void cli_print_tree(FILE *stream, const char *before, const struct tree *t);
/* ERR_USAGE if the output `path` (may be NULL) exists and is an image of the table. */
int cli_not_an_image(const char *option, const char *path, const struct manifest *cohort, struct err *e);
/* All *.yml of `folder` in the order of their names, or of share/vendors beside the program if folder is NULL. */
int cli_vendors(struct vendors **out, const char *folder, struct err *e);
/* ERR_USAGE if the two name one file (by what they are, not by how they are written). what_*: "--out", "--exams" ... */
int cli_distinct(const char *what_a, const char *a, const char *what_b, const char *b, struct err *e);
/* "54,652,101" */
const char *cli_grouped(char out[32], uint64_t n);

#endif
