#!/usr/bin/env python3
"""Write libintersplit/text/unicode_table.h: gen_unicode.py > libintersplit/text/unicode_table.h

The simple lower-case mapping of one character to one (runs with a common distance), and
the characters that text in composed form never holds or that might combine with the one
before (NFC quick check "no" and "maybe").
"""
import unicodedata as u

CHARS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def lower_runs():
    lower = {c: ord(chr(c).lower()) for c in CHARS if len(chr(c).lower()) == 1}
    lower[0x130] = 0x69  # the one whose full mapping has two characters
    runs = []
    for c in sorted(c for c in lower if lower[c] != c):
        shift, last = lower[c] - c, runs[-1] if runs else None
        step = c - last[1] if last else 0
        if last and last[3] == shift and (step == last[2] or last[2] == 0 and step < 3):
            last[1], last[2] = c, step
        else:
            runs.append([c, c, 0, shift])
    return [(first, end, step or 1, shift) for first, end, step, shift in runs]


def uncomposed_runs():
    second = set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))
    for c in CHARS:
        parts = u.decomposition(chr(c)).split()
        if len(parts) == 2 and not parts[0].startswith('<'):
            a, b = (int(p, 16) for p in parts)
            if u.normalize('NFC', chr(a) + chr(b)) == chr(c):
                second.add(b)
    runs = []
    for c in CHARS:
        if c not in second and u.normalize('NFC', chr(c)) == chr(c):
            continue
        if runs and runs[-1][1] == c - 1:
            runs[-1][1] = c
        else:
            runs.append([c, c])
    return runs


def rows(items):
    line = '   '
    for item in items:
        text = ' {' + ', '.join(item) + '},'
        if len(line) + len(text) > 90:
            print(line)
            line = '   '
        line += text
    print(line)


print('/* Unicode', u.unidata_version, '; written by tests/unit/intersplit/gen_unicode.py. */')
print('/* clang-format off */')
print('static const lower_run lower_runs[] = { /* first, last, step, shift */')
rows([(hex(a), hex(b), str(s), str(d)) for a, b, s, d in lower_runs()])
print('};\n')
print('static const char_run uncomposed_runs[] = { /* first, last */')
rows([(hex(a), hex(b)) for a, b in uncomposed_runs()])
print('};')
print('/* clang-format on */')
