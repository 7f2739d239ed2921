"""Text made safe to show: whatever steers a terminal is spelled out."""

from __future__ import annotations

from collections.abc import Sequence


def visible(name: str) -> str:
    """Return a name with everything that does not print escaped, so that it cannot steer a terminal."""
    if name.isprintable():
        return name
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in name)


def escape(text: str) -> str:
    """Return `text` with the characters that steer a terminal spelled out, line breaks and tabs kept."""
    if text.isprintable():
        return text
    import re  # nearly all texts print

    # Everything that does not print, line breaks and tabs apart; also marks that turn the direction of writing.
    steering = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
    return re.sub(steering, lambda match: match[0].encode("unicode_escape").decode(), text.replace("\r\n", "\n"))


def escape_line(text: str) -> str:
    """Return `text` as one line without anything that steers a terminal."""
    return escape(text).replace("\n", "\\n").replace("\t", "\\t")


def for_shell(word: str) -> str:
    """Return a word so that it stays one, and is no command, where a hint with it is pasted into a shell.

    What does not print is spelled out as bash, zsh and ksh read it: `$'a\\011b'`. Other quotes keep a backslash.
    """
    import shlex  # only hints need it

    if word.isprintable():
        return shlex.quote(word)
    return "$'" + "".join(c if c.isprintable() and c not in "\\'" else _spelled(c) for c in word) + "'"


def _spelled(character: str) -> str:
    is_byte = "\udc80" <= character <= "\udcff"  # of a name that is not UTF-8
    encoded = character.encode(errors="surrogateescape" if is_byte else "surrogatepass")
    return "".join(f"\\{byte:03o}" for byte in encoded)


_KEY_MARKS = ("AGE-SECRET-KEY-", "AGE-PLUGIN-", "PRIVATE KEY", "HVS.", "HVB.", "HVR.")
_KEYS = (
    (r"(?is)-----BEGIN [^-]*PRIVATE KEY[^-]*-----.*?(-----END [^-]*-----|\Z)", "(private key)"),
    # Names of files and programs begin like this too: age-secret-key-prod.txt.
    (r"(?i)AGE-SECRET-KEY-(PQ-)?(1\w{12}|\w{24})[-\w]*", "(private key)"),
    (r"AGE-PLUGIN-[-+.\w]*", "(private key)"),  # in small letters that is a program
    (r"(?i)\bhv[sbr]\.[-\w]{8,}", "(token)"),  # of Vault
)


def holds_key(text: str) -> bool:
    """Tell whether a text looks like a private key or token, such as one given where the name of a file belongs."""
    return without_keys(text) != text


def without_keys(text: str) -> str:
    """Return a text with every private key or token in it hidden; all messages pass through here."""
    upper = text.upper()
    if not any(mark in upper for mark in _KEY_MARKS):
        return text
    import re  # only texts with keys need it

    for pattern, shown in _KEYS:
        text = re.sub(pattern, shown, text)
    return text


def counted(number: int, what: str) -> str:
    """Return `1 file`, `2 files`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def first_of(texts: Sequence[str], shown: int = 10) -> str:
    """Return the first few of many texts in one line, and how many more there are."""
    more = f" and {len(texts) - shown} more" if len(texts) > shown else ""
    return ", ".join(texts[:shown]) + more
