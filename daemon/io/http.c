#include "io/http.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <time.h>

#include <systemd/sd-event.h>

#include "base/alloc.h"
#include "io/http_parts.h"

enum {
    HEADER_COUNT_MAX = 256,        /* of one answer, interim ones and trailers included */
    HEADER_BYTES_MAX = 128 * 1024, /* of them all */
    SPARE_MAX = 64,                /* easy handles kept for the next requests */
};

/* A descriptor that libcurl wants to be watched. */
struct http_socket {
    struct http_client *client;
    sd_event_source *source;
    LIST_ENTRY(http_socket) entry;
};

enum call_state {
    CALL_UNDER_WAY, /* libcurl works on it */
    CALL_FINISHED,  /* waits for its callback */
    CALL_TELLING,   /* in its callback */
};

struct http_call {
    struct http_client *client;
    TAILQ_ENTRY(http_call) entry;
    enum call_state state;
    CURL *easy; /* NULL: refused before it began */
    struct curl_slist *headers;
    char *host, *body;
    struct buffer answer;
    size_t held; /* bytes that count in client->held, also when somebody has taken the buffer */
    size_t header_count, header_bytes;
    bool truncate, body_full, headers_full;
    struct error error;
    char detail[CURL_ERROR_SIZE];
    http_callback *callback;
    void *userdata;
};

TAILQ_HEAD(call_list, http_call);

struct http_client {
    unsigned references; /* the owner's, and one while callbacks run: they may free the client */
    bool closed;
    sd_event *event;
    CURLM *multi;
    sd_event_source *timer, *drain;
    LIST_HEAD(, http_socket) sockets;
    struct call_list under_way, finished;
    CURL *spare[SPARE_MAX];
    size_t spare_count;
    size_t held;
    char *user_agent;
};

static void client_unref(struct http_client *client) {
    if (--client->references > 0)
        return;
    free(client->user_agent);
    free(client);
    curl_global_cleanup();
}

static CURL *easy_get(struct http_client *client) {
    return client->spare_count > 0 ? client->spare[--client->spare_count] : curl_easy_init();
}

/* Only a handle whose transfer went well is used again: what broke off may have left a receive buffer
 * behind, for which libcurl then refuses options. */
static void easy_put(struct http_client *client, CURL *easy, bool went_well) {
    if (client->closed || !went_well || client->spare_count == SPARE_MAX) {
        curl_easy_cleanup(easy);
        return;
    }
    curl_easy_reset(easy);
    client->spare[client->spare_count++] = easy;
}

static void call_free(struct http_call *call) {
    easy_put(call->client, call->easy, call->state == CALL_TELLING && !error_is_set(&call->error));
    call->client->held -= call->held;
    http_headers_free(call->headers);
    buffer_done(&call->answer);
    free(call->host);
    free(call->body);
    free(call);
}

/* From now on the call waits for its callback, which the drain source runs. */
static void call_finish(struct http_call *call) {
    struct http_client *client = call->client;
    TAILQ_REMOVE(&client->under_way, call, entry);
    TAILQ_INSERT_TAIL(&client->finished, call, entry);
    call->state = CALL_FINISHED;
    sd_event_source_set_enabled(client->drain, SD_EVENT_ONESHOT);
}

/* Who wants no more than the beginning of a body has the answer with its status: how the body ends is no
 * matter. */
static bool is_answered(const struct http_call *call) {
    long status = 0;
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    return call->truncate && status >= 200;
}

static void judge(struct http_call *call, CURLcode code) {
    if (call->headers_full)
        error_set(&call->error, CAUSE_TOO_LARGE, "the headers from %s are larger than the limit", call->host);
    else if (call->body_full && !call->truncate)
        error_set(&call->error, CAUSE_TOO_LARGE, "the body from %s is larger than the limit of %zu bytes",
                  call->host, call->answer.maximum);
    else if (code != CURLE_OK && !call->body_full && !is_answered(call))
        http_failure(call->easy, code, call->host, call->detail, &call->error);
}

/* Takes all completion messages: no callback runs here, so that no caller sees one inside a call of its own.
 */
static void collect(struct http_client *client) {
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(client->multi, &left));) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURL *easy = message->easy_handle; /* the message dies with the removal */
        CURLcode code = message->data.result;
        struct http_call *call = NULL;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &call);
        curl_multi_remove_handle(client->multi, easy);
        judge(call, code);
        call_finish(call);
    }
}

static const char *response_header(CURL *easy, const char *name) {
    struct curl_header *header = NULL;
    return curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK ? header->value : NULL;
}

static usec_t response_date(CURL *easy) {
    const char *text = response_header(easy, "Date");
    time_t date = text ? curl_getdate(text, NULL) : -1;
    return date > 0 && date < INT64_MAX / USEC_PER_SEC ? date * USEC_PER_SEC : USEC_NONE;
}

