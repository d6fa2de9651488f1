/* docs/spec/11-wallet.md, section 7 */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/text.h"
#include "crypto/blake3.h"
#include "unit.h"
#include "vectors.h"

/* The published vectors of BLAKE3: input is 0, 1, ... 250, 0, 1, ... */
static const struct {
    size_t len;
    const char *hash;
} published[] = {
    {0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"},
    {1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"},
    {1023, "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11"},
    {1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7"},
    {1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444"},
    {2048, "e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a"},
    {2049, "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030"},
    {3072, "b98cb0ff3623be03326b373de6b9095218513e64f1ee2edd2525c7ad1e5cffd2"},
    {3073, "7124b49501012f81cc7f11ca069ec9226cecb8a2c850cfe644e327d22d3e1cd3"},
    {4096, "015094013f57a5277b59d8475c0501042c0b642e531b0a1c8f58d2163229e969"},
    {4097, "9b4052b38f1c5fc8b1f9ff7ac7b27cd242487b3d890d15c96a1c25b8aa0fb995"},
    {5120, "9cadc15fed8b5d854562b26a9536d9707cadeda9b143978f319ab34230535833"},
    {5121, "628bd2cb2004694adaab7bbd778a25df25c47b9d4155a55f8fbd79f2fe154cff"},
    {6144, "3e2e5b74e048f3add6d21faab3f83aa44d3b2278afb83b80b3c35164ebeca205"},
    {6145, "f1323a8631446cc50536a9f705ee5cb619424d46887f3c376c695b70e0f0507f"},
    {7168, "61da957ec2499a95d6b8023e2b0e604ec7f6b50e80a9678b89d2628e99ada77a"},
    {7169, "a003fc7a51754a9b3c7fae0367ab3d782dccf28855a03d435f8cfe74605e7817"},
    {8192, "aae792484c8efe4f19e2ca7d371d8c467ffb10748d8a5a1ae579948f718a2a63"},
    {8193, "bab6c09cb8ce8cf459261398d2e7aef35700bf488116ceb94a36d0f5f1b7bc3b"},
    {16384, "f875d6646de28985646f34ee13be9a576fd515f76b5b0a26bb324735041ddde4"},
    {31744, "62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47"},
    {102400, "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085"},
};

static void assert_hash(const uint8_t *data, size_t len, const char *want)
{
    uint8_t hash[IC__BLAKE3_BYTES];
    char hex[2 * sizeof hash + 1];
    ic__blake3(hash, data, len);
    ic__hex_encode(hex, hash, sizeof hash);
    assert_string_equal(hex, want);
}

static void published_vectors_come_out(void **state)
{
    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) {
        uint8_t *data = malloc(published[i].len + 1);
        assert_non_null(data);
        for (size_t at = 0; at < published[i].len; at++)
            data[at] = (uint8_t)(at % 251);
        assert_hash(data, published[i].len, published[i].hash);
        free(data);
    }
}

/* A vector's text, or one character many times; free() it. */
static char *text_of(const json_t *entry)
{
    const json_t *repeat = json_object_get(entry, "repeat");
    if (!json_is_object(repeat))
        return strdup(vectors_text(entry, "utf8"));
    size_t count = (size_t)json_integer_value(json_object_get(repeat, "count"));
    char *text = calloc(1, count + 1);
    assert_non_null(text);
    memset(text, vectors_text(repeat, "char")[0], count);
    return text;
}

static void wallet_hashes_come_out(void **state)
{
    size_t i;
    json_t *entry;
    json_t *wallet = vectors_load("wallet.json");
    json_array_foreach(json_object_get(wallet, "hashes"), i, entry)
    {
        uint8_t sum[crypto_hash_sha256_BYTES];
        char hex[2 * sizeof sum + 1];
        char *text = text_of(entry);
        assert_hash((const uint8_t *)text, strlen(text), vectors_text(entry, "blake3"));
        crypto_hash_sha256(sum, (const uint8_t *)text, strlen(text));
        ic__hex_encode(hex, sum, sizeof sum);
        assert_string_equal(hex, vectors_text(entry, "sha256"));
        free(text);
    }
    assert_int_equal(i, 7);
    json_decref(wallet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors_come_out),
        cmocka_unit_test(wallet_hashes_come_out),
    };
    return cmocka_run_group_tests_name("crypto/blake3", tests, NULL, NULL);
}
