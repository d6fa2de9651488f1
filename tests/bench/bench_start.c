/* How long a peer takes to be ready, how much memory it then holds, and how long it takes
 * to stop: from fork to the line that says so, bridge and page on. */
#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "figure.h"

#define STARTS 31
#define ENTRIES 1000
#define READY "Sidechannel: ready"

static char program[600];
static char page[600];
static char stores[] = "/tmp/bench-start-XXXXXX";

typedef struct peer {
    pid_t pid;
    int to;   /* its standard input */
    int from; /* its standard output */
} peer;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void run_child(const int in[2], const int out[2])
{
    if (dup2(in[0], STDIN_FILENO) < 0 || dup2(out[1], STDOUT_FILENO) < 0)
        _exit(126);
    (void)close(in[1]);
    (void)close(out[0]);
    execl(program, program, "--peer-stores-directory", stores, "--sc-bridge", "1",
          "--sc-bridge-token", "bench", "--sc-bridge-port", "0", "--ui", "1", "--ui-port",
          "0", "--ui-directory", page, (char *)NULL);
    _exit(127);
}

static peer spawn(void)
{
    int in[2];
    int out[2];

    if (pipe(in) != 0 || pipe(out) != 0)
        die("pipe");
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0)
        run_child(in, out);
    (void)close(in[0]);
    (void)close(out[1]);
    return (peer){pid, in[1], out[0]};
}

/* Read until `text` has come `count` times. */
static void wait_for(const peer *p, const char *text, unsigned count)
{
    static char said[1 << 20];
    size_t len = 0;

    for (;;) {
        ssize_t n = read(p->from, said + len, sizeof said - 1 - len);
        if (n <= 0) {
            (void)fprintf(stderr, "bench_start: the peer ended before it was ready\n");
            exit(1);
        }
        len += (size_t)n;
        said[len] = 0;
        unsigned seen = 0;
        for (const char *at = said; (at = strstr(at, text)) != NULL; at++)
            seen++;
        if (seen >= count)
            return;
    }
}

static uint64_t stop(const peer *p)
{
    uint64_t from = figure_now_ns();
    int status;

    (void)kill(p->pid, SIGTERM);
    if (waitpid(p->pid, &status, 0) < 0 || status != 0)
        die("the peer did not end well");
    (void)close(p->to);
    (void)close(p->from);
    return figure_now_ns() - from;
}

static uint64_t start(peer *p)
{
    uint64_t from = figure_now_ns();

    *p = spawn();
    wait_for(p, READY, 1);
    return figure_now_ns() - from;
}

static double ms(uint64_t ns)
{
    return (double)ns / 1e6;
}

static void measure_starts(const char *name, double limit)
{
    uint64_t starts[STARTS];
    uint64_t stops[STARTS];
    char full[80];

    for (size_t i = 0; i < STARTS; i++) {
        peer p;
        starts[i] = start(&p);
        stops[i] = stop(&p);
    }
    (void)snprintf(full, sizeof full, "%s_p50", name);
    figure_at_most(full, ms(figure_percentile(starts, STARTS, 50)), "ms", limit);
    (void)snprintf(full, sizeof full, "%s_p95", name);
    figure(full, ms(figure_percentile(starts, STARTS, 95)), "ms");
    (void)snprintf(full, sizeof full, "%s_stop_p50", name);
    figure(full, ms(figure_percentile(stops, STARTS, 50)), "ms");
}

/* The second start: the first one also needed the 256 MiB of a new key. */
static void measure_memory(const char *name, double limit)
{
    peer p;

    (void)start(&p);
    figure_at_most(name, (double)figure_resident_kib(p.pid) / 1024, "MiB", limit);
    (void)stop(&p);
}

static void add_entries(void)
{
    static const char line[] = "/expense_add --room bench --payer alice --amount 12.50 "
                               "--split alice,bob,carol\n";
    peer p;

    (void)start(&p);
    for (int i = 0; i < ENTRIES; i++) {
        if (write(p.to, line, sizeof line - 1) != (ssize_t)sizeof line - 1)
            die("write");
        wait_for(&p, "added 12.50", 1);
    }
    (void)stop(&p);
}

static void find_program(const char *self)
{
    const char *slash = strrchr(self, '/');
    const char *source = getenv("TEST_SOURCE");
    const char *build = getenv("TEST_BUILD");

    if (build)
        (void)snprintf(program, sizeof program, "%s/cli/intercom-peer", build);
    else
        (void)snprintf(program, sizeof program, "%.*s/../../cli/intercom-peer",
                       slash ? (int)(slash - self) : 1, slash ? self : ".");
    (void)snprintf(page, sizeof page, "%s/bridge/page", source ? source : ".");
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st;
    (void)type;
    (void)walk;
    return remove(path);
}

static void remove_stores(void)
{
    (void)nftw(stores, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int main(int argc, char **argv)
{
    peer p;

    (void)argc;
    find_program(argv[0]);
    if (!mkdtemp(stores) || atexit(remove_stores) != 0)
        die("mkdtemp");
    figure_at_most("start_first", ms(start(&p)), "ms", 2000);
    (void)stop(&p);
    measure_starts("start_existing", 50);
    measure_memory("peer_idle_resident", 8);
    add_entries();
    measure_starts("start_1000_entries", 500);
    measure_memory("peer_1000_entries_resident", 50);
    return 0;
}
