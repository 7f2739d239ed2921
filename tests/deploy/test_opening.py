"""Files that are deployed: opened together, all of them or none, and nothing left encrypted in any."""

from __future__ import annotations

import pytest

from leafseal.deploy.argocd.tools import check
from leafseal.deploy.helm.stream import pieces
from leafseal.deploy.opening import File, open_files, refuse_plain
from leafseal.document import Leaf
from leafseal.errors import LeafsealError, RefusedError
from leafseal.keys import Ambient
from leafseal.keys.ring import KeyRing
from leafseal.operations.batch import Item
from leafseal.operations.encrypt import encrypt
from leafseal.rules.selection import Selection
from leafseal.testing import NOWHERE

from ..opening import as_item
from ..operations.test_batch import CountingKey, network
from ..whole_files import AMBIENT, KEYS, seal

__all__ = ["network"]

SECRET = b"apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  password: swordfish\n"


def _open(*items: Item) -> tuple[list[File], list[str]]:
    files, errors = open_files(items, KeyRing(AMBIENT))
    return files, list(map(str, errors))


def test_encrypted_and_plain_files_in_their_order() -> None:
    plain = b"apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n"
    files, errors = _open(
        as_item("ns.yaml", plain, "yaml"),
        as_item("db.yaml", seal(SECRET, "yaml"), "yaml"),
        as_item("values.json", seal(b'{"a": 1}\n', "json"), "json"),
        as_item("key.pem", seal(b"\0bytes", "binary"), "binary"),
        as_item("logo.png", b"\x89PNG\0", "binary"),
    )
    assert errors == []
    assert [file.plaintext() for file in files] == [plain, SECRET, b'{"a": 1}\n', b"\0bytes", b"\x89PNG\0"]
    assert [file.opened is None for file in files] == [True, False, False, False, True]


def test_every_file_that_fails_is_named() -> None:
    torn = seal(SECRET, "yaml").replace(b"data:", b"data:AAAA", 1)
    lost = seal(SECRET, "yaml").partition(b"sops:")[0]
    _, errors = _open(
        as_item("good.yaml", seal(SECRET, "yaml"), "yaml"),
        as_item("torn.yaml", torn, "yaml"),
        as_item("lost.yaml", lost, "yaml"),
        as_item("cut.yaml", seal(SECRET, "yaml")[:-40], "yaml"),
    )
    assert [error.partition(":")[0] for error in errors] == ["torn.yaml", "lost.yaml", "cut.yaml"]
    assert "swordfish" not in "".join(errors)


def test_files_ask_a_key_service_once_for_each_data_key(network: dict[str, CountingKey]) -> None:
    nowhere = Ambient({}, NOWHERE)
    sealed = [encrypt(b"a: %d\n" % n, "yaml", [[network["one"]]], 0, Selection(), nowhere).data for n in range(3)]
    items = [as_item(f"{n}.yaml", sealed[n % 3], "yaml") for n in range(10)]
    files, errors = open_files(items, KeyRing(nowhere))
    assert not errors
    assert [file.plaintext() for file in files] == [b"a: %d\n" % (n % 3) for n in range(10)]
    assert network["one"].calls.count("unwrap") == 3


def test_credentials_that_expired_are_said_with_the_file(network: dict[str, CountingKey]) -> None:
    nowhere = Ambient({}, NOWHERE)
    data = encrypt(b"a: 1\n", "yaml", [[network["one"]]], 0, Selection(), nowhere).data
    network["one"] = CountingKey("one", failure="the credentials have expired")
    files, errors = open_files([as_item(f"{n}.yaml", data, "yaml") for n in range(2)], KeyRing(nowhere))
    assert files == []
    assert [str(error) for error in errors] == [f"{n}.yaml: hckms one: the credentials have expired" for n in range(2)]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (b"a:\n  b: TOKEN\n", "a.b: the value is still encrypted"),
        (b"TOKEN: 1\n", "a key name is still encrypted"),
        (b"items:\n- kind: Secret\n  sops: {mac: x, version: y}\n", "items[0].sops: metadata of an encrypted file"),
    ],
)
def test_what_is_still_encrypted_is_refused(text: bytes, where: str) -> None:
    token = b"ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]"
    text = text.replace(b"TOKEN", token)
    selection = Selection(encrypted_regex="^nothing$")
    sealed = encrypt(
        text, "yaml", KEYS, 0, selection, AMBIENT, allow_nothing=True, allow_tokens=True
    ).data  # as somebody leaves it who pastes a value
    _, errors = _open(as_item("left.yaml", sealed, "yaml"))
    assert len(errors) == 1
    assert where in errors[0]


