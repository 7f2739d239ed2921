"""The getter of Helm: it prints the decrypted file that a URL names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from leafseal.cli.shared.failing import shown
from leafseal.cli.shared.keys import current_ambient
from leafseal.deploy.helm.paths import Allowed, read_allowed
from leafseal.deploy.helm.urls import PLAIN_OK, Request, read
from leafseal.deploy.opening import as_item, open_files
from leafseal.errors import LeafsealError, MissingFileError, NotEncryptedError, UsageError, naming
from leafseal.keys import Ambient
from leafseal.keys.ring import KeyRing
from leafseal.operations.batch import Item
from leafseal.operations.open import Source
from leafseal.system import terminal
from leafseal.system.reading import Snapshot


def run(arguments: Sequence[str]) -> int:
    """Print the file that the last word names, whole or not at all. Every fault ends in exit code 1."""
    try:
        if not arguments:
            raise UsageError("no URL is given", hint="Helm gives it: helm template ./chart -f leafseal:FILE")
        terminal.write_result(_content(read(arguments[-1], os.environ)))
    except LeafsealError as error:
        raise shown([error]) from None
    return 0


def _content(request: Request) -> bytes:
    if request.literal is not None:
        if b"ENC[" not in request.literal:
            return request.literal
        item = Item(Snapshot("-", request.literal), Source("the URL", request.literal, "json"))
        return _opened(item, request)
    allowed = Allowed.of_helm_secrets(os.environ) if request.is_of_helm_secrets else Allowed.of(os.environ)
    try:
        snapshot = read_allowed(request.path, allowed)
    except MissingFileError:
        if request.is_optional:
            return b""
        raise
    return _opened(as_item(request.path, snapshot), request)


def _opened(item: Item, request: Request) -> bytes:
    with _ambient(request) as ambient:
        files, errors = open_files([item], KeyRing(ambient))
    if errors:
        raise errors[0]
    if files[0].opened is None and not request.allows_plain:
        with naming(item.name):
            raise NotEncryptedError(
                "not encrypted",
                hint=f'encrypt it with "leafseal encrypt -i FILE", or write leafseal:{PLAIN_OK}{item.name}',
            )
    return files[0].plaintext()


@contextmanager
def _ambient(request: Request) -> Iterator[Ambient]:
    if request.gpg_key_file is not None:
        from leafseal.cli.helm.gpg_import import imported

        with imported(request.gpg_key_file) as ambient:
            yield ambient
    elif request.key_file is not None:
        yield current_ambient({**os.environ, "SOPS_AGE_KEY_FILE": request.key_file})  # as helm-secrets does
    else:
        yield current_ambient()
