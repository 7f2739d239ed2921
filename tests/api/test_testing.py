"""What users get for their own tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import leafseal
from leafseal import testing
from leafseal.errors import ProviderError
from leafseal.keys import MasterKey
from leafseal.providers.age import AgeKey
from leafseal.testing import NOWHERE, MemoryKey, RemoteMemoryKey, ambient_with, throwaway_identity


def test_a_throwaway_identity_opens_what_is_for_it_alone() -> None:
    me, you = throwaway_identity(), throwaway_identity()
    key = AgeKey(me.recipient)
    wrapped = key.wrap(bytes(32), me.ambient())
    assert key.unwrap(wrapped, me.ambient()) == key.unwrap(wrapped, ambient_with(you, me)) == bytes(32)
    for other in (you.ambient(), ambient_with()):
        with pytest.raises(ProviderError):
            key.unwrap(wrapped, other)
    assert me.identity not in repr(me) + repr(me.ambient())


def test_nothing_of_the_real_surroundings_is_seen() -> None:
    assert ambient_with().environ == {}
    assert ambient_with().home == NOWHERE
    assert not NOWHERE.exists()
    assert ambient_with().ask is None


@pytest.mark.parametrize("kind", [MemoryKey, RemoteMemoryKey])
def test_a_memory_key_is_a_master_key(kind: type[MemoryKey]) -> None:
    key = kind("a")
    assert isinstance(key, MasterKey)
    assert key.unwrap(key.wrap(b"part", ambient_with()), ambient_with()) == b"part"
    assert key.calls == ["wrap", "unwrap"]
    with pytest.raises(ProviderError, match="unknown"):
        key.unwrap(b"x", ambient_with())
    with pytest.raises(ProviderError, match="closed"):
        kind("b", failure="closed").wrap(b"part", ambient_with())


def test_a_file_for_a_test_is_one_call(tmp_path: Path) -> None:
    me = throwaway_identity()
    for name, text in (("a.yaml", "port: 5432\n"), (".env.test", b"PORT=5432\n"), ("a.json", '{"port": 5432}')):
        path = me.write(tmp_path / name, text)
        assert path == tmp_path / name
        assert [str(value) for value in leafseal.load(path, ambient=me.ambient()).values()] == ["5432"]
    me.write(str(path), '{"port": 1, "password": "x"}', selection=leafseal.Selection(encrypted_regex="password"))
    assert b'"port": 1' in path.read_bytes()
    assert [one.name for one in tmp_path.iterdir() if one.suffix not in (".yaml", ".json", ".test")] == []


def test_in_a_block_this_process_has_no_other_identity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    me, you = throwaway_identity(), throwaway_identity()
    path = me.write(tmp_path / "a.yaml", "a: 1\n")
    monkeypatch.setenv("SOPS_AGE_KEY", you.identity)
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", "nowhere")
    monkeypatch.setenv("UNTOUCHED", "1")
    before = dict(os.environ)
    with me.in_process():
        assert leafseal.load(path) == {"a": 1}
        assert "SOPS_AGE_KEY_FILE" not in os.environ
        assert os.environ["UNTOUCHED"] == "1"
    assert dict(os.environ) == before
    with pytest.raises(ZeroDivisionError), me.in_process():
        raise ZeroDivisionError
    assert dict(os.environ) == before
    with pytest.raises(leafseal.DataKeyError):
        leafseal.load(path)


def test_a_program_that_a_test_starts_has_the_identity_alone(tmp_path: Path) -> None:
    me = throwaway_identity()
    path = me.write(tmp_path / "a.yaml", "a: 1\n")
    code = "import leafseal, sys; print(leafseal.load(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], env=me.environ(), capture_output=True, text=True, check=True
    )
    assert done.stdout == "{'a': 1}\n"


def test_what_the_module_offers_is_listed() -> None:
    assert set(testing.__all__) == {
        "NOWHERE", "MemoryKey", "RemoteMemoryKey", "ThrowawayIdentity", "ambient_with", "throwaway_identity",
    }  # fmt: skip
    assert leafseal.testing is testing
