"""What leaves the library when something goes wrong inside it: one error of ours, and no value on it anywhere."""

from __future__ import annotations

import base64
import itertools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import CO_GENERATOR
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

import leafseal
from leafseal import SealedFile
from leafseal.cli.main import run
from leafseal.errors import ConfigError, InputError, InvalidValueError, LeafsealError, UnforeseenError, UsageError
from leafseal.formats import format_of
from leafseal.sops.main import run as run_sops
from leafseal.system import hardening

from ..whole_files import AMBIENT, ME, PASSWORD, SPLICED, seal, seal_in

CANARY = "c4n4ry-Zebra-77"
PLAIN = {
    "yaml": f"db:\n  password: {CANARY}\n".encode(),
    "json": b'{"db": {"password": "%s"}}\n' % CANARY.encode(),
    "dotenv": f"PASSWORD={CANARY}\n".encode(),
    "ini": f"[db]\npassword = {CANARY}\n".encode(),
}
FORMS = (CANARY, CANARY.encode().hex(), base64.b64encode(CANARY.encode()).decode().rstrip("="), repr(CANARY)[1:-1])


def told(error: BaseException) -> str:
    """Return all that hangs on an exception: texts, arguments, attributes, notes, and what it came of."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    texts: list[str] = []
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        own = [getattr(one, name, "") for name in ("object", "doc", "output", "stderr", "filename", "__notes__")]
        texts += map(repr, (str(one), one, one.args, vars(one), own))
        waiting += [one.__cause__, one.__context__]
    return "\n".join(texts)


def has_canary(text: str) -> bool:
    return any(form in text for form in FORMS)


@pytest.fixture(params=SPLICED)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return seal_in(tmp_path, PLAIN[request.param], request.param)


HALVES: dict[str, Any] = {
    "a value": "x\ud800",
    "a byte that is not UTF-8": "x\udcff",
    "a value in a list": ["x", "\udfff"],
    "a name": {"a\ud800": "x"},
}


@pytest.mark.parametrize("what", HALVES)
def test_half_a_character_is_refused_without_the_file(path: Path, what: str) -> None:
    file = SealedFile.open(path, ambient=AMBIENT)
    for place in ("zz", PASSWORD[format_of(path.name)]):
        with pytest.raises(LeafsealError) as caught:
            file.set(place, HALVES[what])
        assert not has_canary(told(caught.value))
        assert isinstance(caught.value, InvalidValueError)
    with pytest.raises(LeafsealError) as caught:
        file.set("zz\ud800", "x")
    assert not has_canary(told(caught.value))


def test_the_hint_on_half_a_character_helps(path: Path) -> None:
    file = SealedFile.open(path, ambient=AMBIENT)
    name = PASSWORD[format_of(path.name)]
    file.set(name, base64.b64encode(b"x\xff").decode())
    assert file.get(name) == "eP8="


@pytest.mark.parametrize("text", [b'{"a": "\\ud800", "b": "%s"}', b'{"\\ud800": 1, "b": "%s"}'])
@pytest.mark.parametrize("format_name", ["json", "yaml"])
def test_half_a_character_in_a_plain_file(text: bytes, format_name: str) -> None:
    plain = text % CANARY.encode()
    refusal: LeafsealError | None = None
    try:
        sealed = leafseal.encrypt(plain, format=format_name, recipients=[ME.recipient])
    except LeafsealError as error:
        refusal = error
    else:
        assert leafseal.decrypt(sealed, format=format_name, ambient=AMBIENT) == plain
    assert refusal is None or not has_canary(told(refusal))


def test_arguments_that_do_not_fit_the_signature_stay_a_type_error() -> None:
    with pytest.raises(TypeError):
        leafseal.load()  # type: ignore[call-arg]


def test_an_argument_of_another_type_is_an_error_of_ours() -> None:
    with pytest.raises(UsageError, match=r"path must be text or a path, not float$"):
        leafseal.load(3.5)  # type: ignore[arg-type]


def test_a_fault_of_ours_says_where_it_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leafseal.api.opening.read", lambda *_: 1 / 0)
    with pytest.raises(UnforeseenError, match=r"^unforeseen ZeroDivisionError at \w+\.py:\d+\nhint: ") as caught:
        leafseal.load(path)
    assert any("report this fault" in note for note in caught.value.__notes__)


@pytest.mark.parametrize("name", ["a\0b", "a\0.yaml", "\ud800.yaml"])
@pytest.mark.parametrize("read", [leafseal.load, SealedFile.open, lambda name: leafseal.open_many([name])])
def test_a_name_that_no_file_has(name: str, read: Callable[[str], object]) -> None:
    with pytest.raises(InputError, match="no file can have this name") as caught:
        read(name)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "arguments",
    [
        {"recipients": [None]},
        {"recipients": [ME.recipient, 5]},
        {"recipients": [b"age1"]},
        {"groups": [[None]]},
        {"recipients": [ME.recipient], "threshold": "2"},
        {"recipients": [ME.recipient], "threshold": 1.5},
        {"recipients": [ME.recipient], "threshold": None},
        {},
        {"recipients": [ME.recipient], "groups": [[ME.recipient]]},
    ],
)
def test_arguments_that_mean_nothing_are_errors_of_usage(arguments: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        leafseal.encrypt(b"a: 1\n", format="yaml", **arguments)


@pytest.mark.parametrize("threshold", [10**9, 256, -1, -(10**9)])
@pytest.mark.parametrize("groups", [1, 2])
def test_a_threshold_that_no_file_can_have(threshold: int, groups: int) -> None:
    with pytest.raises(ConfigError, match="a threshold must be from 0"):
        leafseal.encrypt(b"a: 1\n", format="yaml", groups=[[ME.recipient]] * groups, threshold=threshold)


# -- faults put in


def _unicode() -> Exception:
    return UnicodeEncodeError("utf-8", f"the file: {CANARY}", 0, 1, "surrogates not allowed")


def _chained() -> Exception:
    error = LeafsealError("something is wrong")
    error.__context__ = KeyError(CANARY)
    error.__cause__ = ValueError(CANARY)
    error.__cause__.__context__ = _unicode()
    return error


FAULTS: dict[str, Callable[[], Exception]] = {
    "a text that cannot be encoded": _unicode,
    "a key": lambda: KeyError(CANARY),
    "an error of ours with a past": _chained,
}
_GUARDS = frozenset(("guarded", "_forget_origin", "_unforeseen"))
_OURS = str(Path(leafseal.__file__).parent) + os.sep


@contextmanager
def calls_watched(watch: Callable[[CodeType], None]) -> Iterator[None]:
    """Tell `watch` of each call of a function of leafseal; what it raises is raised in that function."""

    def trace(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(_OURS) and code.co_name not in _GUARDS:
            watch(code)

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


def functions_of(work: Callable[[], object]) -> list[CodeType]:
    """Return the functions that work calls, each once."""
    found: dict[CodeType, None] = {}
    with calls_watched(lambda code: found.setdefault(code)):
        work()
    return [code for code in found if code.co_name not in ("<module>", "<lambda>") and not code.co_flags & CO_GENERATOR]


def outcome(work: Callable[[], object], place: CodeType, fault: Exception) -> BaseException | None:
    """Return what leaves work when a function in it fails."""

    def watch(code: CodeType) -> None:
        if code is place:
            raise fault

    with calls_watched(watch):
        try:
            work()
        except BaseException as error:
            return error
    return None


def _changed(path: Path, name: str) -> None:
    file = SealedFile.open(path, ambient=AMBIENT)
    file.set(name, f"{CANARY}-new")
    file.unset(name)
    file.plaintext()
    file.documents()


WORKS: dict[str, Callable[[Path, str], Callable[[], object]]] = {
    "load": lambda path, _: lambda: leafseal.load(path, ambient=AMBIENT),
    "change": lambda path, format_name: lambda: _changed(path, PASSWORD[format_name]),
    "encrypt": lambda _, format_name: (
        lambda: leafseal.encrypt(PLAIN[format_name], format=format_name, recipients=[ME.recipient])
    ),
    "decrypt": lambda path, format_name: (
        lambda: leafseal.decrypt(path.read_bytes(), format=format_name, ambient=AMBIENT)
    ),
    "open_many": lambda path, _: lambda: leafseal.open_many([path], ambient=AMBIENT),
}


FAILING = [
    (format_name, name, list(FAULTS)[number % len(FAULTS)])  # each work with each format, one with each fault
    for number, (format_name, name) in enumerate(itertools.product(SPLICED, WORKS))
]


@pytest.mark.parametrize(("path", "name", "fault"), FAILING, indirect=["path"])
def test_whatever_fails_inside_an_error_of_ours_comes_out_alone(path: Path, name: str, fault: str) -> None:
    work = WORKS[name](path, format_of(path.name))
    work()
    places = functions_of(work)
    assert len(places) > 20
    failed = 0
    for place in places:
        error = outcome(work, place, FAULTS[fault]())
        if error is not None:
            failed += 1
            where = f"{place.co_filename}:{place.co_name}"
            assert isinstance(error, LeafsealError), where
            assert not has_canary(told(error)), where
    assert failed > len(places) // 2


COMMANDS: dict[str, tuple[Callable[..., int], list[str]]] = {
    "decrypt": (run, ["decrypt", "FILE"]),
    "set": (run, ["set", "FILE", "PATH", f'"{CANARY}-new"']),
    "sops decrypt": (run_sops, ["decrypt", "FILE"]),
    "sops set": (run_sops, ["set", "FILE", "INDEX", f'"{CANARY}"']),
}


@pytest.mark.parametrize("share", [9, pytest.param(1, marks=pytest.mark.campaign)])
@pytest.mark.parametrize("name", COMMANDS)
def test_whatever_fails_inside_a_command_nothing_is_shown(
    tmp_path: Path, name: str, share: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOPS_AGE_KEY", ME.identity)
    sealed = seal(PLAIN["json"], "json")
    program, words = COMMANDS[name]

    def work_in(folder: Path) -> Callable[[], int]:
        folder.mkdir()
        path = folder / "secrets.json"
        path.write_bytes(sealed)
        given = {"FILE": str(path), "PATH": "db.password", "INDEX": '["db"]["password"]'}
        return lambda: program([given.get(word, word) for word in words])

    places = functions_of(work_in(tmp_path / "whole"))
    assert len(places) > 20
    for number, place in enumerate(places[list(COMMANDS).index(name) % share :: share]):
        capfd.readouterr()
        error = outcome(work_in(tmp_path / str(number)), place, _unicode())  # a lock may be left locked
        if error is not None:
            hardening.show_exception(type(error), error, error.__traceback__)
        assert not has_canary(capfd.readouterr().err), place.co_name
