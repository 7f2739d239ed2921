"""`leafseal set`."""

from __future__ import annotations

from leafseal.cli.shared import values
from leafseal.cli.shared.change import change, locate_value
from leafseal.cli.shared.consent import consent_options
from leafseal.cli.shared.declarations import argument, command, option
from leafseal.cli.shared.keys import key_services
from leafseal.cli.shared.options import (
    InputOptions,
    changing_reading,
    config_option,
    expand_aliases_option,
    file_argument,
    limits_options,
)
from leafseal.document.limits import Limits
from leafseal.document.scalars import same
from leafseal.document.tree import to_python
from leafseal.errors import PathError
from leafseal.operations.consent import Consent
from leafseal.operations.edit import Draft, draft_with, only_below
from leafseal.operations.extract import part_at
from leafseal.operations.open import Opened
from leafseal.system import terminal


@command("set")
@file_argument
@argument("path")
@argument("value", is_required=False)
@option("--value-file", metavar="FILE", help="Read the value from a file.")
@option("--value-stdin", is_flag=True, help="Read the value from standard input.")
@option("--string", is_flag=True, help="Store the value as text, even if it looks like JSON.")
@option("--idempotent", is_flag=True, help="Do nothing if the value is already set.")
@expand_aliases_option
@changing_reading
@consent_options
@config_option
@key_services
@limits_options
def set_(
    file: str,
    path: str,
    value: str | None,
    value_file: str | None,
    value_stdin: bool,
    string: bool,
    idempotent: bool,
    expand_aliases: bool,
    reading: InputOptions,
    consent: Consent,
    config: str | None,
    limits: Limits,
) -> None:
    """Set a value in an encrypted file. All other values keep their ciphertext.

    PATH is database.password, /database/password or ["database"]["password"]; missing mappings are created. A VALUE
    that is JSON is read as JSON: 5 is an integer, "5" is text, {"a": 1} is a mapping. Any other VALUE is text. Without
    VALUE you are asked for one; it is stored as text.

    \b
    leafseal set config.yaml database.password
    leafseal set config.yaml replicas 5
    pwgen 32 1 | leafseal set --value-stdin --string config.yaml database.password
    """
    wanted = values.take(value, value_file, value_stdin, string, limits)

    def edit(opened: Opened) -> Draft | None:
        locator = locate_value(opened, path)
        if idempotent and _stands_already(opened, locator, wanted):
            return None
        return draft_with(opened, locator, wanted, expand_aliases=expand_aliases)

    if not change(file, reading, limits, config, consent, edit, spare=only_below(path)):
        terminal.say(f"{file}: unchanged")


def _stands_already(opened: Opened, locator: tuple[str | int, ...], wanted: object) -> bool:
    try:
        return same(to_python(part_at(opened, locator)), wanted)
    except PathError:
        return False
