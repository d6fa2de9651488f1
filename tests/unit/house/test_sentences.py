"""Every sentence that a program may say to its user stands in docs/guide/troubleshooting.md."""

import re
import unittest

import tree

# The functions that say it, with a text of their own as an argument.
SAYS = re.compile(r"\b(?:peer_complain|peer_fail|isplit__refuse|admin_fail|admin_usage_error|refuse\w*"
                  r"|cli_fail|cli_usage_error|isplit__import_fail"
                  r"|bridge_\w*(?:fail|complain)\w*)\s*\(((?:[^;\"]|\"(?:\\.|[^\"\\])*\")*?)\)\s*;", re.S)
# In these files every text that snprintf writes is such a sentence.
WRITES = re.compile(r"\bsnprintf\s*\(((?:[^;\"]|\"(?:\\.|[^\"\\])*\")*?)\)\s*;", re.S)
WRITERS = ("cli/peer_config.c", "cli/peer_flags.c", "libintercom/io/tcp.c", "libintercom/io/tls.c")
TEXT = re.compile(r'"((?:\\.|[^"\\])*)"')
CHANGES = re.compile(r"%[-+ #0]*[\d.*]*(?:l|ll|z|h|hh)?[a-zA-Z]|…")
LEAST = 12  # shorter pieces prove nothing


def sentences(name, source):
    patterns = [SAYS] + ([WRITES] if name in WRITERS else [])
    for pattern in patterns:
        for arguments in pattern.findall(source):
            whole = re.sub(r'"\s*(?:PRI\w+\s*)?"', "", arguments)
            for text in TEXT.findall(whole):
                if text.strip().count(" ") >= 2:
                    yield text.replace('\\"', '"').replace("\\n", " ")


def plain(text):
    return re.sub(r"\s+", " ", text.replace("\\|", "|"))


def pieces(sentence):
    """The parts of a sentence between what changes."""
    parts = [part.strip().replace("%%", "%") for part in CHANGES.split(plain(sentence))]
    return [part for part in parts if len(part) >= LEAST]


def missing(page, sentence):
    return [piece for piece in pieces(sentence) if piece not in page]


class Sentences(unittest.TestCase):
    def test_each_one_is_explained(self):
        page = plain(tree.text("docs/guide/troubleshooting.md"))
        found = []
        seen = 0
        for name in tree.files():
            if name.endswith(".c") and name.startswith(("cli/", "bridge/", "libintersplit/", "libintercom/io/")):
                for sentence in sentences(name, tree.text(name)):
                    seen += 1
                    if missing(page, sentence):
                        found.append(f"{name}: {sentence}")
        self.assertGreater(seen, 20)
        self.assertEqual([], found, "explain it in docs/guide/troubleshooting.md")

    def test_a_new_sentence_is_seen(self):
        source = 'peer_complain("the %s is far "\n    "too big for %d", x, f("y"));\nsnprintf(a, 1, "not said to them");'
        self.assertEqual(["the %s is far too big for %d"], list(sentences("cli/x.c", source)))
        self.assertEqual(["is far too big for"], missing("the … is too big", "the %s is far too big for %d"))
        self.assertEqual([], missing("the … is far too big for …", "the %s is far too big for %d"))


if __name__ == "__main__":
    unittest.main()
