"""The three-way merge of values: the table of its rules, and laws on random trees."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leafseal.document.scalars import Timestamp
from leafseal.document.values import ABSENT, equal
from leafseal.git.three_way import VIRTUAL, Conflict, merge

SCALARS = st.sampled_from(
    [0, 1, "1", 1.0, True, False, None, "", "x", b"\xff", Timestamp("2024-01-01T00:00:00Z"), float("nan")]
)
NAMED = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from("abcd")}, optional={"value": SCALARS}),
    unique_by=lambda element: element["name"],
    max_size=4,
)
TREES = st.recursive(
    SCALARS | NAMED,
    lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=3) | st.lists(inner, max_size=3),
    max_leaves=10,
)
ROOTS = st.dictionaries(st.sampled_from("abcd"), TREES, max_size=4)
FILES = st.lists(ROOTS, min_size=1, max_size=2)


def merged(base: object, ours: object, theirs: object) -> object:
    """Return what comes of one document, which has no conflict."""
    found = merge([base], [ours], [theirs])
    assert found.conflicts == []
    return found.documents[0]


def conflicts(base: object, ours: object, theirs: object) -> list[str]:
    found = merge([] if base is ABSENT else [base], [ours], [theirs])
    return [conflict.pointer for conflict in found.conflicts]


@settings(max_examples=40)
@given(FILES, FILES)
def test_one_sided_changes_are_taken(base: list[object], changed: list[object]) -> None:
    for sides in ((base, base, changed), (base, changed, base), (base, changed, changed)):
        found = merge(*sides)
        assert found.conflicts == []
        assert equal(found.documents, changed)


@settings(max_examples=40)
@given(FILES, FILES, FILES)
def test_sides_commute(base: list[object], ours: list[object], theirs: list[object]) -> None:
    one, other = merge(base, ours, theirs), merge(base, theirs, ours)
    assert sorted(c.pointer for c in one.conflicts) == sorted(c.pointer for c in other.conflicts)
    if not one.conflicts:
        assert equal(unordered(one.documents), unordered(other.documents))


def unordered(value: object) -> object:
    """Return a value with lists that are merged by name as mappings: additions in one gap come in either order."""
    if isinstance(value, dict):
        return {name: unordered(member) for name, member in value.items()}
    if isinstance(value, list):
        elements = [unordered(element) for element in value]
        if elements and all(isinstance(element, dict) and "name" in element for element in elements):
            return {str(element["name"]): element for element in elements}  # type: ignore[index]
        return elements
    return value


@settings(max_examples=40)
@given(FILES, FILES, FILES)
def test_what_is_merged_again_with_theirs_stays(base: list[object], ours: list[object], theirs: list[object]) -> None:
    first = merge(base, ours, theirs)
    if not first.conflicts:
        again = merge(theirs, first.documents, theirs)
        assert equal(again.documents, first.documents)


@settings(max_examples=40)
@given(FILES, FILES, FILES)
def test_deciding_for_a_side_gives_its_value_at_every_conflict(
    base: list[object], ours: list[object], theirs: list[object]
) -> None:
    first = merge(base, ours, theirs)
    other = merge(base, ours, theirs, lambda conflict: conflict.theirs)
    assert [c.pointer for c in first.conflicts] == [c.pointer for c in other.conflicts]


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "result"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, {"a": 3}, {"a": 3, "b": 2}),
        ({"a": 1, "b": 2}, {"a": 1}, {"b": 2}, {}),
        ({"a": 1}, {}, {}, {}),
        ({"a": "1"}, {"a": 1}, {"a": "1"}, {"a": 1}),
        ({"a": True}, {"a": True}, {"a": 1}, {"a": 1}),
        ({"a": None}, {"a": None}, {"a": ""}, {"a": ""}),
        ({}, {"db": {"a": 1}}, {"db": {"b": 2}}, {"db": {"a": 1, "b": 2}}),
        ({"db": 1}, {"db": {"a": 1}}, {"db": {"b": 2}}, {"db": {"a": 1, "b": 2}}),
        ({"db": {"a": 1, "b": 2}}, {"db": {"a": 1}}, {"db": {"b": 2}}, {"db": {}}),
        # by position
        ({"l": [1, 2, 3]}, {"l": [0, 1, 2, 3]}, {"l": [1, 2, 3, 4]}, {"l": [0, 1, 2, 3, 4]}),
        ({"l": ["a", "b"]}, {"l": ["x", "b"]}, {"l": ["a", "y"]}, {"l": ["x", "y"]}),
        ({"l": [{"p": 1, "q": 1}]}, {"l": [{"p": 2, "q": 1}]}, {"l": [{"p": 1, "q": 2}]}, {"l": [{"p": 2, "q": 2}]}),
        ({"l": [1, 2, 3]}, {"l": [1, 3]}, {"l": [1, 2, 3, 4]}, {"l": [1, 3, 4]}),
        # by identity
        (
            {"e": [{"name": "A", "value": 1}, {"name": "B", "value": 1}]},
            {"e": [{"name": "A", "value": 2}, {"name": "B", "value": 1}]},
            {"e": [{"name": "B", "value": 3}]},
            None,
        ),
        (
            {"e": [{"name": "A", "v": 1}, {"name": "B", "v": 1}]},
            {"e": [{"name": "B", "v": 1}, {"name": "A", "v": 1}]},
            {"e": [{"name": "A", "v": 1}, {"name": "B", "v": 2}, {"name": "C", "v": 3}]},
            {"e": [{"name": "B", "v": 2}, {"name": "C", "v": 3}, {"name": "A", "v": 1}]},
        ),
    ],
)
def test_clean_merges(base: object, ours: object, theirs: object, result: object) -> None:
    if result is None:
        assert conflicts(base, ours, theirs) == ["/e/name=A"]
        return
    assert equal(merged(base, ours, theirs), result)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "where"),
    [
        ({"a": 1}, {"a": 2}, {"a": 3}, ["/a"]),
        ({"a": 1}, {"a": 2}, {}, ["/a"]),
        ({"db": {"p": 1, "q": 1}}, {}, {"db": {"p": 2, "q": 1}}, ["/db"]),
        ({}, {"a": 1}, {"a": 1.0}, ["/a"]),
        ({}, {"a": {}}, {"a": []}, ["/a"]),
        ({"a": 1}, {"a": {"b": 1}}, {"a": 2}, ["/a"]),
        (ABSENT, {"a": 1, "b": 1}, {"a": 2, "c": 1}, ["/a"]),
        ({"l": [1]}, {"l": [1, 2]}, {"l": [1, 3]}, ["/l"]),
        ({"l": [1, 2]}, {"l": [5, 2]}, {"l": [6, 2]}, ["/l"]),
        ({"l": [{"p": 1}]}, {"l": [{"p": 2}]}, {"l": [{"p": 3}]}, ["/l/0/p"]),
        ({"a/b": 1, "c~": {"d": 1}}, {"a/b": 2, "c~": {"d": 2}}, {"a/b": 3, "c~": {"d": 3}}, ["/a~1b", "/c~0/d"]),
        (
            {"e": [{"name": "A", "v": 1}]},
            {"e": [{"name": "A", "v": 2}]},
            {"e": [{"name": "A", "v": 3}]},
            ["/e/name=A/v"],
        ),
    ],
)
def test_conflicts(base: object, ours: object, theirs: object, where: list[str]) -> None:
    assert conflicts(base, ours, theirs) == where


def test_a_conflict_is_ours_and_says_what_happened() -> None:
    found = merge([{"a": 1, "b": 1, "c": 1}], [{"a": 2, "c": 2, "n": 1}], [{"a": 3, "b": 2}])
    assert equal(found.documents, [{"a": 2, "c": 2, "n": 1}])
    assert {c.pointer: c.kind for c in found.conflicts} == {
        "/a": "changed on both sides",
        "/b": "removed by us, changed by them",
        "/c": "changed by us, removed by them",
    }
    assert {c.pointer: c.renamed for c in found.conflicts} == {"/a": None, "/b": ("n",), "/c": None}


def test_no_traceback_shows_a_value() -> None:
    found = merge([{"a": "s3cret-base"}], [{"a": "s3cret-ours"}], [{"a": "s3cret-theirs"}])
    assert "s3cret" not in f"{found!r} {found.conflicts!r}"


def test_documents() -> None:
    one, two, three = {"a": 1}, {"b": 1}, {"c": 1}
    assert merge([one, two], [one, two], [one, two, three]).documents == [one, two, three]
    found = merge([one, two], [one, three, two], [one])
    assert [c.pointer for c in found.conflicts] == ["/#documents"]
    found = merge([one, two], [one, {"b": 2}], [one, {"b": 3}])
    assert [c.pointer for c in found.conflicts] == ["#2/b"]


def kubernetes(name: str, **data: object) -> dict[str, object]:
    return {"kind": "Secret", "metadata": {"name": name}, "data": data}


def test_documents_of_kubernetes_are_known_by_kind_and_name() -> None:
    base = [kubernetes("a", x=1), kubernetes("b", x=1)]
    ours = [kubernetes("b", x=1), kubernetes("a", x=2)]
    theirs = [kubernetes("a", x=1), kubernetes("n"), kubernetes("b", x=3)]
    found = merge(base, ours, theirs)
    assert found.conflicts == []
    assert equal(found.documents, [kubernetes("b", x=3), kubernetes("a", x=2), kubernetes("n")])


def test_conflicts_tell_the_number_of_a_document_in_the_result() -> None:
    base = [kubernetes("a", x=1), kubernetes("b", x=1)]
    theirs = [kubernetes("new"), kubernetes("a", x=1), kubernetes("b", x=3)]
    found = merge(base, [kubernetes("a", x=1), kubernetes("b", x=2)], theirs)
    assert [c.pointer for c in found.conflicts] == ["#3/data/x"]
    assert equal(found.documents[2], kubernetes("b", x=2))


def fresh(conflict: Conflict) -> object:
    return f"{VIRTUAL}{conflict.pointer}"


@pytest.mark.parametrize("kept", [True, False])
def test_ancestors_that_conflict_are_known_again(kept: bool) -> None:
    """Both answers that Git has for it, ours and the older one, lose a change without a word in one of these."""
    base = merge([{"api": "k"}], [{"api": "l"}], [{"api": "r"}], fresh).documents
    if kept:
        assert [c.pointer for c in merge(base, [{"api": "l"}], [{"api": "r"}]).conflicts] == ["/api"]
    else:
        assert merge(base, [{"api": "m"}], [{"api": "m"}]).documents == [{"api": "m"}]
        assert [c.pointer for c in merge(base, [{"api": "m"}], [{"api": "k"}]).conflicts] == ["/api"]


def test_members_do_not_come_back_below_an_ancestor_that_conflicts() -> None:
    base = [{"db": f"{VIRTUAL}0"}]
    assert [c.pointer for c in merge(base, [{"db": {"p": 1}}], [{"db": {"p": 1, "q": 1}}]).conflicts] == ["/db"]
