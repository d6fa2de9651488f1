/* Files of other expense trackers. What is read is applied to a room in memory, which
 * must come to balances that sum to zero. */
#include <stdint.h>
#include <stdlib.h>

#include "intercom/init.h"
#include "intersplit/import.h"

#define MAX_ROWS 64 /* each is signed */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static ic_identity *identity;

static void check_room(isplit_book *book)
{
    const isplit_state *state = NULL;

    if (isplit_book_state(book, "room", &state) != 0)
        abort();
    for (size_t i = 0; i < isplit_state_currency_count(state); i++) {
        const isplit_currency *c = isplit_state_currency(state, i);
        int64_t sum = 0;
        for (size_t j = 0; j < c->balance_count; j++)
            sum += c->balances[j].minor;
        if (sum)
            abort();
    }
}

static void apply(const isplit_import *import)
{
    isplit_book_options o;
    isplit_book *book = NULL;
    isplit_imported first;
    isplit_imported second;

    isplit_book_options_default(&o);
    o.path = ":memory:";
    o.identity = identity;
    if (isplit_book_open(&o, &book, NULL) != 0)
        abort();
    if (isplit_import_apply(import, book, "room", NULL, NULL, &first, NULL) == 0) {
        check_room(book);
        if (isplit_import_apply(import, book, "room", NULL, NULL, &second, NULL) != 0 ||
            second.added)
            abort();
    }
    isplit_book_close(book);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t seed[IC_SEED_BYTES] = {1};
    isplit_import *import = NULL;
    isplit_import_info info;

    if (ic_init() != 0 ||
        (!identity && ic_identity_from_seed(&identity, seed, IC_NETWORK_MAINNET) != 0))
        abort();
    if (!len || isplit_import_read((const char *)data + 1, len - 1,
                                   (isplit_import_format)(data[0] % 7), &import, NULL))
        return 0;
    isplit_import_info_get(import, &info);
    if (info.rows <= MAX_ROWS)
        apply(import);
    isplit_import_free(import);
    return 0;
}
