#include "timer.h"
#include "util.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

/* How often it is looked whether the clients of hanging requests are still there. */
enum { LOOK_MS = 200 };

struct waiter {
    struct MHD_Connection *connection;
    int fd;
    int64_t until_ms;
    struct wait *wait;
};

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t thread;
    struct waiter *waiters;
    size_t count, cap;
    bool releasing, stopping;
} timer = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static bool client_gone(int fd) {
    char byte;
    ssize_t got = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

static bool ended(struct waiter *waiter, int64_t now, bool look) {
    bool forever = waiter->until_ms == WAIT_FOREVER;

    if (!forever && waiter->until_ms <= now)
        return true;
    if (timer.stopping || (forever && (timer.releasing || (look && client_gone(waiter->fd))))) {
        waiter->wait->over = true;
        return true;
    }
    return false;
}

/* Resumes what is due; returns when to look again. */
static int64_t sweep(int64_t now, int64_t next_look, bool look) {
    int64_t next = next_look;
    size_t kept = 0;

    for (size_t i = 0; i < timer.count; i++) {
        struct waiter waiter = timer.waiters[i];

        if (ended(&waiter, now, look)) {
            MHD_resume_connection(waiter.connection);
            continue;
        }
        if (waiter.until_ms != WAIT_FOREVER && waiter.until_ms < next)
            next = waiter.until_ms;
        timer.waiters[kept++] = waiter;
    }
    timer.count = kept;
    timer.releasing = false;
    return next;
}

static void *run(void *unused) {
    int64_t next_look = 0;

    (void)unused;
    pthread_mutex_lock(&timer.mutex);
    while (!timer.stopping || timer.count) {
        int64_t now = monotonic_ms(), next;
        bool look = now >= next_look;
        struct timespec when;

        if (look)
            next_look = now + LOOK_MS;
        next = sweep(now, next_look, look);
        when.tv_sec = next / 1000;
        when.tv_nsec = next % 1000 * 1000000;
        if (timer.count)
            pthread_cond_timedwait(&timer.changed, &timer.mutex, &when);
        else if (!timer.stopping)
            pthread_cond_wait(&timer.changed, &timer.mutex);
    }
    pthread_mutex_unlock(&timer.mutex);
    return NULL;
}

void timer_start(void) {
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&timer.changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&timer.thread, NULL, run, NULL) != 0)
        die("cannot start a thread");
}

void timer_stop(void) {
    pthread_mutex_lock(&timer.mutex);
    timer.stopping = true;
    pthread_cond_signal(&timer.changed);
    pthread_mutex_unlock(&timer.mutex);
    pthread_join(timer.thread, NULL);
    free(timer.waiters);
    timer.waiters = NULL;
}

void timer_wait(struct MHD_Connection *connection, int64_t until_ms, struct wait *wait) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    wait->over = false;
    MHD_suspend_connection(connection);
    pthread_mutex_lock(&timer.mutex);
    if (timer.stopping) {
        wait->over = true;
        MHD_resume_connection(connection);
    } else {
        if (timer.count == timer.cap) {
            timer.cap = timer.cap ? 2 * timer.cap : 64;
            timer.waiters = xrealloc(timer.waiters, timer.cap * sizeof *timer.waiters);
        }
        timer.waiters[timer.count++] = (struct waiter){connection, info->connect_fd, until_ms, wait};
        pthread_cond_signal(&timer.changed);
    }
    pthread_mutex_unlock(&timer.mutex);
}

void timer_release(void) {
    pthread_mutex_lock(&timer.mutex);
    timer.releasing = true;
    pthread_cond_signal(&timer.changed);
    pthread_mutex_unlock(&timer.mutex);
}
