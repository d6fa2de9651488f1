"""What the headers declare, what the lists export and what the libraries show are the same names.

docs/c-style.md, "Tools": hidden by default, IC_API on what is public, one list per library. In the
static libraries hidden names are still global, so they carry ic__ or isplit__.
"""

import re
import subprocess
import unittest

import tree

PUBLIC = re.compile(r"^IC_API\b([^;{]*?)\b(\w+)\s*\(", re.M)
LISTED = re.compile(r"^\s*([\w*]+);", re.M)
LIBRARIES = {"intercom": "ic", "intersplit": "isplit"}


def declared(source):
    """Names behind IC_API in one header."""
    plain = re.sub(r"\bIC_(CHECK|PRINTF\s*\([^)]*\))", " ", tree.code(source))
    return {match.group(2) for match in PUBLIC.finditer(plain)}


def listed(script):
    """The global names of a version script."""
    names = set()
    for node in re.findall(r"global:(.*?)(?:local:|\})", script, re.S):
        names |= set(LISTED.findall(node))
    return names


def shown(path, *options):
    run = subprocess.run(["nm", "--defined-only", "--format=posix", *options, str(path)],
                         capture_output=True, text=True, check=True)
    rows = [line.split() for line in run.stdout.splitlines()]
    return {row[0].split("@")[0] for row in rows
            if len(row) >= 2 and len(row[1]) == 1 and row[1].isupper() and row[1] != "A"}


def sanitizers(name):
    return name.startswith(("__asan", "__odr_asan", "__ubsan", "__lsan", "_ZZ", "__sancov", "__start_", "__stop_"))


def declared_by(library):
    names = set()
    for name in tree.files():
        if name.startswith(f"include/{library}/") and name.endswith(".h"):
            names |= declared(tree.text(name))
    return names


class Symbols(unittest.TestCase):
    def test_headers_list_and_library_agree(self):
        for library in LIBRARIES:
            in_list = listed(tree.text(f"lib{library}/lib{library}.sym"))
            exported = shown(tree.BUILD / f"lib{library}" / f"lib{library}.so", "-D")
            exported = {name for name in exported if not sanitizers(name)}
            with self.subTest(library):
                self.assertEqual([], sorted(name for name in in_list if "*" in name))
                self.assertEqual(sorted(declared_by(library)), sorted(in_list))
                self.assertEqual(sorted(in_list), sorted(exported))

    def test_a_list_is_sorted(self):
        for library in LIBRARIES:
            names = LISTED.findall(tree.text(f"lib{library}/lib{library}.sym").split("local:")[0])
            self.assertEqual(sorted(names), names)

    def test_every_name_carries_the_prefix_of_its_library(self):
        for library, prefix in LIBRARIES.items():
            public = declared_by(library)
            archive = tree.BUILD / f"lib{library}" / f"lib{library}.a"
            names = {name for name in shown(archive, "--extern-only") if not sanitizers(name)}
            alien = [n for n in sorted(names - public) if not n.startswith(prefix + "__")]
            self.assertEqual([], alien, f"neither public nor {prefix}__")
            self.assertEqual([], [n for n in sorted(public) if not re.match(prefix + r"_[a-z]", n)])

    def test_declarations_and_lists_are_read_as_written(self):
        header = ("IC_API IC_CHECK int ic_one(void (*cb)(int), int b);\n"
                  "/* IC_API int ic_not(void); */\n#define IC_API x(y)\n"
                  "IC_API IC_PRINTF(2, 3) void ic_two(int a,\n    const char *f, ...);\n"
                  "IC_API const uint8_t *\nic_three(const ic_x *x);\nstatic inline void ic_four(void)\n{\n}\n")
        self.assertEqual({"ic_one", "ic_two", "ic_three"}, declared(header))
        script = "A_1 {\n    global:\n        ic_b;\n        ic_a;\n    local:\n        *;\n};\n"
        self.assertEqual({"ic_a", "ic_b"}, listed(script))
        self.assertEqual({"ic_*"}, listed("A_1 { global:\n ic_*;\n local: *; };"))


if __name__ == "__main__":
    unittest.main()
