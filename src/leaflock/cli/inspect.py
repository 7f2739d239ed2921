"""`leaflock inspect`."""

from __future__ import annotations

from typing import Any

from leaflock.cli import _io, _options
from leaflock.cli._session import Session, done, finish, need_files
from leaflock.cli.main import command
from leaflock.engine import Source
from leaflock.inspection import Report, inspect_file


@command("inspect")
@_options.files
@_options.as_json
@_options.input_type
@_options.allow_duplicates
@_options.limits
def inspect(files: tuple[str, ...], as_json: bool, **options: Any) -> int:
    """Show who can open files, what their rule is, and which values are sealed or clear. No key is needed.

    \b
    leaflock inspect config.yaml
    leaflock inspect --json secrets/*.yaml
    """
    need_files(files)
    session = Session.of(options)

    def work(source: Source) -> Report:
        return inspect_file(source.data, source.format, session.limits, session.allow_duplicates)

    _, outcomes = session.each(files, work, "reading")
    code = finish(outcomes)
    reports = [(outcome.source.name, outcome.result) for outcome in done(outcomes)]
    if as_json:
        import json

        _io.print_line(json.dumps([{"file": name, **report.to_mapping()} for name, report in reports], indent=1))
    else:
        for name, report in reports:
            for line in report.lines(name):
                _io.print_line(line)
    return code
