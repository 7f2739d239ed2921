"""Loading other people's libraries so that they say nothing they need not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_imports() -> Iterator[None]:
    """Let SDKs be imported that warn of the Python they find: who runs a command can do nothing about that."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def quiet_loggers() -> None:
    """Hold the SDKs' loggers at warnings: their debug lines carry headers, and those carry tokens."""
    os.environ.pop("GOOGLE_SDK_PYTHON_LOGGING_SCOPE", None)
    import logging

    for name in ("azure", "boto3", "botocore", "google", "httpcore", "httpx", "msal", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)
