"""Random histories of two branches, merged by Git, against the model's own merge and against `git merge-file`."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest

from leafseal import SealedFile
from leafseal.document.tree import build, to_python
from leafseal.errors import FormatError
from leafseal.formats import parse
from leafseal.git.foreign import foreign_sides
from leafseal.git.sides import Sides
from leafseal.keys import MasterKey
from leafseal.keys.registry import parse_recipients
from leafseal.operations.encrypt import encrypt
from leafseal.operations.open import Opened
from leafseal.operations.rekey import rewrap, rotate
from leafseal.rules.selection import Selection
from leafseal.testing import throwaway_identity

from ..opening import open_sealed, reseal_text
from .histories import edits
from .histories.expected import Merge, as_base, merged_documents
from .histories.model import SUFFIXES, File, same
from .histories.playing import COMMANDS, Crossing, Repository, Versions, merge_crossing

ME, ANN, BOB = (throwaway_identity() for _ in range(3))
AMBIENT = ME.ambient()
[MY_KEY], [ANNS], [BOBS] = (parse_recipients("age", one.recipient) for one in (ME, ANN, BOB))
FORMATS = ("yaml", "yaml", "yaml", "json", "json", "dotenv", "ini")
CAMPAIGN = pytest.mark.campaign
FILES = 10  # in one history: Git starts once for all of them


class Case(NamedTuple):
    """One file: its versions as models and encrypted, and what must come of them."""

    base: File
    ours: File
    theirs: File
    versions: Versions
    expected: Merge
    recipients: set[str]
    renamed: bool  # or moved, by one of the edits


def case(random: Random) -> Case:
    """Return a random file, edited on two branches, each of which may change its keys as well."""
    base = edits.random_file(random, random.choice(FORMATS))
    sides = (base.copy(), base.copy())
    made = {edits.edit(random, side) for side in sides for _ in range(random.choice([0, 1, 1, 2, 3]))}
    keys = [MY_KEY, ANNS] if random.random() < 0.5 else [MY_KEY]
    sealed = encrypt(base.text(), base.format, [keys], 0, Selection(), AMBIENT, allow_nothing=True).data
    changes = [random.choice(["", "", "", "", "rotate", "rewrap", "add", "remove"]) for _ in sides]
    versions = [_sealed_again(sealed, side, keys, change) for side, change in zip(sides, changes, strict=True)]
    if foreign_sides(Sides(*(open_(data, base.format) for data in (sealed, *versions)))):
        # Such a rotation is no model's: nothing of theirs is taken (`test_foreign.py`).
        changes = ["" if change == "rotate" else change for change in changes]
        versions = [_sealed_again(sealed, side, keys, change) for side, change in zip(sides, changes, strict=True)]
    expected = merged_documents(base.documents, *(side.documents for side in sides))
    recipients, conflicts = _recipients(keys, changes)
    expected.conflicts |= conflicts
    return Case(
        base, *sides, Versions(sealed, *versions), expected, recipients, bool(made & {"rename", "move", "reorder"})
    )


def _sealed_again(sealed: bytes, side: File, keys: list[MasterKey], change: str) -> bytes:
    data = sealed
    if (text := side.text()) != open_(data, side.format).plaintext():
        data = reseal_text(open_(data, side.format), text).data
    if change:
        data = {"rotate": rotate, "rewrap": rewrap, "add": rewrap, "remove": rewrap}[change](
            open_(data, side.format), [_changed(keys, change)], 0, AMBIENT
        ).data
    return data


def _changed(keys: list[MasterKey], change: str) -> list[MasterKey]:
    return {"add": [*keys, BOBS], "remove": [MY_KEY]}.get(change, keys)


def _recipients(keys: list[MasterKey], changes: list[str]) -> tuple[set[str], set[str]]:
    """Return who can open the merged file, and the conflict of those for whom it would have to be encrypted anew."""
    base, ours, theirs = ({str(key) for key in side} for side in (keys, *(_changed(keys, one) for one in changes)))
    result = (ours & theirs) | (ours - base) | (theirs - base)
    if changes == ["rotate", "add"]:
        return result & ours, {"/sops/recipients"}
    return result, set()


def open_(data: bytes, format_name: str) -> Opened:
    """Open a file, and verify all of it."""
    return open_sealed(data, format_name, AMBIENT)


UNRESOLVED = re.compile(rb"""u[0-9a-f]{16}["']?\s*[:=]\s*["']?((?:#\d+)?/[^"'\r\n]*)""")


def unresolved(data: bytes) -> set[str]:
    """Return the places that the metadata names as conflicts."""
    return {found.decode() for found in UNRESOLVED.findall(data)}


def check(case: Case, path: Path, *, is_unmerged: bool) -> None:
    """Hold a merged file against the model."""
    data = path.read_bytes()
    opened = open_(data, case.base.format)
    with SealedFile.open(path, ambient=AMBIENT) as file:
        documents, recipients = file.documents(), {str(key) for key in file.recipients}
    assert unresolved(data) == {_pointer(path, documents) for path in case.expected.conflicts}
    assert is_unmerged == bool(case.expected.conflicts)
    assert same(without_defaults(documents), case.expected.documents)
    assert recipients == case.recipients
    _check_tokens(opened, [open_(one, case.base.format) for one in (case.versions.ours, case.versions.theirs)])


def _pointer(path: str, documents: list[dict[str, Any]]) -> str:
    """Return where a conflict is in the merged file.

    An element whose name is encrypted is at its index, and one that was removed in its list.
    """
    start, *_ = steps = path.split("/")
    node: Any = documents[int(start.removeprefix("#") or 1) - 1]
    for number, step in enumerate(steps[1:], 1):
        if _is_clear(steps[:number]):
            return path
        if isinstance(node, list) and "=" in step:
            field, _, name = step.partition("=")
            index = next((index for index, element in enumerate(node) if str(element[field]) == name), None)
            if index is None:
                return "/".join(steps[:number])
            steps[number], node = str(index), node[index]
        elif isinstance(node, dict):
            node = node.get(step)
    return "/".join(steps)


def without_defaults(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return documents without the section that an INI file always has."""
    return [{name: node for name, node in one.items() if name != "DEFAULT"} for one in documents]


