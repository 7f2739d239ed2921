"""`leafseal repair-context`."""

from __future__ import annotations

from functools import partial

from leafseal.cli.shared.batch import transform
from leafseal.cli.shared.configuration import Configuration
from leafseal.cli.shared.consent import Consent, Guard, recipients_consent
from leafseal.cli.shared.declarations import command
from leafseal.cli.shared.files import Output, Outputs, output_of
from leafseal.cli.shared.keys import current_ambient, key_services
from leafseal.cli.shared.options import InputOptions, config_option, files_argument, limits_options, rotating_reading
from leafseal.document.limits import Limits
from leafseal.keys.changes import keys_of, prefer_configured
from leafseal.keys.ring import KeyRing
from leafseal.operations import context_repair
from leafseal.operations.batch import Item, each
from leafseal.system import terminal


@command("repair-context")
@files_argument
@recipients_consent
@rotating_reading
@config_option
@key_services
@limits_options
def repair_context(
    files: tuple[str, ...], consent: Consent, reading: InputOptions, config: str | None, limits: Limits
) -> None:
    """Fix files that SOPS before 3.3.0 encrypted with a garbled encryption context of AWS KMS.

    AWS KMS cannot decrypt such a file under the context that the file names. leafseal tries the contexts that SOPS may
    have used, gives the file a new data key, and replaces it.

    \b
    leafseal repair-context old.yaml
    """
    outputs = Outputs(in_place=True)
    outputs.check(files)
    configuration = Configuration(config)
    keys, read = KeyRing(current_ambient()), reading.within(limits)

    def work(item: Item) -> Output | None:
        try:
            opened = context_repair.open_garbled(item.source, keys, read)
        except context_repair.NothingToRepairError:
            return None
        guard, groups = Guard(item.name, configuration, consent), keys_of(opened.metadata.groups)
        guard.check_recipients(groups)
        named = prefer_configured(groups, guard.configured_keys)
        return output_of(item, context_repair.rewrap_garbled(opened, named, keys.ambient))

    done = transform(files, partial(each, work=work), outputs, reading=reading, limits=limits, verb="repairing")
    for item, output in done:
        terminal.say(f"{item.name}: {'repaired' if output else 'nothing to repair'}")
