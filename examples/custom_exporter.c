/* An export of your own: a table in Markdown, from what the public headers tell of a
 * room. Without arguments it shows a room that it makes; else custom_exporter STORE ROOM,
 * where no peer may have the store open. */
#include <stdio.h>
#include <string.h>

#include "intercom/intercom.h"
#include "intersplit/intersplit.h"

/* Text from people must not become a part of the table. */
static void print_text(const char *text)
{
    for (; *text; text++) {
        if (strchr("|\\`*_<[", *text))
            putchar('\\');
        putchar((unsigned char)*text < 0x20 ? ' ' : *text);
    }
}

static void print_shares(const isplit_share *shares, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        printf("%s", i ? ", " : "");
        print_text(shares[i].name);
    }
}

static void print_money(int64_t minor, unsigned exponent, unsigned flags,
                        const char *currency)
{
    char money[ISPLIT_MONEY_TEXT_MAX];

    printf("%s%s%s", isplit_money_format(minor, exponent, flags, money),
           *currency ? " " : "", currency);
}

static void print_entry(const isplit_entry *e)
{
    static const char *const types[] = {"expense", "refund", "payment"};

    printf("| ");
    print_text(*e->note ? e->note : types[e->type]);
    printf(" | ");
    print_shares(e->paid, e->paid_count);
    printf(" | ");
    print_money(e->amount_minor, e->exponent, 0, e->currency);
    printf(" | ");
    print_shares(e->shares, e->share_count);
    printf(" |\n");
}

static void print_balances(const isplit_currency *c)
{
    for (size_t i = 0; i < c->balance_count; i++) {
        printf("* ");
        print_text(c->balances[i].name);
        printf(": ");
        print_money(c->balances[i].minor, c->exponent, ISPLIT_MONEY_SIGNED, c->code);
        printf("\n");
    }
}

static void print_room(const isplit_state *state)
{
    printf("# ");
    print_text(isplit_state_room(state));
    printf("\n\n| what | paid by | amount | shared by |\n|---|---|---|---|\n");
    for (size_t i = 0; i < isplit_state_entry_count(state); i++)
        print_entry(isplit_state_entry(state, i));
    printf("\n");
    for (size_t i = 0; i < isplit_state_currency_count(state); i++)
        print_balances(isplit_state_currency(state, i));
}

/* Entries are listed by their time: in the demo each comes a second after the other. */
static int64_t demo_clock(void *user)
{
    static int64_t now = 1735689600000;

    (void)user;
    return now += 1000;
}

static int add_demo(isplit_book *book, const char *room)
{
    const isplit_part members[] = {{"alice", NULL}, {"bob", NULL}};
    const isplit_draft dinner = {.payer = "alice",
                                 .amount = "30",
                                 .parts = members,
                                 .part_count = 2,
                                 .note = "dinner | drinks"};
    const isplit_draft back = {.type = ISPLIT_ENTRY_PAYMENT,
                               .payer = "bob",
                               .amount = "10",
                               .parts = members,
                               .part_count = 1};
    const isplit_entry *entry = NULL;

    int err = isplit_book_add(book, room, &dinner, &entry, NULL, NULL);
    return err ? err : isplit_book_add(book, room, &back, &entry, NULL, NULL);
}

int main(int argc, char **argv)
{
    const char *room = argc > 2 ? argv[2] : "trip-nyc";
    ic_identity *me = NULL;
    isplit_book *book = NULL;
    const isplit_state *state = NULL;
    isplit_book_options options;
    isplit_reason why = {"no memory"};

    if (ic_init() != 0 || ic_identity_generate(&me, IC_NETWORK_MAINNET) != 0)
        return 1;
    isplit_book_options_default(&options);
    options.path = argc > 1 ? argv[1] : ":memory:";
    options.identity = me; /* of nobody: a reader signs nothing */
    if (argc < 2)
        options.env.wall_ms = demo_clock;
    int err = isplit_book_open(&options, &book, &why);
    if (err)
        fprintf(stderr, "%s\n", why.text);
    if (!err && argc < 2)
        err = add_demo(book, room);
    if (!err)
        err = isplit_book_state(book, room, &state);
    if (!err)
        print_room(state);
    isplit_book_close(book);
    ic_identity_free(me);
    return err ? 1 : 0;
}
