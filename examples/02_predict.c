/* One exam: pictures and values in, probabilities out.
 *
 * Build: cc 02_predict.c -o 02_predict $(pkg-config --cflags --libs bmunet)
 * Run: ./02_predict model.safetensors oval_us_bmode_trans.png 52
 * Prints: "status": ?"ok"
 * Prints: "us_bmode_trans"
 */
#include <stdio.h>

#include <bmunet.h>

int main(int argc, char **argv) {
    struct bmunet_model *model = NULL;
    struct bmunet_exam *exam = NULL;
    struct bmunet_result *result = NULL;
    struct bmunet_error error;
    if (argc != 4)
        return 1;
    if (bmunet_model_open(&model, argv[1], NULL, &error) == 0 && bmunet_exam_new(&exam, "exam 1", &error) == 0 &&
        bmunet_exam_file(exam, "us_bmode_trans", argv[2], &error) == 0 && bmunet_exam_value(exam, "age", argv[3], &error) == 0 &&
        bmunet_predict(&result, model, exam, &error) == 0)
        puts(bmunet_result_json(result));
    else
        fprintf(stderr, "%s: %s\n", bmunet_error_name(error.code), error.message);
    const int failed = result == NULL || bmunet_result_status(result) != 0;
    bmunet_result_free(result);
    bmunet_exam_free(exam);
    bmunet_model_close(model);
    return failed;
}
