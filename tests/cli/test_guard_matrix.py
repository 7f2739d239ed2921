"""Every guard through everything that writes: our commands, those of sops, and the library.

A cell is refused without consent and goes well with it, or is not asked about for a reason that is given here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from contextlib import nullcontext
from itertools import product
from pathlib import Path

import pytest

import leafseal as library
from leafseal import Consent, RefusedError, SealedFile, Selection
from leafseal.sops.main import run as run_sops
from leafseal.sops.shared import talk
from leafseal.testing import ThrowawayIdentity, throwaway_identity

from .conftest import Result, Run, Terminal

OTHER = throwaway_identity().recipient
FILE = "f.yaml"
PLAIN = "a: x\nb: y\nc: z\n"
SECRET_VALUE = "AKIAIOSFODNN7EXAMPLE"

GUARDS = {
    "rules": ("keep_rules", "would encrypt what this file's own rule leaves in plain text: b"),
    "recipients": ("accept_recipients", "does not name these recipients"),
    "new": ("plaintext_ok", "leaves these new values in plain text"),
    "secret": ("plaintext_ok", "leaves these new values in plain text"),
    "weaker": ("plaintext_ok", "leaves these new values in plain text"),
    "nothing": ("allow_nothing_sealed", "the rule encrypts nothing in this file"),
    "threshold": ("lower_threshold", "until now 3 are needed"),
}
"""What a write may leave weaker; the consent that allows it, and what is said without."""

NEW_FILES = ("encrypt", "edit of a new file")
KEYS_ONLY = ("updatekeys", "groups add", "groups delete")
COMMANDS = (*NEW_FILES, "edit", "set", "unset", "rotate", *KEYS_ONLY, "repair", "decrypt -i")
SOPS = tuple(command for command in COMMANDS if command != "repair")
LIBRARY = ("encrypt", "set", "unset", "save")

_OWN_WORD = "options and configuration are the user's word for a file that is new"
_WARNED = "the user's rule for a new file; it is warned of"
_ASKED_FOR = "asked to leave everything in plain text"
_SAME_VALUES = "adds no value, and leaves those that are there as they are"
_KEEPS_GROUPS = "keeps the key groups"

NOT_ASKED: dict[tuple[str, str, str], str] = {}
"""Why a guard is silent, by face, guard and command."""


def _silent(faces: str, guards: tuple[str, ...], commands: tuple[str, ...], reason: str) -> None:
    for cell in product(faces.split(), guards, commands):
        NOT_ASKED.setdefault(cell, reason)


_BOTH = "leafseal sops"
_silent(_BOTH, tuple(GUARDS), ("decrypt -i",), _ASKED_FOR)
_silent(_BOTH, ("secret",), NEW_FILES, _WARNED)
_silent(_BOTH, ("rules", "recipients", "new", "weaker", "threshold"), NEW_FILES, _OWN_WORD)
_silent(_BOTH, ("new", "secret"), ("unset", "rotate", *KEYS_ONLY, "repair"), _SAME_VALUES)
_silent(_BOTH, ("threshold",), ("edit", "set", "unset", "rotate", "repair"), _KEEPS_GROUPS)
_silent(_BOTH, ("recipients",), ("updatekeys",), "gives the file the recipients that the configuration names")
_silent("sops", ("weaker",), ("set", "unset", "rotate", *KEYS_ONLY), "no option gives the file another rule")
_silent("library", tuple(GUARDS), ("save",), "writes what set and unset made, which are guarded")
_silent("library", ("rules", "recipients", "new", "weaker", "threshold"), ("encrypt",), "there is no name of a file")
_silent("library", ("secret",), ("encrypt",), "the program's rule for a new file")
_silent("library", ("threshold",), ("set", "unset"), _KEEPS_GROUPS)
_silent("library", ("new", "secret"), ("unset",), _SAME_VALUES)

SPEAK_OF_ALL = ("rules", "recipients", "nothing")
"""The guards of the library that any change of a file wakes."""

CELLS = [
    *product(["leafseal"], GUARDS, COMMANDS),
    *product(["sops"], GUARDS, SOPS),
    *product(["library"], GUARDS, LIBRARY),
]


class Bench:
    """A folder with a file in the state that makes one guard speak, and the commands for it."""

    def __init__(self, own: Run, work: Path, me: ThrowawayIdentity, guard: str, command: str) -> None:
        self._own = own
        self.me = me.recipient
        self.work = work
        self.guard = guard
        self.command = command
        self.path = work / FILE

    def _done(self, *line: str) -> None:
        result = self._own(*line)
        assert result.code == 0, result.err

    def _configure(self, keys: str, rule: str = "") -> None:
        (self.work / ".sops.yaml").write_text(f"creation_rules:\n  - {keys}\n" + (f"    {rule}\n" if rule else ""))

    def prepare(self, *, by_comment: bool) -> None:
        """Write the file, encrypted unless the command makes it, and then the configuration that it is held to."""
        self.path.write_text("# mark\na: x\nb: y\n# other\nc: z\n" if by_comment else PLAIN)
        if self.command not in NEW_FILES:
            self._configure(*self._made_under(by_comment=by_comment))
            self._done("encrypt", "-i", "--allow-nothing-sealed", FILE)
        elif self.command != "encrypt":
            self.path.unlink()
        elif self.guard == "secret":
            self.path.write_text(f"{PLAIN}token: {SECRET_VALUE}\n")
        self._configure(*self._held_to(by_comment=by_comment))
        if self.guard == "new" and self.command in ("edit", "set"):
            (self.work / ".sops.yaml").unlink()
        if self.command == "repair":
            self.path.write_text(re.sub(r"(lastmodified: .20)\d\d", r"\g<1>19", self.path.read_text()))

    def _groups(self, *keys: str, threshold: int) -> str:
        named = "".join(f"\n      - age: [{key}]" for key in keys)
        return f"shamir_threshold: {threshold}\n    key_groups:{named}"

    def _made_under(self, *, by_comment: bool) -> tuple[str, str]:
        keys = f"age: [{self.me}{f', {OTHER}' if self.guard == 'recipients' else ''}]"
        if self.guard == "threshold" and self.command in KEYS_ONLY:
            keys = self._groups(self.me, self.me, self.me, threshold=3)
        elif self.command == "groups delete":
            keys = self._groups(self.me, self.me, OTHER, threshold=2)
        if by_comment:
            return keys, "encrypted_comment_regex: mark|other"
        return keys, {
            "rules": "encrypted_regex: ^(a|c)$",
            "new": "unencrypted_regex: ^connection",
            "nothing": "encrypted_regex: ^never$",
        }.get(self.guard, "")

    def _held_to(self, *, by_comment: bool) -> tuple[str, str]:
        keys = f"age: [{self.me}]" if self.guard == "recipients" else f"age: [{self.me}, {OTHER}]"
        if self.guard == "threshold" and self.command == "updatekeys":
            keys = self._groups(self.me, OTHER, threshold=2)
        if by_comment:
            return keys, "encrypted_comment_regex: mark|other"
        return keys, {
            "weaker": "encrypted_regex: ^a$",
            "nothing": "encrypted_regex: ^never$",
            "secret": "encrypted_regex: ^a$" if self.command in NEW_FILES else "",
        }.get(self.guard, "")

    @property
    def change(self) -> tuple[str, str]:
        """The value that `set` and the editor write."""
        return {"new": ("connection", "Server=x"), "secret": ("key_unencrypted", SECRET_VALUE)}.get(
            self.guard, ("a", "changed")
        )

    @property
    def script(self) -> str:
        """What the editor does."""
        name, value = self.change
        if self.command == "edit of a new file":
            return f'printf "a: x\\nb: y\\nc: z\\n" > "$1"; {f"echo token: {value}" if name != "a" else ":"} >> "$1"'
        return f'{{ grep -v -e "^{name}:" -e mark "$1"; echo "{name}: {value}"; }} > "$1.new"; mv "$1.new" "$1"'

    def line(self, face: str) -> list[str]:
        """Return the command line, without consent."""
        name, value = self.change
        lowers = self.guard == "threshold"
        option = "--threshold" if face == "leafseal" else "--shamir-secret-sharing-threshold"
        second = ["--group", "2"] if face == "leafseal" else ["1"]
        line = {
            "encrypt": ["encrypt", "-i", FILE],
            "edit of a new file": ["edit", FILE],
            "edit": ["edit", FILE],
            "set": ["set", FILE, name, value] if face == "leafseal" else ["set", FILE, f'["{name}"]', f'"{value}"'],
            "unset": ["unset", FILE, "c" if face == "leafseal" else '["c"]'],
            "rotate": ["rotate", "-i", FILE],
            "updatekeys": ["updatekeys", "-y", FILE],
            "groups add": ["groups", "add", "-f", FILE, "-i", "--age", OTHER, option, "2"],
            "groups delete": ["groups", "delete", "-f", FILE, "-i", *([option, "2"] if lowers else []), *second],
            "repair": ["repair", "--yes", FILE],
            "decrypt -i": ["decrypt", "-i", FILE],
        }[self.command]
        if self.command == "encrypt" and self.guard == "rules":
            line[1:1] = ["--encrypted-regex", "^a$"]
        if self.command == "encrypt" and self.guard == "recipients":
            line[1:1] = ["--age", OTHER]
        if face == "leafseal" and self.guard == "weaker" and self.command not in (*NEW_FILES, "decrypt -i"):
            line.append("--sync-rules")
        return line

    def bytes(self) -> bytes | None:
        """Return the file as it is, None where there is none."""
        return self.path.read_bytes() if self.path.exists() else None


@pytest.fixture
def policy(work: Path) -> Callable[[], None]:
    """Have the guards hold everywhere."""

    def write() -> None:
        path = work.parent / "home" / "config" / "leafseal" / "policy.toml"
        path.parent.mkdir(parents=True)
        path.write_text('guards = "everywhere"\n')

    return write


@pytest.fixture
def cell(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A guard and a command."""
    guard, command = request.param
    return guard, command


