/* X-ray exposure of a mammogram: attenuation, scatter, blur, quantum noise, detector. Floor 4.
 *
 * Monoenergetic at 20 keV, about the mean of a W/Rh spectrum at 28 kVp. Linear attenuation of fat, fibroglandular tissue and infiltrating
 * ductal carcinoma: Johns & Yaffe, Phys Med Biol 32 (1987) 675, at 20 keV. Calcification: hydroxyapatite, 6.5 cm^2/g (NIST XCOM), as porous
 * deposits of 1.9 g/cm^3. Photons per air kerma at the detector: 5000 per mm^2 and uGy, between the values of IEC 62220-1-2 for RQA-M
 * qualities. Not modelled: beam hardening, heel effect, magnification, ghosting, grid lines, correlated detector noise.
 */
#ifndef BMU_PHANTOM_XRAY_H
#define BMU_PHANTOM_XRAY_H

#include "base/err.h"
#include "base/rng.h"
#include "phantom/field.h"

/* Per mm at 20 keV. */
#define XRAY_FAT 0.0456
#define XRAY_GLAND 0.0802
#define XRAY_CARCINOMA 0.0844
#define XRAY_SKIN 0.0800
#define XRAY_MUSCLE 0.0800
#define XRAY_CALCIFICATION 1.24

struct xray {
    double mm;                 /* pixel spacing */
    double photons;            /* mean count per pixel where the line integral is `reference` (automatic exposure control) */
    double reference;          /* line integral behind which the exposure is controlled */
    double scatter_to_primary; /* behind the grid: 0.1 to 0.3 */
    double scatter_mm;         /* sigma of the scatter's spread */
    double blur_mm;            /* sigma of focal spot and detector together */
};
/* f holds line integrals of attenuation (0: no tissue, direct beam) and receives -ln(count / count of the direct beam). Counts are Poisson,
 * by the normal law (they are thousands); where there was no tissue the detector is saturated and says 0. */
int xray_expose(struct field *f, const struct xray *x, const struct rng *r, struct err *e);

#endif
