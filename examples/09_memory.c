/* The library's memory from the program: here it is only counted. Where things are is said, too: paths of the decoder and the shared files.
 *
 * Build: cc 09_memory.c -o 09_memory $(pkg-config --cflags --libs bmunet)
 * Run: ./09_memory model.safetensors
 * Prints: ^[1-9][0-9]* blocks taken, 0 not given back$
 * Prints: ^too late: USAGE$
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <bmunet.h>

static atomic_long taken, held;

static void *allocate(void *ctx, size_t size, size_t alignment) {
    (void)ctx;
    void *p = aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    if (p) {
        taken++;
        held++;
    }
    return p;
}

static void *reallocate(void *ctx, void *block, size_t size) {
    (void)ctx;
    void *p = realloc(block, size);
    if (p && !block) {
        taken++;
        held++;
    }
    return p;
}

static void release(void *ctx, void *block) {
    (void)ctx;
    held -= block != NULL;
    free(block);
}

int main(int argc, char **argv) {
    const struct bmunet_allocator allocator = {.allocate = allocate, .reallocate = reallocate, .release = release};
    struct bmunet_model_options options;
    struct bmunet_paths paths;
    struct bmunet_model *model;
    struct bmunet_error error;
    bmunet_paths_default(&paths); /* paths.decoder = "/opt/site/bmunet-decode" would say where it is */
    bmunet_model_options_default(&options);
    options.paths = &paths;
    if (argc != 2 || bmunet_set_allocator(&allocator, &error) || bmunet_model_open(&model, argv[1], &options, &error)) {
        fprintf(stderr, "%s\n", argc != 2 ? "usage: 09_memory MODEL" : error.message);
        return 1;
    }
    bmunet_model_close(model);
    printf("%ld blocks taken, %ld not given back\n", (long)taken, (long)held);
    printf("too late: %s\n", bmunet_error_name(bmunet_set_allocator(&allocator, &error)));
    return 0;
}
