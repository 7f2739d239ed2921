"""Writes the archive that krew installs to `dist/`, and its hash to the manifest: `make krew`."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MANIFEST = HERE / "leafseal.yaml"


def version() -> str:
    """Return leafseal's version."""
    source = (ROOT / "src" / "leafseal" / "__init__.py").read_text(encoding="utf-8")
    [found] = re.findall(r'^__version__ = "(.*)"$', source, re.MULTILINE)
    return str(found)


def archive() -> bytes:
    """Return the archive: the same bytes on every machine, so it is not compressed, and has one date."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as file:
        for path, mode in ((HERE / "kubectl-leafseal", 0o100755), (ROOT / "LICENSE", 0o100644)):
            entry = zipfile.ZipInfo(path.name, (2026, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, mode << 16  # Unix, whose modes krew keeps
            file.writestr(entry, path.read_bytes().replace(b"\r\n", b"\n"))  # as Git may check it out
    return written.getvalue()


def manifest(text: str) -> str:
    """Return the manifest with the version and hash of what is packed."""
    text = re.sub(r"(?m)^(  version: ).*", rf"\g<1>v{version()}", text)
    text = re.sub(r"kubectl-leafseal-\S+\.zip", f"kubectl-leafseal-{version()}.zip", text)
    return re.sub(r"(?m)^( +sha256: ).*", rf'\g<1>"{hashlib.sha256(archive()).hexdigest()}"', text)


def main() -> None:
    """Write both."""
    (ROOT / "dist").mkdir(exist_ok=True)
    (ROOT / "dist" / f"kubectl-leafseal-{version()}.zip").write_bytes(archive())
    MANIFEST.write_text(manifest(MANIFEST.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
