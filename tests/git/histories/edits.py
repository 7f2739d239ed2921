"""Random files of the model, and random edits of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from .model import File, Node, Where

KEYS = ["host", "port", "password", "api_key", "level_unencrypted", "db", "data", "url", "user", "token", "cert", "x"]
ATTEMPTS = 30  # to find an edit that the file has a place for


def fresh(random: Random) -> str:
    """Return text that no other value has, and no ciphertext."""
    return f"sv{random.getrandbits(64):016x}"


def scalar(random: Random, *, text_only: bool) -> Node:
    """Return a value that no other has, but for the empty ones."""
    kind = random.random()
    if text_only or kind < 0.6:
        return fresh(random)
    if kind < 0.75:
        return random.getrandbits(40) + 1000
    if kind < 0.82:
        return random.getrandbits(30) + 0.5
    return random.choice([True, False, None, ""])


def element(random: Random) -> Node:
    """Return an element of a list of scalars: each is like no other."""
    return fresh(random) if random.random() < 0.8 else random.getrandbits(40) + 1000


def random_file(random: Random, format_name: str) -> File:
    """Return a file to begin with."""
    if format_name == "dotenv":
        names = random.sample(KEYS, random.randint(3, 8))
        file = File(format_name, [{name.upper(): fresh(random) for name in names}])
    elif format_name == "ini":
        sections = random.sample(["main", "db", "peer", "web"], random.randint(2, 3))
        file = File(format_name, [{name: _texts(random) for name in sections}])
    else:
        several = format_name == "yaml" and random.random() < 0.15
        file = File(format_name, [_mapping(random, 0) for _ in range(2 if several else 1)])
    if format_name == "yaml":
        file.indent = random.choice([2, 2, 4])
        file.quotes = {place: random.choice("'\"") for place in texts(file) if random.random() < 0.3}
    if format_name == "json":
        file.indent = random.choice([2, 2, 4, 0])
    elif random.random() < 0.6:
        file.comments = {place: comment(random) for place in commentable(file) if random.random() < 0.2}
    if random.random() < 0.1 and format_name == "yaml":
        file.line_end = "\r\n"
    if random.random() < 0.1 and format_name != "binary":
        file.has_last_break = False
    return file


def comment(random: Random) -> str:
    """Return the text of a comment."""
    return f"note {random.getrandbits(48):012x}"


def _texts(random: Random) -> dict[str, Node]:
    return {key: fresh(random) for key in random.sample(KEYS, random.randint(2, 5))}


def _mapping(random: Random, depth: int) -> dict[str, Node]:
    return {
        key: _node(random, depth) for key in random.sample(KEYS, random.randint(2 if depth else 4, 5 if depth else 7))
    }


def _node(random: Random, depth: int) -> Node:
    kind = random.random()
    if kind < 0.2 and depth < 2:
        return _mapping(random, depth + 1)
    if kind < 0.3:
        return [element(random) for _ in range(random.randint(1, 5))]
    if kind < 0.4 and depth < 2:
        return [_identified(random) for _ in range(random.randint(1, 4))]
    return scalar(random, text_only=False)


def _identified(random: Random) -> Node:
    return {"name": f"n{random.getrandbits(32):08x}", "value": scalar(random, text_only=False)}


def nodes(file: File) -> Iterator[tuple[Where, Node]]:
    """Yield all there is, with its place."""

    def below(place: Where, node: Node) -> Iterator[tuple[Where, Node]]:
        yield place, node
        if isinstance(node, dict):
            for key, member in node.items():
                yield from below((*place, key), member)
        elif isinstance(node, list):
            for index, member in enumerate(node):
                yield from below((*place, index), member)

    for number, document in enumerate(file.documents):
        yield from below((number,), document)


def texts(file: File) -> list[Where]:
    """Return the places of values that may be quoted."""
    return [place for place, node in nodes(file) if isinstance(node, str) and node and place[-1] != "name"]


def commentable(file: File) -> list[Where]:
    """Return the places of members that a comment can be written above."""
    deepest = {"dotenv": 2, "ini": 3}.get(file.format, 9)
    least = 3 if file.format == "ini" else 2
    return [
        place
        for place, _ in nodes(file)
        if least <= len(place) <= deepest and all(isinstance(step, str) for step in place[1:])
    ]


def edit(random: Random, file: File) -> str:
    """Make one edit that the file has a place for, and return its name."""
    for _ in range(ATTEMPTS):
        name, make = random.choice(EDITS)
        if make(random, file):
            return name
    raise AssertionError("no edit fits")


def _at(file: File, place: Where) -> Node:
    node: Node = file.documents[int(place[0])]
    for step in place[1:]:
        node = node[step]  # type: ignore[index,call-overload]
    return node


def _put(file: File, place: Where, value: Node) -> None:
    holder = _at(file, place[:-1])
    holder[place[-1]] = value  # type: ignore[index,call-overload]


def _members(file: File) -> list[Where]:
    """Return the places of members of mappings, names of elements apart."""
    least = 3 if file.format == "ini" else 2
    return [
        place for place, _ in nodes(file) if len(place) >= least and isinstance(place[-1], str) and place[-1] != "name"
    ]


def _mappings(file: File) -> list[Where]:
    if file.format == "ini":
        return [place for place, node in nodes(file) if isinstance(node, dict) and len(place) == 2]
    return [place for place, node in nodes(file) if isinstance(node, dict)]


def _is_text_only(file: File) -> bool:
    return file.format in ("dotenv", "ini")


def _change(random: Random, file: File) -> bool:
    places = [
        place
        for place, node in nodes(file)
        if not isinstance(node, dict | list) and place[-1] != "name" and isinstance(place[-1], str)
    ]
    if not places:
        return False
    place = random.choice(places)
    file.quotes.pop(place, None)
    _put(file, place, scalar(random, text_only=_is_text_only(file)))
    return True


def _add(random: Random, file: File) -> bool:
    holder = random.choice(_mappings(file))
    members = _at(file, holder)
    assert isinstance(members, dict)
    names = [key.upper() if file.format == "dotenv" else key for key in KEYS]
    free = [key for key in names if key not in members]
    if not free:
        return False
    key = random.choice(free)
    value = fresh(random) if _is_text_only(file) else _node(random, len(holder) - 1)
    items = list(members.items())
    items.insert(random.randint(0 if "name" not in members else 1, len(items)), (key, value))
    members.clear()
    members.update(items)
    if file.format != "json" and (*holder, key) in commentable(file) and random.random() < 0.3:
        file.comments[*holder, key] = comment(random)
    return True


def _remove(random: Random, file: File) -> bool:
    places = _members(file)
    if not places:
        return False
    place = random.choice(places)
    holder = _at(file, place[:-1])
    assert isinstance(holder, dict)
    if len(holder) < 2 and (len(place) == 2 or _is_text_only(file)):
        return False  # a document or a section that holds nothing is another subject
    del holder[place[-1]]  # type: ignore[arg-type]
    file.moved(place, None)
    return True


def _rename(random: Random, file: File) -> bool:
    places = [place for place in _members(file) if place[-1] != "value"]
    if not places:
        return False
    place = random.choice(places)
    holder = _at(file, place[:-1])
    assert isinstance(holder, dict)
    new = random.choice([key.upper() if file.format == "dotenv" else key for key in KEYS])
    if new in holder:
        return False
    items = [(new if key == place[-1] else key, value) for key, value in holder.items()]
    holder.clear()
    holder.update(items)
    file.moved(place, (*place[:-1], new))
    return True


def _lists(file: File, *, identified: bool) -> list[tuple[Where, list[Node]]]:
    return [
        (place, node)
        for place, node in nodes(file)
        if isinstance(node, list) and node and isinstance(node[0], dict) is identified
    ]


def _insert(random: Random, file: File) -> bool:
    identified = random.random() < 0.5
    lists = _lists(file, identified=identified)
    if not lists:
        return False
    place, elements = random.choice(lists)
    index = random.randint(0, len(elements))
    _shift_quotes(file, place)
    elements.insert(index, _identified(random) if identified else element(random))
    return True


def _drop(random: Random, file: File) -> bool:
    lists = [(place, node) for place, node in _lists(file, identified=random.random() < 0.5) if len(node) > 1]
    if not lists:
        return False
    place, elements = random.choice(lists)
    _shift_quotes(file, place)
    elements.pop(random.randrange(len(elements)))
    return True


def _replace(random: Random, file: File) -> bool:
    lists = _lists(file, identified=False)
    if not lists:
        return False
    place, elements = random.choice(lists)
    index = random.randrange(len(elements))
    file.quotes.pop((*place, index), None)
    elements[index] = element(random)
    return True


def _reorder_list(random: Random, file: File) -> bool:
    lists = [(place, node) for place, node in _lists(file, identified=True) if len(node) > 1]
    if not lists:
        return False
    place, elements = random.choice(lists)
    _shift_quotes(file, place)
    elements.append(elements.pop(random.randrange(len(elements) - 1)))
    return True


def _shift_quotes(file: File, place: Where) -> None:
    """Forget how the elements of a list are quoted and commented, which goes by their index."""
    for known in (file.quotes, file.comments):
        for one in [one for one in known if len(one) > len(place) and one[: len(place)] == place]:
            del known[one]


def _reorder(random: Random, file: File) -> bool:
    places = [place for place in _mappings(file) if len(_at(file, place)) > 1]  # type: ignore[arg-type]
    if not places:
        return False
    place = random.choice(places)
    holder = _at(file, place)
    assert isinstance(holder, dict)
    key = random.choice([key for key in holder if key != "name"])
    value = holder.pop(key)
    holder[key] = value
    return True


def _comment(random: Random, file: File) -> bool:
    if file.format == "json":
        return False
    place = random.choice(commentable(file))
    file.comments[place] = comment(random)
    return True


def _respell(random: Random, file: File) -> bool:
    if file.format != "yaml" or not (places := texts(file)):
        return False
    place = random.choice(places)
    file.quotes[place] = "'" if file.quotes.get(place) == '"' else '"'
    return True


def _empty(random: Random, file: File) -> bool:
    if _is_text_only(file):
        return False
    places = _members(file)
    if not places:
        return False
    place = random.choice(places)
    file.moved(place, None)
    _put(file, place, random.choice([{}, [], None, ""]))
    return True


def _another_document(random: Random, file: File) -> bool:
    if file.format != "yaml" or random.random() < 0.8:
        return False
    file.documents.append(_mapping(random, 1))
    return True


EDITS: list[tuple[str, Callable[[Random, File], bool]]] = [
    ("change", _change), ("change", _change), ("change", _change), ("add", _add), ("add", _add), ("remove", _remove),
    ("rename", _rename), ("insert", _insert), ("drop", _drop), ("replace", _replace), ("move", _reorder_list),
    ("reorder", _reorder), ("comment", _comment), ("respell", _respell), ("empty", _empty),
    ("document", _another_document),
]  # fmt: skip
