/*
 * Spec: docs/spec/02-udx.md sections 1 (packet, SACK blocks) and 2 (demultiplexing).
 * Every packet of tests/vectors/udx.json, recorded from udx-native, is read and written.
 * libudx scenario with a twin here: stream-strict-sack.
 */
#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "transport/udx_packet.h"
#include "unit.h"
#include "vectors.h"

static uint32_t number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    assert_true(json_is_integer(value));
    return (uint32_t)json_integer_value(value);
}

static void check_sacks(const ic__udx_packet *packet, const json_t *sacks)
{
    size_t listed = json_array_size(sacks);
    assert_true(packet->sack_count == listed || /* the vector has the first bytes only */
                (listed == IC__UDX_MAX_SACKS && packet->sack_count == (96 - 20) / 8));
    for (size_t i = 0; i < packet->sack_count; i++) {
        const json_t *block = json_array_get(sacks, i);
        assert_int_equal(packet->sacks[i].start,
                         (uint32_t)json_integer_value(json_array_get(block, 0)));
        assert_int_equal(packet->sacks[i].end,
                         (uint32_t)json_integer_value(json_array_get(block, 1)));
    }
}

static void check_fields(const ic__udx_packet *packet, const json_t *vector)
{
    assert_int_equal(packet->type, number(vector, "type"));
    assert_int_equal(packet->id, number(vector, "id"));
    assert_int_equal(packet->rwnd, number(vector, "rwnd"));
    assert_int_equal(packet->seq, number(vector, "seq"));
    assert_int_equal(packet->ack, number(vector, "ack"));
    if (packet->type & IC__UDX_SACK) {
        check_sacks(packet, json_object_get(vector, "sacks"));
    } else {
        assert_int_equal(packet->padding, number(vector, "dataOffset"));
        assert_int_equal(packet->sack_count, 0);
    }
}

/* A sender never combines blocks and payload, and pads with zeros. */
static bool writable(const ic__udx_packet *packet, const json_t *vector)
{
    if (json_is_string(json_object_get(vector, "from")) &&
        strcmp(vectors_text(vector, "from"), "peer") == 0)
        return false;
    return json_object_get(vector, "bytes") && !packet->padding;
}

static void check_written(const ic__udx_packet *packet, const uint8_t *bytes, size_t len)
{
    uint8_t again[IC__UDX_MAX_DATAGRAM];
    ic__udx_packet copy = *packet;
    ic__wr w = ic__wr_of(again, sizeof again);

    if (copy.type & IC__UDX_SACK)
        copy.payload = NULL; /* without a data offset, the blocks are all there is */
    ic__udx_packet_write(&w, &copy);
    assert_false(w.bad);
    assert_int_equal(w.len, len);
    assert_memory_equal(again, bytes, len);
}

static size_t check_packets(const json_t *list)
{
    size_t i;
    size_t seen = 0;
    json_t *vector;

    json_array_foreach(list, i, vector)
    {
        bool whole = json_object_get(vector, "bytes") != NULL;
        bool bad = json_integer_value(json_object_get(vector, "payloadLength")) < 0;
        if (!json_object_get(vector, "type"))
            continue;
        size_t len;
        uint8_t *bytes = vectors_bytes(vector, whole ? "bytes" : "firstBytes", &len);
        ic__udx_packet packet;
        assert_int_equal(ic__udx_packet_decode(&packet, bytes, len),
                         bad ? IC_ERR_PROTO : 0);
        if (!bad) {
            check_fields(&packet, vector);
            if (whole && !(packet.type & IC__UDX_SACK))
                assert_int_equal(packet.payload_len, number(vector, "payloadLength"));
            if (writable(&packet, vector))
                check_written(&packet, bytes, len);
            seen++;
        }
        free(bytes);
    }
    return seen;
}

static void every_recorded_packet_is_read_and_written_again(void **state)
{
    json_t *doc = vectors_load("udx.json");
    size_t i;
    size_t seen = 0;
    json_t *capture;
    json_array_foreach(json_object_get(doc, "captures"), i, capture)
    {
        seen += check_packets(json_object_get(capture, "packets"));
        seen += check_packets(json_object_get(capture, "log"));
    }
    assert_true(seen > 100);
    json_decref(doc);
}

/* The capture "not-stream-packets": each of these went to the socket, not to stream 77.
 */
