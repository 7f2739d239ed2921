"""Somebody with keys of several kinds: age, PGP, AWS KMS and Vault, and a note of every time one of them was asked.

A kind can be taken away (`without`), which makes its keys refuse, and made to wait (`hold`) before the service answers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from leafseal.keys import Ambient, MasterKey
from leafseal.keys.registry import parse_recipients
from leafseal.testing import ThrowawayIdentity, throwaway_identity

from ..services.moto_kms import AWS
from ..services.recorder import Reaction, Recorder, Request, forward, json_answer
from ..services.transit import TOKEN, Transit, errors
from .gpg_home import GPG, GpgHome

LOCAL, NETWORK = ("age", "pgp"), ("kms", "hc_vault")
KINDS = (*LOCAL, *NETWORK)


class Mix:
    """The keys, by kind, and the variables of who has them all."""

    def __init__(self, folder: Path, ring: GpgHome, aws: AWS, at_aws: Recorder, at_vault: Recorder) -> None:
        self.folder = folder
        self.me: ThrowawayIdentity = throwaway_identity()
        self.hold: Callable[[str], None] = lambda _: None  # called with "kms Decrypt" and the like, before the answer
        self._noted: list[str] = []
        self._noting = Lock()
        self._refusing: set[str] = set()
        self._ring, self._aws, self._transit = ring, aws, Transit()
        self._transit.create("shop")
        at_aws.otherwise, at_vault.otherwise = self._as_aws, self._as_vault
        self._upstream = forward(aws.url)
        self._log = folder / "gpg.log"
        self.texts = {
            "age": self.me.recipient,
            "pgp": ring.fingerprints("alice")[0],
            "kms": aws.create_key(),
            "hc_vault": f"{at_vault.url}/v1/transit/keys/shop",
        }
        self._urls = at_aws.url, at_vault.url
        program = folder / "gpg"
        program.write_text(f'#!/bin/sh\necho gpg >>"{self._log}"\nexec "{GPG}" "$@"\n')
        program.chmod(0o700)

    def key(self, kind: str) -> MasterKey:
        """Return the key of a kind."""
        [found] = parse_recipients(kind, self.texts[kind])
        return found

    def keys(self, *kinds: str) -> list[MasterKey]:
        """Return keys of these kinds."""
        return [self.key(kind) for kind in kinds]

    def without(self, *kinds: str) -> Mix:
        """Have the keys of these kinds refuse from now on; return this."""
        self._refusing |= set(kinds)
        return self

    @property
    def environ(self) -> dict[str, str]:
        """The variables of a process with these keys, but for those that were taken away."""
        at_aws, at_vault = self._urls
        empty = self.folder / "empty"
        empty.mkdir(exist_ok=True, mode=0o700)
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "SOPS_AGE_KEY": throwaway_identity().identity if "age" in self._refusing else self.me.identity,
            "SOPS_GPG_EXEC": str(self.folder / "gpg"),
            "GNUPGHOME": str(empty if "pgp" in self._refusing else self._ring.folder),
            "VAULT_ADDR": at_vault,
            "VAULT_TOKEN": TOKEN,
            **self._aws.environ(at_aws),
        }

    @property
    def ambient(self) -> Ambient:
        """New surroundings with these variables, so a new run."""
        return Ambient(self.environ, self.folder)

    def asked(self) -> list[str]:
        """Return who was asked since the last time, in order: `gpg`, `kms Decrypt`, `hc_vault decrypt` and so on."""
        self._note()
        found, self._noted = self._noted, []
        self._log.unlink(missing_ok=True)
        return found

    def _note(self, *names: str) -> None:
        """Note that a service is asked, behind the times that gpg was until now."""
        with self._noting:
            times = len(self._log.read_text().splitlines()) if self._log.exists() else 0
            self._noted += ["gpg"] * (times - self._noted.count("gpg"))
            self._noted += names

    def _as_aws(self, request: Request) -> Reaction:
        operation = request.headers["x-amz-target"].partition(".")[2]
        self._note(f"kms {operation}")
        self.hold(f"kms {operation}")
        if "kms" in self._refusing:
            return json_answer({"__type": "AccessDeniedException", "message": "not you"}, 400)
        return self._upstream(request)

    def _as_vault(self, request: Request) -> Reaction:
        operation = request.path.split("/")[3]
        self._note(f"hc_vault {operation}")
        self.hold(f"hc_vault {operation}")
        return errors(403, "permission denied") if "hc_vault" in self._refusing else self._transit(request)


@contextmanager
def mixed(folder: Path, ring: GpgHome, aws: AWS) -> Iterator[Mix]:
    """Make keys of all these kinds; AWS and the key ring are there already."""
    folder.mkdir()
    with Recorder() as at_aws, Recorder() as at_vault:
        yield Mix(folder, ring, aws, at_aws, at_vault)
