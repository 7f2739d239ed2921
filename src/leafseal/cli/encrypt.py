"""`leafseal encrypt`."""

from __future__ import annotations

from functools import partial

from leafseal.cli.shared import told
from leafseal.cli.shared.batch import transform
from leafseal.cli.shared.configuration import Configuration
from leafseal.cli.shared.consent import ask, guard_of, new_file_consent, warn_of_clear_text, warn_of_missing
from leafseal.cli.shared.declarations import FileName, argument, command, option
from leafseal.cli.shared.files import Output, Outputs, distinct, output_of, output_options
from leafseal.cli.shared.keys import current_ambient, key_services
from leafseal.cli.shared.options import (
    InputOptions,
    comments_option,
    config_option,
    converting_options,
    limits_options,
    plain_reading,
    quiet_option,
    threshold_option,
)
from leafseal.cli.shared.plan import plan
from leafseal.cli.shared.recipients import Recipients, recipient_options
from leafseal.cli.shared.rule import RuleOptions, rule_options
from leafseal.document.limits import Limits
from leafseal.errors import NothingSealedError, UsageError
from leafseal.formats import ANY_BYTES
from leafseal.keys.changes import keys_of
from leafseal.operations.batch import Item, each
from leafseal.operations.consent import Consent, nothing_sealed
from leafseal.operations.encrypt import encrypt as encrypt_file
from leafseal.operations.encrypt import is_encrypted, is_text, marks_taken_off
from leafseal.operations.open import read_metadata
from leafseal.operations.product import Product
from leafseal.system import terminal


@command("encrypt")
@argument("files", is_many=True, metavar="[FILE...]", type=FileName())
@output_options
@quiet_option
@recipient_options
@threshold_option
@rule_options
@config_option
@converting_options
@comments_option
@new_file_consent
@option("--no-structure", is_flag=True, help="Write no digest of the structure, which sops does not know.")
@option(
    "--allow-tokens",
    is_flag=True,
    help="Encrypt the file even if it contains encrypted values (ENC[…]), or is an encrypted file.",
)
@plain_reading
@key_services
@limits_options
def encrypt(
    files: tuple[str, ...],
    outputs: Outputs,
    recipients: Recipients,
    threshold: int,
    rule: RuleOptions,
    config: str | None,
    output_type: str | None,
    indent: int | None,
    comments: str | None,
    consent: Consent,
    no_structure: bool,
    allow_tokens: bool,
    reading: InputOptions,
    limits: Limits,
) -> None:
    """Encrypt the values in files.

    Who can decrypt them and what is encrypted comes from the .sops.yaml above the file, or from options.
    Without FILE, or for -, standard input is read; add --filename-override NAME to choose its format and rule.

    \b
    leafseal encrypt -i config.yaml secrets.env
    leafseal encrypt --age age1… secrets.json > secrets.enc.json
    leafseal encrypt --output-dir encrypted/ *.yaml
    cat app.ini | leafseal encrypt --filename-override app.ini -
    """
    names = distinct(files, by_name=outputs.output_dir is not None) or ("-",)
    outputs.check(names)
    if "-" in names and reading.filename_override is None and not (recipients and reading.input_type):
        raise UsageError(
            "standard input needs a name, which chooses its format and rule",
            hint="give a FILE, or add --filename-override NAME to encrypt standard input",
        )
    read = reading.within(limits)._replace(omit_structure=no_structure)
    configuration = Configuration(config)
    ambient = current_ambient()

    def seal(item: Item) -> Output | None:
        source = item.source
        if outputs.in_place and len(names) > 1 and is_encrypted(source):
            terminal.say_done(f"{source.name}: already encrypted, skipped")
            if not recipients:
                groups = read_metadata(source.data, source.format)[1].groups
                warn_of_missing(source.name, guard_of(source.name, configuration, consent), keys_of(groups))
            return None
        if source.format == ANY_BYTES and reading.input_type is None and is_text(source.data):
            terminal.warn(
                f"{source.name}: the whole file is encrypted as one value, because its name shows no format that has"
                " values; if it has values, add --input-type yaml, json, dotenv or ini"
            )
        for warning in marks_taken_off(source.data, source.format):
            terminal.warn(f"{source.name}: {warning}")
        wanted = plan(source.name, source.format, configuration, recipients, rule, threshold, indent)

        def product(allow_nothing: bool) -> Product:
            return encrypt_file(
                source.data,
                source.format,
                wanted.groups,
                wanted.threshold,
                wanted.selection,
                ambient,
                output_format=output_type,
                indent=wanted.indent,
                read=read,
                allow_nothing=allow_nothing,
                comments=comments,
                review=partial(warn_of_clear_text, source.name, comments),
                allow_tokens=allow_tokens,
                name=source.name,
                path=source.path,
            )

        try:
            return output_of(item, product(consent.allow_nothing_sealed), told=told.encrypted)
        except NothingSealedError:
            ask(source.name, nothing_sealed(wanted.selection))
            return output_of(item, product(True), told=told.encrypted)

    transform(
        names, partial(each, work=seal), outputs, reading=reading, limits=limits, verb="encrypting", done="encrypted"
    )
