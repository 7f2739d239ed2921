"""`leaflock groups`."""

from __future__ import annotations

from typing import Any

import click

from leaflock import operations
from leaflock.cli import _options
from leaflock.cli._groups import Keys, keys_of, parse_age, refuse_empty
from leaflock.cli._session import Session, Target
from leaflock.cli.main import COMMANDS, CONTEXT_SETTINGS, Command
from leaflock.errors import UsageError
from leaflock.operations import Opened

_target = _options.options(
    click.option("-f", "--file", "file", required=True, metavar="FILE", help="The encrypted file."),
    click.option("-i", "--in-place", is_flag=True, help="Write the file back in its place."),
    click.option("--threshold", type=int, default=0, help="How many key groups must open from now on."),
)


@click.group("groups", short_help=COMMANDS["groups"][1], context_settings=CONTEXT_SETTINGS)
def groups() -> None:
    """Add and remove key groups, of which several must open before a file does.

    \b
    leaflock groups add -f config.yaml --age age1… --threshold 2 -i
    leaflock groups delete -f config.yaml 1 -i
    """


@groups.command("add", cls=Command, context_settings=CONTEXT_SETTINGS)
@_target
@click.option("-a", "--age", metavar="AGE1…", multiple=True, help="A recipient of the new group.")
@_options.input_type
@_options.config
@_options.limits
def add(file: str, in_place: bool, threshold: int, age: tuple[str, ...], **options: Any) -> None:
    """Add a key group; the data key is split anew among all groups."""
    if not age:
        raise UsageError("a key group needs a master key", hint="name one with --age")
    session = Session.of(options)
    snapshot, opened = session.open(file)
    changed = [*keys_of(opened.metadata.groups), tuple(parse_age(age))]
    _write(session, Target(in_place=in_place), snapshot, opened, changed, threshold)


@groups.command("delete", cls=Command, context_settings=CONTEXT_SETTINGS)
@_target
@click.argument("index", type=int)
@_options.input_type
@_options.config
@_options.limits
def delete(file: str, in_place: bool, threshold: int, index: int, **options: Any) -> None:
    """Remove the key group number INDEX, counted from 0. The data key is replaced."""
    session = Session.of(options)
    snapshot, opened = session.open(file)
    changed = keys_of(opened.metadata.groups)
    if not 0 <= index < len(changed):
        raise UsageError(f"there is no key group {index}: the file has {len(changed)}, counted from 0")
    del changed[index]
    _write(session, Target(in_place=in_place), snapshot, opened, changed, threshold, rotate=True)


def _write(
    session: Session,
    target: Target,
    snapshot: Any,
    opened: Opened,
    changed: list[Keys],
    threshold: int,
    *,
    rotate: bool = False,
) -> None:
    needed = (threshold or opened.metadata.threshold) if len(changed) > 1 else 0
    refuse_empty(changed, needed)
    # Whoever had a group that goes must not read what is sealed from now on.
    change = operations.rotate if rotate else operations.rewrap
    product = change(opened, changed, needed, session.ambient)
    target.write(snapshot, product.data, product.check)
