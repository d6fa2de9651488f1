#include "dht/punch_socket.h"

#include "intercom/error.h"
#include "intercom/sys/mem.h"

static int open_and_list(ic__punch_socket *s)
{
    const ic__dht_host *host = &s->links->dht->host;
    int err = host->socket_open(host->user, &s->number);

    if (err)
        return err;
    err = ic__map_put(&s->links->sockets, s->number, s);
    if (err)
        host->socket_close(host->user, s->number);
    return err;
}

int ic__punch_socket_open(ic__dht_links *links, ic__punch_socket **out)
{
    ic__punch_socket *s = ic_mem_alloc(sizeof *s);

    if (!s)
        return IC_ERR_NOMEM;
    *s = (ic__punch_socket){.links = links, .refs = 1};
    int err = open_and_list(s);
    if (err) {
        ic_mem_free(s);
        return err;
    }
    *out = s;
    return 0;
}

ic__punch_socket *ic__punch_socket_find(ic__dht_links *links, uint32_t number)
{
    return ic__map_get(&links->sockets, number);
}

ic__punch_socket *ic__punch_socket_hold(ic__punch_socket *socket)
{
    if (socket)
        socket->refs++;
    return socket;
}

void ic__punch_socket_release(ic__punch_socket *socket)
{
    if (!socket || --socket->refs > 0)
        return;
    const ic__dht_host *host = &socket->links->dht->host;
    (void)ic__map_take(&socket->links->sockets, socket->number);
    host->socket_close(host->user, socket->number);
    ic_mem_free(socket);
}
