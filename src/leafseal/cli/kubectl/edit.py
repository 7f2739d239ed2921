"""`kubectl leafseal edit`."""

from __future__ import annotations

from leafseal.cli.shared.configuration import Configuration
from leafseal.cli.shared.consent import consent_options
from leafseal.cli.shared.declarations import command
from leafseal.cli.shared.editing import EditingOptions, edit_existing, editing, editing_options
from leafseal.cli.shared.keys import key_services
from leafseal.cli.shared.options import (
    InputOptions,
    changing_reading,
    config_option,
    file_argument,
    limits_options,
    quiet_option,
)
from leafseal.deploy.decoded import Decoded
from leafseal.document.limits import Limits
from leafseal.operations.consent import Consent


@command("edit")
@file_argument
@consent_options
@config_option
@quiet_option
@editing_options
@changing_reading
@key_services
@limits_options
def edit(
    file: str,
    consent: Consent,
    config: str | None,
    how: EditingOptions,
    reading: InputOptions,
    limits: Limits,
) -> None:
    """Edit an encrypted manifest in your editor. The data of Secrets is shown as text, and saved as base64.

    Data that is not text stays base64. Values that you do not change keep their ciphertext.

    \b
    kubectl leafseal edit db.enc.yaml
    """
    with editing(how, limits) as in_editor:
        edit_existing(
            file,
            reading,
            limits,
            Configuration(config),
            consent,
            None,
            in_editor,
            form=lambda plain: Decoded(plain, reading.within(limits)),
            name="kubectl leafseal edit",
        )
