"""Every split mode, at the terminal, over the bridge and in what intersplit-cli reads of it: the cases of
tests/vectors/split_modes.json, which tests/unit/intersplit/test_split_modes.c reads, too.

docs/spec/16-ledger.md, sections 2.2 and 5.3; docs/spec/13-sc-bridge.md, section 7
"""

import json
import os
import re
import subprocess
import unittest

from intersplit_run import INTERSPLIT
from peer_process import PeerTest, TIME
from ws_client import Client

with open(os.path.join(os.environ["TEST_VECTORS"], "split_modes.json"), encoding="utf-8") as vectors:
    CASES = [{**case, "room": f"case-{number}"} for number, case in enumerate(json.load(vectors)["cases"])]


def refusal(case):
    return f"Invalid {case['field']}: {case['error']}"


def say(case, line):
    return f"/expense_say --room {case['room']} --text \"{line}\""


def cents(shares):
    return {share["member"]: share["cents"] for share in shares}


class SplitModes(PeerTest):
    def read(self, command, case):
        done = subprocess.run([INTERSPLIT, command, "--json", "--store", self.store, "--room", case["room"]],
                              capture_output=True, timeout=TIME, check=True)
        return json.loads(done.stdout)

    @staticmethod
    def balances(case, summary):
        shown = next((c for c in summary["currencies"] if c["code"] == case.get("currency")), summary)
        return {balance["member"]: balance["cents"] for balance in shown["balances"]}

    def assert_ledger(self):
        """What intersplit-cli reads of the store that the peer has left."""
        for case in (case for case in CASES if "shares" in case):
            with self.subTest(case["name"]):
                self.assertEqual(case["shares"], cents(self.read("list", case)[-1]["shares"]))
                self.assertEqual(case["balances"], self.balances(case, self.read("balance", case)))

    def test_at_the_terminal(self):
        lines = []
        for case in CASES:
            lines += [say(case, line) for line in case.get("before", ())]
            lines += [f"/print --text <{case['room']}>", f"{case['terminal']} --room {case['room']}"]
        said = self.run_peer("\n".join(lines))[0]
        for case in CASES:
            with self.subTest(case["name"]):
                line = said.split(f"<{case['room']}>\n")[1].splitlines()[0]
                self.assertEqual(f"Command failed: {refusal(case)}" if "error" in case else
                                 f"[expense:{case['room']}] {case['added']}", line)
        self.assert_ledger()

    def test_over_the_bridge(self):
        peer = self.start("--sc-bridge", "1", "--sc-bridge-token", "t", "--sc-bridge-port", "0")
        client = Client("127.0.0.1", int(re.search(r"SC-Bridge: ws://127\.0\.0\.1:(\d+)", peer.banner)[1]), "t")
        self.addCleanup(client.close)
        for case in CASES:
            for line in case.get("before", ()):
                client.ask({"type": "expense_say", "channel": case["room"], "text": line})
            with self.subTest(case["name"]):
                self.ask(client, case)
        self.assertEqual(0, peer.stop()[0])
        self.assert_ledger()

    def ask(self, client, case):
        message = {**case["message"], "channel": case["room"]}
        tried = client.ask({**message, "dryRun": True})
        words = client.ask({"type": "expense_say", "channel": case["room"], "text": case["line"], "dryRun": True})
        done = client.ask(message)
        if "error" in case:
            for answer in (tried, words, done):
                self.assertEqual({"type": "error", "error": refusal(case), "leftOver": case["leftOver"]}, answer)
            return
        self.assertEqual(case["sentence"], tried["preview"])
        self.assertEqual(case["sentence"], words["preview"])
        self.assertEqual(case["shares"], cents(done["event"]["shares"]))
        summary = client.ask({"type": "expense_balance", "channel": case["room"]})["summary"]
        self.assertEqual(case["balances"], self.balances(case, summary))


if __name__ == "__main__":
    unittest.main()
