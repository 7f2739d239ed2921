"""`sops [options] FILE`: the command line of before there were commands (sops-cli §4.15)."""

from __future__ import annotations

import os

from leafseal.sops.shared import talk
from leafseal.sops.shared.failures import Failure
from leafseal.sops.shared.reading import is_missing, quoted, refuse_missing
from leafseal.sops.shared.session import Session, one_file
from leafseal.sops.syntax.grammar import Arguments

MODES = ("encrypt", "decrypt", "rotate", "set")
"""The options that say what is to be done, in the order in which sops does it; without any, the file is edited."""


def legacy(arguments: Arguments) -> int:
    """Do what the options say with one file.

    Where several say something, sops does one after the other, each to the file as it stands, and what the last one
    makes is all that comes out; here only the last one is done.
    """
    session = Session(arguments, gives_context=True)
    file = one_file(session)
    session.check_outputs()
    modes = [mode for mode in MODES if _is_set(arguments, mode)]
    _refuse_missing(arguments, file, modes)
    if len(modes) > 1:
        talk.warn("CMD", _SEVERAL)
    if modes != ["decrypt"]:
        session.rule_for(arguments.text("filename-override") or file)  # no rule for the file is an error, as in sops
    return _do(session, file, modes[-1] if modes else "edit")


_SEVERAL = (
    "More than one command (--encrypt, --decrypt, --rotate, --set) has been specified. Only the changes made by the "
    "last one will be visible. Note that this behavior is deprecated and will cause an error eventually."
)


def _is_set(arguments: Arguments, mode: str) -> bool:
    return bool(arguments.text("set")) if mode == "set" else arguments.flag(mode)


def _refuse_missing(arguments: Arguments, file: str, modes: list[str]) -> None:
    if not is_missing(file):
        return
    from leafseal.sops.shared.recipients import changes_keys

    if changes_keys(arguments):
        raise Failure(
            f"Error: cannot add or remove keys on non-existent file {quoted(os.path.abspath(file))}, use `--kms` and "
            "`--pgp` instead.",
            49,
        )
    if modes and modes != ["set"]:
        refuse_missing(file)


def _do(session: Session, file: str, mode: str) -> int:
    if mode == "encrypt":
        from leafseal.sops.encrypt import seal

        seal(session, file)
        return 0
    if mode == "decrypt":
        from leafseal.sops.decrypt import open_to_output

        open_to_output(session, file)
        return 0
    if mode == "rotate":
        from leafseal.sops.rotate import rotate_file

        rotate_file(session, file)
        return 0
    if mode == "set":
        from leafseal.sops.set import set_in_file
        from leafseal.sops.values import split_setting

        path, value = split_setting(session.arguments.text("set"))
        return set_in_file(session, file, path, value)
    from leafseal.sops.edit import edit_file

    return edit_file(session, file)
