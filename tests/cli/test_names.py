"""The names of recipients in what commands say: beside the key, wherever one is named."""

import json

import pytest

from leafseal.testing import throwaway_identity

ANN = throwaway_identity()
BOB = throwaway_identity()


@pytest.fixture
def file(leafseal, work, me):
    """A file for ANN and me, where the configuration names BOB too."""
    (work / ".sops.yaml").write_text(f"creation_rules:\n- age: [{me.recipient}, {ANN.recipient}]\n")
    (work / "app.yaml").write_text("a: secret\n")
    assert leafseal("encrypt", "-i", "app.yaml").code == 0
    _configure(work, f"- {me.recipient} # me", f"- {ANN.recipient} # ann", f"- {BOB.recipient}  # bob (AWS)")
    return work / "app.yaml"


def _configure(work, *items):
    (work / ".sops.yaml").write_text("creation_rules:\n- age:\n" + "".join(f"  {item}\n" for item in items))


def test_inspect(leafseal, file):
    assert f"    age {ANN.recipient} (ann)\n" in leafseal("inspect", file).out.decode()
    [about] = json.loads(leafseal("inspect", "--json", file).out)["files"]
    assert [one["name"] for one in about["recipients"]] == ["me", "ann"]


def test_updatekeys(leafseal, file):
    shown = leafseal("updatekeys", "--dry-run", file)
    assert f'+++ age {BOB.recipient} ("bob (AWS)")\n' in shown.err
    [about] = json.loads(leafseal("updatekeys", "--dry-run", "--json", file).out)["files"]
    assert [one["name"] for one in about["added"]] == ["bob (AWS)"]


def test_who_is_missing(leafseal, file):
    assert f'also names "bob (AWS)" ({BOB.recipient[:12]}…), who cannot decrypt' in leafseal("rotate", file).err


def test_who_is_not_configured(leafseal, file, work, me):
    config = f"recipients: {{ann: {ANN.recipient}}}\ncreation_rules:\n- age: {me.recipient}\n"
    (work / ".sops.yaml").write_text(config)
    refused = leafseal("rotate", "-i", file)
    assert refused.code == 220
    assert f"age {ANN.recipient} (ann)" in refused.err


def test_who_else_can_decrypt(leafseal, file, monkeypatch):
    monkeypatch.setenv("SOPS_AGE_KEY", BOB.identity)
    locked = leafseal("decrypt", file)
    assert locked.code == 128
    assert f"ann ({ANN.recipient[:12]}…)" in locked.err
    assert "encrypted for me (" in locked.err


def test_a_configuration_that_cannot_be_read_names_nobody(leafseal, file, work, monkeypatch):
    (work / ".sops.yaml").write_text("a: b: c")
    monkeypatch.setenv("SOPS_AGE_KEY", BOB.identity)
    locked = leafseal("decrypt", file)
    assert (locked.code, "(" in locked.err.partition("encrypted for")[2].partition("\n")[0]) == (128, False)
    assert leafseal("inspect", file).code == 0
