"""The tests mirror the tree: a module of the core has a test of its own name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE, TESTS = ROOT / "src" / "leafseal", ROOT / "tests"

CORE = ("age", "crypto", "document", "formats", "keys", "metadata", "operations", "rules", "system")

ELSEWHERE = {
    "age/errors.py": "the tree of errors alone",
    "age/hpke_p256.py": "tests/age/test_tag.py, by the vectors of the types of keys that use it",
    "age/plugin_process.py": "tests/age/test_plugin.py, with real processes",
    "age/ssh_keys.py": "tests/age/test_ssh.py, for both halves of a key",
    "document/limits.py": "a table; each limit is tested where it is enforced",
    "document/members.py": "tests/git/test_placing.py, for each format",
    "metadata/groups.py": "tests/metadata/test_metadata.py, which reads and writes whole blocks",
    "system/directory.py": "tests/system/test_files.py and test_files_faults.py, whose system calls it makes",
    "system/libraries.py": "tests/system/test_hardening.py, where they are kept from telling secrets",
}
"""The modules whose tests have another name, and which."""


def modules() -> Iterator[str]:
    """Yield the modules of the core; of a format that is a package, its face, which is how its tests reach the rest."""
    for package in CORE:
        for path in sorted((SOURCE / package).glob("*.py")):
            if path.name != "__init__.py":
                yield path.relative_to(SOURCE).as_posix()
    for path in sorted((SOURCE / "formats").glob("*/__init__.py")):
        yield path.parent.relative_to(SOURCE).as_posix()


def has_test(module: str) -> bool:
    folder, _, name = module.removesuffix(".py").rpartition("/")
    pattern = f"test_{name}.py" if module.endswith(".py") else f"test_{name}*.py"
    return any((TESTS / folder).glob(pattern))


def test_every_module_of_the_core_has_a_test_of_its_name() -> None:
    assert [module for module in modules() if not has_test(module) and module not in ELSEWHERE] == []


def test_the_exceptions_are_needed_and_say_where() -> None:
    assert [module for module in ELSEWHERE if has_test(module) or not (SOURCE / module).exists()] == []
    named = [word.strip(",;") for reason in ELSEWHERE.values() for word in reason.split() if word.startswith("tests/")]
    assert [path for path in named if not (ROOT / path).exists()] == []
