"""The example for gitleaks is quiet about encrypted values, and about nothing beside them."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

import leafseal
from leafseal.testing import throwaway_identity

from .. import isolation
from ..docs.blocks import ROOT

EXAMPLE = ROOT / "examples" / "check" / "gitleaks.toml"
ALLOWED = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))["allowlists"]
MATCH, LINE = (re.compile(regex) for one in ALLOWED for regex in one["regexes"])
GITLEAKS = isolation.CALLER.get("LEAFSEAL_GITLEAKS") or shutil.which("gitleaks")

VALUES = {"api_key": "x" * 40, "password": "hunter2", "note": "b: 1"}
TEXTS = {
    "yaml": "".join(f"{name}: '{value}'\n" for name, value in VALUES.items()) + "list:\n    - one\n",
    "json": '{"api_key": "x", "password": "hunter2"}\n',
    "dotenv": "API_KEY=x\nPASSWORD=hunter2\n",
    "ini": "[s]\napi_key = x\n",
}


def sealed(form: str, text: str) -> str:
    return leafseal.encrypt(text.encode(), format=form, recipients=[throwaway_identity().recipient]).decode()


def test_it_extends_the_rules_of_gitleaks() -> None:
    assert tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))["extend"] == {"useDefault": True}
    assert [one["regexTarget"] for one in ALLOWED] == ["match", "line"]


@pytest.mark.parametrize("form", ["yaml", "dotenv", "ini"])
def test_lines_with_encrypted_values(form: str) -> None:
    lines = [line for line in sealed(form, TEXTS[form]).splitlines() if "ENC[" in line]
    assert len(lines) >= 2
    assert [line for line in lines if not LINE.search(line)] == []


@pytest.mark.parametrize(
    "line",
    [
        "{} # password: hunter2",
        "hunter2-is-the-password!: {}",
        "{} {}",
        "a: {}x",
        "a: {}, b: hunter2",
        "x{}\ny: hunter2",
    ],
)
def test_what_stands_beside_them_is_not_allowed(line: str) -> None:
    token = re.search(r"ENC\[[^\]]*\]", sealed("yaml", "a: hunter2\n"))
    assert token is not None
    text = line.replace("{}", token[0])
    assert not LINE.search(text)
    assert not MATCH.search(text)


def test_text_that_only_looks_encrypted_is_not_allowed() -> None:
    assert not LINE.search("a: ENC[AES256_GCM,data:hunter2,iv:,tag:,type:str]")


@pytest.mark.skipif(not GITLEAKS, reason="gitleaks is not installed, nor named by LEAFSEAL_GITLEAKS")
def test_gitleaks_itself(tmp_path: Path) -> None:
    assert GITLEAKS is not None
    strict = tmp_path / "strict.toml"
    strict.write_text(
        f"[extend]\npath = '{EXAMPLE}'\n\n[[rules]]\nid = 'random'\nregex = '''[A-Za-z0-9+/]{{22,}}'''\nentropy = 3.0\n"
    )
    folder = tmp_path / "files"
    folder.mkdir()

    def lines_found(text: str) -> set[str]:
        (folder / "a.yaml").write_text(text)
        words = [GITLEAKS, "dir", str(folder), "--no-banner", "--config", str(strict), "--report-format", "csv"]
        done = subprocess.run([*words, "--report-path", "-"], capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1), done.stderr
        return {line.split(",")[0] for line in done.stdout.splitlines()[1:]}

    values = sealed("yaml", TEXTS["yaml"]).partition("sops:")[0]
    assert "ENC[" in values
    assert lines_found(values) == set()
    assert lines_found(values.replace("\n", "  # c3VwZXJzZWNyZXRwYXNzd29yZDEyMzQ1\n", 1)) == {"random"}
