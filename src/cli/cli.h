/* What the verbs share beside their options (command.h): errors as text, standard streams, finding our share folder. Floor 9.
 *
 * Exit status, the same for all verbs: EXIT_OK done; EXIT_ERROR an error; EXIT_REFUSED everything was written, and some exam or file was
 * refused (predict, prep, deidentify); EXIT_INTERRUPTED stopped by a signal. It follows from the error's class (base/err_codes.h). An error
 * is one line on stderr, "bmunet: CODE: sentence", and leaves older outputs as they were.
 */
#ifndef BMU_CLI_CLI_H
#define BMU_CLI_CLI_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "cli/command.h"
#include "cli/say.h"
#include "cohort/manifest.h"
#include "exam/schema.h"
#include "exam/tree.h"
#include "model/model.h"

enum { EXIT_OK = 0, EXIT_ERROR = 1, EXIT_REFUSED = 2, EXIT_INTERRUPTED = 75 /* EX_TEMPFAIL: the same command may succeed */ };
/* As --help and bmunet(1) list them: those that every verb has, and EXIT_REFUSED. */
void cli_statuses(FILE *stream, bool refuses);
/* The verb that runs, for hints on its options. */
void cli_verb(const char *name);

/* One line on stderr if caching has stopped. */
struct cache;
void cli_cache_remark(struct cache *c);
/* Where a verb says what it has done: stdout, or stderr when a file goes to stdout. */
FILE *cli_report(void);
/* "written: a, b" there; NULL and what went to stdout are left out. */
void cli_written(const char *a, const char *b);
/* An output named "-": *path is replaced by a file in a folder of its own (mode 0700), which cli_output_end() copies to stdout and removes.
 * One such output per run: ERR_USAGE. */
int cli_output_begin(const char **path, struct err *e);
/* keep: the run has succeeded. */
int cli_output_end(bool keep, struct err *e);
/* Text that may come from a file: what would steer a terminal is printed as '?'. */
void cli_text(FILE *stream, const char *text);
/* Print the error; returns EXIT_INTERRUPTED or EXIT_ERROR by its class. */
int cli_fail(const struct err *e);
void cli_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The warning that belongs to a model with random weights; true if it is one. */
void cli_warn_untrained(const struct model *m);
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
/* All *.yml of `folder` in the order of their names, or of share/vendors beside the program if folder is NULL. */
int cli_vendors(struct vendors **out, const char *folder, struct err *e);
/* "54,652,101" */
const char *cli_grouped(char out[32], uint64_t n);

#endif
