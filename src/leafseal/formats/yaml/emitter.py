"""YAML as SOPS writes it: scalars, whole documents, and the metadata block (sops-format §6.1, "Emission").

Files that are sealed or opened are never emitted, they are edited in place. Emission is for conversion from another
format, for values that are set, and for the metadata. The functions that write one style apiece serve the edits too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from leafseal.document.lazy_pattern import LazyPattern
from leafseal.document.scalars import Scalar, Timestamp, yaml_float_text
from leafseal.document.tree import Comment, ListNode, MappingNode, Node, from_python
from leafseal.errors import EmitError
from leafseal.formats.yaml.lines import BREAK
from leafseal.formats.yaml.scalars import UNPRINTABLE, is_plain_safe, is_plain_string

DEFAULT_INDENT = 4


def emit(documents: Sequence[MappingNode], *, indent: int | None = None) -> bytes:
    """Return the documents as a YAML file in block style.

    `indent` counts the columns of a level; None and 0 stand for 4, and what is below 2 or above 9 counts as 2.
    Raises `EmitError` for a comment that YAML cannot hold.
    """
    step = _step(indent)
    return "---\n".join([emit_document(root, step) for root in documents]).encode()


def emit_document(root: MappingNode, indent: int) -> str:
    """Return one document in block style, `{}` where it has no members."""
    writer = _Writer(_step(indent))
    writer.root(root)
    return writer.text()


def emit_node(node: Node, *, indent: int | None = None) -> bytes:
    """Return a value by itself, as it stands below a key of a document."""
    whole = emit([MappingNode([("x", node)])], indent=indent).decode("utf-8", "surrogateescape")
    head, _, rest = whole.partition("\n")
    if head != "x:":
        return whole.removeprefix("x: ").encode("utf-8", "surrogateescape")
    margin = len(rest) - len(rest.lstrip(" "))
    return "\n".join(line[margin:] for line in rest.split("\n")).encode("utf-8", "surrogateescape")


def emit_mapping_block(
    key: str, mapping: Mapping[str, object], *, column: int, indent: int = DEFAULT_INDENT, newline: str = "\n"
) -> str:
    """Return `key` with a nested mapping below, all of it shifted to `column`; the last line has its break too."""
    writer = _Writer(_step(indent))
    writer.root(MappingNode([(key, from_python(mapping))]))
    text = writer.text()
    if column:
        text = re.sub("^(?=.)", " " * column, text, flags=re.MULTILINE)
    return text if newline == "\n" else text.replace("\n", newline)


def emit_block(node: MappingNode | ListNode, *, indent: int, list_indent: int) -> str:
    """Return a mapping or list with members as lines at column 0.

    `indent` is how far a mapping stands in from its key, `list_indent` how far a list does.
    """
    writer = _Writer(_step(indent), list_indent)
    writer.block(node)
    return writer.text()


def flow_json(mapping: Mapping[str, object]) -> str:
    """Return a nested mapping as one line that is JSON and, inside a flow mapping, YAML as well.

    Timestamps become text. Raises `EmitError` for bytes, which JSON does not know.
    """
    import json  # for flow mappings alone

    text: str = json.dumps(mapping, ensure_ascii=False, default=_time_text)
    # Readers of YAML refuse these characters raw, and JSON's pairs of surrogate escapes: above U+FFFF stays raw.
    return str(_UNFIT_FOR_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text))


_UNFIT_FOR_JSON = LazyPattern(f"[\u2028\u2029{UNPRINTABLE}]")


def _time_text(value: object) -> str:
    if isinstance(value, Timestamp):
        return value.text
    raise EmitError("the metadata of a flow mapping can contain only what JSON can")


def _step(indent: int | None) -> int:
    if indent is not None and indent < 0:
        raise EmitError("the indentation of YAML cannot be negative")
    if not indent:
        return DEFAULT_INDENT
    return indent if 2 <= indent <= 9 else 2


# --- Scalars


class Verbatim(str):
    """The text of a value that is written as it is."""

    __slots__ = ()


def scalar_text(value: Scalar | None, *, indent: int, column: int = 0, flow: bool = False, key: bool = False) -> str:
    """Return a value as SOPS writes it, without a line break at the end.

    The lines of a literal block stand at the column `indent`; `column` is that of the key or dash that holds it. In
    flow context (`flow`) and as a key before a colon (`key`) a value stays on one line.
    """
    if isinstance(value, Verbatim):
        return str(value)
    if isinstance(value, str):
        return _string_text(value, indent, column, one_line=flow or key, flow=flow)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if value.__class__ is float:  # others know their text
        return _FLOAT_WORDS.get(text := yaml_float_text(value), text)
    if isinstance(value, bytes):
        return _binary_text(value, indent, column, one_line=flow or key)
    return str(value)


_FLOAT_WORDS = {"+Inf": ".inf", "-Inf": "-.inf", "NaN": ".nan"}


def _string_text(text: str, indent: int, column: int, *, one_line: bool, flow: bool) -> str:
    """Choose the style of a string by the five rules of sops-format §6.1."""
    if not flow and _PLAIN_AT_ONCE.fullmatch(text):
        return text
    if _ENCODED.search(text):
        return _binary_text(_raw_bytes(text), indent, column, one_line=one_line)
    if "\n" in text:
        if one_line or not is_literal_safe(text) or _ABOVE_FFFF.search(text):
            return quote_double(text, raw=False)
        return literal(text, indent, column=column)
    if not is_plain_string(text):
        return quote_double(text)
    if text == "<<":
        return "!!merge <<"
    if _UNQUOTABLE.search(text):
        return quote_double(text, raw=False)
    return text if is_plain_safe(text, flow=flow) else quote_single(text)


# Most strings, tokens among them: the first letter begins no word of another type, nothing inside needs a second look.
_PLAIN_AT_ONCE = re.compile(r"[A-EG-MP-SU-XZa-eg-mp-su-xz][\w/.+=@$()\[\],-]*(?::[\w/.+=@$()\[\],-]+)*", re.ASCII)
_ENCODED = LazyPattern("[\ud800-\udfff]")
_ABOVE_FFFF = LazyPattern("[\U00010000-\U0010ffff]")
_UNQUOTABLE = LazyPattern(f"[\t\u2028\u2029{UNPRINTABLE}\U00010000-\U0010ffff]")


def _raw_bytes(text: str) -> bytes:
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        raise EmitError("a text contains half of a surrogate pair") from None


def _binary_text(data: bytes, indent: int, column: int, *, one_line: bool) -> str:
    import base64  # strings that are not UTF-8 are rare

    packed = base64.b64encode(data).decode()
    if one_line or len(packed) <= 70:
        return f"!!binary {packed}"
    lines = [packed[start : start + 70] for start in range(0, len(packed), 70)]
    return "!!binary " + literal("\n".join(lines) + "\n", indent, column=column)


# --- One style apiece


def quote_double(text: str, *, raw: bool = True) -> str:
    r"""Return `text` in double quotes, on one line: `\`, `"` and what does not print are escaped.

    SOPS escapes what lies above U+FFFF as well: that is `raw=False`.
    """
    return f'"{(_ESCAPED if raw else _ESCAPED_BY_SOPS).sub(_escape, text)}"'


_ESCAPED = LazyPattern(f'["\\\\\t\n\u2028\u2029{UNPRINTABLE}]')
_ESCAPED_BY_SOPS = LazyPattern(f'["\\\\\t\n\u2028\u2029{UNPRINTABLE}\U00010000-\U0010ffff]')
_ESCAPES = {
    "\0": "\\0", "\a": "\\a", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r",
    "\x1b": "\\e", '"': '\\"', "\\": "\\\\", "\x85": "\\N", "\u2028": "\\L", "\u2029": "\\P",
}  # fmt: skip


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if character in _ESCAPES:
        return _ESCAPES[character]
    code = ord(character)
    return f"\\x{code:02X}" if code < 0x100 else f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


def quote_single(text: str) -> str:
    """Return `text` in single quotes, which can hold it where it prints and has no line break."""
    return "'" + text.replace("'", "''") + "'"


def literal(text: str, indent: int, *, column: int = 0) -> str:
    """Return `text` as a literal block with its lines at `indent`, below a key or dash at `column`.

    `is_literal_safe` tells whether a block can hold it.
    """
    # SOPS writes the indentation of a level here, which in lists is not the one in use: the value would not read back.
    digit = str(indent - column) if text[:1] in ("", " ", "\n") else ""
    return f"|{digit}{chomping(text)}\n{block_body(text, indent)}"


def chomping(text: str) -> str:
    """Return what the header of a block with `text` says of line breaks at its end: `-`, `+` or nothing."""
    if not text.endswith("\n"):
        return "-"
    return "+" if text == "\n" or text.endswith("\n\n") else ""


def block_body(text: str, indent: int, *, newline: str = "\n") -> str:
    """Return the lines of a literal block, each at `indent` and empty ones empty, without the last line break."""
    pad = " " * indent
    lines = text.removesuffix("\n").split("\n")
    return newline.join([pad + line if line else "" for line in lines])


def is_literal_safe(text: str) -> bool:
    """Tell whether SOPS would write `text`, which has a line break, as a literal block and read it back."""
    return _UNFIT_FOR_LITERAL.search(text) is None


# A tab at the start would be taken for indentation; to SOPS that is the end of the value.
_UNFIT_FOR_LITERAL = LazyPattern(rf"\A\t| (?:\n|\Z)|[\u2028\u2029{UNPRINTABLE}]")


# --- Documents


class _Writer:
    """The lines of one document.

    A container is written at a column. Its first line begins with a `lead`, which is the blanks up to that column or,
    in a list, the dashes that stand before it; comments that come first are lines of their own above the lead.
    """

    def __init__(self, step: int, list_step: int | None = None) -> None:
        self._step = step
        self._list_step = list_step
        self._lines: list[str] = []

    def text(self) -> str:
        return "\n".join([*self._lines, ""])

    def root(self, node: MappingNode) -> None:
        self._mapping(node, 0, "")
        if _is_empty(node):
            self._lines.append("{}")

    def block(self, node: MappingNode | ListNode) -> None:
        self._container(node, 0, "")

    def _mapping(self, node: MappingNode, column: int, lead: str) -> None:
        pad = " " * column
        for item in node.items:
            if isinstance(item, Comment):
                self._comment(item, lead)
                continue
            key, value = item
            if is_simple_key(key):
                self._value(value, column, f"{lead}{scalar_text(key, indent=0, key=True)}:")
            else:
                text = scalar_text(key, indent=self._below(column), column=column)
                self._lines.append(f"{lead}? {text}")
                self._explicit_value(value, column)
            lead = pad

    def _value(self, value: Node, column: int, head: str) -> None:
        if not isinstance(value, MappingNode | ListNode):
            text = scalar_text(value, indent=self._below(column), column=column)
            self._lines.append(f"{head} {text}")
        elif _is_empty(value):
            self._empty(value, column, head)
        else:
            self._lines.append(head)
            below = self._below(column)
            if self._list_step is not None and isinstance(value, ListNode):
                below = column + self._list_step
            self._container(value, below, " " * below)

    def _explicit_value(self, value: Node, column: int) -> None:
        """Write the value of a key with a question mark; a container begins behind the colon."""
        head = " " * column + ":"
        below = self._below(column)
        if not isinstance(value, MappingNode | ListNode) or _is_empty(value) or below == column + 1:
            self._value(value, column, head)
        else:
            self._container(value, below, head.ljust(below))

    def _empty(self, value: MappingNode | ListNode, column: int, head: str) -> None:
        """Write a mapping's value that has no members but comments; those of a list go below it, as SOPS has it."""
        pad = " " * column
        if isinstance(value, ListNode):
            self._lines.append(f"{head} []")
            self._list(value, column, pad)
        elif value.items:
            self._lines.append(f"{head} {{")
            self._mapping(value, column, " " * self._below(column))
            self._lines.append(pad + "}")
        else:
            self._lines.append(f"{head} {{}}")

    def _container(self, node: MappingNode | ListNode, column: int, lead: str) -> None:
        if isinstance(node, MappingNode):
            self._mapping(node, column, lead)
        else:
            self._list(node, column, lead)

    def _list(self, node: ListNode, column: int, lead: str) -> None:
        pad = " " * column
        for item in node.items:
            if isinstance(item, Comment):
                self._comment(item, lead)
                continue
            if isinstance(item, MappingNode | ListNode):
                self._container(item, column + 2, lead + "- ")
                if _is_empty(item):
                    self._lines.append(lead + ("- {}" if isinstance(item, MappingNode) else "- []"))
            else:
                text = scalar_text(item, indent=column + 2, column=column)
                self._lines.append(f"{lead}- {text}")
            lead = pad

    def _comment(self, comment: Comment, lead: str) -> None:
        pad = lead[: len(lead) - len(lead.lstrip(" "))]
        first, *others = _LINE_BREAK.split(comment.text)
        lines = [f"#{first}", *(line if line.startswith("#") else f"# {line}" for line in others)]
        if _UNFIT_FOR_COMMENT.search(comment.text):
            raise EmitError(
                "a comment contains characters that YAML cannot contain", hint="remove them from the comment"
            )
        self._lines.extend(pad + line for line in lines)

    def _below(self, column: int) -> int:
        return self._step * (column // self._step + 1)


def _is_empty(node: MappingNode | ListNode) -> bool:
    return all(isinstance(item, Comment) for item in node.items)


_LINE_BREAK = LazyPattern(BREAK)
_UNFIT_FOR_COMMENT = LazyPattern("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")


def is_simple_key(key: str) -> bool:
    """Tell whether SOPS writes `key` before a colon, and not behind a question mark."""
    if len(key) <= 32 and "\n" not in key and "\r" not in key and key.isascii():
        return True
    if _ENCODED.search(key):
        return len(_raw_bytes(key)) <= 51  # longer ones take more than one line of base64
    return len(key.encode()) <= 128 and _LINE_BREAK.search(key) is None
