#include <string.h>

#include "base/queue.h"
#include "unit.h"

typedef struct job {
    int number;
    ic__link link;
} job;

static int pop_number(ic__queue *q)
{
    ic__link *link = ic__queue_pop(q);
    return link ? IC__ELEMENT(link, job, link)->number : -1;
}

static void first_in_is_first_out(void **state)
{
    job jobs[3] = {{.number = 0}, {.number = 1}, {.number = 2}};
    ic__queue q;
    ic__queue_init(&q);
    assert_null(ic__queue_first(&q));
    for (int i = 0; i < 3; i++)
        ic__queue_push(&q, &jobs[i].link);
    assert_int_equal(q.count, 3);
    assert_ptr_equal(ic__queue_first(&q), &jobs[0].link);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pop_number(&q), i);
    assert_int_equal(pop_number(&q), -1);
}

static void an_element_is_queued_once_and_leaves_from_the_middle(void **state)
{
    job jobs[3] = {{.number = 0}, {.number = 1}, {.number = 2}};
    ic__queue q;
    ic__queue_init(&q);
    for (int i = 0; i < 3; i++)
        ic__queue_push(&q, &jobs[i].link);
    ic__queue_push(&q, &jobs[1].link);
    assert_int_equal(q.count, 3);
    ic__queue_remove(&q, &jobs[1].link);
    ic__queue_remove(&q, &jobs[1].link);
    assert_false(ic__queue_holds(&jobs[1].link));
    assert_int_equal(pop_number(&q), 0);
    ic__queue_push(&q, &jobs[1].link);
    assert_int_equal(pop_number(&q), 2);
    assert_int_equal(pop_number(&q), 1);
    assert_int_equal(q.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_in_is_first_out),
        cmocka_unit_test(an_element_is_queued_once_and_leaves_from_the_middle),
    };
    return cmocka_run_group_tests_name("base/queue", tests, NULL, NULL);
}
