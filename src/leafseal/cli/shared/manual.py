"""The manual page, for `man`: what help says of all commands, on one page."""

from __future__ import annotations

from collections.abc import Iterator

from leafseal import __version__
from leafseal.cli.shared import help_text
from leafseal.cli.shared.commands import PROGRAM, load
from leafseal.cli.shared.declarations import Command, Declaration, Option


def page() -> str:
    """Return the page in the man macros of roff."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield f'.TH {PROGRAM.upper()} 1 "" "{PROGRAM} {__version__}" "User Commands"'
    yield ".SH NAME"
    yield f"{PROGRAM} \\- {_escaped(_first_lower(help_text.ABOUT).rstrip('.'))}"
    yield ".SH SYNOPSIS"
    yield from _usage(f"{PROGRAM} {help_text.USAGE}", PROGRAM)
    yield ".SH DESCRIPTION"
    yield from map(_line, _DESCRIPTION)
    for heading, rows in help_text.listed():
        yield f".SS {_escaped(heading)}"
        for name, text in rows:
            yield from _item(f"{PROGRAM} {name}", text)
    yield ".SH OPTIONS"
    for names, text in help_text.GENERAL:
        yield from _item(names, text)
    yield ".SH COMMANDS"
    for _, rows in help_text.listed():
        for name, _ in rows:
            yield from _command(load(name), f"{PROGRAM} {name}")
    for heading, explained in _TABLES:
        yield f".SH {heading}"
        for name, text in explained:
            yield from _item(name, text)
    yield ".SH EXAMPLES"
    yield from _examples(help_text.EXAMPLES)
    yield ".SH SEE ALSO"
    yield _line("age(1), git(1). The format is that of SOPS: https://getsops.io")


_DESCRIPTION = (
    "leafseal encrypts the values in your files and leaves names, order, comments and layout as they are.",
    "Files have the format of SOPS 3.x: sops can decrypt what leafseal encrypts, and the other way round.",
    "Results go to standard output, messages to standard error; questions are asked on the terminal.",
    "A FILE of - is standard input.",
)

_TABLES = (
    (
        "FILES",
        (
            (".sops.yaml", "Whom new files are encrypted for, and which of their values. Found from a file upwards."),
            ("~/.config/sops/age/keys.txt", "Your private key. Back it up, and never commit it."),
            ("~/.config/leafseal/policy.toml", "What files may make leafseal do on this machine (optional)."),
        ),
    ),
    (
        "ENVIRONMENT",
        (
            ("SOPS_AGE_KEY, SOPS_AGE_KEY_FILE", "Your private key, or the file with it."),
            ("CREDENTIALS_DIRECTORY", "Where systemd puts credentials: leafseal.agekey is your private key."),
            ("SOPS_AGE_RECIPIENTS", "Public keys to encrypt new files for."),
            ("SOPS_CONFIG", "A configuration to use instead of the .sops.yaml above the file."),
            ("SOPS_EDITOR, EDITOR", "The editor that leafseal edit starts."),
            ("SOPS_KEYSERVICE", "Key services to ask after your own keys."),
            ("NO_COLOR", "If set, messages have no colours."),
        ),
    ),
    (
        "EXIT STATUS",
        (
            ("0", "Done."),
            ("1", "Anything else: configuration, options, keys when encrypting."),
            ("2, 100", "A file isn't valid in its format; it does not exist."),
            ("3", "The result could not be written."),
            ("25, 51", "A value was changed or moved; the integrity check (MAC) failed."),
            ("91", "Nothing exists at the path."),
            ("128", "None of your keys can decrypt the file."),
            ("203", "The file is already encrypted."),
            ("220", "Refused by a safety check, or cancelled by you."),
            ("221", "The file changed since it was read."),
            ("222", "There are findings, or changes pending."),
        ),
    ),
)


def _command(declared: Declaration, path: str) -> Iterator[str]:
    text = help_text.text_of(declared)
    yield f".SS {_escaped(path)}"
    yield from _usage(help_text.usage(declared, path), path)
    for paragraph in (text.title, *text.paragraphs):
        yield ".PP"
        yield _line(paragraph)
    if isinstance(declared, Command):
        yield from _options(declared.options)
    yield ".PP"
    yield "Examples:"
    yield from _examples(text.examples)
    if not isinstance(declared, Command):
        for name, one in declared.commands.items():
            yield from _command(one, f"{path} {name}")


def _options(options: tuple[Option, ...]) -> Iterator[str]:
    for heading, found in help_text.sections(options):
        if found and heading:
            yield ".PP"
            yield _line(f"{heading}:")
        for one in found:
            yield from _item(help_text.form(one), help_text.sentence(one))


def _usage(line: str, path: str) -> Iterator[str]:
    yield f"\\fB{_escaped(path)}\\fR{_escaped(line.removeprefix(path))}"


def _item(term: str, text: str) -> Iterator[str]:
    yield ".TP"
    yield f"\\fB{_escaped(term)}\\fR"
    yield _line(text)


def _examples(lines: tuple[str, ...]) -> Iterator[str]:
    yield ".nf"
    yield ".RS 4"
    yield from map(_line, lines)
    yield ".RE"
    yield ".fi"


def _line(text: str) -> str:
    """Return a line of text, in which nothing is a request of roff's."""
    return ("\\&" if text[:1] in (".", "'") else "") + _escaped(text)


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(char, char) for char in text)


_ESCAPES = {
    "\\": "\\e",
    "-": "\\-",  # a dash that can be copied
    "'": "\\(aq",
    "`": "\\(ga",
    "^": "\\(ha",
    "~": "\\(ti",
    '"': "\\(dq",
    "…": "...",
}


def _first_lower(text: str) -> str:
    return text[:1].lower() + text[1:]
