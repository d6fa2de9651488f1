"""What the house tests know about the source tree: its files, and C without its comments."""

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(os.environ.get("TEST_SOURCE", Path(__file__).resolve().parents[3]))
BUILD = Path(os.environ.get("TEST_BUILD", ROOT / "build"))

_SKIPPED = {"node_modules", "subprojects", "__pycache__", ".git"}


def files():
    """Every source file as a path relative to the root: git's list, or a walk without git."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"],
        capture_output=True, text=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        names = listed.stdout.splitlines()
    else:
        names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file()]
    for name in sorted(names):
        parts = Path(name).parts
        if _SKIPPED.isdisjoint(parts) and not parts[0].startswith("build"):
            if (ROOT / name).is_file():
                yield name


def text(name):
    """The text of one file; bytes that are not UTF-8 become '?'."""
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")


def is_c(name):
    return name.endswith((".c", ".h"))


_COMMENT_OR_TEXT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def _blank(match):
    found = match.group(0)
    kept = "\n" * found.count("\n")
    return '""' if found[0] == '"' else "' '" if found[0] == "'" else " " + kept


def code(source):
    """C source with comments and the insides of text blanked; line numbers stay."""
    return _COMMENT_OR_TEXT.sub(_blank, source)
