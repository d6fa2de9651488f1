"""intercom-admin key ...: what it prints, what it ends with, what it leaves on the disk.

docs/spec/11-wallet.md; docs/man/intercom-admin.1
"""

import json
import os
import pty
import shutil
import stat
import subprocess
import tempfile
import unittest

PROGRAM = os.environ["PROGRAM"]
with open(os.path.join(os.environ["TEST_VECTORS"], "wallet.json"), encoding="utf-8") as file:
    WALLET = json.load(file)
CAROL = next(d for d in WALLET["derivations"] if d["name"] == "carol" and d["derivationPath"] == "m/918'/0'/0'/0'")
HELLO = "hello"

OK, FAILED, USAGE, NOT_VERIFIED = range(4)


class Key(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """Carol's store is made once: each key file costs 256 MiB and half a second."""
        cls.carol = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.carol.cleanup)
        subprocess.run([PROGRAM, "key", "import", "--file", os.path.join(cls.carol.name, "keypair.json")],
                       input=CAROL["mnemonic"].encode(), stdout=subprocess.DEVNULL, timeout=60, check=True)

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.file = os.path.join(self.folder.name, "a", "keypair.json")

    def run_key(self, *args, text="", code=OK, file=True):
        """stdout and stderr of `key ARGS`."""
        command = [PROGRAM, "key", args[0]] + (["--file", self.file] if file else []) + list(args[1:])
        data = text if isinstance(text, bytes) else text.encode()
        done = subprocess.run(command, input=data, capture_output=True, timeout=60, check=False)
        self.assertEqual(code, done.returncode, done.stderr.decode())
        return done.stdout.decode(), done.stderr.decode()

    def be_carol(self):
        shutil.copytree(self.carol.name, os.path.dirname(self.file))

    def import_carol(self, *args, **more):
        return self.run_key("import", *args, text=CAROL["mnemonic"] + "\n", **more)

    def test_a_new_key_is_private_and_shown_alike_later(self):
        made, complaints = self.run_key("new", "--json")
        self.assertEqual("", complaints)
        self.assertEqual(0o600, stat.S_IMODE(os.stat(self.file).st_mode))
        self.assertEqual(0o700, stat.S_IMODE(os.stat(os.path.dirname(self.file)).st_mode))
        self.assertEqual(made, self.run_key("show", "--json")[0])
        shown = json.loads(made)
        self.assertEqual(["address", "publicKey", "network", "path"], list(shown))
        self.assertEqual(shown["address"] + "\n", self.run_key("address")[0])

    def test_an_existing_key_is_never_replaced_in_silence(self):
        self.be_carol()
        first = self.run_key("show", "--json")[0]
        _, complaint = self.run_key("new", code=FAILED)
        self.assertIn("--force", complaint)
        self.assertEqual(first, self.run_key("show", "--json")[0])
        second, warning = self.run_key("new", "--force", "--json")
        self.assertIn("replaced", warning)
        self.assertNotEqual(first, second)
        self.assertEqual(second, self.run_key("show", "--json")[0])

    def test_words_give_the_reference_key(self):
        shown = json.loads(self.import_carol("--json")[0])
        self.assertEqual(CAROL["address"], shown["address"])
        self.assertEqual(CAROL["publicKey"], shown["publicKey"])
        self.assertEqual(CAROL["derivationPath"], shown["path"])

    def test_network_and_path_decide_the_key(self):
        for entry in WALLET["derivations"]:
            if entry["name"] != "carol" or entry["hrp"] != "testtrac" and "44'" not in entry["derivationPath"]:
                continue
            network = "testnet1" if entry["hrp"] == "testtrac" else "mainnet"
            shown = json.loads(self.import_carol("--json", "--force", "--network", network,
                                                 "--path", entry["derivationPath"])[0])
            self.assertEqual(entry["address"], shown["address"])

    def test_a_seed_is_imported_without_words(self):
        shown = json.loads(self.run_key("import", "--json", text=CAROL["ed25519Seed"])[0])
        self.assertEqual(CAROL["address"], shown["address"])
        self.assertIsNone(shown["path"])

    def test_what_is_neither_words_nor_seed_makes_no_file(self):
        for text in ("zoo zoo", "", "00" * 31, "x" * 5000):
            self.run_key("import", text=text, code=FAILED)
        self.import_carol("--path", "m/1", code=FAILED)
        self.assertFalse(os.path.exists(self.file))

    def test_secrets_are_printed_only_when_asked_and_with_a_warning(self):
        self.be_carol()
        printed = self.run_key("show")[0] + self.run_key("show", "--json")[0]
        printed += "".join(self.run_key("export", code=USAGE))
        self.assertNotIn("zoo", printed)
        self.assertNotIn(CAROL["ed25519Seed"], printed)
        exported, warning = self.run_key("export", "--secret", "--json")
        self.assertIn("warning", warning)
        self.assertEqual(CAROL["mnemonic"], json.loads(exported)["words"])
        self.assertEqual(CAROL["ed25519Seed"], json.loads(exported)["seed"])

    def test_signatures_are_the_reference_ones(self):
        alice = WALLET["derivations"][0]
        self.run_key("import", text=alice["mnemonic"])
        for case in WALLET["signatures"]:
            if case["signer"] != "alice":
                continue
            message = bytes.fromhex(case["messageHex"])
            self.assertEqual(case["signature"] + "\n", self.run_key("sign", text=message)[0])
            if 0 not in message:
                self.assertEqual(case["signature"] + "\n", self.run_key("sign", message)[0])
        self.run_key("sign", "", code=FAILED)

    def test_a_signature_is_checked(self):
        self.be_carol()
        signature = self.run_key("sign", HELLO)[0].strip()
        for key in (CAROL["address"], CAROL["publicKey"]):
            self.assertEqual("good\n", self.run_key("verify", key, signature, HELLO, file=False)[0])
            self.assertEqual("good\n", self.run_key("verify", key, signature, text=HELLO, file=False)[0])
        for key, sig, message in ((CAROL["address"], signature, "hellO"),
                                  (CAROL["address"], signature, ""),
                                  (WALLET["derivations"][0]["address"], signature, HELLO),
                                  (CAROL["address"], "00" * 64, HELLO)):
            self.assertEqual("bad\n", self.run_key("verify", key, sig, message, file=False, code=NOT_VERIFIED)[0])

    def test_json_of_a_signature_says_by_whom(self):
        self.be_carol()
        said = json.loads(self.run_key("sign", "--json", HELLO)[0])
        self.assertEqual(CAROL["publicKey"], said["publicKey"])
        self.assertEqual(said["signature"] + "\n", self.run_key("sign", HELLO)[0])

    def test_addresses_and_keys_are_converted(self):
        self.assertEqual(CAROL["address"] + "\n", self.run_key("address", CAROL["publicKey"], file=False)[0])
        self.assertEqual(CAROL["publicKey"] + "\n", self.run_key("address", CAROL["address"], file=False)[0])
        self.assertTrue(self.run_key("address", "--network", "testnet1", CAROL["publicKey"],
                                     file=False)[0].startswith("testtrac1"))
        self.run_key("address", CAROL["address"][:-1], file=False, code=FAILED)

    def test_a_store_is_where_a_peer_looks(self):
        where = ("--stores-dir", self.folder.name, "--store", "demo")
        self.import_carol(*where, file=False)
        self.assertTrue(os.path.exists(os.path.join(self.folder.name, "demo", "db", "keypair.json")))
        self.assertEqual(CAROL["address"] + "\n", self.run_key("address", *where, file=False)[0])
        self.run_key("show", "--store", "../demo", file=False, code=FAILED)
        self.run_key("show", file=False, code=FAILED)

    def test_a_password_file_guards_the_key(self):
        password = os.path.join(self.folder.name, "password")
        with open(password, "w", encoding="utf-8") as to:
            to.write("correct horse\nthe rest does not count\n")
        self.import_carol("--password-file", password)
        self.assertIn("password is wrong", self.run_key("show", code=FAILED)[1])
        self.assertIn(CAROL["address"], self.run_key("show", "--password-file", password)[0])
        self.assertIn(CAROL["address"], self.run_key("show", "--password-file", "-", text="correct horse")[0])
        self.assertFalse(os.path.exists(self.file.replace(".json", ".opened")))

    def test_a_terminal_is_asked_and_does_not_show_the_answer(self):
        password = os.path.join(self.folder.name, "password")
        with open(password, "w", encoding="utf-8") as to:
            to.write("correct horse\n")
        self.import_carol("--password-file", password)
        child, terminal = pty.fork()
        if child == 0:
            os.execv(PROGRAM, [PROGRAM, "key", "show", "--file", self.file, "--ask-password"])
        said = b""
        while b": " not in said:
            said += os.read(terminal, 100)
        os.write(terminal, b"correct horse\n")
        try:
            while piece := os.read(terminal, 1000):
                said += piece
        except OSError:
            pass  # the other end is closed
        os.close(terminal)
        self.assertEqual(0, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        self.assertIn(CAROL["address"].encode(), said)
        self.assertNotIn(b"horse", said)

    def test_a_damaged_file_is_told_and_kept(self):
        os.mkdir(os.path.dirname(self.file))
        with open(self.file, "w", encoding="utf-8") as to:
            to.write("{}")
        self.run_key("show", code=FAILED)
        with open(self.file, encoding="utf-8") as back:
            self.assertEqual("{}", back.read())

    def test_a_wrong_command_line_ends_with_2(self):
        for args in (["show", "--nonsense"], ["show", "--network", "othernet"], ["show", "--force"],
                     ["show", "more"], ["show", "--store", "x"], ["verify"], ["show", "--file"],
                     ["verify", "nobody", "00" * 64, "x"], ["verify", CAROL["address"], "00", "x"],
                     ["show", "--ask-password", "--password-file", "-"], ["nonsense"]):
            self.assertEqual("", self.run_key(*args, code=USAGE)[0])
        self.assertEqual(USAGE, subprocess.run([PROGRAM], capture_output=True, check=False).returncode)

    def test_every_command_explains_itself(self):
        overview = subprocess.run([PROGRAM, "--help"], capture_output=True, check=True).stdout.decode()
        for command in ("new", "show", "import", "export", "address", "sign", "verify"):
            self.assertIn("key " + command, overview)
            text, complaint = self.run_key(command, "--help", file=False)
            self.assertTrue(text.startswith("Usage: intercom-admin key " + command))
            self.assertEqual("", complaint)
        version = subprocess.run([PROGRAM, "--version"], capture_output=True, check=True).stdout.decode()
        self.assertRegex(version, r"^intercom-admin \d+\.\d+\.\d+\n$")


if __name__ == "__main__":
    unittest.main()
