"""The laws of the format, each tried on random files of every format."""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leafseal.document import Locator
from leafseal.document.tree import to_python
from leafseal.errors import EmitError, FormatError, PathError, RefusedError
from leafseal.formats import parse, yaml
from leafseal.metadata import Metadata
from leafseal.operations.open import Opened, open_with, read_metadata
from leafseal.operations.product import Product
from leafseal.operations.rekey import rewrap, rotate

from ..canaries import CANARY, canaries, with_canaries
from ..generators.yaml_files import YAMLWriter
from ..opening import reseal_text, set_leaf, unset_leaf
from ..tokens import take_apart
from ..whole_files import (
    AMBIENT,
    DEFAULT,
    FORMATS,
    KEYS,
    TOKEN,
    comment_tokens,
    comments,
    open_,
    plain_values,
    random_file,
    seal,
    tokens,
    tokens_in,
    values,
    without_mac,
)

Law = Callable[[str, int], None]


def sealed_file(format_name: str, seed: int, make: Callable[[str, int], bytes] = random_file) -> tuple[bytes, bytes]:
    """Return a random plain file that can be sealed, and its sealed form; what is refused, the next seed replaces."""
    for attempt in range(20):
        try:
            data = make(format_name, seed + attempt)
            return data, seal(data, format_name)
        except (FormatError, RefusedError):
            continue
    raise AssertionError("twenty files in a row were refused")


# -- bytes -----------------------------------------------------------------------------------------------------------


def the_bytes_come_back(format_name: str, seed: int) -> None:
    data, sealed = sealed_file(format_name, seed)
    opened = with_its_structure(open_(sealed, format_name))
    assert opened.plaintext() == data
    assert values(opened) == plain_values(data, format_name)


def values_open_without_the_memory(format_name: str, seed: int) -> None:
    data, sealed = sealed_file(format_name, seed)
    document = parse(sealed, format_name, sealed=True)
    mapping = dict(document.metadata() or {})
    memory: Any = mapping.pop("leafseal", {})
    opened = open_(document.rewrite([], mapping), format_name)
    assert values(opened) == plain_values(data, format_name)
    # The canonical spelling may say 1 for 1.0, but never another value, and no comment is lost.
    if "root" in memory:
        return  # a document that was the word for null is nothing at all without the memory
    again = plain_values(opened.plaintext(), format_name)
    assert [value.data for value in again] == [value.data for value in values(opened)]
    assert Counter(plain_comments(opened.plaintext(), format_name)) == Counter(comments(opened))


def plain_comments(data: bytes, format_name: str) -> list[str]:
    return [str(leaf.value) for leaf in parse(data, format_name).leaves() if leaf.is_comment]


def metadata_is_written_as_it_is_read(format_name: str, seed: int) -> None:
    _, sealed = sealed_file(format_name, seed)
    document = parse(sealed, format_name, sealed=True)
    metadata = document.metadata()
    assert metadata is not None
    assert document.rewrite([]) == sealed
    assert document.rewrite([], Metadata.parse(metadata).to_mapping()) == sealed


# -- least change ----------------------------------------------------------------------------------------------------


def what_does_not_change_keeps_its_token(format_name: str, seed: int) -> None:
    data, sealed = sealed_file(format_name, seed)
    again = reseal_text(open_(sealed, format_name), data).data
    assert without_mac(again) == without_mac(sealed)


def rotation_renews_every_token(format_name: str, seed: int) -> None:
    data, sealed = sealed_file(format_name, seed)
    product = rotate(open_(sealed, format_name), KEYS, 0, AMBIENT)
    product.check(product.data)
    opened = with_its_structure(open_(product.data, format_name))
    assert opened.plaintext() == data
    assert not set(tokens_in(product.data)) & set(tokens_in(sealed))
    assert layout(product.data, format_name) == layout(sealed, format_name)


def layout(data: bytes, format_name: str) -> bytes:
    """Return a sealed file without its metadata and what is in its tokens."""
    return TOKEN.sub(b"ENC[]", parse(data, format_name, sealed=True).rewrite([], None))


def wrapping_again_moves_no_leaf(format_name: str, seed: int) -> None:
    _, sealed = sealed_file(format_name, seed)
    product = rewrap(open_(sealed, format_name), KEYS, 0, AMBIENT)
    product.check(product.data)
    with_its_structure(open_(product.data, format_name))
    assert tokens_in(product.data) == tokens_in(sealed)
    before, after = (parse(one, format_name, sealed=True) for one in (sealed, product.data))
    assert after.rewrite([], None) == before.rewrite([], None)
    for field in ("mac", "lastmodified", "version", "unencrypted_suffix", "leafseal"):
        assert (after.metadata() or {}).get(field) == (before.metadata() or {}).get(field)


