/* Days of the calendar. Floor 2. */
#ifndef BMU_DATA_DATE_H
#define BMU_DATA_DATE_H

#include <stdbool.h>

/* YYYYMMDD (DICOM's DA, PS3.5 6.2) to the number of the day in the proleptic Gregorian calendar; 1970-01-01 is 0. False, and *out
 * untouched, for any text that is not a day of the years 0001 to 9999: NULL, "", "20230229", "2023.01.05". */
bool date_days(long *out, const char *text);

#endif
