"""intersplit-cli import: balances are the file's to the cent, nothing comes twice, mistakes have their line.

docs/spec/16-ledger.md, section 1.2. The samples in import/ are made by hand after the formats of the programs.
"""

import csv
import io
import json
import os
import pty
import re
import shutil
import subprocess
import unittest
from decimal import ROUND_FLOOR, Decimal

from intersplit_run import BUSY, INTERSPLIT, NOT_FOUND, TIME, USAGE, IntersplitTest
from peer_process import PeerTest

SAMPLES = os.path.join(os.environ["TEST_SOURCE"], "tests", "cli", "import")
CENT = Decimal("0.01")


def sample(name):
    with open(os.path.join(SAMPLES, name), "rb") as file:
        return file.read()


def shared(amount, weights):
    """Largest remainder, ties by order: {name: share}."""
    whole = sum(weights.values())
    exact = {name: amount * weight / whole for name, weight in weights.items()}
    shares = {name: part.quantize(CENT, ROUND_FLOOR) for name, part in exact.items()}
    left = int((amount - sum(shares.values())) / CENT)
    for name in sorted(exact, key=lambda n: shares[n] - exact[n])[:left]:
        shares[name] += CENT
    return shares


def sums(*entries):
    """Balances of (payer, amount, {name: share})."""
    total = {}
    for payer, amount, shares in entries:
        total[payer] = total.get(payer, 0) + amount
        for name, share in shares.items():
            total[name] = total.get(name, 0) - share
    return {name: amount for name, amount in total.items() if amount}


def setUpModule():
    """One key for all: making it and opening it for the first time takes seconds on a busy machine."""
    PeerTest.setUpClass()


def tearDownModule():
    PeerTest.doClassCleanups()


