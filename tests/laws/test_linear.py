"""Ten times as much of anything in a YAML file is at most twelve times the work: counted, because time is noise."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import pytest

from leafseal.crypto.token import Sealer
from leafseal.document import Leaf
from leafseal.document.lazy_pattern import LazyPattern
from leafseal.document.limits import DEFAULT_LIMITS
from leafseal.formats.yaml import YAMLDocument
from leafseal.formats.yaml.scan import scan
from leafseal.operations.edit import unmoved_comments
from leafseal.operations.layout import open_layout, seal_layout

from ..formats.fake_sealing import METADATA, sealable

MODULES = (
    "block_root",
    "comments",
    "containers",
    "edit",
    "metadata_block",
    "nodes",
    "properties",
    "scan",
    "seal",
    "style",
)

DEEP = "{m: [" * 9 + "v" + "]}" * 9
SEALER = Sealer(bytes(range(32)))

SHAPES: dict[str, Callable[[int], str]] = {
    "leaves": lambda n: "".join(f"k{i}: value {i}\n" for i in range(n)),
    "comments": lambda n: "".join(f"# about {i}\nk{i}: v\n" for i in range(n)),
    "comments at the ends of lines": lambda n: "".join(f"k{i}: v # about {i}\n" for i in range(n)),
    "comments in lists": lambda n: "l:\n" + "".join(f"  # about {i}\n  - v # {i}\n" for i in range(n)),
    "comments and CR": lambda n: "".join(f"# about {i}\rk{i}: v # {i}\r" for i in range(n)),
    "a run of comments": lambda n: "# about it\n" * n + "k: v\n",
    "comments that close blocks": lambda n: "".join(f"k{i}:\n  l:\n    m: v\n    # of m\n  # of l\n" for i in range(n)),
    "one comment at the end": lambda n: "".join(f"k{i}: |\n  v\n" for i in range(n)) + "# end\n",
    "block scalars": lambda n: "".join(f"k{i}: |\n  text {i}\n  more\n" for i in range(n)),
    "block scalars with comments": lambda n: "".join(f"k{i}: |+ # about {i}\n  text {i}\n\n" for i in range(n)),
    "folded values": lambda n: "".join(f"k{i}: text {i}\n  more\n" for i in range(n)),
    "odd spellings": lambda n: "".join(f"k{i}: [0x1F, 'x', \"caf\\u00e9\"]\n" for i in range(n)),
    "anchors": lambda n: "".join(f"k{i}: &a{i} v\n" for i in range(n)),
    "aliases": lambda n: "".join(f"a{i}: &a{i} v\nk{i}: *a{i}\n" for i in range(n)) + "z: v\n",
    "anchors of blocks": lambda n: "".join(f"k{i}: &a{i}\r  m: v\r" for i in range(n)),
    "aliases of blocks": lambda n: "".join(f"a{i}: &a{i}\n  m: v\nk{i}: *a{i}\n" for i in range(n)) + "z: v\n",
    "tags": lambda n: "".join(f"k{i}: !!str # why\n  5\n" for i in range(n)),
    "nesting": lambda n: "".join(f"k{i}:\n" + "".join(" " * d + "m:\n" for d in range(1, 20)) for i in range(n)),
    "lists in lists": lambda n: "l:\n" + "".join(f"  - - - v{i}\n" for i in range(n)),
    "mappings in lists": lambda n: "l:\n" + "".join(f"  - k: v{i}\n    m: v\n" for i in range(n)),
    "documents": lambda n: "---\n".join(f"k{i}: v\n" for i in range(n)),
    "documents with comments": lambda n: "---\n".join(f"# {i}\nk{i}: 0x1F # {i}\n" for i in range(n)),
    "documents that are null": lambda n: "".join("--- ~\r" for _ in range(n)),
    "documents in flow style": lambda n: "".join(f"--- {{k{i}: v}}\n" for i in range(n)),
    "pairs in flow style in CR LF": lambda n: "".join(f"--- {{k{i}: 'v', # {i}\r\n l: [w]}}\r\n" for i in range(n)),
    "lines that stand in": lambda n: "".join(f"  k{i}: |\n    v\n\n" for i in range(n)),
    "documents that stand in": lambda n: "".join(f"---\n  k{i}:\n    l: v\n" for i in range(n)),
    "nesting in flow style": lambda n: (
        "{" + "".join(f"k{i}: " + "{m: [" * 9 + "v" + "]}" * 9 + ", " for i in range(n)) + "}"
    ),
    "aliases in flow style": lambda n: "{" + "".join(f"a{i}: &a{i} v, k{i}: *a{i} , " for i in range(n)) + "z: v}\n",
    "a long line": lambda n: "k: [" + ", ".join(f"v{i}" for i in range(n)) + "]\n",
    "a long line of pairs": lambda n: "{" + ", ".join(f"k{i}: v" for i in range(n)) + "}",
    "long lines": lambda n: "".join(f"k{i}: {'text ' * 40}\n" for i in range(n)),
    "comments in flow style": lambda n: "k: [\n" + "".join(f"  v{i}, # about {i}\n" for i in range(n)) + "]\n",
    "question marks": lambda n: "".join(f"? k{i}\n: v\n" for i in range(n)),
    "blank lines": lambda n: "".join(f"k{i}: v\n\n\n" for i in range(n)),
    "blank lines in a row": lambda n: "k: v\n" + "\n" * n + "m: v # why\n",
    "CR LF": lambda n: "".join(f"k{i}: |\r\n  v\r\n  w\r\n# why\r\n" for i in range(n)),
}


class Work:
    """What was looked at: characters by searches and slices, and calls."""

    def __init__(self) -> None:
        self.characters = 0
        self.calls = 0

    @contextmanager
    def counted(self) -> Iterator[None]:
        def count(_frame: object, event: str, _argument: object) -> None:
            self.calls += event in ("call", "c_call")

        before = sys.getprofile()
        sys.setprofile(count)
        try:
            yield
        finally:
            sys.setprofile(before)


def watched(text: str, work: Work) -> str:
    """Return a text that counts what is looked at in it."""

    class Watched(str):
        __slots__ = ()

        def __getitem__(self, index: Any) -> str:
            found = str.__getitem__(self, index)
            work.characters += len(found)
            return found

        def __contains__(self, part: object) -> bool:
            return self.find(str(part)) >= 0

        def find(self, part: str, start: Any = 0, end: Any = None) -> int:
            stop = len(self) if end is None else end
            at = str.find(self, part, start, stop)
            work.characters += max(0, (stop if at < 0 else at) - start) + 1
            return at

        def rfind(self, part: str, start: Any = 0, end: Any = None) -> int:
            stop = len(self) if end is None else end
            at = str.rfind(self, part, start, stop)
            work.characters += max(0, stop - (start if at < 0 else at)) + 1
            return at

        def count(self, part: str, start: Any = 0, end: Any = None) -> int:
            work.characters += (len(self) if end is None else end) - start
            return str.count(self, part, start, len(self) if end is None else end)

        index = rindex = partition = rpartition = split = splitlines = replace = strip = None  # type: ignore[assignment]

    return Watched(text)


class WatchedPattern:
    """A regular expression that counts what it looks at in a whole file."""

    def __init__(self, pattern: Any, work: Work) -> None:
        self._pattern = pattern
        self._work = work

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pattern, name)

    def match(self, text: str, pos: int = 0, end: int = sys.maxsize) -> Any:
        found = self._pattern.match(text, pos, end)
        self._work.characters += found.end() - pos if found else 1
        return found

    def search(self, text: str, pos: int = 0, end: int = sys.maxsize) -> Any:
        found = self._pattern.search(text, pos, end)
        self._work.characters += (found.end() if found else min(end, len(text))) - pos
        return found


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    """Count in all modules that read YAML files for leaves."""
    counted = Work()
    for name in MODULES:
        module = import_module(f"leafseal.formats.yaml.{name}")
        for attribute, value in list(vars(module).items()):
            if isinstance(value, LazyPattern):
                monkeypatch.setattr(module, attribute, WatchedPattern(value, counted))
    return counted


def token(index: int, leaf: Leaf) -> str:
    return f"ENC[AES256_GCM,data:{index:08},iv:aXY=,tag:dGFn,type:{'comment' if leaf.is_comment else 'str'}]"


def everything(text: str, work: Work) -> None:
    """Seal a file, open it, set and unset its last value."""

    def read(source: str) -> YAMLDocument:
        seen = watched(source, work)
        return YAMLDocument(seen, scan(seen, DEFAULT_LIMITS))

    with work.counted():
        plain = read(text)
        tokens = [(leaf, token(index, leaf)) for index, leaf in enumerate(sealable(plain))]
        edits, spellings = plain.seal_edits(tokens)
        ours = {"root": plain.remember().get("root", {}), "spelling": {f"t{i}": "x" for i, _ in enumerate(spellings)}}
        sealed = read(plain.rewrite(edits, {**METADATA, "leafseal": ours}).decode())
        held = {name: leaf.value for leaf, name in tokens}
        opened = [(leaf, held[leaf.value]) for leaf in sealed.leaves() if leaf.value in held]  # type: ignore[index]
        back = sealed.rewrite(sealed.open_edits(opened, dict(spellings)), None).decode()  # type: ignore[arg-type]
        sealed.rewrite(sealed.open_edits(opened, {}), METADATA)  # type: ignore[arg-type]
        first = [
            leaf
            for leaf in plain.leaves()
            if leaf.document == 0 and leaf.locator and not leaf.is_comment and leaf.style != "*"
        ]
        if first:
            edits = plain.unset_edits(first[-1].locator)
            unmoved_comments(plain, read(plain.rewrite(edits).decode()), edits)
        plain.rewrite(plain.set_edits(("new",), {"l": ["v"]}))
        if (laid_out := plain.laid_out()) is not None:
            parts = seal_layout(plain, laid_out, SEALER)
            assert open_layout(laid_out, parts, SEALER, lambda data: read(data.decode())).text == text
    assert back == text


@pytest.mark.parametrize("shape", SHAPES)
def test_ten_times_as_much_is_at_most_twelve_times_the_work(shape: str, work: Work) -> None:
    everything(SHAPES[shape](1), work)  # what is compiled and imported once
    done = []
    for size in (50, 500):
        work.characters = work.calls = 0
        everything(SHAPES[shape](size), work)
        done.append((work.characters, work.calls))
    (few_characters, few_calls), (many_characters, many_calls) = done
    assert many_characters <= 12 * few_characters
    assert many_calls <= 12 * few_calls