static void call_tell(struct http_call *call) {
    TAILQ_REMOVE(&call->client->finished, call, entry);
    call->state = CALL_TELLING;
    if (error_is_set(&call->error)) {
        call->callback(NULL, &call->error, call->userdata);
        call_free(call);
        return;
    }
    long status = 0;
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    struct http_response response = {
        .status = (int)status,
        .body = call->answer,
        .api_version = response_header(call->easy, "X-Polytomic-Version"),
        .location = response_header(call->easy, "Location"),
        .retry_after = response_header(call->easy, "Retry-After"),
        .content_type = response_header(call->easy, "Content-Type"),
        .date = response_date(call->easy),
    };
    buffer_init(&call->answer, 0);
    call->callback(&response, NULL, call->userdata);
    buffer_done(&response.body);
    call_free(call);
}

/* Runs the callbacks of what is finished now; what they finish on the way has its turn in the loop's next
 * one. */
static int on_drain(sd_event_source *source UNUSED, void *userdata) {
    struct http_client *client = userdata;
    size_t count = 0;
    struct http_call *call;
    TAILQ_FOREACH(call, &client->finished, entry) {
        count++;
    }
    client->references++;
    for (; count > 0 && (call = TAILQ_FIRST(&client->finished)); count--)
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it leaves the list */
        call_tell(call);
    client_unref(client);
    return 0;
}

static void act(struct http_client *client, curl_socket_t fd, int events) {
    int running;
    curl_multi_socket_action(client->multi, fd, events, &running);
    collect(client);
}

static int on_socket(sd_event_source *source UNUSED, int fd, uint32_t events, void *userdata) {
    struct http_socket *watched = userdata; /* may be gone after act() */
    int mask = 0;
    if (events & (EPOLLIN | EPOLLHUP))
        mask |= CURL_CSELECT_IN;
    if (events & EPOLLOUT)
        mask |= CURL_CSELECT_OUT;
    if (events & EPOLLERR)
        mask |= CURL_CSELECT_ERR;
    act(watched->client, fd, mask);
    return 0;
}

static int on_timer(sd_event_source *source UNUSED, uint64_t time UNUSED, void *userdata) {
    act(userdata, CURL_SOCKET_TIMEOUT, 0);
    return 0;
}

static void socket_free(struct http_socket *watched) {
    sd_event_source_disable_unref(watched->source);
    LIST_REMOVE(watched, entry);
    free(watched);
}

static int watch_socket(CURL *easy UNUSED, curl_socket_t fd, int what, void *userdata, void *assigned) {
    struct http_client *client = userdata;
    struct http_socket *watched = assigned;
    if (what == CURL_POLL_REMOVE) {
        if (watched)
            /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it leaves the list */
            socket_free(watched);
        return 0;
    }
    uint32_t events =
        (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0U) | (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0U);
    if (watched)
        return sd_event_source_set_io_events(watched->source, events) < 0 ? -1 : 0;
    watched = alloc_zero(1, sizeof(*watched));
    watched->client = client;
    if (sd_event_add_io(client->event, &watched->source, fd, events, on_socket, watched) < 0) {
        free(watched);
        return -1;
    }
    LIST_INSERT_HEAD(&client->sockets, watched, entry);
    curl_multi_assign(client->multi, fd, watched);
    return 0;
}

/* libcurl's clock is in milliseconds and rounds down. A call that comes too early makes it ask again, for 1
 * ms at least where time is left, so that this ends; 0 means the loop's next turn. */
