"""`leafseal edit`."""

from __future__ import annotations

import os
from functools import partial

from leafseal.cli.shared import told
from leafseal.cli.shared.configuration import Configuration
from leafseal.cli.shared.consent import consent_options, warn_of_clear_text
from leafseal.cli.shared.declarations import command
from leafseal.cli.shared.editing import Edit, EditingOptions, edit_existing, editing, editing_options, keep_beside
from leafseal.cli.shared.keys import current_ambient, key_services
from leafseal.cli.shared.options import (
    InputOptions,
    changing_reading,
    comments_option,
    config_option,
    file_argument,
    limits_options,
    quiet_option,
    threshold_option,
)
from leafseal.cli.shared.plan import Plan, plan
from leafseal.cli.shared.recipients import Recipients, recipient_options
from leafseal.cli.shared.rule import RuleOptions, rule_options
from leafseal.document.limits import Limits, ReadOptions
from leafseal.errors import naming
from leafseal.formats import ANY_BYTES, FORMATS, recognize
from leafseal.keys.groups import check_groups
from leafseal.operations.consent import Consent
from leafseal.operations.encrypt import encrypt
from leafseal.system import files, terminal
from leafseal.system.editor import UNCHANGED


@command("edit")
@file_argument
@recipient_options
@threshold_option
@rule_options
@consent_options
@comments_option
@config_option
@quiet_option
@editing_options
@changing_reading
@key_services
@limits_options
def edit(
    file: str,
    recipients: Recipients,
    threshold: int,
    rule: RuleOptions,
    consent: Consent,
    comments: str | None,
    config: str | None,
    how: EditingOptions,
    reading: InputOptions,
    limits: Limits,
) -> None:
    """Edit an encrypted file in your editor. If the file does not exist, it is created.

    The editor is SOPS_EDITOR, EDITOR or the first of vim, nano, vi. Values that you do not change keep their
    ciphertext. Options for recipients and rule are for new files only.

    \b
    leafseal edit config.yaml
    EDITOR="code --wait" leafseal edit secrets.env
    """
    configuration = Configuration(config)
    with editing(how, limits) as in_editor:
        if os.path.exists(file):
            edit_existing(file, reading, limits, configuration, consent, comments, in_editor)
        else:
            format_name = reading.input_type or recognize(file)
            wanted = plan(file, format_name, configuration, recipients, rule, threshold)
            _edit_new(file, format_name, wanted, reading.within(limits), consent, comments, in_editor)


def _edit_new(
    file: str,
    format_name: str,
    wanted: Plan,
    read: ReadOptions,
    consent: Consent,
    comments: str | None,
    in_editor: Edit,
) -> None:
    ambient = current_ambient()
    check_groups(wanted.groups, wanted.threshold, ambient)  # before there is a text that could not be kept

    def save(text: bytes) -> None:
        product = encrypt(
            text,
            format_name,
            wanted.groups,
            wanted.threshold,
            wanted.selection,
            ambient,
            indent=wanted.indent,
            read=read,
            allow_nothing=consent.allow_nothing_sealed,
            allow_tokens=True,  # whoever typed them saw them
            comments=comments,
            review=partial(warn_of_clear_text, file, comments),
            name=file,
            path=file,
        )
        files.create(file, product.data, verify=product.check)
        terminal.note(lambda: f"{file}: {told.encrypted(product)}")

    def keep(text: bytes) -> None:
        groups, threshold, selection = wanted.groups, wanted.threshold, wanted.selection
        product = encrypt(
            text, ANY_BYTES, groups, threshold, selection, ambient, read=read, allow_tokens=True, name=file, path=file
        )
        keep_beside(file, product.data)

    with naming(file):
        if in_editor(FORMATS[format_name].template, file, save, keep=keep) is UNCHANGED:
            terminal.say_done(f"{file}: nothing was typed; no file created")
