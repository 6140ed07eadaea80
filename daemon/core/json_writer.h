/* JSON written member by member: commas come by themselves, and what does not fit is noticed at the end. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Of a writer only the buffer is set at the start. */
struct json_writer {
    struct buffer *buffer;
    bool full;  /* something did not fit: the text is not complete */
    bool comma; /* what comes next has something before it */
};

/* Each writes a member with that name, or, where `name` is NULL, an item of an array. Names are written as
 * they stand: they are the program's own. */
void json_open(struct json_writer *writer, const char *name, char bracket);
void json_close(struct json_writer *writer, char bracket);
void json_write_text(struct json_writer *writer, const char *name, const char *text); /* NULL: null */
void json_write_number(struct json_writer *writer, const char *name, int64_t number);
void json_write_flag(struct json_writer *writer, const char *name, bool flag);
/* `json` is JSON already; NULL: null. */
void json_write_raw(struct json_writer *writer, const char *name, const char *json);
