"""`leafseal repair-context`."""

from __future__ import annotations

from leafseal.cli.main import command
from leafseal.cli.shared.configuration import Configuration
from leafseal.cli.shared.consent import Consent, Guard, recipients_consent
from leafseal.cli.shared.files import Output, Outputs, errors_of, product_of, read_all, show_errors
from leafseal.cli.shared.keys import current_ambient, key_services
from leafseal.cli.shared.options import InputOptions, config_option, files_argument, limits_options, rotating_reading
from leafseal.document.limits import Limits
from leafseal.keys.changes import keys_of, prefer_configured
from leafseal.keys.ring import KeyRing
from leafseal.operations import context_repair
from leafseal.operations.batch import each, results
from leafseal.operations.open import Source
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
) -> int:
    """Repair files whose AWS keys SOPS before 3.3.0 used with a garbled encryption context.

    Such a file says for which context its data key was wrapped, and does not open under it. It is opened under the
    contexts that it may have been, gets a new data key, and is written in its place.

    \b
    leafseal repair-context old.yaml
    """
    outputs = Outputs(in_place=True)
    outputs.check(files)
    inputs, errors = read_all(files, reading, limits)
    configuration = Configuration(config)
    by_source = {id(item.source): item for item in inputs}
    keys, read = KeyRing(current_ambient()), reading.within(limits)

    def work(source: Source) -> Output | None:
        try:
            opened = context_repair.open_garbled(source, keys, read)
        except context_repair.NothingToRepairError:
            return None
        guard, groups = Guard(source.name, configuration, consent), keys_of(opened.metadata.groups)
        guard.check_recipients(groups)
        named = prefer_configured(groups, guard.configured_keys)
        return product_of(by_source[id(source)], context_repair.rewrap_garbled(opened, named, keys.ambient))

    with terminal.progress(len(inputs), "repairing") as step:
        outcomes = each([item.source for item in inputs], work, progress=step)
    if code := show_errors([*errors, *errors_of(outcomes)]):
        return code
    outputs.write(output for _, output in results(outcomes) if output is not None)
    for source, output in results(outcomes):
        terminal.say(f"{source.name}: {'repaired' if output else 'nothing to repair'}")
    return 0
