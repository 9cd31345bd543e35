/* Anybody's predictions against the truth: all numbers of `bmunet evaluate`, as JSON.
 *
 * Build: cc 07_evaluate.c -o 07_evaluate $(pkg-config --cflags --libs bmunet)
 * Run: ./07_evaluate scores.csv truth.csv
 * Prints: ^step:
 * Prints: "auc"
 * Prints: ^no such table: FILE_MISSING, the file does not exist$
 */
#include <stdio.h>

#include <bmunet.h>

static int step(void *ctx, const char *what, size_t done, size_t total) {
    (void)ctx;
    if (done == total)
        printf("step: %s\n", what);
    return 0; /* anything else ends it */
}

int main(int argc, char **argv) {
    struct bmunet_evaluate_options options;
    struct bmunet_error error;
    char *json = NULL;
    if (argc != 3)
        return 1;
    bmunet_evaluate_options_default(&options);
    options.predictions = argv[1];
    options.truth = argv[2];
    options.progress = step;
    if (bmunet_evaluate(&json, &options, &error)) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    puts(json);
    bmunet_text_free(json);

    options.truth = "nowhere.csv";
    if (bmunet_evaluate(&json, &options, &error) == bmunet_error_code("FILE_MISSING"))
        printf("no such table: %s, %s\n", bmunet_error_name(error.code), bmunet_error_meaning(error.code));
    return 0;
}
