"""No test sees the real home, the real configuration or the caller's keys."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from .services.fixtures import (  # noqa: F401  # every test has them
    authority,
    aws,
    azure,
    cloud_kms,
    cloud_kms_at,
    recorder,
    second_recorder,
)

# Other people's test data; its README has origins and licences.
_THIRD_PARTY = Path(__file__).parent / "vectors" / "third-party"

_FOREIGN = ("SOPS_", "LEAFSEAL_", "AWS_", "AZURE_", "GOOGLE_", "VAULT_", "GIT_", "GNUPG", "GPG_", "HUAWEICLOUD_", "HC_")


@pytest.fixture(scope="session", autouse=True)
def _isolated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("home")
    before = dict(os.environ)
    for name in before:
        if name.startswith((*_FOREIGN, "XDG_")) or name in ("EDITOR", "VISUAL", "NO_COLOR"):
            del os.environ[name]
    os.environ.update(HOME=str(home), XDG_STATE_HOME=str(home / "state"), XDG_CONFIG_HOME=str(home / "config"))
    yield home
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def third_party() -> Path:
    """The folder with other people's test data."""
    return _THIRD_PARTY


def pytest_configure(config: pytest.Config) -> None:
    """Start from the defaults, whatever started us: `nohup` ignores SIGHUP, `&` in a script SIGINT and SIGQUIT."""
    for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGCHLD", "SIGTSTP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
    config.addinivalue_line("markers", "each_vector(suite): run once for each file of a third-party suite, as `vector`")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name what is made anew in every run by its argument: the same tests must have the same names everywhere."""
    is_made = isinstance(val, str) and any(sign in val for sign in ("age1", "AGE-", "AAAA"))
    return argname if is_made else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marker = metafunc.definition.get_closest_marker("each_vector")
    if marker is None:
        return
    files = sorted((_THIRD_PARTY / marker.args[0]).iterdir())
    metafunc.parametrize("vector", [pytest.param(file, id=file.name) for file in files])
