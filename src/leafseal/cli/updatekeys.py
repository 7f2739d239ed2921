"""`leafseal updatekeys`."""

from __future__ import annotations

from dataclasses import dataclass

import click

from leafseal.cli.main import command
from leafseal.cli.shared.configuration import Configuration
from leafseal.cli.shared.files import Outputs, errors_of, product_of, read_all, show_errors
from leafseal.cli.shared.groups import difference, refuse_empty, refuse_lower
from leafseal.cli.shared.keys import current_ambient, key_services
from leafseal.cli.shared.options import InputOptions, config_option, files_argument, limits_options, rotating_reading
from leafseal.document.limits import Limits
from leafseal.errors import ConfigError
from leafseal.keys import Ambient
from leafseal.keys.changes import keys_of, removed
from leafseal.keys.groups import resolve_keys
from leafseal.keys.ring import KeyRing
from leafseal.operations.batch import open_all, results
from leafseal.operations.open import Opened, Source, readable
from leafseal.operations.product import Product
from leafseal.operations.rekey import rewrap, rotate
from leafseal.system import terminal


@dataclass(frozen=True, slots=True)
class _Change:
    lines: list[str]  # what changes; none where the file is up to date
    product: Product | None = None
    readable: tuple[str, ...] = ()  # what those who are removed could read


@command("updatekeys")
@files_argument
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Show what would change; exit with 1 if anything would.")
@click.option("--keep-data-key", is_flag=True, help="Do not seal the values anew when a recipient is removed.")
@click.option("--lower-threshold", is_flag=True, help="Let fewer key groups open a file than until now.")
@rotating_reading
@config_option
@key_services
@limits_options
def updatekeys(
    files: tuple[str, ...],
    yes: bool,
    dry_run: bool,
    keep_data_key: bool,
    lower_threshold: bool,
    reading: InputOptions,
    config: str | None,
    limits: Limits,
) -> int:
    """Give sealed files the recipients that the configuration names for them.

    When one is removed, a file also gets a new data key and every value is sealed anew: who is removed keeps what the
    old file held, and reads nothing of what is sealed from now on. What they could read should be changed.

    \b
    leafseal updatekeys config.yaml
    leafseal updatekeys --yes secrets/*.yaml
    """
    outputs = Outputs(in_place=True)
    outputs.check(files)
    inputs, errors = read_all(files, reading, limits)
    configuration = Configuration(config)
    keys = KeyRing(current_ambient())

    def work(source: Source, opened: Opened) -> _Change:
        return _change(source, opened, configuration, keys.ambient, keep_data_key, lower_threshold)

    with terminal.progress(len(inputs), "reading") as step:
        sources = [item.source for item in inputs]
        outcomes = open_all(sources, keys, work, read=reading.within(limits), progress=step)
    if code := show_errors([*errors, *errors_of(outcomes)]):
        return code
    changes = [(item, change) for item, (_, change) in zip(inputs, results(outcomes), strict=True)]
    for item, change in changes:
        _show(item.name, change)
    pending = [(item, change, change.product) for item, change in changes if change.product is not None]
    if dry_run or not pending:
        return int(bool(pending))
    if not yes:
        terminal.confirm(
            f"Change the recipients of {len(pending)} file{'s' if len(pending) > 1 else ''}?", flag="--yes"
        )
    outputs.write(product_of(item, product) for item, _, product in pending)
    for item, change, _ in pending:
        terminal.say_readable(item.name, change.readable)
    return 0


def _change(
    source: Source,
    opened: Opened,
    configuration: Configuration,
    ambient: Ambient,
    keep_data_key: bool,
    lower_threshold: bool,
) -> _Change:
    rule = configuration.rule_for(source.name)
    if rule is None:
        raise ConfigError("no configuration with creation rules found", hint='"leafseal init" writes one')
    before, after = keys_of(opened.metadata.groups), [resolve_keys(group, ambient) for group in rule.groups]
    threshold = 0
    if len(after) > 1:
        # The higher counts, as far as there are groups: a configuration in the repository does not lower it unasked.
        own = 0 if lower_threshold else opened.metadata.threshold
        threshold = min(max(own, rule.threshold or len(after)), len(after))
    refuse_empty(after, threshold)
    lines = difference(before, after, (opened.metadata.threshold, threshold))
    if not lines:
        return _Change(lines)
    if not lower_threshold:
        refuse_lower(opened.metadata, len(after), threshold)
    gone = removed(before, after)
    how = rotate if gone and not keep_data_key else rewrap
    return _Change(lines, how(opened, after, threshold, ambient), tuple(readable(opened) if gone else ()))


def _show(name: str, change: _Change) -> None:
    if not change.lines:
        terminal.say(f"{name}: up to date")
        return
    terminal.say(f"{name}:")
    for line in change.lines:
        terminal.say(f"  {line}")
