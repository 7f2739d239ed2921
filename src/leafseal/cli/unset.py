"""`leafseal unset`."""

from __future__ import annotations

from leafseal.cli.shared.addressing import document_number, with_suggestion
from leafseal.cli.shared.change import Change, change, locate_value
from leafseal.cli.shared.consent import consent_options
from leafseal.cli.shared.declarations import argument, command, option
from leafseal.cli.shared.keys import key_services
from leafseal.cli.shared.options import (
    InputOptions,
    changing_reading,
    config_option,
    document_option,
    expand_aliases_option,
    file_argument,
    limits_options,
    quiet_option,
)
from leafseal.document.limits import Limits
from leafseal.document.paths import format_path
from leafseal.errors import PathError
from leafseal.operations.consent import Consent
from leafseal.operations.edit import Draft, draft_without, only_below
from leafseal.system import terminal


@command("unset")
@file_argument
@argument("path")
@option("--idempotent", is_flag=True, help="Do nothing if the value does not exist.")
@document_option
@expand_aliases_option
@changing_reading
@consent_options
@config_option
@quiet_option
@key_services
@limits_options
def unset(
    file: str,
    path: str,
    idempotent: bool,
    document: int | None,
    expand_aliases: bool,
    reading: InputOptions,
    consent: Consent,
    config: str | None,
    limits: Limits,
) -> None:
    """Delete a value, or everything under a key name, from an encrypted file.

    \b
    leafseal unset config.yaml database.password
    leafseal unset config.yaml '["hosts"][0]'
    """

    places: list[str] = []

    def edit(current: Change) -> Draft | None:
        opened = current.opened
        number = document_number(file, opened, document, what="this changes the first")
        locator = locate_value(opened, path, number)
        places.append(format_path(locator))
        try:
            return draft_without(opened, locator, document=number, expand_aliases=expand_aliases)
        except PathError as error:
            if idempotent:
                return None
            raise with_suggestion(error, opened, locator, path, number) from None

    if change(file, reading, limits, config, consent, edit, spare=only_below(path, document or 0)):
        terminal.note(lambda: f"{file}: deleted {places[0]}")
    else:
        terminal.say_done(f"{file}: unchanged")
