/**
 * @file peer_text.h
 * Texts of strangers on a terminal.
 *
 * Spec     docs/spec/12-sidechannel.md, section 11, rule 13
 */
#ifndef PEER_TEXT_H
#define PEER_TEXT_H

#include <stddef.h>

#include "base/buf.h"

/** Append `text` with control characters (except tab), marks that turn the direction of
 * writing, and bytes that are not UTF-8 replaced by U+FFFD. */
void peer_text_safe(ic__buf *out, const char *text);

/** Columns that a text takes on the screen; wide characters have two. The locale's
 * encoding must be UTF-8. */
size_t peer_text_columns(const char *text, const char *end);

#endif
