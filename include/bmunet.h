/* bmunet.h: the one public header of libbmunet.
 *
 * BMU-Net stratifies the risk of breast cancer from mammography (CC, MLO), tri-modal ultrasound (B-mode, colour Doppler,
 * elastography) and clinical values: one breast, one exam, and a probability for every node of a breast disease tree. Any subset
 * of the inputs works. RESEARCH USE ONLY: not a medical device; the output is a model's score and not a diagnosis.
 *
 * In short (examples/02_predict.c is this, compiled and run by the tests):
 *
 *     struct bmunet_model *model = NULL;
 *     struct bmunet_exam *exam = NULL;
 *     struct bmunet_result *result = NULL;
 *     struct bmunet_error error;
 *
 *     if (bmunet_model_open(&model, "model.safetensors", NULL, &error) == 0 && bmunet_exam_new(&exam, "exam 1", &error) == 0 &&
 *         bmunet_exam_file(exam, "us_bmode_trans", "a.png", &error) == 0 && bmunet_exam_value(exam, "age", "52", &error) == 0 &&
 *         bmunet_predict(&result, model, exam, &error) == 0)
 *         puts(bmunet_result_json(result));
 *     else
 *         fprintf(stderr, "%s: %s\n", bmunet_error_name(error.code), error.message);
 *     bmunet_result_free(result);
 *     bmunet_exam_free(exam);
 *     bmunet_model_close(model);
 *
 * CONVENTIONS
 * Errors     A function that can fail returns 0 or a negative code, and fills the caller's bmunet_error (NULL: not wanted). The
 *            code's name (bmunet_error_name) is the one in our files and never changes its meaning; its class says what to do.
 *            After an error nothing is left half done: outputs are NULL, files are as they were.
 * Refusals   An exam that cannot be computed is not an error: bmunet_predict returns 0 and the result says refused, with a code
 *            and a sentence (bmunet_result_status, bmunet_result_reason). Errors are what concerns more than this exam.
 * Arguments  No pointer may be NULL unless its description allows it; what is likely to be forgotten is answered with USAGE.
 * Ownership  What comes out through a `T **out` parameter is the caller's, to be given back by the matching _free or _close,
 *            which take NULL. A pointer that is returned is borrowed and lives as long as what it was asked of. Results and
 *            prepared images outlive their model and their exam; nodes and fields are the model's.
 * Options    Fill an options struct with its _default function, then change what you want; NULL stands for the defaults.
 *            Room for later is reserved in each and must stay as _default left it: a program compiled against this version runs
 *            with every later 0.x library of the same soname.
 * Text       UTF-8, but for what comes from the caller or a file: a path or an id stands in messages byte for byte. JSON is
 *            always UTF-8. Numbers are read and written with a decimal point whatever locale the process has set.
 * Threads    Different handles are independent: any number of models, exams and results may be used at once by different
 *            threads. One handle is used by one thread at a time. The library installs no signal handlers, changes neither the
 *            locale nor the environment of the process, and never prints. Images are decoded in child processes
 *            (bmunet-decode) that have no rights; do not reap children that you did not start (waitpid(-1)).
 * Callbacks  Run in the thread that made the call, with that thread's locale. They may use the library, but not close the
 *            model that calls them. The allocator alone may be called by any thread, and may not call back.
 * Forking    Fork before the first call of the library, or exec after it: the threads that compute do not survive a fork.
 * Memory     Ours fails with NO_MEMORY. The tensor library below us (oneDNN) may end the process where memory is short.
 */
#ifndef BMUNET_H
#define BMUNET_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined __GNUC__
#define BMUNET_API __attribute__((visibility("default")))
#else
#define BMUNET_API
#endif

#define BMUNET_VERSION_MAJOR 0
#define BMUNET_VERSION_MINOR 1
#define BMUNET_VERSION_PATCH 0

/* The version of the library that runs, as "0.1.0". Static storage. */
BMUNET_API const char *bmunet_version(void);
/* Exactly which code it is, as written into model and prediction files: "bmunet 0.1.0 (<commit>)". Static storage. */
BMUNET_API const char *bmunet_build(void);

/* --- errors ----------------------------------------------------------------------------------------------------------------- */

