"""The manual page, for `man`."""

import re
import shutil
import subprocess

import pytest

from leafseal.cli.shared.commands import COMMANDS

from .conftest import Run


def test_the_page_has_every_command_and_option(leafseal: Run) -> None:
    page = leafseal("help", "--man").out.decode()
    assert page.startswith(".TH LEAFSEAL 1 ")
    for name in COMMANDS:
        assert f"\n.SS leafseal {name}\n".replace("-", r"\-") in page
    for option in ("--in-place[=overwrite]", "--max-file-size SIZE", "--rm-age KEYS"):
        assert option.replace("-", r"\-") in page


def test_no_text_is_taken_for_a_request(leafseal: Run) -> None:
    known = {"TH", "SH", "SS", "PP", "TP", "nf", "fi", "RS", "RE"}
    page = leafseal("help", "--man").out.decode()
    for line in page.splitlines():
        assert not line.startswith("'")
        assert not line.startswith(".") or line.split()[0][1:] in known
        assert not re.search(r"\\(?![-e&(f])", line)


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_groff_accepts_to_say_of_it(leafseal: Run) -> None:
    page = leafseal("help", "--man").out
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww"], input=page, capture_output=True, check=True)
    assert done.stderr == b""
    text = re.sub(r"\x1b\[[\d;]*m|.\x08", "", done.stdout.decode())
    assert "leafseal exec-env secrets.env -- ./server" in text
