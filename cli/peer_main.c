#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "intercom/error.h"
#include "intercom/init.h"
#include "io/tcp.h"
#include "peer_config.h"
#include "peer_program.h"

static const char *from_environment(const char *name)
{
    return getenv(name);
}

static bool is_exposed(const char *host)
{
    ic__tcp_address address;

    return ic__tcp_address_parse(host, 0, &address) == 0 &&
           !ic__tcp_is_loopback(&address);
}

/* The reference listens anywhere without a word, so this is no refusal. */
static bool shows_token(const peer_config *config)
{
    return config->bridge && !config->cert &&
           (is_exposed(config->bridge_host) ||
            (config->page && is_exposed(config->page_host)));
}

static void warn(const peer_flags *flags, const peer_config *config)
{
    ic__buf lines = {0};

    peer_flags_warnings(flags, &lines);
    if (lines.len)
        (void)fputs(lines.data, stderr);
    ic__buf_free(&lines);
    if (shows_token(config))
        (void)fputs("warning: other machines can reach the SC-Bridge, and the token "
                    "travels in the clear; give --sc-bridge-cert and --sc-bridge-key\n",
                    stderr);
}

int main(int argc, char **argv)
{
    static peer_config config;
    peer_flags flags;
    char why[PEER_REASON_MAX];

    if (peer_flags_read(&flags, argc, argv, from_environment, why) != 0) {
        peer_complain("%s", why);
        return PEER_EXIT_USAGE;
    }
    if (flags.help) {
        peer_usage(stdout);
        return 0;
    }
    if (flags.version) {
        (void)printf("intercom-peer %s\n", ic_version());
        return 0;
    }
    (void)umask(077); /* keys, ledger, history: nobody else's business */
    if (ic_init() != 0) {
        peer_complain("the system gives no random numbers");
        return PEER_EXIT_FAILED;
    }
    int error = peer_config_read(&config, &flags, why);
    if (error) {
        peer_complain("%s", why);
        return error == IC_ERR_INVALID ? PEER_EXIT_USAGE : PEER_EXIT_FAILED;
    }
    warn(&flags, &config);
    int status = peer_program_run(&config);
    peer_config_free(&config);
    return status;
}
