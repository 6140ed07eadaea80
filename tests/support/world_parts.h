/* What the files of the world share. */
#pragma once

#include <sys/types.h>

#include "world.h"

struct world {
    char directory[64];
    char *config_path, *url, *database;
    pid_t simulator;
    void *sql;  /* PGconn */
    void *http; /* CURL */
    long long last_change;
    struct world_process *processes;
    long peak_kib;
    struct arena *arena; /* of the test */
};

extern struct world world;

/* Milliseconds of a clock that does not jump. */
long long world_now(void);
/* How long anything may take: more under the sanitizers. */
long long world_patience(void);
/* A pause while something is waited for; fails the test when it is past the deadline. */
void world_pause(struct world_place place, long long deadline, const char *what);

void world_kill_all(void);
void world_sql_connect(void);
void world_sql_close(void);
/* A database of the cluster: a statement outside of the world's own. */
void world_sql_admin(const char *statement);
void world_http_done(void);
/* ' becomes ". */
char *world_json(const char *format, va_list args) PRINTF_LIKE(1, 0);
pid_t world_spawn(const char *const *arguments, int *ret_output);
