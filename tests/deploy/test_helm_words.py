"""Which words of a command line of Helm name value files, and how they are replaced."""

from __future__ import annotations

import pytest

from leafseal.deploy.helm.words import command_of, read
from leafseal.errors import UsageError

NEW = {"s.yaml": "/proc/self/fd/200", "a,b.yaml": "/proc/self/fd/201", "k=e,y": "/proc/self/fd/202"}


def replaced(line: list[str]) -> list[str]:
    """Return a line with other names for files that are encrypted, and without those that are missing."""
    words = read(line)
    new = {}
    for number, named in enumerate(words.named):
        found = named.words(lambda name: None if name == "?gone" else NEW.get(name, name))
        if found is not None:
            new[number] = found
    return words.replaced(new)


@pytest.mark.parametrize(
    ("line", "result"),
    [
        ("template . -f s.yaml", "template . -f /proc/self/fd/200"),
        ("template . -fs.yaml -n x", "template . -f /proc/self/fd/200 -n x"),
        ("template . -f=s.yaml", "template . -f /proc/self/fd/200"),
        ("template . --values=v.yaml,s.yaml,w.yaml", "template . --values v.yaml,/proc/self/fd/200,w.yaml"),
        ("upgrade -if s.yaml r .", "upgrade -i -f /proc/self/fd/200 r ."),
        ("upgrade -if ?gone r .", "upgrade -i r ."),
        ("upgrade -f ?gone,s.yaml r .", "upgrade -f /proc/self/fd/200 r ."),
        ("upgrade --values=?gone r .", "upgrade r ."),
        ("template . -f s.yaml -- -f s.yaml", "template . -f /proc/self/fd/200 -- -f s.yaml"),
        ("template . -of s.yaml", "template . -of s.yaml"),
        ("template . --set a=s.yaml --set-string b=s.yaml", "template . --set a=s.yaml --set-string b=s.yaml"),
        ("template . --set-file a=s.yaml", "template . --set-file a=/proc/self/fd/200"),
        ("template . --set-file=a=x,b.c[0]=s.yaml", "template . --set-file a=x,b.c[0]=/proc/self/fd/200"),
        ("template . --set-file a={x,s.yaml},b=y", "template . --set-file a={x,/proc/self/fd/200},b=y"),
        ("template . --set-file a=?gone,b=y", "template . --set-file b=y"),
        ("template . --set-file a={x,?gone}", "template . --set-file a={x}"),
        ("template . --set-file a=?gone", "template ."),
        (r"template . --set-file k\,=k\=e\,y,b=c\\d", r"template . --set-file k\,=/proc/self/fd/202,b=c\\d"),
        ("template . --set-file a", "template . --set-file a"),
        ("list -f s.yaml", "list -f s.yaml"),
        ("-n x --kube-context y list -f s.yaml", "-n x --kube-context y list -f s.yaml"),
        ("unittest . --values s.yaml", "unittest . --values /proc/self/fd/200"),
    ],
)
def test_words(line: str, result: str) -> None:
    assert replaced(line.split()) == result.split()


def test_names_with_commas_are_in_quotes() -> None:
    assert replaced(["lint", "-f", '"a,b.yaml","c,d.yaml"']) == ["lint", "-f", '/proc/self/fd/201,"c,d.yaml"']


def test_what_does_not_change_stays_to_the_byte() -> None:
    line = ["lint", '-f="v.yaml",w.yaml', "--set-file", r"a=b\c"]
    assert replaced(line) == line


def test_files_of_commands_that_are_not_known_are_less_certain() -> None:
    assert [one.is_certain for one in read(["install", "r", ".", "-f", "a", "--values", "b"]).named] == [True, True]
    assert [one.is_certain for one in read(["cm-push", "-f", "a", "--values", "b"]).named] == [False, True]
    assert read(["cm-push", "-f"]).named == ()


def test_our_flag_is_not_passed_on() -> None:
    words = read(["lint", "--leafseal-plain-ok", ".", "--", "--leafseal-plain-ok"])
    assert (words.allows_plain, words.replaced({})) == (True, ["lint", ".", "--", "--leafseal-plain-ok"])
    assert not read(["lint", "--", "--leafseal-plain-ok"]).allows_plain


def test_a_flag_without_a_value() -> None:
    with pytest.raises(UsageError, match="-f needs a file"):
        read(["lint", "-f"])


def test_the_command() -> None:
    assert command_of(["--debug", "-n", "x", "--kube-context=y", "diff", "upgrade"]) == "diff"
    assert command_of(["--version"]) is None
