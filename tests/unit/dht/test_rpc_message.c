/*
 * docs/spec/05-dht-rpc.md, section 2, against tests/vectors/dht-rpc.json and the packets
 * of tests/vectors/dht-flows.json.
 */
#include <stdlib.h>
#include <string.h>

#include "dht/rpc_message.h"
#include "dht_addr.h"
#include "dht_json.h"
#include "intercom/error.h"
#include "unit.h"
#include "vectors.h"

static void expect_bytes(const json_t *object, const char *key, const uint8_t *got,
                         size_t got_len)
{
    const json_t *member = json_object_get(object, key);
    uint8_t *expected;
    size_t len;

    if (json_is_null(member)) {
        assert_true(!got || !got_len);
        return;
    }
    assert_non_null(got);
    expected = vectors_bytes(object, key, &len);
    assert_int_equal(got_len, len);
    assert_memory_equal(got, expected, len);
    free(expected);
}

static void expect_rewritten(const ic__rpc_message *m, const uint8_t *data, size_t len)
{
    uint8_t out[IC__RPC_DATAGRAM_MAX];
    size_t written = ic__rpc_message_write(m, out, sizeof out);

    assert_int_equal(written, len);
    assert_memory_equal(out, data, len);
    assert_int_equal(ic__rpc_message_write(m, out, len), len);
    for (size_t cap = 0; cap < len; cap++)
        assert_int_equal(ic__rpc_message_write(m, out, cap), 0);
}

static void expect_cut_refused(const uint8_t *data, size_t len)
{
    ic__rpc_message m;

    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *copy = malloc(cut ? cut : 1);
        memcpy(copy, data, cut);
        assert_int_equal(ic__rpc_message_read(&m, copy, cut), IC_ERR_PROTO);
        free(copy);
    }
}

static void requests_are_read_and_written_as_javascript_does(void **state)
{
    json_t *root = vectors_load("dht-rpc.json");
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(root, "requests"), i, v)
    {
        const json_t *f = json_object_get(v, "fields");
        ic__addr to = dht_json_addr(json_object_get(f, "to"));
        size_t len;
        uint8_t *data = vectors_bytes(v, "hex", &len);
        ic__rpc_message m;
        assert_int_equal(ic__rpc_message_read(&m, data, len), 0);
        assert_int_equal(m.type, IC__RPC_REQUEST);
        assert_int_equal(m.tid, json_integer_value(json_object_get(f, "tid")));
        assert_true(ic__addr_equal(&m.to, &to));
        assert_int_equal(m.internal, json_is_true(json_object_get(f, "internal")));
        assert_int_equal(m.command, json_integer_value(json_object_get(f, "command")));
        expect_bytes(f, "id", m.id, 32);
        expect_bytes(f, "token", m.token, 32);
        expect_bytes(f, "target", m.target, 32);
        expect_bytes(f, "value", m.value, m.value_len);
        expect_rewritten(&m, data, len);
        expect_cut_refused(data, len);
        free(data);
    }
    json_decref(root);
}

static void replies_are_read_and_written_as_javascript_does(void **state)
{
    json_t *root = vectors_load("dht-rpc.json");
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(root, "decodedReplies"), i, v)
    {
        const json_t *d = json_object_get(v, "decoded");
        const json_t *closer = json_object_get(d, "closerNodes");
        ic__addr to = dht_json_addr(json_object_get(d, "to"));
        size_t len;
        uint8_t *data = vectors_bytes(v, "hex", &len);
        ic__rpc_message m;
        assert_int_equal(ic__rpc_message_read(&m, data, len), 0);
        assert_int_equal(m.type, IC__RPC_REPLY);
        assert_int_equal(m.tid, json_integer_value(json_object_get(d, "tid")));
        assert_int_equal(m.error, json_integer_value(json_object_get(d, "error")));
        assert_true(ic__addr_equal(&m.to, &to));
        expect_bytes(json_object_get(d, "from"), "id", m.id, 32);
        expect_bytes(d, "token", m.token, 32);
        expect_bytes(d, "value", m.value, m.value_len);
        if (json_is_null(closer))
            assert_int_equal(m.closer_count, 0);
        else
            dht_json_expect_addrs(closer, m.closer, m.closer_count);
        expect_rewritten(&m, data, len);
        expect_cut_refused(data, len);
        free(data);
    }
    json_decref(root);
}

static void every_packet_of_a_conversation_is_written_as_it_was_read(void **state)
{
    json_t *root = vectors_load("dht-flows.json");
    size_t messages = 0;
    size_t i;
    size_t k;
    json_t *flow;
    json_t *packet;
    json_array_foreach(json_object_get(root, "flows"), i, flow)
    {
        json_array_foreach(json_object_get(flow, "packets"), k, packet)
        {
            size_t len;
            uint8_t *data = vectors_bytes(packet, "hex", &len);
            ic__rpc_message m;
            if (len > 1 && (data[0] == IC__RPC_REQUEST || data[0] == IC__RPC_REPLY)) {
                assert_int_equal(ic__rpc_message_read(&m, data, len), 0);
                expect_rewritten(&m, data, len);
                messages++;
            }
            free(data);
        }
    }
    assert_in_range(messages, 150, 200);
    json_decref(root);
}

