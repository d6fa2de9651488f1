/* docs/spec/05-dht-rpc.md, section 10: how bootstrap nodes are written; and interfaces.
 */
#include <string.h>

#include "intercom/dht.h"
#include "intercom/error.h"
#include "io/dht_names.h"
#include "io/interfaces.h"
#include "unit.h"

static void each_form_is_read(void **state)
{
    ic__dht_name names[5];
    size_t count = 0;
    assert_int_equal(
        ic__dht_names_read("10.1.2.3:4000, node.example.org:65535 ,9.8.7.6@other:1,4001",
                           names, 5, &count),
        0);
    assert_int_equal(count, 4);
    assert_memory_equal(names[0].addr.ip, "\x0a\x01\x02\x03", 4);
    assert_int_equal(names[0].addr.port, 4000);
    assert_string_equal(names[0].host, "");
    assert_int_equal(names[1].addr.family, 0);
    assert_int_equal(names[1].port, 65535);
    assert_string_equal(names[1].host, "node.example.org");
    assert_memory_equal(names[2].addr.ip, "\x09\x08\x07\x06", 4);
    assert_int_equal(names[2].addr.port, 1);
    assert_string_equal(names[2].host, "other");
    assert_memory_equal(names[3].addr.ip, "\x7f\x00\x00\x01", 4);
    assert_int_equal(names[3].addr.port, 4001);
}

static void the_public_list_needs_no_names_to_begin_with(void **state)
{
    ic__dht_name names[3];
    size_t count = 0;
    assert_int_equal(ic__dht_names_read(IC_DHT_PUBLIC_BOOTSTRAP, names, 3, &count), 0);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(names[i].addr.family, 4);
        assert_int_equal(names[i].addr.port, IC_DHT_PORT);
    }
}

static void no_text_is_no_list(void **state)
{
    ic__dht_name names[1];
    ic__addr addrs[1];
    size_t count = 7;
    assert_int_equal(ic__dht_names_read(NULL, names, 1, &count), 0);
    assert_int_equal(count, 0);
    assert_int_equal(ic__dht_addresses_read("", addrs, 1, &count), 0);
    assert_int_equal(count, 0);
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const bad[] = {
        "host",        "host:",       "host:0",     "host:65536",
        "host:1x",     ":1",          "0",          "123456",
        "a b:1",       "1.2.3.4@:5",  "@host:5",    "host@1.2.3.4:5",
        "1.2.3.4:5,",  ",1.2.3.4:5",  "[::1]:5",    "1.2.3.4:-1",
        "h\xc3\xa4:1", "1.2.3.4:5;6", "1.2.3.4: 5",
    };
    ic__dht_name names[4];
    size_t count = 0;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (ic__dht_names_read(bad[i], names, 4, &count) != IC_ERR_INVALID)
            fail_msg("'%s' was read", bad[i]);
    }
    ic__addr addrs[4];
    assert_int_equal(ic__dht_addresses_read("host:5", addrs, 4, &count), IC_ERR_INVALID);
}

static void a_list_has_an_end(void **state)
{
    ic__dht_name names[2];
    ic__addr addrs[2];
    size_t count = 0;
    assert_int_equal(ic__dht_names_read("1,2,3", names, 2, &count), IC_ERR_LIMIT);
    assert_int_equal(ic__dht_addresses_read("1,2,3", addrs, 2, &count), IC_ERR_LIMIT);
    assert_int_equal(ic__dht_addresses_read("1,2", addrs, 2, &count), 0);
    char name[300];
    memset(name, 'a', sizeof name);
    memcpy(name + IC__DHT_NAME_BYTES, ":1", sizeof ":1");
    assert_int_equal(ic__dht_names_read(name, names, 2, &count), IC_ERR_INVALID);
    memcpy(name + IC__DHT_NAME_BYTES - 1, ":1", sizeof ":1");
    assert_int_equal(ic__dht_names_read(name, names, 2, &count), 0);
}

static void a_name_of_this_machine_is_found_and_none_is_not(void **state)
{
    ic__dht_name names[2];
    size_t count = 0;
    assert_int_equal(ic__dht_names_read("localhost:77", names, 2, &count), 0);
    assert_true(ic__dht_name_look_up(&names[0]));
    assert_int_equal(names[0].addr.ip[0], 127);
    assert_int_equal(names[0].addr.port, 77);
    /* Refused by the resolver itself: nobody is asked. */
    assert_int_equal(ic__dht_names_read("a..b:77", names, 2, &count), 0);
    assert_false(ic__dht_name_look_up(&names[0]));
}

/* docs/spec/06-hyperdht.md, section 6: what is told to peers was tried out. */
static void an_address_works_when_we_hear_ourselves_there(void **state)
{
    const ic__addr loopback = {.family = 4, .ip = {127, 0, 0, 1}};
    const ic__addr not_ours = {.family = 4, .ip = {192, 0, 2, 77}};
    assert_true(ic__interface_works(&loopback));
    assert_false(ic__interface_works(&not_ours));
}

static void interfaces_are_told_without_ports_in_order(void **state)
{
    ic__addr found[IC__INTERFACES_MAX];
    size_t count = ic__interfaces_read(found, IC__INTERFACES_MAX);
    assert_true(count >= 1);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(found[i].family, 4);
        assert_int_equal(found[i].port, 0);
        if (i)
            assert_true(memcmp(found[i - 1].ip, found[i].ip, 4) <= 0);
        if (count > 1)
            assert_int_not_equal(found[i].ip[0], 127);
    }
    assert_int_equal(ic__interfaces_read(found, 0), 0);
    assert_int_equal(ic__interfaces_read(found, 1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_is_read),
        cmocka_unit_test(the_public_list_needs_no_names_to_begin_with),
        cmocka_unit_test(no_text_is_no_list),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_list_has_an_end),
        cmocka_unit_test(a_name_of_this_machine_is_found_and_none_is_not),
        cmocka_unit_test(an_address_works_when_we_hear_ourselves_there),
        cmocka_unit_test(interfaces_are_told_without_ports_in_order),
    };
    return cmocka_run_group_tests_name("io/dht_names", tests, NULL, NULL);
}