@pytest.fixture
def bench(
    leafseal: Run, work: Path, me: ThrowawayIdentity, cell: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> Bench:
    """The bench of a cell, and its editor."""
    bench = Bench(leafseal, work, me, *cell)
    editor = work.parent / "editor.sh"
    editor.write_text(f"#!/bin/sh\n{bench.script}\n")
    editor.chmod(0o755)
    monkeypatch.setenv("SOPS_EDITOR", str(editor))
    return bench


def _cells(face: str) -> list[tuple[str, str]]:
    return [(guard, command) for one, guard, command in CELLS if one == face]


@pytest.mark.parametrize("cell", _cells("leafseal"), ids="-".join, indirect=True)
def test_our_commands(leafseal: Run, bench: Bench) -> None:
    bench.prepare(by_comment=False)
    line, before = bench.line("leafseal"), bench.bytes()
    consent, said = GUARDS[bench.guard]
    if ("leafseal", bench.guard, bench.command) in NOT_ASKED:
        result = leafseal(*line)
        assert (result.code, bench.bytes() != before) == (0, True), result.err
        warns = NOT_ASKED["leafseal", bench.guard, bench.command] is _WARNED
        assert ("look like secrets" in result.err) == warns
        return
    option = f"--{consent.replace('_', '-')}"
    refused = leafseal(*line)
    assert (refused.code, bench.bytes()) == (220, before), refused.err
    assert said in refused.err
    assert f"add {option}" in refused.err
    allowed = leafseal(*line, option)
    assert (allowed.code, bench.bytes() != before) == (0, True), allowed.err


@pytest.mark.parametrize("cell", _cells("sops"), ids="-".join, indirect=True)
def test_the_commands_of_sops(
    bench: Bench,
    screen: Terminal,
    policy: Callable[[], None],
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    def sops() -> Result:
        capfdbinary.readouterr()
        code = run_sops(bench.line("sops"))
        out, err = capfdbinary.readouterr()
        return Result(code, out, err.decode())

    bench.prepare(by_comment=bench.guard == "weaker" and bench.command == "edit")
    before = bench.bytes()
    _, said = GUARDS[bench.guard]
    is_asked = ("sops", bench.guard, bench.command) not in NOT_ASKED
    if is_asked:  # without the policy all is as with sops
        result = sops()
        assert (result.code, bench.bytes() != before, screen.shown) == (0, True, ""), result.err
        assert bench.command == "updatekeys" or result.err == ""
        bench.path.write_bytes(before) if before is not None else bench.path.unlink()
    policy()
    if not is_asked:
        result = sops()
        assert (result.code, bench.bytes() != before, screen.shown) == (0, True, ""), result.err
        return
    refused = sops()
    assert (refused.code, bench.bytes()) == (1, before), refused.err
    assert said in refused.err
    screen.answers = ["y"]
    allowed = sops()
    assert (allowed.code, bench.bytes() != before) == (0, True), allowed.err


@pytest.mark.parametrize("cell", _cells("library"), ids="-".join, indirect=True)
def test_the_library(bench: Bench, policy: Callable[[], None], me: ThrowawayIdentity) -> None:
    consent, said = GUARDS[bench.guard]
    is_asked = ("library", bench.guard, bench.command) not in NOT_ASKED

    def write(**given: bool) -> bytes:
        if bench.command == "encrypt":
            rule = Selection(encrypted_regex="^never$" if bench.guard == "nothing" else "^a$")
            return library.encrypt(PLAIN.encode(), format="yaml", recipients=[me.recipient], selection=rule, **given)
        wants_sync = bench.guard == "weaker" and bench.command != "save"
        file = SealedFile.open(bench.path, consent=Consent(sync_rules=wants_sync, **given))
        if bench.command == "save":
            with pytest.raises(RefusedError) if bench.guard in SPEAK_OF_ALL else nullcontext():
                file.set("a", "changed")
        elif bench.command == "set":
            file.set(*bench.change)
        else:
            file.unset("c")
        file.save()
        return bench.path.read_bytes()

    bench.prepare(by_comment=False)
    before = bench.bytes()
    if is_asked and bench.command != "encrypt":
        write()  # without the policy nobody is asked
        assert bench.bytes() != before
        bench.path.write_bytes(before or b"")
    policy()
    if not is_asked:
        write()
        assert (bench.bytes() == before) == (bench.command == "encrypt" or bench.guard in SPEAK_OF_ALL)
        return
    with pytest.raises(RefusedError, match=re.escape(said)) as caught:
        write()
    assert bench.bytes() == before
    assert f"{consent}=True" in (caught.value.hint or "")
    assert write(**{consent: True}) != before


METADATA = {
    "rules": ("unencrypted_suffix: _unencrypted", "unencrypted_regex: ^b", "edit --keep-rules"),
    "recipients": ("    lastmodified", f"        - recipient: {OTHER}\\n    lastmodified", "edit --accept-recipients"),
    "threshold": ("shamir_threshold: 3", "shamir_threshold: 2", "groups delete --lower-threshold"),
}
"""What is changed in the metadata under the editor, and what the hint names."""


@pytest.mark.parametrize("cell", [(guard, "groups add") for guard in METADATA], ids="-".join, indirect=True)
def test_metadata_in_the_editor_of_sops(
    bench: Bench,
    screen: Terminal,
    policy: Callable[[], None],
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    guard = bench.guard
    bench.guard = guard if guard == "threshold" else "none"
    bench.prepare(by_comment=False)
    (bench.work / ".sops.yaml").write_text(f"creation_rules:\n  - age: [{bench.me}]\n")
    old, new, hint = METADATA[guard]
    code = f"import sys; p = sys.argv[1]; t = open(p).read(); open(p, 'w').write(t.replace('{old}', '{new}'))"
    (bench.work.parent / "editor.sh").write_text(f'#!/bin/sh\nexec {sys.executable} -c "{code}" "$1"\n')
    before, line = bench.bytes(), ["edit", "--show-master-keys", FILE]
    assert run_sops(line) == 0
    assert bench.bytes() != before
    bench.path.write_bytes(before or b"")
    policy()
    monkeypatch.setattr(talk, "may_add_messages", lambda verbose: True)
    assert run_sops(line) == 1
    assert bench.bytes() == before
    assert GUARDS[guard][1] in screen.shown
    assert f'use "leafseal {hint}"' in capfdbinary.readouterr().err.decode()
    screen.answers = ["y", "y"]
    assert run_sops(line) == 0
    assert bench.bytes() != before


def test_the_matrix_is_whole() -> None:
    """Every cell is there once; the reasons are for cells that exist."""
    asked = len(CELLS) - len(set(CELLS) & set(NOT_ASKED))
    print(
        f"{len(CELLS)} cells: {asked} are refused without consent, {len(CELLS) - asked} not asked about, with reasons"
    )
    for face, commands in (("leafseal", COMMANDS), ("sops", SOPS), ("library", LIBRARY)):
        print(f"  {face}: {len(GUARDS)} guards through {len(commands)} commands")
        for guard in GUARDS:
            assert any((face, guard, command) not in NOT_ASKED for command in commands) or face == "library", guard
    assert len(CELLS) == len(set(CELLS)) == len(GUARDS) * (len(COMMANDS) + len(SOPS) + len(LIBRARY))
    assert asked == 81
