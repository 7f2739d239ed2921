"""Loading other people's libraries so that they say nothing they need not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logging import Logger


@contextmanager
def quiet_imports() -> Iterator[None]:
    """Let SDKs be imported that warn of the Python they find: who runs a command can do nothing about that."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


_LOGGERS = (
    "azure", "boto3", "botocore", "google", "grpc", "httpcore", "httpx", "huaweicloudsdkcore", "msal", "requests",
    "urllib3",
)  # fmt: skip
_QUOTING = ("botocore.credentials", "google.auth")
"""Even their warnings quote answers, or are for whoever writes programs."""


def quiet_loggers() -> None:
    """Hold the SDKs' loggers at warnings: their debug lines carry requests, and those carry data keys and tokens.

    It is called when an SDK is loaded and before each call of one: the program that embeds us may have configured
    logging in between, also for a logger far below these.
    """
    os.environ.pop("GOOGLE_SDK_PYTHON_LOGGING_SCOPE", None)
    import logging

    for name in _LOGGERS:
        _hold(logging.getLogger(name), logging.WARNING)
    for name in _QUOTING:
        _hold(logging.getLogger(name), logging.ERROR)
    for name, logger in list(logging.root.manager.loggerDict.items()):
        if name.partition(".")[0] in _LOGGERS and isinstance(logger, logging.Logger) and logger.level:
            _hold(logger, logging.WARNING)


def _hold(logger: Logger, level: int) -> None:
    if logger.level < level:
        logger.setLevel(level)
