"""intersplit-cli: what it reads, what it prints, what it ends with.

docs/man/intersplit-cli.1; docs/spec/16-ledger.md, section 3.4
"""

import json
import os
import pty
import re
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest

from intersplit_run import (DEMO, INTERSPLIT, NOT_FOUND, REFUSED, TIME, USAGE, FAILED, IntersplitTest, entry,
                            snapshot)
from peer_process import PeerTest

TRIP = snapshot(trip=DEMO)
BALANCE = """\
Member  Balance
alice    +10.00  gets back
bob      -10.00  owes
"""


class Settle(IntersplitTest):
    def test_balances_are_read_as_people_write_them(self):
        out = self.run_cli("settle", text="alice: +15.00\nbob -10\n# a note\n\nmary ann,-5.00\n")[0]
        self.assertEqual("From      To     Amount\n"
                         "bob       alice   10.00\n"
                         "mary ann  alice    5.00\n"
                         "2 transfers, provably minimal.\n", out)
        self.assertEqual("All settled.\n", self.run_cli("settle", text="alice 0\nbob: +0.00\n")[0])

    def test_json_has_cents_and_text(self):
        out = self.run_cli("settle", "--json", text="a 1.5\nb -1.50\n")[0]
        self.assertEqual({"transfers": [{"from": "b", "to": "a", "amountCents": 150, "amount": "1.50"}],
                          "optimal": True, "lowerBound": 1}, json.loads(out))

    def test_what_does_not_sum_to_zero_is_refused(self):
        self.refuses("do not sum to zero", "settle", text="a 1\nb -2\n")
        self.refuses("a name stands twice", "settle", text="a 1\na -1\n")
        self.refuses("line 2: this is no balance", "settle", text="a 1\nb -1,5e3\n")
        self.refuses("line 1: this is no balance", "settle", text="15.00\n")

    def test_an_instance_a_line_is_answered_at_once(self):
        child = subprocess.Popen([INTERSPLIT, "settle", "--jsonl"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        child.stdin.write(b'{"id":"x","balances":[["a",5],["b",-5]]}\n')
        child.stdin.flush()
        self.assertEqual({"id": "x", "transfers": [["b", "a", 5]], "optimal": True, "lowerBound": 1},
                         json.loads(child.stdout.readline()))
        for line in (b'{"id":[1],"balances":[["a",5]]}', b'{"balances":[["a",0.5]]}', b'{"balances":{}}', b'nonsense'):
            child.stdin.write(line + b"\n")
            child.stdin.flush()
            self.assertIn("error", json.loads(child.stdout.readline()))
        child.stdin.close()
        self.assertEqual(REFUSED, child.wait(TIME))
        child.stdout.close()

    def test_the_public_instances_are_settled(self):
        with open(os.path.join(os.environ["TEST_VECTORS"], "settlement.json"), encoding="utf-8") as file:
            instances = json.load(file)
        instances = instances["instances"] if isinstance(instances, dict) else instances
        small = [i for i in instances if i["n"] <= 20]
        self.assertGreater(len(small), 10)
        text = "".join(json.dumps({"id": i["id"], "balances": i["balances"]}) + "\n" for i in small)
        answers = [json.loads(line) for line in self.run_cli("settle", "--jsonl", text=text)[0].splitlines()]
        for instance, answer in zip(small, answers):
            self.assertEqual(instance["id"], answer["id"])
            self.assertEqual(instance["optimum"], len(answer["transfers"]), instance["id"])


class Rooms(IntersplitTest):
    def test_a_snapshot_comes_as_a_file_or_on_standard_input(self):
        self.assertEqual(BALANCE, self.run_cli("balance", text=TRIP)[0])
        path = self.file("snapshots.json", TRIP)
        self.assertEqual(BALANCE, self.run_cli("balance", "--store", path)[0])
        self.assertEqual(BALANCE, self.run_cli("balance", f"--store={path}", "--room", "trip")[0])
        self.assertEqual(["snapshots.json"], os.listdir(self.folder.name))

    def test_a_room_is_chosen_when_there_are_several(self):
        several = snapshot(trip=DEMO, flat=DEMO[:1])
        self.refuses("choose one with --room: trip, flat", "balance", text=several, code=USAGE)
        self.assertIn("+15.00", self.run_cli("balance", "--room", "flat", text=several)[0])
        self.refuses("no room 'tripp'; there are: trip, flat", "balance", "--room", "tripp", text=several,
                     code=NOT_FOUND)

    def test_programs_get_json(self):
        summary = json.loads(self.run_cli("balance", "--json", text=TRIP)[0])
        self.assertEqual([{"member": "alice", "cents": 1000}, {"member": "bob", "cents": -1000}], summary["balances"])
        self.assertEqual(["dinner", "snacks"], [e["note"] for e in json.loads(self.run_cli("list", "--json",
                                                                                           text=TRIP)[0])])
        plan = json.loads(self.run_cli("plan", "--json", text=TRIP)[0])[0]
        self.assertEqual([{"from": "bob", "to": "alice", "amountCents": 1000, "amount": "10.00"}], plan["transfers"])

    def test_a_plan_has_modes_and_reasons(self):
        text = snapshot(trip=[entry(1, "alice", 3000, "alice,bob,carol", "boat"), entry(2, "bob", 600, "bob,carol", "ice")])
        self.assertIn("carol  alice   10.00", self.run_cli("plan", "--mode", "pairwise", text=text)[0])
        via = json.loads(self.run_cli("plan", "--json", "--mode=via=bob", text=text)[0])[0]["transfers"]
        self.assertEqual([("bob", "alice"), ("carol", "bob")], sorted((t["from"], t["to"]) for t in via))
        self.refuses("a mode is minimal, pairwise or via=MEMBER, not 'x'", "plan", "--mode", "x", text=text, code=USAGE)
        lines = self.run_cli("why", "carol", "alice", text=text)[0].splitlines()
        self.assertEqual("carol -> alice: 13.00", lines[0].strip())
        self.assertEqual(["in", "all", "-13.00", "+20.00", "+10.00"], lines[-1].split())
        said = json.loads(self.run_cli("why", "--json", "carol", "alice", text=text)[0])
        self.assertEqual([("t1", -1000, 2000, 1000), ("t2", -300, 0, 0)],
                         [(e["txId"], e["fromCents"], e["toCents"], e["directCents"]) for e in said["entries"]])
        self.refuses("the plan has no payment from alice to carol", "why", "alice", "carol", text=text, code=NOT_FOUND)

    def test_a_table_holds_wide_letters_and_no_escape_sequences(self):
        events = [entry(1, "日本", 100, "日本,bo\u0301b", "a\x1b[31m\nb")]
        lines = self.run_cli("list", text=snapshot(r=events))[0].splitlines()
        self.assertIn("a\\u001b[31m\\u000ab", lines[1])
        balance = self.run_cli("balance", text=snapshot(r=events))[0].splitlines()
        self.assertEqual("日本      +0.50  gets back", balance[2])

    def test_colour_is_for_terminals(self):
        self.assertNotIn("\033", self.run_cli("balance", text=TRIP)[0])
        self.assertIn("\033[32m+10.00", self.run_cli("balance", "--color", "always", text=TRIP)[0])
        main, end = pty.openpty()
        path = self.file("snapshots.json", TRIP)
        subprocess.run([INTERSPLIT, "balance", "--store", path], stdout=end, timeout=TIME, check=True,
                       env={k: v for k, v in os.environ.items() if k != "NO_COLOR"})
        os.close(end)
        self.assertIn(b"\033[32m+10.00", os.read(main, 65536))
        os.close(main)

    def test_on_a_terminal_it_does_not_wait_for_a_ledger_to_be_typed(self):
        main, end = pty.openpty()
        done = subprocess.run([INTERSPLIT, "balance"], stdin=end, capture_output=True, timeout=TIME, check=False)
        os.close(end)
        os.close(main)
        self.assertEqual(USAGE, done.returncode)
        self.assertIn(b"name a store with --store", done.stderr)

    def test_a_signal_leaves_no_copy_behind(self):
        place = os.path.join(self.folder.name, "copies")
        os.mkdir(place)
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGTERM):
            def heard(number=number):  # whoever runs us may have it ignored, as nohup does
                signal.signal(number, signal.SIG_DFL)

            child = subprocess.Popen([INTERSPLIT, "balance"], stdin=subprocess.PIPE, preexec_fn=heard,
                                     env={**os.environ, "TMPDIR": place})
            self.addCleanup(child.kill)
            end = time.monotonic() + TIME
            while not os.listdir(place) and time.monotonic() < end:
                time.sleep(0.01)
            self.assertEqual(1, len(os.listdir(place)))
            child.send_signal(number)
            self.assertEqual((-number, []), (child.wait(TIME), os.listdir(place)))
            child.stdin.close()

    def test_what_is_wrong_is_said_in_one_line(self):
        self.refuses("No such file", "balance", "--store", "/nowhere/at/all", code=NOT_FOUND)
        for text in ("nonsense", "", " \n", "\0{}"):
            self.refuses("standard input is neither a ledger's store nor a snapshot", "balance", text=text)
        path = self.file("notes.txt", "[]")
        self.refuses(f"{path} is neither a ledger's store nor a snapshot", "balance", "--store", path)
        self.refuses("the snapshot file is damaged", "balance", text="{nonsense")
        self.refuses("there is no room", "balance", text=snapshot(), code=NOT_FOUND)
        self.refuses("there is no option '--rom'", "balance", "--rom", "x", code=USAGE)
        self.refuses("--room needs a value", "balance", "--room", code=USAGE)
        self.refuses("'x' is too much", "balance", "x", code=USAGE)
        self.refuses("did you mean balance?", "balanc", code=USAGE)
        self.refuses("cannot make a folder", "balance", text=TRIP, code=FAILED, env={"TMPDIR": "/nowhere"})

    def test_help_fits_a_terminal_and_knows_each_command(self):
        commands = re.findall(r"^  (\w+)", self.run_cli("--help")[0], re.M)
        self.assertIn("settle", commands)
        for command in commands:
            text = self.run_cli(command, "--help")[0]
            self.assertTrue(text.startswith(f"Usage: intersplit-cli {command} "), text)
            self.assertLessEqual(max(map(len, text.splitlines())), 100)
        self.assertRegex(self.run_cli("--version")[0], r"^intersplit-cli \d+\.\d+\.\d+\n$")


class Stores(IntersplitTest, PeerTest):
    def setUp(self):
        PeerTest.setUp(self)

    def fill(self, peer):
        peer.ask("/expense_add --channel trip --payer alice --amount 30 --split alice,bob", "added 30.00")
        peer.ask("/expense_add --channel trip --payer bob --amount 10 --split alice,bob", "added 10.00")

    def test_a_store_is_read_while_its_peer_runs_and_afterwards(self):
        peer = self.start()
        self.fill(peer)
        self.assertEqual(BALANCE, self.run_cli("balance", "--store", self.store)[0])
        peer.ask("/expense_add --channel trip --payer bob --amount 20 --split alice,bob", "added 20.00")
        self.assertEqual(3, len(json.loads(self.run_cli("list", "--store", self.store, "--json")[0])))
        self.assertEqual(0, peer.stop()[0])
        before = sorted(os.listdir(self.store))
        self.assertIn("+0.00", self.run_cli("balance", "--store", os.path.join(self.store, "ledger.db"))[0])
        self.assertEqual(before, sorted(os.listdir(self.store)))

    def test_check_finds_what_its_author_did_not_sign(self):
        peer = self.start()
        self.fill(peer)
        peer.stop()
        good = json.loads(self.run_cli("check", "--store", self.store, "--json")[0])
        self.assertEqual((True, 2, 0), (good["good"], good["signed"], good["badSignatures"]))
        copy = os.path.join(self.folder.name, "copy.db")
        shutil.copy(os.path.join(self.store, "ledger.db"), copy)
        with sqlite3.connect(copy) as db:
            db.execute("UPDATE event SET sig = zeroblob(64) WHERE key = (SELECT max(key) FROM event)")
        db.close()
        bad = json.loads(self.run_cli("check", "--store", copy, "--json", code=REFUSED)[0])
        self.assertEqual((False, 1), (bad["good"], bad["badSignatures"]))

    def test_check_proves_who_signed_two_events_in_the_place_of_one(self):
        add = "/expense_add --channel trip --payer alice --split bob --amount "
        self.run_peer(f"{add}1\n/expense_persist --channel trip\n")
        self.assertEqual([], json.loads(self.run_cli("check", "--store", self.store, "--json")[0])["forks"])
        for name in os.listdir(self.store):
            if name.startswith("ledger.db"):
                os.remove(os.path.join(self.store, name))
        self.run_peer(f"{add}2\n/expense_restore --channel trip\n")
        said = json.loads(self.run_cli("check", "--store", self.store, "--json")[0])
        (fork,) = said["forks"]
        first, second = fork["events"]
        self.assertEqual((True, fork["author"], first["by"]), (said["good"], first["by"], second["by"]))
        self.assertEqual(first["seq"], second["seq"])
        self.assertNotEqual(first["sig"], second["sig"])
        lines = self.run_cli("check", "--store", self.store)[0].splitlines()
        self.assertEqual(["forks: 1", f"  {fork['author']} signed two events in the place of one:"], lines[-4:-2])
        self.assertEqual([first, second], [json.loads(line) for line in lines[-2:]])

    def test_the_history_of_an_entry_begins_with_its_addition(self):
        peer = self.start()
        self.fill(peer)
        peer.stop()
        last = json.loads(self.run_cli("list", "--json", "--store", self.store)[0])[-1]
        for name in ("last", last["txId"], last["txId"][:6]):
            (step,) = json.loads(self.run_cli("history", "--json", "--store", self.store, name)[0])
            self.assertEqual(("added", True, last["txId"]), (step["kind"], step["counts"], step["value"]["txId"]))
        line = self.run_cli("history", "--store", self.store, "last")[0].splitlines()[1]
        self.assertIn("added", line)
        self.assertIn("10.00 by bob for ", line)
        self.run_cli("history", "--store", self.store, "000000", code=NOT_FOUND)

    def test_another_programs_database_is_left_alone(self):
        path = os.path.join(self.folder.name, "other.db")
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE t (x)")
        db.close()
        self.refuses("not a ledger's store", "balance", "--store", path)


if __name__ == "__main__":
    unittest.main()
