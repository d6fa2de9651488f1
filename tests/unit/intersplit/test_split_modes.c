/* docs/spec/16-ledger.md, sections 2.2 to 2.4 and 5.3: every split mode, in the library.
 * tests/cli/test_split_modes.py has the same cases from the terminal and over the bridge.
 */
#include <stdio.h>
#include <string.h>

#include "desk.h"
#include "intercom/error.h"
#include "intersplit/command.h"
#include "intersplit/form.h"
#include "unit.h"
#include "vectors.h"

static isplit_command *parse(const char *line)
{
    isplit_command *command = NULL;
    isplit_reason why = {""};

    if (isplit_command_parse(line, strlen(line), &command, &why) != 0)
        fail_msg("%s: %s", line, why.text);
    return command;
}

static void set_room(desk *d, const char *room, const isplit_command *command)
{
    isplit_new_settings made;
    const isplit_entry *entry = NULL;

    assert_int_equal(isplit_command_settings(command,
                                             isplit_state_settings(desk_state(d, room)),
                                             &made, NULL),
                     0);
    const isplit_deed deed = {.kind = ISPLIT_DEED_SET, .settings = &made.settings};
    assert_int_equal(isplit_book_do(d->book, room, &deed, &entry, NULL, NULL), 0);
}

static const isplit_entry *run(desk *d, const char *room, const char *line)
{
    isplit_command *command = parse(line);
    const isplit_entry *entry = NULL;
    isplit_deed deed;

    if (isplit_command_deed(command, &deed))
        assert_int_equal(isplit_book_do(d->book, room, &deed, &entry, NULL, NULL), 0);
    else
        set_room(d, room, command);
    isplit_command_free(command);
    return entry;
}

static void expect_shares(const json_t *want, const isplit_share *got, size_t count)
{
    assert_int_equal(json_object_size(want), count);
    for (size_t i = 0; i < count; i++) {
        const json_t *minor = json_object_get(want, got[i].name);
        if (!json_is_integer(minor) || json_integer_value(minor) != got[i].minor)
            fail_msg("%s has %lld", got[i].name, (long long)got[i].minor);
    }
}

static void expect_balances(desk *d, const char *room, const json_t *want)
{
    const char *code = json_string_value(json_object_get(want, "currency"));
    const isplit_state *state = desk_state(d, room);
    size_t at = 0;

    while (code && strcmp(isplit_state_currency(state, at)->code, code) != 0)
        at++;
    const isplit_currency *c = isplit_state_currency(state, at);
    expect_shares(json_object_get(want, "balances"), c->balances, c->balance_count);
}

static void expect_refusal(desk *d, const char *room, const json_t *want)
{
    isplit_command *command = parse(vectors_text(want, "line"));
    bool of_payer = strcmp(vectors_text(want, "field"), "payer") == 0;
    isplit_entry *entry = NULL;
    isplit_reason why = {""};
    isplit_field field = ISPLIT_FIELD_NONE;
    int64_t left_over = 0;

    assert_int_equal(
        isplit_book_try(d->book, room, &command->draft, &entry, &left_over, &field, &why),
        IC_ERR_INVALID);
    assert_string_equal(why.text, vectors_text(want, "error"));
    assert_int_equal(field, of_payer ? ISPLIT_FIELD_PAYER : ISPLIT_FIELD_SPLIT);
    assert_int_equal(left_over, json_integer_value(json_object_get(want, "leftOver")));
    isplit_command_free(command);
}

static void expect_sentence(desk *d, const char *room, const json_t *want)
{
    isplit_command *command = parse(vectors_text(want, "line"));
    isplit_entry *entry = NULL;
    char *sentence = NULL;

    assert_int_equal(
        isplit_book_try(d->book, room, &command->draft, &entry, NULL, NULL, NULL), 0);
    assert_int_equal(isplit_form_sentence(entry, &sentence), 0);
    assert_string_equal(sentence, vectors_text(want, "sentence"));
    ic_mem_free(sentence);
    ic_mem_free(entry);
    isplit_command_free(command);
}

static void expect_entry(desk *d, const char *room, const json_t *want)
{
    char *line = NULL;
    char added[300];

    const isplit_entry *entry = run(d, room, vectors_text(want, "line"));
    expect_shares(json_object_get(want, "shares"), entry->shares, entry->share_count);
    assert_int_equal(isplit_form_added(desk_state(d, room), entry, &line), 0);
    (void)snprintf(added, sizeof added, "[expense:%s] %s", room,
                   vectors_text(want, "added"));
    assert_string_equal(line, added);
    ic_mem_free(line);
    expect_balances(d, room, want);
}

static void every_case_comes_to_what_it_must(void **state)
{
    desk *d = *state;
    json_t *file = vectors_load("split_modes.json");
    size_t at;
    json_t *want;

    desk_open(d);
    json_array_foreach(json_object_get(file, "cases"), at, want)
    {
        json_t *before = json_object_get(want, "before");
        char room[32];
        (void)snprintf(room, sizeof room, "case-%zu", at);
        print_message("%s\n", vectors_text(want, "name"));
        for (size_t i = 0; i < json_array_size(before); i++)
            (void)run(d, room, json_string_value(json_array_get(before, i)));
        if (vectors_has(want, "error")) {
            expect_refusal(d, room, want);
            continue;
        }
        expect_sentence(d, room, want);
        expect_entry(d, room, want);
    }
    assert_true(at > 30);
    json_decref(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_case_comes_to_what_it_must, desk_setup,
                                        desk_teardown),
    };
    return cmocka_run_group_tests_name("intersplit/split_modes", tests, NULL, NULL);
}
