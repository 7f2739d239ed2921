"""Handing a program plaintext under the path of a file.

A named pipe shows it to whoever opens the path and keeps it nowhere. A pipe can be read once; so as soon as a reader
has opened it, another one takes its place at the path, and every reader gets the whole. Only readers that open the
path in the same instant share one pipe, and what is in it. A regular file can be read in any way, and is for programs
that look for a size or jump about in it.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from leafseal.errors import UsageError, WriteError, system_text
from leafseal.run.environment import Account
from leafseal.run.exec import not_permitted_error
from leafseal.system.private import ROOM, private_directory, write_private

PLACE = "{}"
"""What stands in a command for the path."""

_SECONDS_TO_END = 2.0  # for a thread that has nothing left to do
_SECONDS_UNTIL_TRIED_AGAIN = 0.05


@contextmanager
def plaintext_path(
    data: bytes,
    name: str,
    *,
    as_pipe: bool,
    account: Account | None = None,
    no_disk_plaintext: bool = False,
    warn: Callable[[str], None] | None = None,
) -> Iterator[str]:
    """Have `data` stand under a path that ends in `name`, for nobody but us or an account, until the end of the block.

    Raises `WriteError`, and `RefusedError` where a file would stand on a disk and `no_disk_plaintext` says that none
    must.
    """
    on_disk = None if as_pipe else warn
    with private_directory(no_disk_plaintext=no_disk_plaintext and not as_pipe, warn=on_disk) as folder:
        with _as_write_error():
            path = os.path.join(_shown_folder(folder, account), name)
        if as_pipe:
            with _as_write_error():
                pipe = _Pipe(folder, path, data, account)
            with pipe.served():
                yield path
        else:
            with _as_write_error():
                os.rename(_owned(write_private(folder, "file", data), account), path)
            yield path


@contextmanager
def _as_write_error() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WriteError(f"cannot make a temporary file: {system_text(error)}", hint=ROOM) from error


def check_name(name: str) -> str:
    """Return the name that a file is to have, without `./`. Raises `UsageError` for one outside of its folder."""
    name = os.path.normpath(name)
    if os.path.isabs(name) or name == os.pardir or name.startswith(f"{os.pardir}{os.sep}"):
        raise UsageError("The provided filename is not a local path.")
    if name == os.curdir or os.path.dirname(name):
        raise UsageError("the provided filename is not the name of a file: folders are not made for it")
    return name


def can_pipe() -> bool:
    """Tell whether the system has named pipes."""
    return hasattr(os, "mkfifo")


def _shown_folder(folder: str, account: Account | None) -> str:
    """Return the folder that the program gets to see, which is another's where it runs as another.

    The outer one stays ours: what we open by name stands there, where nobody else can put something in its place.
    """
    shown = os.path.join(folder, "d")
    os.mkdir(shown, 0o700)
    if account is not None:
        os.chmod(folder, 0o711)  # noqa: S103  to pass through, not to look
    return _owned(shown, account)


def _owned(path: str, account: Account | None) -> str:
    if account is not None:
        try:
            os.chown(path, account.uid, account.gid)
        except PermissionError as error:
            raise not_permitted_error(account) from error
    return path


class _Pipe:
    """The named pipe at a path, made anew for every reader."""

    def __init__(self, folder: str, path: str, data: bytes, account: Account | None) -> None:
        self._folder, self._path, self._data, self._account = folder, path, data, account
        self._number = 0
        self._own = self._placed(self._made())
        # The next one is there before it is needed: when the folder is full, nobody can tell the program any more.
        self._spare: str | None = self._made()
        self._ending = False
        self._feeders: list[threading.Thread] = []

    def _made(self) -> str:
        """Make a pipe that is ready to be put at the path, and return its other name, under which we open it."""
        self._number += 1
        own = os.path.join(self._folder, f"pipe{self._number}")
        os.mkfifo(own, 0o600)
        try:
            os.link(_owned(own, self._account), _ready(own))
        except OSError:
            os.unlink(own)
            raise
        return own

    def _placed(self, own: str) -> str:
        os.rename(_ready(own), self._path)
        return own

    @contextmanager
    def served(self) -> Iterator[None]:
        """Feed every reader meanwhile. At the end nothing is waited for: not that anybody reads, nor reads on."""
        self._end, end = os.pipe()
        try:
            server = threading.Thread(target=self._serve, daemon=True)
            server.start()
            try:
                yield
            finally:
                self._ending = True
                os.close(end)
                self._let_go(server)
        finally:
            for feeder in self._feeders:
                feeder.join(_SECONDS_TO_END)
            os.close(self._end)

    def _let_go(self, server: threading.Thread) -> None:
        """End the thread that waits for a reader, by being one."""
        with suppress(OSError):
            ours = os.open(self._own, os.O_RDONLY | os.O_NONBLOCK)
            try:
                server.join(_SECONDS_TO_END)
            finally:
                os.close(ours)

    def _serve(self) -> None:
        _leave_signals_to_the_main_thread()
        with suppress(OSError):  # the folder is gone, and with it the program's way to read
            while not self._ending:
                taken = self._own
                descriptor = os.open(taken, os.O_WRONLY)  # returns when there is a reader
                if self._ending:
                    os.close(descriptor)
                    return
                spare, self._spare = self._spare, None
                if spare is not None:
                    self._own = self._placed(spare)
                else:
                    os.unlink(self._path)  # two readers of one pipe would each get a part
                os.unlink(taken)
                self._feeders = [feeder for feeder in self._feeders if feeder.is_alive()]
                self._feeders.append(threading.Thread(target=self._feed, args=(descriptor,), daemon=True))
                self._feeders[-1].start()
                if spare is None:
                    self._own = self._placed(self._made_in_time())
                with suppress(OSError):
                    self._spare = self._made()

    def _made_in_time(self) -> str:
        """Make a pipe once there is room: a reader that ends makes some."""
        while True:
            try:
                return self._made()
            except OSError:
                if select.select([self._end], [], [], _SECONDS_UNTIL_TRIED_AGAIN)[0]:
                    raise

    def _feed(self, descriptor: int) -> None:
        _leave_signals_to_the_main_thread()
        os.set_blocking(descriptor, False)
        rest = memoryview(self._data)
        try:
            while rest:
                try:
                    rest = rest[os.write(descriptor, rest) :]
                except BlockingIOError:
                    if self._ends_before(descriptor):
                        return
        except BrokenPipeError:  # it has read enough
            pass
        finally:
            os.close(descriptor)

    def _ends_before(self, descriptor: int) -> bool:
        """Wait until the pipe takes more; tell whether the end came before that."""
        waiting = select.poll()
        waiting.register(descriptor, select.POLLOUT)
        waiting.register(self._end, select.POLLIN)
        return any(ready == self._end for ready, _ in waiting.poll())


def _ready(own: str) -> str:
    return f"{own}.new"


def _leave_signals_to_the_main_thread() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
