#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>
#include <jansson.h>

#include "fail_alloc.h"
#include "intercom/error.h"
#include "intercom/init.h"
#include "intercom/intercom.h"
#include "temp_folder.h"
#include "unit.h"

static char stores[200];
static struct event_base *base;
static ic_env env;
static char last_error[600];
static char last_warning[600];
static unsigned closed;

static void keep_log(ic_log_level level, const char *room, const char *text, void *user)
{
    if (strcmp(room, "peer") != 0)
        return;
    if (level == IC_LOG_ERROR)
        (void)snprintf(last_error, sizeof last_error, "%s", text);
    if (level == IC_LOG_WARN)
        (void)snprintf(last_warning, sizeof last_warning, "%s", text);
}

static void on_closed(void *user)
{
    (*(unsigned *)user)++;
}

static void options(ic_peer_options *o)
{
    ic_peer_options_default(o);
    o->base = base;
    o->env = &env;
    o->stores_directory = stores;
}

/* The loop runs until nothing is left to do. */
static void close_peer(ic_peer *peer)
{
    ic_peer_close(peer, on_closed, &closed);
    assert_int_equal(event_base_dispatch(base) < 0, 0);
}

/* The key is made once, which takes half a second. */
static int set_up(void **state)
{
    ic_peer_options o;
    ic_peer *peer;

    if (ic_init() != 0)
        return -1;
    temp_folder_make(stores, sizeof stores);
    ic_env_system(&env);
    env.log = keep_log;
    base = event_base_new();
    options(&o);
    if (!base || ic_peer_new(&o, &peer) != 0)
        return -1;
    close_peer(peer);
    return closed == 1 ? 0 : -1;
}

static int tear_down(void **state)
{
    event_base_free(base);
    temp_folder_remove(stores);
    return 0;
}

