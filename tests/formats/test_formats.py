"""The table of formats, compared with every place that knows of formats."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

from leafseal.cli.decrypt import decrypt
from leafseal.cli.shared.declarations import Choice
from leafseal.config.load import load_config
from leafseal.document.scalars import Empty
from leafseal.errors import FormatError, UsageError
from leafseal.formats import FORMATS, Format, emit, format_of, parse
from leafseal.sops.syntax.usage import completions

from ..whole_files import GENERATORS

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src" / "leafseal"
EACH = pytest.mark.parametrize("one", FORMATS.values(), ids=FORMATS)


@EACH
def test_its_module_parses_and_emits(one: Format) -> None:
    module = importlib.import_module(one.module)
    assert callable(module.parse)
    assert callable(module.emit)


@EACH
def test_its_template_is_of_the_format(one: Format) -> None:
    document = parse(one.template, one.name)
    assert document.format == one.name
    values = [leaf.value for leaf in document.leaves() if not leaf.is_comment]
    assert [value for value in values if value and not isinstance(value, Empty)]


@EACH
def test_numbers_are_text_where_every_value_is(one: Format) -> None:
    document = parse(re.sub(rb'"?example_value"?', b"5", one.template), one.name)
    numbers = [leaf.value for leaf in document.leaves() if leaf.value in (5, "5")]
    assert numbers == ([] if one.tree_format else ["5" if one.is_text_only else 5])


@EACH
def test_names_of_files_tell_it(one: Format) -> None:
    for suffix in one.suffixes:
        assert format_of(f"folder.json/app{suffix}") == one.name
        assert format_of(f"app{suffix.upper()}") == "binary"
    assert one.suffixes or one.name == format_of("app")


@EACH
def test_an_empty_file_lacks_a_document_where_one_is_needed(one: Format) -> None:
    message = ""
    try:
        parse(b"", one.name)
    except FormatError as error:
        message = error.message
    assert ("no document" in message) == one.needs_document
    assert not message or not (one.is_text_only or one.tree_format)


@EACH
def test_a_configuration_may_name_its_store(one: Format, tmp_path: Path) -> None:
    path = tmp_path / ".sops.yaml"
    if one.least_indent is None:
        path.write_text(f"stores: {{{one.store}: {{}}}}\n")
        assert load_config(path).indents == {}
    else:
        path.write_text(f"stores: {{{one.store}: {{indent: {one.least_indent}}}}}\n")
        assert load_config(path).indents == {one.name: one.least_indent}
    assert load_config(path).warnings == ()


@EACH
def test_options_take_its_name(one: Format) -> None:
    [option] = [option for option in decrypt.options if "--input-type" in option.names]
    assert isinstance(option.type, Choice)
    assert one.name in option.type.texts
    assert one.name in completions(["decrypt", "--input-type", ""])


@EACH
def test_pages_name_it(one: Format) -> None:
    configuration = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert one.least_indent is None or f"`{one.store}" in configuration
    page = (ROOT / "docs" / "format.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| {one.name} \|", page, re.MULTILINE | re.IGNORECASE)


def test_the_laws_have_files_of_each() -> None:
    assert set(GENERATORS) == set(FORMATS)


def test_the_page_has_the_suffixes() -> None:
    page = (ROOT / "docs" / "format.md").read_text(encoding="utf-8")
    found = re.search(r"The format is that of the file's name: (.*), anything else is binary", page)
    assert found is not None
    assert re.findall(r"`([^`]+)`", found[1]) == [suffix for one in FORMATS.values() for suffix in one.suffixes]


def test_no_two_formats_share_a_name() -> None:
    suffixes = [suffix for one in FORMATS.values() for suffix in one.suffixes]
    assert len(suffixes) == len(set(suffixes))
    assert len({one.store for one in FORMATS.values()}) == len({one.module for one in FORMATS.values()}) == len(FORMATS)


def test_a_format_that_is_none_is_refused() -> None:
    for use in (lambda: parse(b"", "toml"), lambda: emit([], "toml")):
        with pytest.raises(UsageError) as caught:
            use()
        assert caught.value.hint == "one of yaml, json, dotenv, ini, binary"


NAMERS = {
    "api/values.py": "stores values of Python, a way for each format",
    "audit/sops_file.py": "reads /etc/sops/audit.yaml",
    "cli/argocd": "renders with Helm and kustomize, or plain manifests",
    "cli/helm": "reads the value files that Helm reads",
    "cli/kubectl": "writes manifests, and reads what kubectl prints",
    "deploy": "reads and writes manifests, which are YAML or JSON",
    "run/render/content.py": "writes files for programs, of which some are no encrypted files",
    "run/render/entries.py": "names what is written so",
    "run/render/escapes.py": "ways to write a text within another",
    "sops/examples.py": "what sops shows in new files",
    "sops/values.py": "writes a single value as sops does, a way for each format",
}
"""Modules and folders outside `formats/` that name a format, and why that is not said in the format's row."""


def test_no_other_module_names_a_format() -> None:
    found = {
        str(path.relative_to(SOURCES))
        for path in SOURCES.rglob("*.py")
        if path.relative_to(SOURCES).parts[0] not in ("formats", "providers")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in FORMATS
    }
    assert {next((name for name in NAMERS if Path(path).is_relative_to(name)), path) for path in found} == set(NAMERS)
