"""What is said of intersplit-cli in other places than its --help: completion in the shells, and the manual.

bash, zsh and fish are asked. Each has the commands, the options of each command and, the manual, the exit codes that
--help has: no more and no fewer.
"""

import os
import pty
import re
import select
import subprocess
import time
import unittest

from intersplit_run import INTERSPLIT, TIME, IntersplitTest

FOLDER = os.path.join(os.environ["TEST_SOURCE"], "cli", "completion")
MANUAL = os.path.join(os.environ["TEST_SOURCE"], "docs", "man", "intersplit-cli.1")
BASH, ZSH, FISH = (os.path.join(FOLDER, name) for name in
                   ("intersplit-cli.bash", "_intersplit-cli", "intersplit-cli.fish"))
ASK = """
. "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_intersplit_cli
printf '%s\\n' "${COMPREPLY[@]}"
"""


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def zsh_options(command):
    """Those of the branch of the command."""
    for names, branch in re.findall(r"^([\w |]+)\)\n(.*?)^    ;;", read(ZSH), re.M | re.S):
        if command in names.split(" | "):
            for name in ("color", "json", "store", "room"):
                branch = branch.replace(f'"${name}"', f"'--{name}['")
            return re.findall(r"'(--[\w-]+)\[", branch)
    return []


def fish_options(command):
    lists = {name: words.split() for name, words in re.findall(r"^set -l (\w+) (.*)$", read(FISH), re.M)}
    lists["rooms"] += lists["tables"]
    found = ["--help"]
    for names, option in re.findall(r"__fish_seen_subcommand_from ([\w $]+)\" -l ([\w-]+)", read(FISH)):
        words = [word for name in names.split() for word in (lists[name[1:]] if name[0] == "$" else [name])]
        found += [f"--{option}"] if command in words and option != "version" else []
    return found


def complete(*words):
    done = subprocess.run(["bash", "-c", ASK, "ask", BASH, "intersplit-cli", *words], capture_output=True,
                          timeout=TIME, check=True)
    return done.stdout.decode().splitlines()


class Zsh:
    """A zsh in a terminal; only there it completes."""

    def __init__(self, home):
        self.master, slave = pty.openpty()
        self.child = subprocess.Popen(["zsh", "-f", "-i"], stdin=slave, stdout=slave, stderr=slave, cwd=home,
                                      start_new_session=True,
                                      env={"PATH": os.environ["PATH"], "HOME": home, "TERM": "vt100", "PS1": ""})
        os.close(slave)
        self.wait_for("rea dy", f"fpath=({FOLDER} $fpath); autoload -Uz compinit; compinit -u -D; print rea' 'dy\n")

    def wait_for(self, text, typed):
        os.write(self.master, typed.encode())
        said = ""
        end = time.monotonic() + TIME
        while text not in said:
            if not select.select([self.master], [], [], max(end - time.monotonic(), 0))[0]:
                raise AssertionError(f"no {text!r} in {said!r}")
            said += os.read(self.master, 65536).decode()

    def close(self):
        self.child.kill()
        self.child.wait(TIME)
        os.close(self.master)


class Shells(IntersplitTest):
    def commands(self):
        return re.findall(r"^  (\w+)", self.run_cli("--help")[0], re.M)

    def options(self, command):
        text = self.run_cli(command, "--help")[0]
        return sorted(set(re.findall(r"^  (--[\w-]+)", text, re.M) + ["--help"]))

    def test_bash_offers_each_command_and_its_options(self):
        offered = complete("")
        self.assertEqual(sorted(self.commands() + ["--help", "--version"]), sorted(offered))
        for command in self.commands():
            self.assertEqual(self.options(command), sorted(complete(command, "--")), command)
        self.assertEqual(["balance"], complete("bal"))
        self.assertEqual(["always"], complete("balance", "--color", "al"))

    def test_bash_offers_files_where_a_path_belongs(self):
        self.assertEqual([BASH], complete("balance", "--store", BASH[:-2]))

    def test_each_shell_knows_each_command_and_option(self):
        for command in self.commands():
            self.assertIn(f"\n    '{command}:", read(ZSH))
            self.assertIn(f" -a {command} ", read(FISH))
            self.assertEqual(self.options(command), sorted(zsh_options(command)), command)
            self.assertEqual(self.options(command), sorted(fish_options(command)), command)

    def test_the_manual_has_each_command_option_and_exit_code(self):
        said = read(MANUAL)
        commands, options, codes = (re.split(r"\n\.S[sh] ", said.split(f"\n.{name}\n")[1])[0]
                                    for name in ("Ss Commands", "Ss Options", "Sh EXIT STATUS"))
        self.assertEqual(self.commands(), [name for name in self.commands() if f"\n.It Cm {name}\n" in commands])
        self.assertEqual(len(self.commands()), commands.count("\n.It "))
        every = {option for command in self.commands() for option in self.options(command)} - {"--help", "--jsonl"}
        self.assertEqual(every, {f"--{name}" for name in re.findall(r"^\.It Fl -([\w-]+)", options, re.M)})
        self.assertIn("Fl -jsonl", said)
        self.assertIn("Fl -help | -version", said)
        shown = self.run_cli("--help")[0].split("It ends with")[1]
        self.assertEqual(re.findall(r"\b\d\b", shown), re.findall(r"^\.It (\d)$", codes, re.M))

    def test_the_guide_has_each_command(self):
        guide = read(os.path.join(os.environ["TEST_SOURCE"], "docs", "guide", "intersplit-cli.md"))
        for command in self.commands():
            self.assertIn(f"`{command}", guide)

    def test_zsh_and_fish_read_their_files(self):
        for shell, path in (("zsh", ZSH), ("fish", FISH)):
            subprocess.run([shell, "-n", path], timeout=TIME, check=True)

    def test_zsh_offers_commands_options_and_values(self):
        zsh = Zsh(self.folder.name)
        self.addCleanup(zsh.close)
        kill_line = "\x15"
        for line, offer in (("bal", "ance"), ("plan --mo", "--mode"), ("export --", "--what"), ("check --s", "tore"),
                            ("list --a", "ll"), ("why --json --mode p", "airwise"), ("settle --jsonl --", "--color"),
                            ("import --format ihate", "money")):
            zsh.wait_for(offer, f"{kill_line}intersplit-cli {line}\t")

    def test_fish_offers_commands_and_options(self):
        for line, offer in (("intersplit-cli ba", "balance"), ("intersplit-cli settle --json", "--jsonl")):
            done = subprocess.run(["fish", "-c", f"source $argv; complete -C '{line}'", FISH],
                                  capture_output=True, timeout=TIME, check=True, env={**os.environ, "HOME": self.folder.name})
            self.assertIn(offer, [said.split("\t")[0] for said in done.stdout.decode().splitlines()])


if __name__ == "__main__":
    unittest.main()
