/**
 * @file codec.h
 * One description of a JSON object for both ways: a codec puts the members into a buffer,
 * or takes them out of canonical text.
 *
 *     isplit__codec_open(c, NULL, '{');
 *     amount = isplit__codec_number(c, "amount", amount, 1, MOST);
 *     note = isplit__codec_text_if(c, "note", note);
 *     isplit__codec_close(c, '}');
 *
 * Values go in and come out: a writer returns what it was given, a reader what it found.
 * Members stand in the order of their keys; the key NULL is for the elements of a list
 * and for a value whose key was passed already. Text that is not as described turns a
 * reader bad; it stays bad and finds nothing any more, so one check at the end is enough.
 */
#ifndef ISPLIT_CODEC_H
#define ISPLIT_CODEC_H

#include "text/buf.h"
#include "text/scan.h"

typedef struct isplit__codec {
    isplit__buf *out; /* of a writer; NULL: it reads */
    const char *at;   /* what is left to read */
    const char *end;
    char *pool; /* where texts go that were read */
    bool bad;
} isplit__codec;

isplit__codec isplit__codec_writer(isplit__buf *out);
/** `pool` has room for as many bytes as the text; texts that were read live in it. */
isplit__codec isplit__codec_reader(const char *text, size_t len, char *pool);
/** Was everything read, and nothing bad? */
bool isplit__codec_finish(const isplit__codec *c);

/** What must hold of what was read. */
void isplit__codec_check(isplit__codec *c, bool good);

void isplit__codec_open(isplit__codec *c, const char *key, char bracket);
void isplit__codec_close(isplit__codec *c, char bracket);
/** Pass a key, if its member comes next (a writer: if it is `there`). */
bool isplit__codec_has(isplit__codec *c, const char *key, bool there);
/** Is there one more element, or member with a free key? */
bool isplit__codec_more(isplit__codec *c, bool there);
/** A free key. */
const char *isplit__codec_free_key(isplit__codec *c, const char *key);

int64_t isplit__codec_number(isplit__codec *c, const char *key, int64_t v, int64_t least,
                             int64_t most);
bool isplit__codec_bool(isplit__codec *c, const char *key, bool v);
const char *isplit__codec_text(isplit__codec *c, const char *key, const char *text);
/** A member that may be missing, as it is where the text is empty. */
const char *isplit__codec_text_if(isplit__codec *c, const char *key, const char *text);
/** One of these words, which end with NULL, by its number. */
unsigned isplit__codec_word(isplit__codec *c, const char *key, const char *const *words,
                            unsigned number);
/** `least` to `most` bytes as hex digits, in lower case only; how many. */
size_t isplit__codec_hex(isplit__codec *c, const char *key, uint8_t *bytes, size_t len,
                         size_t least, size_t most);
/** Any value as it stands. */
isplit__slice isplit__codec_raw(isplit__codec *c, const char *key, isplit__slice value);

#endif
