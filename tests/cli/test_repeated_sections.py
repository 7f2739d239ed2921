"""INI files with several sections of one name, such as WireGuard's peers and systemd's."""

from __future__ import annotations

from pathlib import Path

import pytest

from leafseal.testing import ThrowawayIdentity

from .conftest import Run

PLAIN = b"[Interface]\nPrivateKey = k\n\n[Peer]\nPublicKey = p1\n\n[Peer]\nPublicKey = p2\n"


@pytest.mark.parametrize("face", [("encrypt",), ("sops", "encrypt")], ids=["leafseal", "sops"])
def test_there_and_back(leafseal: Run, work: Path, me: ThrowawayIdentity, face: tuple[str, ...]) -> None:
    (work / "wg.ini").write_bytes(PLAIN)
    assert leafseal(*face, "-i", "--age", me.recipient, "wg.ini").code == 0
    assert (work / "wg.ini").read_bytes().count(b"[Peer]\nPublicKey = ENC[") == 2
    assert leafseal("decrypt", "wg.ini") == (0, PLAIN, "")
    shown = leafseal("sops", "decrypt", "--output-type", "json", "wg.ini").out
    assert shown.count(b'"Peer": {') == 2
    assert leafseal("get", "wg.ini", "Interface.PrivateKey").out == b"k\n"
    # A tree of SOPS has a section DEFAULT, and each section that appears again begins empty: nobody wrote those.
    assert b"empty (" not in leafseal("inspect", "wg.ini").out
    assert leafseal("verify", "wg.ini").out == b"wg.ini: OK: 3 encrypted values verified, 0 not encrypted\n"
    code, out, err = leafseal("get", "wg.ini", "Peer.PublicKey")
    assert (code, out) == (91, b"")
    assert "Peer.PublicKey exists 2 times" in err