static void what_is_no_stream_packet_is_told_apart(void **state)
{
    json_t *doc = vectors_load("udx.json");
    size_t i;
    size_t seen = 0;
    json_t *capture;
    json_t *entry;
    json_array_foreach(json_object_get(doc, "captures"), i, capture)
    {
        if (strcmp(vectors_text(capture, "name"), "not-stream-packets") != 0)
            continue;
        size_t j;
        json_array_foreach(json_object_get(capture, "log"), j, entry)
        {
            size_t len;
            uint32_t id = 0;
            if (json_object_get(entry, "event"))
                continue;
            uint8_t *bytes = vectors_bytes(entry, "bytes", &len);
            assert_true(!ic__udx_packet_id(bytes, len, &id) || id != 77);
            free(bytes);
            seen++;
        }
    }
    assert_int_equal(seen, 5);
    json_decref(doc);
}

static size_t write_sample(uint8_t *out, uint8_t type, uint8_t padding)
{
    const uint8_t payload[] = "payload";
    ic__wr w = ic__wr_of(out, 64);
    ic__udx_packet packet = {.type = type,
                             .padding = padding,
                             .id = 7,
                             .payload = payload,
                             .payload_len = sizeof payload};

    ic__udx_packet_write(&w, &packet);
    assert_false(w.bad);
    return w.len;
}

static void each_truncation_fails_or_shortens_the_payload(void **state)
{
    uint8_t whole[64];
    size_t len = write_sample(whole, IC__UDX_DATA, 9);
    for (size_t n = 0; n <= len; n++) {
        uint8_t *copy = malloc(n ? n : 1);
        assert_non_null(copy);
        memcpy(copy, whole, n);
        ic__udx_packet packet;
        uint32_t id;
        int error = ic__udx_packet_decode(&packet, copy, n);
        assert_int_equal(error, n < IC__UDX_HEADER_BYTES + 9 ? IC_ERR_PROTO : 0);
        if (!error)
            assert_int_equal(packet.payload_len, n - IC__UDX_HEADER_BYTES - 9);
        assert_int_equal(ic__udx_packet_id(copy, n, &id), n >= IC__UDX_HEADER_BYTES);
        free(copy);
    }
}

static void a_writer_without_room_turns_bad(void **state)
{
    uint8_t whole[64];
    size_t len = write_sample(whole, IC__UDX_DATA, 3);
    ic__udx_packet packet;
    assert_int_equal(ic__udx_packet_decode(&packet, whole, len), 0);
    for (size_t cap = 0; cap < len; cap++) {
        uint8_t out[64];
        ic__wr w = ic__wr_of(out, cap);
        ic__udx_packet_write(&w, &packet);
        assert_true(w.bad);
    }
}

/* stream-strict-sack: blocks that end at the data offset leave the payload whole. */
static void the_data_offset_ends_the_blocks(void **state)
{
    uint8_t bytes[64];
    size_t len = write_sample(bytes, IC__UDX_DATA | IC__UDX_SACK, 8);
    ic__udx_packet packet;
    assert_int_equal(ic__udx_packet_decode(&packet, bytes, len), 0);
    assert_int_equal(packet.sack_count, 1);
    assert_int_equal(packet.payload_len, 8);
    assert_memory_equal(packet.payload, "payload", 8);
}

static void no_more_than_fifty_blocks_are_read(void **state)
{
    uint8_t bytes[IC__UDX_HEADER_BYTES + 60 * 8] = {0xff, 1, IC__UDX_SACK};
    ic__udx_packet packet;
    assert_int_equal(ic__udx_packet_decode(&packet, bytes, sizeof bytes), 0);
    assert_int_equal(packet.sack_count, IC__UDX_MAX_SACKS);
    assert_int_equal(ic__udx_packet_decode(&packet, bytes, IC__UDX_HEADER_BYTES + 8 + 7),
                     0);
    assert_int_equal(packet.sack_count, 1);
}

static void only_the_id_changes_for_a_relay(void **state)
{
    uint8_t bytes[64];
    uint8_t other[64];
    size_t len = write_sample(bytes, IC__UDX_MESSAGE, 0);
    memcpy(other, bytes, len);
    ic__udx_packet_set_id(other, UINT32_C(0xa1b2c3d4));
    uint32_t id;
    assert_true(ic__udx_packet_id(other, len, &id));
    assert_int_equal(id, UINT32_C(0xa1b2c3d4));
    assert_memory_equal(other, bytes, 4);
    assert_memory_equal(other + 8, bytes + 8, len - 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_recorded_packet_is_read_and_written_again),
        cmocka_unit_test(what_is_no_stream_packet_is_told_apart),
        cmocka_unit_test(each_truncation_fails_or_shortens_the_payload),
        cmocka_unit_test(a_writer_without_room_turns_bad),
        cmocka_unit_test(the_data_offset_ends_the_blocks),
        cmocka_unit_test(no_more_than_fifty_blocks_are_read),
        cmocka_unit_test(only_the_id_changes_for_a_relay),
    };
    return cmocka_run_group_tests_name("transport/udx_packet", tests, NULL, NULL);
}
