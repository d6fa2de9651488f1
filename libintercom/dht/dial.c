#include "dht/dial_state.h"

#include <string.h>

#include <sodium.h>

#include "crypto/identity.h"
#include "dht/addresses.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define AFTERGLOW (60 * IC__SEC) /* with a connection, for a better way */

static ic__clock *clock_of(const ic__dht_dial *dial)
{
    return &dial->links->dht->clock;
}

static bool is_punching(const ic__dht_dial *dial)
{
    return dial->phase != IC__DIAL_NOT_PUNCHING && dial->phase != IC__DIAL_GIVEN_UP;
}

void ic__dht_dial_options_default(ic__dht_dial_options *opts)
{
    *opts = (ic__dht_dial_options){.lan = true, .holepunch = true};
}

const char *ic__dht_dial_reason(const ic__dht_dial *dial)
{
    return dial->reason;
}

void ic__dial_free(ic__dht_dial *dial)
{
    ic__dial_stop_finding(dial);
    ic__dial_stop_punching(dial);
    ic__rpc_cancel_user(dial->links->dht->rpc, dial);
    ic__trail_leave(dial->stream);
    ic__clock_remove(clock_of(dial), &dial->alarm);
    ic__queue_remove(&dial->links->dials, &dial->link);
    sodium_memzero(dial, sizeof *dial);
    ic_mem_free(dial);
}

/* The last call, when there is no connection. */
static void end(ic__dht_dial *dial, int error, const char *reason)
{
    dial->reason = reason;
    dial->told = true;
    dial->on_done(dial->user, error, NULL);
    ic__dial_free(dial);
}

void ic__dial_fail(ic__dht_dial *dial, int error, const char *reason)
{
    ic__dial_stop_punching(dial);
    ic__clock_set(clock_of(dial), &dial->alarm, IC__NEVER);
    if (dial->told)
        ic__dial_free(dial);
    else if (dial->stream && dial->stream->relay_wanted)
        dial->reason = reason; /* the relay has its own end */
    else
        end(dial, error, reason);
}

static void remember_relays(const ic__dht_dial *dial)
{
    const ic__dht_noise_payload *remote = &dial->remote;
    ic__relay_cache *cache = &dial->links->relays;

    if (remote->relay_address_count)
        ic__relay_cache_set(cache, dial->remote_key, remote->relay_addresses,
                            remote->relay_address_count);
    else
        ic__relay_cache_set(cache, dial->remote_key, dial->nodes, dial->node_next);
}

static void hand_over(ic__dht_dial *dial)
{
    ic__dht_connection c = {
        .initiator = true, .reusable = dial->remote.udx_reusable, .keys = dial->keys};

    remember_relays(dial);
    ic__trail_hand_over(dial->stream, &c);
    dial->told = true;
    if (!is_punching(dial))
        ic__clock_set_in(clock_of(dial), &dial->alarm, AFTERGLOW);
    dial->on_done(dial->user, 0, &c);
    sodium_memzero(&c, sizeof c);
}

void ic__dial_offer(ic__dht_dial *dial, const ic__way *way)
{
    if (ic__trail_offer(dial->stream, way) && !dial->told)
        hand_over(dial);
}

static void on_knock(void *user, const ic__way *way)
{
    ic__dht_dial *dial = user;

    if (!dial->shaken)
        dial->early = *way;
    else
        ic__dial_offer(dial, way);
}

static void on_relayed(void *user, int error)
{
    ic__dht_dial *dial = user;
    bool gave_up = dial->reason != NULL;

    if (!error) {
        if (!dial->stream->connected && ic__trail_go_relayed(dial->stream))
            hand_over(dial);
    } else if (!dial->told && gave_up) {
        end(dial, IC_ERR_DENIED, "RELAY_ABORTED");
    }
}

static void on_stuck(void *user)
{
    ic__dht_dial *dial = user;

    if (dial->phase == IC__DIAL_NOT_PUNCHING && dial->wants_punch && dial->holepunch)
        ic__dial_punch(dial);
    else
        ic__dial_go_on(dial);
}

static void on_proven(void *user)
{
    ic__dial_free(user);
}

static void on_gone(void *user)
{
    ic__dht_dial *dial = user;

    dial->stream = NULL;
    if (dial->told)
        ic__dial_free(dial);
    else
        end(dial, IC_ERR_LIMIT, "STREAM_CLOSED");
}

static const ic__trail_owner stream_owner = {
    .knock = on_knock,
    .relayed = on_relayed,
    .stuck = on_stuck,
    .proven = on_proven,
    .gone = on_gone,
};

