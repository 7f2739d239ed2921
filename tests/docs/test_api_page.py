"""The examples of docs/api.md run, one after the other, and give what their comments say."""

from __future__ import annotations

import ast
import re
import rlcompleter
import subprocess
import sys
from pathlib import Path
from types import CodeType, ModuleType

import pytest

import leafseal
from leafseal.testing import throwaway_identity

from .blocks import ROOT, blocks

PAGE = ROOT / "docs" / "api.md"

PUBLIC = [
    "AlreadyEncryptedError", "Ambient", "AuditError", "ConfigError", "ConflictError", "Consent", "DataKeyError",
    "EmitError", "FormatError", "InputError", "IntegrityError", "InvalidValueError", "LeafsealError", "Limits",
    "MACMismatchError", "MasterKey", "MetadataError", "MissingFileError", "NotEncryptedError", "NothingSealedError",
    "PathError", "ProviderError", "ProviderMissingError", "RefusedError",
    "SealedFile", "Selection", "StructureMismatchError", "Timestamp", "UnforeseenError", "UsageError", "WriteError",
    "decrypt", "encrypt", "load", "loads", "open_many",
]  # fmt: skip


def test_public_names_are_pinned() -> None:
    assert leafseal.__all__ == PUBLIC
    for name in PUBLIC:
        assert getattr(leafseal, name).__name__ == name


def test_page_lists_the_public_names() -> None:
    section = PAGE.read_text(encoding="utf-8").partition("`leafseal.__all__`:")[2].partition(". With")[0]
    assert re.findall(r"`(\w+)`", section) == PUBLIC


def test_every_public_name_is_in_an_example() -> None:
    code = "\n".join(block.text for block in blocks(PAGE) if block.language == "python")
    used = set(re.findall(r"\bleafseal\.(\w+)", code))
    assert [name for name in PUBLIC if name not in used] == []


def test_what_testing_offers_is_on_the_page() -> None:
    section = PAGE.read_text(encoding="utf-8").partition("\n## In tests\n")[2]
    for name in leafseal.testing.__all__:
        assert name == "NOWHERE" or name in section


def test_tab_completion_finds_the_public_names() -> None:
    shown = [name for name in dir(leafseal) if not name.startswith("__")]
    assert shown == sorted([*PUBLIC, "testing"])
    found = rlcompleter.Completer({"leafseal": leafseal})
    assert "leafseal.load(" in (found.complete("leafseal.lo", 0), found.complete("leafseal.lo", 1))
    with pytest.raises(AttributeError, match="module 'leafseal' has no attribute 'decript'"):
        getattr(leafseal, "decript")  # noqa: B009


def test_checkers_of_types_accept_the_examples_and_find_mistakes(tmp_path: Path) -> None:
    examples = [block.text for block in blocks(PAGE) if block.language == "python"]
    source = "\n".join(examples)
    (tmp_path / "page.py").write_text(source.replace("# → ", "# gives "), encoding="utf-8")
    assert _type_faults(tmp_path / "page.py") == ""
    (tmp_path / "wrong.py").write_text("import leafseal\nleafseal.laod('x')\nleafseal.load(None)\n", encoding="utf-8")
    assert _type_faults(tmp_path / "wrong.py").count("error:") == 2


def _type_faults(path: Path) -> str:
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--no-error-summary",
        "--cache-dir",
        str(path.parent / "cache"),
    ]
    done = subprocess.run([*command, path.name], cwd=path.parent, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_examples_give_what_they_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = blocks(PAGE)
    me = throwaway_identity()
    monkeypatch.setenv("SOPS_AGE_KEY", me.identity)
    monkeypatch.chdir(tmp_path)
    plain = next(block.text for block in found if block.language == "yaml").encode()
    Path("prod.yaml").write_bytes(leafseal.encrypt(plain, format="yaml", recipients=[me.recipient]))
    example = ModuleType("example")
    monkeypatch.setitem(sys.modules, "example", example)  # dataclasses look there
    namespace = vars(example)
    examples = [block for block in found if block.language == "python"]
    assert len(examples) > 8
    for block in examples:
        # The line numbers of a failure are those of the page.
        tree = ast.parse("\n" * block.line + block.text, str(PAGE))
        expected = _promises(block.text)
        for node in tree.body:
            if isinstance(node, ast.Expr) and node.end_lineno is not None:
                value = eval(_compiled(ast.Expression(node.value), "eval"), namespace)
                promised = expected.pop(node.end_lineno - block.line, None)
                assert promised is None or repr(value) == promised, f"api.md, line {node.lineno + 1}"
            else:
                exec(_compiled(ast.Module([node], []), "exec"), namespace)
        assert not expected, "a promise stands behind something that is not an expression"


def _compiled(tree: ast.Module | ast.Expression, mode: str) -> CodeType:
    return compile(tree, str(PAGE), mode, dont_inherit=True)


def _promises(text: str) -> dict[int, str]:
    """Return what `# →` promises, by the number of the line of the expression before it."""
    promises = {}
    for number, line in enumerate(text.splitlines(), 1):
        before, arrow, promise = line.partition("# → ")
        if arrow:
            promises[number if before.strip() else number - 1] = promise.strip()
    return promises
