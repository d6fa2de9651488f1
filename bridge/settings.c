#include "bridge/settings.h"

#include "base/env.h"

void bridge_settings_default(bridge_settings *settings)
{
    *settings = (bridge_settings){
        .filter = "",
        .max_wrong_tokens = 5,
        .max_subscriptions = 256,
        .max_answer_bytes = 3u << 20,
        .max_waiting = 8,
        .progress_ns = 500 * IC__MS,
        .auth_timeout_ns = 30 * IC__SEC,
        .wrong_token_ns = 100 * IC__MS,
    };
}
