/* The verbs, each in a file of its name. Floor 10. */
#ifndef BMU_VERB_VERBS_H
#define BMU_VERB_VERBS_H

#include "cli/command.h"

extern const struct command command_predict, command_prep, command_scan, command_deidentify, command_train, command_runs, command_import,
    command_info, command_init, command_synth, command_split, command_evaluate, command_bench;

#endif
