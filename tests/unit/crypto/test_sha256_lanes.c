/* FIPS 180-4: what is hashed side by side has the hashes that it has alone. */
#include <string.h>

#include <sodium.h>

#include "crypto/sha256_lanes.h"
#include "unit.h"

#define MOST 3

static void each_lane_has_the_hash_of_its_own_text(void **state)
{
    const unsigned char seed[randombytes_SEEDBYTES] = {7};
    uint8_t texts[IC__LANES][MOST * IC__SHA256_BLOCK + 5]; /* apart, and not aligned */

    randombytes_buf_deterministic(texts, sizeof texts, seed);
    for (size_t count = 1; count <= MOST; count++) {
        crypto_hash_sha256_state alone[IC__LANES];
        ic__sha256_lanes_state lanes;
        for (size_t n = 0; n < IC__LANES; n++) {
            (void)crypto_hash_sha256_init(&alone[n]);
            for (size_t i = 0; i < IC__SHA256_WORDS; i++)
                lanes[i][n] = alone[n].state[i];
            (void)crypto_hash_sha256_update(&alone[n], texts[n],
                                            count * IC__SHA256_BLOCK);
        }
        ic__sha256_lanes(lanes, texts[0], sizeof texts[0], count);
        for (size_t n = 0; n < IC__LANES; n++) {
            for (size_t i = 0; i < IC__SHA256_WORDS; i++)
                assert_int_equal(lanes[i][n], alone[n].state[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_lane_has_the_hash_of_its_own_text),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("crypto/sha256_lanes", tests, NULL, NULL);
}
