"""A private PGP key that a URL names, in a key ring that lasts as long as it is needed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from leafseal.cli.shared.keys import current_ambient
from leafseal.errors import LeafsealError
from leafseal.keys import Ambient
from leafseal.keys.policy import policy_of
from leafseal.providers.pgp.gpg import Gpg, GpgError
from leafseal.system import programs, terminal
from leafseal.system.environment import helper_environment
from leafseal.system.private import private_directory
from leafseal.system.reading import read

_SECONDS = 30.0  # for the agent to end


@contextmanager
def imported(key_file: str) -> Iterator[Ambient]:
    """Yield surroundings whose key ring has the keys of a file, and nothing else. Raises `LeafsealError`."""
    data = read(key_file).data
    with private_directory(
        no_disk_plaintext=policy_of(current_ambient()).no_disk_plaintext, warn=terminal.warn
    ) as folder:
        ambient = current_ambient({**os.environ, "GNUPGHOME": folder})
        try:
            answer = Gpg.of(ambient).ask("--import", data=data)
            if answer.status:
                raise LeafsealError("gpg cannot import this key", file=key_file)
            yield ambient
        except GpgError as error:
            raise LeafsealError(str(error), hint=error.hint, file=key_file) from None
        finally:
            words = ["gpgconf", "--homedir", folder, "--kill", "gpg-agent"]
            with suppress(programs.ProgramError):
                programs.exchange(words, helper_environment(os.environ), data=b"", seconds=_SECONDS, limit=1 << 16)
