"""A room uses the rooms above it and never those below (docs/c-style.md, "Find your room").

Every #include of the libraries and programs is read and held against the order; sockets, clocks
and the libraries that own them are refused outside of io.
"""

import re
import unittest

import tree

_LINE = ["base", "crypto", "transport", "mux", "dht", "swarm"]
_SIDE = ["sidechannel", "store", "msb"]

# room -> rooms whose headers it may include, its own among them
MAY_USE = {room: set(_LINE[: i + 1]) for i, room in enumerate(_LINE)}
MAY_USE |= {room: {*_LINE, room} for room in _SIDE}
MAY_USE["subnet"] = {*_LINE, "store", "subnet"}
MAY_USE["io"] = {*_LINE, "sidechannel", "io"}
MAY_USE["peer"] = {*MAY_USE, "peer"}

_LEDGER_LINE = ["text", "money", "ledger", "plan", "form", "book"]
MAY_USE |= {room: set(_LEDGER_LINE[: i + 1]) for i, room in enumerate(_LEDGER_LINE)}
LEDGER = {*_LEDGER_LINE, "bind", "say", "inout"}
MAY_USE |= {room: {*_LEDGER_LINE, room} for room in LEDGER - set(_LEDGER_LINE)}

# only io may include these
OUTSIDE = re.compile(
    r"event2?/|event\.h|wslay/|mbedtls/(ssl|net_sockets|x509)"
    r"|sys/(socket|epoll|select|un|timerfd|eventfd)\.h|netinet/|arpa/|net/|netdb\.h|poll\.h")
# only io may call these
CLOCKS = re.compile(r"\b(clock_gettime|gettimeofday|timespec_get|nanosleep|usleep|sleep|getrandom"
                    r"|socket|recvfrom|sendto|recvmmsg|sendmmsg|time)\s*\(")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)

# Programs hold the loop that an embedder would hold.
LOOP_OWNERS = re.compile(r"^(cli|bridge)/")


def room_of(name):
    parts = name.split("/")
    return parts[1] if parts[0] in ("libintercom", "libintersplit") and len(parts) > 2 else parts[0]


def complaint(room, bracket, header):
    """Why `room` may not include `header`, or None."""
    if OUTSIDE.match(header) and room != "io":
        return "belongs to io"
    if bracket == "<":
        return None
    owner = header.split("/")[0] if "/" in header else room
    if owner == "intercom":
        return None
    if owner == "intersplit":
        return "a library below" if room in MAY_USE and room not in LEDGER else None
    if room in MAY_USE:
        return None if owner in MAY_USE[room] else f"{room} may not use {owner}"
    return None


def findings(name, source):
    room = room_of(name)
    for bracket, header in INCLUDE.findall(source):
        if LOOP_OWNERS.match(name) and header.startswith("event2/"):
            continue
        why = complaint(room, bracket, header)
        if why:
            yield f"{name}: includes {header}: {why}"
    if room != "io" and not LOOP_OWNERS.match(name):
        for match in CLOCKS.finditer(tree.code(source)):
            yield f"{name}: calls {match.group(1)}: belongs to io"


class Layers(unittest.TestCase):
    def test_no_file_reaches_down_or_out(self):
        found = []
        for name in tree.files():
            if tree.is_c(name) and name.startswith(("libintercom/", "libintersplit/", "cli/", "bridge/")):
                self.assertIn(room_of(name), {*MAY_USE, "cli", "bridge"}, name)
                found += findings(name, tree.text(name))
        self.assertEqual([], found)

    def test_public_headers_include_only_public_headers(self):
        found = []
        for name in tree.files():
            if not name.startswith("include/") or not name.endswith(".h"):
                continue
            library = name.split("/")[1]
            for bracket, header in INCLUDE.findall(tree.text(name)):
                above = ("intercom/",) if library == "intercom" else ("intercom/", "intersplit/")
                if bracket == '"' and not header.startswith(above):
                    found.append(f"{name}: {header}")
                if bracket == "<" and header not in {"stdbool.h", "stddef.h", "stdint.h", "stdarg.h"}:
                    found.append(f"{name}: {header}")
        self.assertEqual([], found)

    def test_each_kind_of_break_is_seen(self):
        bad = [
            ("libintercom/base/x.c", '#include "crypto/hash.h"\n'),
            ("libintercom/mux/x.c", '#include "sidechannel/invite.h"\n'),
            ("libintercom/sidechannel/x.c", '#include "store/log.h"\n'),
            ("libintercom/mux/x.c", '#include "io/loop.h"\n'),
            ("libintercom/io/x.c", '#include "peer/config.h"\n'),
            ("libintercom/peer/x.c", '#  include <event2/event.h>\n'),
            ("libintercom/transport/x.c", "#include <sys/socket.h>\n"),
            ("libintercom/base/x.c", '#include "intersplit/book.h"\n'),
            ("libintersplit/ledger/x.c", '#include "base/buf.h"\n'),
            ("libintersplit/plan/x.c", '#include "book/book.h"\n'),
            ("libintersplit/say/x.c", '#include "bind/pack.h"\n'),
            ("libintersplit/ledger/x.c", "void f(void)\n{\n    time (NULL);\n}\n"),
            ("libintercom/mux/x.c", "clock_gettime(0, &ts);\n"),
            ("bridge/x.c", "#include <wslay/wslay.h>\n"),
        ]
        for name, source in bad:
            self.assertEqual(1, len(list(findings(name, source))), (name, source))

    def test_good_neighbours_are_left_alone(self):
        good = [
            ("libintercom/io/x.c", "#include <event2/event.h>\n#include <sys/socket.h>\n"),
            ("libintercom/peer/x.c", '#include "io/loop.h"\n#include "store/log.h"\n'),
            ("libintersplit/book/x.c", '#include "ledger/room.h"\n#include "intercom/identity.h"\n'),
            ("cli/x.c", "#include <event2/event.h>\n"),
            ("libintercom/base/x.c", "/* time(NULL) is in io */ f(\"time(\"); run_time(1);\n"),
        ]
        for name, source in good:
            self.assertEqual([], list(findings(name, source)), (name, source))


if __name__ == "__main__":
    unittest.main()
