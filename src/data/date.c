/* Days of the calendar. Floor 2. */
#include "data/date.h"

#include <stddef.h>

static bool is_leap(int year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* n digits, or -1. */
static int digits(const char *text, int n) {
    int value = 0;
    for (int i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

bool date_days(long *out, const char *text) {
    static const int in_month[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    size_t n = 0;
    while (text && n < 9 && text[n])
        n++;
    if (n != 8)
        return false;
    int year = digits(text, 4), month = digits(text + 4, 2), day = digits(text + 6, 2);
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > in_month[month - 1] + (month == 2 && is_leap(year)))
        return false;
    long before = year - 1; /* whole years since the first of January of the year 1 */
    long days = before * 365 + before / 4 - before / 100 + before / 400 + day - 1;
    for (int m = 1; m < month; m++)
        days += in_month[m - 1] + (m == 2 && is_leap(year));
    *out = days - 719162; /* 1970-01-01, counted the same way */
    return true;
}
