#include "base/messages.h"

const char *message_of_cause(enum error_cause cause, const char *otherwise) {
    /* clang-format off */
    static const struct {
        enum error_cause cause;
        const char *message;
    } messages[] = {
        {CAUSE_SECRET,         MESSAGE_SECRET_UNREADABLE},
        {CAUSE_CONFIG_DIFFERS, MESSAGE_CONFIG_DIFFERS},
        {CAUSE_DB_UNREACHABLE, MESSAGE_DATABASE_AWAY},
        {CAUSE_DB_RIGHTS,      MESSAGE_DATABASE_RIGHTS},
        {CAUSE_SCHEMA_NEW,     MESSAGE_SCHEMA_NEWER},
        {CAUSE_SCHEMA_OLD,     MESSAGE_SCHEMA_OLDER},
    };
    /* clang-format on */
    for (size_t i = 0; i < ARRAY_LENGTH(messages); i++)
        if (messages[i].cause == cause)
            return messages[i].message;
    return otherwise;
}
