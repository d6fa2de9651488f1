/**
 * @file crypto/words.h
 * The English word list of BIP39, sorted; each word is filled up with zeros, so that all
 * are read and compared alike.
 */
#ifndef CRYPTO_WORDS_H
#define CRYPTO_WORDS_H

#define IC__WORDS_COUNT 2048
#define IC__WORD_LETTERS 8                    /* of the longest */
#define IC__WORD_BYTES (IC__WORD_LETTERS + 1) /* with closing zero */

extern const char ic__words[IC__WORDS_COUNT][IC__WORD_BYTES];

#endif
