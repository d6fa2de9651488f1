/* Who wants to be relayed: one channel to a relay, and what is being paired there. */
#include <string.h>

#include "base/env.h"
#include "base/queue.h"
#include "dht/blind_relay.h"
#include "intercom/error.h"
#include "intercom/sys/mem.h"

#define TIMEOUT_NS (15 * IC__SEC)

typedef struct request {
    ic__relay_ask *ask;
    ic__link link;
    ic__alarm alarm;
    uint8_t token[IC__DHT_TOKEN_BYTES];
    bool initiator;
    uint32_t local_id;
    bool paired; /* kept, so that the relay can be told to end it */
} request;

struct ic__relay_ask {
    ic__clock *clock;
    ic__relay_ask_events events;
    ic__queue requests;
};

int ic__relay_ask_new(ic__relay_ask **out, ic__clock *clock,
                      const ic__relay_ask_events *events)
{
    ic__relay_ask *ask = ic_mem_calloc(1, sizeof *ask);

    if (!ask)
        return IC_ERR_NOMEM;
    ask->clock = clock;
    ask->events = *events;
    ic__queue_init(&ask->requests);
    *out = ask;
    return 0;
}

static void request_free(request *q)
{
    ic__queue_remove(&q->ask->requests, &q->link);
    ic__clock_remove(q->ask->clock, &q->alarm);
    ic_mem_free(q);
}

void ic__relay_ask_free(ic__relay_ask *ask)
{
    ic__link *link;

    if (!ask)
        return;
    while ((link = ic__queue_first(&ask->requests)) != NULL)
        request_free(IC__ELEMENT(link, request, link));
    ic_mem_free(ask);
}

static void send_unpair(const request *q)
{
    uint8_t body[IC__RELAY_MESSAGE_MAX];
    ic__wr w = ic__wr_of(body, sizeof body);

    ic__dht_unpair_write(&w, q->token);
    q->ask->events.send(q->ask->events.user, IC__RELAY_UNPAIR, body, w.len);
}

static void fail(request *q, int error)
{
    ic__relay_ask *ask = q->ask;
    uint32_t local_id = q->local_id;

    request_free(q);
    ask->events.on_paired(ask->events.user, local_id, error, 0);
}

static void on_timeout(ic__alarm *alarm)
{
    request *q = IC__ELEMENT(alarm, request, alarm);

    send_unpair(q);
    fail(q, IC_ERR_TIMEOUT);
}

static request *by_token(ic__relay_ask *ask, const uint8_t *token)
{
    for (ic__link *at = ask->requests.ends.next; at != &ask->requests.ends;
         at = at->next) {
        request *q = IC__ELEMENT(at, request, link);
        if (memcmp(q->token, token, sizeof q->token) == 0)
            return q;
    }
    return NULL;
}

static void send_pair(const request *q)
{
    uint8_t body[IC__RELAY_MESSAGE_MAX];
    ic__wr w = ic__wr_of(body, sizeof body);
    ic__dht_pair m = {.initiator = q->initiator, .id = q->local_id};

    memcpy(m.token, q->token, sizeof m.token);
    ic__dht_pair_write(&w, &m);
    q->ask->events.send(q->ask->events.user, IC__RELAY_PAIR, body, w.len);
}

int ic__relay_ask_pair(ic__relay_ask *ask, const uint8_t token[IC__DHT_TOKEN_BYTES],
                       bool initiator, uint32_t local_id)
{
    request *q;

    if (by_token(ask, token))
        return IC_ERR_EXISTS;
    q = ic_mem_calloc(1, sizeof *q);
    if (!q || ic__clock_add(ask->clock, &q->alarm, on_timeout) != 0) {
        ic_mem_free(q);
        return IC_ERR_NOMEM;
    }
    q->ask = ask;
    q->initiator = initiator;
    q->local_id = local_id;
    memcpy(q->token, token, sizeof q->token);
    ic__queue_push(&ask->requests, &q->link);
    ic__clock_set_in(ask->clock, &q->alarm, TIMEOUT_NS);
    send_pair(q);
    return 0;
}

void ic__relay_ask_drop(ic__relay_ask *ask, uint32_t local_id)
{
    for (ic__link *at = ask->requests.ends.next; at != &ask->requests.ends;
         at = at->next) {
        request *q = IC__ELEMENT(at, request, link);
        if (q->local_id != local_id)
            continue;
        send_unpair(q);
        request_free(q);
        return;
    }
}

int ic__relay_ask_recv(ic__relay_ask *ask, unsigned type, const uint8_t *body, size_t len)
{
    ic__dht_pair m;
    request *q;

    if (type == IC__RELAY_UNPAIR)
        return 0; /* relays do not say so */
    if (type != IC__RELAY_PAIR || ic__dht_pair_decode(&m, body, len) != 0)
        return IC_ERR_PROTO;
    q = by_token(ask, m.token);
    if (!q || q->paired || q->initiator != m.initiator)
        return 0;
    q->paired = true;
    ic__clock_set(ask->clock, &q->alarm, IC__NEVER);
    ask->events.on_paired(ask->events.user, q->local_id, 0, m.id);
    return 0;
}

/* Paired streams live on without their channel, as long as the relay lets them. */
void ic__relay_ask_closed(ic__relay_ask *ask)
{
    for (ic__link *link; (link = ic__queue_first(&ask->requests)) != NULL;) {
        request *q = IC__ELEMENT(link, request, link);
        if (q->paired)
            request_free(q);
        else
            fail(q, IC_ERR_CLOSED);
    }
}
