"""How what Helm starts ends where something is wrong: Helm knows success and failure alone."""

from __future__ import annotations

from leafseal.cli.shared.errors import ErrorsShown
from leafseal.cli.shared.files import show_errors
from leafseal.errors import AuditError, LeafsealError


def shown(error: LeafsealError) -> ErrorsShown:
    """Show an error, and return what ends the command: with exit code 1, or that of an audit log that fails."""
    show_errors([error])
    return ErrorsShown(error.exit_code if isinstance(error, AuditError) else 1, [error])
