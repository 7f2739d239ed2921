"""No test sees the real home, the real configuration or the caller's keys."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import hypothesis
import pytest

from . import isolation
from .services.fixtures import (  # noqa: F401  # every test has them
    authority,
    aws,
    azure,
    cloud_kms,
    cloud_kms_at,
    recorder,
    second_recorder,
)

pytest.register_assert_rewrite("tests.providers.contract", "tests.providers.faults")  # which hold tests, and are none

# A busy machine is no fault of the code under test. Each run tries the same examples: what fails once fails again.
# New ones are looked for by `make campaign` and with `--hypothesis-profile=searching`.
_SLOW = [hypothesis.HealthCheck.too_slow]
hypothesis.settings.register_profile("repeatable", deadline=None, suppress_health_check=_SLOW, derandomize=True)
hypothesis.settings.register_profile("searching", deadline=None, suppress_health_check=_SLOW)
hypothesis.settings.load_profile("repeatable")

_COPIES = Path(__file__).parent / "vectors" / "third-party"


@pytest.fixture(autouse=True)
def _left_as_found() -> Iterator[None]:
    """No test changes what the next one finds."""
    with isolation.left_as_found():
        yield


class Suites(NamedTuple):
    """The folder with other people's test data: `suites / "wycheproof"` is one of them, or skips the test."""

    folder: Path

    def __truediv__(self, name: str) -> Path:
        path = self.folder / name
        if not path.exists():
            pytest.skip(f"no {name} in {self.folder}")
        return path


@pytest.fixture(scope="session")
def third_party(pytestconfig: pytest.Config) -> Suites:
    """Other people's test data."""
    return _suites(pytestconfig)


def _suites(config: pytest.Config) -> Suites:
    return Suites(Path(config.getoption("vectors") or isolation.CALLER.get("LEAFSEAL_VECTORS") or _COPIES))


def pytest_addoption(parser: pytest.Parser) -> None:
    text = "read other people's test suites from DIR (or LEAFSEAL_VECTORS) instead of tests/vectors/third-party"
    parser.addoption("--vectors", metavar="DIR", help=text)


def pytest_configure(config: pytest.Config) -> None:
    isolation.set_up(config)
    _be_patient()
    config.addinivalue_line("markers", "each_vector(suite): run once for each file of a third-party suite, as `vector`")


def _be_patient() -> None:
    """Give services as long as a busy machine needs, except where a test says when somebody gives up."""
    from leafseal.keys import ring
    from leafseal.providers import network

    network.Deadlines.__new__.__defaults__ = (240.0, 60.0, 80.0)  # type: ignore[attr-defined]
    ring.race.__defaults__ = (240.0,)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Have one worker more than there are processors: some always wait for a timeout, a service or a program."""
    return len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)) + 1


def pytest_itemcollected(item: pytest.Item) -> None:
    if item.get_closest_marker("campaign") and not item.get_closest_marker("timeout"):
        item.add_marker(pytest.mark.timeout(isolation.CAMPAIGN_SECONDS))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name what is made anew in every run by its argument: the same tests must have the same names everywhere."""
    is_made = isinstance(val, str) and any(sign in val for sign in ("age1", "AGE-", "AAAA"))
    return argname if is_made else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marker = metafunc.definition.get_closest_marker("each_vector")
    if marker is None:
        return
    folder = _suites(metafunc.config).folder / marker.args[0]
    files = [pytest.param(file, id=file.name) for file in sorted(folder.iterdir())] if folder.is_dir() else []
    missing = pytest.param(folder, marks=pytest.mark.skip(f"no {folder}"), id=marker.args[0])
    metafunc.parametrize("vector", files or [missing])
