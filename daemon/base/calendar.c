#include "base/calendar.h"

/* Counted in eras of 400 years that begin on March 1st, so that the leap day is the last of its year. */
enum { ERA_DAYS = 146097, ERA_YEARS = 400, EPOCH_SHIFT = 719468 };

const char *const calendar_month_names[12] = {"jan", "feb", "mar", "apr", "may", "jun",
                                              "jul", "aug", "sep", "oct", "nov", "dec"};
const char *const calendar_weekday_names[7] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

static int64_t floor_divide(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

int64_t calendar_days(struct calendar_date date) {
    int64_t year = date.year - (date.month <= 2);
    int64_t era = floor_divide(year, ERA_YEARS);
    int64_t year_of_era = year - era * ERA_YEARS;
    int64_t month_of_year = date.month > 2 ? date.month - 3 : date.month + 9;
    int64_t day_of_year = (153 * month_of_year + 2) / 5 + date.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * ERA_DAYS + day_of_era - EPOCH_SHIFT;
}

struct calendar_date calendar_date(int64_t days) {
    days += EPOCH_SHIFT;
    int64_t era = floor_divide(days, ERA_DAYS);
    int64_t day_of_era = days - era * ERA_DAYS;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (ERA_DAYS - 1)) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_of_year = (5 * day_of_year + 2) / 153;
    int month = (int)(month_of_year < 10 ? month_of_year + 3 : month_of_year - 9);
    return (struct calendar_date){
        .year = era * ERA_YEARS + year_of_era + (month <= 2),
        .month = month,
        .day = (int)(day_of_year - (153 * month_of_year + 2) / 5 + 1),
    };
}

int calendar_weekday(int64_t days) {
    return (int)(days - floor_divide(days + 4, 7) * 7 + 4); /* 1970-01-01 was a Thursday */
}

int calendar_month_length(int64_t year, int month) {
    static const int lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return lengths[month - 1] + (month == 2 && leap);
}

bool calendar_exists(struct calendar_date date) {
    return date.month >= 1 && date.month <= 12 && date.day >= 1 &&
           date.day <= calendar_month_length(date.year, date.month);
}
