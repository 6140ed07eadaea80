#include "core/json_writer.h"

#include <inttypes.h>

#include "core/json_text.h"

static void note(struct json_writer *writer, bool written) {
    writer->full = writer->full || !written;
}

static void begin(struct json_writer *writer, const char *name) {
    if (writer->comma)
        note(writer, buffer_append_text(writer->buffer, ","));
    writer->comma = true;
    if (name)
        note(writer, buffer_append_format(writer->buffer, "\"%s\":", name));
}

void json_open(struct json_writer *writer, const char *name, char bracket) {
    begin(writer, name);
    note(writer, buffer_append(writer->buffer, &bracket, 1));
    writer->comma = false;
}

void json_close(struct json_writer *writer, char bracket) {
    writer->comma = true;
    note(writer, buffer_append(writer->buffer, &bracket, 1));
}

void json_write_text(struct json_writer *writer, const char *name, const char *text) {
    begin(writer, name);
    note(writer, json_quote(text, writer->buffer));
}

void json_write_number(struct json_writer *writer, const char *name, int64_t number) {
    begin(writer, name);
    note(writer, buffer_append_format(writer->buffer, "%" PRId64, number));
}

void json_write_flag(struct json_writer *writer, const char *name, bool flag) {
    json_write_raw(writer, name, flag ? "true" : "false");
}

void json_write_raw(struct json_writer *writer, const char *name, const char *json) {
    begin(writer, name);
    note(writer, buffer_append_text(writer->buffer, json ? json : "null"));
}
