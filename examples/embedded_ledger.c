/* A shared ledger inside of another program: embedded_ledger [FILE] */
#include <stdio.h>

#include "intercom/intercom.h"
#include "intersplit/intersplit.h"

static int add(isplit_book *book, const char *payer, const char *amount, const char *note)
{
    const isplit_part members[] = {{"alice", NULL}, {"bob", NULL}};
    const isplit_draft expense = {
        .payer = payer,
        .amount = amount,
        .parts = members,
        .part_count = 2,
        .note = note,
    };
    const isplit_entry *entry = NULL;
    isplit_reason why;

    int err = isplit_book_add(book, "trip-nyc", &expense, &entry, NULL, &why);
    if (err)
        fprintf(stderr, "not added: %s\n", why.text);
    return err;
}

static int show(isplit_book *book)
{
    const isplit_state *state = NULL;
    char *balance = NULL;
    char *table = NULL;

    int err = isplit_book_state(book, "trip-nyc", &state);
    if (!err)
        err = isplit_form_balance(state, &balance);
    if (!err)
        err = isplit_form_export(state, ISPLIT_EXPORT_CSV, 0, &table);
    if (!err)
        printf("%s\n\n%s\n", balance, table);
    ic_mem_free(balance);
    ic_mem_free(table);
    return err;
}

int main(int argc, char **argv)
{
    ic_identity *me = NULL;
    isplit_book *book = NULL;
    isplit_book_options options;

    if (ic_init() != 0 || ic_identity_generate(&me, IC_NETWORK_MAINNET) != 0)
        return 1;
    isplit_book_options_default(&options);
    options.path = argc > 1 ? argv[1] : ":memory:";
    options.identity = me;
    int err = isplit_book_open(&options, &book, NULL);
    if (!err)
        err = add(book, "alice", "30", "dinner");
    if (!err)
        err = add(book, "bob", "10", "snacks");
    if (!err)
        err = show(book);
    isplit_book_close(book);
    ic_identity_free(me);
    return err ? 1 : 0;
}
