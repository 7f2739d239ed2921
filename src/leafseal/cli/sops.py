"""`leafseal sops`: the command line of sops, by the name of ours."""

from __future__ import annotations

import click

from leafseal.cli.main import Command, command


class _PassingOn(Command):
    """Takes all that follows as it is, options and `--help` too."""

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        """Read nothing."""
        context.args = list(arguments)
        return context.args


@command("sops", cls=_PassingOn)
@click.pass_context
def sops(context: click.Context) -> int:
    """Run a command line of sops 3.13.2, in any of its dialects, on this program.

    A link of the name sops does the same (see link-sops). What follows is sops's own: its options, its variables, its
    exit codes.

    \b
    leafseal sops --help
    leafseal sops decrypt config.yaml
    HELM_SECRETS_SOPS_PATH="leafseal sops" helm secrets view values.yaml
    """
    from leafseal.sops.main import run

    return run(context.args)