class Import(IntersplitTest):
    def dry(self, name, *args):
        """{(member, currency): balance} that the dry run shows."""
        path = os.path.join(SAMPLES, name) if os.sep not in name else name
        said = self.run_cli("import", "--room", "trip", *args, path)[0]
        self.assertIn("Nothing was written; add --write", said)
        table = said[said.index("Member"):].splitlines()[1:]
        cells = [re.split(r"  +", line.strip()) for line in table]
        return {(c[0], c[2]): Decimal(c[1]) for c in cells if Decimal(c[1])}

    def of(self, currency, balances):
        return {(name, currency): amount for name, amount in balances.items()}

    def test_splitwise_comes_to_its_own_totals(self):
        rows = [row for row in csv.reader(io.StringIO(sample("splitwise.csv").decode())) if row]
        totals = {}
        for row in rows[1:]:
            if row[1] != "Total balance":
                for name, cell in zip(rows[0][5:], row[5:]):
                    key = (name.lower(), row[4])
                    totals[key] = totals.get(key, 0) + Decimal(cell)
        self.assertEqual({key: amount for key, amount in totals.items() if amount}, self.dry("splitwise.csv"))
        self.assertEqual(Decimal("131.17"), totals[("alice smith", "EUR")])

    def test_splitwise_json_has_who_paid_what(self):
        D = Decimal
        self.assertEqual(self.of("USD", {"jane doe": D("12.50") + D("26.66") - 20, "sam": D("-12.50") + D("6.67") + 20,
                                         "kim lee": D("-33.33")}), self.dry("splitwise.json"))

    def test_spliit_shares_and_percentages(self):
        D = Decimal
        even = {"carol": D(1), "alice": D(1), "bob": D(1)}  # in the order that the id e1 chooses
        refund = {name: -share for name, share in shared(D(30), {"alice": D(1), "bob": D(1)}).items()}
        expected = sums(("alice", D(100), shared(D(100), even)),
                        ("bob", D("900.01"), shared(D("900.01"), {"alice": D(1), "bob": D(2)})),
                        ("carol", D("33.33"), shared(D("33.33"), {"alice": D(25), "bob": D(75)})),
                        ("alice", D(50), {"bob": D("19.99"), "carol": D("30.01")}),
                        ("carol", D(20), {"alice": D(20)}),
                        ("bob", D(-30), refund))
        self.assertEqual(self.of("EUR", expected), self.dry("spliit.json"))

    def spliit(self, currency, code, *expenses):
        """A group of Spliit's of these (id, amount, mode, {participant: shares}), all paid by a."""
        people = {"p-z": "a", "p-m": "b", "p-b": "c"}
        rows = [{"id": eid, "expenseDate": "2026-08-20T00:00:00.000Z", "title": "x", "category": None, "amount": amount,
                 "paidById": "p-z", "paidFor": [{"participantId": p, "shares": s} for p, s in shares.items()],
                 "isReimbursement": False, "splitMode": mode, "notes": None} for eid, amount, mode, shares in expenses]
        group = {"id": "g", "name": "g", "currency": currency, "currencyCode": code, "expenses": rows,
                 "participants": [{"id": p, "name": name} for p, name in people.items()]}
        return self.dry(self.file("group.json", json.dumps(group)))

    def test_spliit_shares_come_out_as_in_spliit(self):
        """Its rule since August 2026: largest remainder, ties by participants from one that the id chooses (FNV-1a)."""
        def theirs(eid, amount, shares):
            ids = sorted(shares)
            offset = 0x811c9dc5
            for c in eid.encode():
                offset = (offset ^ c) * 0x01000193 % 2 ** 32
            whole = sum(shares.values())
            low = {p: amount * shares[p] // whole for p in ids}
            order = sorted(ids, key=lambda p: (-(amount * shares[p] % whole), (ids.index(p) - offset) % len(ids)))
            for p in order[:amount - sum(low.values())]:
                low[p] += 1
            return low

        even = dict.fromkeys(("p-z", "p-m", "p-b"), 100)
        for number in range(24):
            eid, shares = f"expense-{number}", even if number % 3 else {"p-z": 100, "p-m": 300, "p-b": 200}
            amount = (1000 + number) * (-1 if number % 4 == 3 else 1)
            expected = theirs(eid, amount, shares)
            for code, unit in (("EUR", CENT), ("HUF", 1)):
                got = self.spliit("?", code, (eid, amount, "EVENLY" if shares is even else "BY_SHARES", shares))
                self.assertEqual({("a", code): (amount - expected["p-z"]) * unit, ("b", code): -expected["p-m"] * unit,
                                  ("c", code): -expected["p-b"] * unit}, got, eid)

    def test_a_symbol_is_no_currency_without_decimals(self):
        got = self.spliit("JPY", None, ("e", 1000, "EVENLY", {"p-z": 100, "p-m": 100}))
        self.assertEqual({Decimal("5.00"), Decimal("-5.00")}, set(got.values()))

    def test_spliit_csv_has_shares_with_the_payers_sign(self):
        D = Decimal
        expected = sums(("alice", D(100), {"alice": D("33.34"), "bob": D("33.33"), "carol": D("33.33")}),
                        ("bob", D("48.64"), {"alice": D(20), "bob": D("28.64")}),
                        ("carol", D(30), {"alice": D(10), "bob": D(5), "carol": D(15)}),
                        ("alice", D(-60), {"alice": D(-20), "bob": D(-20), "carol": D(-20)}))
        self.assertEqual(self.of("EUR", expected), self.dry("spliit.csv"))

    def test_weights_of_members_split_bills(self):
        D = Decimal
        weights = {"alice": D(1), "bob": D(2), "carol": D(1)}
        two = {"alice": D(1), "bob": D(2)}
        refund = {name: -share for name, share in shared(D(30), two).items()}
        expected = sums(("alice", D(100), shared(D(100), weights)), ("bob", D(1000), shared(D(1000), two)),
                        ("carol", D("20.5"), {"alice": D("20.5")}), ("alice", D(-30), refund))
        self.assertEqual(self.of("EUR", expected), self.dry("ihatemoney.csv"))
        weights = {"alice": D(1), "bob": D(2), "carol": D("1.5")}
        expected = sums(("alice", D("42.5"), shared(D("42.5"), two)), ("bob", D("99.99"), shared(D("99.99"), weights)),
                        ("carol", D("33.33"), shared(D("33.33"), {"carol": D("1.5"), "alice": D(1)})),
                        ("bob", D(12), {"alice": D(12)}))
        self.assertEqual(self.of("EUR", expected), self.dry("cospend.csv"))

    def test_our_own_export_comes_back(self):
        first = self.dry("splitwise.csv")
        text = self.run_cli("export", "--format", "splitwise", "--store", self.written("splitwise.csv"))[0]
        self.assertEqual(first, self.dry(self.file("again.csv", text)))

    def written(self, *names, room="trip", code=0):
        """A store with a key of its own into which the samples were imported; the last answer in self.said."""
        store = os.path.join(self.folder.name, "ledger.db")
        key = os.path.join(self.folder.name, "keypair.json")
        if not os.path.exists(key):
            for name in ("keypair.json", "keypair.opened"):
                shutil.copy(os.path.join(PeerTest.first.name, "peer", "db", name), self.folder.name)
        for name in names:
            path = name if os.sep in name else os.path.join(SAMPLES, name)
            self.said = json.loads(self.run_cli("import", "--room", room, "--store", store, "--key", key, "--write",
                                                "--json", path, code=code)[0])
        return store

    def counts(self):
        return self.said["added"], self.said["known"]

    def test_nothing_comes_twice(self):
        for number, name in enumerate(sorted(os.listdir(SAMPLES))):
            room = f"r{number}"
            self.written(name, room=room)
            rows = self.said["rows"]
            self.assertEqual((rows, 0), self.counts(), name)
            store = self.written(name, room=room)
            self.assertEqual((0, rows), self.counts(), name)
        check = json.loads(self.run_cli("check", "--json", "--store", store, "--room", "r0")[0])
        self.assertTrue(check["good"])

    def test_a_longer_file_adds_what_is_new(self):
        text = sample("splitwise.csv").decode()
        longer = re.sub(r"(?m)^(Date.*)$", r"\1,Dora", text)
        longer = re.sub(r"(?m)^(2025.*)$", r"\1,0.00", longer)
        coffee = "2025-06-03,Coffee,Dining out,4.00,EUR,-2.00,2.00,0.00,0.00\n"
        longer = longer.replace(coffee, coffee * 2, 1)
        self.written("splitwise.csv")
        self.written(self.file("longer.csv", longer))
        self.assertEqual((1, 8), self.counts())

    def test_entries_have_the_day_and_the_kind_of_their_row(self):
        store = self.written("splitwise.json")
        rows = [line.split() for line in self.run_cli("list", "--store", store)[0].splitlines()[1:]]
        self.assertEqual(["2025-05-02", "2025-05-03", "2025-05-04"], [row[1][:10] for row in rows])
        self.assertIn("payment", rows[2])
        self.assertIn("Groceries - for the weekend", self.run_cli("list", "--store", store)[0])

    def test_mistakes_have_their_line(self):
        def bad(old, new, words, name="splitwise.csv", *args):
            text = sample(name)
            self.assertIn(old.encode(), text)
            path = self.file("bad", text.replace(old.encode(), new.encode(), 1))
            self.refuses(words, "import", "--room", "r", *args, path)

        bad("60.00,-30.00,-30.00", "60.00,-30.00,-30.01", "line 3: the members' columns sum to -0.01, not to zero")
        bad("2025-06-02,Groceries", "02/06/2025,Groceries", "line 5: '02/06/2025' is no date; write YYYY-MM-DD")
        bad("9000,JPY", "9 000,JPY", "line 9: '9 000' is no amount")
        bad("9000,JPY", '"9,000",JPY', "line 9: '9,000' is no amount")
        bad("300.00,EUR", '"1,300.00",EUR', "line 6: '1,300.00' is no amount")
        bad("9000,JPY", "900,JPY", "line 9: the members' columns are more than the cost")
        bad("Dinner, with wine\"", "Dinner, with wine", "line 4: a quote is not closed")
        bad("Date,", "Day,", "line 1: these are no titles of a file that can be imported")
        bad("100.0,EUR", "1e2,EUR", "line 2: '1e2' is no amount", "ihatemoney.csv")
        bad('"splitMode":"EVENLY"', '"splitMode":"ODDLY"', "expense 1: it is split in a way", "spliit.json")
        bad('"shares":7500', '"shares":7400', "expense 3: ", "spliit.json")
        bad('"paidById":"p2"', '"paidById":"p9"', "expense 2: it was paid by somebody", "spliit.json")
        bad('"owed_share":"33.34"', '"owed_share":"33.35"', "the sum of the shares is more by 0.01 than the cost",
            "splitwise.json")
        bad('"id":51023', '"id":', "line 2: ", "splitwise.json")
        bad("No,Evenly,33.33,-33.33,-33.33", "Yes,Evenly,0,-100,0", "line 2: Spliit's CSV does not say who paid this",
            "spliit.csv")
        self.refuses("a format is splitwise", "import", "--room", "r", "--format", "xls", "x", code=USAGE)
        self.refuses("these are no titles of spliit", "import", "--room", "r", "--format", "spliit",
                     os.path.join(SAMPLES, "splitwise.csv"))
        self.refuses("--room is missing", "import", "x", code=USAGE)
        self.refuses("--store is missing", "import", "--room", "r", "--write", "x", code=USAGE)

    def test_titles_in_another_language_go_by_their_place(self):
        text = sample("splitwise.csv").decode().replace("Date,Description,Category,Cost,Currency",
                                                        "Datum,Beschreibung,Kategorie,Kosten,Währung")
        path = self.file("german.csv", text)
        self.assertEqual(self.dry("splitwise.csv"), self.dry(path, "--format", "splitwise"))
        self.refuses("if Splitwise wrote them in another language, say that its format is splitwise",
                     "import", "--room", "r", path)

    def test_amounts_of_another_language_have_a_comma(self):
        path = self.file("french.csv", 'Date,Description,Catégorie,Cost,Devise,Ana,Bob\n'
                                       '2025-03-11,x,General,"7,2",EUR,"3,60","-3,60"\n'
                                       '2025-03-12,y,General,"1234,05",EUR,"-617,03","617,03"\n'
                                       '\n,,,,,"-613,43","--613,43"\n')
        self.assertEqual({("ana", "EUR"): Decimal("-613.43"), ("bob", "EUR"): Decimal("613.43")},
                         self.dry(path, "--format", "splitwise"))

    def test_members_whose_names_come_out_alike_stay_two(self):
        path = self.file("two.csv", "Date,Description,Category,Cost,Currency,Ana,ANA,\"a,b\"\n"
                                    "2025-01-01,x,General,10.00,EUR,10.00,-4.00,-6.00\n")
        self.assertEqual({("ana", "EUR"): 10, ("ana 2", "EUR"): -4, ("a-b", "EUR"): -6}, self.dry(path))

    def test_all_rows_or_none(self):
        text = sample("splitwise.csv").decode().replace("4.00,EUR,-2.00,2.00,0.00", "4.00,EUR,-2.00,3.00,0.00", 1)
        store = self.written("splitwise.json")
        before = self.run_cli("list", "--json", "--store", store)[0]
        key = os.path.join(self.folder.name, "keypair.json")
        self.refuses("line 7", "import", "--room", "trip", "--store", store, "--key", key, "--write",
                     self.file("bad.csv", text))
        rows = "".join(f"2025-01-01,row {i},General,1.00,EUR,0.50,-0.50\n" for i in range(5001))
        self.refuses("one key can write 5000 events", "import", "--room", "trip", "--store", store, "--key", key,
                     "--write", self.file("long.csv", "Date,Description,Category,Cost,Currency,a,b\n" + rows))
        self.assertEqual(before, self.run_cli("list", "--json", "--store", store)[0])


    def test_a_long_import_says_on_a_terminal_how_far_it_is(self):
        rows = "".join(f"2025-01-01,row {i},General,1.00,EUR,0.50,-0.50\n" for i in range(600))
        path = self.file("long.csv", "Date,Description,Category,Cost,Currency,a,b\n" + rows)
        main, end = pty.openpty()
        subprocess.run([INTERSPLIT, "import", "--room", "r", path], stdout=subprocess.DEVNULL, stderr=end, timeout=TIME,
                       check=True, env={**os.environ, "TMPDIR": self.folder.name})
        os.close(end)
        said = os.read(main, 65536).decode()
        os.close(main)
        self.assertIn("64 of 600", said)
        self.assertIn("600 of 600", said)
        self.assertEqual("", self.run_cli("import", "--room", "r", path)[1])


class Peers(IntersplitTest, PeerTest):
    @classmethod
    def setUpClass(cls):
        """The module has made the key."""

    def setUp(self):
        PeerTest.setUp(self)

    def test_a_running_peer_keeps_its_store(self):
        path = os.path.join(SAMPLES, "splitwise.csv")
        args = ("import", "--room", "trip", "--store", self.store, "--write", path)
        peer = self.start()
        peer.ask("/expense_add --channel trip --payer bob --amount 10 --split alice", "added 10.00")
        self.refuses("stop it (/exit), import, and start it again", *args, code=BUSY)
        dry = self.run_cli("import", "--room", "trip", "--store", self.store, path)[0]
        self.assertIn("8 entries, 8 new", dry)
        self.assertEqual(0, peer.stop()[0])
        self.assertIn("8 entries, 8 new", self.run_cli(*args)[0])
        peer = self.start()
        self.assertIn("entries=9", peer.ask("/expense_list --channel trip", "Sushi"))
        peer.stop()

    def test_without_a_key_nothing_is_written(self):
        os.unlink(os.path.join(self.store, "db", "keypair.json"))
        self.refuses("keypair.json: not found", "import", "--room", "trip", "--store", self.store, "--write",
                     os.path.join(SAMPLES, "splitwise.csv"), code=NOT_FOUND)


if __name__ == "__main__":
    unittest.main()
