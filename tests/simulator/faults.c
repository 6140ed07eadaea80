#include "faults.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 256 };

struct faults {
    struct fault *rules[MOST];
    size_t count;
};

struct faults *faults_new(void) {
    return xcalloc(1, sizeof(struct faults));
}

void faults_free(struct faults *faults) {
    if (!faults)
        return;
    faults_clear(faults);
    free(faults);
}

void fault_unref(struct fault *fault) {
    if (!fault || --fault->refs)
        return;
    cJSON_Delete(fault->json);
    free(fault);
}

void faults_clear(struct faults *faults) {
    while (faults->count)
        fault_unref(faults->rules[--faults->count]);
}

/* The members of a rule; what each must be: number, string, boolean, object, array, anything; the largest
 * number. */
static const struct {
    const char *name;
    char kind;
    double most;
} MEMBERS[] = {
    {"method", 's', 0},      {"path", 's', 0},     {"query", 's', 0},      {"skip", 'n', 1e9},
    {"times", 'n', 1e9},     {"status", 'n', 599}, {"headers", 'o', 0},    {"body", '*', 0},
    {"body_base64", 's', 0}, {"message", 's', 0},  {"redirect", 's', 0},   {"delay_ms", 'n', 1e9},
    {"replace", 'a', 0},     {"cut", 'n', 1e12},   {"drip", 'o', 0},       {"reset", 'b', 0},
    {"hang", 'b', 0},        {"endless", 'b', 0},  {"size", 'n', 1 << 30}, {"gzip_bomb", 'n', 2e10},
    {"deep", 'n', 1e7},      {"recorded", 'b', 0}, {"executed", 'b', 0},
};

static bool has_kind(const cJSON *value, char kind, double most) {
    switch (kind) {
    case 'n':
        return cJSON_IsNumber(value) && value->valuedouble >= 0 && value->valuedouble <= most;
    case 's':
        return cJSON_IsString(value);
    case 'b':
        return cJSON_IsBool(value);
    case 'o':
        return cJSON_IsObject(value);
    case 'a':
        return cJSON_IsArray(value);
    default:
        return true;
    }
}

static char *check_member(const cJSON *member) {
    for (size_t i = 0; i < sizeof MEMBERS / sizeof *MEMBERS; i++) {
        if (strcmp(MEMBERS[i].name, member->string) != 0)
            continue;
        if (has_kind(member, MEMBERS[i].kind, MEMBERS[i].most))
            return NULL;
        if (MEMBERS[i].kind == 'n')
            return xasprintf("rule member '%s' must be a number from 0 to %.0f", member->string,
                             MEMBERS[i].most);
        return xasprintf("rule member '%s' has the wrong type", member->string);
    }
    return xasprintf("a rule has no member '%s'", member->string);
}

static char *check_rule(const cJSON *rule) {
    const cJSON *member, *pair, *drip = json_get(rule, "drip");
    struct buf decoded = {0};
    bool fine;

    if (!cJSON_IsObject(rule))
        return xasprintf("a rule must be an object");
    cJSON_ArrayForEach(member, rule) {
        char *error = check_member(member);

        if (error)
            return error;
    }
    cJSON_ArrayForEach(pair, json_get(rule, "replace")) {
        if (!cJSON_IsString(cJSON_GetArrayItem(pair, 0)) || !cJSON_IsString(cJSON_GetArrayItem(pair, 1)))
            return xasprintf("'replace' is an array of pairs [from, to]");
    }
    fine = base64_decode(&decoded, json_string(rule, "body_base64", ""));
    buf_free(&decoded);
    if (!fine)
        return xasprintf("'body_base64' is not base64");
    if (json_get(rule, "status") && json_int(rule, "status", 0) < 200)
        return xasprintf("'status' must be from 200 to 599");
    if (drip && (json_int(drip, "bytes", 0) < 1 || json_int(drip, "every_ms", -1) < 0))
        return xasprintf("'drip' is {\"bytes\": 1 or more, \"every_ms\": 0 or more}");
    return NULL;
}

static struct fault *fault_new(const cJSON *rule) {
    struct fault *fault = xcalloc(1, sizeof *fault);
    const cJSON *json = fault->json = cJSON_Duplicate(rule, true), *drip = json_get(json, "drip");

    fault->refs = 1;
    fault->method = json_string(json, "method", NULL);
    fault->path = json_string(json, "path", NULL);
    fault->query = json_string(json, "query", NULL);
    fault->skip = json_int(json, "skip", 0);
    fault->times = json_int(json, "times", -1);
    fault->answers = json_get(json, "status") || json_get(json, "body") || json_get(json, "body_base64") ||
                     json_get(json, "redirect");
    fault->recorded = json_bool(json, "recorded", true);
    fault->executed = json_bool(json, "executed", true);
    fault->hang = json_bool(json, "hang", false);
    fault->reset = json_bool(json, "reset", false);
    fault->endless = json_bool(json, "endless", false);
    fault->delay_ms = (int)json_int(json, "delay_ms", 0);
    fault->cut = json_int(json, "cut", -1);
    fault->gzip_bomb = json_int(json, "gzip_bomb", 0);
    if (drip) {
        fault->drip_bytes = (size_t)json_int(drip, "bytes", 1);
        fault->drip_ms = (int)json_int(drip, "every_ms", 100);
    }
    return fault;
}

