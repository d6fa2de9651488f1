"""Completion of intersplit-cli in the shells: bash is asked, zsh and fish read their files where they are installed.

Each file has every command and every option that --help has.
"""

import os
import re
import shutil
import subprocess
import unittest

from intersplit_run import INTERSPLIT, TIME, IntersplitTest

FOLDER = os.path.join(os.environ["TEST_SOURCE"], "cli", "completion")
BASH, ZSH, FISH = (os.path.join(FOLDER, name) for name in
                   ("intersplit-cli.bash", "_intersplit-cli", "intersplit-cli.fish"))
ASK = """
. "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_intersplit_cli
printf '%s\\n' "${COMPREPLY[@]}"
"""


def complete(*words):
    done = subprocess.run(["bash", "-c", ASK, "ask", BASH, "intersplit-cli", *words], capture_output=True,
                          timeout=TIME, check=True)
    return done.stdout.decode().split()


class Shells(IntersplitTest):
    def commands(self):
        return re.findall(r"^  (\w+)", self.run_cli("--help")[0], re.M)

    def options(self, command):
        text = self.run_cli(command, "--help")[0]
        return re.findall(r"^  (--[\w-]+)", text, re.M)

    def test_bash_offers_each_command_and_its_options(self):
        offered = complete("")
        self.assertEqual(sorted(self.commands() + ["--help", "--version"]), sorted(offered))
        for command in self.commands():
            self.assertEqual(sorted(self.options(command) + ["--help"]), sorted(complete(command, "--")), command)
        self.assertEqual(["balance"], complete("bal"))
        self.assertEqual(["always"], complete("balance", "--color", "al"))

    def test_bash_offers_files_where_a_path_belongs(self):
        self.assertEqual([BASH], complete("balance", "--store", BASH[:-2]))

    def test_each_shell_knows_each_command_and_option(self):
        for path in (ZSH, FISH):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            for command in self.commands():
                self.assertRegex(text, rf"\b{command}\b", path)
                for option in self.options(command):
                    self.assertRegex(text, option if path == ZSH else f"-l {option[2:]} ", path)

    def test_zsh_and_fish_read_their_files(self):
        for shell, path in (("zsh", ZSH), ("fish", FISH)):
            if shutil.which(shell):
                subprocess.run([shell, "-n", path], timeout=TIME, check=True)

    def test_fish_offers_commands_and_options(self):
        if not shutil.which("fish"):
            return
        for line, offer in (("intersplit-cli ba", "balance"), ("intersplit-cli settle --json", "--jsonl")):
            done = subprocess.run(["fish", "-c", f"source {FISH}; complete -C '{line}'"], capture_output=True,
                                  timeout=TIME, check=True, env={**os.environ, "HOME": self.folder.name})
            self.assertIn(offer, [said.split("\t")[0] for said in done.stdout.decode().splitlines()])


if __name__ == "__main__":
    unittest.main()