static void write_file(const char *name, const char *text)
{
    char path[400];

    (void)snprintf(path, sizeof path, "%s/peer/%s", stores, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void on_closed_comes_once_and_from_the_loop(void **state)
{
    ic_peer_options o;
    ic_peer *peer;

    options(&o);
    closed = 0;
    assert_int_equal(ic_peer_new(&o, &peer), 0);
    ic_peer_close(peer, on_closed, &closed);
    ic_peer_close(peer, on_closed, &closed);
    assert_int_equal(ic_peer_join(peer, "x", NULL, NULL), IC_ERR_CANCELED);
    assert_int_equal(ic_peer_leave(peer, "x"), IC_ERR_CANCELED);
    assert_int_equal(ic_peer_send(peer, "x", "1", 1), IC_ERR_CANCELED);
    assert_int_equal(closed, 0);
    (void)event_base_dispatch(base);
    assert_int_equal(closed, 1);
    ic_peer_close(NULL, on_closed, &closed);
    (void)event_base_dispatch(base);
    assert_int_equal(closed, 1);
}

static void a_store_has_one_peer_at_a_time_and_keeps_its_key(void **state)
{
    ic_peer_options o;
    ic_peer *peer;
    ic_peer *second;
    char address[IC_ADDRESS_BYTES];

    options(&o);
    assert_int_equal(ic_peer_new(&o, &peer), 0);
    (void)snprintf(address, sizeof address, "%s",
                   ic_identity_address(ic_peer_identity(peer)));
    assert_int_equal(ic_peer_new(&o, &second), IC_ERR_BUSY);
    close_peer(peer);
    assert_int_equal(ic_peer_new(&o, &peer), 0);
    assert_string_equal(ic_identity_address(ic_peer_identity(peer)), address);
    close_peer(peer);
}

/* docs/spec/13-sc-bridge.md, section 3 */
static void info_has_the_members_of_the_reference_in_its_order(void **state)
{
    static const char *const names[] = {
        "msbBootstrap",     "msbChannel",       "msbStore",        "msbDhtBootstrap",
        "peerStore",        "peerDhtBootstrap", "subnetBootstrap", "subnetChannel",
        "peerPubkey",       "peerTracAddress",  "peerWriterKey",   "sidechannelEntry",
        "sidechannelExtras"};
    ic_peer_options o;
    ic_peer *peer;
    char *text;

    options(&o);
    o.channels = " trip-nyc, ,b\"c ";
    o.dht_bootstrap = "127.0.0.1:1, 127.0.0.1:2,";
    o.msb_store = "stores/demo-msb";
    o.subnet_bootstrap =
        "ABCDEF0000000000000000000000000000000000000000000000000000000001";
    assert_int_equal(ic_peer_new(&o, &peer), 0);
    assert_int_equal(ic_peer_info(peer, &text), 0);
    json_t *info = json_loads(text, 0, NULL);
    assert_non_null(info);
    void *at = json_object_iter(info);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_non_null(at);
        assert_string_equal(json_object_iter_key(at), names[i]);
        at = json_object_iter_next(info, at);
    }
    assert_null(at);
    char *lists = json_dumps(json_object_get(info, "peerDhtBootstrap"), JSON_COMPACT);
    assert_string_equal(lists, "[\"127.0.0.1:1\",\"127.0.0.1:2\"]");
    free(lists);
    lists = json_dumps(json_object_get(info, "sidechannelExtras"), JSON_COMPACT);
    assert_string_equal(lists, "[\"trip-nyc\",\"b\\\"c\"]");
    free(lists);
    assert_true(json_is_null(json_object_get(info, "msbBootstrap")));
    assert_true(json_is_null(json_object_get(info, "msbDhtBootstrap")));
    assert_string_equal(
        json_string_value(json_object_get(info, "subnetBootstrap")),
        "abcdef0000000000000000000000000000000000000000000000000000000001");
    json_decref(info);
    ic_mem_free(text);
    close_peer(peer);
}

/* docs/spec/14-trac-peer.md, section 1 */
static void the_subnet_key_is_read_from_the_store_or_refused(void **state)
{
    static const char key[] =
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    ic_peer_options o;
    ic_peer *peer;
    char *text;

    options(&o);
    o.subnet_bootstrap = "0123";
    assert_int_equal(ic_peer_new(&o, &peer), IC_ERR_INVALID);
    assert_string_equal(last_error, "the subnet bootstrap must be 64 hex digits");

    o.subnet_bootstrap = NULL;
    write_file("subnet-bootstrap.hex",
               "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n");
    assert_int_equal(ic_peer_new(&o, &peer), 0);
    assert_int_equal(ic_peer_info(peer, &text), 0);
    assert_non_null(strstr(text, key));
    ic_mem_free(text);
    close_peer(peer);

    write_file("subnet-bootstrap.hex", "nonsense\n");
    assert_int_equal(ic_peer_new(&o, &peer), 0);
    assert_non_null(strstr(last_warning, "is ignored"));
    close_peer(peer);
}

/* Whoever opens one waits for somebody to write. */
static void a_pipe_for_a_subnet_key_stops_nobody(void **state)
{
    ic_peer_options o;
    ic_peer *peer;
    char path[400];

    options(&o);
    (void)snprintf(path, sizeof path, "%s/peer/subnet-bootstrap.hex", stores);
    (void)unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    last_warning[0] = 0;
    (void)alarm(20);
    assert_int_equal(ic_peer_new(&o, &peer), 0);
    (void)alarm(0);
    assert_non_null(strstr(last_warning, "is ignored"));
    close_peer(peer);
    assert_int_equal(unlink(path), 0);
}

static void channels_are_joined_sent_to_and_left(void **state)
{
    static const uint8_t nobody[IC_PUBLIC_KEY_BYTES] = {1};
    ic_peer_options o;
    ic_peer *peer;
    ic_peer_stats stats;

    options(&o);
    o.channels = "trip-nyc";
    assert_int_equal(ic_peer_new(&o, &peer), 0);
    assert_string_equal(ic_peer_channel(peer, 0), IC_ENTRY_CHANNEL);
    assert_string_equal(ic_peer_channel(peer, 1), "trip-nyc");
    assert_int_equal(ic_peer_join(peer, " alpha ", NULL, NULL), 0);
    assert_string_equal(ic_peer_channel(peer, 2), "alpha");
    assert_null(ic_peer_channel(peer, 3));
    assert_int_equal(ic_peer_send(peer, "alpha", "{\"a\":1}", 7), 0);
    assert_int_equal(ic_peer_send(peer, "alpha", "{\"a\":1", 6), IC_ERR_PROTO);
    assert_int_equal(ic_peer_send_to(peer, "alpha", nobody, "{\"a\":1}", 7),
                     IC_ERR_NOT_FOUND);
    assert_int_equal(ic_peer_send_to(peer, "alpha", nobody, "{\"a\":1", 6), IC_ERR_PROTO);
    assert_int_equal(ic_peer_join(peer, "beta", "{bad", NULL), IC_ERR_PROTO);
    assert_int_equal(ic_peer_leave(peer, IC_ENTRY_CHANNEL), IC_ERR_NOT_FOUND);
    assert_int_equal(ic_peer_leave(peer, "alpha"), 0);
    assert_int_equal(ic_peer_leave(peer, "alpha"), IC_ERR_NOT_FOUND);

    ic_peer_get_stats(peer, &stats, sizeof stats);
    assert_int_equal(stats.channel_count, 2);
    assert_int_equal(stats.connection_count, 0);
    assert_true(stats.uptime_ns < UINT64_C(60000000000));
    close_peer(peer);
}

static void a_channel_that_needs_an_invite_is_denied_without_one(void **state)
{
    ic_peer_options o;
    ic_peer *peer;

    options(&o);
    o.invite_required = true;
    o.invite_channels = "priv";
    o.inviter_keys = "e8f70899b330c8f27b7798b10a50d9d37a0d8992f7ffdda596e37f423dda309d";
    assert_int_equal(ic_peer_new(&o, &peer), 0);
    assert_int_equal(ic_peer_join(peer, "priv", NULL, NULL), IC_ERR_DENIED);
    assert_int_equal(ic_peer_send(peer, "priv", "1", 1), IC_ERR_DENIED);
    assert_int_equal(ic_peer_join(peer, "open", NULL, NULL), 0);
    close_peer(peer);
}

static void options_that_make_no_sense_are_refused(void **state)
{
    ic_peer_options o;
    ic_peer *peer;

    options(&o);
    o.base = NULL;
    assert_int_equal(ic_peer_new(&o, &peer), IC_ERR_INVALID);
    options(&o);
    o.network = true;
    o.dht_bootstrap = "no address";
    last_error[0] = 0;
    assert_int_equal(ic_peer_new(&o, &peer), IC_ERR_INVALID);
    assert_string_equal(last_error, "cannot join the network of no address from "
                                    "0.0.0.0: invalid argument");
    options(&o);
    o.store_name = "../peer";
    assert_int_equal(ic_peer_new(&o, &peer), IC_ERR_INVALID);
    options(&o);
    o.channel_owners = "trip:nonsense";
    last_error[0] = 0;
    assert_int_equal(ic_peer_new(&o, &peer), IC_ERR_INVALID);
    assert_true(last_error[0]);
    options(&o);
    o.key_password = "wrong";
    o.key_password_bytes = 5;
    assert_int_equal(ic_peer_new(&o, &peer), IC_ERR_AUTH);
}

static void a_callers_short_counters_are_not_written_past(void **state)
{
    ic_peer_options o;
    ic_peer *peer;
    uint8_t bytes[sizeof(ic_peer_stats) + 8];

    options(&o);
    assert_int_equal(ic_peer_new(&o, &peer), 0);
    memset(bytes, 0xa5, sizeof bytes);
    ic_peer_stats stats;
    ic_peer_get_stats(peer, &stats, 8);
    ic_peer_get_stats(peer, (void *)bytes, 8);
    assert_int_equal(bytes[8], 0xa5);
    close_peer(peer);
}

static void open_once(void *arg)
{
    ic_peer_options o;
    ic_peer *peer;
    char *info;

    options(&o);
    o.channels = "trip-nyc,b";
    o.dht_bootstrap = "127.0.0.1:1";
    if (ic_peer_new(&o, &peer) != 0)
        return;
    if (ic_peer_info(peer, &info) == 0)
        ic_mem_free(info);
    close_peer(peer);
}

static void survives_each_failed_allocation(void **state)
{
    fail_alloc_each(open_once, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_closed_comes_once_and_from_the_loop),
        cmocka_unit_test(a_store_has_one_peer_at_a_time_and_keeps_its_key),
        cmocka_unit_test(info_has_the_members_of_the_reference_in_its_order),
        cmocka_unit_test(the_subnet_key_is_read_from_the_store_or_refused),
        cmocka_unit_test(a_pipe_for_a_subnet_key_stops_nobody),
        cmocka_unit_test(channels_are_joined_sent_to_and_left),
        cmocka_unit_test(a_channel_that_needs_an_invite_is_denied_without_one),
        cmocka_unit_test(options_that_make_no_sense_are_refused),
        cmocka_unit_test(a_callers_short_counters_are_not_written_past),
        cmocka_unit_test(survives_each_failed_allocation),
    };
    return cmocka_run_group_tests_name("peer/lifecycle", tests, set_up, tear_down);
}
