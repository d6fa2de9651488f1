#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "sidechannel/name.h"
#include "unit.h"
#include "vectors.h"

/* spec/12, 1: trim set, topic, protocol */
static void names_are_trimmed_and_hashed_as_in_the_reference(void **state)
{
    json_t *doc = vectors_load("sidechannel.json");
    json_t *v;
    size_t i;
    json_array_foreach(json_object_get(doc, "names"), i, v)
    {
        size_t len;
        size_t topic_len;
        uint8_t *input = vectors_bytes(v, "inputHex", &len);
        uint8_t *topic = vectors_bytes(v, "topic", &topic_len);
        uint8_t got[IC__TOPIC_BYTES];
        ic__buf name = {0};
        ic__buf protocol = {0};
        const char *trimmed = ic__trim((const char *)input, len, &len);
        ic__buf_add(&name, trimmed, len);
        assert_string_equal(name.data, vectors_text(v, "trimmed"));
        ic__channel_name_topic(name.data, got);
        assert_memory_equal(got, topic, sizeof got);
        ic__channel_name_protocol(&protocol, name.data);
        assert_string_equal(protocol.data, vectors_text(v, "protocol"));
        ic__buf_free(&name);
        ic__buf_free(&protocol);
        free(input);
        free(topic);
    }
    assert_true(i > 10);
    json_decref(doc);
}

static void expect(const char *text, size_t len, int error)
{
    char *name = NULL;
    assert_int_equal(ic__channel_name_new(text, len, &name), error);
    ic_mem_free(name);
}

static void bad_names_are_refused(void **state)
{
    char long_name[IC__CHANNEL_NAME_MAX + 3];
    memset(long_name, 'x', sizeof long_name);
    long_name[0] = ' ';
    expect(long_name, IC__CHANNEL_NAME_MAX + 1, 0);
    expect(long_name, IC__CHANNEL_NAME_MAX + 2, IC_ERR_LIMIT);
    expect("", 0, IC_ERR_INVALID);
    expect(" \xc2\xa0\t", 4, IC_ERR_INVALID);
    expect("a\0b", 3, IC_ERR_INVALID);
    expect("a\x80", 2, IC_ERR_INVALID);
    expect("\xed\xa0\xbd", 3, IC_ERR_INVALID);
    expect("\xe2\x80", 2, IC_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_trimmed_and_hashed_as_in_the_reference),
        cmocka_unit_test(bad_names_are_refused),
    };
    return cmocka_run_group_tests_name("sidechannel/name", tests, NULL, NULL);
}
