#include "base/suggest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/macros.h"

enum { PREFIX_MIN = 3 };

static bool same(const char *a, const char *b) {
    return tolower((unsigned char)*a) == tolower((unsigned char)*b);
}

/* The optimal string alignment distance. Neither word is longer than SUGGEST_MAX. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length) {
    size_t rows[3][SUGGEST_MAX + 1];
    size_t *before = rows[0], *previous = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *oldest = before;
        before = previous;
        previous = row;
        row = oldest;
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t replaced = previous[j - 1] + !same(a + i - 1, b + j - 1);
            row[j] = MIN(replaced, MIN(previous[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && same(a + i - 1, b + j - 2) && same(a + i - 2, b + j - 1))
                row[j] = MIN(row[j], before[j - 2] + 1);
        }
    }
    return row[b_length];
}

const char *suggest(const char *word, const char *const *candidates) {
    size_t length = strlen(word);
    if (length == 0 || length > SUGGEST_MAX)
        return NULL;
    size_t limit = MAX(length / 3, (size_t)1);
    const char *best = NULL, *longer = NULL; /* one that begins with the word */
    for (; *candidates; candidates++) {
        size_t other = strlen(*candidates);
        if (!longer && length >= PREFIX_MIN && strncasecmp(word, *candidates, length) == 0)
            longer = *candidates;
        if (other > length + limit || length > other + limit || other > SUGGEST_MAX)
            continue;
        size_t found = distance(word, length, *candidates, other);
        if (found <= limit) {
            best = *candidates;
            if (found == 0)
                break;
            limit = found - 1;
        }
    }
    return best ? best : longer;
}
