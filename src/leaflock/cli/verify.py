"""`leaflock verify`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from leaflock.cli import _io, _options
from leaflock.cli._session import Session, need_files
from leaflock.cli.main import command
from leaflock.engine import Done, Failed, Source
from leaflock.operations import Opened
from leaflock.paths import format_path


@dataclass(frozen=True, slots=True)
class _Verdict:
    sealed: int
    clear: int
    unauthenticated: list[str]  # empty values and containers, which the format protects in no way
    unsealed_comments: int


@command("verify")
@_options.files
@_options.as_json
@_options.input_type
@_options.limits
def verify(files: tuple[str, ...], as_json: bool, **options: Any) -> int:
    """Open files and check every tag and the MAC; no value is shown, nothing is written.

    \b
    leaflock verify config.yaml
    leaflock verify --json secrets/*.yaml
    """
    need_files(files)
    session = Session.of(options)
    _, outcomes = session.open_each(files, _look, "verifying")
    if as_json:
        _print_json(outcomes)
    for outcome in outcomes:
        if isinstance(outcome, Failed):
            if not as_json:
                _io.show_error(outcome.error)
        elif not as_json:
            _print(outcome.source, outcome.result)
    return next((outcome.error.exit_code for outcome in outcomes if isinstance(outcome, Failed)), 0)


def _look(_source: Source, opened: Opened) -> _Verdict:
    opening = opened.opening
    sealed = sum(not item.leaf.is_comment for item in opening.opened)
    values = sum(not leaf.is_comment for leaf, _ in opening.values)
    empty = [format_path(leaf.locator) for leaf in opening.unauthenticated if leaf.locator and not leaf.is_comment]
    return _Verdict(sealed, values - sealed - len(opening.unauthenticated), empty, opening.unsealed_comments)


def _print(source: Source, verdict: _Verdict) -> None:
    _io.print_line(f"{source.name}: verified, {verdict.sealed} sealed, {verdict.clear} clear")
    if verdict.unauthenticated:
        _io.print_line(f"  not protected by the format, being empty: {', '.join(verdict.unauthenticated)}")
    if verdict.unsealed_comments:
        _io.warn(f"{source.name}: {verdict.unsealed_comments} comments stand in clear where the rule would seal them")


def _print_json(outcomes: Any) -> None:
    import json

    rows = [
        {"file": outcome.source.name, "verified": True, **asdict(outcome.result)}
        if isinstance(outcome, Done)
        else {"file": outcome.source.name, "verified": False, "error": outcome.error.message}
        for outcome in outcomes
    ]
    _io.print_line(json.dumps(rows, indent=1))
