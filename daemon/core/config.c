#include "core/config.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/error.h"
#include "core/config_parse.h"

enum { FILE_MAX = 1 << 20, INCLUDES_MAX = 1000 };

/* Who a file is, so that a glob which matches the main file too does not read it twice. */
struct file_identity {
    dev_t device;
    ino_t inode;
};

/* Opens a regular file, at the end of symbolic links too; never waits for a pipe. -1 with errno, EINVAL where
 * it is something else. */
static int open_regular(const char *path, struct file_identity *ret_identity) {
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0)
        return -1;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode)) {
        *ret_identity = (struct file_identity){status.st_dev, status.st_ino};
        return file;
    }
    close(file);
    errno = EINVAL;
    return -1;
}

/* Reads all of it: false with errno, EFBIG where it is larger than the buffer's maximum. */
static bool read_all(int file, struct buffer *buffer) {
    char block[16 * 1024];
    for (;;) {
        ssize_t length = read(file, block, sizeof(block));
        if (length < 0 && errno == EINTR)
            continue;
        if (length <= 0)
            return length == 0;
        if (!buffer_append(buffer, block, (size_t)length)) {
            errno = EFBIG;
            return false;
        }
    }
}

static const char *describe_errno(int number) {
    return number == EINVAL  ? "is no regular file"
           : number == EFBIG ? "is larger than 1MiB"
                             : strerror(number);
}

static const char *directory_of(struct arena *arena, const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash)
        return ".";
    return arena_strndup(arena, path, slash == path ? 1 : (size_t)(slash - path));
}

const char *config_resolve_path(struct config_loader *loader, const char *path) {
    struct arena *arena = loader->config->arena;
    if (path[0] == '/' || strcmp(loader->directory, ".") == 0)
        return arena_strndup(arena, path, strlen(path));
    CLEANUP(cleanup_free) char *joined = alloc_printf("%s/%s", loader->directory, path);
    return arena_strndup(arena, joined, strlen(joined));
}

/* Reads one file by the table. False where it is the file that `skip` says (which may be NULL). */
static bool load_file(struct config_loader *loader, const char *path, const struct file_identity *skip,
                      struct file_identity *ret_identity) {
    static const struct yaml_place start = {1, 1};
    struct config *config = loader->config;
    char shown[CONFIG_PATH_MAX];
    text_sanitize(path, strlen(path), shown, sizeof(shown));
    loader->file = arena_strndup(config->arena, shown, strlen(shown));
    loader->directory = directory_of(config->arena, path);
    config_leave(loader, 0);

    int file = open_regular(path, ret_identity);
    if (file < 0) {
        config_complain(loader, start, "cannot be read: %s", describe_errno(errno));
        return true;
    }
    if (skip && skip->device == ret_identity->device && skip->inode == ret_identity->inode) {
        close(file);
        return false;
    }
    struct buffer text;
    buffer_init(&text, FILE_MAX);
    bool good = read_all(file, &text);
    int number = errno;
    close(file);
    if (!good) {
        buffer_done(&text);
        config_complain(loader, start, "cannot be read: %s", describe_errno(number));
        return true;
    }

    struct arena *nodes = arena_new();
    struct yaml_place place = start;
    struct error error = {0};
    struct yaml_node *root = yaml_parse(nodes, buffer_text(&text), text.length, &place, &error);
    if (!root)
        config_complain(loader, place, "%s", error.text);
    else {
        struct config_part part = {SECTION_TOP, config};
        config_read_map(loader, root, &part, 1, NULL);
    }
    loader->parsed = root != NULL;
    arena_free(nodes);
    buffer_done(&text);
    return true;
}

static void load_includes(struct config_loader *loader, const struct file_identity *main_file) {
    const char *pattern = config_resolve_path(loader, loader->include);
    glob_t matches;
    int failed = glob(pattern, 0, NULL, &matches);
    if (failed == GLOB_NOMATCH) {
        if (!strpbrk(pattern, "*?["))
            config_complain_child(loader, "include", loader->include_place,
                                  "there is no such file; a glob may match none");
        return;
    }
    if (failed != 0) {
        config_complain_child(loader, "include", loader->include_place, "cannot be looked for: %s",
                              strerror(errno));
        return;
    }
    if (matches.gl_pathc > INCLUDES_MAX)
        config_complain_child(loader, "include", loader->include_place,
                              "matches %zu files; at most %d are read", matches.gl_pathc, INCLUDES_MAX);
    else
        for (size_t i = 0; i < matches.gl_pathc; i++) {
            struct file_identity identity = {0};
            loader->file_index = i + 1;
            load_file(loader, matches.gl_pathv[i], main_file, &identity);
        }
    globfree(&matches);
}