# -- seen by readers -------------------------------------------------------------------------------------------------


def readers_see_that_it_is_encrypted(format_name: str, seed: int) -> None:
    """Helm-secrets and Flux look for a line, not for a key."""
    _, sealed = sealed_file(format_name, seed)
    if format_name == "yaml":
        documents = len(yaml.parse(sealed)._scan.documents)
        assert len(re.findall(rb"(?m)^sops:[ \t]*\r?$", sealed)) == documents


# -- nothing in clear ------------------------------------------------------------------------------------------------


def nothing_that_is_sealed_can_be_read(format_name: str, seed: int) -> None:
    def make(format_name: str, seed: int) -> bytes:
        return with_canaries(random_file(format_name, seed), format_name)

    data, sealed = sealed_file(format_name, seed, make)
    hidden, clear = canaries(data, format_name, DEFAULT)
    assert len(hidden) + len(clear) >= len(CANARY.findall(data.decode("utf-8", "replace")))
    readable = set(CANARY.findall(sealed.decode("utf-8", "replace")))
    assert readable == clear
    assert open_(sealed, format_name).plaintext() == data


# -- tokens ----------------------------------------------------------------------------------------------------------


def every_token_has_one_spelling(format_name: str, seed: int) -> None:
    _, sealed = sealed_file(format_name, seed)
    for token in tokens_in(sealed):
        assert take_apart(token.decode()).spelled() == token.decode()


# -- histories -------------------------------------------------------------------------------------------------------

TEXTS = [
    "x", "two words", "", "line\nbreak", " lead", "trail ", "tab\tin", "é🔐", "42", "true", "null", "~", "# no comment",
    "a: b", "- x", "'q'", '"', "ENC[", "\n", "a\n\nb\n", "  two\n three", "x" * 300, "a'b\"c", "<b>&", "\\", "a\\b",
    "{a", "[b", "*c", "&d", "!e", "%f", "@g", "`h", "|", "> x", "a,b", "a]b", "x #y", "2024-01-01", "1_000", "=", "<<",
]  # fmt: skip
OTHERS = [
    42, -7, 1.5, 1e30, True, False, None, {"n": 1, "l": [1, "x"]}, [1, "two", {"k": "v"}], [], {},
    {"k k": {"deep": [["x"]]}},
]  # fmt: skip
REFUSALS = (PathError, EmitError, RefusedError)


def a_history_follows_its_model(format_name: str, seed: int) -> None:
    """Change a file a few times; each time it holds what a model of plain dicts and lists holds."""
    random = Random(seed)
    _, sealed = sealed_file(format_name, seed, without_anchors)
    opened = open_(sealed, format_name)
    ivs: dict[str, str] = {}
    for _ in range(4):
        step = random.choice([set_somewhere, set_somewhere, add_somewhere, unset_somewhere, rotate_keys])
        try:
            product = step(opened, random)
        except REFUSALS:
            continue
        product.check(product.data)
        opened = open_(product.data, format_name)
        if step is rotate_keys:
            ivs.clear()
        for token in tokens_in(product.data):
            iv = token.decode().partition(",iv:")[2][:44]
            assert ivs.setdefault(iv, token.decode()) == token.decode(), "an IV was used for two plaintexts"


def without_anchors(format_name: str, seed: int) -> bytes:
    # Where a value has two places a change of one is a change of both, which plain dicts do not know.
    if format_name == "yaml":
        return YAMLWriter(Random(seed), anchors=False).file().encode()
    return random_file(format_name, seed)


def rotate_keys(opened: Opened, random: Random) -> Product:
    product = rotate(opened, KEYS, 0, AMBIENT)
    assert models(reopened(opened, product)) == models(opened)
    return product


def set_somewhere(opened: Opened, random: Random) -> Product:
    locator = random.choice(places(opened) or [("new",)])
    return stored(opened, locator, some_value(opened.document.format, locator, random))


def add_somewhere(opened: Opened, random: Random) -> Product:
    containers = [(locator, at(documents(opened)[0], locator)) for locator in [(), *places(opened)]]
    mappings = [(*locator, name) for locator, node in containers for name in ("new", "new é") if isinstance(node, dict)]
    ends = [(*locator, len(node)) for locator, node in containers if isinstance(node, list)]
    locator = random.choice(mappings + ends)
    return stored(opened, locator, some_value(opened.document.format, locator, random))


def unset_somewhere(opened: Opened, random: Random) -> Product:
    locator = random.choice(places(opened) or [("absent",)])
    product = unset_leaf(opened, locator)
    expected = copy.deepcopy(documents(opened))
    del at(expected[0], locator[:-1])[locator[-1]]
    after = reopened(opened, product)
    assert models(after) == [strict(document) for document in expected]
    # Of two equal elements of a list, either's token may stay.
    assert len(tokens(after)) == len(tokens_elsewhere(opened, locator))
    assert Counter(tokens(after).values()) <= Counter(tokens(opened).values())
    return product


