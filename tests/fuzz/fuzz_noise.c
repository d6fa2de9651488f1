#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "crypto/noise.h"

#define MESSAGE_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same_every_time(void *out, size_t len, void *user)
{
    memset(out, *(const uint8_t *)user, len);
}

static void begin(ic__noise *n, ic__noise_pattern pattern, bool initiator)
{
    static uint8_t keys[2][IC__NOISE_KEY_BYTES];
    static uint8_t secrets[2][IC__NOISE_SECRET_BYTES];
    uint8_t seed[IC_SEED_BYTES];
    uint8_t fresh = initiator ? 3 : 4;
    const ic_env env = {.random = same_every_time, .user = &fresh};

    for (size_t i = 0; i < 2; i++) {
        memset(seed, (int)i + 1, sizeof seed);
        (void)crypto_sign_seed_keypair(keys[i], secrets[i], seed);
    }
    ic__noise_init(
        n, &(ic__noise_setup){
               .pattern = pattern,
               .initiator = initiator,
               .secret_key = secrets[initiator ? 0 : 1],
               .remote_key = pattern == IC__NOISE_IK && initiator ? keys[1] : NULL,
               .env = &env,
           });
}

/* An honest message, changed by the input; true when it was read. */
static bool pass(ic__noise ends[2], unsigned step, ic__rd *r, bool *changed)
{
    uint8_t message[MESSAGE_MAX] = {0};
    uint8_t payload[MESSAGE_MAX];
    ic__wr w = ic__wr_of(message, sizeof message);
    ic__wr got = ic__wr_of(payload, sizeof payload);

    if (ic__noise_write(&ends[step % 2], NULL, 0, &w) != 0)
        return false; /* our own key met an improper one */
    size_t flips = ic__rd_u8(r) % 8;
    for (size_t i = 0; i < flips; i++) {
        size_t at = ic__rd_u16le(r) % w.len;
        uint8_t bits = ic__rd_u8(r);
        message[at] ^= bits;
        *changed |= bits != 0;
    }
    size_t len = w.len + ic__rd_u8(r) % 3 - 1;
    *changed |= len != w.len;
    int err = ic__noise_read(&ends[1 - step % 2], message, len, &got);
    if (err && !*changed)
        abort();
    return err == 0;
}

/* A handshake between two ends with a meddler between them. When it ends without an
 * error, both must have the same keys, or else the other end notices at the next message.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ic__rd r = ic__rd_of(data, size);
    ic__noise ends[2];
    ic__noise_result results[2];
    ic__noise_pattern pattern = ic__rd_u8(&r) % 2 ? IC__NOISE_XX : IC__NOISE_IK;
    bool changed = false;

    if (sodium_init() < 0)
        return 0;
    begin(&ends[0], pattern, true);
    begin(&ends[1], pattern, false);
    for (unsigned step = 0; !ic__noise_done(&ends[step % 2]); step++) {
        if (!pass(ends, step, &r, &changed))
            return 0;
    }
    ic__noise_finish(&ends[0], &results[0]);
    ic__noise_finish(&ends[1], &results[1]);
    if (memcmp(results[0].hash, results[1].hash, sizeof results[0].hash) != 0 ||
        memcmp(results[0].tx, results[1].rx, sizeof results[0].tx) != 0)
        abort();
    return 0;
}
