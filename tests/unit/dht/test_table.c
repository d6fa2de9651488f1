/* docs/spec/05-dht-rpc.md, sections 3 and 8, against tests/vectors/dht-rpc.json. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dht/table.h"
#include "dht_json.h"
#include "fail_alloc.h"
#include "fake_random.h"
#include "intercom/error.h"
#include "unit.h"
#include "vectors.h"

static void an_id_is_the_hash_of_an_address(void **state)
{
    json_t *root = vectors_load("dht-rpc.json");
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(root, "nodeIds"), i, v)
    {
        ic__addr addr = dht_json_addr(v);
        uint8_t expected[32];
        uint8_t id[32];
        dht_json_key(v, "id", expected, sizeof expected);
        ic__rpc_id_of(id, &addr);
        assert_memory_equal(id, expected, sizeof id);
    }
    json_decref(root);
}

static void a_row_is_the_number_of_bits_in_common(void **state)
{
    json_t *root = vectors_load("dht-rpc.json");
    const json_t *routing = json_object_get(root, "routing");
    uint8_t own[32];
    size_t i;
    json_t *v;
    dht_json_key(routing, "tableId", own, sizeof own);
    json_array_foreach(json_object_get(routing, "rows"), i, v)
    {
        uint8_t id[32];
        dht_json_key(v, "id", id, sizeof id);
        assert_int_equal(ic__table_row_of(own, id),
                         json_integer_value(json_object_get(v, "row")));
    }
    json_decref(root);
}

static void expect_closest(const ic__table *t, const json_t *v)
{
    const json_t *expected = json_object_get(v, "result");
    ic__addr found[IC__RPC_K];
    uint8_t target[32];
    size_t count;

    dht_json_key(v, "target", target, sizeof target);
    count = ic__table_closest(t, target, found, IC__RPC_K);
    assert_int_equal(count, json_array_size(expected));
    for (size_t i = 0; i < count; i++) {
        char text[32];
        snprintf(text, sizeof text, "%u.%u.%u.%u:%u", found[i].ip[0], found[i].ip[1],
                 found[i].ip[2], found[i].ip[3], found[i].port);
        assert_string_equal(text, json_string_value(json_array_get(expected, i)));
    }
}

static void a_table_fills_and_answers_as_that_of_javascript(void **state)
{
    json_t *root = vectors_load("dht-rpc.json");
    const json_t *routing = json_object_get(root, "routing");
    uint8_t own[32];
    ic__table t;
    size_t i;
    json_t *v;
    dht_json_key(routing, "tableId", own, sizeof own);
    ic__table_init(&t, own);
    json_array_foreach(json_object_get(routing, "fill"), i, v)
    {
        ic__addr addr = dht_json_addr(v);
        bool accepted = json_is_true(json_object_get(v, "accepted"));
        ic__table_node *node;
        uint8_t id[32];
        dht_json_key(v, "id", id, sizeof id);
        assert_int_equal(ic__table_add(&t, id, &addr, &node),
                         accepted ? 0 : IC_ERR_LIMIT);
    }
    assert_int_equal(t.count, json_integer_value(json_object_get(routing, "size")));
    json_array_foreach(json_object_get(routing, "closest"), i, v) expect_closest(&t, v);
    ic__table_free(&t);
    json_decref(root);
}

/* Ids of which one in two falls into the next row. */
static void fill(ic__table *t, fake_random *random, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ic__addr addr = {.family = 4, .port = 1};
        ic__table_node *node;
        uint8_t id[32];
        fake_random_fill(random, id, sizeof id);
        fake_random_fill(random, addr.ip, 4);
        if (ic__table_add(t, id, &addr, &node) == 0)
            assert_int_equal(node->row, ic__table_row_of(t->id, id));
    }
}

static void expect_sorted(const ic__table *t)
{
    for (size_t i = 0; i < t->count; i++) {
        const ic__table_node *node = t->nodes[i];
        size_t in_row;
        assert_int_equal(node->row, ic__table_row_of(t->id, node->id));
        assert_ptr_equal(ic__table_get(t, node->id), node);
        (void)ic__table_row(t, node->row, &in_row);
        assert_in_range(in_row, 1, IC__RPC_K);
        if (i == 0)
            continue;
        assert_true(t->nodes[i - 1]->row <= node->row);
        if (t->nodes[i - 1]->row == node->row)
            assert_true(memcmp(t->nodes[i - 1]->id, node->id, 32) < 0);
    }
    assert_int_equal(t->by_contact.count, t->count);
}

static void a_table_moves_to_another_id_and_stays_in_order(void **state)
{
    fake_random random;
    uint8_t id[32];
    ic__table t;
    size_t before;
    fake_random_init(&random, 5);
    fake_random_fill(&random, id, sizeof id);
    ic__table_init(&t, id);
    fill(&t, &random, 2000);
    before = t.count;
    assert_in_range(before, 130, 260);
    expect_sorted(&t);
    memcpy(id, t.nodes[before - 1]->id, sizeof id);
    ic__table_move(&t, id);
    expect_sorted(&t);
    assert_in_range(t.count, 20, before - 1);
    assert_null(ic__table_get(&t, id));
    while (t.count)
        ic__table_remove(&t, t.nodes[t.count / 2]);
    ic__table_free(&t);
}

static void nodes_are_in_the_order_of_their_last_contact(void **state)
{
    const uint8_t own[32] = {0};
    fake_random random;
    ic__table t;
    ic__table_node *first;
    ic__table_init(&t, own);
    fake_random_init(&random, 6);
    fill(&t, &random, 3);
    first = IC__ELEMENT(ic__queue_first(&t.by_contact), ic__table_node, link);
    ic__table_touch(&t, first);
    assert_ptr_equal(t.by_contact.ends.prev, &first->link);
    assert_ptr_not_equal(ic__queue_first(&t.by_contact), &first->link);
    assert_int_equal(first->contacts, 1);
    ic__table_free(&t);
}

static void fill_without_memory(void *arg)
{
    const uint8_t own[32] = {0};
    fake_random random;
    ic__table t;
    ic__table_init(&t, own);
    fake_random_init(&random, 7);
    fill(&t, &random, 40);
    expect_sorted(&t);
    ic__table_free(&t);
}

static void without_memory_a_node_is_not_added(void **state)
{
    fail_alloc_each(fill_without_memory, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_the_hash_of_an_address),
        cmocka_unit_test(a_row_is_the_number_of_bits_in_common),
        cmocka_unit_test(a_table_fills_and_answers_as_that_of_javascript),
        cmocka_unit_test(a_table_moves_to_another_id_and_stays_in_order),
        cmocka_unit_test(nodes_are_in_the_order_of_their_last_contact),
        cmocka_unit_test(without_memory_a_node_is_not_added),
    };
    return cmocka_run_group_tests_name("dht/table", tests, NULL, NULL);
}
