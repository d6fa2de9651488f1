"""intercom-peer on a terminal: editing, completion, history, and lines that others cause.

docs/man/intercom-peer.1, TERMINAL
"""

import os
import pty
import re
import select
import signal
import stat
import struct
import subprocess
import termios
import time
import fcntl
import unittest

from peer_process import PeerTest, TIME, environment
from ws_client import Client

PROMPT = "> "


class Screen:
    """Just enough of a terminal to read what a person would see: text, CR, LF, BS, cursor moves, erasing."""

    def __init__(self, columns):
        self.columns = columns
        self.rows = [[]]
        self.row = self.column = 0

    def _put(self, char):
        if self.column >= self.columns:
            self._line_feed()
            self.column = 0
        line = self.rows[self.row]
        line.extend(" " * (self.column - len(line)))
        line[self.column:self.column + 1] = [char]
        self.column += 1

    def _line_feed(self):
        self.row += 1
        if self.row == len(self.rows):
            self.rows.append([])

    def _erase(self, below):
        del self.rows[self.row][self.column:]
        if below:
            del self.rows[self.row + 1:]

    def _move(self, number, letter):
        count = int(number or 1)
        if letter == "A":
            self.row = max(self.row - count, 0)
        elif letter == "C":
            self.column += count
        elif letter == "D":
            self.column = max(self.column - count, 0)
        elif letter == "G":
            self.column = count - 1
        elif letter in "KJ":
            self._erase(letter == "J")
        elif letter == "P":
            del self.rows[self.row][self.column:self.column + count]
        elif letter == "@":
            self.rows[self.row][self.column:self.column] = [" "] * count

    def feed(self, text):
        for part in re.finditer(r"\x1b\[(\d*)([A-Za-z@])|\x1b[\[(][?\d;]*[A-Za-z]|([\x00-\x1f])|(.)", text, re.S):
            number, letter, control, char = part.groups()
            if letter:
                self._move(number, letter)
            elif control == "\r":
                self.column = 0
            elif control == "\n":
                self._line_feed()
            elif control == "\b":
                self.column = max(self.column - 1, 0)
            elif char:
                self._put(char)

    def flat(self):
        """All rows in one text, as if the screen had no end."""
        return "".join("".join(row) for row in self.rows).rstrip()

    def lines(self):
        return ["".join(row).rstrip() for row in self.rows]


class Tty:
    def __init__(self, command, columns=80, **more):
        self.screen = Screen(columns)
        self.fd, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.before = termios.tcgetattr(other)
        self.other = other
        self.child = subprocess.Popen(command, stdin=other, stdout=other, stderr=other, start_new_session=True,
                                      env=environment(TERM="xterm", LANG="C.UTF-8", LC_ALL="C.UTF-8", **more))

    def wait_for(self, holds, what):
        """Until `holds(lines)`; the lines."""
        end = time.monotonic() + TIME
        while not holds(self.screen.lines()):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                raise AssertionError(f"waited for {what}:\n" + "\n".join(self.screen.lines()))
            try:
                self.screen.feed(os.read(self.fd, 65536).decode(errors="replace"))
            except OSError as gone:
                raise AssertionError("the terminal closed:\n" + "\n".join(self.screen.lines())) from gone
        return self.screen.lines()

    def last(self, text):
        return self.wait_for(lambda lines: lines[-1] == text.rstrip(), f"the last line {text!r}")

    def line(self, text):
        return self.wait_for(lambda lines: text in lines, f"a line {text!r}")

    def press(self, keys):
        os.write(self.fd, keys.encode())

    def end(self):
        code = self.child.wait(TIME)
        after = termios.tcgetattr(self.other)
        os.close(self.fd)
        os.close(self.other)
        return code, after


