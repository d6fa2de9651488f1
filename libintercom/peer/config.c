#include <string.h>

#include "base/opts.h"
#include "peer/peer.h"

static const ic_peer_options defaults = {
    .struct_size = sizeof defaults,
    .stores_directory = "stores",
    .store_name = "peer",
    .invite_ttl_s = 604800,
    .max_message_bytes = 1000000,
    .work_bits = 12,
    .rate_bytes = 64000,
    .rate_burst_bytes = 256000,
    .max_strikes = 3,
    .welcome_required = true,
    .allow_remote_open = true,
    .work_required = true,
    .subnet_channel = "trac-peer-subnet",
};

void ic_peer_options_init(ic_peer_options *opts, size_t struct_size)
{
    ic__opts_init(opts, struct_size, &defaults, sizeof defaults);
}

int ic__peer_options_read(ic_peer_options *out, const ic_peer_options *opts)
{
    return ic__opts_read(out, sizeof *out, &defaults, opts);
}
