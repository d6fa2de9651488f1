#include "peer_near.h"

#include <string.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t peer_distance(const char *a, const char *b)
{
    size_t rows[3][PEER_NEAR_MAX + 1];
    size_t *before = rows[0];
    size_t *above = rows[1];
    size_t *row = rows[2];
    size_t width = strlen(b);

    for (size_t j = 0; j <= width; j++)
        above[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            size_t cost = a[i - 1] != b[j - 1];
            row[j] = least(least(above[j] + 1, row[j - 1] + 1), above[j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *free_row = before;
        before = above;
        above = row;
        row = free_row;
    }
    return above[width];
}

/* `--sc-bridge-tok` means `--sc-bridge-token` although a quarter is missing. */
static int begins(const char *a, const char *b, size_t shorter)
{
    return shorter >= 3 && strncmp(a, b, shorter) == 0;
}

void peer_near_offer(peer_near *near, const char *typed, const char *candidate)
{
    size_t a = strlen(typed);
    size_t b = strlen(candidate);
    size_t longer = a > b ? a : b;

    if (longer > PEER_NEAR_MAX)
        return;
    size_t distance = peer_distance(typed, candidate);
    if (distance * 3 > longer && !begins(typed, candidate, least(a, b)))
        return;
    if (near->name[0] && near->distance <= distance)
        return;
    memcpy(near->name, candidate, b + 1);
    near->distance = distance;
}
