"""What the commands of kubectl are made of: their words, the files, the stream, and how kubectl is fed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from leafseal.deploy.kubectl import process
from leafseal.deploy.kubectl.found import find_files
from leafseal.deploy.kubectl.stream import identity, stream
from leafseal.deploy.kubectl.words import Words, read
from leafseal.deploy.lists import split
from leafseal.deploy.opening import open_files
from leafseal.errors import CommandError, LeafsealError, RefusedError, UsageError
from leafseal.keys.ring import KeyRing
from leafseal.system.descriptors import read_some

from ..opening import as_item
from ..whole_files import AMBIENT, seal

# -- words


def _words(*passed: str, files: tuple[str, ...] = (), k: tuple[str, ...] = (), **flags: bool) -> Words:
    found = {"is_recursive": False, "is_client_side": False, "allows_plain": False} | flags
    return Words(files, k, passed=passed, **found)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["-f", "a.yaml"], _words(files=("a.yaml",))),
        (["-f=a", "-fb", "--filename=c", "--filename", "d"], _words(files=("a", "b", "c", "d"))),
        (["-f", 'a b.yaml,"c,d.yaml",%25.yaml'], _words(files=("a b.yaml", "c,d.yaml", "%25.yaml"))),
        (["-Rf", "dir"], _words(files=("dir",), is_recursive=True)),
        (["--recursive", "-f", "-"], _words(files=("-",), is_recursive=True)),
        (["-R=false", "-f", "x"], _words(files=("x",))),
        (["-k", "overlay"], _words(k=("overlay",))),
        (["--kustomize=overlay"], _words(k=("overlay",))),
        (["-n", "shop", "--force", "-f", "x", "-oyaml"], _words("-n", "shop", "--force", "-oyaml", files=("x",))),
        (["-wf", "x", "-l=a=b"], _words("-w", "-l=a=b", files=("x",))),
        (["-nf", "-f", "x"], _words("-nf", files=("x",))),  # a namespace called f
        (["--client-side", "-f", "x"], _words(files=("x",), is_client_side=True)),
        (["--leafseal-plain-ok", "-f", "x"], _words(files=("x",), allows_plain=True)),
        (["-f", "x", "--", "-f", "y"], _words("--", "-f", "y", files=("x",))),
    ],
)  # fmt: skip
def test_words_about_files_are_told_from_those_of_kubectl(line: list[str], words: Words) -> None:
    assert read(line) == words


@pytest.mark.parametrize("line", [["-f"], ["--filename"], ["-k", "a", "-f", "b"], ["-f", 'a,"b']])
def test_wrong_words(line: list[str]) -> None:
    with pytest.raises(UsageError):
        read(line)


def test_flags_of_kubectl_have_values() -> None:
    words = read(["--dry-run=client", "--server-side", "-f", "x"])
    assert [words.value(flag) for flag in ("--dry-run", "--server-side", "--force")] == ["client", "true", None]
    assert words.has("--server-side")
    assert not words.has("--server")


def test_a_list_is_a_record_of_csv() -> None:
    assert split("") == []
    assert split('a,"b ""c"",d",e') == ["a", 'b "c",d', "e"]


# -- files


def test_files_in_folders_are_found_in_the_order_of_kubectl(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.json", "c.yml", "notes.md", ".sops.yaml", "b/d.yaml", "b/.sops.yaml", "z.yaml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    here = str(tmp_path)
    assert [os.path.relpath(name, here) for name in find_files([here], recursive=False)] == [
        "a.json", "b.yaml", "c.yml", "z.yaml"
    ]  # fmt: skip
    assert [os.path.relpath(name, here) for name in find_files([here], recursive=True)] == [
        "a.json", "b/d.yaml", "b.yaml", "c.yml", "z.yaml"
    ]  # fmt: skip
    assert find_files(["-", f"{here}/*.y*ml", f"{here}/notes.md"], recursive=False) == [
        "-", *(f"{here}/{name}" for name in ("b.yaml", "c.yml", "z.yaml", "notes.md"))
    ]  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="Windows needs a right for links")
def test_links_in_folders_stay_in_the_repository(tmp_path: Path) -> None:
    (tmp_path / "repository" / "deploy").mkdir(parents=True)
    (tmp_path / "repository" / "x.yaml").write_text("")
    (tmp_path / "key.yaml").write_text("AGE-SECRET-KEY-1")
    link = tmp_path / "repository" / "deploy" / "a.yaml"
    link.symlink_to("../x.yaml")
    with pytest.raises(RefusedError, match="a link out of the repository"):
        find_files([str(link.parent)], recursive=False)  # outside of Git the folder is all that counts
    (tmp_path / "repository" / ".git").mkdir()
    assert find_files([str(link.parent)], recursive=False) == [str(link)]
    for way in ("../../key.yaml", "/proc/self/environ"):
        link.unlink()
        link.symlink_to(way)
        for folder in (link.parent, link.parent.parent):
            with pytest.raises(RefusedError, match="a link out of the repository"):
                find_files([str(folder)], recursive=True)
        assert find_files([str(link)], recursive=False) == [str(link)]  # whoever names it means it


def test_names_that_stand_for_nothing(tmp_path: Path) -> None:
    with pytest.raises(LeafsealError, match="no manifests in this folder"):
        find_files([str(tmp_path)], recursive=True)
    with pytest.raises(UsageError, match="a URL"):
        find_files(["https://example.org/a.yaml"], recursive=False)
    assert find_files(["gone*.yaml"], recursive=False) == ["gone*.yaml"]  # reading it says so


# -- the stream


def test_the_stream_has_plain_files_as_they_are_and_others_quoted() -> None:
    plain = b"\xef\xbb\xbfkind: ConfigMap # mine\napiVersion: v1\non: y"
    secret = b"apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b, labels: {c: d}}\nstringData: {on: y}\n"
    items = [as_item("a.yaml", plain, "yaml"), as_item("b.yaml", seal(secret, "yaml"), "yaml")]
    files, _ = open_files(items, KeyRing(AMBIENT))
    data, errors = stream(files)
    assert not errors
    assert data.startswith(plain[3:] + b'\n---\n"apiVersion": "v1"\n')
    assert data.endswith(b'"data":\n  "on": "eQ=="\n')
    data, _ = stream(files[1:], identity)
    assert yaml.safe_load(data) == {
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "b"}
    }  # fmt: skip


def test_every_file_with_a_wrong_object_is_named() -> None:
    wrong = b"apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {port: 5432}\n"
    items = [as_item(name, seal(wrong, "yaml"), "yaml") for name in ("a.yaml", "b.yaml")]
    files, _ = open_files(items, KeyRing(AMBIENT))
    _, errors = stream(files)
    assert [str(error).partition(":")[0] for error in errors] == ["a.yaml", "b.yaml"]
    assert "5432" not in "".join(map(str, errors))


# -- running it


def test_kubectl_is_not_taken_from_the_working_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "work"
    for folder in (here / ".git", here / "bin", tmp_path / "bin"):
        folder.mkdir(parents=True)
    for folder in (here / "bin", tmp_path / "bin"):
        (folder / "kubectl").write_text("#!/bin/sh\n")
        (folder / "kubectl").chmod(0o755)
    monkeypatch.chdir(here)
    environ = {"PATH": f"{here}/bin:{tmp_path}/bin", "HOME": str(tmp_path / "home")}
    assert process.find(environ) == f"{tmp_path}/bin/kubectl"
    assert process.find({**environ, process.VARIABLE: f"{here}/bin/kubectl"}) == f"{here}/bin/kubectl"
    for wrong in ({"PATH": f"{here}/bin"}, {process.VARIABLE: "bin/kubectl"}, {process.VARIABLE: "/nowhere"}):
        with pytest.raises(CommandError):
            process.find({**environ, **wrong})


def test_kubectl_compares_by_no_program_of_the_working_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "work"
    for folder in (here / ".git", here / "bin", tmp_path / "bin"):
        folder.mkdir(parents=True)
    for folder in (here / "bin", tmp_path / "bin"):
        (folder / "diff").write_text("#!/bin/sh\n")
        (folder / "diff").chmod(0o755)
    monkeypatch.chdir(here)
    environ = {"PATH": f"{here}/bin:{tmp_path}/bin", "HOME": str(tmp_path / "home")}
    assert process._comparing(environ) == {"KUBECTL_EXTERNAL_DIFF": f"{tmp_path}/bin/diff -u -N"}
    assert process._comparing({**environ, "KUBECTL_EXTERNAL_DIFF": "colordiff"}) == {}
    assert process._comparing({**environ, "PATH": f"{tmp_path}/bin:{here}/bin"}) == {}
    with pytest.raises(CommandError, match="diff"):
        process._comparing({**environ, "PATH": f"{here}/bin"})


def _all(descriptor: int) -> bytes:
    pieces = []
    while piece := read_some(descriptor, 1 << 16):
        pieces.append(piece)
    os.close(descriptor)
    return b"".join(pieces)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork there")
def test_a_child_feeds_where_there_are_no_files_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"x" * (1 << 18)
    children: list[int] = []
    fork = os.fork
    monkeypatch.setattr(os, "fork", lambda: children.append(fork()) or children[-1])
    assert _all(process.from_child(data)) == data
    [child] = children
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="no files in memory there")
def test_a_file_in_memory_is_read_from_its_beginning() -> None:
    assert _all(process.in_memory(b"abc")) == b"abc"
