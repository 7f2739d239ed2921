"""`kubectl leafseal`, which is `leafseal kubectl` too."""

from __future__ import annotations

from leafseal.cli.shared.declarations import command
from leafseal.deploy.kubectl import usage
from leafseal.errors import UsageError
from leafseal.system import terminal


@command("kubectl", passes_on="arguments")
def kubectl(arguments: list[str]) -> int:
    """Use encrypted manifests with kubectl: what "kubectl leafseal" does.

    Manifests are decrypted in memory, all of them or none, and kubectl reads them from its standard input.

    \b
    leafseal kubectl --help
    leafseal kubectl apply -f deploy/
    kubectl leafseal edit db.enc.yaml
    """
    if (text := usage.help_of(arguments)) is not None:
        terminal.write_result(text.encode())
        return 0 if arguments else 1
    name, *words = arguments
    if name == "help":
        name, words = words[0], ["--help"]
    if name in usage.OWN:
        from leafseal.cli.kubectl.own import run as run_own

        return run_own(name, words)
    if name in usage.COMMANDS:
        from leafseal.cli.kubectl.handing_on import run

        return run(name, words)
    if name.startswith("-"):
        raise UsageError(
            f"{name} is before the command", hint=f"put it after the command: kubectl leafseal apply {name} …"
        )
    raise UsageError(f"no such command {name!r}", hint='see "kubectl leafseal --help"')
