/* bmunet.h: breast cancer risk from mammography, ultrasound and clinical values. The one public header of libbmunet.
 *
 * Research use only. Not a medical device; what the library computes is a model's score, not a diagnosis.
 *
 * Conventions, the same for every function:
 *   - A function that can fail returns 0, or a negative code; its last parameter is the caller's `struct bmunet_error *`, which may be
 * NULL. The code's name (bmunet_error_name()) is part of our file formats and never changes.
 *   - An owned result is `T **out`, the first parameter; a returned pointer is borrowed.
 *   - Nothing is printed, no signal is handled, the process is never ended. There is no global state to set up.
 *   - A struct of options has a function that fills in the defaults, and reserved members that have to stay NULL: a later version of the
 *     library may give them a meaning without a program having to be compiled again.
 *
 * Compile and link with `pkg-config --cflags --libs bmunet` (with --static for libbmunet.a).
 */
#ifndef BMUNET_H
#define BMUNET_H

/* The version of this header. While MAJOR is 0, a program belongs to the MINOR that it was compiled with; the soname tells. */
#define BMUNET_VERSION_MAJOR 0
#define BMUNET_VERSION_MINOR 1
#define BMUNET_VERSION_PATCH 0

#if defined __GNUC__
#define BMUNET_API __attribute__((visibility("default")))
#else
#define BMUNET_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* --- version -------------------------------------------------------------------------------------------------------------- */

/* The version of the library that runs, as "0.1.0". Static storage. */
BMUNET_API const char *bmunet_version(void);
/* Exactly which code it is, as written into model and prediction files: "bmunet 0.1.0 (<commit>)". Static storage. */
BMUNET_API const char *bmunet_build(void);

/* --- errors --------------------------------------------------------------------------------------------------------------- */

struct bmunet_error {
    int code;           /* 0, or the negative code that the function returned */
    char message[1024]; /* one sentence, UTF-8, that names the file, the row, the field and what to do */
};

/* "IMAGE_TRUNCATED" for -21, "OK" for 0; "UNKNOWN" for a number that is no code. Static storage. */
BMUNET_API const char *bmunet_error_name(int code);
/* What the code means, in one line of English. Static storage. */
BMUNET_API const char *bmunet_error_meaning(int code);

/* --- runtime paths -------------------------------------------------------------------------------------------------------- */

/* Where the library finds what belongs to it and is no code. A member that is NULL is looked for: first in the environment (BMUNET_DECODER,
 * BMUNET_SHARE; not in a program with raised privileges), then relative to the file that the library was loaded from, then where it was
 * configured to be installed. The library makes no temporary files of its own. */
struct bmunet_paths {
    const char *decoder; /* the program bmunet-decode, which reads images in a sandbox */
    const char *share;   /* the folder that holds trees/, schemas/, presets/, plans/ and vendors/ */
    const void *reserved[6];
};

/* All members NULL: everything is looked for. */
BMUNET_API void bmunet_paths_default(struct bmunet_paths *paths);
/* Are the decoder and the shared files where `paths` says (NULL: where the library looks)? 0; DECODER or FILE_MISSING, and the error says
 * what was missed; USAGE: a reserved member is not NULL. Starts nothing. */
BMUNET_API int bmunet_paths_check(const struct bmunet_paths *paths, struct bmunet_error *error);

#ifdef __cplusplus
}
#endif

#endif
