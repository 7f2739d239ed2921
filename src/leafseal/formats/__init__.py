"""The formats: everything that other code knows of one stands in its row here.

A format's module is imported when a file needs it. To add a format, write its module and a row: docs/contributing.md.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Protocol, cast

from leafseal.document import Document, Leaf
from leafseal.document.frozen import NamedTuple
from leafseal.document.limits import DEFAULT_READ, Limits, ReadOptions
from leafseal.document.tree import MappingNode, Node
from leafseal.errors import FormatError, UsageError


class Format(NamedTuple):
    """A format: where its code is, what its files are called, and what it can hold."""

    name: str

    module: str
    """It offers `parse`, a `Parser`, `emit(documents, *, indent)`, and `emit_node` where a value can stand alone."""

    store: str
    """Its name below `stores` in a configuration file (sops-cli §1.5)."""

    template: bytes
    """What the editor shows in a file that is not there yet."""

    suffixes: tuple[str, ...] = ()

    prefixes: tuple[str, ...] = ()
    """How the names of such files begin, where the end says something else: `.env.production`."""

    least_indent: int | None = None
    """The smallest indentation that a configuration may ask for; -1 is a tab. None: the format has none."""

    is_text_only: bool = False
    """Whether every value is text, numbers too."""

    needs_document: bool = False
    """Whether an empty file is not one of this format, because it has no document."""

    has_list_comments: bool = False
    """Whether an encrypted comment may stand as a member of a list (sops-format §6.1)."""

    seals_tails: bool = False
    """Whether a comment on the line of a sealed value is sealed with it, because other readers take it for its end."""

    has_other_readers: bool = False
    """Whether there are programs that read some values of such files differently than SOPS does."""

    ambiguities: str = ""
    """The module that offers `ambiguous(document)`, where readers differ about some plain files."""

    has_marks: bool = False
    """Whether what Windows adds to a file, CR before line breaks and a byte order mark, would be text of values."""

    is_read_by_shells: bool = False
    """Whether people have shells read such files, for which a name can be a command."""

    unwritten: str | None = None
    """The name of a mapping that SOPS has in every such file, also where nothing of it is written."""

    reserved_prefix: str = ""
    """How the names of metadata begin, where it does not stand below the one name `sops`."""

    tree_format: str = ""
    """The format of encrypted files, where a file of this one is a single value and no tree."""


class Ambiguous(NamedTuple):
    """Values that not every reader takes for the same, and a sentence about them with `{}` for their places."""

    what: str
    leaves: Sequence[Leaf]
    notes: Sequence[str] = ()
    """What readers differ about, for each of the values."""


_NOTE = b"# Write your values here; they are encrypted when you save and close.\n"

FORMATS: Mapping[str, Format] = {
    one.name: one
    for one in (
        Format(
            name="yaml",
            module="leafseal.formats.yaml",
            store="yaml",
            template=_NOTE + b"example_key: example_value\n",
            suffixes=(".yaml", ".yml"),
            least_indent=0,
            needs_document=True,
            ambiguities="leafseal.formats.yaml.ambiguous",
            has_list_comments=True,
        ),
        Format(
            name="json",
            module="leafseal.formats.json",
            store="json",
            template=b'{\n\t"example_key": "example_value"\n}\n',
            suffixes=(".json",),
            ambiguities="leafseal.formats.json.ambiguous",
            least_indent=-1,
        ),
        Format(
            name="dotenv",
            module="leafseal.formats.dotenv",
            store="dotenv",
            template=_NOTE + b"EXAMPLE_KEY=example_value\n",
            suffixes=(".env",),
            prefixes=(".env.",),
            is_text_only=True,
            ambiguities="leafseal.formats.dotenv_readers",
            has_marks=True,
            is_read_by_shells=True,
            reserved_prefix="sops_",
        ),
        Format(
            name="ini",
            module="leafseal.formats.ini",
            store="ini",
            template=b"[section]\nexample_key = example_value\n",
            suffixes=(".ini",),
            is_text_only=True,
            seals_tails=True,
            has_other_readers=True,
            unwritten="DEFAULT",
        ),
        Format(
            name="binary",
            module="leafseal.formats.binary",
            store="json_binary",
            template=b"Write your text here; it is encrypted when you save and close.\n",
            least_indent=-1,
            tree_format="json",
        ),
    )
}
"""By name, in the order in which messages and completion list them."""

ANY_BYTES = "binary"
"""The format that any bytes are a file of."""


class Parser(Protocol):
    """What a format's module offers as `parse`."""

    def __call__(
        self, data: bytes, limits: Limits = ..., *, sealed: bool = ..., allow_duplicates: bool = ...
    ) -> Document:
        """Scan a file. `sealed` says that it should be a SOPS file; only binary needs to know."""
        ...


def format_of(name: str) -> str:
    """Return the format that SOPS takes a name for: by suffix, case-sensitive, `ANY_BYTES` for all others."""
    return next((one.name for one in FORMATS.values() if name.endswith(one.suffixes)), ANY_BYTES)


def recognize(name: str, sealed: bytes | None = None) -> str:
    """Return the format of a file: as SOPS takes its name; else as `sealed`, its content, tells; else as people do.

    Without `sealed` it is a plain file, whose content tells nothing.
    """
    if (known := format_of(name)) != ANY_BYTES:
        return known
    from leafseal.formats import recognition  # most names need it not

    return (recognition.by_content(sealed) if sealed else None) or recognition.by_name(name)


def parse(
    data: bytes,
    format_name: str,
    read: ReadOptions = DEFAULT_READ,
    *,
    sealed: bool = False,
) -> Document:
    """Scan a file of the named format. Raises `FormatError` when the bytes are not that format."""
    module = _module(format_name)
    marks = {"marks_are_text": True} if read.marks_are_text and FORMATS[format_name].has_marks else {}
    if len(data) > read.limits.file_bytes:
        raise FormatError(
            f"larger than {read.limits.file_bytes} bytes", hint="raise the limit with --max-file-size if this is meant"
        ).over("file_bytes")
    try:
        return cast(Parser, module.parse)(
            data, read.limits, sealed=sealed, allow_duplicates=read.allow_duplicates, **marks
        )
    except FormatError as error:
        from leafseal.formats.faults import explained

        fault = explained(error, data)
    raise fault


def emit(
    documents: Sequence[MappingNode], format_name: str, *, indent: int | None = None, for_shells: bool = False
) -> bytes:
    """Return trees as a new file of the named format, as SOPS writes it. Raises `EmitError` for what it cannot hold.

    With `for_shells`, which SOPS has not, what a shell would run or expand is quoted in a format that shells read.
    """
    quoting = {"for_shells": True} if for_shells and FORMATS[format_name].is_read_by_shells else {}
    return cast(bytes, _module(format_name).emit(documents, indent=indent, **quoting))


def emit_node(node: Node, format_name: str, *, indent: int | None = None) -> bytes | None:
    """Return a value by itself as the named format writes it; None for a format that has no such thing."""
    write = getattr(_module(format_name), "emit_node", None)
    return None if write is None else cast(bytes, write(node, indent=indent))


def ambiguous(document: Document) -> Sequence[Ambiguous]:
    """Return what not every reader of a plain file takes for the same value."""
    module = FORMATS[document.format].ambiguities
    return cast(Sequence[Ambiguous], importlib.import_module(module).ambiguous(document)) if module else ()


def _module(format_name: str) -> ModuleType:
    if format_name not in FORMATS:
        raise UsageError(f"unknown format {format_name}", hint=f"one of {', '.join(FORMATS)}")
    return importlib.import_module(FORMATS[format_name].module)