def _check_tokens(result: Opened, sides: list[Opened]) -> None:
    """Values that a side has under the data key of the result keep its token, as often as they are in its list."""
    known: list[dict[tuple[str, str, bytes], list[str]]] = []
    for side in sides:
        if side.data_key.reveal() == result.data_key.reveal():
            known.append(_tokens(side))
    for place, tokens in _tokens(result).items():
        kept = [token for token in tokens if any(token in one.get(place, []) for one in known)]
        assert len(kept) >= min(len(tokens), max((len(one.get(place, [])) for one in known), default=0))


def _tokens(opened: Opened) -> dict[tuple[str, str, bytes], list[str]]:
    """Return the tokens of a file by their place, which all elements of a list share, type and value."""
    found: dict[tuple[str, str, bytes], list[str]] = {}
    for item in opened.leaves.sealed:
        found.setdefault((item.aad, item.word, item.data), []).append(str(item.leaf.value))
    return found


def _check_against_git(case: Case) -> None:
    """Where Git merges the plain texts without a conflict, there is none here, and the values are the same."""
    texts = [side.text() for side in (case.ours, case.base, case.theirs)]
    with TemporaryDirectory() as folder:
        names = [str(Path(folder, name)) for name in ("ours", "base", "theirs")]
        for name, text in zip(names, texts, strict=True):
            Path(name).write_bytes(text)
        done = subprocess.run(["git", "merge-file", "-p", *names], capture_output=True, check=False)
    if done.returncode:
        return
    try:
        parsed = parse(done.stdout, case.base.format)
    except FormatError:  # the same name twice, at two places
        return
    if case.renamed or "/#documents" in case.expected.conflicts:
        return  # to Git a name is a line like another, also that of a moved element; and it does not count documents
    assert not case.expected.conflicts - {"/sops/recipients"}
    documents = [to_python(one) for one in build((leaf, leaf.value) for leaf in parsed.leaves())]
    # Git pairs a removed element with one that was added there, by a line that both have, and orders additions by that.
    assert _by_name(without_defaults(documents)) == _by_name(case.expected.documents)


