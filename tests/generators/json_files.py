"""Random JSON files: indentations, escapes, number spellings, line ends."""

from __future__ import annotations

from random import Random

KEYS = [
    "a",
    "b",
    "host",
    "password",
    "x_unencrypted",
    "with space",
    "é",
    "esc\\n",
    'q\\"',
    "a.b",
    "",
    "\\u00e9x",
    "<k>",
]
STRINGS = [
    "", "x", "hello world", "é", "🔐", "\\u00e9", "\\ud83d\\ude00", "tab\\t", "line\\nbreak", '\\"q\\"', "\\/", "a/b",
    "<a href='x'>&</a>", "\\u003c", "ENC[", "yes", "42", "\\\\", "\\b\\f\\r", "\\u0001", "\u2028", "\u007f",
]  # fmt: skip
NUMBERS = [
    "0", "-0", "1", "-17", "42", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1.0", "1.50",
    "1e3", "1E+2", "1e-7", "1e21", "0.1", "-2.5e-3", "100000000000000000000000", "123456.789",
]  # fmt: skip


class JSONWriter:
    """Writes one random file."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.unit = random.choice(["", "", "  ", "    ", "\t"])
        self.newline = random.choice(["\n", "\n", "\r\n"])
        self.colon = random.choice([":", ": ", " : "])

    def file(self) -> str:
        """Return the text of a file."""
        text = self.random.choice(["", "", "\n", " "]) + self.mapping(0)
        return text + self.random.choice(["", self.newline, self.newline * 2])

    def value(self, depth: int) -> str:
        kind = self.random.random()
        if kind < 0.15 and depth < 4:
            return self.mapping(depth)
        if kind < 0.3 and depth < 4:
            return self.sequence(depth)
        if kind < 0.45:
            return self.random.choice(NUMBERS)
        if kind < 0.55:
            return self.random.choice(["true", "false", "null"])
        return f'"{self.random.choice(STRINGS)}"'

    def mapping(self, depth: int) -> str:
        keys = self.random.sample(KEYS, self.random.choice([0, 1, 2, 3, 4]))
        members = [f'"{key}"{self.colon}{self.value(depth + 1)}' for key in keys]
        return self.wrapped("{", members, "}", depth)

    def sequence(self, depth: int) -> str:
        members = [self.value(depth + 1) for _ in range(self.random.choice([0, 1, 2, 3]))]
        return self.wrapped("[", members, "]", depth)

    def wrapped(self, opening: str, members: list[str], closing: str, depth: int) -> str:
        if not members:
            return opening + self.random.choice(["", "", " "]) + closing
        if not self.unit or self.random.random() < 0.1:
            blank = self.random.choice(["", " "])
            return opening + blank + self.random.choice([", ", ","]).join(members) + blank + closing
        inner = self.newline + self.unit * (depth + 1)
        return opening + inner + ("," + inner).join(members) + self.newline + self.unit * depth + closing
