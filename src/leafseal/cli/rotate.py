"""`leafseal rotate`."""

from __future__ import annotations

from functools import partial

from leafseal.cli.shared import told
from leafseal.cli.shared.batch import transform
from leafseal.cli.shared.configuration import Configuration
from leafseal.cli.shared.consent import consent_options, guard_of, warn_of_missing
from leafseal.cli.shared.declarations import command
from leafseal.cli.shared.every_file import EveryFile, chosen, files_or_all
from leafseal.cli.shared.files import Output, Outputs, output_of, output_options
from leafseal.cli.shared.groups import refuse_empty
from leafseal.cli.shared.keys import current_ambient, key_services
from leafseal.cli.shared.options import InputOptions, config_option, limits_options, quiet_option, rotating_reading
from leafseal.cli.shared.recipients import Recipients, adding_options, removing_options
from leafseal.display import counted, for_shell
from leafseal.document.limits import Limits
from leafseal.errors import UsageError
from leafseal.keys.changes import excluding, key_id, keys_of, matching, prefer_configured
from leafseal.keys.ring import KeyRing
from leafseal.operations.batch import Item, open_all
from leafseal.operations.consent import Consent
from leafseal.operations.open import Opened, readable
from leafseal.operations.rekey import rotate as rotate_file
from leafseal.system import terminal


@command("rotate")
@files_or_all
@output_options
@quiet_option
@adding_options
@removing_options
@consent_options
@rotating_reading
@config_option
@key_services
@limits_options
def rotate(
    files: tuple[str, ...],
    every: EveryFile,
    outputs: Outputs,
    add_keys: Recipients,
    rm_keys: Recipients,
    consent: Consent,
    reading: InputOptions,
    config: str | None,
    limits: Limits,
) -> None:
    """Re-encrypt files: give each a new data key and encrypt every value again. The rest of the file stays as it is.

    Keys are added to the first key group, and removed from all groups.

    \b
    leafseal rotate -i config.yaml
    leafseal rotate -i --rm-age age1… secrets/*.yaml
    leafseal rotate -i --all
    """
    if every.is_all and not outputs.in_place:
        raise UsageError("--all needs -i", hint="add -i to replace each file with its result")
    names = chosen(files, every, reading, limits, config=config)
    outputs.check(names)
    configuration = Configuration(config)
    keys = KeyRing(current_ambient())
    added, removing = add_keys.master_keys(), rm_keys.master_keys()

    def work(item: Item, opened: Opened) -> Output:
        groups = keys_of(opened.metadata.groups)
        present = {key_id(key) for group in groups for key in group}
        gone = matching(removing, groups)
        if missing := gone - present:
            raise UsageError(
                f"cannot remove keys that the file does not have: {', '.join(sorted(text for _, text in missing))}",
                hint=f'see its recipients with "leafseal inspect {for_shell(item.name)}"',
            )
        kept = [excluding(group, gone) for group in groups]
        kept[0] = (*kept[0], *(key for key in added if key_id(key) not in present))
        refuse_empty(kept, opened.metadata.threshold)
        guard = guard_of(item.name, configuration, consent)
        guard.check_recipients(kept)
        opened = guard.unchanged(opened)
        kept = prefer_configured(kept, [*guard.configured_keys, *added])
        if not gone:
            warn_of_missing(item.name, guard, kept)
        product = rotate_file(opened, kept, opened.metadata.threshold, keys.ambient)
        words = "re-encrypted"
        return output_of(item, product, readable(opened) if gone else (), told=partial(told.encrypted, verb=words))

    run = partial(open_all, ring=keys, work=work, read=reading.within(limits))
    done = transform(names, run, outputs, reading=reading, limits=limits, verb="rotating", done="re-encrypted")
    if every.is_all and not terminal.shows_notes():
        terminal.say_done(f"{counted(len(done), 'file')} rotated")
