"""`leafseal check`."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from leafseal.cli.shared import reports
from leafseal.cli.shared.declarations import FILES, Choice, FileName, argument, command, option
from leafseal.cli.shared.options import config_option, json_option, limits_options
from leafseal.display import counted, escape_line
from leafseal.document.limits import Limits, ReadOptions
from leafseal.errors import PENDING, UsageError
from leafseal.system import terminal

if TYPE_CHECKING:
    from leafseal.check.checking import Checked
    from leafseal.check.findings import Finding
    from leafseal.check.selecting import Selected

DOCS = "https://example.org/leafseal/docs/check"
"""The page of docs/check.md, below the address in pyproject.toml."""

_MOST_LINES = 10  # about one rule in one file; programs get all

_SKIPPED = {
    "link": "links are not followed",
    "submodule": "submodules are not entered: check each by itself",
    "repository": "other repositories are not entered: check each by itself",
    "large": "larger than --max-file-size",
    "unreadable": "cannot be read",
    "missing": "not in this clone: fetch all objects to check it",
    "sparse": "left out by the sparse checkout: --revision HEAD checks what is committed",
}
_TOLD = ("submodule", "repository", "large", "unreadable", "missing", "sparse")
"""What is said of on standard error: links are everywhere, and lead to files that are checked themselves."""


@command("check")
@argument("files", is_many=True, metavar="[FILE...]", type=FileName())
@option(
    "--staged", is_flag=True, help="Check what the next commit adds or changes, as it is in the index.", section=FILES
)
@option(
    "--staged-names",
    is_flag=True,
    help="Check the named files as they are in the index; for pre-commit, which names them.",
    section=FILES,
)
@option(
    "--revision",
    metavar="REV|A..B",
    help="Check the files of a commit, or what the commits of a range add or change.",
    section=FILES,
)
@config_option
@option("--profile", type=Choice(("flux",)), metavar="[flux]", help="Also find what Flux does not decrypt.")
@option("--baseline", metavar="FILE", help="Leave out the old findings in FILE.")
@option("--write-baseline", is_flag=True, help="Write all findings of now to the FILE of --baseline.")
@json_option
@option("--sarif", is_flag=True, help="Print SARIF 2.1.0, for code scanning.")
@option("--github", is_flag=True, help="Also print annotations for a GitHub job.")
@limits_options
@reports.reporting("check", checked_count=0, encrypted_count=0, old_count=0, results=[], skipped=[])
def check(
    files: tuple[str, ...],
    staged: bool,
    staged_names: bool,
    revision: str | None,
    config: str | None,
    profile: str | None,
    baseline: str | None,
    write_baseline: bool,
    as_json: bool,
    sarif: bool,
    github: bool,
    limits: Limits,
) -> int:
    """Find plain text that should be encrypted, and what is wrong with encrypted files. No key is needed.

    Without FILE, all files are checked that Git tracks or would add. Values are never printed. Exit with 222 if
    anything is found.

    \b
    leafseal check
    leafseal check --staged
    leafseal check --revision origin/main..HEAD --github
    """
    _refuse_contradictions(files, staged, staged_names, revision, baseline, write_baseline, (as_json, sarif, github))
    from leafseal.check import baseline as baselines
    from leafseal.check.checking import Checker, summary

    known = _known(baseline) if baseline is not None and not write_baseline else set()
    chosen = _chosen(files, staged, staged_names, revision, config, limits)
    checker = Checker(
        chosen.tree,
        chosen.configurations,
        ReadOptions(limits),
        before=chosen.before,
        past=chosen.past,
        for_flux=profile == "flux",
    )
    with terminal.progress(chosen.tree.count, "checking") as step:
        checked = checker.check(step)
    if write_baseline:
        assert baseline is not None
        _write_baseline(baseline, checked.findings)
        terminal.say(f"{counted(len(checked.findings), 'finding')} written to {baseline}")
        return 0
    told = baselines.split(checked.findings, known)
    if sarif:
        _print_sarif(told.new)
    elif as_json:
        _print_json(chosen, checked, told)
    else:
        _print_text(chosen.tree.root, told.new)
        if github:
            _print_annotations(told.new)
    _say_skipped(chosen.tree.root, checked.skipped, are_named=bool(files))
    old = f"; {counted(told.old, 'old finding')} in {baseline}" if baseline else ""
    terminal.say(f"{summary(checked)}: {counted(len(told.new), 'finding')}{old}")
    if told.gone and not (files or staged or staged_names or revision):
        gone = f"{told.gone} of the findings in {baseline} {'is' if told.gone == 1 else 'are'} gone"
        terminal.say(f"{gone}: write it again with --write-baseline")
    return PENDING if told.new else 0


def _refuse_contradictions(
    files: tuple[str, ...],
    staged: bool,
    staged_names: bool,
    revision: str | None,
    baseline: str | None,
    write_baseline: bool,
    outputs: Sequence[bool],
) -> None:
    if (staged or staged_names) + (revision is not None) > 1:
        raise UsageError("--staged and --revision contradict each other", hint="use only one of them")
    if sum(outputs) > 1:
        raise UsageError("--json, --sarif and --github contradict each other", hint="use only one of them")
    if write_baseline and baseline is None:
        raise UsageError("--write-baseline needs --baseline FILE", hint="add --baseline and the name of the file")
    if write_baseline and (files or staged or staged_names or revision):
        raise UsageError(
            "--write-baseline works for the whole work tree only",
            hint="leave out FILE, --staged and --revision",
        )


def _chosen(
    files: tuple[str, ...], staged: bool, staged_names: bool, revision: str | None, config: str | None, limits: Limits
) -> Selected:
    from leafseal.check.selecting import in_index, in_revision, in_work_tree

    if revision is not None:
        return in_revision(revision, files, limits, config)
    if staged or staged_names:
        return in_index(files, limits, config, only_named=staged_names)
    return in_work_tree(files, limits, config)


# -- the baseline


def _known(baseline: str) -> set[tuple[str, str, str]]:
    from leafseal.check.baseline import parse
    from leafseal.errors import MissingFileError, naming
    from leafseal.system.reading import read

    with naming(baseline):
        try:
            return parse(read(baseline).data)
        except MissingFileError as error:
            raise error.with_hint("to write the findings of now to it, add --write-baseline") from None


def _write_baseline(baseline: str, findings: Sequence[Finding]) -> None:
    from leafseal.check.baseline import parse, to_bytes
    from leafseal.system import files

    def verify(data: bytes) -> None:
        parse(data)

    for warning in files.replace(baseline, to_bytes(findings), verify=verify):
        terminal.warn(f"{baseline}: {warning}")


# -- what is printed


def _shown(root: str, name: str) -> str:
    """Return a name of a file as seen from the current folder."""
    return os.path.relpath(os.path.join(root, name))


def _print_text(root: str, findings: Sequence[Finding]) -> None:
    lines = list(_lines(root, findings))
    if lines:
        terminal.print_line("\n".join(lines))


def _lines(root: str, findings: Sequence[Finding]) -> Iterator[str]:
    from leafseal.check.findings import RULES

    counts = Counter((one.file, one.rule) for one in findings)
    printed: Counter[tuple[str, str]] = Counter()
    for one in findings:
        kind = one.file, one.rule
        printed[kind] += 1
        shown = escape_line(_shown(root, one.file))
        if printed[kind] <= _MOST_LINES:
            place = f"{shown}:{one.line}" if one.line else shown
            commit = f" (in commit {one.commit[:12]})" if one.commit else ""
            yield f"{place}: {one.severity}: {one.rule}: {escape_line(one.text)}{commit}"
        elif printed[kind] == counts[kind]:
            yield f"{shown}: {one.severity}: {one.rule}: {counts[kind] - _MOST_LINES} more, which --json lists"
    found = {one.rule for one in findings}
    names = [name for name in RULES if name in found]
    if names:
        yield "what to do:"
    yield from (f"  {name}: {RULES[name].advice}" for name in names)


def _print_annotations(findings: Sequence[Finding]) -> None:
    from leafseal.check.github import annotated

    text = "".join(f"{line}\n" for line in annotated(findings))
    terminal.write_result(text.encode("utf-8", "replace"))


def _print_sarif(findings: Sequence[Finding]) -> None:
    from leafseal.check.sarif import sarif

    text = json.dumps(sarif(findings, DOCS), indent=1)
    terminal.write_result(text.encode() + b"\n")


def _print_json(chosen: Selected, checked: Checked, told: Any) -> None:
    root = chosen.tree.root
    fields = {
        "checked_count": checked.files,
        "encrypted_count": checked.encrypted,
        "old_count": told.old,
        "results": [_as_data(root, one) for one in told.new],
        "skipped": [{**reports.file_fields(_shown(root, name)), "reason": reason} for name, reason in checked.skipped],
    }
    reports.write("check", fields)


def _as_data(root: str, one: Finding) -> dict[str, Any]:
    return {
        "rule": one.rule,
        "severity": one.severity,
        **reports.file_fields(_shown(root, one.file)),
        "place": None if one.place is None else reports.place(one.place[1], one.place[0]),
        "line": one.line or None,
        "commit": one.commit or None,
        "message": one.text,
        "fingerprint": one.fingerprint,
    }


def _say_skipped(root: str, skipped: Sequence[tuple[str, str]], *, are_named: bool) -> None:
    for reason in (*_TOLD, *(("link",) if are_named else ())):
        names = [_shown(root, name) for name, why in skipped if why == reason]
        if names:
            listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
            terminal.say(f"not checked: {listed} ({_SKIPPED[reason]})")