/* What only the whole can tell. */
static void check_whole(struct config_loader *loader, const char *main_file, size_t file_index) {
    loader->file = main_file;
    loader->file_index = file_index;
    config_leave(loader, 0);
    if (!loader->has_connections)
        config_complain_child(loader, "connections", (struct yaml_place){1, 1}, "is missing; must be %s",
                              config_type_expects(TYPE_CONNECTIONS));
    if (!loader->has_auth && (loader->needs_auth || loader->config->connection_count == 0))
        config_complain_child(
            loader, "api.auth", loader->api_place,
            "is missing; must be {bearer: {credential: NAME}} or {basic: {user: NAME, password: {credential: NAME}}}");
}

static int compare_messages(const void *a, const void *b) {
    const struct config_message *one = a, *other = b;
    if (one->file != other->file)
        return one->file < other->file ? -1 : 1;
    if (one->place.line != other->place.line)
        return one->place.line < other->place.line ? -1 : 1;
    if (one->place.column != other->place.column)
        return one->place.column < other->place.column ? -1 : 1;
    return one->order < other->order ? -1 : one->order > other->order;
}

static void hand_over_messages(struct config_loader *loader, struct config_errors *errors) {
    if (loader->message_count > 0)
        qsort(loader->messages, loader->message_count, sizeof(*loader->messages), compare_messages);
    for (size_t i = 0; i < loader->message_count; i++) {
        errors->lines =
            alloc_grow(errors->lines, &errors->capacity, errors->count + 1, sizeof(*errors->lines));
        errors->lines[errors->count++] = loader->messages[i].line;
    }
    free(loader->messages);
}

/* An array that grew becomes the arena's. */
static void *move_to_arena(struct arena *arena, void *array, size_t count, size_t size) {
    void *moved = arena_alloc(arena, count * size);
    if (count > 0)
        memcpy(moved, array, count * size);
    free(array);
    return moved;
}

static void apply_all_defaults(struct config_loader *loader) {
    static const enum config_section with_top_base[] = {SECTION_DATABASE, SECTION_HEARTBEAT};
    struct config *config = loader->config;
    config_apply_defaults(loader, SECTION_API, &config->api);
    config_apply_defaults(loader, SECTION_RHYTHM, &loader->plan.schedule);
    config_apply_defaults(loader, SECTION_SCHEDULE, &loader->plan);
    config_apply_defaults(loader, SECTION_DRIFT, &config->drift);
    config_apply_defaults(loader, SECTION_RETENTION, &config->retention);
    for (size_t i = 0; i < ARRAY_LENGTH(with_top_base); i++)
        config_apply_defaults(loader, with_top_base[i], config);
}

struct config *config_load(const char *path, usec_t now, struct config_errors *errors) {
    struct config *config = alloc_zero(1, sizeof(*config));
    config->arena = arena_new();
    config->path = arena_strndup(config->arena, path, strlen(path));
    struct config_loader loader = {
        .config = config, .now = now, .file = "", .directory = ".", .api_place = {1, 1}};
    apply_all_defaults(&loader);

    struct file_identity main_file = {0};
    load_file(&loader, path, NULL, &main_file);
    const char *shown = loader.file;
    bool parsed = loader.parsed;
    loader.included = true;
    if (loader.include)
        load_includes(&loader, &main_file);
    if (parsed)
        check_whole(&loader, shown, 0);

    config->schedule = loader.plan.schedule;
    config->connections = move_to_arena(config->arena, config->connections, config->connection_count,
                                        sizeof(*config->connections));
    config->alerts =
        move_to_arena(config->arena, config->alerts, config->alert_count, sizeof(*config->alerts));
    free(loader.connection_origins);
    free(loader.alert_origins);
    bool good = loader.message_count == 0;
    hand_over_messages(&loader, errors);
    if (!good) {
        config_free(config);
        return NULL;
    }
    config_make_digest(config);
    return config;
}

void config_free(struct config *config) {
    if (!config)
        return;
    arena_free(config->arena);
    free(config);
}

void config_errors_done(struct config_errors *errors) {
    for (size_t i = 0; i < errors->count; i++)
        free(errors->lines[i]);
    free(errors->lines);
    *errors = (struct config_errors){0};
}

const struct config_connection *config_find_connection(const struct config *config, const char *name) {
    for (size_t i = 0; i < config->connection_count; i++)
        if (strcmp(config->connections[i].name, name) == 0)
            return &config->connections[i];
    return NULL;
}

static bool item_matches(const struct target_item *item, const char *target_id, bool synced) {
    switch (item->kind) {
    case ITEM_TARGET:
        return strcmp(item->id, target_id) == 0;
    case ITEM_SYNCED:
        return synced;
    case ITEM_INCLUDE:
        for (size_t i = 0; i < item->exclude_count; i++)
            if (fnmatch(item->exclude[i], target_id, 0) == 0)
                return false;
        return fnmatch(item->include, target_id, 0) == 0;
    case ITEM_NEW:
        break;
    }
    return false;
}

const struct target_item *config_match_target(const struct config_connection *connection,
                                              const char *target_id, bool synced) {
    for (size_t i = 0; i < connection->target_count; i++)
        if (item_matches(&connection->targets[i], target_id, synced))
            return &connection->targets[i];
    return NULL;
}
