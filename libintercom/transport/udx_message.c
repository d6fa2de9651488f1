/* Messages that wait, in either direction. */
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "transport/udx_state.h"

void ic__udx_messages_init(ic__udx_messages *m)
{
    ic__queue_init(&m->queue);
    m->bytes = 0;
}

/* What a message costs, so that many empty ones fill the queue, too. */
static size_t cost(size_t len)
{
    return len + sizeof(ic__udx_message);
}

int ic__udx_messages_add(ic__udx_messages *m, const uint8_t *data, size_t len,
                         size_t max_bytes)
{
    if (cost(len) > max_bytes || m->bytes > max_bytes - cost(len))
        return IC_ERR_AGAIN;
    ic__udx_message *message = ic_mem_calloc(1, cost(len));
    if (!message)
        return IC_ERR_NOMEM;
    message->len = len;
    if (len)
        memcpy(message->data, data, len);
    ic__queue_push(&m->queue, &message->link);
    m->bytes += cost(len);
    return 0;
}

ic__udx_message *ic__udx_messages_take(ic__udx_messages *m)
{
    ic__link *link = ic__queue_pop(&m->queue);

    if (!link)
        return NULL;
    ic__udx_message *message = IC__ELEMENT(link, ic__udx_message, link);
    m->bytes -= cost(message->len);
    return message;
}

void ic__udx_messages_free(ic__udx_messages *m)
{
    for (ic__udx_message *message = ic__udx_messages_take(m); message;
         message = ic__udx_messages_take(m))
        ic_mem_free(message);
}
