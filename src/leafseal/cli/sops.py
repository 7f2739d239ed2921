"""`leafseal sops`: the command line of sops, by the name of ours."""

from __future__ import annotations

from leafseal.cli.shared.declarations import command


@command("sops", passes_on="arguments")
def sops(arguments: list[str]) -> int:
    """Use the command line of sops 3.13.2: its commands, options, environment variables and exit codes.

    A link named sops does the same (see "leafseal link-sops --help").

    \b
    leafseal sops --help
    leafseal sops decrypt config.yaml
    HELM_SECRETS_SOPS_PATH="leafseal sops" helm secrets view values.yaml
    """
    from leafseal.sops.main import run

    return run(arguments)
