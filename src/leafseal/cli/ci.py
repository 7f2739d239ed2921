"""`leafseal ci`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from leafseal.cli.shared import variables
from leafseal.cli.shared.declarations import Choice, Group, Whole, add, command, grouped, option
from leafseal.cli.shared.keys import current_ambient, key_services
from leafseal.cli.shared.options import InputOptions, files_argument, limits_options, quiet_option, sealed_reading
from leafseal.display import counted, first_of
from leafseal.document.limits import Limits
from leafseal.errors import LeafsealError, UsageError, naming
from leafseal.keys.policy import policy_of
from leafseal.operations.open import Opened
from leafseal.run import github as runner
from leafseal.run.redact.values import public_texts, wanted_of
from leafseal.run.static_keys import static_keys
from leafseal.system import terminal
from leafseal.system.appending import append_lines
from leafseal.system.reading import read

_ENVIRONMENT, _OUTPUT = "env", "output"
_VARIABLES = {_ENVIRONMENT: "GITHUB_ENV", _OUTPUT: "GITHUB_OUTPUT"}


@command("github")
@files_argument
@option(
    "--to",
    type=Choice((_ENVIRONMENT, _OUTPUT)),
    default=_ENVIRONMENT,
    shows_default=True,
    help="Make environment variables of later steps, or outputs of this step.",
)
@option("--mask-only", is_flag=True, help="Hide the values in logs, and export nothing.")
@option(
    "--mask-min",
    type=Whole(1),
    default=runner.LEAST,
    shows_default=True,
    metavar="N",
    help="The shortest text to hide, in characters.",
)
@add(variables.CONFLICT)
@grouped("wanted", variables.VariableOptions, *variables.VARIABLE_OPTIONS)
@sealed_reading
@key_services
@limits_options
@quiet_option
def github(
    files: tuple[str, ...],
    to: str,
    mask_only: bool,
    mask_min: int,
    on_conflict: str,
    wanted: variables.VariableOptions,
    reading: InputOptions,
    limits: Limits,
) -> int:
    """Give later steps of a GitHub Actions job the values of encrypted files.

    First the runner is told to hide all encrypted values of the files in its logs, line by line and as they look in
    base64, hex and escaped. Then the variables are written to $GITHUB_ENV, or with --to output to $GITHUB_OUTPUT. If
    one of the files cannot be decrypted, nothing is exported.

    \b
    leafseal ci github secrets.env
    leafseal ci github --only DB_PASSWORD,API_TOKEN secrets.env
    leafseal ci github --to output --flatten _ app.yaml
    """
    variable = _VARIABLES[to]
    if mask_only and to != _ENVIRONMENT:
        raise UsageError("--mask-only and --to output contradict each other", hint="use only one of them")
    runner.refuse_elsewhere(os.environ, None if mask_only else variable)
    wanted.check()
    opened = variables.open_files(files, reading, limits)
    is_environment = to == _ENVIRONMENT and not mask_only
    found = variables.variables_of(opened, wanted, on_conflict, checks_names=is_environment)
    _warn_of_static_keys({**os.environ, **_texts(found)} if is_environment else os.environ, limits)
    lines = runner.mask_lines(_masks(opened, found, wanted, mask_min))
    if mask_only:
        terminal.write_result(lines)
        return 0
    allowed = frozenset(wanted.allow) | (policy_of(current_ambient()).exec_names or frozenset())
    with naming(opened[0][0]):
        runner.refuse_names(found, allowed, is_environment=is_environment)
        blocks = runner.blocks(found)
    terminal.write_result(lines)  # before anything that could show a value
    append_lines(os.environ[variable], blocks)
    terminal.say_done(f"{variable}: {counted(len(found), 'variable')} exported{_listed(found)}")
    return 0


def _listed(names: Mapping[str, bytes]) -> str:
    return f": {first_of(list(names))}" if names else ""


def _texts(found: Mapping[str, bytes]) -> dict[str, str]:
    return {name: data.decode("utf-8", "replace") for name, data in found.items()}


def _masks(
    opened: Sequence[tuple[str, Opened]], found: Mapping[str, bytes], wanted: variables.VariableOptions, least: int
) -> list[str]:
    """Return what the runner is to hide, and warn of values that it cannot."""
    public = public_texts(os.environ)
    patterns: set[bytes] = set()
    for file, one in opened:
        looked_for = wanted_of(one, found, wanted.name_of, least=least, public=public, by_lines=True)
        patterns |= looked_for.patterns
        if looked_for.skipped:
            terminal.warn(
                f"{file}: not hidden in logs, because they or lines of them are shorter than {least} characters, usual"
                f" words, or the same as values in plain text: {first_of(looked_for.skipped)}"
            )
    return runner.masks(patterns, public, least)


def _warn_of_static_keys(environ: Mapping[str, str], limits: Limits) -> None:
    def content(path: str) -> bytes | None:
        try:
            return read(path, limits).data if os.path.isfile(path) else None
        except (LeafsealError, ValueError):  # which a NUL in the name raises
            return None

    for name, whose in static_keys(environ, content):
        terminal.warn(
            f"{name} is a key of {whose} that stays valid until you delete it; a job needs none with OpenID Connect:"
            " docs/ci.md has an example"
        )


ci = Group(
    "ci",
    """Give the jobs of CI services the values of encrypted files.

    GitLab has no command for this: its runner hides only values that the project's settings name. Run the program with
    "leafseal exec --redact" there.

    \b
    leafseal ci github secrets.env
    """,
    {"github": github},
)
