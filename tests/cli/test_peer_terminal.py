"""intercom-peer from a pipe: the tutorial's commands, the ends of a run, and what stays on the disk.

docs/spec/16-ledger.md, section 0; docs/spec/14-trac-peer.md, section 9; docs/man/intercom-peer.1
"""

import os
import re
import signal
import stat
import subprocess
import unittest

from peer_process import PeerTest, READY

TUTORIAL = ["--peer-store-name", "peer", "--msb-store-name", "demo2-msb", "--subnet-channel", "intersplit-demo",
            "--sidechannels", "trip-nyc"]
DEMO = ['/expense_add --channel "trip-nyc" --payer "alice" --amount "30" --split "alice,bob" --note "dinner"',
        '/expense_add --channel "trip-nyc" --payer "bob" --amount "10" --split "alice,bob" --note "snacks"']
BALANCE = """[expense:trip-nyc] entries=2 total=40.00
- balances:
  alice: +10.00
  bob: -10.00
- settlements:
  bob -> alice: 10.00
"""


class Terminal(PeerTest):
    def test_the_quick_demo_gives_the_lines_of_the_original(self):
        lines = DEMO + ["/expense_balance --channel trip-nyc", "/expense_persist --channel trip-nyc",
                        "/expense_export --channel trip-nyc --format text"]
        out, complaints = self.run_peer("\n".join(lines), *TUTORIAL)
        said = out.split(READY)[1].split("\n", 1)[1]
        self.assertTrue(said.startswith("[expense:trip-nyc] added 30.00 by alice split=alice,bob\n"
                                        "[expense:trip-nyc] added 10.00 by bob split=alice,bob\n" + BALANCE), said)
        self.assertIn(f"Saved on this machine: {self.store}/expense-split.snapshots.json\n", said)
        self.assertIn("Not in the contract", said)
        export = re.sub(r"generated_at: \S+", "generated_at: T", said[said.index("InterSplit"):])
        self.assertEqual("InterSplit Settlement Export\ngenerated_at: T\nchannel: trip-nyc\nevents: 2\n"
                         "total: 40.00\nbalances:\n- alice: +10.00\n- bob: -10.00\n"
                         "settlements:\n- bob -> alice: 10.00\n", export)
        self.assertEqual(["warning: --subnet-channel has no effect yet: the subnet plane is not built",
                          "warning: --msb-store-name has no effect yet: the settlement plane (MSB) is not built"],
                         complaints.splitlines())

    def test_the_banner_has_the_lines_of_the_reference(self):
        banner = self.run_peer("", *TUTORIAL)[0].splitlines()
        self.assertEqual("====================INTERCOM ====================", banner[0])
        for label in ("MSB store: stores/demo2-msb", f"Peer store: {self.store}",
                      "Peer subnet channel: intersplit-demo", "Sidechannel entry: 0000intercom",
                      "Sidechannel extras: trip-nyc"):
            self.assertIn(label, banner)
        text = "\n".join(banner)
        self.assertRegex(text, r"\nPeer pubkey \(hex\): [0-9a-f]{64}\n")
        self.assertRegex(text, r"\nPeer trac address \(bech32m\): trac1[a-z0-9]{58}\n")

    def test_everything_is_there_after_a_restart_and_after_a_kill(self):
        self.run_peer("\n".join(DEMO), *TUTORIAL)
        self.assertIn(BALANCE, self.run_peer("/expense_balance --channel trip-nyc")[0])
        peer = self.start()
        peer.ask("/expense_add --room cut --payer a --amount 1 --split a,b", "added 1.00 by a")
        self.assertEqual(-signal.SIGKILL, peer.stop(signal.SIGKILL)[0])
        out = self.run_peer("/expense_balance --room cut\n/expense_balance --room trip-nyc")[0]
        self.assertIn("[expense:cut] entries=1 total=1.00", out)
        self.assertIn(BALANCE, out)

    def test_clear_then_restore_brings_the_room_back(self):
        room = "--channel trip-nyc"
        self.run_peer("\n".join(DEMO + [f"/expense_persist {room}"]))
        out = self.run_peer(f"/expense_clear {room}\n/expense_balance {room}\n/expense_restore {room} --replace 1\n"
                            f"/expense_balance {room}")[0]
        self.assertIn("cleared removed=2\n[expense:trip-nyc] entries=0", out)
        self.assertIn("restored source=local added=2 total=2\n" + BALANCE, out)

    def test_a_long_search_answers_in_its_turn(self):
        adds = [f"/expense_add --payer m{i} --amount {2 ** i} --split zoe --only 1" for i in range(23)]
        lines = adds + ["/expense_balance", "/print --text behind", "/expense_export", "/expense_why --from zoe --to m3",
                        "/expense_say --text balance"]
        out = self.run_peer("\n".join(lines))[0]
        first, rest = out[out.index("- balances:"):].split("behind\n")
        self.assertEqual(23, first.count("zoe -> m"))
        self.assertIn("InterSplit Settlement Export", rest)
        self.assertIn("zoe -> m3: 8.00; between these two alone: 8.00", rest)
        self.assertEqual(2, rest.count("zoe -> m22: 4194304.00"))

    def test_it_ends_well_by_signal_by_exit_and_by_end_of_input(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            self.assertEqual(0, self.start().stop(number)[0])
        peer = self.start()
        peer.type("/exit\n/stats")
        code, rest = peer.end()
        self.assertEqual((0, ""), (code, rest))
        self.run_peer("")
        with open(os.devnull, "rb") as nothing:
            subprocess.run(self.command(), stdin=nothing, stdout=subprocess.DEVNULL, timeout=60, check=True)

    def test_it_runs_on_without_input_when_it_serves(self):
        peer = self.start("--sc-bridge", "1", "--sc-bridge-token", "t", "--sc-bridge-port", "0")
        self.assertRegex(peer.banner, r"\nSC-Bridge: ws://127\.0\.0\.1:\d+\n")
        peer.child.stdin.close()
        with self.assertRaises(subprocess.TimeoutExpired):
            peer.child.wait(1)
        peer.child.send_signal(signal.SIGTERM)
        self.assertEqual(0, peer.child.wait(60))

    def test_a_line_that_fails_says_so_and_the_next_one_runs(self):
        out = self.run_peer("/hepl\n/expense_add --payer \"x\n" + "x" * 70000 + "\n/expense_list\n")[0]
        self.assertIn("Command failed: unknown command /hepl; did you mean /help?\n"
                      "Command failed: a quote is not closed\n"
                      "Command failed: the line is too long\n"
                      "[expense:0000intercom] no expenses yet.\n", out)

    def test_what_others_wrote_cannot_steer_the_terminal(self):
        out = self.run_peer("/print --text 'a\x1b[2Jb\x07'\n/print --text caf\u00e9\n")[0]
        self.assertIn("a\ufffd[2Jb\ufffd\ncaf\u00e9\n", out)

    def test_files_are_for_their_owner_alone(self):
        self.run_peer("/expense_add --payer a --amount 1\n/expense_persist\n")
        for name in ("db/keypair.json", "db/keypair.opened", "ledger.db", "expense-split.snapshots.json", "peer.lock"):
            mode = stat.S_IMODE(os.stat(os.path.join(self.store, name)).st_mode)
            self.assertEqual(0o600, mode, name)
        self.assertEqual(0o700, stat.S_IMODE(os.stat(self.store).st_mode))


if __name__ == "__main__":
    unittest.main()
