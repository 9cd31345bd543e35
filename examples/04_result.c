/* An answer as numbers, with what became of each picture; model and picture come from memory, as a program beside a PACS has them.
 *
 * Build: cc 04_result.c -o 04_result $(pkg-config --cflags --libs bmunet)
 * Run: ./04_result model.safetensors oval_us_bmode_trans.png
 * Prints: ^exam 7: malignant 0\.[0-9]+, most probable T[1-5]$
 * Prints: ^P\(T1\) = 0\.[0-9]+$
 * Prints: ^us_bmode_trans used [0-9a-f]{64} -> [0-9a-f]{64}
 * Prints: ^mg_cc absent
 * Prints: ^no picture: EXAM_NO_IMAGE, class 3:
 */
#include <stdio.h>
#include <stdlib.h>

#include <bmunet.h>

static void *read_file(const char *path, size_t *size) {
    FILE *f = fopen(path, "rb");
    char *bytes = NULL;
    if (f && fseek(f, 0, SEEK_END) == 0) {
        *size = (size_t)ftell(f);
        rewind(f);
        if ((bytes = malloc(*size)) && fread(bytes, 1, *size, f) != *size)
            *size = 0;
        fclose(f);
    }
    return bytes;
}

static void show(const struct bmunet_model *model, const struct bmunet_result *r) {
    const int status = bmunet_result_status(r);
    if (status) { /* the exam is refused: a normal answer about this exam, and no error */
        printf("%s: %s, class %d: %s\n", bmunet_result_exam(r), bmunet_error_name(status), (int)bmunet_error_class(status),
               bmunet_result_reason(r));
        return;
    }
    printf("%s: malignant %.3f, most probable %s\n", bmunet_result_exam(r), bmunet_result_positive(r),
           bmunet_model_node(model, (size_t)bmunet_result_leaf(r))->name);
    for (size_t i = 0; i < bmunet_model_nodes(model); i++)
        printf("P(%s) = %.9f\n", bmunet_model_node(model, i)->name, bmunet_result_probability(r, i));
    for (int s = 0; s < BMUNET_SLOT_COUNT; s++) {
        static const char *const status_name[] = {"absent", "used", "refused"};
        const struct bmunet_input *in = bmunet_result_input(r, (enum bmunet_slot)s);
        printf("%s %s %s -> %s %s\n", bmunet_slot_name((enum bmunet_slot)in->slot), status_name[in->status], in->sha256, in->tensor_sha256,
               in->note);
    }
}

/* Without a picture there is nothing to compute: the result says so. */
static int answer(struct bmunet_model *model, const char *id, const void *picture, size_t size, struct bmunet_error *error) {
    struct bmunet_exam *exam = NULL;
    struct bmunet_result *result = NULL;
    int rc = bmunet_exam_new(&exam, id, error);
    if (rc == 0 && picture)
        rc = bmunet_exam_bytes(exam, "us_bmode_trans", "the picture", picture, size, error);
    if (rc == 0)
        rc = bmunet_predict(&result, model, exam, error);
    if (rc == 0)
        show(model, result);
    bmunet_result_free(result);
    bmunet_exam_free(exam);
    return rc;
}

int main(int argc, char **argv) {
    struct bmunet_model *model = NULL;
    struct bmunet_error error = {0, ""};
    size_t model_size = 0, picture_size = 0;
    void *weights = argc == 3 ? read_file(argv[1], &model_size) : NULL, *picture = argc == 3 ? read_file(argv[2], &picture_size) : NULL;
    int failed = !weights || !picture || bmunet_model_open_bytes(&model, weights, model_size, NULL, &error);
    free(weights); /* the model has its own copy */
    if (!failed)
        failed = answer(model, "exam 7", picture, picture_size, &error) || answer(model, "no picture", NULL, 0, &error);
    if (failed)
        fprintf(stderr, "04_result: %s\n", error.code ? error.message : "usage: 04_result MODEL PICTURE");
    free(picture);
    bmunet_model_close(model);
    return failed;
}
