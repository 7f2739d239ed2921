"""`leafseal edit`."""

from __future__ import annotations

import os
from functools import partial
from typing import Any, TypeVar

from leafseal.cli.shared import told
from leafseal.cli.shared.change import Change, changing, open_one
from leafseal.cli.shared.configuration import Configuration
from leafseal.cli.shared.consent import consent_options, warn_of_clear_text
from leafseal.cli.shared.declarations import command, option
from leafseal.cli.shared.errors import ErrorsShown, edit_again
from leafseal.cli.shared.files import read_one
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
from leafseal.crypto.mac import Verdict
from leafseal.display import for_shell
from leafseal.document.limits import Limits, ReadOptions
from leafseal.errors import ConflictError, LeafsealError, naming
from leafseal.formats import ANY_BYTES, FORMATS, recognize
from leafseal.keys import Ambient
from leafseal.keys.groups import check_groups
from leafseal.keys.policy import policy_of
from leafseal.keys.ring import KeyRing
from leafseal.operations.clear_text import SEAL, has_clear_comments
from leafseal.operations.consent import Consent
from leafseal.operations.edit import Draft
from leafseal.operations.encrypt import encrypt
from leafseal.operations.open import mac_verdict, open_file
from leafseal.operations.reseal import seal_beside
from leafseal.system import files, terminal
from leafseal.system.editor import UNCHANGED, edit_text, keep_sealed

T = TypeVar("T")


@command("edit")
@file_argument
@recipient_options
@threshold_option
@rule_options
@consent_options
@comments_option
@config_option
@quiet_option
@option("--no-disk-plaintext", is_flag=True, help="Stop if the plain text would have to touch a disk.")
@option("--resume", metavar="KEPT", help="Go on with the text that an earlier edit kept in this file.")
@option("--plain-editor", is_flag=True, help="Start the editor without options that keep it from making copies.")
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
    no_disk_plaintext: bool,
    resume: str | None,
    plain_editor: bool,
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
    shown: list[LeafsealError] = []

    def again(error: LeafsealError) -> bool:
        """Ask whether to go on editing; after a conflict there is nothing to be gained by it."""
        if isinstance(error, ConflictError):
            return False
        shown.append(error)
        return edit_again(error)

    settings: dict[str, Any] = {
        "environ": os.environ,
        "again": again if terminal.has_terminal() else None,
        "warn": terminal.warn,
        "limits": limits,
        "no_disk_plaintext": no_disk_plaintext or policy_of(Ambient.of_process()).no_disk_plaintext,
        "plain_editor": plain_editor,
        "start": _kept_text(resume, limits) if resume is not None else None,
    }
    configuration = Configuration(config)
    try:
        if os.path.exists(file):
            _edit_existing(file, reading, limits, configuration, consent, comments, settings)
        else:
            format_name = reading.input_type or recognize(file)
            wanted = plan(file, format_name, configuration, recipients, rule, threshold)
            _edit_new(file, format_name, wanted, reading.within(limits), consent, comments, settings)
    except LeafsealError as error:
        if error not in shown:
            raise
        raise ErrorsShown(error.exit_code) from None


def _kept_text(kept: str, limits: Limits) -> bytes:
    """Return the text in a file that an edit kept."""
    item = read_one(kept, InputOptions(input_type=ANY_BYTES), limits)
    with naming(kept):
        return open_file(item.source, KeyRing(current_ambient()), ReadOptions(limits)).plaintext()


def _edit_existing(
    file: str,
    reading: InputOptions,
    limits: Limits,
    configuration: Configuration,
    consent: Consent,
    comments: str | None,
    settings: dict[str, Any],
) -> None:
    with naming(file):
        current = open_one(file, reading, limits, configuration, consent)

        def save(text: bytes) -> None:
            with changing(file):
                draft = Draft.of(current.opened, text)
                current.write(current.seal(draft, comments), draft)
                terminal.note(lambda: f"{file}: {told.edited(current.opened, draft)}")

        def keep(text: bytes) -> None:
            _keep(current, text)

        if current.selection != current.opened.metadata.selection:
            save(current.opened.plaintext())
            terminal.say_done(f"{file}: now has the rule of .sops.yaml")
            current = open_one(file, reading, limits, configuration, consent)
        if comments == SEAL and has_clear_comments(current.opened):
            save(current.opened.plaintext())
            terminal.say_done(f"{file}: the comments on the lines of encrypted values are now encrypted")
            current = open_one(file, reading, limits, configuration, consent)
        if edit_text(current.opened.plaintext(), file, save, keep=keep, **settings) is UNCHANGED:
            if current.opened.read.ignore_mac and mac_verdict(current.opened) is not Verdict.VALID:
                save(current.opened.plaintext())
                terminal.say_done(f"{file}: not edited; its integrity check (MAC) is valid again")
            else:
                terminal.say_done(f"{file}: unchanged")


def _edit_new(
    file: str,
    format_name: str,
    wanted: Plan,
    read: ReadOptions,
    consent: Consent,
    comments: str | None,
    settings: dict[str, Any],
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
        _keep_sealed(file, product.data)

    with naming(file):
        if edit_text(FORMATS[format_name].template, file, save, keep=keep, **settings) is UNCHANGED:
            terminal.say_done(f"{file}: nothing was typed; no file created")


def _keep(current: Change, text: bytes) -> None:
    _keep_sealed(current.name, seal_beside(current.opened, text))


def _keep_sealed(file: str, sealed: bytes) -> None:
    path = keep_sealed(file, sealed)
    if path is None:
        terminal.warn("your changes are lost: they could not be saved anywhere")
        return
    terminal.say(f"your changes were not saved; they are in {path}, encrypted")
    terminal.say(f'to go on with them, run "leafseal edit --resume {for_shell(path)} {for_shell(file)}"')
