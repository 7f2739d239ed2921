"""`sops edit`, and `sops FILE` (sops-cli §4.3)."""

from __future__ import annotations

import os
import signal

from leafseal.display import for_shell
from leafseal.errors import EditorError, LeafsealError
from leafseal.keys.changes import keys_of
from leafseal.keys.policy import policy_of
from leafseal.sops.editing import BrokenTextError, Edited, make_file, open_file
from leafseal.sops.shared import notices, talk
from leafseal.sops.shared.failures import Failure
from leafseal.sops.shared.reading import is_missing
from leafseal.sops.shared.session import Formats, Session, one_file
from leafseal.sops.syntax.grammar import Arguments
from leafseal.system import signals
from leafseal.system.editor import UNCHANGED, edit_text, keep_sealed


def edit(arguments: Arguments) -> int:
    """Edit a sealed file, or make one."""
    session = Session(arguments)
    return edit_file(session, one_file(session))


def edit_file(session: Session, file: str) -> int:
    """Let the user edit a sealed file, or the example for one that is not there yet, and write it in its place."""
    arguments = session.arguments
    path = os.path.abspath(file)
    name = arguments.text("filename-override") or path
    session.check()
    formats = Formats.of(arguments, name)
    is_new = is_missing(path)
    edited = make_file(session, path, name, formats) if is_new else open_file(session, path, name, formats)
    if arguments.flag("show-master-keys"):
        from leafseal.sops.shown_keys import with_keys

        edited = with_keys(edited)
    _run(edited)
    notices.note_unconfigured(session, name, keys_of(edited.opened.metadata.groups))
    session.notice_skipped_mac(file, edited.opened)
    return 0


def _run(edited: Edited) -> None:
    try:
        outcome = edit_text(
            edited.plain(),
            edited.file,
            lambda text: edited.write(edited.seal(text)),
            environ=os.environ,
            again=_again,
            keep=lambda text: _keep(edited, text),
            warn=edited.session.notice,
            no_disk_plaintext=policy_of(edited.session.ambient).no_disk_plaintext,
            as_given=True,
        )
    except EditorError as error:
        raise _editor_failure(error) from error
    except BrokenTextError as error:  # what is wrong with it has been said
        text = "Standard input has ended, and nobody can correct the text: the file is as it was."
        raise Failure(text, error.exit_code) from error
    except KeyboardInterrupt:
        raise _cancellation() from None
    except signals.Ended as ended:
        if ended.number == signal.SIGTERM:
            raise _cancellation() from None
        raise
    if outcome is UNCHANGED:
        raise Failure("File has not changed, exiting.", 200)


def _cancellation() -> Failure:
    return Failure("User canceled operation")


def _editor_failure(error: EditorError) -> Failure:
    if error.has_run:
        return Failure(f"Could not read edited file: {error.message}", 2, hint=error.hint)
    reason = error.message.removeprefix("could not run editor: ")
    return Failure(f"Could not run editor: {reason}", 201, hint=error.hint)


def _again(error: LeafsealError) -> bool:
    """Tell what is wrong with a text, as sops does, and wait for a line that says to go on."""
    if not isinstance(error, BrokenTextError):
        return False
    message = f"{error.log} Press enter to return to the editor, or Ctrl+C to exit."
    try:
        talk.log("CMD", "error", message, error=error.error)
        return _line_comes()
    except KeyboardInterrupt:
        raise _cancellation() from None  # an error, so that the text is kept


def _line_comes() -> bool:
    """Read a line from standard input, and not a byte more: the rest is for the editor. At the end return False."""
    while True:
        try:
            byte = os.read(0, 1)
        except OSError:  # it is closed
            return False
        if byte in (b"\n", b""):
            return bool(byte)


def _keep(edited: Edited, text: bytes) -> None:
    path = keep_sealed(edited.file, edited.keep(text))
    if path is None:
        talk.say("Your changes are lost: they could not be saved anywhere.")
    else:
        shown = f"sops decrypt {for_shell(path)}"
        talk.say(f"Your changes were not saved. They are in {path}, encrypted; show them with: {shown}")
