/* Two models in one process, each in a thread of its own: handles share nothing, and each says the same as when it is alone.
 *
 * Build: cc 08_threads.c -o 08_threads $(pkg-config --cflags --libs bmunet) -pthread
 * Run: ./08_threads model.safetensors oval_us_bmode_trans.png
 * Prints: ^float32, 2 threads: 0\.[0-9]+$
 * Prints: ^bfloat16, 1 thread: 0\.[0-9]+$
 */
#include <pthread.h>
#include <stdio.h>

#include <bmunet.h>

struct work {
    const char *model, *picture, *title;
    int threads, bf16;
};

static void *run(void *ctx) {
    const struct work *w = ctx;
    struct bmunet_model_options options;
    struct bmunet_model *model = NULL;
    struct bmunet_exam *exam = NULL;
    struct bmunet_result *result = NULL;
    struct bmunet_error error;
    bmunet_model_options_default(&options);
    options.threads = w->threads;
    options.bf16 = w->bf16;
    if (bmunet_model_open(&model, w->model, &options, &error) || bmunet_exam_new(&exam, w->title, &error) ||
        bmunet_exam_file(exam, "us_bmode_trans", w->picture, &error) || bmunet_predict(&result, model, exam, &error))
        fprintf(stderr, "%s: %s\n", w->title, error.message);
    else
        printf("%s: %.6f\n", w->title, bmunet_result_positive(result));
    bmunet_result_free(result);
    bmunet_exam_free(exam);
    bmunet_model_close(model);
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t thread[2];
    if (argc != 3)
        return 1;
    struct work work[2] = {{argv[1], argv[2], "float32, 2 threads", 2, 0}, {argv[1], argv[2], "bfloat16, 1 thread", 1, 1}};
    for (int i = 0; i < 2; i++)
        if (pthread_create(&thread[i], NULL, run, &work[i]))
            return 1;
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    return 0;
}
