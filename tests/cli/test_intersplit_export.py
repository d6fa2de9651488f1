"""intersplit-cli export: the programs that read it come to our balances.

docs/spec/16-ledger.md, section 1.2. ledger, hledger and beancount are the real programs; scripts/deps installs them.
"""

import csv
import io
import json
import os
import random
import re
import subprocess
import unittest
from decimal import Decimal
from urllib.parse import unquote

from intersplit_run import DEMO, TIME, USAGE, IntersplitTest, entry, snapshot
from peer_process import PeerTest

ODD_NAMES = ["alice", "mary ann", "a  b", "(x)", "[v]", "* s", "! p", "c;d", "e:f", "=g", "-h", "+i", "@j", "50%", "日本",
             "né", "e", "12", "a\"b", "o'neil", "k\\l", "x-y", "p|q", "{z}", "<u>", "#1", "a\u00a0b", "a\u3000b", "ab-20"]
ODD_NOTES = ["dinner", "", "a; b", "two  spaces ; and more", "line\nbreak\r\nand\tmore", "(open", "(code) x", "* cleared",
             "! pending", "[2024-01-01]", "=3+4", "a | b", "\"quoted\"", "back\\slash", "; only", "key: value", "2024-01-01",
             "寿司 🍣", "\u202eturned", "'guarded", "=cmd()", "-1", "+1", "@x", ":tag:", "; [=2024/01/01]", "a,b"]


def odd_room(seed=7, count=120):
    chance = random.Random(seed)
    events = []
    for number in range(count):
        split = chance.sample(ODD_NAMES, chance.randint(1, 9))
        events.append({"txId": chance.choice(["t;x", "a:b,c", "[2024]", "t"]) + str(number),
                       "payer": chance.choice(ODD_NAMES), "amountCents": chance.randint(1, 10 ** 9), "split": split,
                       "note": ODD_NOTES[number % len(ODD_NOTES)],
                       "ts": chance.choice([0, -10 ** 13, 1735689600000 + number * 86400000, 10 ** 15]), "by": "x"})
    return snapshot(odd=events)


def without_zeros(balances):
    return {key: amount for key, amount in balances.items() if amount}


def real_name(account):
    return unquote(account.removeprefix("Members:"))


