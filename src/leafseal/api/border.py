"""The border of the library: nothing but errors of ours leaves it, with the hint in sight and no value on them."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from leafseal.api.auditing import ACTIONS, audited
from leafseal.errors import LeafsealError, UnforeseenError, memory_error

P = ParamSpec("P")
T = TypeVar("T")


def border(function: Callable[P, T]) -> Callable[P, T]:
    """Let nothing out of a function but `LeafsealError`, alone: what it came of may hold the file.

    An exception goes into logs and to services that collect errors, with all that hangs on it. `UnicodeEncodeError`
    holds the text that it choked on, `KeyError` the key, and so on. The frames inside hold all of the file: they are
    cut off, and pytest, Sentry or a debug page of Django, which show variables, find none. What to try is a note, which
    tracebacks show.
    """

    name = function.__qualname__

    @wraps(function)
    def guarded(*arguments: P.args, **named: P.kwargs) -> T:
        __tracebackhide__ = True  # from pytest
        try:
            if name not in ACTIONS:
                return function(*arguments, **named)
            with audited(name, named.get("ambient")):
                return function(*arguments, **named)
        except LeafsealError as error:
            _forget_origin(error)
            outcome: Exception = _in_our_words(error).noted()
        except KeyboardInterrupt as error:
            _forget_origin(error)
            raise
        except Exception as error:
            outcome = memory_error().noted() if isinstance(error, MemoryError) else _unforeseen(error) or error
        del arguments, named  # what was to be stored
        raise outcome.with_traceback(None)  # outside of the handler, so that it has no context

    return guarded


def _forget_origin(error: BaseException) -> None:
    """Take away what an error came of, but for errors of ours and of the system, and the frames of those."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        if not isinstance(current.__cause__, LeafsealError | OSError):
            current.__cause__ = None
        current.__context__ = None
        current.__suppress_context__ = True
        if current is not error:
            current.__traceback__ = None
        current = current.__cause__


def _in_our_words(error: LeafsealError) -> LeafsealError:
    """Return the error with a hint for programs, where its own names the option of the command line for a limit."""
    if error.limit is not None:
        error.hint = _LIMIT_HINT.format(error.limit)
    return error


_LIMIT_HINT = "if this is meant, raise the limit: pass limits=Limits({}=…)"


def _unforeseen(error: Exception) -> UnforeseenError | None:
    """Return what takes the place of an exception that is none of ours; None for a call that does not fit."""
    place = error.__traceback__ and error.__traceback__.tb_next
    if place is None:
        return None  # the arguments do not go with the signature; nothing was done yet
    while place.tb_next is not None:
        place = place.tb_next
    where = f"{os.path.basename(place.tb_frame.f_code.co_filename)}:{place.tb_lineno}"
    return UnforeseenError(
        f"unforeseen {type(error).__name__} at {where}",
        hint="check the types of the arguments; if they are right, report this fault, without the file's values",
    ).noted()