static void what_javascript_drops_is_no_message(void **state)
{
    json_t *root = vectors_load("dht-rpc.json");
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(root, "dropped"), i, v)
    {
        size_t len;
        uint8_t *data = vectors_bytes(v, "hex", &len);
        ic__rpc_message m;
        assert_int_equal(ic__rpc_message_read(&m, data, len), IC_ERR_PROTO);
        free(data);
    }
    json_decref(root);
}

static void bytes_behind_the_last_field_are_passed_over(void **state)
{
    json_t *root = vectors_load("dht-rpc.json");
    size_t len;
    uint8_t *data =
        vectors_bytes(json_object_get(root, "trailingBytesIgnored"), "hex", &len);
    ic__rpc_message m;
    assert_int_equal(ic__rpc_message_read(&m, data, len), 0);
    assert_int_equal(m.command, IC__RPC_PING);
    assert_true(m.internal);
    free(data);
    json_decref(root);
}

/* Section 2.2: the list is capped, whatever its sender says. */
static void of_more_than_twenty_closer_nodes_the_rest_is_passed_over(void **state)
{
    uint8_t data[10 + 1 + 25 * 6 + 1] = {IC__RPC_REPLY, 4 | 8};
    ic__rpc_message m;
    data[10] = 25;
    for (size_t i = 0; i < 25; i++)
        data[11 + i * 6] = (uint8_t)(i + 1);
    data[sizeof data - 1] = 7; /* the error behind the list */
    assert_int_equal(ic__rpc_message_read(&m, data, sizeof data), 0);
    assert_int_equal(m.closer_count, IC__RPC_K);
    assert_int_equal(m.closer[19].ip[0], 20);
    assert_int_equal(m.error, 7);
}

static void a_count_that_the_datagram_cannot_hold_is_refused(void **state)
{
    uint8_t data[10 + 9 + 12] = {IC__RPC_REPLY, 4};
    ic__rpc_message m;
    memset(data + 10, 0xff, 9);
    assert_int_equal(ic__rpc_message_read(&m, data, sizeof data), IC_ERR_PROTO);
    data[10] = 3;
    assert_int_equal(ic__rpc_message_read(&m, data, 11 + 17), IC_ERR_PROTO);
    assert_int_equal(ic__rpc_message_read(&m, data, 11 + 18), 0);
}

/* Section 13: JavaScript takes 2048 bytes and not one more. */
static void a_datagram_has_at_most_2048_bytes(void **state)
{
    uint8_t *data = calloc(1, IC__RPC_DATAGRAM_MAX + 1);
    ic__rpc_message m;
    data[0] = IC__RPC_REQUEST;
    assert_int_equal(ic__rpc_message_read(&m, data, IC__RPC_DATAGRAM_MAX), 0);
    assert_int_equal(ic__rpc_message_read(&m, data, IC__RPC_DATAGRAM_MAX + 1),
                     IC_ERR_PROTO);
    free(data);
}

static void a_command_that_no_number_has_becomes_one_that_nobody_knows(void **state)
{
    const uint8_t data[] = {0x03, 4, 0, 0, 1, 2, 3, 4, 5, 6,
                            0xff, 1, 0, 0, 0, 1, 0, 0, 0};
    ic__rpc_message m;
    assert_int_equal(ic__rpc_message_read(&m, data, sizeof data), 0);
    assert_int_equal(m.command, UINT32_MAX);
}

static void an_empty_value_is_present(void **state)
{
    const uint8_t value[1] = {0};
    ic__rpc_message m = {.type = IC__RPC_REQUEST,
                         .to = dht_addr("1.2.3.4", 5),
                         .value = value,
                         .value_len = 0};
    uint8_t out[64];
    size_t len = ic__rpc_message_write(&m, out, sizeof out);
    assert_int_equal(ic__rpc_message_read(&m, out, len), 0);
    assert_non_null(m.value);
    assert_int_equal(m.value_len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_read_and_written_as_javascript_does),
        cmocka_unit_test(replies_are_read_and_written_as_javascript_does),
        cmocka_unit_test(every_packet_of_a_conversation_is_written_as_it_was_read),
        cmocka_unit_test(what_javascript_drops_is_no_message),
        cmocka_unit_test(bytes_behind_the_last_field_are_passed_over),
        cmocka_unit_test(of_more_than_twenty_closer_nodes_the_rest_is_passed_over),
        cmocka_unit_test(a_count_that_the_datagram_cannot_hold_is_refused),
        cmocka_unit_test(a_datagram_has_at_most_2048_bytes),
        cmocka_unit_test(a_command_that_no_number_has_becomes_one_that_nobody_knows),
        cmocka_unit_test(an_empty_value_is_present),
    };
    return cmocka_run_group_tests_name("dht/rpc_message", tests, NULL, NULL);
}
