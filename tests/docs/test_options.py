"""Every option that a page or a hint names is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from leafseal.cli.shared.click_commands import group
from leafseal.cli.shared.commands import COMMANDS

from .blocks import PAGES, ROOT
from .kubectl_options import kubectl_options
from .sops_options import sops_options

# Options of programs that our pages and hints speak of: sops, git, editors, a server; age, gpg, those of clouds.
_FOREIGN = {
    "--all", "--block", "--cmd", "--eval", "--git", "--ignorercfiles", "--keyservice", "--message",
    "--port", "--quiet", "--unified", "--wait",
    "--identity", "--keyring", "--location", "--member", "--name", "--query", "--role", "--vault-name",
    "--batch", "--edit-key", "--fingerprint", "--import", "--launch", "--no-tty", "--passphrase", "--quick-add-key",
    "--quick-gen-key",
    "--trust-model", "--trusted-key",
    "--build-arg", "--cap-drop", "--header", "--mount", "--read-only", "--secret", "--target",  # of docker and wget
    "--helm-binary", "--history-max", "--post-renderer", "--set-file", "--set-json", "--set-string",  # Helm
    "--values",
    "--leafseal-plain-ok",  # ours among those of helm and kubectl
    "--client", "--dry-run", "--edit", "--force", "--save-config", "--server-side", "--validate",  # of kubectl
    "--enable-alpha-plugins", "--enable-exec",  # of kustomize
    "--archive", "--manifest",  # of krew
    "--vectors",  # of our tests
    "--inplace", "--recipient",  # typing errors, and habits from other programs
    "--cacheinfo", "--create", "--index", "--initial-branch", "--no-edit", "--no-filters",  # of git
    "--local", "--mirror", "--no-textconv", "--remove-section", "--textconv", "--user",  # of git, and of jj
    "--merges",  # of git
    "--global", "--no-verify", "--oneline", "--unshallow",  # of git
    "--hook-stage",  # of pre-commit
    "--record", "--tool",  # of our benchmarks, and of valgrind
}  # fmt: skip

_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+[a-z]")


def _members(command: click.Command) -> Iterator[click.Command]:
    yield command
    for member in command.commands.values() if isinstance(command, click.Group) and command is not group else ():
        yield from _members(member)


def _known() -> set[str]:
    context = click.Context(group)
    commands = [group.get_command(context, name) for name in COMMANDS]
    known = {"--help", "--version"} | sops_options() | kubectl_options()
    for command in [member for found in commands if found is not None for member in _members(found)]:
        for parameter in command.params:
            known |= {name for name in (*parameter.opts, *parameter.secondary_opts) if name.startswith("--")}
    return known


# The specifications are of sops and of gpg.
_OURS = [page for page in PAGES if page.parent.name != "spec"]


@pytest.mark.parametrize("page", _OURS, ids=lambda page: page.name)
def test_options_in_pages_are_there(page: Path) -> None:
    named = set(_OPTION.findall(page.read_text(encoding="utf-8")))
    assert not {option for option in named - _known() - _FOREIGN if option not in ("--add", "--rm")}


def test_options_in_hints_are_there() -> None:
    named = {
        option: path.name
        for path in (ROOT / "src" / "leafseal").rglob("*.py")
        for hint in re.findall(r"""hint=f?(?:"[^"]*"|'[^']*')""", path.read_text(encoding="utf-8"))
        for option in _OPTION.findall(hint)
    }
    known = _known() | _FOREIGN
    assert not {option: name for option, name in named.items() if option not in known}