int faults_add(struct faults *faults, const cJSON *rules, char **error) {
    const cJSON *one = cJSON_IsArray(rules) ? rules->child : rules;
    int count = cJSON_IsArray(rules) ? cJSON_GetArraySize(rules) : 1;

    if (faults->count + (size_t)count > MOST) {
        *error = xasprintf("there can be %d rules at most", MOST);
        return -1;
    }
    for (const cJSON *rule = one; rule; rule = cJSON_IsArray(rules) ? rule->next : NULL) {
        *error = check_rule(rule);
        if (*error)
            return -1;
    }
    for (const cJSON *rule = one; rule; rule = cJSON_IsArray(rules) ? rule->next : NULL)
        faults->rules[faults->count++] = fault_new(rule);
    return count;
}

cJSON *faults_list(const struct faults *faults) {
    cJSON *list = cJSON_CreateArray();

    for (size_t i = 0; i < faults->count; i++) {
        cJSON *rule = cJSON_Duplicate(faults->rules[i]->json, true);

        cJSON_AddNumberToObject(rule, "hits", (double)faults->rules[i]->hits);
        cJSON_AddItemToArray(list, rule);
    }
    return list;
}

static bool concerns(const struct fault *fault, const struct request *request) {
    return (!fault->method || !strcmp(fault->method, request->method)) &&
           (!fault->path || !fnmatch(fault->path, request->path, 0)) &&
           (!fault->query || !fnmatch(fault->query, request->query, 0));
}

struct fault *faults_match(struct faults *faults, const struct request *request) {
    for (size_t i = 0; i < faults->count; i++) {
        struct fault *fault = faults->rules[i];

        if (!fault->times || !concerns(fault, request))
            continue;
        if (fault->skip) {
            fault->skip--;
            continue;
        }
        if (fault->times > 0)
            fault->times--;
        fault->hits++;
        fault->refs++;
        return fault;
    }
    return NULL;
}

static void add_headers(const struct fault *fault, struct reply *reply) {
    const cJSON *header;

    cJSON_ArrayForEach(header, json_get(fault->json, "headers")) {
        if (cJSON_IsString(header) || cJSON_IsNull(header))
            reply_header(reply, header->string, header->valuestring);
    }
}

void fault_reply(const struct fault *fault, struct reply *reply) {
    const cJSON *body = json_get(fault->json, "body");
    const char *redirect = json_string(fault->json, "redirect", NULL);
    const char *base64 = json_string(fault->json, "body_base64", NULL);
    int status = (int)json_int(fault->json, "status", redirect ? 302 : 200);

    if (!body && !base64 && status >= 400) {
        reply_error(reply, status, "%s",
                    json_string(fault->json, "message", "the simulator was told to fail"));
        add_headers(fault, reply);
        return;
    }
    reply_start(reply, status);
    if (base64)
        base64_decode(&reply->head, base64);
    else if (body && cJSON_IsString(body))
        buf_puts(&reply->head, body->valuestring);
    else if (body)
        json_write(&reply->head, body);
    reply_header(reply, "Content-Type",
                 reply->head.len && *reply->head.data == '<' ? "text/html; charset=utf-8"
                                                             : "application/json");
    if (redirect)
        reply_header(reply, "Location", redirect);
    add_headers(fault, reply);
}

/* Puts a member before the last brace of the body, if it ends with one: its text is `open`, `fill` n times,
 * `close`. */
static void add_member(struct buf *body, const char *open, char fill, size_t count, const char *close,
                       size_t closes) {
    char *filler = xcalloc(count + 1, 1);

    if (!body->len || body->data[body->len - 1] != '}') {
        free(filler);
        return;
    }
    body->len--;
    memset(filler, fill, count);
    if (body->data[body->len - 1] != '{')
        buf_puts(body, ",");
    buf_puts(body, open);
    buf_add(body, filler, count);
    for (size_t i = 0; i < closes; i++)
        buf_puts(body, close);
    buf_puts(body, "}");
    free(filler);
}

void fault_alter(const struct fault *fault, struct reply *reply) {
    const cJSON *pair;
    size_t deep = (size_t)json_int(fault->json, "deep", 0), size = (size_t)json_int(fault->json, "size", 0);
    static const char padding[] = ",\"padding\":\"\"";

    add_headers(fault, reply);
    if (!json_get(fault->json, "replace") && !deep && !size && !fault->endless)
        return;
    reply_flatten(reply);
    cJSON_ArrayForEach(pair, json_get(fault->json, "replace")) {
        buf_replace(&reply->head, cJSON_GetArrayItem(pair, 0)->valuestring,
                    cJSON_GetArrayItem(pair, 1)->valuestring);
    }
    if (deep > 1)
        add_member(&reply->head, "\"deep\":", '[', deep - 1, "]", deep - 1);
    if (size > reply->head.len + sizeof padding - 1)
        add_member(&reply->head, "\"padding\":\"", 'x', size - reply->head.len - (sizeof padding - 1), "\"",
                   1);
}
