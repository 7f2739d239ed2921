"""Commands on files whose keys are of several kinds, in a repository with a configuration of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from ..providers.gpg_home import GpgHome, gpg_home, needs_gpg
from ..providers.mixed import KINDS, LOCAL, NETWORK, Mix, mixed
from ..services.moto_kms import AWS
from .conftest import PLAIN, Run

pytestmark = [
    needs_gpg,
    pytest.mark.skipif(find_spec("httpx") is None, reason="httpx is not installed"),
    pytest.mark.skipif(find_spec("moto") is None, reason="moto is not installed"),
]

OPTIONS = {"age": "age", "pgp": "pgp", "kms": "kms", "hc_vault": "hc-vault-transit"}
SOPS = shutil.which("sops")


@pytest.fixture(scope="module")
def ring() -> Iterator[GpgHome]:
    with gpg_home() as home:
        home.make_key("alice")
        yield home


@pytest.fixture
def mix(tmp_path: Path, work: Path, ring: GpgHome, aws: AWS, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mix]:
    """Somebody with all the keys, in the working tree."""
    with mixed(tmp_path / "mix", ring, aws) as found:
        use(found, monkeypatch)
        configure(work, found, LOCAL, NETWORK)
        yield found


def use(mix: Mix, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take over the variables of what is left of the keys."""
    for name, value in mix.environ.items():
        monkeypatch.setenv(name, value)


def configure(work: Path, mix: Mix, *groups: tuple[str, ...], threshold: int = 0) -> None:
    """Write a configuration with groups of kinds."""

    def entry(kind: str) -> object:
        return {"arn": mix.texts[kind]} if kind == "kms" else mix.texts[kind]

    rule = {"key_groups": [{kind: [entry(kind)] for kind in kinds} for kinds in groups]}
    (work / ".sops.yaml").write_text(json.dumps({"creation_rules": [{**rule, "shamir_threshold": threshold}]}))


def kinds_of(leafseal: Run, path: Path) -> list[list[str]]:
    """Return the kinds of the keys in each group of a file."""
    [about] = json.loads(leafseal("inspect", "--json", path.name).out)["files"]
    kinds: list[list[str]] = [[] for _ in range(about["groups"])]
    for key in about["recipients"]:
        kinds[key["group"]].append(key["kind"])
    return kinds


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def grouped(leafseal: Run, plain: Path, mix: Mix) -> Path:
    """A file whose groups are the local keys and those of services."""
    assert leafseal("encrypt", "-i", plain.name) == (0, b"", "")
    mix.asked()
    return plain


def test_a_file_goes_round(leafseal: Run, grouped: Path, mix: Mix) -> None:
    assert kinds_of(leafseal, grouped) == [["pgp", "age"], ["kms", "hc_vault"]]
    assert mix.asked() == []
    assert leafseal("decrypt", grouped.name) == (0, PLAIN, "")
    assert "gpg" not in mix.asked()
    assert leafseal("set", grouped.name, "db.port", "6").code == 0
    assert leafseal("get", grouped.name, "db.port").out == b"6\n"
    assert leafseal("verify", grouped.name).code == 0


