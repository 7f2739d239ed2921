"""The image and the Compose file in examples/container, without an engine.

What the image is built of is laid out in folders, and what each service starts is run there.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from leafseal.testing import ThrowawayIdentity, throwaway_identity

from .layout import EXAMPLES, Layout, laid_out, sealed

FOLDER = EXAMPLES / "container"
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]


def instructions(dockerfile: Path) -> dict[str, list[str]]:
    """Return the instructions of a Dockerfile, by their names."""
    text = re.sub(r"^#.*\n", "", dockerfile.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    found: dict[str, list[str]] = defaultdict(list)
    for line in filter(str.strip, text.splitlines()):
        name, _, rest = line.partition(" ")
        found[name.upper()].append(rest.strip())
    return found


IMAGE = instructions(FOLDER / "Dockerfile")


def build(layout: Layout, me: ThrowawayIdentity) -> None:
    """Lay out what the instructions copy, with the encrypted files encrypted for an identity of the test."""
    for copied in IMAGE["COPY"]:
        *sources, target = [word for word in copied.split() if not word.startswith("--")]
        for source in map(Path, sources):
            to = layout.at(target) / source.name
            if source.parts[0] == "sealed":
                assert (EXAMPLES / source).is_file()
                to.write_bytes(sealed(source.name, me))
            else:
                shutil.copy(EXAMPLES / source, to)
                if source.suffix == ".sh":
                    to.write_text(layout.here(to.read_text()))


@pytest.fixture
def image(tmp_path: Path) -> Iterator[tuple[Layout, ThrowawayIdentity]]:
    """The image, what Compose mounts into it, and whom its files are encrypted for."""
    me = throwaway_identity()
    with laid_out(tmp_path) as layout:
        layout.add("/app")
        layout.add("/run/secrets")
        for place in {each.partition(":")[0] for service in SERVICES.values() for each in service["tmpfs"]}:
            layout.add(place, in_memory=True)
        build(layout, me)
        yield layout, me


def start(layout: Layout, service: dict[str, Any], key: str, *command: str) -> tuple[int, str, str]:
    """Start a service as an engine does."""
    for name in service["secrets"]:
        assert (FOLDER / COMPOSE["secrets"][name]["file"]).is_file()
        file = layout.at("/run/secrets") / name
        file.write_text(key)
        file.chmod(0o400)
    entry = json.loads(IMAGE["ENTRYPOINT"][-1])
    command = command or tuple(service.get("command", json.loads(IMAGE["CMD"][-1])))
    return layout.run([*entry, *command], service["environment"], layout.at(IMAGE["WORKDIR"][-1]))


SHOWN = {
    "worker": "DATABASE_URL: 59 characters\nSESSION_SECRET: 18 characters\nMAIL_PASSWORD: 17 characters\n"
    "FEATURE_GIFT_CARDS: 2 characters\n",
    "shop": "password: 28 bytes\nsigning.pem: 136 bytes\n",
}


@pytest.mark.parametrize("name", SERVICES)
def test_services_start(image: tuple[Layout, ThrowawayIdentity], name: str) -> None:
    layout, me = image
    assert start(layout, SERVICES[name], me.identity) == (0, SHOWN[name], "")
    assert not list((layout.folder / "home").iterdir()), "the image is read-only"


def test_the_container_ends_as_its_program_does(image: tuple[Layout, ThrowawayIdentity]) -> None:
    layout, me = image
    show = 'echo "${SOPS_AGE_KEY_FILE-no key}"; exit 7'
    assert start(layout, SERVICES["worker"], me.identity, "sh", "-c", show) == (7, "no key\n", "")
    assert start(layout, SERVICES["worker"], me.identity, "no-such-program")[0] == 127


def test_with_another_key_nothing_starts(image: tuple[Layout, ThrowawayIdentity]) -> None:
    layout, _ = image
    code, out, err = start(layout, SERVICES["worker"], throwaway_identity().identity)
    assert (code, out) == (128, "")
    assert "can't decrypt this file" in err, err
    assert not list(layout.at("/run/bookshop").rglob("password"))


def test_no_key_is_in_the_image_and_nobody_is_root() -> None:
    assert not [copied for copied in IMAGE["COPY"] if "agekey" in copied]
    assert IMAGE["USER"] == ["1000:1000"]
    assert all("uid=1000" in each for service in SERVICES.values() for each in service["tmpfs"])


def test_compose_builds_this_image() -> None:
    for service in SERVICES.values():
        context = (FOLDER / service["build"]["context"]).resolve()
        assert context == EXAMPLES
        assert context / service["build"]["dockerfile"] == FOLDER / "Dockerfile"
