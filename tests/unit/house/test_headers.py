"""Each public header stands alone, in C99 and in C++, and option structs can grow (docs/c-style.md)."""

import os
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import tree

CC = shlex.split(os.environ.get("HOUSE_CC", "cc"))
CXX = shlex.split(os.environ.get("HOUSE_CXX", "c++"))
WARN = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
OPTIONS = re.compile(r"typedef struct (\w+_options) \{(.*?)\} \1;", re.S)
LAST = re.compile(r"(\w+)\s*(?:\[[^\]]*\])?\s*;\s*$")


def headers():
    return [name[len("include/"):] for name in tree.files()
            if name.startswith("include/") and name.endswith(".h")]


def compiles(command, suffix, source):
    """The compiler's complaint about `source`, or ''."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("one" + suffix)
        path.write_text(source)
        run = subprocess.run([*command, *WARN, f"-I{tree.ROOT / 'include'}", str(path)],
                             capture_output=True, text=True, check=False)
        return run.stderr if run.returncode else ""


def no_padding(header, struct, last):
    """C11 that compiles only when `last` ends the struct and `struct_size` starts it."""
    return (f'#include <stddef.h>\n#include "{header}"\n'
            f"_Static_assert(offsetof({struct}, struct_size) == 0, \"struct_size comes first\");\n"
            f"_Static_assert(sizeof({struct}) == offsetof({struct}, {last})"
            f" + sizeof(({struct}){{0}}.{last}), \"tail padding\");\n")


def option_structs(source):
    for struct, body in OPTIONS.findall(tree.code(source)):
        yield struct, LAST.search(body.strip()).group(1)


class Headers(unittest.TestCase):
    def test_each_header_compiles_alone_and_twice_as_c99(self):
        for header in headers():
            with self.subTest(header):
                source = f'#include "{header}"\n#include "{header}"\nextern int nothing;\n'
                self.assertEqual("", compiles([*CC, "-std=c99"], ".c", source))

    @unittest.skipUnless(shutil.which(CXX[-1]), "no C++ compiler")
    def test_each_header_compiles_alone_as_cpp(self):
        for header in headers():
            with self.subTest(header):
                source = f'#include "{header}"\nextern int nothing;\n'
                self.assertNotEqual("", compiles([*CXX, "-std=c++11"], ".cc", source + "int class;\n"))
                self.assertEqual("", compiles([*CXX, "-std=c++11"], ".cc", source))

    def test_the_header_of_a_library_includes_all_of_them(self):
        for library in ("intercom", "intersplit"):
            whole = f"{library}/{library}.h"
            included = set(re.findall(r'#include "([^"]+)"', tree.text("include/" + whole)))
            ours = {name for name in headers() if name.startswith(library + "/") and name != whole}
            self.assertEqual(set(), ours - included, whole)

    def test_option_structs_start_with_their_size_and_end_without_padding(self):
        seen = 0
        for header in headers():
            for struct, last in option_structs(tree.text("include/" + header)):
                seen += 1
                with self.subTest(struct):
                    self.assertEqual("", compiles([*CC, "-std=c11"], ".c", no_padding(header, struct, last)))
        self.assertGreater(seen, 0)

    def test_padding_and_bad_headers_are_seen(self):
        padded = ("typedef struct x_options {\n    size_t struct_size; /* a; b */\n"
                  "    unsigned char last;\n} x_options;\n")
        struct, last = next(option_structs(padded))
        source = no_padding("intercom/api.h", struct, last).replace("_Static", padded + "_Static", 1)
        self.assertIn("tail padding", compiles([*CC, "-std=c11"], ".c", source))
        self.assertNotEqual("", compiles([*CC, "-std=c99"], ".c", "size_t x;\n"))


if __name__ == "__main__":
    unittest.main()
