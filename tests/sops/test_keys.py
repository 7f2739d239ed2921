"""What transcripts cannot show of rotate, updatekeys, groups: foreign keys, what stays, forgery, faults, colours."""

from __future__ import annotations

import errno
import os
import pty
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from leafseal.keys.registry import make_key, parse_recipients, provider
from leafseal.keys.ring import WrappedKey
from leafseal.metadata import Metadata
from leafseal.operations.encrypt import encrypt
from leafseal.operations.open import Opened, read_metadata
from leafseal.rules.selection import Selection
from leafseal.system import directory, files, terminal
from leafseal.testing import ThrowawayIdentity, throwaway_identity

from ..opening import open_sealed
from .conftest import Run
from .transcripts import link_to_us

PLAIN = b"k: v\nl: [1, two] # three\n"
FOREIGN = {
    "kms": ("kms", "arn:aws:kms:eu-west-1:1:key/k", {"arn": "arn:aws:kms:eu-west-1:1:key/k"}),
    "gcp-kms": ("gcp_kms", "projects/p/k", {"resource_id": "projects/p/k"}),
    "hckms": ("hckms", "eu-1:one", {"key_id": "eu-1:one"}),
    "azure-kv": (
        "azure_kv",
        "https://v.vault.azure.net/keys/n/1",
        {"vault_url": "https://v.vault.azure.net", "name": "n", "version": "1"},
    ),
    "hc-vault-transit": (
        "hc_vault",
        "https://127.0.0.1:1/v1/t/keys/n",
        {"vault_address": "https://127.0.0.1:1", "engine_path": "t", "key_name": "n"},
    ),
    "pgp": ("pgp", "FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4", {"fp": "FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4"}),
}
"""Options, the kinds that they name, a key as it is written, and its fields in a file."""
THEN = "2020-02-02T02:02:02Z"
REAL = shutil.which("sops")


@pytest.fixture
def me() -> ThrowawayIdentity:
    return throwaway_identity()


@pytest.fixture
def other() -> ThrowawayIdentity:
    return throwaway_identity()


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, me: ThrowawayIdentity) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SOPS_AGE_KEY", me.identity)
    monkeypatch.setattr(terminal, "has_terminal", lambda: False)
    directory._swept.clear()
    return folder


@pytest.fixture
def sops(work: Path, outcome_of: Run) -> Run:
    return outcome_of


@pytest.fixture
def sealed(work: Path, me: ThrowawayIdentity) -> Path:
    path = work / "a.yaml"
    groups = [parse_recipients("age", me.recipient)]
    path.write_bytes(encrypt(PLAIN, "yaml", groups, 0, Selection(), me.ambient()).data)
    return path


def opened(path: Path, me: ThrowawayIdentity) -> Opened:
    return open_sealed(path.read_bytes(), "yaml", me.ambient())


def with_foreign_keys(path: Path, me: ThrowawayIdentity) -> None:
    """Add an entry of each kind to a file, as if each had wrapped its data key."""
    file = opened(path, me)
    entries = [WrappedKey(make_key(kind, fields), "wrapped", THEN) for kind, _, fields in FOREIGN.values()]
    metadata = file.metadata.with_groups(((*file.metadata.groups[0], *entries),), 0)
    path.write_bytes(file.document.rewrite([], metadata.to_mapping()))


def kinds_of(path: Path) -> list[str]:
    _, metadata = read_metadata(path.read_bytes(), "yaml")
    return sorted(wrapped.master_key.kind for group in metadata.groups for wrapped in group)


def config(*recipients: ThrowawayIdentity) -> None:
    Path(".sops.yaml").write_text(f"creation_rules:\n  - age: {','.join(one.recipient for one in recipients)}\n")


# -- keys of other kinds


def removals() -> list[str]:
    return [word for option, (_, text, _) in FOREIGN.items() for word in (f"--rm-{option}", text)]


