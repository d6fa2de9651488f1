#include <string.h>

#include "intercom/init.h"
#include "sidechannel/invite.h"
#include "sidechannel/object.h"
#include "sidechannel/welcome.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEY "c9c29cefe54eedc4bb0306d72b7c0997657e846e8be4cd4c8f926f35e7f7f6f5"

static void judge(const ic__json *object)
{
    ic__policy_options options;
    ic__policy policy;
    ic__buf why = {0};
    ic__buf text = {0};
    int64_t until;

    ic__policy_options_default(&options);
    options.owners = "pub1:" KEY;
    if (ic__policy_init(&policy, &options, KEY, &why) != 0)
        return;
    (void)!ic__invite_verify(object, &policy, "priv1", KEY, 0, &until);
    (void)!ic__welcome_verify(object, &policy, "pub1");
    (void)!ic__invite_text(ic__object_payload(object), &text);
    (void)!ic__welcome_text(ic__object_payload(object), &text);
    ic__buf_free(&text);
    ic__policy_free(&policy);
}

/* Invites and welcomes of strangers, in every text form. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ic__json *object = NULL;

    if (ic_init() != 0 || ic__object_parse((const char *)data, size, false, &object) != 0)
        return 0;
    judge(object);
    ic__json_free(object);
    return 0;
}
