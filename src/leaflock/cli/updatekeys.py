"""`leaflock updatekeys`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click

from leaflock import operations
from leaflock.cli import _io, _options
from leaflock.cli._groups import Keys, difference, keys_of, refuse_empty, removed
from leaflock.cli._session import Session, Target, done, finish, need_files, put_product
from leaflock.cli.main import command
from leaflock.engine import Source
from leaflock.errors import ConfigError
from leaflock.operations import Opened, Product
from leaflock.paths import format_path


@dataclass(frozen=True, slots=True)
class _Change:
    lines: list[str]  # empty where the file is up to date
    product: Product | None
    readable: list[str]  # what a removed recipient could read


@command("updatekeys")
@_options.files
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Show what would change; exit with 1 if anything would.")
@click.option("--keep-data-key", is_flag=True, help="Do not seal anew when a recipient goes.")
@_options.input_type
@_options.config
@_options.limits
def updatekeys(files: tuple[str, ...], yes: bool, dry_run: bool, keep_data_key: bool, **options: Any) -> int:
    """Give files the recipients that the configuration names for them.

    When a recipient goes, the data key is replaced too and every value is sealed anew: who had the file keeps what it
    held, but reads nothing that is sealed from now on. Values that the recipient has seen should be changed.

    \b
    leaflock updatekeys config.yaml
    leaflock updatekeys --yes secrets/*.yaml
    """
    need_files(files)
    Target(in_place=True).check(files)
    session = Session.of(options)

    def work(source: Source, opened: Opened) -> _Change:
        return _change(source, opened, session, keep_data_key, plan_only=dry_run)

    snapshots, outcomes = session.open_each(files, work, "reading")
    if code := finish(outcomes):
        return code
    changes = [(snapshot, outcome.result) for snapshot, outcome in zip(snapshots, done(outcomes), strict=True)]
    pending = [(snapshot, change) for snapshot, change in changes if change.lines]
    for snapshot, change in changes:
        _show(snapshot.path, change)
    if dry_run or not pending:
        return 1 if pending else 0
    if not yes:
        _io.confirm(f"Change the recipients of {len(pending)} file{'s' if len(pending) > 1 else ''}?", flag="--yes")
    for snapshot, change in pending:
        assert change.product is not None
        put_product(snapshot, change.product)
    return 0


def _change(source: Source, opened: Opened, session: Session, keep_data_key: bool, *, plan_only: bool) -> _Change:
    config = session.configuration(source.name)
    if config is None or config.rules is None:
        raise ConfigError("no configuration with creation rules found for this file", hint='"leaflock init" writes one')
    rule = config.rule_for(source.name)
    assert rule is not None
    before, after = keys_of(opened.metadata.groups), list(rule.groups)
    threshold = _threshold(opened.metadata.threshold, rule.threshold, after)
    refuse_empty(after, threshold)
    lines = difference(before, after, (opened.metadata.threshold, threshold))
    if not lines or plan_only:
        return _Change(lines, None, [])
    gone = removed(before, after)
    if gone and not keep_data_key:
        product = operations.rotate(opened, after, threshold, session.ambient)
    else:
        product = operations.rewrap(opened, after, threshold, session.ambient)
    readable = [format_path(item.leaf.locator) for item in opened.opening.opened if not item.leaf.is_comment]
    return _Change(lines, product, readable if gone else [])


def _threshold(of_file: int, configured: int, after: list[Keys]) -> int:
    if len(after) < 2:
        return 0
    # The higher counts: a file's own threshold is not lowered by a change of recipients.
    return min(max(of_file, configured) or len(after), len(after))


def _show(path: str, change: _Change) -> None:
    if not change.lines:
        _io.say(f"{path}: up to date")
        return
    _io.say(f"{path}:")
    for line in change.lines:
        _io.say(f"  {line}")
    if change.readable:
        shown = ", ".join(change.readable[:10]) + (" …" if len(change.readable) > 10 else "")
        _io.warn(f"who was removed has been able to read: {shown}; change these values too")
