"""Loading other people's libraries so that they say nothing they need not."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_imports() -> Iterator[None]:
    """Let SDKs be imported that warn of the Python they find: who runs a command can do nothing about that."""
    import warnings

    _ask_no_uname()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


_LOGGERS = (
    "azure", "boto3", "botocore", "google", "grpc", "httpcore", "httpx", "huaweicloudsdkcore", "msal", "requests",
    "urllib3",
)  # fmt: skip
_QUIETER = {
    "azure.identity": logging.CRITICAL,  # to it and to msal a place without a token is worth more than a warning
    "botocore.credentials": logging.ERROR,  # its warnings quote answers, and so headers
    "google.auth": logging.ERROR,  # its warnings are for whoever writes programs
    "msal": logging.CRITICAL,
}


def quiet_loggers() -> None:
    """Hold the SDKs' loggers at warnings: their debug lines carry requests, and those carry data keys and tokens.

    It is called before each call of an SDK: the program that embeds us may have configured logging since the last one,
    also for a logger far below these.
    """
    os.environ.pop("GOOGLE_SDK_PYTHON_LOGGING_SCOPE", None)  # looked at when Google's client is loaded
    for name in _LOGGERS:
        _hold(logging.getLogger(name), logging.WARNING)
    for name, level in _QUIETER.items():
        _hold(logging.getLogger(name), level)
    for name, logger in list(logging.root.manager.loggerDict.items()):
        if name.partition(".")[0] in _LOGGERS and isinstance(logger, logging.Logger) and logger.level:
            _hold(logger, logging.WARNING)


def _ask_no_uname() -> None:
    """Keep `platform` from running a `uname` of PATH, for what Azure's libraries tell the service of this machine."""
    import platform

    vars(platform.uname()).setdefault("processor", "")


def _hold(logger: logging.Logger, level: int) -> None:
    if logger.level < level:
        logger.setLevel(level)