def test_keys_of_all_kinds_can_go(sops: Run, sealed: Path, me: ThrowawayIdentity) -> None:
    with_foreign_keys(sealed, me)
    assert kinds_of(sealed) == ["age", "azure_kv", "gcp_kms", "hc_vault", "hckms", "kms", "pgp"]
    assert sops("rotate", "-i", *removals(), "a.yaml") == (0, "", "")
    assert kinds_of(sealed) == ["age"]
    assert opened(sealed, me).plaintext() == PLAIN


@pytest.mark.interop
@pytest.mark.skipif(REAL is None, reason="no sops on PATH")
def test_sops_removes_the_same_keys(work: Path, sealed: Path, me: ThrowawayIdentity) -> None:
    with_foreign_keys(sealed, me)
    subprocess.run([str(REAL), "rotate", "-i", *removals(), "a.yaml"], check=True, capture_output=True)
    assert kinds_of(sealed) == ["age"]


@pytest.mark.interop
@pytest.mark.skipif(REAL is None, reason="no sops on PATH")
def test_sops_shows_the_same_changes(sops: Run, sealed: Path, me: ThrowawayIdentity, other: ThrowawayIdentity) -> None:
    with_foreign_keys(sealed, me)
    config(other, me)
    before = sealed.read_bytes()
    theirs = subprocess.run([str(REAL), "updatekeys", "-y", "a.yaml"], check=True, capture_output=True)
    sealed.write_bytes(before)
    assert sops("updatekeys", "-y", "a.yaml").out == theirs.stdout.decode()


