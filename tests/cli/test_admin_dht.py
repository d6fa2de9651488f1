"""intercom-admin dht-node and dht ...: a private network of two nodes, asked from outside.

docs/man/intercom-admin.1; docs/spec/05-dht-rpc.md, section 11
"""

import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import unittest

PROGRAM = os.environ["PROGRAM"]
HOST = "127.0.0.1"
OK, FAILED, USAGE = range(3)
TOPIC = "5a" * 32


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((HOST, 0))
        return sock.getsockname()[1]


class Node:
    """A running dht-node; its first line says that it is ready."""

    def __init__(self, *args, port=None):
        self.port = port or free_port()
        self.address = f"{HOST}:{self.port}"
        self.process = subprocess.Popen(
            [PROGRAM, "dht-node", "--host", HOST, "--port", str(self.port), *args],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.first = self.process.stdout.readline()

    def stop(self, how=signal.SIGINT):
        self.process.send_signal(how)
        out, err = self.process.communicate(timeout=60)
        self.process.stdout.close()
        self.process.stderr.close()
        return self.process.returncode, out, err


class Dht(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.first = Node()
        cls.addClassCleanup(cls.first.stop)
        cls.second = Node("--bootstrap", cls.first.address, "--json")
        cls.addClassCleanup(cls.second.stop)

    def dht(self, *args, code=OK, bootstrap=True):
        """stdout and stderr of `dht ARGS`."""
        options = ["--host", HOST] + (["--bootstrap", self.first.address] if bootstrap else [])
        done = subprocess.run([PROGRAM, "dht", args[0], *options, *args[1:]],
                              capture_output=True, timeout=60, check=False)
        self.assertEqual(code, done.returncode, done.stderr.decode())
        return done.stdout.decode(), done.stderr.decode()

    def test_a_node_says_that_it_is_ready(self):
        self.assertRegex(self.first.first, rf"^{re.escape(self.first.address)} ready: \d+ nodes, persistent, \d+ requests\n")
        status = json.loads(self.second.first)
        self.assertEqual("ready", status["event"])
        self.assertEqual(self.second.address, status["address"])

    def test_a_signal_stops_a_node_at_once(self):
        for how in signal.SIGINT, signal.SIGTERM:
            node = Node("--status", "0")
            code, out, err = node.stop(how)
            self.assertEqual((OK, ""), (code, err))
            self.assertNotIn("status", out)

    def test_a_status_line_comes_when_something_has_changed(self):
        node = Node("--status", "1")
        self.dht("ping", node.address, bootstrap=False)
        self.assertRegex(node.process.stdout.readline(), "status: .* [1-9][0-9]* requests")
        self.assertEqual(OK, node.stop()[0])

    def test_a_taken_port_is_an_error(self):
        taken = Node(port=self.first.port)
        code, out, err = taken.stop() if taken.process.poll() is None else (
            taken.process.wait(), taken.first, taken.process.stderr.read())
        self.assertEqual((FAILED, ""), (code, out))
        self.assertIn("refuses this address or port", err)

    def test_the_first_node_needs_an_address_of_its_own(self):
        done = subprocess.run([PROGRAM, "dht-node", "--host", "0.0.0.0"], capture_output=True, timeout=60, check=False)
        self.assertEqual(FAILED, done.returncode)
        self.assertIn(b"--host with the address that others reach", done.stderr)

    def test_a_node_that_is_there_answers_a_ping(self):
        out, _ = self.dht("ping", self.first.address, bootstrap=False)
        self.assertRegex(out, rf"^{re.escape(self.first.address)} answers after [\d.]+ ms and sees us at {HOST}:\d+\n$")
        pong = json.loads(self.dht("ping", "--json", self.first.address, bootstrap=False)[0])
        self.assertEqual(["from", "ms", "ownAddress"], list(pong))

    def test_a_node_that_is_not_there_does_not(self):
        _, err = self.dht("ping", f"{HOST}:{free_port()}", bootstrap=False, code=FAILED)
        self.assertIn("timed out", err)

    def test_a_value_comes_back_by_its_hash(self):
        out, _ = self.dht("put", "hello there")
        key = hashlib.blake2b(b"hello there", digest_size=32).hexdigest()
        self.assertRegex(out, rf"^{key} at [12] nodes\n$")
        self.assertEqual("hello there\n", self.dht("get", key)[0])
        self.assertEqual({"seq": 0, "value": "hello there"}, json.loads(self.dht("get", "--json", key)[0]))
        self.assertIn("nothing found", self.dht("get", "00" * 32, code=FAILED)[1])

    def test_what_is_not_ascii_is_told_in_json_all_the_same(self):
        stored = json.loads(self.dht("put", "--json", 'a "quote", a \\ and a \n')[0])
        self.assertEqual('a "quote", a \\ and a \n', json.loads(self.dht("get", "--json", stored["key"])[0])["value"])

    def test_a_signed_value_is_replaced_by_a_later_one_only(self):
        with tempfile.TemporaryDirectory() as folder:
            key_file = os.path.join(folder, "keypair.json")
            made = subprocess.run([PROGRAM, "key", "new", "--json", "--file", key_file],
                                  capture_output=True, timeout=60, check=True)
            key = json.loads(made.stdout)["publicKey"]
            self.dht("put", "--key-file", key_file, "--seq", "2", "two")
            self.assertEqual("two\n", self.dht("get", "--mutable", key)[0])
            _, err = self.dht("put", "--key-file", key_file, "--seq", "1", "one", code=FAILED)
            self.assertIn("give a higher --seq", err)
            self.assertIn("nothing found", self.dht("get", "--seq", "3", "--mutable", key, code=FAILED)[1])
            out, _ = self.dht("announce", "--key-file", key_file, TOPIC)
            self.assertRegex(out, rf"^{TOPIC} at [12] nodes\n$")
            self.assertIn(key, self.dht("lookup", TOPIC)[0])
            self.assertEqual(key, json.loads(self.dht("lookup", "--json", TOPIC)[0].split("\n")[0])["publicKey"])

    def test_nobody_is_found_where_nobody_announced(self):
        self.assertIn("nothing found", self.dht("lookup", "11" * 32, code=FAILED)[1])

    def test_no_network_is_asked_unless_it_is_named(self):
        for args in ("lookup", TOPIC), ("get", TOPIC), ("put", "x"), ("announce", TOPIC):
            self.assertIn("which network?", self.dht(*args, bootstrap=False, code=USAGE)[1])

    def test_wrong_lines_are_explained(self):
        for args, told in (
                (("lookup", "zz"), "64 hex digits"),
                (("get", "--seq", "x", TOPIC), "--seq does not take 'x'"),
                (("get",), "one argument"),
                (("put", "a", "b"), "one argument, not 2"),
                (("lookup", "--key-file", "x", TOPIC), "no option --key-file"),
                (("lookup", "--nonsense"), "unknown option")):
            self.assertIn(told, self.dht(*args, code=USAGE)[1])
        self.assertIn("a value has at most 1000 bytes", self.dht("put", "x" * 1001, code=FAILED)[1])
        self.assertIn("is none", self.dht("ping", "nowhere", bootstrap=False, code=FAILED)[1])

    def test_each_command_explains_itself(self):
        for words in ["dht-node"], ["dht", "ping"], ["dht", "lookup"], ["dht", "get"], ["dht", "put"], ["dht", "announce"]:
            done = subprocess.run([PROGRAM, *words, "--help"], capture_output=True, timeout=60, check=True)
            self.assertIn(("Usage: intercom-admin " + " ".join(words)).encode(), done.stdout)


if __name__ == "__main__":
    unittest.main()
