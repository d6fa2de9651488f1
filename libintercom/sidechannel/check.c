#include "sidechannel/check.h"

#include <stdatomic.h>
#include <string.h>

#include "base/text.h"
#include "intercom/error.h"
#include "intercom/identity.h"
#include "intercom/sys/mem.h"
#include "sidechannel/object.h"

struct ic__check {
    ic__buf text;
    uint8_t signature[IC_SIGNATURE_BYTES];
    uint8_t key[IC_PUBLIC_KEY_BYTES];
    bool readable; /* signature and key are hex of the right length */
    bool good;     /* once it is done */
    atomic_bool begun;
    atomic_bool done;
    void *user;
};

int ic__check_new(ic__incoming *in, ic__check **out)
{
    ic__check *check = ic_mem_calloc(1, sizeof *check);

    if (!check)
        return IC_ERR_NOMEM;
    check->readable =
        ic__object_signature(in->envelope, check->signature) &&
        ic__hex_decode(check->key, sizeof check->key, in->author, strlen(in->author));
    check->text = in->text;
    in->text = (ic__buf){0};
    atomic_init(&check->begun, false);
    atomic_init(&check->done, false);
    *out = check;
    return 0;
}

void ic__check_free(ic__check *check)
{
    if (!check)
        return;
    ic__buf_free(&check->text);
    ic_mem_free(check);
}

static bool verify(const ic__check *check)
{
    return check->readable && ic_signature_verify(check->signature, check->text.data,
                                                  check->text.len, check->key);
}

void ic__check_run(ic__check *check)
{
    if (atomic_exchange(&check->begun, true))
        return;
    check->good = verify(check);
    atomic_store(&check->done, true);
}

bool ic__check_holds(ic__check *check)
{
    ic__check_run(check);
    /* Whoever began it may have been put to sleep: twice is quicker than waiting. */
    return atomic_load(&check->done) ? check->good : verify(check);
}

void ic__check_set_user(ic__check *check, void *user)
{
    check->user = user;
}

void *ic__check_user(const ic__check *check)
{
    return check->user;
}
