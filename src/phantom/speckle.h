/* Fully developed speckle: what a pulse-echo scanner makes of many small scatterers. Floor 4.
 *
 * The demodulated echo is a complex Gaussian field (scatterers of random strength and phase) convolved with the scanner's point spread
 * function; its envelope follows a Rayleigh law, whose mean over standard deviation is sqrt(pi / (4 - pi)) = 1.913 (Burckhardt, IEEE Trans
 * Sonics Ultrason 25 (1978) 1; Wagner et al., ibid. 30 (1983) 156). The point spread function is separable and Gaussian; its lateral width
 * grows away from the focus. Averaging n independent looks (spatial compounding) raises that ratio by sqrt(n).
 */
#ifndef BMU_PHANTOM_SPECKLE_H
#define BMU_PHANTOM_SPECKLE_H

#include "base/err.h"
#include "base/rng.h"
#include "phantom/field.h"

struct speckle {
    double axial;       /* sigma of the envelope's spread, cells */
    double lateral;     /* the same across, in the focus */
    double focus, blur; /* row of the focus; lateral sigma is lateral * sqrt(1 + ((row - focus) / blur)^2) */
    int looks;          /* averaged envelopes, 1 .. 8 */
};
/* envelope (same size as amplitude; overwritten): sqrt(mean square) is the local amplitude. coherent: what is reflected as a mirror does,
 * in phase: added to each look before the convolution; may be NULL. */
int speckle_envelope(struct field *envelope, const struct field *amplitude, const struct field *coherent, const struct speckle *s,
                     const struct rng *r, struct err *e);

#endif
