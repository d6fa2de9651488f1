/* Books of three peers, bound over the side channels of docs/spec/12-sidechannel.md: real
 * envelopes, signatures, gates, rate limits and relays; alice and carol are not connected
 * with each other, bob is in between (docs/spec/16-ledger.md, section 4.4). */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "bind_world.h"
#include "fake_clock.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "sidechannel/link.h"
#include "unit.h"

#define SEC UINT64_C(1000000000)
#define MS UINT64_C(1000000)
#define PEERS 3
#define FLIGHTS 4096

typedef struct seat seat;

/* One connection as one of its two ends sees it. */
typedef struct wire {
    seat *seat;
    struct wire *other;
    ic__sc_link *link;
    ic__sc_port *port; /* of BIND_WORLD_ROOM, while open */
} wire;

struct seat {
    ic__sidechannel *sc;
    bind_end *end; /* book and bind */
    wire wires[PEERS];
    size_t wire_count;
};

typedef struct flight {
    wire *to;
    uint8_t *data;
    size_t len;
    uint64_t at;
} flight;

typedef struct scene {
    bind_world w; /* only its ends: books and identities */
    fake_clock clock;
    seat seats[PEERS];
    flight flights[FLIGHTS]; /* a ring, in order of time */
    size_t first;
    size_t count;
} scene;

/* A protocol that both ends opened is a channel. */
static void open_port(scene *s, wire *at, const ic__sc_event *e)
{
    if (strcmp(e->protocol, "sidechannel/" BIND_WORLD_ROOM) != 0) {
        ic__sc_port_closed(e->port, s->clock.now_ns);
        return;
    }
    at->port = e->port;
    if (!at->other->port)
        return;
    ic__sc_port_opened(at->port, s->clock.now_ns);
    ic__sc_port_opened(at->other->port, s->clock.now_ns);
}

static void send_frame(scene *s, wire *at, const ic__sc_event *e)
{
    assert_true(s->count < FLIGHTS);
    flight *f = &s->flights[(s->first + s->count++) % FLIGHTS];
    *f = (flight){.to = at->other, .len = e->len, .at = s->clock.now_ns + 5 * MS};
    f->data = malloc(e->len);
    assert_non_null(f->data);
    memcpy(f->data, e->data, e->len);
}

/* What the program does with a message: the ledger's go to the bind. */
static void hear(scene *s, seat *at, const ic__sc_event *e)
{
    ic__buf text = {0};
    uint8_t key[ISPLIT_BIND_KEY_BYTES];
    const char *from =
        e->is_signed ? ic__json_cstring(ic__json_get(e->envelope, "from")) : e->remote;

    assert_true(ic__hex_decode(key, sizeof key, from, strlen(from)));
    ic__json_write(&text, ic__json_get(e->envelope, "message"));
    assert_int_equal(isplit_bind_recv(at->end->bind, e->channel, key, text.data, text.len,
                                      s->clock.now_ns),
                     0);
    ic__buf_free(&text);
}

static void serve(scene *s, seat *at)
{
    ic__sc_event e;

    while (ic__sidechannel_next(at->sc, &e)) {
        wire *w = e.link ? ic__sc_link_user(e.link) : NULL;
        if (e.what == IC__SC_OPEN)
            open_port(s, w, &e);
        else if (e.what == IC__SC_SEND)
            send_frame(s, w, &e);
        else if (e.what == IC__SC_MESSAGE)
            hear(s, at, &e);
        else
            assert_int_not_equal(e.what, IC__SC_HANG_UP);
    }
}

/* Answers go to their peer where there is a connection, else the channel carries them. */
static void speak(scene *s, seat *at)
{
    isplit_bind_message m;

    isplit_bind_expire(at->end->bind, s->clock.now_ns);
    while (isplit_bind_pull(at->end->bind, s->clock.now_ns, &m)) {
        char hex[2 * ISPLIT_BIND_KEY_BYTES + 1];
        ic__json *json = NULL;
        int err = IC_ERR_NOT_FOUND;
        assert_int_equal(ic__json_parse(m.json, m.len, &json), 0);
        if (m.to) {
            ic__hex_encode(hex, m.to, ISPLIT_BIND_KEY_BYTES);
            err = ic__sidechannel_send_to(at->sc, m.room, hex, json);
        }
        if (err == IC_ERR_NOT_FOUND)
            err = ic__sidechannel_send(at->sc, m.room, json, NULL, NULL);
        assert_int_equal(err, 0);
        ic__json_free(json);
    }
}