@pytest.mark.parametrize("left", ["kms", "hc_vault"])
def test_one_service_of_a_group_is_enough(
    leafseal: Run, grouped: Path, mix: Mix, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    use(mix.without("age", *({"kms", "hc_vault"} - {left})), monkeypatch)
    assert leafseal("decrypt", grouped.name) == (0, PLAIN, "")


def test_what_is_said_when_a_group_stays_closed(
    leafseal: Run, grouped: Path, mix: Mix, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(mix.without(*NETWORK), monkeypatch)
    result = leafseal("decrypt", grouped.name)
    assert (result.code, result.out) == (128, b"")
    assert [line.removeprefix("leafseal: ").rstrip() for line in result.err.splitlines()] == [
        "error: app.yaml: 1 of 2 key groups decrypted, 2 are needed",
        "  group 1 of 2: decrypted",
        "  group 2 of 2: not decrypted: 1 AWS KMS key and 1 Vault transit key",
        "  2 of 2 groups are needed, 1 decrypted",
        f"  kms {mix.texts['kms']}: AWS KMS answered AccessDeniedException: not you (credentials: AWS_ACCESS_KEY_ID)",
        f"  hc_vault {mix.texts['hc_vault']}: {mix.texts['hc_vault'].partition('/v1')[0]}: "
        "Vault answered 403: permission denied (credentials: VAULT_TOKEN)",
        '    hint: the token needs a policy with path "transit/decrypt/shop" { capabilities = ["update"] }',
        "hint: these credentials need kms:Decrypt on this key",
    ]


@pytest.mark.parametrize("kind", ["pgp", *NETWORK])
@pytest.mark.parametrize("command", ["encrypt", "rotate", "updatekeys"])
def test_where_one_key_does_not_wrap_nothing_changes(
    leafseal: Run, plain: Path, mix: Mix, work: Path, monkeypatch: pytest.MonkeyPatch, command: str, kind: str
) -> None:
    if command != "encrypt":  # a file that age alone opens, and that is to get all keys
        assert leafseal("encrypt", "-i", "--age", mix.texts["age"], plain.name).code == 0
    before = contents(work)
    use(mix.without(kind), monkeypatch)
    added = [word for each in KINDS[1:] for word in (f"--add-{OPTIONS[each]}", mix.texts[each])]
    more = {"encrypt": ["-i"], "rotate": ["-i", *added], "updatekeys": ["--yes"]}[command]
    result = leafseal(command, *more, plain.name)
    assert result.code == 1
    assert f"cannot encrypt the data key for {kind} {mix.texts[kind]}" in result.err
    assert contents(work) == before


def test_keys_come_and_go_by_rotation(leafseal: Run, plain: Path, mix: Mix, work: Path) -> None:
    (work / ".sops.yaml").unlink()
    assert leafseal("encrypt", "-i", "--age", mix.texts["age"], plain.name).code == 0
    present = ["age"]
    for kind in KINDS[1:]:
        result = leafseal("rotate", "-i", "--accept-recipients", f"--add-{OPTIONS[kind]}", mix.texts[kind], plain.name)
        assert result.code == 0, result.err
        present.append(kind)
        assert sorted(kinds_of(leafseal, plain)[0]) == sorted(present)
    for kind in KINDS[:-1]:
        result = leafseal("rotate", "-i", f"--rm-{OPTIONS[kind]}", mix.texts[kind], plain.name)
        assert result.code == 0, result.err
        present.remove(kind)
        assert sorted(kinds_of(leafseal, plain)[0]) == sorted(present)
        assert leafseal("decrypt", plain.name) == (0, PLAIN, "")
    assert kinds_of(leafseal, plain) == [["hc_vault"]]


def test_the_configuration_is_followed(leafseal: Run, grouped: Path, mix: Mix, work: Path) -> None:
    assert leafseal("updatekeys", "--yes", grouped.name).code == 0
    assert set(mix.asked()) <= {"kms Decrypt", "hc_vault decrypt"}  # nothing was to be wrapped
    configure(work, mix, ("age", "kms"), ("pgp",), ("hc_vault",), threshold=2)
    result = leafseal("updatekeys", "--yes", grouped.name)
    assert result.code == 0, result.err
    assert kinds_of(leafseal, grouped) == [["kms", "age"], ["pgp"], ["hc_vault"]]
    assert leafseal("decrypt", grouped.name) == (0, PLAIN, "")
    configure(work, mix, NETWORK)
    assert leafseal("updatekeys", "--yes", "--lower-threshold", grouped.name).code == 0
    assert kinds_of(leafseal, grouped) == [["kms", "hc_vault"]]
    assert leafseal("decrypt", grouped.name) == (0, PLAIN, "")


def test_groups_are_added_and_deleted(leafseal: Run, plain: Path, mix: Mix, work: Path) -> None:
    (work / ".sops.yaml").unlink()
    assert leafseal("encrypt", "-i", "--age", mix.texts["age"], plain.name).code == 0
    for count, kind in enumerate(KINDS[1:], 2):
        option = f"--{OPTIONS[kind]}"
        arguments = ("-i", "-f", plain.name, "--accept-recipients", "--threshold", str(count), option, mix.texts[kind])
        result = leafseal("groups", "add", *arguments)
        assert result.code == 0, result.err
        assert len(kinds_of(leafseal, plain)) == count
        assert leafseal("decrypt", plain.name) == (0, PLAIN, "")
    assert kinds_of(leafseal, plain) == [[kind] for kind in KINDS]
    arguments = ("-i", "-f", plain.name, "--lower-threshold", "--threshold", "2", "--group", "2")
    assert leafseal("groups", "delete", *arguments).code == 0
    assert kinds_of(leafseal, plain) == [["age"], ["kms"], ["hc_vault"]]
    mix.asked()
    assert leafseal("decrypt", plain.name) == (0, PLAIN, "")
    assert mix.asked()[0] in ("kms Decrypt", "hc_vault decrypt")  # with age, either will do


def test_many_files_ask_once_for_each_blob(leafseal: Run, mix: Mix, work: Path) -> None:
    sealed = []
    for number, kind in enumerate(("kms", "hc_vault", "pgp")):
        (work / "one.json").write_text(json.dumps({"a": number}))
        sealed.append(leafseal("encrypt", f"--{OPTIONS[kind]}", mix.texts[kind], "one.json").out)
    (work / "one.json").unlink()
    names = [f"{number:02}.json" for number in range(20)]
    for number, name in enumerate(names):
        (work / name).write_bytes(sealed[number % 3])
    mix.asked()
    assert leafseal("decrypt", "--output-dir", "opened", *names).code == 0
    assert [json.loads((work / "opened" / name).read_bytes())["a"] for name in names] == [n % 3 for n in range(20)]
    assert Counter(mix.asked()) == {"kms Decrypt": 1, "hc_vault decrypt": 1, "gpg": 1}


@pytest.mark.interop
@pytest.mark.skipif(SOPS is None, reason="no sops on PATH")
def test_sops_opens_it_with_its_keys_and_we_what_it_makes_of_it(
    leafseal: Run, grouped: Path, mix: Mix, work: Path
) -> None:
    environ = {**os.environ, **mix.environ}

    def sops(*arguments: str) -> bytes:
        return subprocess.run([str(SOPS), *arguments], cwd=work, env=environ, capture_output=True, check=True).stdout

    assert b"hunter2-and-more" in sops("decrypt", grouped.name)
    configure(work, mix, ("hc_vault",), ("kms", "age"), ("pgp",), threshold=2)
    sops("updatekeys", "--yes", grouped.name)
    assert kinds_of(leafseal, grouped) == [["hc_vault"], ["kms", "age"], ["pgp"]]
    assert leafseal("get", grouped.name, "db.password").out == b"hunter2-and-more\n"