@pytest.mark.parametrize("escape", [r"\x{:02x}", r"\u{:04X}", r"\U{:08x}", "\\\n    {}"])
def test_escapes_do_not_hide_what_is_encrypted(escape: str) -> None:
    first = [letter if "{}" in escape else ord(letter) for letter in "Es"]
    token, name = (escape.format(letter) for letter in first)
    lost = f'a: "{token}NC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]"\n'
    left = f'a: b\n"{name}ops": {{mac: x, version: x, lastmodified: x}}\n'
    for text in (lost,) if "\n" in name else (lost, left):  # no key name has two lines
        files, errors = _open(as_item("x.yaml", text.encode(), "yaml"))
        assert (files, len(errors)) == ([], 1)
        assert next(pieces(text.encode())).is_encrypted
        with pytest.raises(LeafsealError):
            check(text.encode())


def test_a_text_without_a_format_may_speak_of_sops() -> None:
    notes = b"Run sops with care: \\x41.\n"
    files, errors = _open(as_item("notes.txt", notes, "binary"))
    assert ([file.plaintext() for file in files], errors) == ([notes], [])


def test_a_plain_file_may_speak_of_sops() -> None:
    flux = b"apiVersion: v1\nkind: Kustomization\nspec:\n  decryption: {provider: sops}\n"
    files, errors = _open(as_item("flux.yaml", flux, "yaml"))
    assert not errors
    assert files[0].opened is None


def test_a_whole_encrypted_file_in_a_value_is_for_a_program_in_the_cluster() -> None:
    inner = seal(SECRET, "yaml").decode()
    carrier = "kind: ConfigMap\ndata:\n  db.yaml: |\n" + "".join(f"    {line}\n" for line in inner.splitlines())
    files, errors = _open(as_item("carrier.yaml", carrier.encode(), "yaml"))
    assert not errors
    assert files[0].opened is None


def test_a_plain_file_where_a_rule_would_encrypt_is_refused() -> None:
    [file], _ = _open(as_item("db.yaml", SECRET, "yaml"))
    with pytest.raises(RefusedError) as caught:
        refuse_plain(file, Selection(encrypted_regex="^(data|stringData)$"), hint="encrypt it")
    assert str(caught.value).startswith("db.yaml: not encrypted, and the rule for it in .sops.yaml encrypts stringData")
    refuse_plain(file, None, hint="")
    refuse_plain(file, Selection(encrypted_regex="^other$"), hint="")

    refuse_plain(file, Selection(), hint="", among=lambda _document: lambda _leaf: False)
    [opened], _ = _open(as_item("db.yaml", seal(SECRET, "yaml"), "yaml"))
    refuse_plain(opened, Selection(), hint="")


def test_a_template_is_no_plain_file_of_the_rule() -> None:
    [file], _ = _open(as_item("t.yaml", b"{{- if .Values.x }}\na: {{ .x }}\n", "yaml"))
    refuse_plain(file, Selection(), hint="")


def _is_password(leaf: Leaf) -> bool:
    return leaf.path[-1:] == ("password",)


def test_leaves_are_told_apart() -> None:
    [file], _ = _open(as_item("db.yaml", SECRET, "yaml"))
    with pytest.raises(LeafsealError, match=r"encrypts stringData\.password$"):
        refuse_plain(file, Selection(), hint="", among=lambda _document: _is_password)
