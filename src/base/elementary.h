/* Exponential, logarithm, sine, cosine by polynomials of our own. Floor 0.
 *
 * The C library chooses among several versions by the processor, and they may differ in the last bit. These use only +, -, *, / in a fixed
 * order, so that what is computed from them is the same on every processor (no fused multiply-add is formed without -march). Relative
 * error below 1e-9 in double; the float ones below 1e-6, written so that the compiler turns loops over them into vectors.
 * Argument reduction as in Cody & Waite, Software Manual for the Elementary Functions (1980); series by Taylor.
 */
#ifndef BMU_BASE_ELEMENTARY_H
#define BMU_BASE_ELEMENTARY_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define ELEMENTARY_PI 3.14159265358979323846

/* e^x; x is held within -700 .. 700. */
static inline double elementary_exp(double x) {
    x = x < -700 ? -700 : x > 700 ? 700 : x;
    const double turns = x * 1.44269504088896340736;
    const int64_t n = (int64_t)(turns + (turns < 0 ? -0.5 : 0.5));
    const double r = x - (double)n * 0.693147180369123816490 - (double)n * 1.90821492927058770002e-10;
    const double p =
        1 + r * (1 + r * (1 / 2.0 + r * (1 / 6.0 + r * (1 / 24.0 + r * (1 / 120.0 + r * (1 / 720.0 + r * (1 / 5040.0 + r / 40320.0)))))));
    const uint64_t bits = (uint64_t)(n + 1023) << 52;
    double scale;
    memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}

/* Natural logarithm of a normal positive number. */
static inline double elementary_log(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int64_t n = (int64_t)(bits >> 52) - 1023;
    bits = (bits & 0xFFFFFFFFFFFFFU) | 0x3FF0000000000000U;
    double m;
    memcpy(&m, &bits, sizeof m);
    const int64_t high = m > 1.41421356237309504880;
    m = high ? m * 0.5 : m;
    n += high;
    const double s = (m - 1) / (m + 1), t = s * s; /* log m = 2 artanh s */
    const double p = s * (2 + t * (2 / 3.0 + t * (2 / 5.0 + t * (2 / 7.0 + t * (2 / 9.0 + t * (2 / 11.0 + t * (2 / 13.0)))))));
    return (double)n * 0.693147180559945309417 + p;
}

/* Sine and cosine of x turns (2 pi x). |x| < 2^50. */
static inline void elementary_sincos(double x, double *sine, double *cosine) {
    const double four = 4 * x;
    const int64_t q = (int64_t)(four + (four < 0 ? -0.5 : 0.5));
    const double r = (four - (double)q) * (ELEMENTARY_PI / 2), t = r * r;
    const double s = r * (1 - t * (1 / 6.0 - t * (1 / 120.0 - t * (1 / 5040.0 - t * (1 / 362880.0 - t / 39916800.0)))));
    const double c = 1 - t * (1 / 2.0 - t * (1 / 24.0 - t * (1 / 720.0 - t * (1 / 40320.0 - t / 3628800.0))));
    const double a = q & 1 ? c : s, b = q & 1 ? s : c;
    *sine = q & 2 ? -a : a;
    *cosine = (q + 1) & 2 ? -b : b;
}

/* x to the power y, x > 0. */
static inline double elementary_pow(double x, double y) {
    return elementary_exp(y * elementary_log(x));
}

/* The float ones. e^x, x held within -80 .. 80; the logarithm of a normal positive number. */
static inline float elementary_expf(float x) {
    x = x < -80 ? -80 : x > 80 ? 80 : x;
    const float turns = x * 1.44269504F;
    const int32_t n = (int32_t)(turns + (turns < 0 ? -0.5F : 0.5F));
    const float r = (x - (float)n * 0.693359375F) + (float)n * 2.12194440e-4F;
    const float p = 1 + r * (1 + r * (0.5F + r * (1 / 6.0F + r * (1 / 24.0F + r * (1 / 120.0F + r / 720.0F)))));
    const int32_t bits = (int32_t)((uint32_t)(n + 127) << 23);
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}

static inline float elementary_logf(float x) {
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const int32_t n = (bits - 0x3F3504F3) >> 23; /* mantissa into sqrt(1/2) .. sqrt(2) */
    bits -= (int32_t)((uint32_t)n << 23);
    float m;
    memcpy(&m, &bits, sizeof m);
    const float s = (m - 1) / (m + 1), t = s * s;
    return (float)n * 0.69314718F + s * (2 + t * (2 / 3.0F + t * (2 / 5.0F + t * (2 / 7.0F + t * (2 / 9.0F)))));
}

#endif
