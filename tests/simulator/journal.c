#include "journal.h"

#include <fnmatch.h>
#include <stdlib.h>

enum { KEPT = 20000, STATUSES = 600, BODY_KEPT = 4096 };

struct entry {
    uint64_t seq;
    int64_t at;
    cJSON *json;
};

struct journal {
    struct entry entries[KEPT];
    uint64_t seq, cleared; /* the last number, and the last one that was forgotten */
    cJSON *routes;
    uint64_t statuses[STATUSES];
    uint64_t requests, connections;
    unsigned under_way, most_under_way;
};

struct journal *journal_new(void) {
    struct journal *journal = xcalloc(1, sizeof *journal);

    journal->routes = cJSON_CreateObject();
    return journal;
}

void journal_clear(struct journal *journal) {
    for (size_t i = 0; i < KEPT; i++) {
        cJSON_Delete(journal->entries[i].json);
        journal->entries[i] = (struct entry){0};
    }
    journal->cleared = journal->seq;
}

void journal_clear_counts(struct journal *journal) {
    cJSON_Delete(journal->routes);
    journal->routes = cJSON_CreateObject();
    for (size_t i = 0; i < STATUSES; i++)
        journal->statuses[i] = 0;
    journal->requests = journal->connections = 0;
    journal->most_under_way = journal->under_way;
}

void journal_free(struct journal *journal) {
    if (!journal)
        return;
    journal_clear(journal);
    cJSON_Delete(journal->routes);
    free(journal);
}

static void add_text(cJSON *object, const char *name, const char *text) {
    if (text)
        cJSON_AddStringToObject(object, name, text);
}

static cJSON *describe(const struct request *request, int64_t at) {
    cJSON *json = cJSON_CreateObject(), *headers;
    char text[TIME_TEXT];

    cJSON_AddNumberToObject(json, "seq", (double)request->seq);
    cJSON_AddStringToObject(json, "at", time_text(at, text));
    cJSON_AddStringToObject(json, "method", request->method);
    cJSON_AddStringToObject(json, "path", request->path);
    cJSON_AddStringToObject(json, "query", request->query);
    headers = cJSON_AddObjectToObject(json, "headers");
    add_text(headers, "authorization", request->authorization);
    add_text(headers, "idempotency_key", request->idempotency_key);
    add_text(headers, "version", request->version);
    add_text(headers, "accept_encoding", request->accept_encoding);
    add_text(headers, "user_agent", request->user_agent);
    if (request->body.len) {
        char *body =
            xstrndup(request->body.data, request->body.len < BODY_KEPT ? request->body.len : BODY_KEPT);

        cJSON_AddStringToObject(json, "body", body);
        free(body);
    }
    cJSON_AddNumberToObject(json, "status", 0);
    return json;
}

void journal_begin(struct journal *journal, struct request *request, const char *route, bool new_connection) {
    struct entry *entry;

    request->seq = ++journal->seq;
    entry = &journal->entries[request->seq % KEPT];
    cJSON_Delete(entry->json);
    *entry = (struct entry){.seq = request->seq, .at = now_us()};
    entry->json = describe(request, entry->at);
    json_put(journal->routes, route, cJSON_CreateNumber((double)json_int(journal->routes, route, 0) + 1));
    journal->requests++;
    journal->connections += new_connection;
    if (++journal->under_way > journal->most_under_way)
        journal->most_under_way = journal->under_way;
}

void journal_answer(struct journal *journal, const struct request *request, int status, bool replayed) {
    struct entry *entry = &journal->entries[request->seq % KEPT];

    if (status >= 0 && status < STATUSES)
        journal->statuses[status]++;
    if (entry->seq != request->seq)
        return;
    json_put(entry->json, "status", cJSON_CreateNumber(status));
    if (replayed)
        cJSON_AddTrueToObject(entry->json, "replayed");
}

void journal_end(struct journal *journal) {
    journal->under_way--;
}

cJSON *journal_list(const struct journal *journal, uint64_t since, const char *path) {
    uint64_t first = journal->seq > KEPT ? journal->seq - KEPT + 1 : 1;
    cJSON *list = cJSON_CreateArray();

    if (first <= journal->cleared)
        first = journal->cleared + 1;
    if (first <= since)
        first = since + 1;
    for (uint64_t seq = first; seq <= journal->seq; seq++) {
        const struct entry *entry = &journal->entries[seq % KEPT];

        if (entry->seq == seq && (!path || !fnmatch(path, json_string(entry->json, "path", ""), 0)))
            cJSON_AddItemToArray(list, cJSON_Duplicate(entry->json, true));
    }
    return list;
}

cJSON *journal_counts(const struct journal *journal) {
    cJSON *counts = cJSON_CreateObject(), *statuses;

    cJSON_AddNumberToObject(counts, "requests", (double)journal->requests);
    cJSON_AddItemToObject(counts, "routes", cJSON_Duplicate(journal->routes, true));
    statuses = cJSON_AddObjectToObject(counts, "statuses");
    for (int i = 0; i < STATUSES; i++) {
        char *name;

        if (!journal->statuses[i])
            continue;
        name = xasprintf("%d", i);
        cJSON_AddNumberToObject(statuses, name, (double)journal->statuses[i]);
        free(name);
    }
    cJSON_AddNumberToObject(counts, "most_at_once", journal->most_under_way);
    cJSON_AddNumberToObject(counts, "under_way", journal->under_way);
    cJSON_AddNumberToObject(counts, "connections", (double)journal->connections);
    cJSON_AddNumberToObject(counts, "last_seq", (double)journal->seq);
    return counts;
}
