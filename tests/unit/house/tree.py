"""What the house tests know about the source tree: its files, and C without its comments."""

import functools
import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(os.environ.get("TEST_SOURCE", Path(__file__).resolve().parents[3]))
BUILD = Path(os.environ.get("TEST_BUILD", ROOT / "build"))

_SKIPPED = {"node_modules", "subprojects", "__pycache__", ".git"}


def _listed_by_git():
    if not shutil.which("git") or not (ROOT / ".git").exists():
        return []
    run = subprocess.run(["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"],
                         capture_output=True, text=True, check=False)
    return run.stdout.splitlines() if run.returncode == 0 else []


@functools.cache
def files():
    """Every source file as a path relative to the root: git's list, or a walk without git."""
    names = _listed_by_git() or [str(path.relative_to(ROOT)) for path in ROOT.rglob("*")]
    return list(filter(_is_source, sorted(names)))


def _is_source(name):
    parts = Path(name).parts
    return _SKIPPED.isdisjoint(parts) and not parts[0].startswith("build") and (ROOT / name).is_file()


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