def _by_name(node: Any) -> Any:
    """Return values with the elements of lists that have names in the order of these."""
    if isinstance(node, dict):
        return {key: _by_name(value) for key, value in node.items()}
    if not isinstance(node, list):
        return node
    elements = [_by_name(one) for one in node]
    if all(isinstance(one, dict) and "name" in one for one in elements):
        elements.sort(key=lambda one: str(one["name"]))
    return elements


@pytest.mark.parametrize(
    "seed", [*range(15), *(pytest.param(seed, marks=pytest.mark.campaign) for seed in range(15, 1000))]
)
def test_two_branches(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    cases = {}
    while len(cases) < FILES:
        one = case(random)
        cases[f"f{len(cases)}{SUFFIXES[one.base.format]}"] = one
    repository = Repository.create(tmp_path / "work", ME.identity)
    COMMANDS[seed % len(COMMANDS)](repository, {name: one.versions for name, one in cases.items()})
    is_refused = repository.code != 0
    unmerged = repository.unmerged()
    for name, one in cases.items():
        check(one, repository.folder / name, is_unmerged=name in unmerged)
        _check_against_git(one)
    assert is_refused == bool(unmerged)
    _check_nothing_in_clear(repository, cases)


@pytest.mark.parametrize("seed", [*range(2), *(pytest.param(seed, marks=CAMPAIGN) for seed in range(2, 100))])
def test_two_branches_that_merged_each_other_before(seed: int, tmp_path: Path) -> None:
    """The common ancestors are merged first: what conflicted there is unknown, and like neither side's value."""
    random = Random(1_000_000 + seed)
    crossings: dict[str, Crossing] = {}
    before: list[File] = []
    cases: dict[str, Case] = {}
    while len(cases) < FILES:
        base = edits.random_file(random, random.choice(FORMATS))
        first, second = (_edited(random, base) for _ in range(2))
        ours, theirs = (_edited(random, side) for side in (first, second))
        ancestor = merged_documents(base.documents, first.documents, second.documents)
        if "/#documents" in ancestor.conflicts:
            continue
        before += first, second
        sealed = encrypt(base.text(), base.format, [[MY_KEY]], 0, Selection(), AMBIENT, allow_nothing=True).data
        all_of = Crossing(sealed, *(_sealed_again(sealed, side, [], "") for side in (first, second, ours, theirs)))
        expected = merged_documents(as_base(ancestor), ours.documents, theirs.documents)
        name = f"f{len(cases)}{SUFFIXES[base.format]}"
        crossings[name] = all_of
        versions = Versions(sealed, all_of.ours, all_of.theirs)
        cases[name] = Case(base, ours, theirs, versions, expected, {str(MY_KEY)}, renamed=False)
    repository = Repository.create(tmp_path / "work", ME.identity)
    merge_crossing(repository, crossings)
    unmerged = repository.unmerged()
    for name, one in cases.items():
        check(one, repository.folder / name, is_unmerged=name in unmerged)
    _check_nothing_in_clear(repository, cases, before)


def _edited(random: Random, file: File) -> File:
    side = file.copy()
    for _ in range(random.choice([0, 1, 2])):
        edits.edit(random, side)
    return side


def _check_nothing_in_clear(repository: Repository, cases: dict[str, Case], before: Sequence[File] = ()) -> None:
    """No encrypted value of any side is in an object, a file, or a message."""
    places = [repository.told.encode(), repository.git("cat-file", "--batch-all-objects", "--batch", "--buffer")]
    places += [path.read_bytes() for path in repository.folder.rglob("*") if path.is_file()]
    everything = b"".join(places)
    found = set(re.findall(rb"sv[0-9a-f]{16}", everything))
    sides = [*before, *(side for one in cases.values() for side in (one.base, one.ours, one.theirs))]
    clear = {value for side in sides for value in _clear(side)}
    assert found <= clear


def _clear(file: File) -> set[bytes]:
    """Return the values that the rule leaves in clear."""
    return {str(node).encode() for place, node in edits.nodes(file) if _is_clear(place)}


def _is_clear(place: Sequence[object]) -> bool:
    return any(str(step).lower().endswith("_unencrypted") for step in place)
