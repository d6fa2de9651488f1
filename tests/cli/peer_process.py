"""intercom-peer as a test runs it: on stores that go away, with a key that was made once."""

import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

PROGRAM = os.environ["PROGRAM"]
READY = "Sidechannel: ready"
TIME = 60  # seconds; sanitizers and a busy machine included


def environment(**more):
    """Ours without what would count as a flag."""
    kept = {name: os.environ[name] for name in os.environ
            if not name.startswith(("PEER_", "MSB_", "SC_", "SIDECHANNEL", "UI", "SUBNET_", "DHT_", "KEY_"))}
    return {**kept, **more}


class Peer:
    """A running peer; its output is read as it comes."""

    def __init__(self, command, **options):
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, **options)
        self.output = ""

    def type(self, line):
        self.child.stdin.write((line + "\n").encode())
        self.child.stdin.flush()

    def wait_for(self, text):
        """Until the output has `text` behind what was asked for before; the output so far."""
        end = time.monotonic() + TIME
        while text not in self.output:
            left = end - time.monotonic()
            ready = select.select([self.child.stdout], [], [], max(left, 0))[0]
            data = os.read(self.child.stdout.fileno(), 65536) if ready else b""
            if not data:
                raise AssertionError(f"no {text!r} in:\n{self.output}")
            self.output += data.decode()
        at = self.output.index(text) + len(text)
        said, self.output = self.output[:at], self.output[at:]
        return said

    def ask(self, line, answer):
        self.type(line)
        return self.wait_for(answer)

    def end(self):
        """The exit status, and the rest of the output."""
        rest = self.child.communicate(timeout=TIME)[0].decode()
        return self.child.returncode, self.output + rest

    def stop(self, number=signal.SIGTERM):
        self.child.send_signal(number)
        return self.end()


class PeerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """Making a key costs half a second and 256 MiB."""
        cls.first = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.first.cleanup)
        subprocess.run([PROGRAM, "--peer-stores-directory", cls.first.name], input=b"/exit\n",
                       stdout=subprocess.DEVNULL, timeout=TIME, check=True, env=environment())

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.stores = os.path.join(self.folder.name, "stores")
        self.store = os.path.join(self.stores, "peer")
        shutil.copytree(self.first.name, self.stores)

    def command(self, *flags):
        return [PROGRAM, "--peer-stores-directory", self.stores, *flags]

    def start(self, *flags):
        """A peer that is ready."""
        peer = Peer(self.command(*flags), env=environment())
        self.addCleanup(peer.child.stdout.close)
        self.addCleanup(peer.child.stdin.close)
        self.addCleanup(peer.child.wait, TIME)
        self.addCleanup(peer.child.kill)
        peer.banner = peer.wait_for(READY)
        peer.wait_for("\n")
        return peer

    def run_peer(self, text="", *flags, code=0, env=None):
        """Standard output and error of a peer that reads `text`."""
        done = subprocess.run(self.command(*flags), input=text.encode(), capture_output=True, timeout=TIME,
                              check=False, env=environment(**(env or {})))
        self.assertEqual(code, done.returncode, done.stderr.decode())
        return done.stdout.decode(), done.stderr.decode()