static void on_alarm(ic__alarm *alarm)
{
    ic__dht_dial *dial = IC__ELEMENT(alarm, ic__dht_dial, alarm);

    if (!dial->stream)
        end(dial, IC_ERR_CANCELED, "SUSPENDED");
    else if (dial->finding)
        ic__dial_begin_finding(dial);
    else if (is_punching(dial))
        ic__dial_go_on(dial);
    else if (dial->told)
        ic__dial_free(dial);
    else
        ic__dial_waited(dial);
}

void ic__dials_cancel(ic__dht_links *links)
{
    const ic__link *last = &links->dials.ends;
    ic__link *next;

    for (ic__link *l = last->next; l != last; l = next) {
        ic__dht_dial *dial = IC__ELEMENT(l, ic__dht_dial, link);
        next = l->next;
        if (dial->told) {
            ic__dial_free(dial);
            continue;
        }
        ic__dial_stop_finding(dial);
        ic__dial_stop_punching(dial);
        ic__rpc_cancel_user(links->dht->rpc, dial);
        ic__trail_leave(dial->stream);
        dial->stream = NULL;
        ic__clock_set(clock_of(dial), &dial->alarm, clock_of(dial)->now);
    }
}

/* The first message. */

static void fill_payload(ic__dht_dial *dial, ic__dht_noise_payload *p)
{
    const ic__dht *d = dial->links->dht;
    ic__addr *list = p->addresses4;

    dial->said_open = ic__links_open_address(dial->links, &list[0]);
    p->version = 1;
    p->firewall = dial->said_open ? IC__DHT_FIREWALL_OPEN : IC__DHT_FIREWALL_UNKNOWN;
    p->address4_count = dial->said_open;
    if (dial->lan)
        p->address4_count +=
            ic__local_addresses(&d->host, list + p->address4_count,
                                IC__DHT_ADDRESSES_MAX - p->address4_count);
    p->has_udx = true;
    p->udx_version = 1;
    p->udx_reusable = true;
    p->udx_id = dial->stream->local_id;
    p->has_secret_stream = true;
    p->secret_stream_version = 1;
    p->has_relay_through = dial->has_relay;
    memcpy(p->relay_key, dial->relay_key, sizeof p->relay_key);
    memcpy(p->relay_token, dial->relay_token, sizeof p->relay_token);
}

static int write_message(ic__dht_dial *dial, const ic_identity *identity)
{
    const ic_env *env = &dial->links->dht->env;
    ic__dht_noise_payload payload = {0};
    ic__wr w = ic__wr_of(dial->message, sizeof dial->message);

    fill_payload(dial, &payload);
    ic__handshake_begin(&dial->noise, env, ic__identity_secret_key(identity),
                        dial->remote_key);
    int err = ic__handshake_send(&dial->noise, &payload, &w);
    dial->message_len = w.len;
    return err;
}

static void configure(ic__dht_dial *dial, const ic__dht_dial_options *opts)
{
    const ic_env *env = &dial->links->dht->env;

    dial->on_done = opts->on_done;
    dial->user = opts->user;
    dial->lan = opts->lan;
    dial->holepunch = opts->holepunch;
    memcpy(dial->remote_key, opts->remote_key, sizeof dial->remote_key);
    ic__dht_hash(dial->target, dial->remote_key, sizeof dial->remote_key);
    dial->has_relay = opts->relay_through != NULL;
    if (!dial->has_relay)
        return;
    memcpy(dial->relay_key, opts->relay_through, sizeof dial->relay_key);
    env->random(dial->relay_token, sizeof dial->relay_token, env->user);
}

static int begin(ic__dht_dial *dial, const ic__dht_dial_options *opts)
{
    int err = ic__clock_add(clock_of(dial), &dial->alarm, on_alarm);

    if (!err)
        err = ic__trail_new(dial->links, &stream_owner, dial, &dial->stream);
    if (!err)
        err = write_message(dial, opts->identity);
    if (!err)
        err = ic__dial_find(dial, opts->relays, opts->relay_count);
    return err;
}

int ic__dht_connect(ic__dht *d, const ic__dht_dial_options *opts, ic__dht_dial **out)
{
    ic__dht_dial *dial;

    if (!opts->identity || !opts->remote_key || !opts->on_done)
        return IC_ERR_INVALID;
    if (ic__rpc_is_suspended(d->rpc))
        return IC_ERR_CLOSED;
    dial = ic_mem_calloc(1, sizeof *dial);
    if (!dial)
        return IC_ERR_NOMEM;
    dial->links = d->links;
    ic__queue_push(&d->links->dials, &dial->link);
    configure(dial, opts);
    int err = begin(dial, opts);
    if (err) {
        ic__dial_free(dial);
        return err;
    }
    *out = dial;
    return 0;
}

void ic__dht_dial_cancel(ic__dht_dial *dial)
{
    if (dial && !dial->told)
        ic__dial_free(dial);
}
