"""Services as fixtures. What needs a library of the development group skips by name where it is missing."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from .moto_kms import AWS
from .recorder import Recorder


class Authority:
    """A certificate authority that only the test trusts: give clients `path`, servers `server_context()`."""

    def __init__(self, folder: Path) -> None:
        import trustme

        self._ca = trustme.CA()
        self.path = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(str(self.path))

    def server_context(self, *names: str) -> ssl.SSLContext:
        """Return what a server needs to answer for the loopback interface, or for these names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*(names or ("127.0.0.1", "localhost"))).configure_cert(context)
        return context


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """A recorder on plain HTTP."""
    with Recorder() as running:
        yield running


@pytest.fixture
def second_recorder() -> Iterator[Recorder]:
    """Another one: where a redirect leads, or what must see nothing."""
    with Recorder() as running:
        yield running


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority."""
    if find_spec("trustme") is None:
        pytest.skip("trustme is not installed")
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def aws() -> Iterator[AWS]:
    """AWS KMS, STS and IAM."""
    for name in ("botocore", "moto", "flask"):
        if find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
    with AWS() as running:
        yield running
