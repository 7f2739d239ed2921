"""Refused names run code: each with a program that does it, where this machine has the program.

`{run}` is a script that leaves a mark, `{lib}` a library that does when it is loaded, `{dir}` the folder of both.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from leafseal.run.names import REFUSE, verdict

pytestmark = pytest.mark.skipif(os.name == "nt", reason="scripts with a shebang")

PYTHON = sys.executable
LIBRARY = "__attribute__((constructor)) static void mark(void) { extern int creat(); creat(MARK, 0600); }\n"


class Case(NamedTuple):
    """A program that runs what the value of a variable says."""

    name: str
    value: str
    command: tuple[str, ...]
    files: Mapping[str, str] = {}
    others: Mapping[str, str] = {}
    """Variables that have to be there as well."""
    before: tuple[str, ...] = ()
    stdin: str = ""


MONITOR = "[core]\n\tfsmonitor = {run}\n[user]\n\tname = x\n\temail = x\n"
TOUCH_IN_PYTHON = "open('{dir}/mark', 'w')\n"
PROVIDER = """\
openssl_conf = a
[a]
providers = b
[b]
x = c
default = d
[c]
module = {lib}
activate = 1
[d]
activate = 1
"""
INIT = ("git", "init", "-q", "repo")
COMMIT = ("git", "-C", "repo", "-c", "user.name=x", "-c", "user.email=x", "commit", "-q", "--allow-empty")
CASES = [
    Case("PATH", "{dir}/bin:/usr/bin:/bin", ("/bin/sh", "-c", "tool"), {"bin/tool": "#!/bin/sh\n. {run}\n"}),
    Case("LD_PRELOAD", "{lib}", ("env", "true")),
    Case("BASH_ENV", "{run}", ("bash", "-c", ":")),
    Case("ENV", "{run}", ("dash", "-i", "-c", ":")),
    Case("BASH_FUNC_ls%%", "() { . {run}; }", ("bash", "-c", "ls")),
    Case("PROMPT_COMMAND", ". {run}", ("bash", "-i"), stdin="exit\n"),
    Case("PS1", "$(. {run})", ("bash", "--norc", "-i"), stdin="exit\n"),
    Case("SHELL", "{run}", ("script", "-qc", "true", "/dev/null")),
    Case("PYTHONPATH", "{dir}", (PYTHON, "-c", ""), {"sitecustomize.py": TOUCH_IN_PYTHON}),
    Case("PYTHONBREAKPOINT", "planted.mark", (PYTHON, "-c", "breakpoint()"), {"planted.py": TOUCH_IN_PYTHON}),
    Case(
        "PYTHONWARNINGS",
        "ignore::antigravity.x",
        (PYTHON, "-c", ""),
        others={"BROWSER": "{run} %s"},
    ),
    Case("BROWSER", "{run} %s", (PYTHON, "-m", "webbrowser", "http://127.0.0.1/")),
    Case(
        "AWS_CONFIG_FILE",
        "{dir}/config",
        (PYTHON, "-c", "import botocore.session as s; s.Session().get_credentials()"),
        {"config": "[default]\ncredential_process = {run}\n"},
    ),
    Case("PERL5LIB", "{dir}", ("perl", "-e", "use strict"), {"strict.pm": "open(F, '>{dir}/mark'); 1;"}),
    Case("PERLLIB", "{dir}", ("perl", "-e", "use strict"), {"strict.pm": "open(F, '>{dir}/mark'); 1;"}),
    Case("PERL5OPT", "-I{dir} -Mplanted", ("perl", "-e", "1"), {"planted.pm": "open(F, '>{dir}/mark'); 1;"}),
    Case("PERL5DB", "BEGIN { open(F, '>{dir}/mark') }", ("perl", "-d", "-e", "1")),
    Case(
        "NODE_OPTIONS",
        "--require {dir}/a.js",
        ("node", "-e", "1"),
        {"a.js": "fs=require('fs').writeFileSync('{dir}/mark','')"},
    ),
    Case(
        "NODE_PATH",
        "{dir}",
        ("node", "-e", "require('a')"),
        {"a.js": "fs=require('fs').writeFileSync('{dir}/mark','')"},
    ),
    Case("npm_config_script_shell", "{run}", ("npm", "run", "x"), {"package.json": '{"scripts": {"x": "true"}}'}),
    Case(
        "GIT_DIR",
        "{dir}/repo/.git",
        ("git", "status"),
        {"more": MONITOR},
        before=("sh", "-c", "git init -q repo; cat more >> repo/.git/config"),
    ),
    Case("XDG_CONFIG_HOME", "{dir}", ("git", "-C", "repo", "status"), {"git/config": MONITOR}, before=INIT),
    Case("HOME", "{dir}", ("git", "-C", "repo", "status"), {".gitconfig": MONITOR}, before=INIT),
    Case("GIT_CONFIG_GLOBAL", "{dir}/own", ("git", "-C", "repo", "status"), {"own": MONITOR}, before=INIT),
    Case(
        "GIT_CONFIG_COUNT",
        "1",
        ("git", "-C", "repo", "status"),
        others={"GIT_CONFIG_KEY_0": "core.fsmonitor", "GIT_CONFIG_VALUE_0": "{run}"},
        before=INIT,
    ),
    Case("GIT_SSH_COMMAND", "{run}", ("git", "ls-remote", "ssh://127.0.0.1/x")),
    Case("GIT_SSH", "{run}", ("git", "ls-remote", "ssh://127.0.0.1/x")),
    Case("GIT_PROXY_COMMAND", "{run}", ("git", "ls-remote", "git://127.0.0.1/x")),
    Case("GIT_ALLOW_PROTOCOL", "ext", ("git", "ls-remote", "ext::{run}")),
    Case("GIT_EDITOR", "{run}", COMMIT, before=INIT),
    Case("VISUAL", "{run}", COMMIT, others={"TERM": "vt100"}, before=INIT),
    Case("EDITOR", "{run}", COMMIT, before=INIT),
    Case("MAKEFLAGS", "--eval=X:=$$(shell\\ {run})", ("make",), {"Makefile": "all:\n"}),
    Case("MAKEFILES", "{dir}/other", ("make",), {"Makefile": "all:\n", "other": "X := $(shell {run})\n"}),
    Case("CC", "{run}", ("make", "x"), {"x.c": ""}),
    Case("COMPILER_PATH", "{dir}/bin", ("gcc", "-c", "x.c"), {"x.c": "", "bin/as": "#!/bin/sh\n. {run}\n"}),
    Case("LESSOPEN", "|{run} %s", ("less", "x.c"), {"x.c": "x"}),
    Case("OPENSSL_CONF", "{dir}/own", ("openssl", "list", "-providers"), {"own": PROVIDER}),
    Case("OPENSSL_MODULES", "{dir}", ("openssl", "list", "-providers", "-provider", "lib")),
    Case("TAR_OPTIONS", "--checkpoint=1 --checkpoint-action=exec={run}", ("tar", "cf", "x.tar", "x"), {"x": "x"}),
    Case("ZIPOPT", "-T -TT {run}", ("zip", "x.zip", "x"), {"x": "x"}),
    Case("TCL_LIBRARY", "{dir}", ("tclsh",), {"init.tcl": "open {dir}/mark w\n"}),
]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """Return a library that leaves a mark beside itself, in a folder of its own; None without a compiler."""
    if shutil.which("cc") is None:
        return None
    folder = tmp_path_factory.mktemp("library")
    (folder / "lib.c").write_text(LIBRARY.replace("MARK", f'"{folder / "mark"}"'))
    subprocess.run(["cc", "-w", "-shared", "-fPIC", "-o", "lib.so", "lib.c"], cwd=folder, check=True)
    return folder / "lib.so"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_is_refused_because_it_runs_code(case: Case, tmp_path: Path, library: Path | None) -> None:
    assert verdict(case.name) == REFUSE
    if shutil.which(case.command[0]) is None:
        pytest.skip(f"there is no {case.command[0]}")
    loads = "{lib}" in f"{case.value}{case.files}" or case.name == "OPENSSL_MODULES"
    if loads and library is None:
        pytest.skip("there is no C compiler")
    folder = library.parent if loads and library is not None else tmp_path
    mark = folder / "mark"
    mark.unlink(missing_ok=True)

    def filled(text: str) -> str:
        return (
            text.replace("{dir}", str(folder)).replace("{run}", str(folder / "run.sh")).replace("{lib}", str(library))
        )

    for name, text in {"run.sh": f"#!/bin/sh\n: > {mark}\n", **case.files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(filled(text))
        path.chmod(0o755)
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "TERM": "dumb"}
    if case.before:
        subprocess.run(case.before, cwd=folder, env=environ, check=True, capture_output=True)
    assert not mark.exists()
    command = [shutil.which(case.command[0]) or "", *map(filled, case.command[1:])]
    given = {case.name: case.value, **case.others}

    def run(more: Mapping[str, str]) -> None:
        with (folder / "stdin").open("w+") as stdin:
            stdin.write(case.stdin)
            stdin.seek(0)
            options = {"stdin": stdin, "cwd": folder, "start_new_session": True, "timeout": 60}
            subprocess.run(command, env={**environ, **more}, capture_output=True, check=False, **options)  # type: ignore[call-overload]

    run({})
    assert not mark.exists(), "without the variable, too"
    run({name: filled(value) for name, value in given.items()})
    assert mark.exists()
