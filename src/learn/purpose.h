/* The purposes of training's random numbers (base/rng.h): one table, so that no two draws share a stream. Floor 7. */
#ifndef BMU_LEARN_PURPOSE_H
#define BMU_LEARN_PURPOSE_H

enum train_purpose {
    TRAIN_ORDER = 300,
    TRAIN_BALANCE,
    TRAIN_MASK_VIEWS,
    TRAIN_MASK_CLINICAL,
    TRAIN_AUGMENT /* + slot, 8 of them */,
    TRAIN_PATCH = TRAIN_AUGMENT + 8
};

#endif
