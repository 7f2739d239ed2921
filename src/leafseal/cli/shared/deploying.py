"""What the doors share through which files are deployed: all of them are opened, or errors shown and nothing done."""

from __future__ import annotations

import os
from collections.abc import Sequence

from leafseal.cli.shared.configuration import Configuration
from leafseal.cli.shared.failing import shown
from leafseal.cli.shared.files import distinct, is_stream, read_all
from leafseal.cli.shared.keys import current_ambient
from leafseal.cli.shared.options import InputOptions
from leafseal.deploy.opening import Among, File, every_value, open_files, refuse_plain
from leafseal.document.limits import DEFAULT_LIMITS
from leafseal.errors import LeafsealError
from leafseal.keys.ring import KeyRing


def open_named(
    names: Sequence[str],
    *,
    allows_plain: bool = False,
    plain_hint: str = "",
    among: Among = every_value,
    code: int = 1,
) -> dict[str, File]:
    """Open files, and return them by the names that were given, in order; a file that is named twice is opened once.

    A plain file is refused where a creation rule would encrypt something in it, `among` what `refuse_plain` looks at;
    `plain_hint` says how to deploy it nevertheless, and with `allows_plain` nothing is looked at. Where anything is
    wrong, every error is shown, and the command ends with `code`.
    """
    items, errors = read_all(distinct(names), InputOptions(), DEFAULT_LIMITS)
    files, failed = open_files(items, KeyRing(current_ambient()))
    errors += failed
    if not allows_plain:
        configuration = Configuration(os.environ.get("SOPS_CONFIG"))
        for file in files:
            try:
                _refuse_plain(file, configuration, plain_hint, among)
            except LeafsealError as error:
                errors.append(error)
    if errors:
        raise shown(errors, code)
    found = {_real(file.item.snapshot.path): file for file in files}
    return {name: found[_real(name)] for name in names}


def _refuse_plain(file: File, configuration: Configuration, hint: str, among: Among) -> None:
    if file.opened is not None or is_stream(file.name):
        return
    rule = configuration.guarding_rule(file.name)
    refuse_plain(file, None if rule is None else rule.selection, hint=hint, among=among)


def _real(name: str) -> str:
    return name if is_stream(name) else os.path.realpath(name)
