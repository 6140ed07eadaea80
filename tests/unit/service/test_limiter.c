#include "../unit.h"

#include <string.h>

#include "service/limiter.h"

enum { SECOND = 1000000 };

static void enqueue(struct limiter_queue *queue, struct limiter_ticket *tickets, size_t count,
                    enum limiter_level level) {
    for (size_t i = 0; i < count; i++)
        limiter_enqueue(queue, &tickets[i], level, false);
}

static void queues_take_turns_and_urgent_goes_first(void **state) {
    (void)state;
    struct limiter *limiter = limiter_new(0);
    struct limiter_queue a, b;
    struct limiter_ticket first[3] = {0}, second[2] = {0}, urgent[1] = {0};
    limiter_attach(limiter, &a, 100, 0);
    limiter_attach(limiter, &b, 100, 0);
    enqueue(&a, first, 3, LIMITER_USUAL);
    enqueue(&b, second, 2, LIMITER_USUAL);
    enqueue(&b, urgent, 1, LIMITER_URGENT);
    struct limiter_ticket *wanted[] = {&urgent[0], &first[0], &second[0], &first[1],
                                       &second[1], &first[2], NULL};
    for (size_t i = 0; i < ARRAY_LENGTH(wanted); i++) {
        usec_t wait = 0;
        assert_ptr_equal(limiter_next(limiter, 0, &wait), wanted[i]);
        assert_int_equal(wait, USEC_NONE);
    }
    limiter_detach(&a);
    limiter_detach(&b);
    limiter_free(limiter);
}

static void a_retry_goes_before_its_own_line(void **state) {
    (void)state;
    struct limiter *limiter = limiter_new(0);
    struct limiter_queue a;
    struct limiter_ticket tickets[2] = {0};
    usec_t wait;
    limiter_attach(limiter, &a, 100, 0);
    limiter_enqueue(&a, &tickets[0], LIMITER_USUAL, false);
    limiter_enqueue(&a, &tickets[1], LIMITER_USUAL, true);
    assert_ptr_equal(limiter_next(limiter, 0, &wait), &tickets[1]);
    limiter_remove(&tickets[0]);
    limiter_remove(&tickets[0]); /* and once more, which does nothing */
    assert_null(limiter_next(limiter, 0, &wait));
    limiter_detach(&a);
    limiter_free(limiter);
}

static void concurrency_is_the_strictest(void **state) {
    (void)state;
    struct limiter *limiter = limiter_new(0);
    struct limiter_queue a, b;
    struct limiter_ticket tickets[6] = {0};
    usec_t wait;
    limiter_attach(limiter, &a, 3, 0);
    limiter_attach(limiter, &b, 2, 0);
    enqueue(&a, tickets, 6, LIMITER_USUAL);
    assert_non_null(limiter_next(limiter, 0, &wait));
    assert_non_null(limiter_next(limiter, 0, &wait));
    assert_null(limiter_next(limiter, 0, &wait));
    assert_int_equal(wait, USEC_NONE);
    limiter_detach(&b);
    assert_non_null(limiter_next(limiter, 0, &wait));
    assert_null(limiter_next(limiter, 0, &wait));
    limiter_finished(limiter, &a);
    assert_non_null(limiter_next(limiter, 0, &wait));
    limiter_remove(&tickets[4]);
    limiter_remove(&tickets[5]);
    limiter_detach(&a);
    limiter_free(limiter);
}

/* How many of 100 may begin when time goes on in steps of `step` up to `until`. */
static unsigned begun(struct limiter *limiter, usec_t from, usec_t until, usec_t step) {
    unsigned count = 0;
    usec_t wait;
    for (usec_t now = from; now <= until; now += step)
        while (limiter_next(limiter, now, &wait))
            count++;
    return count;
}

/* Requests of one queue that never end leave places to the others, in turn with each other. */
static void no_queue_takes_all_places(void **state) {
    (void)state;
    struct limiter *limiter = limiter_new(0);
    struct limiter_queue a, b;
    struct limiter_ticket first[20] = {0}, second[20] = {0};
    usec_t wait;
    limiter_attach(limiter, &a, 16, 0);
    limiter_attach(limiter, &b, 16, 0);
    enqueue(&a, first, 20, LIMITER_USUAL);
    for (size_t i = 0; i < 14; i++)
        assert_ptr_equal(limiter_next(limiter, 0, &wait), &first[i]);
    assert_null(limiter_next(limiter, 0, &wait));
    assert_int_equal(wait, USEC_NONE);
    enqueue(&b, second, 20, LIMITER_USUAL);
    assert_ptr_equal(limiter_next(limiter, 0, &wait), &second[0]);
    assert_ptr_equal(limiter_next(limiter, 0, &wait), &second[1]);
    assert_null(limiter_next(limiter, 0, &wait));
    limiter_finished(limiter, &b);
    assert_ptr_equal(limiter_next(limiter, 0, &wait), &second[2]);
    limiter_finished(limiter, &a);
    assert_ptr_equal(limiter_next(limiter, 0, &wait), &first[14]); /* its turn had been passed over */
    for (size_t i = 0; i < ARRAY_LENGTH(first); i++) {
        limiter_remove(&first[i]);
        limiter_remove(&second[i]);
    }
    limiter_detach(&a);
    limiter_detach(&b);
    limiter_free(limiter);
}