def beancount_name(account):
    name = account.removeprefix("Assets:Members:")
    name = name[2:] if name.startswith("X--") else name[0].lower() + name[1:]
    return bytes(re.sub(rb"-([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), name.encode())).decode()


class Export(IntersplitTest):
    def export(self, *args, text=None):
        return self.run_cli("export", *args, text=text or snapshot(trip=DEMO))[0]

    def balances(self, text):
        """{(name, currency): amount} without zeros, by our own account."""
        rooms = json.loads(self.export("--what", "balances", "--format", "json", text=text))["currencies"]
        return without_zeros({(b["member"], c["currency"]): Decimal(b["amount"]) for c in rooms for b in c["balances"]})

    def tool(self, *command, text):
        done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=TIME, check=False)
        self.assertEqual((0, ""), (done.returncode, done.stderr.decode()))
        return done.stdout.decode()

    def ledger_says(self, text):
        said = self.tool("ledger", "-f", "-", "register", "--format", "%(account)\t%(amount)\n", text=text)
        sums = {}
        for line in said.splitlines():
            account, _, money = line.partition("\t")
            amount, _, currency = money.partition(" ")
            key = (real_name(account), currency.strip("\""))
            sums[key] = sums.get(key, 0) + Decimal(amount)
        return without_zeros(sums)

    def hledger_says(self, text):
        said = self.tool("hledger", "-f", "-", "balance", "--flat", "--empty", "--no-total", "--layout=bare", "-O", "csv",
                         text=text)
        rows = list(csv.reader(io.StringIO(said)))[1:]
        return without_zeros({(real_name(a), c): Decimal(b) for a, c, b in rows})

    def beancount_says(self, text):
        path = self.file("room.beancount", text)
        self.assertEqual("", self.tool("bean-check", path, text=""))
        said = self.tool("bean-query", "-q", "-f", "csv", path, "SELECT account, position", text="")
        sums = {}
        for account, position in list(csv.reader(io.StringIO(said)))[1:]:
            amount, currency = position.split()
            key = (beancount_name(account.strip()), "" if currency == 3 * "X" else currency.removeprefix("X."))
            sums[key] = sums.get(key, 0) + Decimal(amount)
        return without_zeros(sums)

    def splitwise_says(self, text):
        """Sums of the member columns; the line of totals says the same."""
        rows = [row for row in csv.reader(io.StringIO(text)) if row]
        sums, totals = {}, {}
        for row in rows[1:]:
            for name, cell in zip(rows[0][5:], row[5:]):
                key = (name, row[4])
                target = totals if row[1] == "Total balance" else sums
                target[key] = target.get(key, 0) + Decimal(cell)
        self.assertEqual(without_zeros(totals), without_zeros(sums))
        return without_zeros(sums)

    def test_other_programs_come_to_our_balances(self):
        for text in (snapshot(trip=DEMO), odd_room()):
            ours = self.balances(text)
            self.assertGreater(len(ours), 1)
            self.assertEqual(ours, self.ledger_says(self.export("--format", "ledger", text=text)))
            self.assertEqual(ours, self.hledger_says(self.export("--format", "hledger", text=text)))
            self.assertEqual(ours, self.beancount_says(self.export("--format", "beancount", text=text)))
            guarded = self.splitwise_says(self.export("--format", "splitwise", text=text))
            self.assertEqual(ours, {(n.removeprefix("'"), c): v for (n, c), v in guarded.items()})

    def test_csv_is_read_back_by_a_strict_reader_and_holds_no_formula(self):
        text = self.export("--what", "expenses", "--format", "csv", text=odd_room())
        self.assertIsNone(re.search(r"\r\n\d{4}-", text), "lines end with LF")
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
        self.assertEqual(120, len(rows))
        notes = [row["note"] for row in rows]
        for note in ODD_NOTES:
            self.assertIn("'" + note if note[:1] in tuple("=+-@\t\r") else note.strip(), notes)
        for row in rows:
            self.assertRegex(row["amount"], r"^\d+\.\d\d$")
            for cell in (row["note"], row["paid"], row["shares"], row["id"]):
                self.assertNotIn(cell[:1], tuple("=+-@\t\r"))

    def test_balances_keep_their_sign_as_numbers(self):
        self.assertEqual("member,balance,currency\nalice,10.00,\nbob,-10.00,\n",
                         self.export("--what", "balances", "--format", "csv"))
        self.assertEqual("alice: +10.00\nbob: -10.00\n", self.export("--what", "balances"))

    def test_the_settlement_is_the_originals(self):
        self.assertEqual("from,to,amount\nbob,alice,10.00\n", self.export("--format", "csv"))
        self.assertIn("InterSplit Settlement Export\ngenerated_at: ", self.export())
        said = json.loads(self.export("--format", "json"))
        again = json.loads(self.export("--json"))
        self.assertEqual({**said, "generatedAt": 0}, {**again, "generatedAt": 0})
        self.assertIn("entries", json.loads(self.export("--json", "--format=json", "--what", "expenses")))
        self.refuses("--json is --format json", "export", "--json", "--format", "csv", text=snapshot(trip=DEMO), code=USAGE)
        self.assertEqual(["app", "version", "generatedAt", "channel", "eventCount", "total", "balances", "settlements"],
                         list(said))

    def test_an_empty_room_is_no_mistake(self):
        gone = snapshot(trip=[entry(1, "alice", 100, "alice")])
        for name in ("text", "json", "csv", "splitwise", "ledger", "hledger", "beancount"):
            for what in ("settlements", "balances", "expenses"):
                self.assertTrue(self.export("--format", name, "--what", what, text=gone))

    def test_an_unknown_name_tells_the_choices(self):
        self.refuses("a format is text, json, csv, splitwise, ledger, hledger or beancount", "export", "--format", "xls",
                     text=snapshot(trip=DEMO), code=USAGE)
        self.refuses("export settlements, balances or expenses", "export", "--what", "all", text=snapshot(trip=DEMO),
                     code=USAGE)


class Kinds(Export, PeerTest):
    """Refunds, payments, several payers and several currencies, as an import brings them."""

    def setUp(self):
        PeerTest.setUp(self)
        folder = os.path.join(os.environ["TEST_SOURCE"], "tests", "cli", "import")
        for name in ("splitwise.csv", "spliit.json", "splitwise.json", "cospend.csv"):
            self.run_cli("import", "--room", "trip", "--store", self.store, "--write", os.path.join(folder, name))
        for code, exponent in (("KWD", 3), ("CLF", 4), ("X2", 2), ("9A", 2)):
            amount = f"{'1.2345'[:2 + exponent]}"
            self.run_cli("import", "--room", "trip", "--store", self.store, "--write", self.file(
                "more.csv", f"Date,Description,Category,Cost,Currency,a,b\n2025-01-01,x,G,{amount},{code},{amount},-{amount}\n"))

    def export(self, *args, text=None):
        return self.run_cli("export", "--store", self.store, *args)[0]

    def test_other_programs_come_to_our_balances(self):
        ours = self.balances(None)
        self.assertEqual({"EUR", "USD", "JPY", "KWD", "CLF", "X2", "9A"}, {currency for _, currency in ours})
        self.assertEqual(ours, self.ledger_says(self.export("--format", "ledger")))
        self.assertEqual(ours, self.hledger_says(self.export("--format", "hledger")))
        self.assertEqual(ours, self.beancount_says(self.export("--format", "beancount")))
        self.assertEqual(ours, self.splitwise_says(self.export("--format", "splitwise")))

    def test_csv_is_read_back_by_a_strict_reader_and_holds_no_formula(self):
        text = self.export("--what", "expenses", "--format", "csv")
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
        self.assertEqual({"expense", "refund", "payment"}, {row["type"] for row in rows})
        self.assertIn("jane doe 60.00; sam 40.00", [row["paid"] for row in rows])

    test_balances_keep_their_sign_as_numbers = None
    test_the_settlement_is_the_originals = None
    test_an_empty_room_is_no_mistake = None
    test_an_unknown_name_tells_the_choices = None


class Modes(Export, PeerTest):
    """Every way to split, a frozen rate, repetitions, and what was voided, amended or cleared, as a peer writes it."""

    SAID = ["room currency EUR", "add alice 10 split alice,bob,carol note equal", "add bob 10,01 split alice=3,bob=7.01",
            "add alice 100 split alice*3,bob*1,carol*3", "add bob 33.33 split alice 25%,carol 75%",
            "add carol 20 split alice+3,bob,carol", "add alice 50.01 items 12 wine for bob; 30.01 for alice,bob tip 8",
            "add alice=25+bob=5 30 split alice,bob,carol", "refund alice 12.5 split alice,bob,carol",
            "pay bob -> alice: 5", "add bob 30 split alice,bob cur USD rate 0.9217", "add bob 1001 JPY split alice,bob",
            "add carol 7 split only bob", "every month until 2025-03-31 add alice 9 split alice,bob on 2025-01-31",
            "add alice 99 split alice,bob note mistaken", "void last",
            "add bob 77 split alice,bob note wrong", "edit last add bob 7 split bob,alice,\"mary ann\" note right"]

    def setUp(self):
        PeerTest.setUp(self)
        lines = [f"/expense_say --channel trip --text '{said}'" for said in self.SAID]
        lines += ["/expense_add --channel gone --payer bob --amount 8 --split alice,bob --note before",
                  "/expense_clear --channel gone",
                  "/expense_add --channel gone --payer bob --amount 4 --split alice,bob --note after", "/exit"]
        self.said = self.run_peer("\n".join(lines) + "\n")[0]

    def export(self, *args, text="trip"):
        return self.run_cli("export", "--store", self.store, "--room", text, *args)[0]

    def test_other_programs_come_to_our_balances(self):
        for room in ("trip", "gone"):
            ours = self.balances(room)
            self.assertEqual(ours, self.ledger_says(self.export("--format", "ledger", text=room)))
            self.assertEqual(ours, self.hledger_says(self.export("--format", "hledger", text=room)))
            self.assertEqual(ours, self.beancount_says(self.export("--format", "beancount", text=room)))
            self.assertEqual(ours, self.splitwise_says(self.export("--format", "splitwise", text=room)))
        self.assertEqual({("alice", ""): -2, ("bob", ""): 2}, ours)

    def test_what_counts_is_in_it_and_nothing_else(self):
        rows = list(csv.DictReader(io.StringIO(self.export("--what", "expenses", "--format", "csv"))))
        self.assertEqual(16, len(rows), self.said)
        self.assertEqual({"expense", "refund", "payment"}, {row["type"] for row in rows})
        days = sorted(row["date"] for row in rows if row["amount"] == "9.00")
        self.assertEqual(["2025-01-31", "2025-02-28", "2025-03-31"], days)
        self.assertIn(("27.65", "30.00", "USD", "0.9217"),
                      [(r["amount"], r["original_amount"], r["original_currency"], r["rate"]) for r in rows])
        for name in ("text", "json", "csv", "splitwise", "ledger", "hledger", "beancount"):
            text = self.export("--what", "expenses", "--format", name)
            self.assertIn("right", text)
            self.assertIsNone(re.search("mistaken|wrong", text), name)
            self.assertNotIn("before", self.export("--what", "expenses", "--format", name, text="gone"))

    test_csv_is_read_back_by_a_strict_reader_and_holds_no_formula = None
    test_balances_keep_their_sign_as_numbers = None
    test_the_settlement_is_the_originals = None
    test_an_empty_room_is_no_mistake = None
    test_an_unknown_name_tells_the_choices = None


if __name__ == "__main__":
    unittest.main()
