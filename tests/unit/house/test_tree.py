"""The house rules that a reader would otherwise have to check by eye (docs/c-style.md)."""

import re
import unittest

import tree

TOP = {"meson.build", "meson_options.txt", "libintercom", "libintersplit", "cli", "bridge", "examples", "tests",
       "include", "docs", "scripts", ".ci", "README.md", "LICENSE", "include", ".clang-format", ".clang-tidy",
       ".editorconfig", ".gitignore", ".gitattributes"}

MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 60

# Places of one machine, and the services packages come from. Temporary folders have names from mkdtemp,
# mktemp or $TMPDIR.
PLACES = re.compile(r"(?<![\w.~$}\-])/(?:work|root|tmp|home/\w+)/(?!.*XXXX)")
REGISTRIES = re.compile("|".join([r"registry\." + r"npmjs\.org", r"registry\." + r"yarnpkg", r"pypi\." + r"org",
                                  r"deb\." + r"debian\.org", r"artifact" + r"ory", r"proxy\." + r"golang"]))
LIBRARY_TABOO = re.compile(r"\b(malloc|calloc|realloc|free|strdup|strndup|printf|puts|fprintf|perror|exit|abort"
                           r"|strcpy|strcat|sprintf|gets|atoi|atol|strtok|rand|srand|signal|setlocale)\s*\(")


def long_functions(source):
    """(line, length) of functions longer than the limit; in our style a body opens and closes in column 0."""
    start = None
    for number, line in enumerate(source.splitlines(), 1):
        if line == "{":
            start = number
        elif line == "}" and start:
            if number - start - 1 > MAX_FUNCTION_LINES:
                yield start, number - start - 1
            start = None


def taboo(source):
    return [match.group(1) for match in LIBRARY_TABOO.finditer(tree.code(source))]


class Tree(unittest.TestCase):
    def test_nothing_else_lies_at_the_top(self):
        self.assertEqual([], sorted({name.split("/")[0] for name in tree.files()} - TOP))

    def test_no_file_names_a_machine_or_a_registry(self):
        found = []
        for name in tree.files():
            if name == "tests/unit/house/test_tree.py":
                continue
            for number, line in enumerate(tree.text(name).splitlines(), 1):
                if PLACES.search(line) or REGISTRIES.search(line):
                    found.append(f"{name}:{number}: {line.strip()[:80]}")
        self.assertEqual([], found)

    def test_files_and_functions_stay_short(self):
        found = []
        for name in filter(tree.is_c, tree.files()):
            source = tree.text(name)
            if source.count("\n") > MAX_FILE_LINES:
                found.append(f"{name}: {source.count(chr(10))} lines")
            found += [f"{name}:{line}: a function of {n} lines" for line, n in long_functions(source)]
        self.assertEqual([], found)

    def test_the_ledger_knows_no_floating_point(self):
        found = [name for name in tree.files()
                 if tree.is_c(name) and name.startswith(("libintersplit/", "include/intersplit/"))
                 and re.search(r"\b(float|double|strtod|atof)\b", tree.code(tree.text(name)))]
        self.assertEqual([], found)

    def test_libraries_take_memory_from_one_place_and_stay_silent(self):
        found = {name: taboo(tree.text(name)) for name in tree.files()
                 if tree.is_c(name) and name.startswith(("libintercom/", "libintersplit/"))
                 and name != "libintercom/base/mem.c"}
        self.assertEqual({}, {name: calls for name, calls in found.items() if calls})

    def test_nothing_is_left_for_later(self):
        word = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
        found = [name for name in tree.files()
                 if name.endswith((".c", ".h", ".py", ".mjs", ".js", ".build", ".css", ".html"))
                 and not name.startswith("tests/vectors/") and word.search(tree.text(name))]
        self.assertEqual([], found)

    def test_every_source_is_built_and_every_test_runs(self):
        builds = {name.rpartition("/")[0]: tree.text(name) for name in tree.files() if name.endswith("meson.build")}
        found = []
        for name in tree.files():
            folder, _, file = name.rpartition("/")
            if not name.endswith(".c") or folder == "tests/install":  # built by tests/install/check
                continue
            stem = file[:-2]
            if folder.startswith("tests/unit/"):
                stem = stem.removeprefix("test_")
            elif folder in ("tests/bench", "tests/sim"):
                stem = stem.removeprefix("bench_").removeprefix("sim_")
            elif folder == "tests/fuzz" and stem.startswith("fuzz_"):
                stem = stem.removeprefix("fuzz_")
                if not any(n.startswith(f"tests/fuzz/corpus/{stem}/") for n in tree.files()):
                    found.append(f"{name}: no corpus")
            elif folder == "tests/bench":
                stem = stem.removeprefix("bench_")
            while folder and folder not in builds:
                folder = folder.rpartition("/")[0]
            if not re.search(rf"'(?:[\w/]*/)?{re.escape(stem)}(?:\.c)?'", builds.get(folder, "")):
                found.append(f"{name}: not in {folder}/meson.build")
        self.assertEqual([], found)

    def test_each_rule_can_fail(self):
        self.assertEqual([(1, 61)], list(long_functions("{\n" + "x;\n" * 61 + "}\n")))
        self.assertEqual([], list(long_functions("{\n" + "x;\n" * 60 + "}\n")))
        self.assertEqual(["malloc", "printf"], taboo('p = malloc(1); /* free(p) */ printf("puts(x)"); ic_mem_free(p);'))
        for line in ("cd /work/x", 'open("/tmp/x")', "see /root/.x", "/home/user/x"):
            self.assertTrue(PLACES.search(line), line)
        for line in ("a/work/b", "${TMPDIR:-/tmp}/x", 'mkdtemp("/tmp/house-XXXXXX")', "https://x.y/work/"):
            self.assertFalse(PLACES.search(line), line)
        self.assertTrue(REGISTRIES.search("https://registry." + "npmjs.org/x"))


if __name__ == "__main__":
    unittest.main()
