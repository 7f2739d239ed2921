"""`leaflock rotate`."""

from __future__ import annotations

from typing import Any

import click

from leaflock import operations
from leaflock.cli import _options
from leaflock.cli._groups import keys_of, name, parse_age, refuse_empty
from leaflock.cli._guards import Consent, before_writing
from leaflock.cli._session import Session, Target, need_files, write_all
from leaflock.cli.main import command
from leaflock.engine import Source
from leaflock.errors import RefusedError
from leaflock.operations import Opened, Product


@command("rotate")
@_options.files
@_options.output
@click.option("--add-age", metavar="AGE1…", multiple=True, help="Add a recipient to the first key group.")
@click.option("--rm-age", metavar="AGE1…", multiple=True, help="Remove a recipient from all key groups.")
@_options.guards
@_options.input_type
@_options.config
@_options.limits
def rotate(files: tuple[str, ...], add_age: tuple[str, ...], rm_age: tuple[str, ...], **options: Any) -> int:
    """Give files a new data key: every value is sealed anew, everything else stays where it is.

    \b
    leaflock rotate -i config.yaml
    leaflock rotate -i --rm-age age1… secrets/*.yaml
    """
    target = Target(options.pop("in_place"), options.pop("output"), options.pop("output_dir"))
    need_files(files)
    target.check(files)
    consent = Consent.of(options)
    session = Session.of(options)
    added, gone = parse_age(add_age), {name(key) for key in parse_age(rm_age)}

    def work(source: Source, opened: Opened) -> Product:
        groups = [list(group) for group in keys_of(opened.metadata.groups)]
        present = {name(key) for group in groups for key in group}
        missing = gone - present
        if missing:
            raise RefusedError("a recipient to be removed is none of this file's", hint='"leaflock inspect" lists them')
        groups[0] += [key for key in added if name(key) not in present]
        kept = [tuple(key for key in group if name(key) not in gone) for group in groups]
        refuse_empty(kept, opened.metadata.threshold)
        if not (added or gone):
            before_writing(opened, session.rule(source.name), consent, wraps=True)
        return operations.rotate(opened, kept, opened.metadata.threshold, session.ambient)

    snapshots, outcomes = session.open_each(files, work, "rotating")
    return write_all(target, snapshots, outcomes, "rotated", "written")
