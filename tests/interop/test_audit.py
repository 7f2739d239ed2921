"""The rows that the real `sops` inserts for /etc/sops/audit.yaml, and ours for the same command lines."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import leafseal
from leafseal.testing import throwaway_identity

from ..services.postgres import Database, serving

pytestmark = pytest.mark.interop
pytest.importorskip("psycopg", reason="psycopg is not installed")

LINES = ["decrypt app.yaml", "encrypt plain.yaml", "rotate app.yaml", "edit app.yaml", "exec-env app.yaml true"]

# /etc is a copy in memory that only this process and its children see.
_WITH_FILE = """
mount -t tmpfs tmpfs /mnt && cp -a /etc /mnt/ && mount --bind /mnt/etc /etc && mkdir -p /etc/sops || exit 77
cp "$FILE" /etc/sops/audit.yaml
exec "$@"
"""


def _rows(tool: list[str], line: str, folder: Path, database: Database, environ: dict[str, str]) -> list[object]:
    shutil.copy(folder / "keep.yaml", folder / "app.yaml")
    command = ["unshare", "-m", "sh", "-c", _WITH_FILE, "sh", *tool, *shlex.split(line)]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=120)
    if done.returncode == 77 or "unshare: " in done.stderr:
        pytest.skip("no mounts in a namespace here")
    assert done.returncode == 0, done.stderr
    return [(action, user, file) for action, user, file in database.take()]


def test_rows_are_those_of_sops(tmp_path: Path) -> None:
    sops = shutil.which("sops")
    if sops is None or shutil.which("unshare") is None or sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("takes sops, and root in a namespace of its own")
    me = throwaway_identity()
    sealed = leafseal.encrypt(b"a: hunter2\n", format="yaml", recipients=[me.recipient])
    (tmp_path / "keep.yaml").write_bytes(sealed)
    (tmp_path / "plain.yaml").write_text("a: 1\n")
    (tmp_path / ".sops.yaml").write_text(f"creation_rules:\n  - age: {me.recipient}\n")
    environ = {**os.environ, "SOPS_AGE_KEY": me.identity, "SOPS_DISABLE_VERSION_CHECK": "1"}
    environ |= {"EDITOR": "sed -i s/hunter2/hunter3/", "FILE": str(tmp_path / "audit.yaml")}
    with serving() as database:
        connection = f"{database.connection} sslmode=disable"
        (tmp_path / "audit.yaml").write_text(f'backends:\n  postgres:\n    - connection_string: "{connection}"\n')
        ours = [sys.executable, "-m", "leafseal", "sops"]
        for line in LINES:
            assert _rows(ours, line, tmp_path, database, environ) == _rows([sops], line, tmp_path, database, environ)
