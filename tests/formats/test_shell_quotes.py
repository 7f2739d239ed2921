"""Values in quotes: a shell, and other readers of dotenv files, read what was meant."""

from __future__ import annotations

import io
import shutil
import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leafseal.formats.shell_quotes import quoted

SH = shutil.which("sh") or ""
needs_sh = pytest.mark.skipif(not SH, reason="no sh")
TEXTS = st.text(st.one_of(st.sampled_from(" \t\n'\"`$\\;&|<>()#~!*?[]{}=:aA1-"), st.characters(codec="utf-8")))


@needs_sh
@settings(max_examples=150, deadline=None)
@given(TEXTS.filter(lambda text: "\0" not in text))
@example("it's `id` $HOME")
@example("~")
@example("a:~")
@example("x # y")
@example("a\\nb\n\n")
@example("'")
@example("\r")
def test_a_shell_reads_what_was_meant(text: str) -> None:
    script = f'set -f\nA={quoted(text)}\nprintf %s. "$A"'
    shell = subprocess.run([SH, "-c", script], capture_output=True, check=True, env={"HOME": "/h", "PATH": "/nowhere"})
    assert shell.stdout.decode() == f"{text}."


@pytest.mark.parametrize("text", ["x y", "$HOME ${HOME}", "it's", 'say "x"', "a # b", "two\nlines", "a;b&c", "`id`"])
def test_python_dotenv_reads_the_usual_ones_too(text: str) -> None:
    dotenv = pytest.importorskip("dotenv")
    assert dotenv.dotenv_values(stream=io.StringIO(f"A={quoted(text)}\n"), interpolate=False) == {"A": text}


@pytest.mark.parametrize("text", ["", "x", "a-b_c.d/e:f,g=h@i%j+k", "é", "5", "true"])
def test_what_is_plain_to_all_stays_so(text: str) -> None:
    assert quoted(text) == text
