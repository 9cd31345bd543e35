/* The random numbers against the known answers published with the method (Random123's kat_vectors, philox4x32 of 10 rounds), and many
 * blocks at once against one by one. Test code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

static void known_answers(void **state) {
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{~0U, ~0U, ~0U, ~0U}, {~0U, ~0U}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}, {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const uint32_t *c = known[i].counter, *k = known[i].key;
        const struct rng r = rng_make((uint64_t)k[1] << 32 | k[0], c[2], c[3]);
        const uint64_t block = (uint64_t)c[1] << 32 | c[0];
        uint32_t one[4], many[4 * 16];
        rng_block(&r, block, one);
        assert_memory_equal(one, known[i].out, sizeof one);
        rng_blocks(&r, block - 5, 16, many); /* the sixth of sixteen, which go side by side */
        assert_memory_equal(many + 4 * 5, known[i].out, sizeof one);
    }
}

static void blocks_are_the_block_one_by_one(void **state) {
    (void)state;
    const struct rng r = rng_make(0x123456789ABCDEF, 5, 6);
    for (size_t n = 0; n < 70; n++) {
        const uint64_t first = n % 2 ? 0xFFFFFFF0 : 3 * n; /* over the end of the low word */
        uint32_t *many = malloc(4 * n * sizeof *many + 1), one[4];
        assert_non_null(many);
        rng_blocks(&r, first, n, many);
        for (size_t i = 0; i < n; i++) {
            rng_block(&r, first + i, one);
            assert_memory_equal(many + 4 * i, one, sizeof one);
        }
        free(many);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(known_answers), cmocka_unit_test(blocks_are_the_block_one_by_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