/* What a code means for whoever gets it. */
enum bmunet_class {
    BMUNET_CLASS_NONE = 0,        /* no error */
    BMUNET_CLASS_USAGE = 1,       /* the call or its options are wrong: change the program */
    BMUNET_CLASS_INPUT = 2,       /* a file or value is malformed: correct it */
    BMUNET_CLASS_REFUSED = 3,     /* an exam or image that must not be computed: a normal answer about that exam */
    BMUNET_CLASS_ENVIRONMENT = 4, /* memory, disk, permissions, the decoder: try again when it is mended */
    BMUNET_CLASS_INTERRUPTED = 5, /* stopped because the caller asked */
    BMUNET_CLASS_INTERNAL = 6     /* our fault: report it */
};

struct bmunet_error {
    int code;           /* 0, or the negative code that the function returned */
    char message[1024]; /* one sentence, UTF-8, that names the file, the row, the field and what to do; "" without an error */
};

/* "IMAGE_TRUNCATED"; "OK" for 0, "UNKNOWN" for what is no code. Static. */
BMUNET_API const char *bmunet_error_name(int code);
/* One line on what the code means. Static. */
BMUNET_API const char *bmunet_error_meaning(int code);
BMUNET_API enum bmunet_class bmunet_error_class(int code);
/* The code with this name, or 0. */
BMUNET_API int bmunet_error_code(const char *name);

/* --- runtime paths -------------------------------------------------------------------------------------------------------- */

/* Where the library finds its decoder program and its data files. A member that is NULL is looked for: first in the environment
 * (BMUNET_DECODER, BMUNET_SHARE; not in a program with raised privileges), then relative to the file that the library was loaded from, then
 * where it was configured to be installed. The library makes no temporary files of its own. */
struct bmunet_paths {
    const char *decoder; /* the program bmunet-decode, which reads images in a sandbox */
    const char *share;   /* the folder that holds trees/, schemas/, presets/, plans/ and vendors/ */
    const void *reserved[6];
};

/* All members NULL: everything is looked for. */
BMUNET_API void bmunet_paths_default(struct bmunet_paths *paths);
/* Are the decoder and the shared files where `paths` says (NULL: where the library looks)? 0; DECODER or FILE_MISSING, and the error names
 * what is missing; USAGE: a reserved member is not NULL. Starts nothing. */
BMUNET_API int bmunet_paths_check(const struct bmunet_paths *paths, struct bmunet_error *error);

/* --- memory ----------------------------------------------------------------------------------------------------------------- */

/* Where the library's own memory comes from: tensors, weights, results, exams. (oneDNN, jansson and the other libraries below it
 * keep their own.) allocate: size bytes aligned to alignment (a power of two, 16 to 2 MiB), or NULL; release: also takes NULL. Any
 * thread may call them. */
struct bmunet_allocator {
    void *(*allocate)(void *ctx, size_t size, size_t alignment);
    void *(*reallocate)(void *ctx, void *block, size_t size); /* as realloc(); only of blocks of alignment 16, or NULL */
    void (*release)(void *ctx, void *block);
    void *ctx;
    uint64_t reserved[4];
};
/* For the whole process, once, before any other function of the library has allocated; later it is refused (USAGE), so that no
 * block is ever released by another allocator than gave it. NULL functions: USAGE. */
BMUNET_API int bmunet_set_allocator(const struct bmunet_allocator *allocator, struct bmunet_error *error);

/* --- the model -------------------------------------------------------------------------------------------------------------- */

struct bmunet_model;

enum bmunet_log_level { BMUNET_LOG_INFO = 0, BMUNET_LOG_WARNING = 1 };

struct bmunet_model_options {
    int threads;                      /* 1 to 1024 computing threads of this model; 0: one per processor the process may run on */
    int bf16;                         /* 1: convolutions in bfloat16: faster, 2 to 3 significant digits; 0: float32 */
    int exact;                        /* 1: direct convolution alone: slower, closest to the published network */
    int allow_partial;                /* 1: an image that is refused counts as absent, and the result says so */
    int allow_tomosynthesis;          /* 1: views synthesised from tomosynthesis are taken, and the input's note says so */
    const struct bmunet_paths *paths; /* the decoder; NULL: looked for */
    const char *cache_folder;         /* prepared images are kept there and found again; NULL: nowhere */
    uint64_t cache_bytes;             /* its limit; 0: 20 GiB */
    /* What a person who runs the program may want to read, for instance that the model is untrained. Called by the thread that
     * called the library; message is valid during the call. NULL: none. */
    void (*log)(void *ctx, enum bmunet_log_level level, const char *message);
    void *log_ctx;
    uint64_t reserved[8];
};
BMUNET_API void bmunet_model_options_default(struct bmunet_model_options *options);

