"""`kubectl leafseal new`."""

from __future__ import annotations

from leafseal.cli.kubectl.encrypting import refuse_output, write_encrypted
from leafseal.cli.shared.declarations import argument, command, option
from leafseal.cli.shared.keys import key_services
from leafseal.cli.shared.options import config_option, limits_options, quiet_option, threshold_option
from leafseal.cli.shared.recipients import Recipients, recipient_options
from leafseal.deploy.kubectl.new_secret import docker_registry, secret, tls, values_of
from leafseal.document.limits import Limits
from leafseal.errors import UsageError
from leafseal.system.reading import read

_KINDS = ("generic", "tls", "docker-registry")
_TYPES = {"tls": "kubernetes.io/tls", "docker-registry": "kubernetes.io/dockerconfigjson"}
_HUB = "https://index.docker.io/v1/"


@command("new")
@argument("words", is_many=True, is_required=True, metavar="secret [tls|docker-registry] NAME")
@option(
    "--from-literal",
    "literals",
    is_multiple=True,
    metavar="KEY=VALUE",
    help="Add this value. Other processes can see it.",
)
@option(
    "--from-file",
    "from_files",
    is_multiple=True,
    metavar="[KEY=]FILE",
    help="Add what is in a file, or in the files of a folder.",
)
@option("--from-env-file", "env_files", is_multiple=True, metavar="FILE", help="Add the KEY=VALUE lines of a file.")
@option("--type", "kind", metavar="TYPE", help="Type of the Secret [default: Opaque].")
@option("-n", "--namespace", default="", metavar="NAME", help="Namespace in the manifest.")
@option("--cert", metavar="FILE", help="With tls: the certificate, in PEM.")
@option("--key", metavar="FILE", help="With tls: its private key, in PEM.")
@option("--docker-server", default=_HUB, metavar="URL", help="With docker-registry: the registry.", shows_default=True)
@option("--docker-username", default="", metavar="NAME", help="With docker-registry: the user.")
@option(
    "--docker-password",
    default="",
    metavar="TEXT",
    help="With docker-registry: the password. Other processes can see it.",
)
@option("--docker-email", default="", metavar="ADDRESS", help="With docker-registry: the address.")
@option("-o", "--output", metavar="FILE", help="Write the encrypted manifest to FILE [default: standard output].")
@recipient_options
@threshold_option
@config_option
@quiet_option
@key_services
@limits_options
def new(
    words: tuple[str, ...],
    literals: tuple[str, ...],
    from_files: tuple[str, ...],
    env_files: tuple[str, ...],
    kind: str | None,
    namespace: str,
    cert: str | None,
    key: str | None,
    docker_server: str,
    docker_username: str,
    docker_password: str,
    docker_email: str,
    output: str | None,
    recipients: Recipients,
    threshold: int,
    config: str | None,
    limits: Limits,
) -> None:
    """Create an encrypted manifest of a Secret. No cluster is needed.

    Recipients and what is encrypted come from the .sops.yaml above FILE, or from options.

    \b
    kubectl leafseal new secret db --from-file=password.txt -o db.enc.yaml
    kubectl leafseal new secret tls web --cert=web.crt --key=web.key -o web.enc.yaml
    kubectl leafseal new secret docker-registry hub --docker-username=me --from-file=password=p.txt -o hub.enc.yaml
    """
    template, name = _read(words)
    refuse_output(output)

    def content(file: str) -> bytes:
        return read(file, limits).data

    values = values_of(literals, from_files, env_files, content)
    if template == "tls":
        if not (cert and key):
            raise UsageError("tls needs a certificate and its private key", hint="add --cert FILE --key FILE")
        values |= tls(content(cert), content(key), (cert, key))
    elif cert or key:
        raise UsageError(
            "--cert and --key are for a Secret of type tls", hint='use "kubectl leafseal new secret tls NAME"'
        )
    if template == "docker-registry":
        values = _registry(docker_server, docker_username, docker_password, docker_email, values)
    if not values:
        raise UsageError(
            "the Secret has no values", hint="add --from-file FILE, --from-env-file FILE or --from-literal KEY=VALUE"
        )
    manifest = secret(name, namespace, kind or _TYPES.get(template, "Opaque"), values)
    write_encrypted(manifest, output, recipients, threshold, config)


def _read(words: tuple[str, ...]) -> tuple[str, str]:
    """Return which kind of Secret is wanted, and its name. Raises `UsageError`."""
    what, *rest = words
    template = rest.pop(0) if len(rest) == 2 and rest[0] in _KINDS else "generic"
    if what != "secret" or len(rest) != 1:
        raise UsageError(
            "new is followed by secret and a name",
            hint='write "kubectl leafseal new secret NAME", or "… secret tls NAME"',
        )
    return template, rest[0]


def _registry(server: str, user: str, password: str, email: str, values: dict[str, bytes]) -> dict[str, bytes]:
    """Return the values with the account of a registry: its password is that of the option, or of a file."""
    if ".dockerconfigjson" in values:
        return values
    given = password or values.pop("password", b"").decode("utf-8", "surrogateescape").rstrip("\r\n")
    if not (user and given):
        raise UsageError(
            "docker-registry needs a user and a password",
            hint="add --docker-username NAME --from-file password=FILE, or --from-file .dockerconfigjson=FILE",
        )
    return docker_registry(server, user, given, email) | values
