"""`leafseal sops`: the command line of sops, by the name of ours."""

from __future__ import annotations

from leafseal.cli.shared.declarations import command


@command("sops", passes_on="arguments")
def sops(arguments: list[str]) -> int:
    """Run a command line of sops 3.13.2, in any of its dialects, on this program.

    A link of the name sops does the same (see link-sops). What follows is sops's own: its options, its variables, its
    exit codes.

    \b
    leafseal sops --help
    leafseal sops decrypt config.yaml
    HELM_SECRETS_SOPS_PATH="leafseal sops" helm secrets view values.yaml
    """
    from leafseal.sops.main import run

    return run(arguments)