/* Open a model file (safetensors with our metadata; `bmunet import` and `bmunet train` write them). Every key, shape, type and
 * number is checked. Classes: INPUT, ENVIRONMENT. */
BMUNET_API int bmunet_model_open(struct bmunet_model **out, const char *path, const struct bmunet_model_options *options,
                                 struct bmunet_error *error);
/* The same from memory. The bytes are copied. */
BMUNET_API int bmunet_model_open_bytes(struct bmunet_model **out, const void *bytes, size_t size,
                                       const struct bmunet_model_options *options, struct bmunet_error *error);
BMUNET_API void bmunet_model_close(struct bmunet_model *model);

/* What the model is, as one JSON object: network, variant, preprocessing, tree, schema, provenance, SHA-256 of the file; the
 * members are those of `bmunet info --json` (bmunet-info(1)). Borrowed. */
BMUNET_API const char *bmunet_model_json(const struct bmunet_model *model);
/* SHA-256 of the model file, 64 hexadecimal digits. Borrowed. */
BMUNET_API const char *bmunet_model_sha256(const struct bmunet_model *model);

/* The image slots an exam can have: 8, in the network's order. */
enum bmunet_slot {
    BMUNET_MG_CC,          /* "mg_cc": mammography, craniocaudal */
    BMUNET_MG_MLO,         /* "mg_mlo": mammography, mediolateral oblique */
    BMUNET_US_BMODE_TRANS, /* "us_bmode_trans": ultrasound B-mode, transverse */
    BMUNET_US_BMODE_LONG,  /* "us_bmode_long": ... longitudinal */
    BMUNET_US_DOPPLER_TRANS,
    BMUNET_US_DOPPLER_LONG,
    BMUNET_US_ELASTO_TRANS,
    BMUNET_US_ELASTO_LONG,
    BMUNET_SLOT_COUNT
};
/* "mg_cc" ...: the name in tables, JSON and bmunet_exam_file(). NULL if slot is none. Static. */
BMUNET_API const char *bmunet_slot_name(enum bmunet_slot slot);
enum bmunet_taken {
    BMUNET_NOT_TAKEN = 0, /* the network has no place for the view: an exam with it is refused */
    BMUNET_UNLEARNT = 1,  /* it has, but no training exam showed such images: refused too */
    BMUNET_TAKEN = 2
};
BMUNET_API enum bmunet_taken bmunet_model_takes(const struct bmunet_model *model, enum bmunet_slot slot);

/* One node of the model's disease tree. The probability of a node is the sum of its leaves'. */
struct bmunet_node {
    const char *name;  /* "malignant": column p_<name> of predictions */
    const char *title; /* for people */
    int level;         /* 0: the top level */
    int parent;        /* index of the node above, -1 at the top */
    int leaf;          /* its number among the leaves in rising risk, -1: not a leaf */
    int positive;      /* 1: the top node that counts as malignant, or a node below it */
};
/* Nodes are numbered from 0 in the tree file's order. */
BMUNET_API size_t bmunet_model_nodes(const struct bmunet_model *model);
/* NULL past the last. Borrowed. */
BMUNET_API const struct bmunet_node *bmunet_model_node(const struct bmunet_model *model, size_t i);
/* The index of the node with this name, or -1. */
BMUNET_API int bmunet_model_find_node(const struct bmunet_model *model, const char *name);

enum bmunet_field_type { BMUNET_NUMBER, BMUNET_ORDERED, BMUNET_CATEGORY };
/* One clinical value that the model takes. */
struct bmunet_field {
    const char *name; /* "age" */
    const char *unit; /* "years"; may be "" */
    int type;         /* a bmunet_field_type */
    double min, max;  /* inclusive; numbers only */
    int missing_allowed;
    size_t n_codes;           /* ordered values and categories: ... */
    const char *const *codes; /* ... their spellings in order; the value is the index */
};
/* 0: the model takes no clinical values. */
BMUNET_API size_t bmunet_model_fields(const struct bmunet_model *model);
BMUNET_API const struct bmunet_field *bmunet_model_field(const struct bmunet_model *model, size_t i);

