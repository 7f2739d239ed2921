"""Tests find the same whoever starts them, and leave it so."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .. import isolation

ROOT = Path(__file__).parents[2]

STATE = """
import json, os, signal
ignored = [n.name for n in signal.Signals if signal.getsignal(n) == signal.SIG_IGN]
blocked = [n.name for n in signal.pthread_sigmask(signal.SIG_BLOCK, ())] if hasattr(signal, "pthread_sigmask") else []
can_be_interrupted = signal.getsignal(signal.SIGINT) == signal.default_int_handler
umask = os.umask(0)
print(json.dumps([ignored, blocked, can_be_interrupted, umask, sorted(os.environ)]))
"""


def test_what_a_test_starts_has_the_defaults() -> None:
    ignored, blocked, can_be_interrupted, umask, names = json.loads(
        subprocess.run([sys.executable, "-c", STATE], capture_output=True, check=True).stdout
    )
    assert set(ignored) <= {"SIGPIPE", "SIGXFZ", "SIGXFSZ"}  # by Python itself, in any process
    assert (blocked, can_be_interrupted, umask) == ([], True, 0o022)
    basic = {"GRPC_VERBOSITY", "HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "LANG", "TZ", "USERPROFILE", "LC_CTYPE"}
    kept = (*isolation._KEPT_PREFIXES, *isolation._CHANGED_BY_PYTEST)
    assert [name for name in names if name not in basic | isolation._KEPT and not name.startswith(kept)] == []


def test_the_defaults_are_no_ones_own() -> None:
    assert Path.home() == Path(os.environ["HOME"]) != isolation.CALLERS_HOME
    assert not os.path.lexists(os.environ["XDG_CONFIG_HOME"])
    assert (os.environ["LANG"], time.tzname) == ("C.UTF-8", ("UTC", "UTC"))


@pytest.mark.skipif(os.name == "nt", reason="no signals there")
def test_signals_have_their_defaults() -> None:
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGHUP) in (signal.SIG_DFL, isolation.unheard)
    assert signal.getsignal(signal.SIGQUIT) == signal.SIG_DFL
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ())


def _set_variable() -> None:
    os.environ["LEAFSEAL_LEFT"] = "s3cret"


def _remove_variable() -> None:
    del os.environ["LANG"]


def _set_umask() -> None:
    os.umask(0o077)


def _ignore() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (_set_variable, "$LEAFSEAL_LEFT"),
        (_remove_variable, "$LANG"),
        (_set_umask, "the umask"),
        (_ignore, "what happens on SIGTERM"),
        (lambda: os.chdir("/"), "the working directory"),
    ],
    ids=["variable", "no variable", "umask", "signal", "folder"],
)
def test_what_a_test_leaves_changed_fails_it(change: Callable[[], object], what: str) -> None:
    before = isolation.State.now()

    def leave() -> None:
        with isolation.left_as_found():
            change()

    with pytest.raises(pytest.fail.Exception) as caught:
        leave()
    assert str(caught.value) == f"this test leaves something changed: {what}"
    assert isolation.State.now() == before


HOSTILE = """
import os, signal, sys
for name in ("SIGHUP", "SIGINT", "SIGTERM", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGCHLD", "SIGTSTP", "SIGALRM"):
    signal.signal(signal.Signals[name], signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGCHLD, signal.SIGALRM])
os.umask(0o077)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
HOSTILE_ENVIRON = {
    "SOPS_AGE_KEY": "garbage",
    "SOPS_KEYSERVICE": "tcp://127.0.0.1:1",
    "LEAFSEAL_DEBUG": "1",
    "EDITOR": "false",
    "VISUAL": "false",
    "AWS_PROFILE": "nope",
    "VAULT_ADDR": "nonsense",
    "GIT_DIR": "/nowhere",
    "GNUPGHOME": "/nowhere",
    "XDG_RUNTIME_DIR": "/nowhere",
    "HOME": "/nowhere",
    "HTTPS_PROXY": "http://127.0.0.1:1",
    "SSL_CERT_FILE": "/nowhere",
    "COLUMNS": "20",
    "NO_COLOR": "1",
    "LANG": "C",
    "LC_MESSAGES": "de_DE",
    "TZ": "Pacific/Kiritimati",
    "PYTHONPATH": "/nowhere",
    "BASH_ENV": "/nowhere",
}


@pytest.mark.skipif(os.name == "nt", reason="nothing is ignored or blocked there")
@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["this process", "worker"])
def test_all_is_put_back_whatever_a_run_was_started_with(tmp_path: Path, workers: tuple[str, ...]) -> None:
    """Before this was so, these tests of signals waited for ever under `nohup`, and behind the `&` of a script."""
    chosen = ("tests/house/test_isolation.py", "tests/sops/test_exec.py")
    names = "defaults or (test_signals_are_passed_on and exec-env)"
    options = ("-p", "no:cacheprovider", "--basetemp", str(tmp_path / "base"), *workers, "-k", names)
    done = subprocess.run(
        [sys.executable, "-c", HOSTILE, "-m", "pytest", *options, *chosen],
        cwd=ROOT,
        env={**os.environ, **HOSTILE_ENVIRON},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert " passed" in done.stdout


def test_every_test_has_a_time_limit(request: pytest.FixtureRequest) -> None:
    assert request.config.pluginmanager.has_plugin("timeout"), "pytest-timeout is not installed"
    assert 60 <= float(request.config.getini("timeout")) <= 600
