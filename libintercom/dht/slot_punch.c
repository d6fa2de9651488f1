#include <string.h>

#include <sodium.h>

#include "dht/addresses.h"
#include "dht/server_state.h"
#include "intercom/error.h"

static void consider(ic__slot *slot);

static ic__dht *dht_of(const ic__slot *slot)
{
    return slot->server->links->dht;
}

static void on_analyzed(void *user)
{
    consider(user);
}

/* A responder has echoed it; the client's packets will say which way it takes. */
static void on_candidate(void *user, const ic__way *way)
{
    (void)user;
    (void)way;
}

static void on_over(void *user)
{
    ic__slot_give_up(user);
}

static const ic__puncher_events puncher_events = {
    .analyzed = on_analyzed,
    .candidate = on_candidate,
    .over = on_over,
};

int ic__slot_prepare_punch(ic__slot *slot, uint32_t remote_firewall)
{
    return ic__puncher_new(&slot->puncher, slot->server->links, false, remote_firewall,
                           &puncher_events, slot);
}

/* Answers. */

static void send_answer(ic__slot *slot, uint32_t sock, const ic__dht_punch_payload *p)
{
    uint8_t sealed[IC__PUNCH_SEALED_MAX];
    ic__wr w = ic__wr_of(sealed, sizeof sealed);

    ic__punch_seal(&slot->punch_key, &dht_of(slot)->env, p, &w);
    slot->question.open = false;
    if (!w.bad)
        ic__router_answer_holepunch(dht_of(slot)->router, &slot->question.back, sock,
                                    sealed, w.len);
}

/* No, and this is the end of it, but for relays and candidates. */
static void refuse(ic__slot *slot, uint32_t error)
{
    const ic__dht_punch_payload p = {.error = error, .round = slot->round};

    send_answer(slot, ic__links_socket(slot->server->links), &p);
    if (slot->puncher)
        ic__puncher_stop(slot->puncher);
    ic__slot_give_up(slot);
}

static void tell(ic__slot *slot, uint32_t error)
{
    const ic__slot_question *q = &slot->question;
    const ic__nat *nat = ic__puncher_nat(slot->puncher);
    ic__dht_punch_payload p = {
        .error = error,
        .firewall = nat->firewall,
        .round = slot->round,
        .punching = ic__puncher_is_punching(slot->puncher),
        .has_addresses = nat->firewall != IC__DHT_FIREWALL_UNKNOWN,
        .has_token = q->by_our_relay,
        .has_remote_token = q->has_token,
    };

    p.address_count = ic__nat_addresses(nat, p.addresses, IC__DHT_ADDRESSES_MAX);
    if (q->by_our_relay)
        ic__punch_token(&slot->punch_key, &q->client, p.token);
    memcpy(p.remote_token, q->token, sizeof p.remote_token);
    send_answer(slot, ic__puncher_socket(slot->puncher), &p);
}

/* Fast mode: the client has opened a session to where we are; go back through it. */
static void answer_session(ic__slot *slot)
{
    const ic__nat *nat = ic__puncher_nat(slot->puncher);
    ic__addr ours[IC__NAT_SAMPLES_MAX];
    size_t count = ic__nat_addresses(nat, ours, IC__NAT_SAMPLES_MAX);

    if (!ic__firewall_is_consistent(nat->firewall))
        return;
    for (size_t i = 0; i < count; i++) {
        if (ic__addr_equal(&ours[i], &slot->question.remote_address)) {
            ic__puncher_ping(slot->puncher, &slot->question.client);
            return;
        }
    }
}

/* The client punches: so do we. @return as ic__puncher_punch */
static int punch(ic__slot *slot)
{
    ic__clock *clock = &dht_of(slot)->clock;

    if (!slot->question.punching)
        return 0;
    int err = ic__puncher_punch(slot->puncher);
    if (!err)
        ic__clock_set(clock, &slot->patience, IC__NEVER);
    else if (slot->stream->relay_wanted) /* the client comes again, later */
        ic__clock_set_in(clock, &slot->patience, IC__SLOT_LONG_WAIT);
    return err;
}

static bool settle_for_this_nat(ic__slot *slot)
{
    if (slot->question.punching || ic__puncher_is_stable(slot->puncher))
        return true;
    if (ic__puncher_reopen(slot->puncher) == 0)
        return false; /* and be asked again */
    if (ic__puncher_has_candidate(slot->puncher))
        return true; /* field lesson 18: somebody came in, whatever the NAT is */
    refuse(slot, IC__DHT_ERROR_ABORTED);
    return false;
}

/* Our NAT has been looked at: answer what has been asked. */
static void consider(ic__slot *slot)
{
    int err;

    if (!slot->question.open || !settle_for_this_nat(slot))
        return;
    answer_session(slot);
    err = punch(slot);
    if (err && err != IC_ERR_LIMIT) {
        refuse(slot, IC__DHT_ERROR_ABORTED);
        return;
    }
    if (err && !slot->stream->relay_wanted) {
        refuse(slot, IC__DHT_ERROR_TRY_LATER);
        return;
    }
    if (ic__puncher_nat(slot->puncher)->firewall != IC__DHT_FIREWALL_UNKNOWN)
        ic__puncher_freeze(slot->puncher);
    tell(slot, err ? IC__DHT_ERROR_TRY_LATER : IC__DHT_ERROR_NONE);
}

/* Questions. */

static void note(ic__slot *slot, const ic__router_holepunch *hp,
                 const ic__dht_punch_payload *remote)
{
    ic__slot_question *q = &slot->question;
    const ic__announcer *a = slot->server->announcer;

    *q = (ic__slot_question){
        .open = true,
        .back = hp->back,
        .client = hp->peer_address,
        .remote_address = remote->remote_address,
        .by_our_relay = a && ic__announcer_is_relay(a, &hp->from),
        .punching = remote->punching,
        .has_token = remote->has_token,
    };
    memcpy(q->token, remote->token, sizeof q->token);
}

/* Has the client received what we sent to this host? */
static bool is_verified(const ic__slot *slot, const ic__dht_punch_payload *remote)
{
    uint8_t token[IC__DHT_TOKEN_BYTES];

    if (!slot->question.by_our_relay || !remote->has_remote_token)
        return false;
    ic__punch_token(&slot->punch_key, &slot->question.client, token);
    return sodium_memcmp(token, remote->remote_token, sizeof token) == 0;
}

static void ask(ic__slot *slot, const ic__router_holepunch *hp,
                const ic__dht_punch_payload *remote)
{
    const ic__addr *verified = is_verified(slot, remote) ? &slot->question.client : NULL;

    ic__puncher_sample(slot->puncher, hp->sock, &hp->to, &hp->from);
    if (remote->round >= slot->round) {
        slot->round = remote->round;
        ic__puncher_update(slot->puncher, remote, verified);
    }
    if (ic__puncher_is_analyzed(slot->puncher))
        consider(slot);
}

void ic__server_on_holepunch(void *user, const ic__router_holepunch *hp)
{
    ic__dht_server *server = user;
    ic__dht_punch_payload remote;
    ic__slot *slot = hp->id < server->slot_cap ? server->slots[hp->id] : NULL;

    if (!slot || !slot->has_keys || !ic__addr_is_sendable(&hp->peer_address) ||
        !ic__punch_open(&slot->punch_key, hp->payload, hp->payload_len, &remote))
        return;
    note(slot, hp, &remote);
    if (!slot->puncher || remote.error)
        refuse(slot, IC__DHT_ERROR_ABORTED);
    else
        ask(slot, hp, &remote);
}
