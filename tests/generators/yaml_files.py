"""Random YAML files: styles, flow, comments, blank lines, anchors, tags, several documents, line ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

WORDS = [
    "a", "b", "host", "db_password", "token_unencrypted", "key with spaces", "naïve", "日本", "x-y", "data",
    "stringData", "a.b", "UPPER", "k1", "user@example", "n", "y", "null_", "sops_", "api_key",
]  # fmt: skip

PLAIN = [
    "hunter2", "correct horse battery", "42", "-17", "0x1F", "017", "1_000", "1.5", "1.10", "1e3", ".5", ".inf",
    "-.INF", ".nan", "true", "True", "FALSE", "yes", "no", "on", "null", "~", "2024-01-01",
    "2006-01-02T15:04:05.123+07:06", "2006-01-02 15:04:05", "12:30:45", "1.2.3", "http://example.com/x?y=1", "a#b",
    "it's", 'say "x"', "naïve café", "🔐", "x: y".replace(": ", ":"), "-x", "?x", "a, b", "[not",
    "100000000000000000000", "08", "a  b", "<<", "=", "C:\\path", "%x", "@at", "`tick`",
]  # fmt: skip
PLAIN = [text for text in PLAIN if text[0] not in "[%@`"]
FLOW_PLAIN = [text for text in PLAIN if not set(text) & set(",[]{}?")]

SINGLE = ["'it''s'", "'a: b'", "''", "'42'", "'x # y'", "'two\n{i}lines'", "'naïve 🔐'", "'  blanks '", "' '"]
DOUBLE = [
    '"a\\tb"', '"line\\nline"', '"\\u00e9"', '"\\x41"', '"\\U0001F600"', '"q\\"q"', '""', '"plain"',
    '"folded\n{i}here"', '"esc\\\n{i}aped"', '"\\\\"', '"\\e\\0"', '"naïve 🔐"', '"trailing "', '"/"', '"\\N\\_\\L"',
]  # fmt: skip

COMMENTS = ["# note", "#tight", "#", "#  two blanks", "# ünï 🔐", "# key: value", "## double", "#!bang", "# a # b",
            "# since 2024-01-01 - x", "#a-c", "# ? k: [1, {2}]", "# ] } ,", "# &a *a !t"]  # fmt: skip


@dataclass
class YAMLWriter:
    """Writes one random file. `plain_only` leaves out what SOPS refuses or reads otherwise."""

    random: Random
    comments: bool = True
    anchors: bool = True
    lines: list[str] = field(default_factory=list)
    names: list[tuple[str, bool]] = field(default_factory=list)  # anchors, and whether a collection

    def file(self) -> str:
        """Return the text of a file."""
        documents = self.random.choice([1, 1, 1, 1, 2, 3])
        for number in range(documents):
            self.names = []
            self.noise(0)
            if number or self.chance(0.2):
                self.lines.append(self.random.choice(["---", "---", "--- ", "--- # first" if self.comments else "---"]))
            self.noise(0)
            self.root()
            self.noise(0)
            if self.chance(0.05) and number + 1 < documents:
                self.lines.append("...")
        text = "\n".join(self.lines) + "\n"
        if self.chance(0.1):
            text = text.rstrip("\n") if self.chance(0.7) else text + "\n\n"
        if self.chance(0.1):
            text = text.replace("\n", "\r\n")
        return "\ufeff" + text if self.chance(0.03) else text

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def noise(self, column: int) -> None:
        """Perhaps add blank lines and comment lines."""
        while self.chance(0.12):
            if self.comments and self.chance(0.6):
                at = column if self.chance(0.8) else self.random.choice([0, column + 2, max(0, column - 2)])
                self.lines.append(" " * at + self.random.choice(COMMENTS))
            else:
                self.lines.append(self.random.choice(["", "", "  "]))

    def root(self) -> None:
        kind = self.random.random()
        if kind < 0.04:
            self.lines.append(self.random.choice(["{}", "null", "~"]))
        elif kind < 0.12:
            self.lines.append(self.flow_mapping(2, 0))
        else:
            self.mapping(0 if self.chance(0.95) else 2, 0, "")

    def keys(self) -> list[str]:
        return self.random.sample(WORDS, self.random.choice([1, 2, 2, 3, 4]))

    def key(self, word: str) -> str:
        if word in ("n", "y") or self.chance(0.1):
            return self.random.choice(["'{}'", '"{}"']).format(word)
        return word

    def mapping(self, column: int, depth: int, first: str) -> None:
        """Write a block mapping; `first` is what its first line begins with (a dash)."""
        for index, word in enumerate(self.keys()):
            start = " " * column if index or not first else first
            if index:
                self.noise(column)
            if self.chance(0.02):
                self.lines.append(f"{start}? {self.key(word)}{self.trail()}")
                start, word = " " * column, ""
            self.member(start + (self.key(word) if word else "") + ":", column, depth)

    def sequence(self, column: int, depth: int, first: str = "") -> None:
        for index in range(self.random.choice([1, 2, 3])):
            start = " " * column if index or not first else first
            if index:
                self.noise(column)
            kind = self.random.random()
            if kind < 0.25 and depth < 4:
                self.mapping(column + 2, depth + 1, start + "- ")
            elif kind < 0.35 and depth < 4:
                self.sequence(column + 2, depth + 1, start + "- ")
            else:
                self.scalar(start + "-", column, in_list=True)

    def member(self, start: str, column: int, depth: int) -> None:
        kind = self.random.random()
        step = self.random.choice([2, 2, 4, 1, 3])
        if kind < 0.2 and depth < 4:
            self.lines.append(start + self.anchor(True) + self.trail())
            self.noise(column + step)
            self.mapping(column + step, depth + 1, "")
        elif kind < 0.35 and depth < 4:
            self.lines.append(start + self.trail())
            at = column + self.random.choice([0, 2, 4])
            self.noise(at)
            self.sequence(at, depth + 1)
        elif kind < 0.45:
            self.lines.append(f"{start} {self.flow(3, column)}{self.trail()}")
        else:
            self.scalar(start, column, in_list=False)

    def trail(self) -> str:
        return (
            " " * self.random.choice([1, 2]) + self.random.choice(COMMENTS)
            if self.comments and self.chance(0.12)
            else ""
        )

    def anchor(self, collection: bool) -> str:
        if not (self.anchors and self.chance(0.08)):
            return ""
        name = f"n{len(self.names)}"
        self.names.append((name, collection))
        return f" &{name}"

    def scalar(self, start: str, column: int, *, in_list: bool) -> None:
        kind = self.random.random()
        blank = "\t" if not in_list and self.chance(0.02) else " " * self.random.choice([1, 1, 1, 2])
        inside = " " * (column + self.random.choice([1, 2, 4]))
        if kind < 0.03:
            self.lines.append(start + self.trail())
            return
        if self.names and kind < 0.09:
            self.lines.append(f"{start}{blank}*{self.random.choice(self.names)[0]}{self.trail()}")
            return
        anchor = self.anchor(False)
        if kind < 0.5:
            text = self.random.choice(PLAIN)
            if self.chance(0.06):
                text = f"first line\n{inside}second\n\n{inside}third"
            elif self.chance(0.06):
                text = self.random.choice(["!!str 12", "!local v", '!!int "7"', "!!float 3", "!!bool 'true'", "! 12",
                                           "!!binary aGVsbG8="])  # fmt: skip
            self.lines.append(f"{start}{anchor}{blank}{text}{self.trail()}")
        elif kind < 0.62:
            self.lines.append(
                f"{start}{anchor}{blank}{self.random.choice(SINGLE).replace('{i}', inside)}{self.trail()}"
            )
        elif kind < 0.76:
            self.lines.append(
                f"{start}{anchor}{blank}{self.random.choice(DOUBLE).replace('{i}', inside)}{self.trail()}"
            )
        else:
            self.block(start + anchor, column)

    def block(self, start: str, column: int) -> None:
        step = self.random.choice([1, 2, 2, 4])
        inside = " " * (column + step)
        header = self.random.choice("||||>>") + self.random.choice(["", "", "-", "+"])
        lead = ""
        if self.chance(0.1):
            header = header[0] + str(step) + header[1:]
            lead = self.random.choice(["", "  "])
        if self.chance(0.06):
            start += self.random.choice([" !!str", " !!binary", " !local"])
        self.lines.append(f"{start} {header}{self.trail()}")
        if self.chance(0.05):
            self.lines.append("")
        count = self.random.choice([1, 2, 3]) if self.chance(0.95) else 0
        if start.endswith(" !!binary"):
            self.lines.append(inside + "aGVsbG8=")
            count = 0
        for index in range(count):
            line = self.random.choice(["text", "key: value", "# no comment", "naïve 🔐", "a\tb", "trailing ", "- x"])
            extra = "  " if index and self.chance(0.15) else ""
            self.lines.append(inside + lead + extra + line)
            if index + 1 < count and self.chance(0.15):
                self.lines.append("")
        for _ in range(self.random.choice([0, 0, 0, 1, 2])):
            self.lines.append(self.random.choice(["", "", inside]) if count == 0 else "")

    def flow(self, depth: int, column: int) -> str:
        return self.flow_mapping(depth, column) if self.chance(0.5) else self.flow_list(depth, column)

    def flow_value(self, depth: int, column: int) -> str:
        kind = self.random.random()
        if kind < 0.2 and depth:
            return self.flow(depth - 1, column)
        if kind < 0.65:
            return self.random.choice(FLOW_PLAIN)
        single = self.random.choice(["'it''s'", "'a, b'", "''", "'42'", "'{x}'"])
        double = self.random.choice(['"a\\tb"', '"x, y"', '""', '"\\u00e9"', '"naïve"'])
        return single if kind < 0.8 else double

    def separator(self, column: int) -> str:
        inside = " " * (column + 2)
        if self.chance(0.15):
            return ",\n" + inside
        if self.comments and self.chance(0.05):
            return f", # flow note\n{inside}"
        return self.random.choice([", ", ",  ", " , "])

    def flow_mapping(self, depth: int, column: int) -> str:
        if self.chance(0.1):
            return self.random.choice(["{}", "{ }"])
        text = ""
        for index, word in enumerate(self.keys()):
            text += (self.separator(column) if index else "") + f"{self.key(word)}: {self.flow_value(depth, column)}"
        return self.random.choice(["{%s}", "{ %s }", "{%s}", "{%s, }"]) % text

    def flow_list(self, depth: int, column: int) -> str:
        if self.chance(0.1):
            return self.random.choice(["[]", "[ ]"])
        text = ""
        for index in range(self.random.choice([1, 2, 3])):
            text += (self.separator(column) if index else "") + self.flow_value(depth, column)
        return self.random.choice(["[%s]", "[ %s ]", "[%s]", "[%s,]"]) % text
