/* What is this model, and what does it take?
 *
 * Build: cc 03_model.c -o 03_model $(pkg-config --cflags --libs bmunet)
 * Run: ./03_model model.safetensors
 * Prints: ^model [0-9a-f]{64}$
 * Prints: ^image mg_cc taken$
 * Prints: ^node 0 benign \(.*\)$
 * Prints: ^ +leaf T3 .*counts as malignant$
 * Prints: ^value age \[years\], 18 to 100; may be missing$
 * Prints: ^value menopausal, one of
 * Prints: ^log: this model is untrained
 */
#include <stdio.h>

#include <bmunet.h>

static void log_line(void *ctx, enum bmunet_log_level level, const char *message) {
    (void)level;
    fprintf(ctx, "log: %s\n", message);
}

static void show_nodes(const struct bmunet_model *model) {
    for (size_t i = 0; i < bmunet_model_nodes(model); i++) {
        const struct bmunet_node *n = bmunet_model_node(model, i);
        const char *counts = n->positive ? " counts as malignant" : "";
        if (n->leaf < 0)
            printf("node %d %s (%s)%s\n", n->level, n->name, n->title, counts);
        else
            printf("  leaf %s (%s), below %s%s\n", n->name, n->title,
                   n->parent < 0 ? "nothing" : bmunet_model_node(model, (size_t)n->parent)->name, counts);
    }
}

static void show_values(const struct bmunet_model *model) {
    for (size_t i = 0; i < bmunet_model_fields(model); i++) {
        const struct bmunet_field *f = bmunet_model_field(model, i);
        if (f->type == BMUNET_NUMBER)
            printf("value %s [%s], %g to %g", f->name, f->unit, f->min, f->max);
        else
            printf("value %s, one of", f->name);
        for (size_t k = 0; k < f->n_codes; k++)
            printf(" '%s'", f->codes[k]);
        puts(f->missing_allowed ? "; may be missing" : "");
    }
}

int main(int argc, char **argv) {
    static const char *const taken[] = {"not taken: the network has no place for it", "refused: no exam has taught it", "taken"};
    struct bmunet_model_options options;
    struct bmunet_model *model;
    struct bmunet_error error;
    bmunet_model_options_default(&options);
    options.threads = 1;
    options.log = log_line;
    options.log_ctx = stdout;
    if (argc != 2 || bmunet_model_open(&model, argv[1], &options, &error)) {
        fprintf(stderr, "%s\n", argc != 2 ? "usage: 03_model MODEL" : error.message);
        return 1;
    }
    printf("model %s\n%s\n", bmunet_model_sha256(model), bmunet_model_json(model));
    for (int s = 0; s < BMUNET_SLOT_COUNT; s++)
        printf("image %s %s\n", bmunet_slot_name((enum bmunet_slot)s), taken[bmunet_model_takes(model, (enum bmunet_slot)s)]);
    show_nodes(model);
    show_values(model);
    bmunet_model_close(model);
    return 0;
}
