#include <string.h>

#include "peer_flags.h"

#define HELP_COLUMN 34

static void print_flag(FILE *to, const peer_flag_info *flag)
{
    int width = fprintf(to, "  --%s %s", flag->name, flag->hint);

    if (width >= HELP_COLUMN) {
        fputc('\n', to);
        width = 0;
    }
    fprintf(to, "%*s%s", HELP_COLUMN - width, "", flag->help);
    if (flag->fallback)
        fprintf(to, " (%s)", flag->fallback);
    fputc('\n', to);
}

void peer_usage(FILE *to)
{
    const char *group = "";

    fputs(
        "Usage: intercom-peer [FLAGS]\n"
        "\n"
        "A peer of the Intercom network with the shared expense ledger InterSplit: "
        "terminal,\nSC-Bridge (WebSocket) and web page in one process.\n"
        "\n"
        "  intercom-peer --peer-store-name demo --sidechannels trip-nyc \\\n"
        "                --sc-bridge 1 --sc-bridge-token SECRET --ui 1\n"
        "\n"
        "A flag is written --name VALUE or --name=VALUE; each has an environment name,\n"
        "such as SC_BRIDGE_TOKEN, that counts when the flag is absent.\n",
        to);
    for (int i = 0; i < PEER_FLAG_COUNT; i++) {
        const peer_flag_info *flag = peer_flag_get((peer_flag)i);
        if (strcmp(group, flag->group) != 0) {
            group = flag->group;
            fprintf(to, "\n%s:\n", group);
        }
        print_flag(to, flag);
    }
    fputs("\nOther:\n"
          "  --help                          this text\n"
          "  --version                       the version\n"
          "\n"
          "In the terminal, /help lists the commands. The manual: man intercom-peer\n",
          to);
}
