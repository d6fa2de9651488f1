"""intersplit-cli as a test runs it, on ledgers that are made on the spot."""

import json
import os
import subprocess
import tempfile
import unittest

INTERSPLIT = os.environ["INTERSPLIT"]
TIME = 60  # seconds; sanitizers and a busy machine included
OK, FAILED, USAGE, REFUSED, BUSY, NOT_FOUND = range(6)


def entry(number, payer, cents, split, note="", ts=None):
    """An unsigned entry, as the original writes it."""
    return {"txId": f"t{number}", "payer": payer, "amountCents": cents, "split": split.split(","), "note": note,
            "ts": 1735689600000 + number * 1000 if ts is None else ts, "by": "test"}


DEMO = [entry(1, "alice", 3000, "alice,bob", "dinner"), entry(2, "bob", 1000, "alice,bob", "snacks")]


def snapshot(**rooms):
    return json.dumps({"version": 1, "updatedAt": 1, "rooms": [
        {"channel": name, "version": 1, "events": events} for name, events in rooms.items()]})


class IntersplitTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def file(self, name, text):
        path = os.path.join(self.folder.name, name)
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return path

    def run_cli(self, *args, text="", code=OK, env=None):
        """Standard output and error."""
        data = text if isinstance(text, bytes) else text.encode()
        done = subprocess.run([INTERSPLIT, *args], input=data, capture_output=True, timeout=TIME, check=False,
                              env={**os.environ, "TMPDIR": self.folder.name, **(env or {})})
        self.assertEqual(code, done.returncode, done.stderr.decode() + done.stdout.decode())
        return done.stdout.decode(), done.stderr.decode()

    def refuses(self, words, *args, code=REFUSED, **more):
        """It ends with `code`, after one line on standard error that has `words`."""
        said = self.run_cli(*args, code=code, **more)[1]
        self.assertEqual(1, len(said.splitlines()), said)
        self.assertTrue(said.startswith("intersplit-cli"), said)
        self.assertIn(words, said)
