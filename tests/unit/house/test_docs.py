"""The documentation names files, tests, flags and sections that exist."""

import json
import re
import unittest
from pathlib import PurePosixPath

import tree

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SCRIPT = re.compile(r"(?<![\w/.-])(scripts/[a-z]+|\.ci/run)\b")
FLAG = re.compile(r"(?<![\w-])--([a-z][a-z0-9-]+)")
SECTION = re.compile(r"^## (\d+)\.? ", re.M)

# Parity must speak of every section of these pages.
WHOLE_PAGES = ["11", "12", "13", "16"]


def pages():
    return [name for name in tree.files() if name.endswith(".md") and not name.startswith("tests/vectors/")]


def guides():
    return [name for name in pages() if name == "README.md" or name.startswith("docs/guide/")]


def dead_links(name, source, exists):
    folder = PurePosixPath(name).parent
    plain = re.sub(r"```.*?```|`[^`\n]*`", "", source, flags=re.S)
    for target in LINK.findall(plain):
        if re.match(r"https?:|mailto:|#", target):
            continue
        parts = []
        for part in (folder / target.split("#")[0]).parts:
            parts = parts[:-1] if part == ".." else parts + [part]
        if not exists("/".join(parts)):
            yield f"{name}: {target}"


def parity_rows(source):
    """{page number: [(section, tests)]} of docs/parity.md."""
    rows = {}
    for part in re.split(r"^## ", source, flags=re.M)[1:]:
        title, _, body = part.partition("\n")
        cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in body.splitlines()
                 if line.startswith("|") and not line.startswith(("| section", "|---", "| where"))]
        if title[:2].isdigit():
            rows[title[:2]] = [(row[0], row[-1]) for row in cells]
    return rows


def missing_sections(spec, rows):
    said = {match.group(1) for section, _ in rows if (match := re.match(r"(\d+)", section))}
    return sorted(set(SECTION.findall(spec)) - said)


def unknown_tests(rows, known):
    for section, tests in rows:
        for test in filter(None, (name.strip(" `") for name in tests.split(","))):
            if test not in known:
                yield f"{section}: {test}"


def known_tests():
    """Names of meson's list and of the files in tests/interop/, which meson leaves out where there is no node."""
    built = json.loads((tree.BUILD / "meson-info" / "intro-tests.json").read_text())
    names = {test["name"] for test in built}
    for name in tree.files():
        if name.startswith("tests/interop/") and name.endswith(".mjs"):
            file = name.rsplit("/", 1)[1]
            stem = file.removesuffix(".mjs")
            names |= {file, "interop/" + stem, "kill/peer" if stem == "kill" else stem.replace("_", "/", 1)}
    return names


def program_flags():
    """Flags that a program or script of ours knows, as their sources spell them."""
    known = {"version", "help"}
    for name in tree.files():
        if name.startswith(("cli/", "bridge/", "scripts/")):
            known |= set(FLAG.findall(tree.text(name)))
            for words in re.findall(r'"([^"\n]*)"', tree.text(name)):
                known |= set(re.findall(r"(?<![\w-])[a-z][a-z0-9-]*(?![\w-])", words))
    return known


class Docs(unittest.TestCase):
    def test_links_lead_somewhere(self):
        found = []
        for name in pages():
            found += dead_links(name, tree.text(name), lambda path: (tree.ROOT / path).exists())
        self.assertEqual([], found)

    def test_the_guide_names_scripts_and_flags_that_exist(self):
        flags = program_flags()
        found = []
        for name in guides() + ["docs/working.md"]:
            for script in SCRIPT.findall(tree.text(name)):
                if not (tree.ROOT / script).is_file():
                    found.append(f"{name}: {script}")
        for name in guides():
            # only lines about our own programs; others have flags of their own
            for line in tree.text(name).splitlines():
                if re.search(r"\b(meson|git|npm|pkg-config|apt-get|cc|gcc|curl|openssl)\b", line):
                    continue
                found += [f"{name}: --{flag}" for flag in FLAG.findall(line) if flag not in flags]
        self.assertEqual([], found)

    def test_parity_has_every_section_and_names_tests_that_run(self):
        rows = parity_rows(tree.text("docs/parity.md"))
        known = known_tests()
        found = []
        for page, lines in rows.items():
            found += [f"{page}, {line}: no such test" for line in unknown_tests(lines, known)]
        for page in WHOLE_PAGES:
            spec = next(name for name in tree.files() if name.startswith(f"docs/spec/{page}-"))
            found += [f"{page}: no row for section {n}" for n in missing_sections(tree.text(spec), rows[page])]
        self.assertEqual([], found)

    def test_each_rule_can_fail(self):
        self.assertEqual(["a/b.md: ../c.md"], list(dead_links("a/b.md", "[x](../c.md) [y](d.md)", {"a/d.md"}.__contains__)))
        self.assertEqual([], list(dead_links("b.md", "`[x](y)` [z](https://z) [w](#w)", lambda _: False)))
        rows = parity_rows("## 11 W\n| section | state | tests |\n|---|---|---|\n| 1 Sizes | done | a/b, `c.mjs` |\n")
        self.assertEqual({"11": [("1 Sizes", "a/b, `c.mjs`")]}, rows)
        self.assertEqual(["2"], missing_sections("## 1. Sizes\n### 1.1 x\n## 2. Words\n", rows["11"]))
        self.assertEqual(["1 Sizes: c.mjs"], list(unknown_tests(rows["11"], {"a/b"})))


if __name__ == "__main__":
    unittest.main()
