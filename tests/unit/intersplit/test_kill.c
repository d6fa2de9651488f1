/* docs/spec/16-ledger.md, section 4.5: SIGKILL at any moment loses nothing that was
 * acknowledged. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "desk.h"
#include "ledgers.h"
#include "unit.h"

#define KILLS_DEFAULT 120
#define KILLS_A_STORE 25
#define MOST_ENTRIES 4000
#define LONGEST_LIFE_US 60000
#define STEP_US 200

/* What the child tells before it dies: shared memory, so nothing is lost in a pipe. */
typedef struct acknowledged {
    volatile uint32_t count;
    char ids[MOST_ENTRIES][65];
} acknowledged;

static const char *room_of(uint32_t n)
{
    static const char *const rooms[] = {"trip", "flat"};

    return rooms[n % 2];
}

/* Add entries until the end; now and then persist, which must not disturb. */
static void live_and_be_killed(desk *d, acknowledged *a)
{
    size_t count = 0;
    isplit_reason why;

    if (desk_try_open(d, &why) != 0)
        _exit(1);
    for (uint32_t n = a->count; n < MOST_ENTRIES; n++) {
        const isplit_entry *entry = NULL;
        isplit_draft add = {.payer = "alice", .amount = "1.23"};
        if (isplit_book_add(d->book, room_of(n), &add, &entry, NULL, &why) != 0)
            _exit(2);
        memcpy(a->ids[n], entry->id, 65);
        a->count = n + 1;
        if (n % 16 == 0 && isplit_book_persist(d->book, room_of(n), false, &count, &why))
            _exit(3);
    }
    _exit(4);
}

static void sleep_us(uint64_t us)
{
    const struct timespec t = {.tv_nsec = (long)(us * 1000)};

    nanosleep(&t, NULL);
}

/* Until some entries were acknowledged, then a moment more: death comes in the middle. */
static void let_live(const acknowledged *a, uint64_t *seed)
{
    uint32_t goal = a->count + (uint32_t)(ledgers_random(seed) % 5);

    for (uint64_t us = 0; us < LONGEST_LIFE_US && a->count < goal; us += STEP_US)
        sleep_us(STEP_US);
    sleep_us(ledgers_random(seed) % 2000);
}

static bool has_entry(const isplit_state *s, const char *id)
{
    for (size_t i = isplit_state_entry_count(s); i > 0; i--) {
        if (strcmp(isplit_state_entry(s, i - 1)->id, id) == 0)
            return true;
    }
    return false;
}

/* The fingerprint by another way than the library's: section 4.2. */
static void expect_fingerprint(const isplit_state *s)
{
    uint8_t sum[32] = {0};
    uint8_t bytes[34];
    uint8_t hash[32];
    uint8_t fp[16];
    size_t count = isplit_state_entry_count(s);
    size_t len = 32;

    for (size_t i = 0; i < count; i++) {
        uint8_t id[32];
        assert_int_equal(
            sodium_hex2bin(id, 32, isplit_state_entry(s, i)->id, 64, NULL, NULL, NULL),
            0);
        sodium_add(sum, id, sizeof sum);
    }
    memcpy(bytes, sum, sizeof sum);
    assert_true(count < 1 << 14);
    if (count >= 128)
        bytes[len++] = (uint8_t)(count >> 7 | 0x80);
    bytes[len++] = count & 0x7f;
    crypto_hash_sha256(hash, bytes, len);
    isplit_state_fingerprint(s, fp);
    assert_memory_equal(fp, hash, sizeof fp);
}

static void check_all_are_there(desk *d, const acknowledged *a, int at)
{
    size_t total = 0;

    desk_open(d);
    for (uint32_t i = 0; i < a->count; i++) {
        if (!has_entry(desk_state(d, room_of(i)), a->ids[i]))
            fail_msg("kill %d: entry %u is gone", at, i);
    }
    for (uint32_t i = 0; i < 2; i++) {
        const isplit_state *s = desk_state(d, room_of(i));
        expect_fingerprint(s);
        total += isplit_state_entry_count(s);
    }
    assert_true(total >= a->count);
    desk_close(d);
}

static void nothing_acknowledged_is_lost(void **state)
{
    desk *d = *state;
    const char *kills = getenv("LEDGER_KILLS");
    int most = kills ? atoi(kills) : KILLS_DEFAULT;
    uint64_t seed = 42;
    uint32_t total = 0;
    acknowledged *a =
        mmap(NULL, sizeof *a, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_true(a != MAP_FAILED);
    for (int n = 0; n < most; n++) {
        int status = 0;
        if (n % KILLS_A_STORE == 0 || a->count > MOST_ENTRIES / 2) {
            desk_new_store(d);
            a->count = 0;
        }
        uint32_t before = a->count;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            d->randoms = (uint64_t)n << 32;
            live_and_be_killed(d, a);
        }
        let_live(a, &seed);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        check_all_are_there(d, a, n);
        total += a->count - before;
    }
    assert_true(total > (uint32_t)most); /* the kills met work */
    assert_int_equal(munmap(a, sizeof *a), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_acknowledged_is_lost, desk_setup,
                                        desk_teardown),
    };
    return cmocka_run_group_tests_name("intersplit/kill", tests, NULL, NULL);
}
