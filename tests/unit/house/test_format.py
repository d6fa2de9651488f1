"""clang-format has nothing to say about any C file."""

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import tree

FORMAT = shutil.which("clang-format") or shutil.which("clang-format-14")


def complaints(names, cwd):
    run = subprocess.run([FORMAT, "--dry-run", "--Werror", "--style=file", *names], cwd=cwd,
                         capture_output=True, text=True, check=False)
    return sorted({line.split(": error")[0] for line in run.stderr.splitlines() if ": error" in line})


class Format(unittest.TestCase):
    def test_every_c_file_is_formatted(self):
        self.assertEqual([], complaints([name for name in tree.files() if tree.is_c(name)], tree.ROOT))

    def test_a_badly_formatted_file_is_seen(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / ".clang-format").write_text(tree.text(".clang-format"))
            (Path(folder) / "x.c").write_text("int  main( void ){return 0;}\n")
            self.assertNotEqual([], complaints(["x.c"], folder))


if __name__ == "__main__":
    if not FORMAT:
        print("clang-format is not installed")
        sys.exit(77)
    unittest.main()