/* --- one exam --------------------------------------------------------------------------------------------------------------- */

struct bmunet_exam;

/* An exam without images. id: named in results and messages; not empty. */
BMUNET_API int bmunet_exam_new(struct bmunet_exam **out, const char *id, struct bmunet_error *error);
BMUNET_API void bmunet_exam_free(struct bmunet_exam *exam);
/* An image by its path: PNG, JPEG or DICOM. slot: its name; NULL: a DICOM file whose tags tell the slot (found out when it is
 * predicted; what they do not tell refuses the exam, nothing is guessed). The file is read by bmunet_predict() and not before.
 * USAGE: an unknown slot (the nearest name is offered), a slot that has an image already. */
BMUNET_API int bmunet_exam_file(struct bmunet_exam *exam, const char *slot, const char *path, struct bmunet_error *error);
/* The same from memory. name: shown in messages; may be NULL. The bytes are copied. */
BMUNET_API int bmunet_exam_bytes(struct bmunet_exam *exam, const char *slot, const char *name, const void *bytes, size_t size,
                                 struct bmunet_error *error);
/* A clinical value as a table would write it ("52", "premenopausal"; NULL, "" or "unknown": missing), or one of "side" (L, R) and
 * "patient_id". What the model's schema says of it is checked by bmunet_predict(), which refuses the exam. USAGE: given twice. */
BMUNET_API int bmunet_exam_value(struct bmunet_exam *exam, const char *name, const char *value, struct bmunet_error *error);

/* --- the answer about one exam ---------------------------------------------------------------------------------------------- */

struct bmunet_result;

/* One exam through the network. 0 also for a refused exam. Deterministic: the same bits for any number of threads and whatever
 * ran before. Classes of errors: ENVIRONMENT, INTERNAL, and USAGE (a value's name that the model does not know). */
BMUNET_API int bmunet_predict(struct bmunet_result **out, struct bmunet_model *model, const struct bmunet_exam *exam,
                              struct bmunet_error *error);
BMUNET_API void bmunet_result_free(struct bmunet_result *result);

/* 0: computed; else the code why the exam is refused. */
BMUNET_API int bmunet_result_status(const struct bmunet_result *result);
/* The sentence that belongs to the status; may say something of a computed exam too (an image that counted as absent). Borrowed. */
BMUNET_API const char *bmunet_result_reason(const struct bmunet_result *result);
BMUNET_API const char *bmunet_result_exam(const struct bmunet_result *result);
/* Of node i of the model's tree, 0 to 1; NaN for a refused exam or past the last node. */
BMUNET_API double bmunet_result_probability(const struct bmunet_result *result, size_t node);
/* Of the positive ("malignant") top node. A score of the network, not a calibrated risk. */
BMUNET_API double bmunet_result_positive(const struct bmunet_result *result);
/* The index of the most probable leaf's node (the one of lower risk on a tie); -1 for a refused exam. */
BMUNET_API int bmunet_result_leaf(const struct bmunet_result *result);

enum bmunet_input_status { BMUNET_ABSENT, BMUNET_USED, BMUNET_REFUSED };
/* What became of one input. */
struct bmunet_input {
    int slot;                  /* a bmunet_slot */
    int status;                /* a bmunet_input_status */
    int code;                  /* 0, or why it was refused */
    const char *note;          /* what was done to it, or why it was refused; may be "" */
    const char *sha256;        /* of the file's bytes, 64 hexadecimal digits; "" if it could not be read */
    const char *tensor_sha256; /* of the floats that the network took; "" if it was not prepared */
};
/* Of each slot; NULL if slot is none. Borrowed from the result. */
BMUNET_API const struct bmunet_input *bmunet_result_input(const struct bmunet_result *result, enum bmunet_slot slot);
/* All of it as one JSON object without a line end, as `bmunet predict --json` writes it (bmunet-predictions(5)). Borrowed. */
BMUNET_API const char *bmunet_result_json(const struct bmunet_result *result);

