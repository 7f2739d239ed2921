"""What a process does before it handles secrets: nothing is loaded from where it stands, nothing is dumped.

`__main__` calls `forget_working_directory` before any import from outside the standard library.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # every command loads this module: it loads no other that costs something
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any

DEBUG_VARIABLE = "LEAFSEAL_DEBUG"

_core_limit: int | None = None


def forget_working_directory() -> None:
    """Take the current folder out of the places modules are found in: a checkout must not bring its own `yaml.py`."""
    try:
        here = os.path.realpath(os.getcwd())
    except OSError:  # it was removed
        here = ""
    kept = ("site-packages", "dist-packages")  # unless it is where the libraries are installed
    sys.path[:] = [
        entry
        for entry in sys.path
        if entry not in ("", ".") and (os.path.realpath(entry) != here or entry.rstrip("/\\").endswith(kept))
    ]


def forget_coerced_locale() -> None:
    """Undo what Python does to `LC_CTYPE` where the locale is C, not set or not installed: programs inherit it.

    Before `forbid_dumps`, after which only root can read what this process was started with. Without `/proc`, a value
    that could be Python's is taken for it.
    """
    if os.environ.get("LC_CTYPE") not in _COERCED or os.environ.get("LC_ALL"):
        return
    try:
        with open("/proc/self/environ", "rb") as file:
            entries = file.read().split(b"\0")
    except OSError:
        entries = []
    given = next((entry[len(_LC_CTYPE) :] for entry in entries if entry.startswith(_LC_CTYPE)), None)
    if given is None:
        del os.environ["LC_CTYPE"]
    else:
        os.environ["LC_CTYPE"] = os.fsdecode(given)


_COERCED = ("C.UTF-8", "C.utf8", "UTF-8")
_LC_CTYPE = b"LC_CTYPE="


def forbid_dumps() -> None:
    """Keep this process out of core dumps, and other processes of the user out of its memory where that is possible."""
    global _core_limit
    try:
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
        _core_limit = soft
    except (ImportError, OSError, ValueError):
        pass
    if sys.platform == "linux":
        _set_dumpable(0)


def allow_dumps() -> None:
    """Give back the limit that was found, before another program takes this process over."""
    if _core_limit is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (_core_limit, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _set_dumpable(value: int) -> None:
    # The inner module of ctypes: the outer one takes 8 ms to import, a tenth of what a small file may take.
    try:
        import _ctypes

        prctl = _ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl")  # type: ignore[arg-type]
        _ctypes.call_function(prctl, (_PR_SET_DUMPABLE, value, 0, 0, 0))
    except (ImportError, AttributeError, OSError):
        pass  # a Python without it; the limit on core files stands


_PR_SET_DUMPABLE = 4


def install_excepthook() -> None:
    """Show an unforeseen exception by its type alone: messages of exceptions carry the values they choked on."""
    sys.excepthook = show_exception
    sys.unraisablehook = lambda unraisable: _show(unraisable.exc_type, unraisable.exc_value)
    _install_in_threads(lambda failed: _show(failed.exc_type, failed.exc_value))


def _install_in_threads(hook: Callable[[Any], None]) -> None:
    import _thread

    # From there `threading` takes it when it is loaded, which costs a third of what Python's own start does.
    if "threading" not in sys.modules and hasattr(_thread, "_excepthook"):
        setattr(_thread, "_excepthook", hook)  # noqa: B010  not in the type stubs
        return
    import threading

    threading.excepthook = hook


def _show(kind: type[BaseException], error: BaseException | None) -> None:
    show_exception(kind, error or kind(), None)


def show_exception(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """Print what may be told of an exception to standard error; with LEAFSEAL_DEBUG, the places it went through."""
    if issubclass(kind, KeyboardInterrupt):
        return
    lines = [f"leafseal: error: unforeseen: {_type_name(kind)}"]
    if os.environ.get(DEBUG_VARIABLE):
        lines += _frames(error)
    else:
        lines.append(f"leafseal: hint: this is a fault of leafseal; {DEBUG_VARIABLE}=1 shows where it happened")
    print("\n".join(lines), file=sys.stderr)


def _type_name(kind: type[BaseException]) -> str:
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def _frames(error: BaseException) -> list[str]:
    lines: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        if current is not error:
            lines.append(f"  after {_type_name(type(current))}")
        traceback = current.__traceback__
        while traceback is not None:
            code = traceback.tb_frame.f_code
            lines.append(f"    {code.co_filename}:{traceback.tb_lineno} {code.co_name}")
            traceback = traceback.tb_next
        current = current.__cause__ or current.__context__
    return lines