static void land(scene *s)
{
    while (s->count && s->flights[s->first].at <= s->clock.now_ns) {
        flight f = s->flights[s->first];
        s->first = (s->first + 1) % FLIGHTS;
        s->count--;
        if (f.to->port)
            ic__sc_port_message(f.to->port, 0, f.data, f.len, s->clock.now_ns);
        free(f.data);
    }
}

static void run(scene *s, uint64_t ns)
{
    uint64_t until = s->clock.now_ns + ns;

    while (s->clock.now_ns < until) {
        s->clock.now_ns += MS;
        s->clock.wall_ms++;
        s->w.now = s->clock.now_ns;
        land(s);
        for (size_t i = 0; i < PEERS; i++) {
            ic__sidechannel_expire(s->seats[i].sc, s->clock.now_ns);
            speak(s, &s->seats[i]);
            serve(s, &s->seats[i]);
        }
    }
}

static void connect(scene *s, size_t a, size_t b)
{
    seat *x = &s->seats[a];
    seat *y = &s->seats[b];
    wire *wx = &x->wires[x->wire_count++];
    wire *wy = &y->wires[y->wire_count++];

    *wx = (wire){.seat = x, .other = wy};
    *wy = (wire){.seat = y, .other = wx};
    assert_int_equal(ic__sc_link_attach(x->sc, ic_identity_public_key(y->end->identity),
                                        wx, s->clock.now_ns, &wx->link),
                     0);
    assert_int_equal(ic__sc_link_attach(y->sc, ic_identity_public_key(x->end->identity),
                                        wy, s->clock.now_ns, &wy->link),
                     0);
    isplit_bind_greet(x->end->bind, BIND_WORLD_ROOM, s->clock.now_ns);
    isplit_bind_greet(y->end->bind, BIND_WORLD_ROOM, s->clock.now_ns);
}

static int set_up(void **state)
{
    scene *s = calloc(1, sizeof *s);

    assert_non_null(s);
    fake_clock_init(&s->clock, 1);
    s->clock.now_ns = SEC;
    bind_world_open(&s->w, PEERS, 21, NULL);
    for (size_t i = 0; i < PEERS; i++) {
        ic__sidechannel_options o;
        ic__sidechannel_options_default(&o);
        o.identity = s->w.ends[i].identity;
        o.env = fake_clock_env(&s->clock);
        o.policy.channels = BIND_WORLD_ROOM;
        o.policy.pow = false;
        o.policy.welcome_required = false;
        s->seats[i].end = &s->w.ends[i];
        assert_int_equal(ic__sidechannel_new(&o, &s->seats[i].sc, NULL), 0);
        ic__sidechannel_start(s->seats[i].sc);
    }
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    scene *s = *state;

    while (s->count--)
        free(s->flights[(s->first + s->count) % FLIGHTS].data);
    for (size_t i = 0; i < PEERS; i++)
        ic__sidechannel_free(s->seats[i].sc);
    bind_world_close(&s->w);
    free(s);
    return 0;
}

static size_t entries_of(const scene *s, size_t end)
{
    const isplit_state *state = NULL;

    assert_int_equal(isplit_book_state(s->w.ends[end].book, BIND_WORLD_ROOM, &state), 0);
    return isplit_state_entry_count(state);
}

static uint64_t strikes_of(const scene *s)
{
    uint64_t strikes = 0;

    for (size_t i = 0; i < PEERS; i++)
        strikes += ic__sidechannel_get_stats(s->seats[i].sc).strikes;
    return strikes;
}

static void an_entry_reaches_the_end_of_a_chain(void **state)
{
    scene *s = *state;
    connect(s, 0, 1);
    connect(s, 1, 2);
    run(s, 2 * SEC);
    assert_int_equal(bind_world_add(&s->w, 0, "alice", "30", "alice,bob"), 0);
    run(s, SEC / 10);
    assert_int_equal(entries_of(s, 1), 1);
    assert_int_equal(entries_of(s, 2), 1);
    assert_true(bind_world_equal(&s->w));
}

static void who_connects_late_gets_a_large_room_without_a_strike(void **state)
{
    scene *s = *state;
    for (int i = 0; i < 2000; i++)
        assert_int_equal(bind_world_add(&s->w, 0, "alice", "3.01", "alice,bob,carol"), 0);
    connect(s, 0, 1);
    run(s, 20 * SEC);
    assert_int_equal(entries_of(s, 1), 2000);
    connect(s, 1, 2);
    run(s, 20 * SEC);
    assert_int_equal(entries_of(s, 2), 2000);
    assert_true(bind_world_equal(&s->w));
    assert_int_equal(strikes_of(s), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_entry_reaches_the_end_of_a_chain, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            who_connects_late_gets_a_large_room_without_a_strike, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("intersplit/bind_channel", tests, NULL, NULL);
}
