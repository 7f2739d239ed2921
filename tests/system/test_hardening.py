import json
import logging
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from leafseal.system import hardening, libraries

SOURCE = str(Path(__file__).parents[2] / "src")


def python(code: str, *flags: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *flags, "-c", code],
        env={**os.environ, "PYTHONPATH": SOURCE, **environment},
        cwd=cwd,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("path", [SOURCE, f":{SOURCE}", f"{SOURCE}:.", f"{SOURCE}:{{here}}"])
def test_nothing_is_imported_from_the_current_folder(tmp_path: Path, path: str) -> None:
    for name in ("click", "yaml", "resource", "_ctypes", "typing_extensions"):
        (tmp_path / f"{name}.py").write_text("print('CAUGHT')")
    result = subprocess.run(
        [sys.executable, "-m", "leafseal", "--help"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path.format(here=tmp_path)},
        capture_output=True,
        text=True,
    )
    assert result.stderr == ""
    assert "Usage: leafseal" in result.stdout
    assert "CAUGHT" not in result.stdout


def test_where_libraries_are_installed_they_are_still_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    packages = tmp_path / "site-packages"
    packages.mkdir()
    monkeypatch.chdir(packages)
    monkeypatch.setattr(sys, "path", ["", str(packages), "/elsewhere"])
    hardening.forget_working_directory()
    assert sys.path == [str(packages), "/elsewhere"]


@pytest.mark.skipif(sys.platform != "linux", reason="as Linux tells it")
def test_no_core_is_dumped_and_the_limit_is_given_back() -> None:
    code = """if True:
        import json, resource
        from leafseal.system import hardening, libraries
        before = resource.getrlimit(resource.RLIMIT_CORE)
        hardening.forbid_dumps()
        import ctypes
        during = resource.getrlimit(resource.RLIMIT_CORE)
        dumpable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
        hardening.allow_dumps()
        print(json.dumps([before, during, dumpable, resource.getrlimit(resource.RLIMIT_CORE)]))
    """
    result = python(code)
    assert result.stderr == ""
    before, during, dumpable, after = json.loads(result.stdout)
    assert during == [0, before[1]]
    assert dumpable == 0
    assert after == before
    debugging = json.loads(python(code, LEAFSEAL_DEBUG="1").stdout)
    assert debugging[1] == [0, before[1]]  # what helps to find a fault must not put secrets on the disk
    assert debugging[2] == 0


def test_without_the_inner_module_nothing_breaks() -> None:
    result = python(
        "import sys; sys.modules['_ctypes'] = None\nfrom leafseal.system import hardening; hardening.forbid_dumps()"
    )
    assert (result.returncode, result.stderr) == (0, "")


FAILING = """
from leafseal.system import hardening, libraries
hardening.install_excepthook()
def work(canary):
    try:
        int(canary)
    except ValueError:
        raise KeyError(canary)
"""


IN_A_THREAD = "import threading; threading.Thread(target=work, args=('c4n4ry',)).start()"
IN_A_FINALIZER = "class Bad:\n    def __del__(self): work('c4n4ry')\nbad = Bad()\ndel bad"


@pytest.mark.parametrize("end", ["work('c4n4ry')", IN_A_THREAD, IN_A_FINALIZER])
@pytest.mark.parametrize("before", ["", "import threading", "import _thread; del _thread._excepthook"])
def test_an_unforeseen_error_shows_its_type_alone(before: str, end: str) -> None:
    result = python(f"{before}\n{FAILING}{end}")
    assert result.stdout == ""
    assert result.stderr == (
        "leafseal: error: unforeseen: KeyError\n"
        "leafseal: hint: this is a fault of leafseal; LEAFSEAL_DEBUG=1 shows where it happened\n"
    )


def test_debugging_shows_places_and_no_values() -> None:
    result = python(FAILING + "work('c4n4ry')", LEAFSEAL_DEBUG="1")
    assert result.returncode == 1
    assert "<string>:8 work" in result.stderr
    assert "after ValueError" in result.stderr
    assert "c4n4ry" not in result.stderr


def test_loggers_of_libraries_are_held_at_warnings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_SDK_PYTHON_LOGGING_SCOPE", "google")
    logger = logging.getLogger("botocore")
    before = logger.level
    logger.setLevel(logging.DEBUG)
    try:
        below = logging.getLogger("botocore.far.below")
        below.setLevel(logging.DEBUG)
        libraries.quiet_loggers()
        assert logger.level == logging.WARNING
        assert below.level == logging.WARNING
        logger.setLevel(logging.CRITICAL)
        libraries.quiet_loggers()
        assert logger.level == logging.CRITICAL  # quieter than we ask for
        assert "GOOGLE_SDK_PYTHON_LOGGING_SCOPE" not in os.environ
    finally:
        logger.setLevel(before)


def test_libraries_may_warn_of_python_unheard() -> None:
    with libraries.quiet_imports():
        warnings.warn("your Python is old", FutureWarning, stacklevel=1)
    with pytest.raises(FutureWarning):
        warnings.warn("still an error", FutureWarning, stacklevel=1)


@pytest.mark.parametrize("loading", ["libraries.quiet_imports()", "contextlib.nullcontext()"])
def test_no_uname_of_path_is_run_for_azure(tmp_path: Path, loading: str) -> None:
    """Its libraries tell the service of the system; `platform` runs `uname` for that, which the second case proves."""
    pytest.importorskip("azure.identity")
    uname = tmp_path / "uname"
    uname.write_text(f"#!/bin/sh\n: > {tmp_path / 'ran'}\n")
    uname.chmod(0o755)
    code = f"""
import contextlib
from leafseal.system import libraries
with {loading}:
    from leafseal.providers.azure import credentials
from azure.core.pipeline.policies import UserAgentPolicy
print(UserAgentPolicy(sdk_moniker="x").user_agent)
"""
    done = python(code, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert "azsdk-python-x" in done.stdout
    assert (tmp_path / "ran").exists() == (loading == "contextlib.nullcontext()")
