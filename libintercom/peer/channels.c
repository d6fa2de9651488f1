#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "intercom/error.h"
#include "peer/peer.h"
#include "sidechannel/object.h"

ic__sidechannel *ic__peer_channels(const ic_peer *peer)
{
    return peer->channels;
}

static int read_object(const char *text, ic__json **out)
{
    if (!text)
        return 0;
    return ic__object_parse(text, strlen(text), false, out);
}

int ic_peer_join(ic_peer *peer, const char *channel, const char *invite,
                 const char *welcome)
{
    ic__json *objects[2] = {0};

    if (peer->closing)
        return IC_ERR_CANCELED;
    int error = read_object(invite, &objects[0]);
    if (!error)
        error = read_object(welcome, &objects[1]);
    if (!error)
        error = ic__sidechannel_join(peer->channels, channel, objects[0], objects[1]);
    ic__peer_wake(peer);
    ic__json_free(objects[0]);
    ic__json_free(objects[1]);
    return error;
}

int ic_peer_leave(ic_peer *peer, const char *channel)
{
    if (peer->closing)
        return IC_ERR_CANCELED;
    if (!ic__sidechannel_leave(peer->channels, channel))
        return IC_ERR_NOT_FOUND;
    ic__peer_wake(peer);
    return 0;
}

int ic_peer_send(ic_peer *peer, const char *channel, const char *json, size_t len)
{
    ic__json *message;

    if (peer->closing)
        return IC_ERR_CANCELED;
    int error = ic__json_parse(json, len, &message);
    if (error)
        return error;
    error = ic__sidechannel_send(peer->channels, channel, message, NULL, NULL);
    ic__peer_wake(peer);
    ic__json_free(message);
    return error;
}

int ic_peer_send_to(ic_peer *peer, const char *channel,
                    const uint8_t key[IC_PUBLIC_KEY_BYTES], const char *json, size_t len)
{
    ic__json *message;
    char remote[2 * IC_PUBLIC_KEY_BYTES + 1];

    if (peer->closing)
        return IC_ERR_CANCELED;
    int error = ic__json_parse(json, len, &message);
    if (error)
        return error;
    ic__hex_encode(remote, key, IC_PUBLIC_KEY_BYTES);
    error = ic__sidechannel_send_to(peer->channels, channel, remote, message);
    ic__json_free(message);
    return error;
}

const char *ic_peer_channel(const ic_peer *peer, size_t index)
{
    return ic__sidechannel_channel(peer->channels, index);
}
