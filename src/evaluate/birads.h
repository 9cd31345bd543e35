/* BI-RADS assessment categories (ACR BI-RADS Atlas, 5th ed. 2013) as readers write them. Floor 5. */
#ifndef BMU_EVALUATE_BIRADS_H
#define BMU_EVALUATE_BIRADS_H

/* In rising suspicion. 4 without a letter is a category of its own here: where a reader mixes it with 4a .. 4c, the order among them is not
 * known, and birads_undivided() makes one of them. */
enum birads {
    BIRADS_UNREADABLE = -1,
    BIRADS_0, /* incomplete: no assessment */
    BIRADS_1,
    BIRADS_2,
    BIRADS_3,
    BIRADS_4A,
    BIRADS_4, /* undivided */
    BIRADS_4B,
    BIRADS_4C,
    BIRADS_5,
    BIRADS_6, /* malignancy proven before: no assessment of a finding */
    BIRADS_COUNT
};
/* "4a", "4A" and "4" .. ; anything else BIRADS_UNREADABLE. */
enum birads birads_read(const char *text);
const char *birads_text(enum birads b);
/* 4a, 4b and 4c become 4. */
enum birads birads_undivided(enum birads b);

#endif
