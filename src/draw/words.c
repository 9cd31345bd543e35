/* The fixed words of figures and pages. Floor 2. */
#include "draw/words.h"

#include <string.h>

static const char *const table[WORDS_KEYS][WORDS_LANGUAGES] = {
#define X(name, english, chinese) {english, chinese},
    WORDS(X)
#undef X
};

const char *words(enum words_language language, enum words_key key) {
    return table[key][language];
}

const char *words_tag(enum words_language language) {
    return language == WORDS_CHINESE ? "zh-CN" : "en";
}

bool words_language(const char *name, enum words_language *out) {
    *out = strcmp(name, "zh") == 0 ? WORDS_CHINESE : WORDS_ENGLISH;
    return strcmp(name, "zh") == 0 || strcmp(name, "en") == 0;
}
