"""Editors with a window of their own: those that wait, and those that do not."""

import pytest

from leafseal.errors import RefusedError
from leafseal.system import waiting_editors
from leafseal.system.waiting_editors import check


@pytest.mark.parametrize(
    ("name", "waiting"),
    [
        ("kate", "--block"),
        ("gedit", "--wait"),
        ("gnome-text-editor", "--standalone"),
        ("open", "-W"),
        ("nvim-qt", "--nofork"),
        ("geany", "--new-instance"),
    ],
)
def test_each_editor_has_its_own_way_to_wait(name: str, waiting: str) -> None:
    assert waiting_editors.is_one(name)
    with pytest.raises(RefusedError, match="returns before") as caught:
        check(name, [])
    assert caught.value.hint == f'set EDITOR="{name} {waiting}" and try again'
    assert check(name, [waiting]) == ""


@pytest.mark.parametrize(
    ("options", "waiting"), [("-n", ""), ("--no-wait -c", " -c"), ("-cn", ""), ("-n -s work", " -s work")]
)
def test_emacsclient_waits_unless_told_not_to(options: str, waiting: str) -> None:
    with pytest.raises(RefusedError, match="returns before") as caught:
        check("emacsclient", options.split())
    assert caught.value.hint == f'without -n it waits: set EDITOR="emacsclient{waiting}" and try again'
    assert "may keep copies" in check("emacsclient", waiting.split())
    assert "may keep copies" in check("emacsclient", ["-nw"])


def test_what_only_opens_files_is_no_editor() -> None:
    with pytest.raises(RefusedError, match="returns before"):
        check("xdg-open", [])


def test_editors_of_a_terminal_are_not_asked() -> None:
    assert not [name for name in ("vim", "nvim", "nano", "emacs", "ed", "helix") if waiting_editors.is_one(name)]