@pytest.mark.parametrize("option", FOREIGN)
def test_a_key_that_stays_and_cannot_wrap_stops_the_rotation(
    sops: Run, sealed: Path, me: ThrowawayIdentity, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_foreign_keys(sealed, me)
    before = sealed.read_bytes()
    index = removals().index(f"--rm-{option}")
    others = [*removals()[:index], *removals()[index + 2 :]]
    monkeypatch.setattr(provider(FOREIGN[option][0]), "wrap", _refuse)
    result = sops("rotate", "-i", *others, "a.yaml")
    assert (result.code, result.out) == (1, "")
    assert re.fullmatch(r"Could not generate data key: \[.*\]\n", result.err)
    assert FOREIGN[option][1] in result.err
    assert sealed.read_bytes() == before


def _refuse(self: object, part: bytes, ambient: object) -> bytes:
    from leafseal.errors import ProviderError

    raise ProviderError("not today")


def test_keys_of_all_kinds_are_compared(sops: Run, sealed: Path, me: ThrowawayIdentity) -> None:
    with_foreign_keys(sealed, me)
    rule = [f"    age: {me.recipient}"]
    rule += [f"    {_RULE_NAMES.get(kind, kind)}: ['{text}']" for kind, text, _ in FOREIGN.values()]
    Path(".sops.yaml").write_text("\n".join(["creation_rules:", "  - path_regex: .*", *rule, ""]))
    before = sealed.read_bytes()
    result = sops("updatekeys", "a.yaml")
    assert (result.code, result.out) == (0, "")
    assert "already up to date" in result.err
    config(me)
    result = sops("updatekeys", "-y", "a.yaml")
    gone = [line for line in result.out.splitlines() if line.startswith("---")]
    assert gone == [f"--- {text}" for _, text, _ in FOREIGN.values()]
    assert kinds_of(sealed) == ["age"]
    assert sealed.read_bytes() != before


_RULE_NAMES = {"hc_vault": "hc_vault_transit_uri", "azure_kv": "azure_keyvault"}


def test_dates_of_keys_that_stay(
    sops: Run, sealed: Path, me: ThrowawayIdentity, other: ThrowawayIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = provider("hckms")
    monkeypatch.setattr(kind, "wrap", lambda self, part, ambient: b"wrapped")
    with_foreign_keys(sealed, me)
    rest = [word for word in removals() if word not in ("--rm-hckms", FOREIGN["hckms"][1])]
    assert sops("rotate", "-i", *rest, "a.yaml").code == 0
    assert dates(sealed) == [THEN]
    assert sops("groups", "add", "-i", "-f", "a.yaml", "--age", me.recipient, "--hckms", "eu-1:two").code == 0
    assert dates(sealed)[0] == THEN
    assert dates(sealed)[1] > THEN


def dates(path: Path) -> list[str]:
    _, metadata = read_metadata(path.read_bytes(), "yaml")
    return [wrapped.created_at for group in metadata.groups for wrapped in group if wrapped.created_at is not None]


# -- what stays, and what is new


def test_rotation_seals_everything_anew_and_moves_nothing(sops: Run, sealed: Path, me: ThrowawayIdentity) -> None:
    before, old = sealed.read_bytes(), opened(sealed, me)
    assert sops("rotate", "-i", "a.yaml") == (0, "", "")
    new = opened(sealed, me)
    assert not set(new.tokens()) & set(old.tokens())
    assert new.data_key.reveal() != old.data_key.reveal()
    assert new.plaintext() == PLAIN
    assert shape(sealed.read_bytes()) == shape(before)


def shape(data: bytes) -> str:
    """Return a file without what every rotation changes."""
    clear = re.sub(r"ENC\[[^]]*\]|BEGIN AGE[^:]*END AGE|lastmodified: .*|structure1_t[0-9a-f]*: .*", "", data.decode())
    return re.sub(r"(?m)^( *)t[0-9a-f]{16}:", r"\1t:", clear)


def test_updatekeys_and_groups_keep_the_data_key_and_the_values(
    sops: Run, sealed: Path, me: ThrowawayIdentity, other: ThrowawayIdentity
) -> None:
    old = opened(sealed, me)
    config(me, other)
    assert sops("updatekeys", "-y", "a.yaml").code == 0
    config(me)
    assert sops("updatekeys", "-y", "a.yaml").code == 0
    assert sops("groups", "add", "-i", "-f", "a.yaml", "--age", me.recipient) == (0, "", "")
    delete = ["groups", "delete", "-i", "-f", "a.yaml", "--shamir-secret-sharing-threshold", "1", "1"]
    assert sops(*delete) == (0, "", "")
    new = opened(sealed, me)
    assert new.data_key.reveal() == old.data_key.reveal()
    assert new.tokens() == old.tokens()
    assert without_keys(new.metadata) == without_keys(old.metadata)


def without_keys(metadata: Metadata) -> Metadata:
    return metadata._replace(groups=(), threshold=0, structure="")


def test_who_is_removed_is_told_of_where_somebody_looks(
    sops: Run, sealed: Path, me: ThrowawayIdentity, other: ThrowawayIdentity
) -> None:
    config(me, other)
    assert sops("updatekeys", "-y", "a.yaml").code == 0
    config(me)
    heard = sops("--verbose", "updatekeys", "-y", "a.yaml")
    assert heard.code == 0
    assert f"age {other.recipient} still knows the data key" in heard.err
    heard = sops("--verbose", "rotate", "-i", "--add-age", other.recipient, "a.yaml")
    assert f".sops.yaml does not name these recipients: age {other.recipient}" in heard.err
    heard = sops("--verbose", "rotate", "-i", "--rm-age", other.recipient, "a.yaml")
    assert f"age {other.recipient} could read what it held" in heard.err
    heard = sops("--verbose", "rotate", "-i", "--rm-age", other.recipient, "a.yaml")
    assert f"age {other.recipient} cannot be removed: the file does not have this key" in heard.err


# -- forged files


@pytest.fixture
def forged(sealed: Path) -> Path:
    """A file with a sealed line taken away: every value verifies, the whole does not."""
    lines = sealed.read_bytes().splitlines(keepends=True)
    sealed.write_bytes(b"".join(line for line in lines if not line.startswith(b"k:")))
    return sealed


COMMANDS = {
    "rotate": ["rotate", "-i", "a.yaml"],
    "rotate, the old way": ["-r", "-i", "a.yaml"],
    "updatekeys": ["updatekeys", "-y", "a.yaml"],
    "groups add": ["groups", "add", "-i", "-f", "a.yaml", "--age", ""],
    "groups delete": ["groups", "delete", "-i", "-f", "a.yaml", "--shamir-secret-sharing-threshold", "1", "1"],
}


def words(command: str, other: ThrowawayIdentity) -> list[str]:
    return [word or other.recipient for word in COMMANDS[command]]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_forged_file_is_not_written(
    sops: Run, forged: Path, me: ThrowawayIdentity, other: ThrowawayIdentity, command: str
) -> None:
    config(me, other)
    before = forged.read_bytes()
    result = sops(*words(command, other))
    assert (result.code, forged.read_bytes()) == (51, before)
    assert not re.search("[0-9A-F]{32}", result.err)


def test_the_old_way_can_ignore_the_mac(sops: Run, forged: Path, me: ThrowawayIdentity) -> None:
    assert sops("-r", "--ignore-mac", "-i", "a.yaml") == (0, "", "")
    assert opened(forged, me).plaintext() == PLAIN.removeprefix(b"k: v\n")


# -- faults


@pytest.fixture(params=list(COMMANDS))
def writing(
    request: pytest.FixtureRequest, sops: Run, sealed: Path, me: ThrowawayIdentity, other: ThrowawayIdentity
) -> list[str]:
    """A command that is about to change the file."""
    config(me, other)
    if request.param == "groups delete":
        assert sops("groups", "add", "-i", "-f", "a.yaml", "--age", me.recipient).code == 0
    return words(request.param, other)


def listing(work: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in work.iterdir() if ".kept-" not in path.name}


def test_it_writes_one_file(sops: Run, writing: list[str], work: Path) -> None:
    before = listing(work)
    assert sops(*writing).code == 0
    after = listing(work)
    assert [name for name in after if after[name] != before.get(name)] == ["a.yaml"]


@pytest.mark.parametrize("call", ["fsync", "replace", "write"])
def test_a_full_disk(sops: Run, writing: list[str], work: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    before = listing(work)

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    real = getattr(os, call)
    fail_once = iter([fail])
    if call == "write":
        monkeypatch.setattr(files, "write_all", fail)
    else:
        monkeypatch.setattr(os, call, lambda *a, **k: next(fail_once, real)(*a, **k))
    result = sops(*writing)
    monkeypatch.undo()
    assert result.code == 3
    assert "Could not open in-place file for writing: " in result.err
    assert listing(work) == before


def test_what_does_not_verify_is_not_put_in_place(
    sops: Run, writing: list[str], work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = listing(work)
    read_back = files._read_back
    monkeypatch.setattr(files, "_read_back", lambda descriptor: read_back(descriptor).replace(b"e", b"E", 1))
    result = sops(*writing)
    monkeypatch.undo()
    assert result.code != 0
    assert listing(work) == before


# -- colours


@pytest.mark.parametrize("more", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_colours_on_a_terminal(
    work: Path, sealed: Path, me: ThrowawayIdentity, other: ThrowawayIdentity, tmp_path: Path, more: dict[str, str]
) -> None:
    config(other)
    shown = on_terminal([str(link_to_us(tmp_path)), "updatekeys", "a.yaml"], b"n\n", {"TERM": "xterm", **more})
    plain = f"Group 1\n+++ {other.recipient}\n--- {me.recipient}\nIs this okay? (y/n):"
    assert plain in re.sub("\033\\[[0-9]*m", "", shown)
    if more:
        assert "\033" not in shown
    else:
        assert f"\033[4mGroup 1\033[0m\n\033[32m+++ {other.recipient}\033[0m\n\033[31m--- {me.recipient}" in shown


def on_terminal(command: list[str], typed: bytes, more: dict[str, str]) -> str:
    """Run a command whose standard output is a terminal, and return what it showed there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=theirs, stderr=subprocess.DEVNULL, env={**os.environ, **more}
    )
    os.close(theirs)
    process.communicate(typed, timeout=120)
    shown = b""
    try:
        while data := os.read(ours, 4096):
            shown += data
    except OSError:  # Linux says so when the other side is closed
        pass
    finally:
        os.close(ours)
    return shown.decode().replace("\r\n", "\n")
