"""`leafseal groups`."""

from __future__ import annotations

from functools import partial
from typing import Any

from leafseal.cli.shared import told
from leafseal.cli.shared.change import changing, open_one
from leafseal.cli.shared.configuration import Configuration
from leafseal.cli.shared.consent import regrouping_consent, warn_of_missing
from leafseal.cli.shared.declarations import FileName, Group, Whole, command, option
from leafseal.cli.shared.files import Outputs, output_of
from leafseal.cli.shared.groups import refuse_empty
from leafseal.cli.shared.keys import current_ambient, key_services
from leafseal.cli.shared.options import (
    InputOptions,
    config_option,
    limits_options,
    quiet_option,
    rotating_reading,
    threshold_option,
)
from leafseal.cli.shared.recipients import Recipients, new_group_options
from leafseal.display import for_shell
from leafseal.document.limits import Limits
from leafseal.errors import UsageError
from leafseal.keys.changes import Keys, keys_of, prefer_configured
from leafseal.operations.consent import Consent
from leafseal.operations.rekey import rewrap, rotate

_file = option("-f", "--file", is_required=True, metavar="FILE", type=FileName(), help="The encrypted file.")
_in_place = option("-i", "--in-place", is_flag=True, help="Replace the file with the result.")


def _shared(function: Any) -> Any:
    for declare in (
        key_services,
        quiet_option,
        limits_options,
        rotating_reading,
        config_option,
        regrouping_consent,
        threshold_option,
        _in_place,
        _file,
    ):
        function = declare(function)
    return function


@command("add")
@_shared
@new_group_options
def add(recipients: Recipients, **options: Any) -> None:
    """Add a key group. The data key is split again among all groups.

    \b
    leafseal groups add -f config.yaml --age age1… --threshold 2 -i
    """
    if not recipients:
        raise UsageError("no key given for the new key group", hint="add one, such as --age age1…")
    _change(lambda old: [*old, tuple(recipients.master_keys())], new_data_key=False, **options)


@command("delete")
@_shared
@option(
    "--group",
    is_required=True,
    type=Whole(1, 255),
    metavar="N",
    help="Delete key group N of the file, counted from 1 as in messages; sops counts from 0.",
)
def delete(group: int, **options: Any) -> None:
    """Delete a key group. The file gets a new data key.

    \b
    leafseal groups delete -f config.yaml --group 2 -i
    """

    def without(old: list[Keys]) -> list[Keys]:
        if group > len(old):
            raise UsageError(
                f"there is no key group {group}: the file has {len(old)}",
                hint=f'see them with "leafseal inspect {for_shell(options["file"])}"',
            )
        return [*old[: group - 1], *old[group:]]

    _change(without, new_data_key=True, **options)


groups = Group(
    "groups",
    """Add and delete key groups. Decrypting a file needs keys from several of its groups.

    \b
    leafseal groups add -f config.yaml --age age1… --threshold 2 -i
    leafseal groups delete -f config.yaml --group 2 -i
    """,
    {"add": add, "delete": delete},
)


def _change(
    edit: Any,
    *,
    new_data_key: bool,
    file: str,
    in_place: bool,
    threshold: int,
    reading: InputOptions,
    config: str | None,
    consent: Consent,
    limits: Limits,
) -> None:
    with changing(file):
        current = open_one(file, reading, limits, Configuration(config), consent, asks=False)
        opened = current.opened
        changed = edit(prefer_configured(keys_of(opened.metadata.groups), current.guard.configured_keys))
        needed = (threshold or opened.metadata.threshold) if len(changed) > 1 else 0
        refuse_empty(changed, needed)
        current.guard.check_threshold(opened.metadata, len(changed), needed)
        current.guard.check_recipients(changed)
        opened = current.guard.unchanged(opened)
        # Whoever had a group that goes must not read what is sealed from now on.
        how = rotate if new_data_key else partial(rewrap, keep_dates=True)
        product = how(opened, changed, needed, current_ambient())
        Outputs(in_place=in_place).write([output_of(current.item, product, told=told.rewrapped)])
        current.tell_conflicts(product)
        if not new_data_key:
            warn_of_missing(file, current.guard, changed)
