/* Every exam of a table: to a callback as they come, and to predictions.csv.
 *
 * Build: cc 05_table.c -o 05_table $(pkg-config --cflags --libs bmunet)
 * Run: ./05_table model.safetensors exams.csv written.csv && wc -l < written.csv
 * Prints: ^1/[0-9]+ phantom-1-all-views 0\.[0-9]+$
 * Prints: ^[0-9]+/[0-9]+ phantom-[^ ]+ refused: [A-Z_]+$
 */
#include <stdio.h>

#include <bmunet.h>

static int each(void *ctx, const struct bmunet_result *result, size_t done, size_t total) {
    int *malignant = ctx;
    const int status = bmunet_result_status(result);
    printf("%zu/%zu %s ", done, total, bmunet_result_exam(result));
    if (status)
        printf("refused: %s\n", bmunet_error_name(status));
    else
        printf("%.4f\n", bmunet_result_probability(result, (size_t)*malignant));
    return 0; /* anything else ends the run */
}

int main(int argc, char **argv) {
    struct bmunet_table_options options;
    struct bmunet_model *model = NULL;
    struct bmunet_error error;
    if (argc != 4)
        return 1;
    bmunet_table_options_default(&options);
    options.csv_path = argv[3];
    int rc = bmunet_model_open(&model, argv[1], NULL, &error);
    if (rc == 0) {
        int malignant = bmunet_model_find_node(model, "malignant");
        rc = bmunet_predict_table(model, argv[2], &options, each, &malignant, &error);
    }
    if (rc)
        fprintf(stderr, "%s: %s\n", bmunet_error_name(rc), error.message);
    bmunet_model_close(model);
    return rc != 0;
}
