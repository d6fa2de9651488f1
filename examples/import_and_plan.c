/* Who should pay whom after a trip that was kept somewhere else:
 * import_and_plan FILE [FORMAT]; Splitwise, Spliit, ihatemoney and Cospend are known. */
#include <stdio.h>
#include <stdlib.h>

#include "intercom/intercom.h"
#include "intersplit/intersplit.h"

#define ROOM "imported"
#define FILE_MAX_BYTES ((size_t)16 << 20)

static char *read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    char *text = file ? malloc(FILE_MAX_BYTES) : NULL;

    if (text)
        *len = fread(text, 1, FILE_MAX_BYTES, file);
    if (file)
        (void)fclose(file);
    return text;
}

/* Rows become entries of a room in memory. */
static int import_file(isplit_book *book, const char *path, const char *format)
{
    isplit_import_format which = ISPLIT_IMPORT_GUESS;
    isplit_import *import = NULL;
    isplit_imported done = {0, 0};
    isplit_reason why = {"cannot read the file"};
    size_t len = 0;
    char *text = read_file(path, &len);

    int err = text ? 0 : IC_ERR_IO;
    if (!err && format)
        err = isplit_import_format_read(format, &which, &why);
    if (!err)
        err = isplit_import_read(text, len, which, &import, &why);
    if (!err)
        err = isplit_import_apply(import, book, ROOM, NULL, NULL, &done, &why);
    if (err)
        fprintf(stderr, "%s: %s\n", path, why.text);
    else
        printf("%zu entries\n", done.added);
    isplit_import_free(import);
    free(text);
    return err;
}

/* Each currency is settled by itself. */
static int print_plan(const isplit_state *state, size_t currency)
{
    char money[ISPLIT_MONEY_TEXT_MAX];
    const isplit_currency *c = isplit_state_currency(state, currency);
    isplit_plan plan;

    int err = isplit_state_plan(state, currency, NULL, &plan);
    if (err)
        return err;
    for (size_t i = 0; i < plan.count; i++)
        printf("%s -> %s: %s %s\n", plan.transfers[i].from, plan.transfers[i].to,
               isplit_money_format(plan.transfers[i].amount_minor, c->exponent, 0, money),
               c->code);
    isplit_plan_free(&plan);
    return 0;
}

static int run(isplit_book *book, const char *path, const char *format)
{
    const isplit_state *state = NULL;

    int err = import_file(book, path, format);
    if (!err)
        err = isplit_book_state(book, ROOM, &state);
    for (size_t i = 0; !err && i < isplit_state_currency_count(state); i++)
        err = print_plan(state, i);
    return err;
}

int main(int argc, char **argv)
{
    ic_identity *me = NULL;
    isplit_book *book = NULL;
    isplit_book_options options;

    if (argc < 2) {
        fprintf(stderr, "usage: import_and_plan FILE [FORMAT]\n");
        return 2;
    }
    if (ic_init() != 0 || ic_identity_generate(&me, IC_NETWORK_MAINNET) != 0)
        return 1;
    isplit_book_options_default(&options);
    options.path = ":memory:";
    options.identity = me;
    int err = isplit_book_open(&options, &book, NULL);
    if (!err)
        err = run(book, argv[1], argc > 2 ? argv[2] : NULL);
    isplit_book_close(book);
    ic_identity_free(me);
    return err ? 1 : 0;
}
