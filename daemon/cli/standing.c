#include "cli/standing.h"

#include <stdio.h>
#include <string.h>

#include "cli/table.h"
#include "service/queries.h"

static void tell_now(const struct database_result *result) {
    usec_t now = usec_of(database_value(result, 0, "now_usec"));
    const char *seen = database_value(result, 0, "last_seen_at"),
               *removed = database_value(result, 0, "removed_at");
    char text[TIMESPAN_TEXT_MAX] = "";
    fputs(database_value(result, 0, "state"), stdout);
    if (strcmp(database_value(result, 0, "managed"), "t") != 0)
        fputs(", not managed any more", stdout);
    if (seen) {
        time_relative(usec_of(seen), now, text);
        printf(", seen %s", text);
    }
    if (removed) {
        rfc3339_format(usec_of(removed), text);
        printf(", removed %s: --as-of an earlier time shows its fields", text);
    }
}

static void tell_then(const struct database_result *result) {
    usec_t asked = usec_of(database_value(result, 0, "asked")),
           now = usec_of(database_value(result, 0, "now_usec"));
    usec_t first = usec_of(database_value(result, 0, "first_seen_at"));
    char text[TIMESPAN_TEXT_MAX] = "";
    if (asked > now) {
        fputs("that time has yet to come: this is how it is now", stdout);
    } else if (first == USEC_NONE) {
        fputs("it has never been seen", stdout);
    } else if (asked < first) {
        rfc3339_format(first, text);
        printf("the first look was later: %s", text);
    } else {
        rfc3339_format(asked, text);
        fputs(text, stdout);
    }
}

struct telling {
    bool then;
};

static void tell(const struct database_result *result, void *userdata) {
    const struct telling *telling = userdata;
    if (database_rows(result) == 0)
        return;
    if (telling->then)
        tell_then(result);
    else
        tell_now(result);
    putchar('\n');
}

int standing_tell(const struct command *command, struct session *session, const char *connection_id,
                  const char *target_id, const struct moment *moment) {
    struct error error = {0};
    struct telling telling = {.then = moment != NULL};
    const char *params[] = {connection_id, target_id, moment_ago(moment), moment_at(moment)};
    return session_run(session, &query_target_summary, params, ARRAY_LENGTH(params), tell, &telling, &error)
               ? EXIT_DONE
               : command_failed(command, &error);
}
