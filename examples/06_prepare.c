/* What the network would see: the prepared picture as a PGM file, and the verdict on it, without computing.
 *
 * Build: cc 06_prepare.c -o 06_prepare $(pkg-config --cflags --libs bmunet)
 * Run: ./06_prepare model.safetensors oval_mg_cc.png seen.pgm && head -c 2 seen.pgm
 * Prints: ^mg_cc used: .*PNG
 * Prints: ^1 x [0-9]+ x [0-9]+ floats$
 * Prints: ^P5
 */
#include <stdio.h>

#include <bmunet.h>

static int write_pgm(const char *path, const struct bmunet_tensor *t) {
    const size_t n = (size_t)t->width * (size_t)t->height;
    float low = t->data[0], high = t->data[0];
    FILE *f = fopen(path, "wb");
    if (!f)
        return -1;
    for (size_t i = 0; i < n; i++) {
        low = t->data[i] < low ? t->data[i] : low;
        high = t->data[i] > high ? t->data[i] : high;
    }
    fprintf(f, "P5\n%d %d\n255\n", t->width, t->height);
    for (size_t i = 0; i < n; i++)
        fputc((int)(255 * (t->data[i] - low) / (high > low ? high - low : 1) + 0.5F), f);
    return fclose(f);
}

int main(int argc, char **argv) {
    struct bmunet_model *model = NULL;
    struct bmunet_exam *exam = NULL;
    struct bmunet_prepared *seen = NULL;
    struct bmunet_error error = {0, ""};
    struct bmunet_tensor tensor;
    int failed = argc != 4 || bmunet_model_open(&model, argv[1], NULL, &error) || bmunet_exam_new(&exam, "exam", &error) ||
                 bmunet_exam_file(exam, "mg_cc", argv[2], &error) || bmunet_prepare(&seen, model, exam, &error);
    if (!failed && bmunet_prepared_status(seen)) {
        printf("refused: %s\n", bmunet_prepared_reason(seen));
    } else if (!failed) {
        printf("mg_cc used: %s\n", bmunet_prepared_input(seen, BMUNET_MG_CC)->note);
        failed = bmunet_prepared_tensor(&tensor, seen, BMUNET_MG_CC) || write_pgm(argv[3], &tensor);
        printf("%d x %d x %d floats\n", tensor.channels, tensor.height, tensor.width);
        fflush(stdout);
    }
    if (failed)
        fprintf(stderr, "06_prepare: %s\n", error.code ? error.message : "usage: 06_prepare MODEL MAMMOGRAM OUT.pgm");
    bmunet_prepared_free(seen);
    bmunet_exam_free(exam);
    bmunet_model_close(model);
    return failed;
}
