"""The shell's half of the guard: what passes without leafseal being started, and what never may.

A program that is called leafseal notes that it was asked, and refuses.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from leafseal.git.guard_script import RULES_NAME, SCRIPT
from leafseal.testing import ThrowawayIdentity

from .conftest import Run
from .test_git_setup import git, repository

__all__ = ["repository"]  # the fixture

RULES = """\
creation_rules:
  - path_regex: ^k8s/
    encrypted_regex: ^(data|stringData)$
    age: {me}
  - path_regex: ^secrets/[a-z]+\\.(yaml|env|ini|json)$
    age: {me}
  - path_regex: ^end/
    encrypted_suffix: _secret
    age: {me}
  - path_regex: ^odd/
    encrypted_regex: ^.$
    age: {me}
  - age: {me}
"""
CONFIG_MAP = "# Settings\napiVersion: v1\nkind: ConfigMap\ndata:\n  a: 'Secrets \\n'\n"
SECRET = CONFIG_MAP.replace("ConfigMap", "Secret")
PLAIN = "replicas: 3\nmetadata: {name: x}\n"


class Guarded:
    """A repository with the guard, and a leafseal that only notes that it was asked."""

    def __init__(self, top: Path, tools: Path) -> None:
        self.top = top
        self._tools = tools
        self._asked = tools / "asked"

    def asks(self, name: str, text: str | bytes) -> bool:
        """Tell whether leafseal is asked before Git takes a text as that file."""
        self._asked.unlink(missing_ok=True)
        done = subprocess.run(
            ["git", "hash-object", f"--path={name}", "--stdin"],
            cwd=self.top,
            input=text.encode() if isinstance(text, str) else text,
            env={**os.environ, "PATH": f"{self._tools}{os.pathsep}{os.environ['PATH']}"},
            capture_output=True,
            check=False,
        )
        asked = self._asked.exists()
        assert (done.returncode != 0, done.stderr != b"") == (asked, asked), done.stderr
        return asked

    def take_awk(self, words: list[str]) -> None:
        """Have a program be the `awk` of the guard."""
        (self._tools / "awk").write_text(f'#!/bin/sh\nexec {" ".join(words)} "$@"\n')
        (self._tools / "awk").chmod(0o755)


@pytest.fixture
def guarded(repository: Path, leafseal: Run, me: ThrowawayIdentity, tmp_path: Path) -> Guarded:
    """A repository whose rules and attributes are committed."""
    (repository / ".sops.yaml").write_text(RULES.format(me=me.recipient))
    for name in ("k8s", "end", "odd"):
        (repository / name).mkdir()
    result = leafseal("git", "setup", "--protect")
    assert result.code == 0, result.err
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "rules")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "leafseal").write_text(f'#!/bin/sh\ncat >/dev/null\necho "$@" | tee {tools}/asked\nexit 1\n')
    (tools / "leafseal").chmod(0o755)
    return Guarded(repository, tools)


PASS: list[tuple[str, str | bytes]] = [
    ("other.yaml", "a: 1\n"),
    ("k8s/values.yaml", PLAIN),
    ("k8s/values.yaml", ""),
    ("k8s/a b/values.yml", PLAIN + "mountPath: /database\n"),
    ("k8s/c.yaml", CONFIG_MAP),
    (
        "k8s/c.yaml",
        f"---\n{CONFIG_MAP}--- # two\n\nkind: Deployment\napiVersion: apps/v1\ndata: imagePullSecrets\n---\n",
    ),
    ("secrets/9.yaml", "a: 1\n"),
    ("end/a.yaml", "secret: 1\n"),
]
ASK: list[tuple[str, str | bytes]] = [
    ("secrets/a.yaml", "a: 1\n"),
    ("secrets/a.yaml", "# \xe9\n".encode("latin-1")),
    ("secrets/\xe9.yaml", "a: 1\n"),
    ("secrets/two\nlines.yaml", "a: 1\n"),
    ("k8s/values.yaml", "x:\n  data: 1\n"),
    ("k8s/values.yaml", "{'data': 1}\n"),
    ("k8s/values.yaml", '"da\\x74a": 1\n'),
    ("k8s/values.yaml", "!!binary ZGF0YQ==: 1\n"),
    ("k8s/values.yaml", "%TAG ! tag:yaml.org,2002:\n---\n!binary ZGF0YQ==: 1\n"),
    ("k8s/values.yaml", "a: ENC[AES256_GCM,\n"),
    ("k8s/values.yaml", "<<<<<<< ours\n"),
    ("k8s/notes.md", PLAIN),
    ("k8s/c.yaml", SECRET),
    ("k8s/c.yaml", CONFIG_MAP.replace("v1", "")),
    ("k8s/c.yaml", CONFIG_MAP.replace("v1", "'\nv1'")),
    ("k8s/c.yaml", f"{CONFIG_MAP}---\ndata: 1\n"),
    ("k8s/c.yaml", f"{CONFIG_MAP}--- {{data: 1}}\n"),
    ("k8s/c.yaml", f"{CONFIG_MAP}...\n---\ndata: 1\n"),
    ("k8s/c.yaml", f"{CONFIG_MAP}---\n{SECRET}"),
    ("k8s/c.yaml", f"{CONFIG_MAP}  b: x\r---\ndata: 1\n"),
    ("k8s/c.yaml", f"{CONFIG_MAP}  b: x\u2028---\ndata: 1\n"),
    ("k8s/c.yaml", f'{CONFIG_MAP}list: {{kind: "S\\x65cret"}}\n'),
    ("k8s/c.json", '{"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": 1}}\n'),
    ("end/a.yaml", "a_Secret: 1\n"),
    ("odd/a.yaml", "a1: 1\n"),
]


def awks() -> list[list[str]]:
    """Return those of the four kinds of awk that are here."""
    known = [["awk"], ["mawk"], ["gawk"], ["busybox", "awk"], ["original-awk"]]
    return [words for words in known if shutil.which(words[0])]


def test_what_passes_and_what_leafseal_is_asked_about(guarded: Guarded) -> None:
    for words in awks():
        if words != ["awk"]:
            guarded.take_awk(words)
        for name, text in PASS:
            assert not guarded.asks(name, text), (words, name, text)
        for name, text in ASK:
            assert guarded.asks(name, text), (words, name, text)


def test_another_configuration_makes_it_ask(guarded: Guarded) -> None:
    def asks() -> bool:
        return guarded.asks("k8s/app/a.yaml", PLAIN)

    assert not asks()
    top, nearer = guarded.top / ".sops.yaml", guarded.top / "k8s" / "app"
    nearer.mkdir()
    text = top.read_text()
    for other in (text + "#\n", text.replace("^end", "^eno"), ""):
        top.write_text(other)
        assert asks()
    top.unlink()
    assert asks()
    top.write_text(text)
    for name in (".sops.yaml", ".sops.yml", ".sops-style-config.yaml"):
        (nearer / name).symlink_to("nowhere")
        assert asks()
        assert not guarded.asks("k8s/a.yaml", PLAIN)
        (nearer / name).unlink()
    assert not asks()
    top.write_text(f"{text}# later\n")
    git(guarded.top, "-c", "filter.leafseal-kept.clean=cat", "commit", "-qam", "other rules")
    assert asks()
    top.write_text(text)
    assert asks()  # the last commit has another
    git(guarded.top, "reset", "-q", "--soft", "HEAD~1")
    assert not asks()
    rules = guarded.top / ".git" / RULES_NAME
    whole = rules.read_text()
    for known in (whole.removesuffix("end\n"), ""):
        rules.write_text(known)
        assert asks()
    rules.unlink()
    assert asks()
    git(guarded.top, "update-ref", "-d", "HEAD")
    rules.write_text(whole)
    assert asks()


def test_what_git_has_encrypted_stays_so(guarded: Guarded) -> None:
    sealed = (guarded.top / "secrets" / "app.yaml").read_text()
    for name in ("k8s/kept.yaml", "kept.yaml"):
        (guarded.top / name).write_text(sealed)
        git(guarded.top, "add", name)
        assert guarded.asks(name, PLAIN)
        blob = git(guarded.top, "rev-parse", f":{name}").strip()
        for stage in (1, 2, 3):  # a merge left it in conflict
            entry = f"0 {'0' * 40} 0\t{name}\n100644 {blob} {stage}\t{name}\n"
            git(guarded.top, "update-index", "--index-info", data=entry.encode())
            assert guarded.asks(name, PLAIN)


def test_without_an_answer_of_git_it_asks(guarded: Guarded) -> None:
    (guarded.top / ".git" / "index").write_text("this is none")
    assert guarded.asks("other.yaml", PLAIN)
    assert guarded.asks("k8s/a.yaml", PLAIN)


CLEAR = "b_unencrypted:\n  c: word\n  d:\n    - word\ne_unencrypted:\n- word\n- f: word\n"
ADDED = {
    "yaml": [
        "b: word\n",
        "b: 5\n",
        "b:\n- word\n",
        "b:\n  - c:\n      - word\n",
        "'b': \"word\" # ENC\n",
        "---\nb: word\n",
        "? b\n: word\n",
        "b: |\n  word\n",
        "b:\n  word\n",
        "b:\n  'word'\n",
        "b:\n  - !!str >-\n    word\n",
        "b: &x word\n",
        "b: [word, 1]\n",
        f"{CLEAR}b: word\n",
        "x:\n    b_unencrypted:\n        c: word\n    d: word\n",
    ],
    "json": ['    "b": "word",\n', '"b":5,\n', '"b": [1],\n', '"b": [\n    true\n],\n'],
    "env": ["b=word\n", "export b=word\n", "B_1=0\n"],
    "ini": ["b=word\n", "[other]\nb : word\n", "[b_unencrypted]\nc=word\n[d]\nc=word\n"],
}
NOTHING = {
    "yaml": [
        "# b: word\n",
        "b:\n",
        'b: ""\n',
        "b: null # word\n",
        "b: {}\n",
        "- ''\n",
        "b: []\n",
        "b:\n  - ~\n",
        "b: &x\n  c: [null]\n",
        "b: |\n",
        '"b: c": {}\n',
        "---\n",
        CLEAR,
    ],
    "json": [
        '    "b_unencrypted": [\n        "word"\n    ],\n',
        '    "b": "",\n',
        '    "b": null,\n',
        '    "b": {\n    },\n',
    ],
    "env": ["b_unencrypted=word\n", "# b=word\n", "b=\n", "\n"],
    "ini": ["[b_unencrypted]\nc=word\n", "; b=word\n", "b=\n", "[other]\n"],
}
TEXTS = {
    "yaml": "a: word\nl:\n  - word\n",
    "json": '{\n    "a": "word",\n    "l": ["word"]\n}\n',
    "env": "a=word\n",
    "ini": "[s]\na=word\n",
}


@pytest.mark.parametrize("ending", TEXTS)
def test_a_plain_value_in_an_encrypted_file_makes_it_ask(guarded: Guarded, leafseal: Run, ending: str) -> None:
    name = f"secrets/x.{ending}"
    (guarded.top / name).write_text(TEXTS[ending])
    sealed = leafseal("encrypt", name).out.decode()
    assert not guarded.asks(name, sealed)
    assert not guarded.asks(name, sealed.replace("\n", "\r\n"))

    def with_added(text: str) -> list[str]:
        first = "{\n" if ending == "json" else ""
        before = sealed.replace(first, first + text, 1) if first else text + sealed
        return [before] if ending == "json" or (text == "b=word\n" and ending == "ini") else [before, sealed + text]

    for text in NOTHING[ending]:
        assert not any(guarded.asks(name, one) for one in with_added(text)), text
    for text in ADDED[ending]:
        assert all(guarded.asks(name, one) for one in with_added(text)), text
    for one in with_added(ADDED[ending][0]):
        assert not guarded.asks(name, one.replace("unencrypted_suffix", "encrypted_suffix"))


@pytest.mark.parametrize("ending", TEXTS)
def test_the_words_of_metadata_in_comments_are_none(guarded: Guarded, leafseal: Run, ending: str) -> None:
    name = f"secrets/x.{ending}"
    (guarded.top / name).write_text(TEXTS[ending])
    sealed = leafseal("encrypt", "--encrypted-regex", "^a$", name).out.decode()
    assert not guarded.asks(name, sealed)
    assert guarded.asks(name, "".join(f"# {line}\n" for line in sealed.splitlines()) + ADDED[ending][0])


@pytest.mark.parametrize(
    ("ending", "text"),
    [
        ("json", '{"a": "word", "l": [1, "word"], "e": "", "n": null, "m": {"o": true}}'),
        ("yaml", "a: {b: word, c: 'word', d: [1, word], e: '', f: null}\n"),
    ],
)
def test_a_plain_value_beside_encrypted_ones_on_a_line(guarded: Guarded, leafseal: Run, ending: str, text: str) -> None:
    name = f"secrets/x.{ending}"
    (guarded.top / name).write_text(text)
    sealed = leafseal("encrypt", name).out.decode()
    assert not guarded.asks(name, sealed)
    for added in ('"word"', "5", "true"):
        assert guarded.asks(name, sealed.replace("{", '{"x": ' + added + ", ", 1))


def test_what_is_too_large_to_look_at_is_judged_by_its_name(guarded: Guarded) -> None:
    large = b"#" * 500 + b"\n"
    large = large * ((1 << 26) // len(large) + 2)

    def message(name: str, data: bytes) -> str:
        words = ["git", "hash-object", f"--path={name}", "--stdin"]
        return subprocess.run(words, cwd=guarded.top, input=data, capture_output=True, check=False).stderr.decode()

    assert message("other.yaml", large) == message("secrets/9.yaml", large) == ""
    refused = "leafseal: error: secrets/a.yaml: too large to tell whether it must be encrypted\n"
    assert refused in message("secrets/a.yaml", large)
    as_it_is = ["git", "-c", "filter.leafseal.clean=cat", "hash-object", "--path=secrets/a.yaml", "--stdin"]
    subprocess.run(as_it_is, cwd=guarded.top, input=large, capture_output=True, check=True)  # what the hint says


def test_no_encrypted_file_of_sops_makes_it_ask() -> None:
    program = SCRIPT.partition("LEAFSEAL_LOOK='")[2].rstrip().removesuffix("'")
    environ = {**os.environ, "LC_ALL": "C", "LEAFSEAL_FILE": "x", "LEAFSEAL_ASK": "cat >/dev/null; exit 1"}
    vectors = Path(__file__).parents[1] / "vectors"
    texts = {path: path.read_bytes() for path in vectors.rglob("encrypted.*")}
    assert len(texts) > 50
    for path, data in texts.items():
        done = subprocess.run(["awk", program], input=data, env=environ, check=False)
        assert done.returncode == 0, path