/* --- many exams ------------------------------------------------------------------------------------------------------------- */

struct bmunet_table_options {
    const char *split; /* only rows whose column split is exactly this; NULL: all */
    const char *const *ignore_columns;
    size_t n_ignore_columns;
    const char *csv_path;  /* predictions.csv is written there, whole or not at all; NULL: no */
    const char *json_path; /* the same as one JSON object a line; NULL: no */
    uint64_t reserved[8];
};
BMUNET_API void bmunet_table_options_default(struct bmunet_table_options *options);
/* Called for every exam in the table's order, by the calling thread. result: borrowed, valid during the call. done, total: exams.
 * Anything but 0 ends the run with INTERRUPTED, and no file is written. */
typedef int bmunet_result_callback(void *ctx, const struct bmunet_result *result, size_t done, size_t total);
/* Every exam of a table (bmunet-exams(5)); images are read ahead while the network computes. each may be NULL if a file is asked
 * for. 0: every exam was delivered, some perhaps refused. */
BMUNET_API int bmunet_predict_table(struct bmunet_model *model, const char *exams_csv, const struct bmunet_table_options *options,
                                    bmunet_result_callback *each, void *ctx, struct bmunet_error *error);

/* --- images to tensors ------------------------------------------------------------------------------------------------------ */

struct bmunet_prepared;
struct bmunet_tensor {
    int channels, height, width; /* mammography: 1 channel; ultrasound: 3, interleaved (RGBRGB...) */
    const float *data;           /* [height][width][channels]; borrowed */
};
/* What the network would be given, and the verdict on each input, without computing; as `bmunet prep` does (bmunet-prep(1)). */
BMUNET_API int bmunet_prepare(struct bmunet_prepared **out, struct bmunet_model *model, const struct bmunet_exam *exam,
                              struct bmunet_error *error);
BMUNET_API void bmunet_prepared_free(struct bmunet_prepared *prepared);
BMUNET_API int bmunet_prepared_status(const struct bmunet_prepared *prepared); /* as bmunet_result_status() */
BMUNET_API const char *bmunet_prepared_reason(const struct bmunet_prepared *prepared);
BMUNET_API const struct bmunet_input *bmunet_prepared_input(const struct bmunet_prepared *prepared, enum bmunet_slot slot);
/* 0, or -1: the slot is absent or was refused. */
BMUNET_API int bmunet_prepared_tensor(struct bmunet_tensor *out, const struct bmunet_prepared *prepared, enum bmunet_slot slot);

/* --- evaluation ------------------------------------------------------------------------------------------------------------- */

struct bmunet_evaluate_options {
    const char *predictions;          /* CSV: exam_id and score, p_malignant or class probabilities; anybody's model */
    const char *truth;                /* CSV: exam_id, malignant or tier; patient_id and columns of subgroups if there are any */
    const char *readers;              /* CSV: reader, exam_id, birads, condition; NULL: none */
    const char *plan;                 /* YAML; NULL: the plan that comes with the library */
    const char *tree;                 /* YAML; NULL: the tree that comes with the library */
    const char *split;                /* only exams whose column split of the truth is this; NULL: all */
    const char *recalibrate_on;       /* CSV of predictions of other exams, to fit recalibrations on; NULL: none */
    const char *development_truth;    /* CSV: the truth of those; NULL: none */
    const char *locked;               /* a threshold.json written before; NULL: none */
    const struct bmunet_paths *paths; /* the shared plans and trees; NULL: looked for */
    int threads;                      /* 0: one per processor; never changes a number */
    /* what is being computed and how far it is; not 0 ends it with INTERRUPTED; may be NULL */
    int (*progress)(void *ctx, const char *what, size_t done, size_t total);
    void *progress_ctx;
    uint64_t reserved[8];
};
BMUNET_API void bmunet_evaluate_options_default(struct bmunet_evaluate_options *options);
/* All numbers of `bmunet evaluate` as results.json (bmunet-results(5)): *json is the caller's, bmunet_text_free(). */
BMUNET_API int bmunet_evaluate(char **json, const struct bmunet_evaluate_options *options, struct bmunet_error *error);
BMUNET_API void bmunet_text_free(char *text);

#ifdef __cplusplus
}
#endif

#endif
