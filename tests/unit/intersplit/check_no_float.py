#!/usr/bin/env python3
"""The ledger's objects hold no floating point arithmetic (docs/spec/16-ledger.md, 2.2).

Moves through vector registers are fine, that is how compilers copy; adding, converting or comparing
is not. Reads x86-64 only; elsewhere the test of the sources (house/tree) has to do.
"""

import platform
import re
import subprocess
import sys

SSE = r"(?:add|sub|mul|div|sqrt|min|max|u?comi|cmp\w*|cvt\w*2|cvt\w*|round|rcp|rsqrt)(?:ss|sd|ps|pd)"
X87 = r"f(?:ld|st|ild|ist|add|sub|mul|div|com|ucom|chs|abs|sqrt)\w*"
ARITHMETIC = re.compile(rf"\t(v?{SSE}|v?cvt\w+|{X87})\s", re.M)


def main():
    if platform.machine() != "x86_64":
        sys.exit(77)
    listing = subprocess.run(["objdump", "-d", "--no-show-raw-insn", sys.argv[1]],
                             capture_output=True, text=True, check=True).stdout
    if "<isplit_money_parse>:" not in listing:
        sys.exit("this is not the ledger's library")
    if ARITHMETIC.search("\tcvtsi2sd %rax,%xmm0\n") is None or ARITHMETIC.search("\tmovups %xmm0,(%rax)\n"):
        sys.exit("the pattern is wrong")
    found, function = [], ""
    for line in listing.splitlines():
        label = re.match(r"[0-9a-f]+ <(\w+)>:", line)
        function = label.group(1) if label else function
        if ARITHMETIC.search(line + "\n"):
            found.append(f"{function}: {line.strip()}")
    if found:
        sys.exit("\n".join(found))


main()
