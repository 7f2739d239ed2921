"""Who has no key changes the structure of files, in every way that the MAC does not see.

A file is changed as a tree whose leaves are tokens, and written again in another layout: what is refused is refused for
its structure, and what stays as it is shows that layout does not count. docs/threat-model.md has the counts of a run.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest

from leafseal.crypto.token import looks_sealed
from leafseal.document import Edit
from leafseal.document.limits import DEFAULT_READ, ReadOptions
from leafseal.document.scalars import Scalar
from leafseal.document.tree import Comment, ListNode, MappingNode, Node, build
from leafseal.errors import EmitError, FormatError, IntegrityError, MACMismatchError, StructureMismatchError
from leafseal.formats import emit, parse
from leafseal.operations.encrypt import encrypt
from leafseal.operations.open import Opened
from leafseal.rules.selection import Selection

from ..whole_files import AMBIENT, KEYS, WITHOUT_STRUCTURE, open_

RULES = {
    "all": Selection(),
    "some": Selection(encrypted_regex="^(s|password|secret)"),
    "some, MAC over these": Selection(encrypted_regex="^(s|password|secret)", mac_only_encrypted=True),
}
FORMATS = ("yaml", "json", "dotenv", "ini")

# -- random files ----------------------------------------------------------------------------------------------------

NAMES = ("s1", "s2", "password", "secret", "a", "b", "host", "port", "DEBUG", "x-y")
TEXTS = ("one", "two", "12", "12.5", "true", "é", "a b", "2026-01-15T00:00:00Z")


def scalar(random: Random) -> Scalar | None:
    return random.choice([*TEXTS, 5, 12, 1.5, True, "", "", None])


def node(random: Random, depth: int) -> Node:
    kind = random.random()
    if depth and kind < 0.3:
        return ListNode([node(random, depth - 1) for _ in range(random.randrange(4))])
    if depth and kind < 0.5:
        return mapping(random, depth - 1, random.randrange(4))
    return scalar(random)


def mapping(random: Random, depth: int, size: int) -> MappingNode:
    names = random.sample(NAMES, size)
    return MappingNode([(name, node(random, depth)) for name in names])


def random_trees(format_name: str, random: Random) -> list[MappingNode]:
    if format_name == "dotenv":
        return [
            MappingNode([(name.replace("-", "_"), random.choice(["", *TEXTS])) for name in random.sample(NAMES, 6)])
        ]
    if format_name == "ini":
        sections = [(name, flat(random)) for name in random.sample(NAMES, 3)]
        return [MappingNode(list(sections))]
    count = random.choice([1, 1, 2, 3]) if format_name == "yaml" else 1
    return [mapping(random, 3, random.randrange(3, 7)) for _ in range(count)]


def flat(random: Random) -> MappingNode:
    return MappingNode([(name, random.choice(["", *TEXTS])) for name in random.sample(NAMES, random.randrange(4))])


# -- what is done to them --------------------------------------------------------------------------------------------

Trees = list[MappingNode]
Change = Callable[[Trees, Random], bool]
"""Changes trees in place. False where they have nothing that could be changed in this way."""


def containers(trees: Trees) -> Iterator[MappingNode | ListNode]:
    """Yield all mappings and lists."""
    waiting: list[Any] = list(trees)
    while waiting:
        found = waiting.pop()
        if isinstance(found, MappingNode | ListNode):
            yield found
            waiting += [item[1] if isinstance(item, tuple) else item for item in found.items]


def is_empty(value: object) -> bool:
    return value is None or value == "" or (isinstance(value, MappingNode | ListNode) and not value.items)


def places(trees: Trees, wanted: Callable[[Any], bool]) -> list[tuple[Any, int]]:
    """Return where values stand: the items of a container, and a position among them."""
    return [
        (found.items, position)
        for found in containers(trees)
        for position, item in enumerate(found.items)
        if not isinstance(item, Comment) and wanted(item[1] if isinstance(item, tuple) else item)
    ]


def put(items: Any, position: int, value: Any) -> None:
    old = items[position]
    items[position] = (old[0], value) if isinstance(old, tuple) else value


def value_at(items: Any, position: int) -> Any:
    item = items[position]
    return item[1] if isinstance(item, tuple) else item


def some(random: Random, found: list[tuple[Any, int]]) -> tuple[Any, int] | None:
    return random.choice(found) if found else None


def retype_empty(trees: Trees, random: Random) -> bool:
    place = some(random, places(trees, is_empty))
    if place is None:
        return False
    old = value_at(*place)
    put(*place, random.choice([value for value in (None, "", MappingNode(), ListNode()) if not same_empty(value, old)]))
    return True


DEFAULT_OF_INI = ("DEFAULT", MappingNode())


def same_empty(one: Any, other: Any) -> bool:
    return type(one) is type(other) and is_empty(other)


def remove_empty(trees: Trees, random: Random) -> bool:
    found = [(items, at) for items, at in places(trees, is_empty) if len(items) > 1]
    place = some(random, found)
    if place is None:
        return False
    del place[0][place[1]]
    return True


def add_empty(trees: Trees, random: Random) -> bool:
    found = random.choice(list(containers(trees)))
    if isinstance(found, MappingNode):
        found.items.insert(
            random.randrange(len(found.items) + 1), ("secret_new", random.choice(["", None, MappingNode()]))
        )
    else:
        found.items.insert(random.randrange(len(found.items) + 1), random.choice(["", None, ListNode()]))
    return True


def rename_empty(trees: Trees, random: Random) -> bool:
    place = some(random, [(items, at) for items, at in places(trees, is_empty) if isinstance(items[at], tuple)])
    if place is None:
        return False
    items, at = place
    items[at] = ("secret_renamed", items[at][1])
    return True


def move_empty(trees: Trees, random: Random) -> bool:
    """Put an empty value among others, in the same container: the MAC does not see its place."""
    found = [(items, at) for items, at in places(trees, is_empty) if len(items) > 1]
    place = some(random, found)
    if place is None:
        return False
    items, at = place
    item = items.pop(at)
    target = random.choice([number for number in range(len(items) + 1) if number != at])
    items.insert(target, item)
    return True


def nest(trees: Trees, random: Random) -> bool:
    """Put an element of a list into a list of its own: its names, and so its additional data, stay."""
    found = [found for found in containers(trees) if isinstance(found, ListNode) and found.items]
    if not found:
        return False
    chosen = random.choice(found)
    at = random.randrange(len(chosen.items))
    chosen.items[at] = ListNode([chosen.items[at]])
    return True


def unnest(trees: Trees, random: Random) -> bool:
    found = [
        (items, at)
        for items, at in places(trees, lambda value: isinstance(value, ListNode) and bool(value.items))
        if not isinstance(items[at], tuple)
    ]
    place = some(random, found)
    if place is None:
        return False
    items, at = place
    items[at : at + 1] = items[at].items
    return True


def split_list(trees: Trees, random: Random) -> bool:
    """Cut a list of lists, or of mappings, elsewhere."""
    found = []
    for one in containers(trees):
        if isinstance(one, ListNode):
            found += [
                (one, at)
                for at, item in enumerate(one.items)
                if isinstance(item, MappingNode | ListNode) and len(item.items) > 1
            ]
    if not found:
        return False
    chosen, at = random.choice(found)
    item: Any = chosen.items[at]
    cut = random.randrange(1, len(item.items))
    chosen.items[at : at + 1] = [type(item)(item.items[:cut]), type(item)(item.items[cut:])]
    return True


def retype_token(trees: Trees, random: Random) -> bool:
    place = some(random, places(trees, lambda value: isinstance(value, str) and looks_sealed(value)))
    if place is None:
        return False
    token = value_at(*place)
    before, _, word = token[:-1].rpartition(":")
    put(*place, f"{before}:{random.choice([one for one in ('str', 'int', 'float', 'bool', 'time') if one != word])}]")
    return True


def retype_clear(trees: Trees, random: Random) -> bool:
    found = places(trees, lambda value: isinstance(value, int | float) and not isinstance(value, bool))
    place = some(random, found)
    if place is None:
        return False
    put(*place, str(value_at(*place)))
    return True


def shift(trees: Trees, random: Random) -> bool:
    """Move a letter from one clear value to its neighbour: the MAC has no borders."""
    for found in containers(trees):
        for at in range(len(found.items) - 1):
            if isinstance(found.items[at], Comment) or isinstance(found.items[at + 1], Comment):
                continue
            one, other = value_at(found.items, at), value_at(found.items, at + 1)
            if (
                isinstance(one, str) and isinstance(other, str) and len(one) > 1 and other
                and not looks_sealed(one) and not looks_sealed(other)
            ):  # fmt: skip
                put(found.items, at, one[:-1])
                put(found.items, at + 1, one[-1] + other)
                return True
    return False


def move_boundary(trees: Trees, random: Random) -> bool:
    """Put the last name of a document into the next, which may be a new one."""
    found = [number for number, tree in enumerate(trees) if len(tree.items) > 1]
    if not found:
        return False
    number = random.choice(found)
    item = trees[number].items.pop()
    if number + 1 < len(trees) and all(name != item[0] for name, _ in trees[number + 1].items):  # type: ignore[misc]
        trees[number + 1].items.insert(0, item)
    else:
        trees.insert(number + 1, MappingNode([item]))
    return True


def add_document(trees: Trees, random: Random) -> bool:
    trees.insert(random.randrange(1, len(trees) + 1), MappingNode())
    return True


def add_comment(trees: Trees, random: Random) -> bool:
    found = random.choice([one for one in containers(trees) if one.items] or [None])
    if found is None:
        return False
    found.items.insert(0, Comment(" by hand"))
    return True


def nothing(trees: Trees, random: Random) -> bool:
    return True


def is_clear_only(value: Any) -> bool:
    """Tell whether a value holds no token and nothing under a name that the rule encrypts."""
    if isinstance(value, MappingNode):
        return all(not item[0].startswith(("s", "password")) and is_clear_only(item[1]) for item in value.items)
    if isinstance(value, ListNode):
        return all(map(is_clear_only, value.items))
    return not (isinstance(value, str) and looks_sealed(value))


def clear_places(trees: Trees) -> list[tuple[Any, int]]:
    """Return the places of clear values, outside of what the rule encrypts."""
    found: list[tuple[Any, int]] = []
    waiting: list[Any] = list(trees)
    while waiting:
        one = waiting.pop()
        for at, item in enumerate(one.items):
            if isinstance(item, tuple) and item[0].startswith(("s", "password")):
                continue
            value = value_at(one.items, at)
            if is_clear_only(value):
                found.append((one.items, at))
            if isinstance(value, MappingNode | ListNode):
                waiting.append(value)
    return found


def change_clear(trees: Trees, random: Random) -> bool:
    place = some(random, clear_places(trees))
    if place is None:
        return False
    items, at = place
    if random.random() < 0.3:
        del items[at]
    elif random.random() < 0.5:
        put(items, at, random.choice(["new", 7, "", None]))
    elif isinstance(items[at], tuple):
        items.insert(at, ("added", "new"))
    else:
        items.insert(at, "new")
    return True


REFUSED: dict[str, Change] = {
    "an empty value of another kind": retype_empty,
    "an empty value removed": remove_empty,
    "an empty value added": add_empty,
    "an empty value renamed": rename_empty,
    "an empty value moved": move_empty,
    "an element put into a list of its own": nest,
    "an element taken out of its list": unnest,
    "a list cut elsewhere": split_list,
    "the type of a token": retype_token,
    "the type of a clear value": retype_clear,
    "text moved between clear values": shift,
    "a boundary of documents moved": move_boundary,
    "an empty document added": add_document,
}
PERMITTED: dict[str, Change] = {"the layout": nothing, "a comment": add_comment}
PERMITTED_UNDER_MAC_ONLY: dict[str, Change] = {**PERMITTED, "clear values": change_clear}

ONLY_IN = {
    "an empty value of another kind": {"yaml", "json"},
    "an element put into a list of its own": {"yaml", "json"},
    "an element taken out of its list": {"yaml", "json"},
    "a list cut elsewhere": {"yaml", "json"},
    "the type of a clear value": {"yaml", "json"},
    "a boundary of documents moved": {"yaml"},
    "an empty document added": {"yaml"},
    "a comment": {"yaml"},
}

Result = str  # "refused", "opened", "impossible"


def changed_file(format_name: str, rule: Selection, seed: int, change: Change, read: ReadOptions) -> bytes | None:
    """Return a sealed file after a change; None where this one cannot be changed so."""
    random = Random(seed)
    plain = emit(random_trees(format_name, random), format_name)
    sealed = encrypt(plain, format_name, KEYS, 0, rule, AMBIENT, allow_nothing=True, read=read).data
    document = parse(sealed, format_name, sealed=True)
    trees = build((leaf, leaf.value) for leaf in document.leaves())
    for tree in trees:
        tree.items = [item for item in tree.items if item != DEFAULT_OF_INI]  # it is there, and first, in every file
    before = emit(copy.deepcopy(trees), format_name)
    if not change(trees, random):
        return None
    try:
        after = emit(trees, format_name)
        written = parse(after, format_name, sealed=True)
    except (FormatError, EmitError):
        return None  # no file at all: a name twice, or what the format cannot hold
    if after == before and change is not nothing:
        return None
    return written.rewrite([], document.metadata())


def opening(data: bytes, format_name: str) -> tuple[Result, Opened | None]:
    try:
        return "opened", open_(data, format_name)
    except StructureMismatchError:
        return "refused", None
    except (MACMismatchError, IntegrityError):
        return "seen by the MAC or a tag", None


def tally(kind: str, change: Change, seeds: range, read: ReadOptions, *rules: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for format_name in FORMATS:
        if format_name not in ONLY_IN.get(kind, FORMATS):
            continue
        for rule in rules:
            for seed in seeds:
                data = changed_file(format_name, RULES[rule], seed, change, read)
                if data is None:
                    continue
                result, opened = opening(data, format_name)
                if opened is not None and read is DEFAULT_READ:
                    assert opened.coverage == "covered"
                found[result] += 1
    return found


WHOLE = ("all", "some")
SEEDS = range(12)


@pytest.mark.parametrize("kind", REFUSED)
def test_what_the_mac_does_not_see_is_refused(kind: str) -> None:
    found = tally(kind, REFUSED[kind], SEEDS, DEFAULT_READ, *WHOLE)
    assert found["opened"] == 0
    assert found["refused"] > 2


@pytest.mark.parametrize("kind", REFUSED)
def test_without_a_digest_it_is_not_seen(kind: str) -> None:
    """The gap is there: a file of another tool, or one whose digest was cut out, opens."""
    found = tally(kind, REFUSED[kind], SEEDS, WITHOUT_STRUCTURE, *WHOLE)
    assert found["opened"] > 2


@pytest.mark.parametrize("kind", PERMITTED)
def test_what_people_do_by_hand_is_permitted(kind: str) -> None:
    found = tally(kind, PERMITTED[kind], SEEDS, DEFAULT_READ, *RULES)
    assert set(found) == {"opened"}


@pytest.mark.parametrize("kind", PERMITTED_UNDER_MAC_ONLY)
def test_under_mac_only_encrypted_clear_values_may_change(kind: str) -> None:
    found = tally(kind, PERMITTED_UNDER_MAC_ONLY[kind], SEEDS, DEFAULT_READ, "some, MAC over these")
    assert set(found) == {"opened"}
    assert found["opened"] > 10


def with_a_tag(seed: int, read: ReadOptions) -> bytes | None:
    """Return a sealed YAML file in which a tag was put before a value, as a program with an unsafe loader obeys it."""
    random = Random(seed)
    plain = emit(random_trees("yaml", random), "yaml")
    sealed = encrypt(plain, "yaml", KEYS, 0, RULES["all"], AMBIENT, allow_nothing=True, read=read).data
    document = parse(sealed, "yaml", sealed=True)
    found = [leaf for leaf in document.leaves() if leaf.end > leaf.start and not leaf.is_comment]
    if not found:
        return None
    start = random.choice(found).start
    return document.rewrite([Edit(start, start, "!!python/object/apply:os.system ")])


def test_a_tag_put_before_a_value_is_refused() -> None:
    for read, result in ((DEFAULT_READ, "refused"), (WITHOUT_STRUCTURE, "opened")):
        files = [data for seed in range(30) if (data := with_a_tag(seed, read)) is not None]
        found = Counter(opening(data, "yaml")[0] for data in files)
        assert found[result] > 25
        assert set(found) <= {result, "seen by the MAC or a tag"}  # before a number, which it makes a text


@pytest.mark.campaign
@pytest.mark.parametrize("covered", [True, False])
def test_the_tally_of_many_files(covered: bool) -> None:
    """Prints the counts that docs/threat-model.md has."""
    read = DEFAULT_READ if covered else WITHOUT_STRUCTURE
    for kind, change in REFUSED.items():
        found = tally(kind, change, range(1000, 1400), read, *WHOLE)
        print(f"{'with' if covered else 'without'} a digest, {kind}: {dict(found)}")
        assert (found["opened"] == 0) is covered
