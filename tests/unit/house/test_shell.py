"""shellcheck has nothing to say about any shell script."""

import shutil
import subprocess
import sys
import unittest

import tree


def scripts():
    return [name for name in tree.files() if not name.endswith((".c", ".h", ".md"))
            and tree.text(name).startswith("#!/bin/sh")]


def complaints(source):
    run = subprocess.run(["shellcheck", "--shell=sh", "-"], input=source, capture_output=True, text=True,
                         check=False)
    return run.stdout if run.returncode else ""


class Shell(unittest.TestCase):
    def test_every_script_is_clean_and_executable(self):
        self.assertGreater(len(scripts()), 4)
        for name in scripts():
            with self.subTest(name):
                self.assertEqual("", complaints(tree.text(name)))
                self.assertTrue((tree.ROOT / name).stat().st_mode & 0o100)

    def test_a_bad_script_is_seen(self):
        self.assertNotEqual("", complaints("#!/bin/sh\nrm $1\n"))


if __name__ == "__main__":
    if not shutil.which("shellcheck"):
        print("shellcheck is not installed")
        sys.exit(77)
    unittest.main()
