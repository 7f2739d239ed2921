"""What docs/compose.md shows is what happens; a program that reads secrets as BuildKit's client does is `docker`."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

from leafseal.cli.compose import _OPTIONS

from ..run.compose_reader import run_provider
from .blocks import ROOT, blocks
from .test_transcripts import environ  # noqa: F401  a fixture
from .transcripts import agrees, run

PAGE = ROOT / "docs" / "compose.md"

_DOCKER = f"""#!{sys.executable}
import os, stat, subprocess, sys
place = sys.argv[sys.argv.index("--secret") + 1]
wanted = dict(part.split("=", 1) for part in place.split(","))
if "src" in wanted:
    assert stat.S_ISREG(os.stat(wanted["src"]).st_mode)
    # The plugin that reads it is a process of its own, without other descriptors.
    subprocess.run(["grep", "-q", "^API_TOKEN=battery-staple$", wanted["src"]], check=True, close_fds=True)
    open("seen", "w").write(wanted["src"])
else:
    assert os.environ[wanted["env"]] == "battery-staple"
"""


def test_the_page(tmp_path: Path, environ: dict[str, str]) -> None:  # noqa: F811
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "docker").write_text(_DOCKER)
    (programs / "docker").chmod(0o755)
    done = run(blocks(PAGE), tmp_path, {**environ, "PATH": f"{programs}:{environ['PATH']}"})
    assert len(done) == 6
    for step, output, code in done:
        assert code == 0, f"{step.command}\n{output}"
        assert agrees(step.output, output), f"--- shown\n{step.output}\n--- is\n{output}"
    assert not Path((tmp_path / "seen").read_text()).exists()


def test_the_compose_file_is_called_as_the_page_says() -> None:
    [text] = [one.text for one in blocks(PAGE) if one.file == "compose.yaml"]
    services = yaml.safe_load(text)["services"]
    provider = services["secrets"]["provider"]
    assert (provider["type"], services["app"]["depends_on"]) == ("leafseal", ["secrets"])
    seen: list[list[str]] = []

    def start(arguments: object) -> tuple[int, bytes]:
        seen.append(list(arguments))  # type: ignore[call-overload]
        return 0, b""

    run_provider(start, provider["options"], "secrets")
    [_, called] = seen
    assert sorted(called) == sorted(
        ["compose", "--project-name=shop", "up", "--env-file=secrets.env", "--only=DB_PASSWORD", "secrets"]
    )


def test_every_option_is_in_the_table() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for option in _OPTIONS:
        assert f"`{option.names[0].removeprefix('--')}`" in page, option.names
