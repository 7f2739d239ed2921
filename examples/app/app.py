"""The bookshop, as far as its settings go: it reads them in its own process, from the encrypted file beside it.

    python app.py [config.yaml]

No plaintext is written anywhere, and no other program is started. The identity is found as always: in
`SOPS_AGE_KEY_FILE`, `SOPS_AGE_KEY` or the default file.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import leafseal


@dataclass(frozen=True)
class Settings:
    """What the rest of the program sees. The secrets stay out of the repr."""

    name: str
    workers: int
    database: str
    signing_key: str

    def __repr__(self) -> str:
        return f"Settings(name={self.name!r}, workers={self.workers})"


def read_settings(path: Path) -> Settings:
    """Return the settings of an encrypted file. Raises `leafseal.LeafsealError`, whose text holds no value."""
    values = leafseal.load(path)
    database = values["database"]
    return Settings(
        name=values["app"]["name"],
        workers=values["app"]["workers"],
        database="postgres://{user}:{password}@{host}:{port}/bookshop".format(**database),
        signing_key=values["payment"]["signing_key"],
    )


def main(arguments: list[str]) -> int:
    """Read the settings and say what was found, without saying it."""
    path = Path(arguments[0]) if arguments else Path(__file__).with_name("config.yaml")
    try:
        settings = read_settings(path)
    except leafseal.LeafsealError as error:
        print(f"app: {error}", file=sys.stderr)
        return error.exit_code
    print(f"{settings.name}: {settings.workers} workers, signing key of {len(settings.signing_key)} characters")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
