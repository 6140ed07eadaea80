/* Connection strings for PostgreSQL, as far as one must understand them to see a password (libpq's
 * manual, 34.1.1). */
#include <ctype.h>
#include <string.h>

#include "base/error.h"
#include "core/config_parse.h"

enum { KEYWORD_MAX = 64 };

static bool is_password(const char *keyword) {
    return strcmp(keyword, "password") == 0 || strcmp(keyword, "sslpassword") == 0;
}

static bool refuse_password(struct error *error) {
    return error_set(
        error, CAUSE_CONFIG,
        "holds a password in plain text; take it out and write database.password: {credential: NAME}, or use .pgpass");
}

static bool is_space(char c) {
    return isspace((unsigned char)c) != 0;
}

/* The length of a value, quotes and escapes included; *ret_empty where nothing is in it. -1: a quote is not
 * closed. */
static long value_length(const char *value, bool *ret_empty) {
    bool quoted = *value == '\'';
    size_t i = quoted ? 1 : 0;
    for (; value[i] != '\0' && (quoted ? value[i] != '\'' : !is_space(value[i])); i++)
        if (value[i] == '\\' && value[i + 1] != '\0')
            i++;
    if (quoted && value[i] == '\0')
        return -1;
    *ret_empty = i == (quoted ? 1U : 0U);
    return (long)(i + quoted);
}

/* keyword = value, blanks around the sign allowed. */
static bool check_pairs(const char *text, struct error *error) {
    for (;;) {
        while (is_space(*text))
            text++;
        if (*text == '\0')
            return true;
        size_t length = 0;
        while (text[length] != '\0' && text[length] != '=' && !is_space(text[length]))
            length++;
        char keyword[KEYWORD_MAX];
        if (length == 0 || length >= sizeof(keyword))
            return error_set(error, CAUSE_CONFIG,
                             "is no connection string; must be as \"host=db.example.com dbname=schemasync\"");
        memcpy(keyword, text, length);
        keyword[length] = '\0';
        text += length;
        while (is_space(*text))
            text++;
        if (*text != '=')
            return error_set(
                error, CAUSE_CONFIG,
                "a \"=\" is missing in it; must be as \"host=db.example.com dbname=schemasync\"");
        text++;
        while (is_space(*text))
            text++;
        bool empty = true;
        long value = value_length(text, &empty);
        if (value < 0)
            return error_set(error, CAUSE_CONFIG, "a quote in it is not closed");
        if (is_password(keyword) && !empty)
            return refuse_password(error);
        text += value;
    }
}

static int hex_value(char c) {
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
                                        : -1;
}

/* A URI's parameter name without its percent signs; cut where it is longer than any that matters. */
static void decode_keyword(const char *text, size_t length, char ret[static KEYWORD_MAX]) {
    size_t written = 0;
    for (size_t i = 0; i < length && written + 1 < KEYWORD_MAX; i++) {
        int high = text[i] == '%' && i + 2 < length ? hex_value(text[i + 1]) : -1;
        int low = high >= 0 ? hex_value(text[i + 2]) : -1;
        ret[written++] = low >= 0 ? (char)(high * 16 + low) : text[i];
        i += low >= 0 ? 2 : 0;
    }
    ret[written] = '\0';
}

/* user[:password]@host/database?keyword=value&... */
static bool check_uri(const char *text, struct error *error) {
    /* as libpq does: all up to the first '@', if it stands before the first '/' */
    const char *at = memchr(text, '@', strcspn(text, "/"));
    const char *colon = at ? memchr(text, ':', (size_t)(at - text)) : NULL;
    if (colon && colon + 1 < at)
        return refuse_password(error);
    const char *query = strchr(at ? at : text, '?');
    for (const char *next = query ? query + 1 : NULL; next;) {
        size_t length = strcspn(next, "&"), name = MIN(strcspn(next, "="), length);
        char keyword[KEYWORD_MAX];
        decode_keyword(next, name, keyword);
        if (is_password(keyword) && name + 1 < length)
            return refuse_password(error);
        next = next[length] == '&' ? next + length + 1 : NULL;
    }
    return true;
}

bool conninfo_check(const char *conninfo, struct error *ret_error) {
    static const char *const schemes[] = {"postgresql://", "postgres://"};
    for (size_t i = 0; i < ARRAY_LENGTH(schemes); i++)
        if (strncmp(conninfo, schemes[i], strlen(schemes[i])) == 0)
            return check_uri(conninfo + strlen(schemes[i]), ret_error);
    return check_pairs(conninfo, ret_error);
}
