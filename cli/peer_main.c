#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "intercom/error.h"
#include "intercom/init.h"
#include "peer_config.h"
#include "peer_program.h"

static const char *from_environment(const char *name)
{
    return getenv(name);
}

static void warn(const peer_flags *flags)
{
    ic__buf lines = {0};

    peer_flags_warnings(flags, &lines);
    if (lines.len)
        (void)fputs(lines.data, stderr);
    ic__buf_free(&lines);
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
    warn(&flags);
    int status = peer_program_run(&config);
    peer_config_free(&config);
    return status;
}
