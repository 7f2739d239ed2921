"""The library's files: what is refused changes nothing, on the disk or in memory, and what is written is whole."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

import leafseal
from leafseal import SealedFile
from leafseal.errors import (
    AlreadyEncryptedError,
    ConfigError,
    ConflictError,
    DataKeyError,
    EmitError,
    FormatError,
    IntegrityError,
    InvalidValueError,
    LeafsealError,
    MACMismatchError,
    NothingSealedError,
    PathError,
    RefusedError,
    UsageError,
)
from leafseal.formats import format_of
from leafseal.operations.product import Product
from leafseal.operations.seal import seal_document
from leafseal.rules.selection import Selection
from leafseal.testing import throwaway_identity

from ..whole_files import AMBIENT, ME, PASSWORD, SPLICED, open_, seal, seal_in

PLAIN = {
    "yaml": b"# note\ndb:\n  user: admin # who\n  password: old\nlist: [1, two]\n",
    "json": b'{"db": {"user": "admin", "password": "old"}, "list": [1, "two"]}\n',
    "dotenv": b"# note\nUSER=admin\nPASSWORD=old\n",
    "ini": b"; note\nuser = admin\n\n[db]\npassword = old\n",
}


@pytest.fixture(params=SPLICED)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return seal_in(tmp_path, PLAIN[request.param], request.param)


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_was_set_is_saved_and_nothing_else_moves(path: Path) -> None:
    name = PASSWORD[format_of(path.name)]
    file = SealedFile.open(path, ambient=AMBIENT)
    file.set(name, "new")
    assert path.read_bytes() != bytes(file)
    file.save()
    assert path.read_bytes() == bytes(file)
    expected = PLAIN[format_of(path.name)].replace(b"old", b"new")
    assert open_(path.read_bytes(), format_of(path.name)).plaintext() == expected
    file.set(name, "newer")
    file.save()
    assert SealedFile.open(path, ambient=AMBIENT).get(name) == "newer"
    assert list(files_in(path.parent)) == [path.name]


REFUSED: dict[str, tuple[Callable[[SealedFile, str], None], tuple[type[LeafsealError], ...]]] = {
    "set below a value": (lambda file, name: file.set(f"{name}.more", "x"), (PathError,)),
    "set a list position that is too far": (lambda file, _: file.set("list[9]", "x"), (PathError, EmitError)),
    "unset what is not there": (lambda file, _: file.unset("nowhere"), (PathError,)),
    "a path that is none": (lambda file, _: file.set("[", "x"), (PathError,)),
    "a value that no file holds": (lambda file, name: file.set(name, object()), (InvalidValueError,)),
    "a reserved name": (lambda file, _: file.set("sops.x", "x"), (AlreadyEncryptedError, EmitError, PathError)),
    "a NUL": (lambda file, name: file.set(name, "a\0b"), (EmitError, RefusedError, FormatError)),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_changes_nothing(path: Path, name: str) -> None:
    change, kinds = REFUSED[name]
    if name == "a NUL" and path.suffix in (".yaml", ".json"):
        pytest.skip("these formats hold a NUL, escaped")
    before = files_in(path.parent)
    file = SealedFile.open(path, ambient=AMBIENT)
    with pytest.raises(kinds):
        change(file, PASSWORD[format_of(path.name)])
    assert bytes(file) == before[path.name]
    file.save()
    assert files_in(path.parent) == before
    assert file.plaintext() == PLAIN[format_of(path.name)]


def test_a_file_that_changed_meanwhile_stays_as_it_is_now(path: Path) -> None:
    file = SealedFile.open(path, ambient=AMBIENT)
    file.set(PASSWORD[format_of(path.name)], "new")
    theirs = seal(PLAIN[format_of(path.name)], format_of(path.name))
    path.write_bytes(theirs)
    with pytest.raises(ConflictError):
        file.save()
    assert files_in(path.parent) == {path.name: theirs}


def test_a_file_that_would_not_open_again_is_not_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files_in(path.parent)
    file = SealedFile.open(path, ambient=AMBIENT)
    file.set(PASSWORD[format_of(path.name)], "new")
    made = file._product
    assert made is not None
    damaged = made.data.replace(b"tag:", b"tag:AAAA", 1)
    product = Product(damaged, made.format, made.data_key, made.expected, made.read)
    monkeypatch.setattr(file, "_product", product)
    with pytest.raises(LeafsealError):
        file.save()
    assert files_in(path.parent) == before


def test_a_file_that_would_open_to_something_else_is_not_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files_in(path.parent)
    file = SealedFile.open(path, ambient=AMBIENT)
    file.set(PASSWORD[format_of(path.name)], "new")
    made = file._product
    assert made is not None
    monkeypatch.setattr(file, "_product", Product(made.data, made.format, made.data_key, b"something else", made.read))
    with pytest.raises(IntegrityError, match="does not decrypt to what was encrypted; nothing was written"):
        file.save()
    assert files_in(path.parent) == before


@pytest.mark.parametrize(
    ("data", "format_name", "selection", "kind"),
    [
        (b"a: 1\na: 2\n", "yaml", None, FormatError),
        (b'{"a": 1, "a": 2}', "json", None, FormatError),
        (b"A=1\nA=2\n", "dotenv", None, FormatError),
        (b"a=1\na=2\n", "ini", None, FormatError),
        (b"a: 1\nsops: x\n", "yaml", None, AlreadyEncryptedError),
        (b"a: 1\n---\nsops: {}\n", "yaml", None, AlreadyEncryptedError),
        (b'{"sops": {}}', "json", None, AlreadyEncryptedError),
        (b"sops_mac=x\n", "dotenv", None, AlreadyEncryptedError),
        (b"[sops]\na=1\n", "ini", None, AlreadyEncryptedError),
        (b"a: x\n", "yaml", Selection(encrypted_regex="^b$"), NothingSealedError),
        (b"A=x\n", "dotenv", Selection(encrypted_suffix="_b"), NothingSealedError),
        (b"s: &s x\nc_unencrypted: *s\n", "yaml", None, RefusedError),
    ],
)
def test_what_is_not_encrypted(
    data: bytes, format_name: str, selection: Selection | None, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        leafseal.encrypt(data, format=format_name, recipients=[ME.recipient], selection=selection, ambient=AMBIENT)


def test_nobody_to_encrypt_for() -> None:
    for recipients in ([], [""]):
        with pytest.raises((ConfigError, LeafsealError)):
            leafseal.encrypt(b"a: 1\n", format="yaml", recipients=recipients, ambient=AMBIENT)
    with pytest.raises(UsageError, match="either recipients or groups"):
        leafseal.encrypt(b"a: 1\n", format="yaml", ambient=AMBIENT)


def test_what_does_not_read_back_is_not_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = seal_document
    damaged = lambda *a, **k: whole(*a, **k).replace(b",iv:", b",iv:A", 1)  # noqa: E731
    monkeypatch.setattr("leafseal.operations.encrypt.seal_document", damaged)
    with pytest.raises(LeafsealError):
        leafseal.encrypt(b"a: 1\n", format="yaml", recipients=[ME.recipient], ambient=AMBIENT)


def test_many_files_are_read_or_none(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.yaml").write_bytes(seal(b"a: %d\n" % number, "yaml"))
    paths = [tmp_path / f"{number}.yaml" for number in range(3)]
    opened = leafseal.open_many(paths, ambient=AMBIENT)
    assert opened == {str(path): {"a": number} for number, path in enumerate(paths)}
    paths[1].write_bytes(paths[1].read_bytes().replace(b"a: ENC", b"b: ENC", 1))
    with pytest.raises(IntegrityError, match=r"1\.yaml: b: this value was changed or moved after it was encrypted"):
        leafseal.open_many(paths, ambient=AMBIENT)


def test_errors_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(seal(b"a: one\nb: two\n", "yaml"))
    for change, kind in (
        (lambda data: data.replace(b"a: ENC", b"c: ENC", 1), IntegrityError),
        (lambda data: data.partition(b"\n")[2], MACMismatchError),
        (lambda data: b"[" + data, FormatError),
    ):
        broken = tmp_path / "broken.yaml"
        broken.write_bytes(change(path.read_bytes()))
        with pytest.raises(kind) as caught:
            SealedFile.open(broken, ambient=AMBIENT)
        assert caught.value.file == str(broken)
        assert str(caught.value).startswith(str(broken))
    with pytest.raises(DataKeyError) as caught_key:
        leafseal.load(path, ambient=throwaway_identity().ambient())
    assert str(path) in str(caught_key.value)


def test_it_is_used_like_a_dict_of_paths(tmp_path: Path) -> None:
    path = seal_in(tmp_path, b"db:\n  password: old\n  a.b: x\nnothing: null\nlist: [1, 2]\n", "yaml")
    file = SealedFile.open(path, ambient=AMBIENT)
    assert file["db.password"] == file["/db/password"] == file["db", "password"] == "old"
    assert file["db", "a.b"] == "x"
    assert file["list", 1] == 2
    assert "db.password" in file
    assert "nothing" in file
    assert "list[2]" not in file
    assert file.get("list[2]", "none") == "none"
    assert file.get("nothing", "default") is None
    file["db.password"] = "new"
    del file["list[0]"]
    assert (file["db.password"], file["list"]) == ("new", [2])
    for absent in ("db.nothing", ("db", "a", "b"), ("list", "x")):
        with pytest.raises(KeyError) as caught:
            file[absent]
        assert isinstance(caught.value, PathError)
        assert (caught.value.path, caught.value.file) == (absent, str(path))
    for wrong in (None, 3, b"db", ("db", 1.5), ["db"]):
        with pytest.raises(UsageError):
            file[wrong]  # type: ignore[index]
    with pytest.raises(TypeError):
        iter(file)  # type: ignore[call-overload]


def test_what_it_returns_is_a_copy(tmp_path: Path) -> None:
    file = SealedFile.open(seal_in(tmp_path, PLAIN["yaml"], "yaml"), ambient=AMBIENT)
    file["db"]["password"] = "lost"
    assert file["db.password"] == "old"
    assert not file.has_changes


def test_a_block_saves_nothing_by_itself(path: Path) -> None:
    before = path.read_bytes()
    name = PASSWORD[format_of(path.name)]
    with (
        pytest.warns(UserWarning, match="closed with changes that were not saved") as caught,
        SealedFile.open(path, ambient=AMBIENT) as file,
    ):
        file[name] = "new"
    assert caught[0].filename == __file__
    assert path.read_bytes() == before
    with SealedFile.open(path, ambient=AMBIENT) as file:
        file[name] = "new"
        file.save()
    assert SealedFile.open(path, ambient=AMBIENT)[name] == "new"
    with SealedFile.open(path, ambient=AMBIENT) as file:
        file[name] = "elsewhere"
        data = bytes(file)  # somebody has it
    assert open_(data, format_of(path.name)).plaintext().count(b"elsewhere") == 1
    with pytest.raises(PathError), SealedFile.open(path, ambient=AMBIENT) as file:  # which is what is to be told
        file.unset(file.set(name, "newer") or "nowhere")


def test_a_closed_file_says_so(path: Path) -> None:
    with SealedFile.open(path, ambient=AMBIENT) as file:
        assert not file.closed
    uses: list[Callable[[], object]] = [
        file.values, file.documents, file.plaintext, file.save, lambda: file["x"], lambda: "x" in file,
        lambda: file.set("x", 1), lambda: file.unset("x"), lambda: bytes(file), lambda: file.recipients,
        lambda: file.format,
    ]  # fmt: skip
    for use in uses:
        with pytest.raises(UsageError, match="the file is closed"):
            use()
    file.close()
    assert file.closed
    assert file.path == str(path)


def test_nothing_of_the_values_is_shown_or_pickled(path: Path) -> None:
    file = SealedFile.open(path, ambient=AMBIENT)
    assert repr(file) == f"<SealedFile {str(path)!r}, {format_of(path.name)}>"
    file[PASSWORD[format_of(path.name)]] = "new"
    assert repr(file).endswith(", changes not saved>")
    for copied in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be pickled or copied"):
            copied(file)
    file.close()
    assert repr(file) == f"<SealedFile {str(path)!r}, closed>"


def test_it_is_made_by_opening(path: Path) -> None:
    with pytest.raises(UsageError, match=r"made by SealedFile\.open\(path\)"):
        SealedFile(path)
