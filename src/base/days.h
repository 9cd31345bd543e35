/* DICOM dates as numbers of days. Floor 0. */
#ifndef BMU_BASE_DAYS_H
#define BMU_BASE_DAYS_H

#include <limits.h>
#include <stdbool.h>

enum { NO_DAY = INT_MIN };

/* Days since 1970-01-01 of "YYYYMMDD" (PS3.5 6.2, VR DA) in the proleptic Gregorian calendar, years 0001 to 9999; NO_DAY for any other text
 * and for NULL. The count is Howard Hinnant's days_from_civil. */
static inline int date_days(const char *date) {
    int digit[8];
    for (int i = 0; i < 8; i++) {
        if (!date || date[i] < '0' || date[i] > '9')
            return NO_DAY;
        digit[i] = date[i] - '0';
    }
    static const int days_in[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = digit[0] * 1000 + digit[1] * 100 + digit[2] * 10 + digit[3], month = digit[4] * 10 + digit[5],
        day = digit[6] * 10 + digit[7];
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (date[8] || year < 1 || month < 1 || month > 12 || day < 1 || day > days_in[month - 1] + (leap && month == 2))
        return NO_DAY;
    int y = year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
    int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

#endif
