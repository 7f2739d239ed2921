"""`leafseal flux`: the key that Flux decrypts with."""

from __future__ import annotations

from leafseal.cli.shared.declarations import Group, argument, command, option
from leafseal.deploy.emitter import emit
from leafseal.deploy.flux import is_pgp_key, key_secret, refuse_key
from leafseal.errors import LeafsealError, naming
from leafseal.keys import Ambient
from leafseal.system import terminal
from leafseal.system.reading import read


@command("key")
@argument("file", metavar="KEYS")
@option("--name", default="sops-age", metavar="NAME", help="Name of the Secret [default: sops-age].")
@option("--namespace", default="flux-system", metavar="NAME", help="Its namespace [default: flux-system].")
def key(file: str, name: str, namespace: str) -> None:
    """Print a Secret with the private keys in KEYS, from which Flux takes them.

    KEYS has age keys, as keygen writes them, or a PGP key in armor. Use a key of the cluster's own. The Secret is not
    encrypted: pipe it to kubectl, and do not save it.

    \b
    leafseal keygen -o cluster.agekey
    leafseal flux key cluster.agekey | kubectl apply --server-side -f -
    """
    data = read(file).data
    with naming(file):
        refuse_key(data)
        if not is_pgp_key(data):
            _check_identities(data)
    terminal.write_result(emit([key_secret(name, namespace, data)]))


def _check_identities(data: bytes) -> None:
    from leafseal.providers.age.identities import IdentityError, parse_identities

    try:
        parse_identities(data.decode(), Ambient({}, ""))
    except IdentityError as error:
        raise LeafsealError(str(error), hint=error.hint) from None
    except UnicodeDecodeError:
        raise LeafsealError("is not a text") from None


flux = Group(
    "flux",
    """Give Flux the key that it decrypts with.

    \b
    leafseal flux key cluster.agekey | kubectl apply --server-side -f -
    """,
    {"key": key},
)
