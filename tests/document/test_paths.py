"""Path expressions in their three spellings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leafseal.display import visible
from leafseal.document.paths import format_path, path_resolver, resolve_path
from leafseal.errors import PathError

SPELLINGS = [
    ('["db"]["password"][0]', ("db", "password", 0)),
    ("['db']", ("db",)),
    ("['db\"]", ("db",)),
    ('[""]', ("",)),
    ('["a.b/c~d"]', ("a.b/c~d",)),
    ('["a"]b"]', ('a"]b',)),
    ('["it\'s"]', ("it's",)),
    ('["a[b"]', ("a[b",)),
    ("[0][12]", (0, 12)),
    ("[+1]", (1,)),
    ("/db/password/0", ("db", "password", 0)),
    ("/", ("",)),
    ("/a~1b/c~0d/~01", ("a/b", "c~d", "~1")),
    ("/00/-", ("00", "-")),
    ("db", ("db",)),
    ("db.password", ("db", "password")),
    ("db.password[0]", ("db", "password", 0)),
    ("db[0][1].x", ("db", 0, 1, "x")),
    ('db["a.b"].c', ("db", "a.b", "c")),
    ('["a.b"].c', ("a.b", "c")),
    ("servers.0", ("servers", "0")),
    ("a b", ("a b",)),
    ("", ()),
]


@pytest.mark.parametrize(("text", "locator"), SPELLINGS)
def test_spellings(text, locator):
    assert resolve_path(text, []) == locator


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        '["]',
        "[-1]",
        "[x]",
        '["a"',
        '["a]',
        '"a"]',
        '["a"]b',
        '["a"] ["b"]',
        ".a",
        "a.",
        "a..b",
        "a.[0]",
        "a[",
        "a[x]",
        "a[0]b",
        "/a~",
        "/a~2",
        "[0x1]",
        "[1.5]",
        "a[-1]",
    ],
)
def test_what_is_no_path_is_refused(text):
    with pytest.raises(PathError) as caught:
        resolve_path(text, [])
    assert caught.value.exit_code == 91
    with pytest.raises(PathError):
        resolve_path(text, [("a",)])


PLACES = [
    ("db", "password"),
    ("db", "ports", 0),
    ("db", "ports", 1),
    ("x.y", "z"),
    ("labels", "app.example.org/name"),
    ("labels", "app.example.org/part", 0),
    ("codes", "404"),
    ("both", "a.b"),
    ("both", "a", "b"),
    ("both", "a", "c"),
    ("p.q", "r"),
    ("p", "q.r"),
    ("m.n", "old"),
    ("m", "n", "old"),
    ("scalar",),
]


@pytest.mark.parametrize(
    ("text", "locator"),
    [
        ("db.password", ("db", "password")),
        ("db.ports[1]", ("db", "ports", 1)),
        ("db.ports.1", ("db", "ports", 1)),
        ("db.ports.2", ("db", "ports", 2)),
        ("/db/ports/2", ("db", "ports", 2)),
        ("x.y.z", ("x.y", "z")),
        ("x.y.new", ("x.y", "new")),
        ("x.new", ("x", "new")),
        ("labels.app.example.org/name", ("labels", "app.example.org/name")),
        ("labels.app.example.org/part[0]", ("labels", "app.example.org/part", 0)),
        ('labels["app.example.org/name"]', ("labels", "app.example.org/name")),
        ("labels['app.example.org/name']", ("labels", "app.example.org/name")),
        ("/labels/app.example.org~1name", ("labels", "app.example.org/name")),
        ("codes.404", ("codes", "404")),
        ("/codes/404", ("codes", "404")),
        ("/codes/500", ("codes", "500")),
        ("/new/0", ("new", 0)),
        ("both.a.c", ("both", "a", "c")),
        ('["both"]["a"]["b"]', ("both", "a", "b")),
        ("/both/a.b", ("both", "a.b")),
        ("new.thing", ("new", "thing")),
        ("new", ("new",)),
        ("scalar.below", ("scalar", "below")),
        ("", ()),
    ],
)
def test_dots_mean_what_the_document_has(text, locator):
    assert resolve_path(text, PLACES) == locator


def test_many_paths_are_read_with_one_look_at_the_places():
    resolve = path_resolver(iter(PLACES))
    assert [resolve(text) for text in ("x.y.z", "codes.404", "x.y.z")] == [("x.y", "z"), ("codes", "404"), ("x.y", "z")]


@pytest.mark.parametrize("text", ["both.a.b", "p.q.r", "m.n.new", "m.n"])
def test_two_readings_are_refused(text):
    with pytest.raises(PathError, match="can be") as caught:
        resolve_path(text, PLACES)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("locator", "text"),
    [
        (("db", "password", 0), "db.password[0]"),
        ((0, "a"), "[0].a"),
        (("a.b", "c"), '["a.b"].c'),
        (("a", 'say "x"'), "a['say \"x\"']"),
        (("", "/x"), '[""]["/x"]'),
        (("a\x1b[31m",), '["a\\x1b[31m"]'),
        (("a\u202e",), "a\\u202e"),
        (("\udcff",), "\\udcff"),
        ((), ""),
    ],
)
def test_paths_in_messages(locator, text):
    assert format_path(locator) == text


steps = st.one_of(
    st.integers(0, 10**6),
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=6).filter(
        lambda name: not (set("\"'") <= set(name)) and "]" not in name
    ),
    st.sampled_from(["a.b", "a/b", "~", "0", " x", "it's", '"', "[", "a.b[0]"]),
)
locators = st.lists(steps, min_size=1, max_size=5).map(tuple)


@given(locators)
def test_what_is_shown_can_be_read(locator):
    assert resolve_path(format_path(locator), []) == locator


@given(locators)
def test_pointers_lead_to_what_is_there(locator):
    pointer = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in locator)
    assert resolve_path(pointer, [locator]) == locator


@given(locators)
def test_dotted_paths_lead_to_what_is_there(locator):
    assert resolve_path(format_path(locator), [locator]) == locator


@given(st.text(max_size=20))
def test_names_print(name):
    assert visible(name).isprintable()
    assert not name.isprintable() or visible(name) == name
