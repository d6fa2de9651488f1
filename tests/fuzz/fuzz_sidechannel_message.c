/* A message of another peer: what can be read can be judged, handed on, and read again.
 */
#include <stdlib.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/init.h"
#include "sidechannel/incoming.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SELF "aa00000000000000000000000000000000000000000000000000000000000000"

static void check(bool what)
{
    if (!what)
        abort();
}

/* The same message with one hop less: nothing that its author signed has changed. */
static void hand_on(const ic__incoming *in)
{
    ic__buf json = {0};
    ic__buf message = {0};
    ic__incoming copy;

    ic__incoming_relay(&json, in, 2, SELF);
    check(!json.bad);
    ic__message_write(&message, json.data, json.len);
    int error = ic__incoming_read(&copy, (const uint8_t *)message.data, message.len);
    /* it may grow past a limit: escapes become longer, and there is one member more */
    check(error == 0 || error == IC_ERR_LIMIT);
    if (!error) {
        check(ic__incoming_open(&copy) == 0);
        check(copy.text.len == in->text.len &&
              memcmp(copy.text.data, in->text.data, in->text.len) == 0);
        check(strcmp(copy.author, in->author) == 0);
        check(copy.control == in->control);
        check(copy.has_signature == in->has_signature);
        check(ic__incoming_ttl(&copy, 3) <= 2);
    }
    ic__incoming_free(&copy);
    ic__buf_free(&json);
    ic__buf_free(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ic__incoming in;

    check(ic_init() == 0);
    if (ic__incoming_read(&in, data, size) == 0 && ic__incoming_open(&in) == 0) {
        (void)ic__incoming_is_for(&in, "trip");
        (void)ic__incoming_verify(&in);
        int error = ic__incoming_check_work(&in, 4);
        check(error == 0 || error == IC_ERR_DENIED || error == IC_ERR_AUTH);
        check(ic__incoming_ttl(&in, 3) <= 3);
        hand_on(&in);
    }
    ic__incoming_free(&in);
    return 0;
}
