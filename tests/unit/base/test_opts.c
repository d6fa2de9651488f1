#include <string.h>

#include "base/opts.h"
#include "intercom/error.h"
#include "unit.h"

typedef struct new_options {
    size_t struct_size;
    uint64_t first;
    uint64_t second;
} new_options;

static const new_options defaults = {sizeof defaults, 11, 22};

static void an_old_program_is_never_written_past_its_struct(void **state)
{
    uint64_t old[3] = {0, 0, 0xa5};
    ic__opts_init(old, 2 * sizeof old[0], &defaults, sizeof defaults);
    assert_int_equal(old[0], 2 * sizeof old[0]);
    assert_int_equal(old[1], 11);
    assert_int_equal(old[2], 0xa5);

    new_options read;
    old[1] = 5;
    assert_int_equal(ic__opts_read(&read, sizeof read, &defaults, old), 0);
    assert_int_equal(read.first, 5);
    assert_int_equal(read.second, 22);
    assert_int_equal(read.struct_size, sizeof read);
}

static void a_member_that_we_do_not_have_is_refused_when_set(void **state)
{
    uint64_t newer[4] = {sizeof newer, 1, 2, 0};
    new_options read;
    assert_int_equal(ic__opts_read(&read, sizeof read, &defaults, newer), 0);
    newer[3] = 1;
    assert_int_equal(ic__opts_read(&read, sizeof read, &defaults, newer),
                     IC_ERR_UNSUPPORTED);
    newer[0] = 3;
    assert_int_equal(ic__opts_read(&read, sizeof read, &defaults, newer), IC_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_old_program_is_never_written_past_its_struct),
        cmocka_unit_test(a_member_that_we_do_not_have_is_refused_when_set),
    };
    return cmocka_run_group_tests_name("base/opts", tests, NULL, NULL);
}
