/* How far apart two words are, to name the nearest known one in an error. Floor 0. */
#ifndef BMU_BASE_NEAREST_H
#define BMU_BASE_NEAREST_H

enum { NEAREST_COMPARED = 64 }; /* bytes of a word that are looked at: names are shorter, hostile ones are not worth more */

/* Twice the Levenshtein distance; another case of an ASCII letter costs half a step. */
unsigned nearest_distance(const char *a, const char *b);

#endif