static int watch_timer(CURLM *multi UNUSED, long milliseconds, void *userdata) {
    struct http_client *client = userdata;
    if (milliseconds < 0) {
        sd_event_source_set_enabled(client->timer, SD_EVENT_OFF);
        return 0;
    }
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t end =
        (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000 + (uint64_t)milliseconds * 1000;
    sd_event_source_set_time(client->timer, end);
    sd_event_source_set_enabled(client->timer, SD_EVENT_ONESHOT);
    return 0;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *userdata) {
    struct http_call *call = userdata;
    size_t length = size * count;
    size_t room = call->answer.maximum - call->answer.length;
    call->body_full = length > room;
    size_t wanted = MIN(length, room);
    if (!buffer_append(&call->answer, bytes, wanted))
        return 0;
    call->held += wanted;
    call->client->held += wanted;
    return wanted; /* less than came ends the transfer */
}

static size_t take_header(char *line UNUSED, size_t size, size_t count, void *userdata) {
    struct http_call *call = userdata;
    size_t length = size * count;
    call->header_count++;
    call->header_bytes += length;
    call->headers_full = call->header_count > HEADER_COUNT_MAX || call->header_bytes > HEADER_BYTES_MAX;
    return call->headers_full ? 0 : length;
}

static bool setup_callbacks(struct http_call *call) {
    struct http_client *client = call->client;
    CURL *easy = call->easy;
#define SET(option, value) (curl_easy_setopt(easy, (option), (value)) == CURLE_OK)
    return SET(CURLOPT_PRIVATE, call) && SET(CURLOPT_ERRORBUFFER, call->detail) &&
           SET(CURLOPT_WRITEFUNCTION, take_body) && SET(CURLOPT_WRITEDATA, call) &&
           SET(CURLOPT_HEADERFUNCTION, take_header) && SET(CURLOPT_HEADERDATA, call) &&
           SET(CURLOPT_HTTPHEADER, call->headers) && SET(CURLOPT_USERAGENT, client->user_agent);
}

static bool call_begin(struct http_call *call, const struct http_request *request) {
    struct http_client *client = call->client;
    if (!http_url_check(request->url, &call->host, &call->error) ||
        !http_headers_new(request, &call->headers, &call->error))
        return false;
    if (request->method == HTTP_POST)
        call->body =
            alloc_strndup(request->body ? request->body : "", request->body ? request->body_length : 0);
    call->easy = easy_get(client);
    if (!call->easy)
        return error_set(&call->error, CAUSE_IO, "no memory for the request to %s", call->host);
    bool tls = strncasecmp(request->url, "https:", 6) == 0;
    if (!setup_callbacks(call) || !http_setup(call->easy, request, tls) ||
        !http_setup_body(call->easy, request, call->body))
        return error_set(&call->error, CAUSE_BUG, "libcurl refuses an option of the request to %s",
                         call->host);
    CURLMcode code = curl_multi_add_handle(client->multi, call->easy);
    if (code != CURLM_OK)
        return error_set(&call->error, CAUSE_BUG, "the request to %s: %s", call->host,
                         curl_multi_strerror(code));
    return true;
}

struct http_call *http_start(struct http_client *client, const struct http_request *request,
                             http_callback *callback, void *userdata) {
    struct http_call *call = alloc_zero(1, sizeof(*call));
    call->client = client;
    call->callback = callback;
    call->userdata = userdata;
    call->truncate = request->truncate_body;
    buffer_init(&call->answer, request->max_response);
    TAILQ_INSERT_TAIL(&client->under_way, call, entry);
    if (!call_begin(call, request))
        call_finish(call);
    return call;
}

void http_cancel(struct http_call *call) {
    if (!call || call->state == CALL_TELLING)
        return;
    struct http_client *client = call->client;
    if (call->state == CALL_UNDER_WAY)
        curl_multi_remove_handle(client->multi, call->easy);
    TAILQ_REMOVE(call->state == CALL_UNDER_WAY ? &client->under_way : &client->finished, call, entry);
    call_free(call);
}

size_t http_client_held(const struct http_client *client) {
    return client->held;
}

static bool client_setup(struct http_client *client, unsigned max_connections, struct error *ret_error) {
    client->multi = curl_multi_init();
    if (!client->multi)
        return error_set(ret_error, CAUSE_IO, "libcurl cannot be started");
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, watch_timer);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)max_connections);
    int result =
        sd_event_add_time(client->event, &client->timer, CLOCK_MONOTONIC, 0, USEC_PER_MSEC, on_timer, client);
    if (result >= 0)
        result = sd_event_source_set_enabled(client->timer, SD_EVENT_OFF);
    if (result >= 0)
        result = sd_event_add_defer(client->event, &client->drain, on_drain, client);
    if (result >= 0)
        result = sd_event_source_set_enabled(client->drain, SD_EVENT_OFF);
    return result >= 0 ||
           error_set(ret_error, CAUSE_IO, "no event source for HTTP: %s", strerrordesc_np(-result));
}

struct http_client *http_client_new(struct sd_event *event, const char *user_agent, unsigned max_connections,
                                    struct error *ret_error) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        error_set(ret_error, CAUSE_IO, "libcurl cannot be started");
        return NULL;
    }
    struct http_client *client = alloc_zero(1, sizeof(*client));
    client->references = 1;
    client->event = event;
    client->user_agent = alloc_strdup(user_agent);
    LIST_INIT(&client->sockets);
    TAILQ_INIT(&client->under_way);
    TAILQ_INIT(&client->finished);
    if (!client_setup(client, max_connections, ret_error)) {
        http_client_free(client);
        return NULL;
    }
    return client;
}

void http_client_free(struct http_client *client) {
    if (!client)
        return;
    client->closed = true;
    struct http_call *call;
    while ((call = TAILQ_FIRST(&client->under_way)) || (call = TAILQ_FIRST(&client->finished)))
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it leaves the list */
        http_cancel(call);
    while (client->spare_count > 0)
        curl_easy_cleanup(client->spare[--client->spare_count]);
    curl_multi_cleanup(client->multi);
    struct http_socket *watched;
    while ((watched = LIST_FIRST(&client->sockets)))
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it leaves the list */
        socket_free(watched);
    sd_event_source_disable_unref(client->timer);
    sd_event_source_disable_unref(client->drain);
    client->timer = client->drain = NULL;
    client_unref(client);
}