static void rate_is_a_bucket_of_one_second(void **state) {
    (void)state;
    static const struct {
        double rate;
        usec_t until;
        unsigned least, most;
    } cases[] = {
        {0, 0, 100, 100},         {20, 0, 20, 20},   {20, SECOND, 39, 40},
        {20, 2 * SECOND, 59, 60}, {0.5, 0, 1, 1},    {0.5, 2 * SECOND + 1000, 2, 2},
        {0.5, 1 * SECOND, 1, 1},  {3, SECOND, 5, 6},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct limiter *limiter = limiter_new(0);
        struct limiter_queue a;
        struct limiter_ticket tickets[100] = {0};
        limiter_attach(limiter, &a, 1000, cases[i].rate);
        enqueue(&a, tickets, 100, LIMITER_USUAL);
        assert_in_range(begun(limiter, 0, cases[i].until, 1000), cases[i].least, cases[i].most);
        for (size_t k = 0; k < 100; k++)
            limiter_remove(&tickets[k]);
        limiter_detach(&a);
        limiter_free(limiter);
    }
}

static void the_wait_that_is_named_is_enough(void **state) {
    (void)state;
    struct limiter *limiter = limiter_new(7);
    struct limiter_queue a;
    struct limiter_ticket tickets[3] = {0};
    usec_t wait;
    limiter_attach(limiter, &a, 10, 0.3);
    enqueue(&a, tickets, 3, LIMITER_USUAL);
    assert_non_null(limiter_next(limiter, 7, &wait));
    assert_null(limiter_next(limiter, 7, &wait));
    assert_in_range(wait, 3333333, 3333343);
    assert_null(limiter_next(limiter, 7 + 3333000, &wait));
    assert_non_null(limiter_next(limiter, 7 + 3333343, &wait));
    limiter_remove(&tickets[2]);
    limiter_detach(&a);
    limiter_free(limiter);
}

static void a_pause_holds_all_and_ends(void **state) {
    (void)state;
    struct limiter *limiter = limiter_new(0);
    struct limiter_queue a;
    struct limiter_ticket tickets[2] = {0};
    usec_t wait;
    limiter_attach(limiter, &a, 10, 0);
    enqueue(&a, tickets, 2, LIMITER_URGENT);
    limiter_pause(limiter, 500);
    limiter_pause(limiter, 200); /* shorter: changes nothing */
    assert_null(limiter_next(limiter, 100, &wait));
    assert_int_equal(wait, 400);
    assert_non_null(limiter_next(limiter, 500, &wait));
    limiter_remove(&tickets[1]);
    limiter_detach(&a);
    limiter_free(limiter);
}

static void idle_means_that_nothing_is_remembered(void **state) {
    (void)state;
    struct limiter *limiter = limiter_new(0);
    struct limiter_queue a;
    struct limiter_ticket ticket = {0};
    usec_t wait;
    assert_true(limiter_is_idle(limiter, 0));
    limiter_attach(limiter, &a, 10, 2);
    assert_false(limiter_is_idle(limiter, 0));
    limiter_enqueue(&a, &ticket, LIMITER_USUAL, false);
    assert_non_null(limiter_next(limiter, 0, &wait));
    limiter_detach(&a);
    assert_false(limiter_is_idle(limiter, 10 * SECOND)); /* one is under way */
    limiter_finished(limiter, NULL);
    assert_true(limiter_is_idle(limiter, 10 * SECOND));
    limiter_pause(limiter, 20 * SECOND);
    assert_false(limiter_is_idle(limiter, 10 * SECOND));
    limiter_free(limiter);
}

static void an_empty_bucket_is_not_idle(void **state) {
    (void)state;
    struct limiter *limiter = limiter_new(0);
    struct limiter_queue a;
    struct limiter_ticket ticket = {0};
    usec_t wait;
    limiter_attach(limiter, &a, 10, 2);
    limiter_enqueue(&a, &ticket, LIMITER_USUAL, false);
    assert_non_null(limiter_next(limiter, 0, &wait));
    limiter_finished(limiter, &a);
    limiter_detach(&a);
    assert_false(limiter_is_idle(limiter, 1000));
    assert_true(limiter_is_idle(limiter, SECOND));
    limiter_free(limiter);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(queues_take_turns_and_urgent_goes_first),
        cmocka_unit_test(a_retry_goes_before_its_own_line),
        cmocka_unit_test(concurrency_is_the_strictest),
        cmocka_unit_test(no_queue_takes_all_places),
        cmocka_unit_test(rate_is_a_bucket_of_one_second),
        cmocka_unit_test(the_wait_that_is_named_is_enough),
        cmocka_unit_test(a_pause_holds_all_and_ends),
        cmocka_unit_test(idle_means_that_nothing_is_remembered),
        cmocka_unit_test(an_empty_bucket_is_not_idle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
