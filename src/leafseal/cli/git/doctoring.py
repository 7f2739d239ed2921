"""`leafseal git doctor`."""

from __future__ import annotations

from leafseal.cli.shared import reports
from leafseal.display import counted, first_of, visible
from leafseal.errors import PENDING
from leafseal.git.doctor import Diagnosis, diagnose
from leafseal.git.repository import find_repository
from leafseal.system import terminal


def look(*, as_json: bool) -> int:
    """Print what a clone lacks, and return the exit code."""
    found = diagnose(find_repository())
    if as_json:
        _report(found)
    else:
        _print(found)
    return PENDING if found.findings else 0


def _report(found: Diagnosis) -> None:
    problems = [
        {
            "code": one.code,
            "message": one.message,
            "files": [reports.file_fields(name) for name in one.files],
            "command": one.command or None,
        }
        for one in found.findings
    ]
    fields = {"encrypted_files": found.encrypted, "guard": found.is_guarded, "problems": problems}
    reports.write("git doctor", fields)


def _print(found: Diagnosis) -> None:
    commands = [one.command for one in found.findings]
    for one, following in zip(found.findings, [*commands[1:], ""], strict=False):
        files = f"{first_of([visible(name) for name in one.files], 3)}: " if one.files else ""
        terminal.print_line(f"{files}{one.message}")
        if one.command and one.command != following:
            terminal.print_line(f"  {one.command}")
    if not found.findings:
        guarded = ", and refuses plain text in their place" if found.is_guarded else ""
        files = counted(found.encrypted, "encrypted file")
        terminal.print_line(f"this clone shows and merges {files} by value{guarded}")
