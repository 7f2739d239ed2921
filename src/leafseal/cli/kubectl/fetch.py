"""`kubectl leafseal fetch`."""

from __future__ import annotations

import json

from leafseal.cli.kubectl.encrypting import refuse_output, write_encrypted
from leafseal.cli.shared.declarations import argument, command, option
from leafseal.cli.shared.errors import ErrorsShown
from leafseal.cli.shared.keys import key_services
from leafseal.cli.shared.options import config_option, quiet_option, threshold_option
from leafseal.cli.shared.recipients import Recipients, recipient_options
from leafseal.deploy.kubectl import process
from leafseal.deploy.kubectl.new_secret import of_cluster
from leafseal.errors import LeafsealError, UsageError, naming


@command("fetch")
@argument("words", is_many=True, is_required=True, metavar="secret/NAME")
@option("-o", "--output", metavar="FILE", help="Write the encrypted manifest to FILE [default: standard output].")
@option("-n", "--namespace", metavar="NAME", help="Namespace of the Secret, for kubectl.")
@option("--context", metavar="NAME", help="Context of the kubeconfig, for kubectl.")
@option("--kubeconfig", metavar="FILE", help="Configuration of kubectl.")
@recipient_options
@threshold_option
@config_option
@quiet_option
@key_services
def fetch(
    words: tuple[str, ...],
    output: str | None,
    namespace: str | None,
    context: str | None,
    kubeconfig: str | None,
    recipients: Recipients,
    threshold: int,
    config: str | None,
) -> None:
    """Write a Secret of the cluster to an encrypted file. Its values are never written in plain text.

    What the server added is left out, such as the last-applied annotation.

    \b
    kubectl leafseal fetch secret/db -n shop -o db.enc.yaml
    """
    name = "/".join(words)  # which kubectl itself takes apart too
    kind, _, rest = name.partition("/")
    if not rest or "/" in rest or kind.lower() not in ("secret", "secrets"):
        raise UsageError("fetch is followed by secret/NAME", hint='write "kubectl leafseal fetch secret/NAME"')
    refuse_output(output)
    flags = {"--namespace": namespace, "--context": context, "--kubeconfig": kubeconfig}
    given = [f"{flag}={value}" for flag, value in flags.items() if value is not None]
    code, data = process.output_of(["get", "secret", "-o", "json", *given, "--", rest])
    if code:
        raise ErrorsShown(code)  # kubectl said why
    with naming(name):
        try:
            found = json.loads(data)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise LeafsealError("kubectl did not print one Secret")
        manifest = of_cluster(found)
    write_encrypted(manifest, output, recipients, threshold, config)