def stored(opened: Opened, locator: Locator, value: object) -> Product:
    product = set_leaf(opened, locator, value)
    expected = copy.deepcopy(documents(opened))
    parent: Any = at(expected[0], locator[:-1])
    existing = (
        strict(parent) != strict({})
        and locator in places(opened)
        and not isinstance(at(parent, locator[-1:]), dict | list)
    )
    if isinstance(parent, list) and locator[-1] == len(parent):
        parent.append(value)
    else:
        parent[locator[-1]] = value
    after = reopened(opened, product)
    if opened.document.format == "ini" and locator[0] not in documents(opened)[0]:
        # A section before which comments would stand is added one place further up.
        expected[0] = {name: expected[0][name] for name in documents(after)[0]}
        assert [name for name in expected[0] if name != locator[0]] == list(documents(opened)[0])
    assert models(after) == [strict(document) for document in expected]
    assert tokens_elsewhere(after, locator) == tokens_elsewhere(opened, locator)
    if existing and not isinstance(value, dict | list | None):
        assert comments(after) == comments(opened)
        assert comment_tokens(after) == comment_tokens(opened)
    return product


def some_value(format_name: str, locator: Locator, random: Random) -> object:
    if format_name == "ini" and len(locator) == 1:
        return {name: random.choice(TEXTS) for name in random.choice([[], ["k"], ["k", "a longer name"]])}
    return random.choice(TEXTS if format_name in ("dotenv", "ini", "binary") else [*TEXTS, *OTHERS])


def places(opened: Opened) -> list[Locator]:
    """Return where something stands in the first document: values and containers, without its root."""
    found: dict[Locator, None] = {}
    for leaf, _ in opened.leaves.values:
        if leaf.document == 0 and not leaf.is_comment:
            found.update(dict.fromkeys(leaf.locator[:depth] for depth in range(1, len(leaf.locator) + 1)))
    return list(found)


def tokens_elsewhere(opened: Opened, locator: Locator) -> list[str]:
    return [token for (document, at_), token in tokens(opened).items() if document or at_[: len(locator)] != locator]


def documents(opened: Opened) -> list[Any]:
    return [to_python(document) for document in opened.documents()] or [{}]


def models(opened: Opened) -> list[object]:
    return [strict(document) for document in documents(opened)]


def strict(value: object) -> object:
    """Return a value in a form that tells 1 from 1.0 and True, and minds order; of INI without its empty section."""
    if isinstance(value, dict):
        return [(key, strict(member)) for key, member in value.items() if (key, member) != ("DEFAULT", {})]
    if isinstance(value, list):
        return "list", [strict(member) for member in value]
    return type(value).__name__, repr(value)


def at(node: Any, locator: Locator) -> Any:
    for part in locator:
        node = node[part]
    return node


def reopened(opened: Opened, product: Product) -> Opened:
    document, metadata = read_metadata(product.data, opened.document.format)
    return with_its_structure(open_with(document, metadata, product.data_key))


def with_its_structure(opened: Opened) -> Opened:
    """Return an opened file whose structure is covered."""
    assert opened.coverage == "covered"
    return opened


# -- all of them -----------------------------------------------------------------------------------------------------

LAWS: list[Law] = [
    the_bytes_come_back,
    values_open_without_the_memory,
    metadata_is_written_as_it_is_read,
    what_does_not_change_keeps_its_token,
    rotation_renews_every_token,
    wrapping_again_moves_no_leaf,
    readers_see_that_it_is_encrypted,
    nothing_that_is_sealed_can_be_read,
    every_token_has_one_spelling,
    a_history_follows_its_model,
]


def each_law(test: Callable[..., None]) -> Callable[..., None]:
    test = pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)(test)
    return pytest.mark.parametrize("format_name", FORMATS)(test)


@each_law
@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(0, 2**32))
def test_law(law: Law, format_name: str, seed: int) -> None:
    law(format_name, seed)


@pytest.mark.campaign
@each_law
def test_law_at_length(law: Law, format_name: str) -> None:
    for seed in range(10_000):
        law(format_name, seed)


def test_changes_are_seldom_refused() -> None:
    """A refusal is safe, but a tool that always refuses would pass every law above."""
    done = refused = 0
    for seed in range(50):
        random = Random(seed)
        _, sealed = sealed_file("yaml", seed, without_anchors)
        for step in (set_somewhere, add_somewhere, unset_somewhere):
            try:
                step(open_(sealed, "yaml"), random)
                done += 1
            except RefusedError:
                refused += 1
            except PathError:
                pass  # an empty document has nothing to remove
    assert done > 130
    assert refused <= done / 100
