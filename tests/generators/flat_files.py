"""Random dotenv and INI files."""

from __future__ import annotations

from random import Random

NAMES = ["A", "DB_HOST", "password", "x_unencrypted", "with.dot", "é", "k1", "k2", "LONG_NAME", "n"]
VALUES = [
    "", "x", "hello world", "a=b", "é 🔐", '"quoted"', "'single'", "multi\\nline", "back\\\\slash", " lead", "trail ",
    "tab\tin", "$VAR", "#nocomment", "42", "true", "a#b", "ENC[", "x;y",
]  # fmt: skip
COMMENTS = ["note", " note", "", " é", "# double", " key=value"]


def dotenv_file(random: Random) -> bytes:
    """Return a dotenv file; sometimes with bytes that are not UTF-8, sometimes without a last line break."""
    lines = []
    for name in random.sample(NAMES, random.choice([0, 1, 2, 3, 5])):
        while random.random() < 0.3:
            lines.append(random.choice(["", "#" + random.choice(COMMENTS)]))
        lines.append(f"{name}={random.choice(VALUES)}")
    while random.random() < 0.3:
        lines.append(random.choice(["", "#" + random.choice(COMMENTS)]))
    text = "\n".join(lines)
    data = (text + random.choice(["\n", "\n", "", "\n\n"]) if text else text).encode()
    return data.replace(b"hello", b"h\xff\xfello") if random.random() < 0.1 else data


INI_VALUES = [
    "", "x", "hello world", "é 🔐", '"quoted "', "'single'", "a\\b", "42", "`back # quote`", '"""tri"""', "x = y",
    "http://h/p", "50%", "[x]",
]  # fmt: skip


def ini_file(random: Random) -> bytes:
    """Return an INI file with comments above, behind and at the end."""
    lines: list[str] = []

    def noise() -> None:
        while random.random() < 0.25:
            mark = random.choice(["; ", ";", "# ", "#"])
            lines.append(random.choice(["", "", mark + random.choice(["note", "é", "two words", "a = b"])]))

    def keys() -> None:
        for name in random.sample(NAMES, random.choice([0, 1, 2, 3])):
            noise()
            equals = random.choice([" = ", "=", " =", ": "])
            tail = random.choice(["", "", "", " ; tail", " # tail"])
            lines.append(f"{random.choice(['', '', '  '])}{name}{equals}{random.choice(INI_VALUES)}{tail}")

    if random.random() < 0.6:
        keys()
    for section in random.sample(["db", "web server", "é", "x_unencrypted", "a.b"], random.choice([0, 1, 2])):
        noise()
        lines.append(f"[{section}]")
        keys()
    noise()
    text = "\n".join(lines) + random.choice(["\n", "\n", "", "\n\n"])
    if random.random() < 0.15:
        text = text.replace("\n", "\r\n")
    return text.encode()
