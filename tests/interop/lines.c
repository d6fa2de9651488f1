#include "lines.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "intercom/error.h"

static struct event *input;
static struct evbuffer *typed;
static lines_cb obey_line;
static void *obey_user;

static void on_input(evutil_socket_t fd, short what, void *user)
{
    bool more = evbuffer_read(typed, fd, -1) > 0;
    char *line;

    (void)what;
    (void)user;
    while (more && (line = evbuffer_readln(typed, NULL, EVBUFFER_EOL_LF)) != NULL) {
        more = strcmp(line, "quit") != 0;
        if (more)
            obey_line(obey_user, line);
        free(line);
    }
    if (more)
        return;
    (void)event_del(input);
    obey_line(obey_user, NULL);
}

int lines_open(struct event_base *base, lines_cb obey, void *user)
{
    obey_line = obey;
    obey_user = user;
    typed = evbuffer_new();
    input = event_new(base, STDIN_FILENO, EV_READ | EV_PERSIST, on_input, NULL);
    return typed && input && event_add(input, NULL) == 0 ? 0 : IC_ERR_NOMEM;
}

void lines_free(void)
{
    event_free(input);
    evbuffer_free(typed);
}
