#include "mux_steps.h"

#include <string.h>

#include "base/env.h"
#include "transport/codec.h"
#include "unit.h"

ic__mux_event mux_next(ic__mux *m)
{
    ic__mux_event e;
    bool any = ic__mux_next(m, &e);
    assert_int_equal(any, e.what != IC__MUX_NOTHING);
    return e;
}

ic__mux_event mux_expect(ic__mux *m, ic__mux_what what)
{
    ic__mux_event e = mux_next(m);
    assert_int_equal(e.what, what);
    return e;
}

ic__mux *mux_with(const ic__mux_options *o)
{
    ic__mux *m = NULL;
    assert_int_equal(ic__mux_new(&m, o), 0);
    return m;
}

ic__mux_options mux_defaults(void)
{
    ic__mux_options o;
    ic__mux_options_default(&o);
    return o;
}

int mux_open_named(ic__mux *m, const char *protocol, ic__channel **ch)
{
    ic__channel_options o;
    ic__channel_options_default(&o);
    o.protocol = protocol;
    return ic__mux_open(m, &o, ch);
}

ic__channel *mux_open_ok(ic__mux *m, const char *protocol)
{
    ic__channel *ch = NULL;
    assert_int_equal(mux_open_named(m, protocol, &ch), 0);
    return ch;
}

void mux_recv(ic__mux *m, const void *bytes, size_t len)
{
    mux_expect(m, IC__MUX_NOTHING);
    assert_int_equal(ic__mux_recv(m, bytes, len, IC__SEC), 0);
}

size_t mux_open_frame(uint8_t *out, size_t cap, uint64_t id, const char *protocol,
                      size_t handshake_len)
{
    ic__wr w = ic__wr_of(out, cap);
    const ic__mux_open_frame open = {
        .id = id,
        .key = {.name = (const uint8_t *)protocol, .name_len = strlen(protocol)},
    };
    ic__wr_uint(&w, IC__MUX_CONTROL);
    ic__mux_open_write(&w, &open);
    (void)ic__wr_room(&w, handshake_len);
    assert_false(w.bad);
    return w.len;
}

void mux_remote_opens(ic__mux *m, uint64_t id, const char *protocol)
{
    static uint8_t frame[600];
    mux_recv(m, frame, mux_open_frame(frame, sizeof frame, id, protocol, 0));
}

void mux_expect_frame(ic__mux *m, const char *bytes, size_t len)
{
    size_t got;
    const uint8_t *front = ic__mux_front(m, &got);
    assert_non_null(front);
    assert_int_equal(got, len);
    assert_memory_equal(front, bytes, len);
    ic__mux_pop(m);
}

void mux_skip_frames(ic__mux *m)
{
    size_t len;
    while (ic__mux_front(m, &len))
        ic__mux_pop(m);
}
