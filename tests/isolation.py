"""What every test finds the same, whoever starts it and how: environment, signals, umask.

A test is never about the shell that it was started from. `nohup`, and the `&` of a script, ignore signals for whoever
they start and for all that starts from there; a profile exports AWS_PROFILE, EDITOR or LANG; a hardened account has
another umask. All of it is put back here, in each process that runs tests, before any module of theirs is read.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import pytest

CALLER = dict(os.environ)
"""The caller's environment, for the few tests that the caller gives something to: LEAFSEAL_CLIENTS and its like."""

CALLERS_HOME = Path(os.path.expanduser("~"))

UMASK = 0o022

CAMPAIGN_SECONDS = 3600
"""How long a test of the campaign may take; pyproject.toml says it for the others."""

_KEPT = frozenset({"PATH", "TMPDIR", "TEMP", "TMP", "LD_LIBRARY_PATH", "PYENV_ROOT", "ASDF_DATA_DIR"})
_KEPT |= {"SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT"}  # without which Windows starts nothing
_KEPT_PREFIXES = ("DYLD_", "PYTEST_XDIST_", "HYPOTHESIS_", "COVERAGE_", "COV_")
_IGNORED_BY_PYTHON = ("SIGPIPE", "SIGXFZ", "SIGXFSZ")  # and given back by it to what it starts
_CHANGED_BY_PYTEST = ("PYTEST_CURRENT_TEST", "PYTEST_VERSION")


def set_up(config: pytest.Config) -> None:
    """Put everything to its default, if this process is one that runs tests.

    The one that only hands tests out to workers stays as it is: they take over from it what they have to put back, and
    what the caller gave them.
    """
    if not hasattr(config, "workerinput") and config.getoption("dist", "no") != "no":
        return
    home = Path(tempfile.mkdtemp(prefix="leafseal-tests-")).resolve()
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    _set_environment(home)
    _set_signals()
    os.umask(UMASK)


def _set_environment(home: Path) -> None:
    """Keep what programs are found and started by, and nothing else: a list of what to remove is never complete."""
    for name in list(os.environ):
        if name.upper() not in _KEPT and not name.startswith(_KEPT_PREFIXES):
            del os.environ[name]
    for name in ("LINES", "COLUMNS"):
        os.unsetenv(name)  # readline, which pytest imports, sets them where Python does not see it
    os.environ.update(HOME=str(home), XDG_STATE_HOME=str(home / "state"), XDG_CONFIG_HOME=str(home / "config"))
    os.environ.update(LANG="C.UTF-8", TZ="UTC")
    # Where a test has loaded gRPC, its threads would write of connections that end to what the next test reads.
    os.environ["GRPC_VERBOSITY"] = "NONE"
    if os.name == "nt":
        os.environ["USERPROFILE"] = str(home)
    else:
        time.tzset()


def _set_signals() -> None:
    """Ignore and block nothing, so that what tests start does neither.

    Only HUP keeps its meaning for this process where it was ignored: a run under `nohup` outlives its terminal. That
    takes a handler, which, unlike the ignoring, is not inherited.
    """
    for number in signal.valid_signals():
        if signal.getsignal(number) != signal.SIG_IGN:
            continue
        name = number.name if isinstance(number, signal.Signals) else ""
        if name == "SIGINT":
            signal.signal(number, signal.default_int_handler)
        elif name == "SIGHUP":
            signal.signal(number, unheard)
        elif name not in _IGNORED_BY_PYTHON:
            signal.signal(number, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_SETMASK, ())


def unheard(_number: int, _frame: FrameType | None) -> None:
    """Do nothing."""


class State(NamedTuple):
    """What a test could leave changed."""

    environ: dict[str, str]
    handlers: dict[signal.Signals, object]
    blocked: frozenset[int]
    umask: int
    folder: str

    @classmethod
    def now(cls) -> State:
        """Look at this process."""
        environ = {name: text for name, text in os.environ.items() if name not in _CHANGED_BY_PYTEST}
        handlers = {number: signal.getsignal(number) for number in signal.Signals if number.name != "SIGALRM"}
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ()) if hasattr(signal, "pthread_sigmask") else ()
        os.umask(umask := os.umask(0o077))
        return cls(environ, handlers, frozenset(blocked), umask, os.getcwd())

    def put_back(self) -> None:
        """Make this process so again."""
        for name in set(os.environ) - set(self.environ) - {*_CHANGED_BY_PYTEST}:
            del os.environ[name]
        os.environ.update(self.environ)
        for number, handler in self.handlers.items():
            if signal.getsignal(number) != handler:
                signal.signal(number, handler)  # type: ignore[arg-type]
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_SETMASK, self.blocked)
        os.umask(self.umask)
        os.chdir(self.folder)

    def differences(self, other: State) -> Iterator[str]:
        """Name what is another: variables without their values, which may be secrets."""
        names = self.environ.keys() | other.environ.keys()
        yield from sorted(f"${name}" for name in names if self.environ.get(name) != other.environ.get(name))
        changed = (number.name for number in self.handlers if self.handlers[number] != other.handlers[number])
        yield from (f"what happens on {name}" for name in changed)
        for what in ("blocked", "umask", "folder"):
            if getattr(self, what) != getattr(other, what):
                yield {"blocked": "the blocked signals", "folder": "the working directory"}.get(what, f"the {what}")


@contextmanager
def left_as_found() -> Iterator[None]:
    """Put back what the block leaves changed, and fail if there was something."""
    before = State.now()
    yield
    if changed := list(before.differences(State.now())):
        before.put_back()
        pytest.fail(f"this test leaves something changed: {', '.join(changed)}", pytrace=False)
