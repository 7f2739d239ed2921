"""What the doors share through which files are deployed: all of them are opened, or errors shown and nothing done."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from leafseal.cli.shared.configuration import Configuration
from leafseal.cli.shared.errors import ErrorsShown
from leafseal.cli.shared.files import distinct, read_all, show_errors
from leafseal.cli.shared.keys import current_ambient
from leafseal.cli.shared.options import InputOptions
from leafseal.deploy.opening import File, open_files, refuse_plain
from leafseal.document import Document, Leaf
from leafseal.document.limits import DEFAULT_LIMITS, Limits
from leafseal.errors import AuditError, LeafsealError
from leafseal.keys.ring import KeyRing
from leafseal.system.reading import descriptor_of

ANY: Callable[[Document], Callable[[Leaf], bool]] = lambda _document: lambda _leaf: True  # noqa: E731


def open_named(
    names: Sequence[str],
    *,
    allows_plain: bool = False,
    plain_hint: str = "",
    among: Callable[[Document], Callable[[Leaf], bool]] = ANY,
    limits: Limits = DEFAULT_LIMITS,
    code: int = 1,
) -> dict[str, File]:
    """Open files, and return them by the names that were given, in order; a file that is named twice is opened once.

    A plain file is refused where a creation rule would encrypt something in it, `among` what `refuse_plain` looks at;
    `plain_hint` says how to deploy it nevertheless, and with `allows_plain` nothing is looked at. Where anything is
    wrong, every error is shown, and the command ends with `code`.
    """
    ambient = current_ambient()
    reading = InputOptions()
    items, errors = read_all(distinct(names), reading, limits)
    files, failed = open_files(items, KeyRing(ambient), reading.within(limits))
    errors += failed
    if not allows_plain:
        configuration = Configuration(os.environ.get("SOPS_CONFIG"))
        for file in files:
            try:
                _refuse_plain(file, configuration, plain_hint, among)
            except LeafsealError as error:
                errors.append(error)
    if errors:
        show_errors(errors)
        unlogged = next((error for error in errors if isinstance(error, AuditError)), None)
        raise ErrorsShown(code if unlogged is None else unlogged.exit_code, errors)
    found = {_real(file.item.snapshot.path): file for file in files}
    return {name: found[_real(name)] for name in names}


def _refuse_plain(
    file: File, configuration: Configuration, hint: str, among: Callable[[Document], Callable[[Leaf], bool]]
) -> None:
    if file.opened is not None or _is_stream(file.name):
        return
    rule = configuration.guarding_rule(file.name)
    refuse_plain(file, None if rule is None else rule.selection, hint=hint, among=among)


def _is_stream(name: str) -> bool:
    return name == "-" or descriptor_of(name) is not None


def _real(name: str) -> str:
    return name if _is_stream(name) else os.path.realpath(name)