class OnATerminal(PeerTest):
    def open(self, *flags, columns=80):
        tty = Tty(self.command("--sidechannels", "trip-nyc,trip-sfo", *flags), columns)
        self.addCleanup(tty.child.wait, TIME)
        self.addCleanup(tty.child.kill)
        tty.last(PROMPT)
        return tty

    def finish(self, tty, keys="/exit\r"):
        tty.press(keys)
        code, after = tty.end()
        self.assertEqual(0, code)
        self.assertEqual(tty.before[3], after[3], "the terminal is as it was found")

    def test_a_line_is_edited_and_run(self):
        tty = self.open()
        self.assertIn("Type /help for the commands, /exit to stop.", tty.screen.lines())
        tty.press("/print --text heXllo\x1b[D\x1b[D\x1b[D\x7f\r")
        tty.line("hello")
        tty.last(PROMPT)
        self.finish(tty)

    def test_tab_completes_commands_arguments_and_names(self):
        tty = self.open()
        tty.press("/expense_ad\t--ch\ttrip\t\t")
        tty.line("trip-nyc  trip-sfo")
        tty.last(PROMPT + "/expense_add --channel trip-")
        tty.press("n\t--pay\talice --amount 3\r")
        tty.line("[expense:trip-nyc] added 3.00 by alice split=alice")
        tty.press("/expense_add --channel trip-nyc --payer \t")
        tty.last(PROMPT + "/expense_add --channel trip-nyc --payer alice")
        self.finish(tty, "\x15/exit\r")

    def test_keys_behind_exit_do_nothing(self):
        tty = self.open()
        self.finish(tty, "/exit\r/expense_add --payer \t/expense_list\r")

    def test_history_comes_back_after_a_restart(self):
        tty = self.open()
        tty.press("/print --text one\r")
        tty.line("one")
        tty.press(" /print --text hidden\r")
        tty.line("hidden")
        self.finish(tty)
        self.assertEqual(0o600, stat.S_IMODE(os.stat(os.path.join(self.store, "history")).st_mode))
        tty = self.open()
        tty.press("\x1b[A\x1b[A")
        tty.last(PROMPT + "/print --text one")
        tty.press("\r")
        tty.line("one")
        tty.last(PROMPT)  # only then is ^D a key and not the end of a line
        self.finish(tty, "\x04")

    def test_a_line_that_others_cause_does_not_mangle_what_is_typed(self):
        for columns in (80, 30):
            tty = self.open("--sc-bridge", "1", "--sc-bridge-token", "t", "--sc-bridge-port", "0",
                            "--sc-bridge-debug", "1", columns=columns)
            port = int(re.search(r"SC-Bridge: ws://127\.0\.0\.1:(\d+)", "".join(tty.screen.lines()))[1])
            typed = "/print --text 'a caf\u00e9 that is longer than a narrow screen'"
            tty.press(typed)
            tty.wait_for(lambda _: tty.screen.flat().endswith(PROMPT + typed), "what is typed")
            client = Client("127.0.0.1", port, "t")
            self.assertEqual("expense_added", client.ask({"type": "expense_add", "channel": "r", "payer": "bob",
                                                          "amount": "5", "split": "bob"})["type"])
            added = "[expense:r] added 5.00 by bob split=bob"
            tty.wait_for(lambda _: tty.screen.flat().endswith(added + PROMPT + typed),
                         "the line above what is typed")
            client.close()
            tty.press("\r")
            tty.wait_for(lambda _: tty.screen.flat().endswith("narrow screen>"), "its output")
            self.finish(tty)

    def test_it_ends_by_control_c_and_by_a_signal_with_the_terminal_as_it_was(self):
        tty = self.open()
        tty.press("half a line")
        tty.last(PROMPT + "half a line")
        tty.child.send_signal(signal.SIGTERM)
        code, after = tty.end()
        self.assertEqual((0, tty.before[3]), (code, after[3]))
        tty = self.open()
        tty.child.send_signal(signal.SIGINT)
        code, after = tty.end()
        self.assertEqual((0, tty.before[3]), (code, after[3]))

    def test_control_z_gives_the_shell_its_terminal_and_the_line_comes_back(self):
        tty = self.open()
        tty.press("/print --text ag")
        tty.last(PROMPT + "/print --text ag")
        tty.child.send_signal(signal.SIGTSTP)
        _, status = os.waitpid(tty.child.pid, os.WUNTRACED)
        self.assertTrue(os.WIFSTOPPED(status))
        self.assertEqual(tty.before[3], termios.tcgetattr(tty.other)[3])
        tty.child.send_signal(signal.SIGCONT)
        tty.press("ain\r")
        tty.line("again")
        tty.last(PROMPT)
        self.finish(tty)

    def test_the_escape_key_alone_stops_nothing(self):
        tty = self.open()
        tty.press("\x1b")
        time.sleep(2) # longer than the peer waits for the rest of a sequence
        tty.press("/print --text still\r")
        tty.line("still")
        tty.press("\x12\x16\x18") # keys for which libedit would wait
        tty.press("/print --text here\r")
        tty.line("here")
        self.finish(tty)

    def test_wide_characters_are_edited_whole(self):
        tty = self.open()
        tty.press("/print --text \u65e5\u672cx\x7f\x7f\r")
        tty.line("\u65e5")
        self.finish(tty)

    def test_a_password_is_asked_for_and_not_shown(self):
        path = os.path.join(self.folder.name, "password")
        with open(path, "w", encoding="utf-8") as file:
            file.write("open sesame\n")
        self.run_peer("", "--peer-store-name", "own", "--key-password-file", path)
        tty = Tty(self.command("--peer-store-name", "own"))
        self.addCleanup(tty.child.kill)
        tty.last("Password of the key file:")
        tty.press("wrong\r")
        tty.wait_for(lambda lines: sum("Password of" in line for line in lines) == 2, "the second question")
        tty.press("open sesame\r")
        tty.last(PROMPT)
        self.assertNotIn("sesame", "\n".join(tty.screen.lines()))
        self.finish(tty)


if __name__ == "__main__":
    unittest.main()
