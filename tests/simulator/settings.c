#include "settings.h"

#include <stdio.h>
#include <string.h>

enum kind { NUMBER, FLAG, TEXT, WORD };

struct row {
    enum scope scope;
    const char *name;
    enum kind kind;
    int number;        /* the default of a NUMBER or FLAG */
    const char *text;  /* the default of a TEXT or WORD */
    const char *words; /* of a WORD: all it can be, between spaces */
    const char *help;
};

static const struct row ROWS[] = {
    {SCOPE_GLOBAL, "key", TEXT, 0, "simulator-key", NULL, "the API key; \"\" refuses every Bearer"},
    {SCOPE_GLOBAL, "basic", TEXT, 0, "", NULL, "USER:PASSWORD of Basic authorization; \"\" refuses it"},
    {SCOPE_GLOBAL, "api_version", TEXT, 0, "", NULL, "answer this version, whatever was asked for"},
    {SCOPE_GLOBAL, "syncs_forbidden", FLAG, 0, NULL, NULL, "the listing of syncs answers 403"},
    {SCOPE_GLOBAL, "page_size", NUMBER, 50, NULL, NULL, "syncs on a page, at most"},
    {SCOPE_GLOBAL, "rate_limit", NUMBER, 0, NULL, NULL,
     "answer 429 beyond so many requests in a second; 0: never"},
    {SCOPE_GLOBAL, "latency_ms", NUMBER, 0, NULL, NULL, "each API request waits so long"},
    {SCOPE_CONNECTION, "refresh_duration_ms", NUMBER, 50, NULL, NULL, "how long a refresh takes"},
    {SCOPE_CONNECTION, "refresh_outcome", WORD, 0, "ok", " ok fail_post fails stuck ineffective unstamped ",
     "how the next refreshes end"},
    {SCOPE_CONNECTION, "refresh_post_status", NUMBER, 500, NULL, NULL, "what fail_post answers"},
    {SCOPE_CONNECTION, "cache_status_running", TEXT, 0, "refreshing", NULL, "the status during a refresh"},
    {SCOPE_CONNECTION, "cache_status_done", TEXT, 0, "fresh", NULL, "the status after a refresh"},
    {SCOPE_CONNECTION, "cache_status_failed", TEXT, 0, "fresh", NULL,
     "the status after a refresh that fails"},
    {SCOPE_CONNECTION, "refresh_times", WORD, 0, "normal", " normal absent null ",
     "last_refresh_started and last_refresh_finished of the status"},
    {SCOPE_CONNECTION, "target_refresh", WORD, 0, "ok", " ok ineffective ", "what refresh=true does"},
    {SCOPE_CONNECTION, "target_refresh_ms", NUMBER, 0, NULL, NULL, "how long refresh=true takes"},
    {SCOPE_CONNECTION, "refreshed_at", WORD, 0, "normal", " normal absent null ",
     "refreshed_at of the targets"},
};

enum { ROW_COUNT = sizeof ROWS / sizeof *ROWS };

static const struct row *find_row(enum scope scope, const char *name) {
    for (int i = 0; i < ROW_COUNT; i++)
        if (ROWS[i].scope == scope && !strcmp(ROWS[i].name, name))
            return &ROWS[i];
    return NULL;
}

cJSON *settings_new(enum scope scope) {
    cJSON *settings = cJSON_CreateObject();

    for (int i = 0; i < ROW_COUNT; i++) {
        const struct row *row = &ROWS[i];

        if (row->scope != scope)
            continue;
        if (row->kind == NUMBER)
            cJSON_AddNumberToObject(settings, row->name, row->number);
        else if (row->kind == FLAG)
            cJSON_AddBoolToObject(settings, row->name, row->number);
        else
            cJSON_AddStringToObject(settings, row->name, row->text);
    }
    return settings;
}

/* What is wrong with a value, in the caller's hands, or NULL. */
static char *complaint(const struct row *row, const cJSON *value) {
    struct buf word = {0};
    bool known;

    switch (row->kind) {
    case NUMBER:
        if (!cJSON_IsNumber(value) || value->valuedouble < 0 || value->valuedouble > 1e9)
            return xasprintf("setting %s: a number from 0 to 1000000000 is wanted", row->name);
        return NULL;
    case FLAG:
        return cJSON_IsBool(value) ? NULL : xasprintf("setting %s: true or false is wanted", row->name);
    case TEXT:
        return cJSON_IsString(value) ? NULL : xasprintf("setting %s: a string is wanted", row->name);
    case WORD:
        if (cJSON_IsString(value))
            buf_printf(&word, " %s ", value->valuestring);
        known = word.len && strstr(row->words, word.data);
        buf_free(&word);
        return known ? NULL : xasprintf("setting %s: one of%sis wanted", row->name, row->words);
    }
    return NULL;
}

bool settings_change(cJSON *settings, enum scope scope, const cJSON *changes, char **error) {
    const cJSON *change;

    cJSON_ArrayForEach(change, changes) {
        const struct row *row;

        if (!strcmp(change->string, "connection"))
            continue;
        row = find_row(scope, change->string);
        if (!row) {
            *error = xasprintf("no setting '%s' %s", change->string,
                               scope == SCOPE_GLOBAL ? "(of the whole; without \"connection\")"
                                                     : "of a connection");
            return false;
        }
        *error = complaint(row, change);
        if (*error)
            return false;
        json_put(settings, row->name, cJSON_Duplicate(change, true));
    }
    return true;
}

static const cJSON *must_get(const cJSON *settings, const char *name) {
    const cJSON *value = json_get(settings, name);

    if (!value)
        die("there is no setting '%s'", name);
    return value;
}

int setting_int(const cJSON *settings, const char *name) {
    return must_get(settings, name)->valueint;
}

bool setting_bool(const cJSON *settings, const char *name) {
    return cJSON_IsTrue(must_get(settings, name));
}

const char *setting_text(const cJSON *settings, const char *name) {
    return must_get(settings, name)->valuestring;
}

bool setting_is(const cJSON *settings, const char *name, const char *word) {
    return !strcmp(setting_text(settings, name), word);
}

void settings_help(void) {
    for (int i = 0; i < ROW_COUNT; i++) {
        const struct row *row = &ROWS[i];

        if (i == 0 || ROWS[i - 1].scope != row->scope)
            puts(row->scope == SCOPE_GLOBAL ? "  of the whole:"
                                            : "  with \"connection\": ID, NAME or \"*\":");
        printf("    %-21s %s", row->name, row->help);
        if (row->words)
            printf(":%.*s", (int)strlen(row->words) - 1, row->words);
        putchar('\n');
    }
}
