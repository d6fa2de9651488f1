/* docs/spec/04-protomux.md, sections 5 and 8, against the hostile input of protomux.json
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "intercom/error.h"
#include "mux/mux.h"
#include "transport/codec.h"
#include "unit.h"
#include "vectors.h"

#define LINE_BYTES 256

static json_t *vectors;

typedef struct victim {
    ic__mux *mux;
    json_t *events;
    int error;
} victim;

static void note(victim *v, const char *text)
{
    json_array_append_new(v->events, json_string(text));
}

/* Message 0 is a text, message 1 is JSON. */
static void take_message(victim *v, const ic__mux_event *e)
{
    char line[128];
    size_t len;
    ic__rd r = ic__rd_of(e->data, e->len);
    const char *text = (const char *)ic__rd_buffer(&r, SIZE_MAX, &len);
    json_t *parsed = NULL;
    if (r.bad) {
        ic__mux_fail(v->mux, IC_ERR_PROTO);
    } else if (e->type == 0) {
        (void)snprintf(line, sizeof line, "message 0: %.*s", (int)len, text);
        note(v, line);
    } else if ((parsed = json_loadb(text, len, JSON_DECODE_ANY, NULL)) == NULL) {
        ic__channel_close(e->channel);
    }
    json_decref(parsed);
}

static void drain(victim *v)
{
    ic__mux_event e;
    while (ic__mux_next(v->mux, &e)) {
        if (e.what == IC__MUX_OPENED)
            note(v, "p opened");
        else if (e.what == IC__MUX_CLOSED)
            note(v, "p closed");
        else if (e.what == IC__MUX_MESSAGE)
            take_message(v, &e);
        else if (e.what == IC__MUX_FAILED)
            v->error = e.error;
    }
}

static void feed(victim *v, const json_t *frames)
{
    size_t i;
    json_t *frame;
    json_array_foreach(frames, i, frame)
    {
        size_t len;
        uint8_t *bytes = vectors_unhex(json_string_value(frame), &len);
        if (ic__mux_recv(v->mux, bytes, len, 0) == 0)
            drain(v);
        free(bytes);
    }
}

static json_t *replies_of(victim *v)
{
    size_t len;
    json_t *list = json_array();
    for (const uint8_t *f = ic__mux_front(v->mux, &len); f;
         f = ic__mux_front(v->mux, &len)) {
        char hex[LINE_BYTES];
        ic__hex_encode(hex, f, len);
        json_array_append_new(list, json_string(hex));
        ic__mux_pop(v->mux);
    }
    return list;
}

static void check_hostile(const json_t *entry)
{
    victim v = {.events = json_array()};
    ic__channel_options o;
    ic__channel *ch = NULL;
    const char *name = vectors_text(entry, "note");

    ic__channel_options_default(&o);
    o.protocol = "p";
    o.types = 2;
    assert_int_equal(ic__mux_new(&v.mux, NULL), 0);
    assert_int_equal(ic__mux_open(v.mux, &o, &ch), 0);
    ic__mux_pop(v.mux);
    feed(&v, json_object_get(entry, "frames"));
    json_t *replies = replies_of(&v);
    if (json_array_size(json_object_get(entry, "uncaught"))) {
        /* on purpose: where the reference is not prepared, the channel closes */
        assert_int_equal(json_array_size(v.events), 2);
        assert_int_equal(v.error, 0);
    } else {
        ic__mux_end(v.mux);
        drain(&v);
        if ((v.error != 0) != json_is_true(json_object_get(entry, "destroyed")) ||
            !json_equal(v.events, json_object_get(entry, "events")) ||
            !json_equal(replies, json_object_get(entry, "replies")))
            fail_msg("differs: %s", name);
    }
    json_decref(replies);
    json_decref(v.events);
    ic__mux_free(v.mux);
}

static void hostile_input_ends_as_in_the_reference(void **state)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(json_object_get(vectors, "hostile"), "list"), i,
                       entry) check_hostile(entry);
    assert_int_equal(i, 31);
}

static int load(void **state)
{
    vectors = vectors_load("protomux.json");
    return 0;
}

static int unload(void **state)
{
    json_decref(vectors);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_input_ends_as_in_the_reference),
    };
    return cmocka_run_group_tests_name("mux/mux_hostile", tests, load, unload);
}
