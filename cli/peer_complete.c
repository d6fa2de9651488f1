#include "peer_complete.h"

#include <stdio.h>
#include <string.h>

#include "intersplit/export.h"
#include "sidechannel/sidechannel.h"

#define MOST_NAME 200 /* bytes of a name that is offered */

typedef struct word {
    const char *at; /* what is typed of it */
    size_t len;
    peer_offer offer;
    void *to;
} word;

/* Offer `text` with something in front when it begins as typed. */
static void offer_if(const word *w, const char *front, const char *text, size_t len)
{
    char whole[MOST_NAME];

    int n = snprintf(whole, sizeof whole, "%s%.*s", front, (int)len, text);
    if (n < 0 || (size_t)n >= sizeof whole || (size_t)n < w->len)
        return;
    if (memcmp(whole, w->at, w->len) == 0)
        w->offer(whole, w->to);
}

static void offer_commands(const word *w)
{
    for (const peer_command *c = peer_commands; c->name; c++)
        offer_if(w, "", c->name, strlen(c->name));
}

static void offer_flags(const word *w, const char *flags)
{
    for (const char *at = flags; *at; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        offer_if(w, "--", at, len);
        at += len;
    }
}

static void offer_channels(peer_app *app, const word *w)
{
    const char *name;

    for (size_t i = 0; (name = ic__sidechannel_channel(app->channels, i)) != NULL; i++)
        offer_if(w, "", name, strlen(name));
}

/* Members of the room that the line names, else of the entry channel. */
static void offer_members(peer_app *app, const peer_line *line, const word *w)
{
    const char *room = peer_line_any(line, "channel ch room");
    const isplit_state *state;
    size_t count;

    if (!room)
        room = ic__sidechannel_entry(app->channels);
    if (isplit_book_state(app->book, room, &state) != 0)
        return;
    const isplit_share *members = isplit_state_balances(state, &count);
    for (size_t i = 0; i < count; i++)
        offer_if(w, "", members[i].name, strlen(members[i].name));
}

/* Is `name` one of `names`, which have blanks between? */
static bool one_of(const char *name, const char *names)
{
    size_t len = strlen(name);

    for (const char *at = names; *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        if (n == len && memcmp(at, name, n) == 0)
            return true;
        at += n;
    }
    return false;
}

static void offer_text(const word *w, const char *text)
{
    offer_if(w, "", text, strlen(text));
}

/* The value of the argument that the line ends with. */
static void offer_values(peer_app *app, const peer_line *line, const word *w)
{
    const char *name = line->args[line->arg_count - 1].name;

    if (one_of(name, "channel ch room name via"))
        offer_channels(app, w);
    else if (one_of(name, "payer p split members with"))
        offer_members(app, line, w);
    else if (strcmp(name, "format") == 0) {
        for (int f = ISPLIT_EXPORT_TEXT; f <= ISPLIT_EXPORT_BEANCOUNT; f++)
            offer_text(w, isplit_export_format_name((isplit_export_format)f));
    } else if (strcmp(name, "what") == 0) {
        for (int i = ISPLIT_EXPORT_SETTLEMENTS; i <= ISPLIT_EXPORT_EXPENSES; i++)
            offer_text(w, isplit_export_what_name((isplit_export_what)i));
    }
}

/* Where the last word begins; in a list of members, its last name. */
static size_t word_start(const char *text, size_t len)
{
    while (len && text[len - 1] != ' ' && text[len - 1] != ',')
        len--;
    return len;
}

size_t peer_complete(peer_app *app, const char *text, size_t len, peer_offer offer,
                     void *to)
{
    size_t start = word_start(text, len);
    const word w = {text + start, len - start, offer, to};
    size_t before = start;
    peer_line line;

    while (before && text[before - 1] != ' ') /* "a,b,|": the word before is --split */
        before--;
    if (peer_line_parse(&line, text, before) != 0)
        return start; /* inside of quotes */
    const peer_command *command = peer_command_find(line.command);
    if (!line.command[0])
        offer_commands(&w);
    else if (command && line.arg_count && !line.args[line.arg_count - 1].value)
        offer_values(app, &line, &w);
    else if (command)
        offer_flags(&w, command->flags);
    peer_line_free(&line);
    return start;
}
