"""What stands in the way of a start: a sentence that says what to do, and the exit status.

docs/man/intercom-peer.1, EXIT STATUS
"""

import os
import re
import shutil
import socket
import sqlite3
import subprocess
import unittest

from peer_process import PROGRAM, PeerTest, TIME, environment

BRIDGE = ("--sc-bridge", "1", "--sc-bridge-token", "t", "--sc-bridge-port", "0")


class Start(PeerTest):
    def refuses(self, words, *flags, code=1, env=None):
        """It ends with `code`, after one line on standard error that has `words`."""
        complaints = self.run_peer("", *flags, code=code, env=env)[1]
        said = [line for line in complaints.splitlines() if not line.startswith("warning: ")]
        self.assertEqual(1, len(said), complaints)
        self.assertTrue(said[0].startswith("intercom-peer: "), complaints)
        self.assertIn(words, said[0])

    def test_flags(self):
        self.refuses("unknown flag --sc-brigde; did you mean --sc-bridge?", "--sc-brigde", "1", code=2)
        self.refuses("'demo' stands alone", "demo", code=2)
        self.refuses("--ui-port takes a whole number from 0 to 65535, not '70000'", "--ui-port", "70000", code=2)
        self.refuses("SC-Bridge requires --sc-bridge-token (auth is mandatory).", "--sc-bridge", "1", code=2)
        self.refuses("SC-Bridge requires --sc-bridge-token (auth is mandatory).", code=2, env={"SC_BRIDGE": "on"})
        self.refuses("--ui needs --sc-bridge 1", "--ui", "1", code=2)
        self.refuses("belong together", *BRIDGE, "--sc-bridge-cert", "x.pem", code=2)

    def test_a_token_that_others_can_read_is_warned_of(self):
        words = "the token travels in the clear"
        self.assertNotIn(words, self.run_peer("/exit", *BRIDGE)[1])
        self.assertIn(words, self.run_peer("/exit", *BRIDGE, "--sc-bridge-host", "0.0.0.0")[1])

    def test_help_and_version_go_to_standard_output(self):
        done = subprocess.run([PROGRAM, "--help"], capture_output=True, timeout=TIME, check=True)
        text = done.stdout.decode()
        self.assertIn("Usage: intercom-peer [FLAGS]", text)
        self.assertIn("  --sc-bridge-token TOKEN ", text)
        self.assertLessEqual(max(map(len, text.splitlines())), 100)
        self.assertEqual(b"", done.stderr)
        done = subprocess.run([PROGRAM, "--version"], capture_output=True, timeout=TIME, check=True)
        self.assertRegex(done.stdout.decode(), r"^intercom-peer \d+\.\d+\.\d+\n$")

    def test_secrets_from_files(self):
        path = os.path.join(self.folder.name, "token")
        flags = ("--sc-bridge", "1", "--sc-bridge-port", "0", "--sc-bridge-token-file", path)
        self.refuses(f"--sc-bridge-token-file: cannot read {path}: No such file or directory", *flags)
        with open(path, "w", encoding="utf-8") as file:
            file.write("\nsecond line\n")
        self.refuses(f"the first line of {path} is empty", *flags, code=2)
        with open(path, "w", encoding="utf-8") as file:
            file.write("tok\r\nsecond line\n")
        self.run_peer("/exit", *flags)

    def test_a_port_that_is_taken(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            self.refuses(port, "--sc-bridge", "1", "--sc-bridge-token", "t", "--sc-bridge-port", port)
            self.refuses(port, *BRIDGE, "--ui", "1", "--ui-port", port, "--ui-directory",
                         os.path.join(os.environ["TEST_SOURCE"], "bridge/page"))

    def test_a_page_that_is_not_there(self):
        self.refuses("--ui-directory says where it is", *BRIDGE, "--ui", "1", "--ui-directory", self.stores)

    def test_two_peers_on_one_store(self):
        self.start()
        self.refuses("is another intercom-peer running with --peer-store-name peer?")

    def test_names_that_lead_elsewhere(self):
        for name in ("../peer", "a/b", ".."):
            self.refuses("a name has no slash and no '..'", "--peer-store-name", name, code=2)
        self.assertEqual(["peer"], os.listdir(self.stores))

    def test_values_that_only_the_peer_can_judge(self):
        self.refuses("the subnet bootstrap must be 64 hex digits", "--subnet-bootstrap", "abc", code=2)
        self.refuses("trip", "--sidechannel-owner", "trip:nonsense", code=2)
        self.refuses("is not an address to listen on", *BRIDGE, "--sc-bridge-host", "no.address", code=2)

    def test_a_file_in_the_way(self):
        with open(os.path.join(self.stores, "file"), "w", encoding="utf-8"):
            pass
        self.refuses("a file is in the way", "--peer-store-name", "file")

    def test_a_ledger_of_a_newer_version(self):
        ledger = os.path.join(self.store, "ledger.db")
        with sqlite3.connect(ledger) as db:
            db.execute("PRAGMA user_version = 999")
        db.close()
        self.refuses("newer", code=1)

    def test_a_ledger_that_is_damaged(self):
        with open(os.path.join(self.store, "ledger.db"), "r+b") as file:
            file.write(b"this is no database, and never was one; " * 50)
        self.refuses("ledger.db", code=1)

    def test_a_key_file_that_is_damaged(self):
        with open(os.path.join(self.store, "db/keypair.json"), "w", encoding="utf-8") as file:
            file.write("{}")
        self.refuses("keypair.json is damaged: put a backup in its place")

    def test_a_wrong_password(self):
        path = os.path.join(self.folder.name, "password")
        with open(path, "w", encoding="utf-8") as file:
            file.write("wrong\n")
        self.refuses("give the right one with --key-password-file", "--key-password-file", path)

    def test_a_password_of_ones_own(self):
        path = os.path.join(self.folder.name, "password")
        with open(path, "w", encoding="utf-8") as file:
            file.write("right\n")
        flags = ("--peer-store-name", "own", "--key-password-file", path)
        first = re.search("Peer pubkey .*", self.run_peer("", *flags)[0])[0]
        self.assertIn(first, self.run_peer("", *flags)[0])
        self.assertFalse(os.path.exists(os.path.join(self.stores, "own/db/keypair.opened")))
        self.refuses("give the right one", "--peer-store-name", "own")

    def on_disk(self, options, mounted, *flags):
        """Run on a file system of its own; standard error."""
        if os.geteuid() != 0 or not shutil.which("unshare"):
            self.skipTest("needs root and unshare to mount a file system")
        script = f'mount -t tmpfs -o {options} none "$1" && {mounted} shift && exec "$@"'
        done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", self.stores, *self.command(*flags)],
                              input=b"", capture_output=True, timeout=TIME, check=False, env=environment())
        complaints = done.stderr.decode()
        if "intercom-peer: " not in complaints and done.returncode != 0:
            self.skipTest(f"cannot mount here: {complaints}")
        self.assertEqual(1, done.returncode, complaints)
        return complaints

    def test_a_disk_that_is_full(self):
        self.assertIn("no space left for the store", self.on_disk("size=4k,nr_inodes=3", ""))

    def test_a_disk_with_room_for_the_key_only(self):
        complaints = self.on_disk("size=20k", "")
        self.assertIn("cannot open the ledger", complaints)
        self.assertRegex(complaints, "space|full")

    def test_a_read_only_disk(self):
        self.assertIn("a read-only file system; choose another folder with --peer-stores-directory",
                      self.on_disk("size=1m", 'mount -o remount,ro "$1" &&'))


if __name__ == "__main__":
    unittest.main()
