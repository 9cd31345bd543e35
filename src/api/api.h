/* What the functions of bmunet.h share: from the public structs to ours and back. Floor 8. */
#ifndef BMU_API_API_H
#define BMU_API_API_H

#include <locale.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/pool.h"
#include "bmunet.h"
#include "exam/exam.h"
#include "exam/verdict.h"
#include "file/paths.h"
#include "infer/output.h"
#include "infer/predictor.h"
#include "model/model.h"

/* Hand e to the caller (out may be NULL) and return rc. */
int api_return(struct bmunet_error *out, int rc, const struct err *e);
/* ERR_USAGE if a reserved member is set: this library does not know what is meant by it. from NULL: all NULL. Strings are borrowed. */
int api_paths(struct paths *to, const struct bmunet_paths *from, struct err *e);
/* ERR_USAGE if one of the n reserved numbers of an options struct is not 0. what: the struct's name. */
int api_reserved(const uint64_t *reserved, size_t n, const char *what, struct err *e);

/* What a call changes for its thread alone, and puts back: numbers have a decimal point, and the pool has the model's threads. */
struct api_call {
    locale_t locale; /* the caller's; 0: nothing was changed */
    struct pool_scope pool;
};
/* threads 0: one per processor. ERR_NO_MEMORY. */
int api_enter(struct api_call *call, int threads, struct err *e);
void api_leave(const struct api_call *call);
/* Around a call back into the caller's code: as if outside; the second takes it back. */
void api_pause(const struct api_call *call);
void api_resume(struct api_call *call, int threads);

struct bmunet_model {
    struct model *model;
    struct predictor *predictor;
    struct decoder *decoder;
    struct cache *cache;
    struct bmunet_model_options options;    /* its paths and texts are the caller's: not looked at after opening */
    struct paths paths;                     /* owned copies */
    char *decoder_path, *share_path, *path; /* path: of the model file; NULL: it came as bytes */
    struct output_facts facts;
    struct bmunet_node *nodes;
    struct bmunet_field *fields;
    struct buf json;
    char sha256[SHA256_HEX_SIZE];
};
void api_log(const struct bmunet_model *m, enum bmunet_log_level level, const char *message);

/* An input's verdict, as it is shown; the texts are this struct's. */
struct api_input {
    struct bmunet_input shown;
    char note[sizeof((struct input_verdict){0}.note)], sha256[SHA256_HEX_SIZE], tensor_sha256[SHA256_HEX_SIZE];
};
void api_input(struct api_input *out, const struct input_verdict *v, enum slot s);

struct bmunet_result {
    char *exam;
    int status, leaf;
    char reason[sizeof((struct verdict){0}.reason)];
    double positive;
    double *node; /* [n_nodes]; NULL: refused */
    size_t n_nodes;
    struct api_input input[SLOT_COUNT];
    struct buf json;
};
int api_result(struct bmunet_result **out, const struct bmunet_model *m, const struct prediction *p, const struct output_facts *facts,
               struct err *e);

/* The exam as the predictor wants it, by the model's schema; *draft is owned. Its fault, if there is one, refuses the exam. */
struct draft;
int api_draft(struct draft **draft, const struct bmunet_model *m, const struct bmunet_exam *x, struct err *e);

#endif
