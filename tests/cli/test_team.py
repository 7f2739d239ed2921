"""`leafseal team`: what it shows, asks, writes and refuses."""

import json
import subprocess

import pytest

from leafseal.testing import throwaway_identity

NEW = throwaway_identity().recipient
THIRD = throwaway_identity().recipient


@pytest.fixture
def config(work, me):
    """A configuration of two rules, whose recipients differ."""
    path = work / ".sops.yaml"
    text = f"creation_rules:\n- path_regex: ^prod/\n  age:\n  - {me.recipient}  # me\n- age: {me.recipient},{THIRD}\n"
    path.write_text(text)
    return path


def test_the_list_names_everybody(leafseal, config, me):
    assert leafseal("team", "list").out.decode() == (
        f".sops.yaml\ncreation_rules[0] (line 2): ^prod/\n  me  age {me.recipient}\n"
        f"creation_rules[1] (line 5): all files\n  me  age {me.recipient}\n  -   age {THIRD}\n"
    )
    report = json.loads(leafseal("team", "list", "--json").out)
    assert report["creation_rules"][0]["recipients"] == [{"kind": "age", "key": me.recipient, "name": "me", "group": 0}]
    assert (report["report"], report["version"], report["errors"]) == ("team list", 1, [])


def test_the_list_says_that_two_have_one_name(leafseal, config, me):
    config.write_text(f"creation_rules:\n- age:\n  - {me.recipient} # me\n  - {NEW} # me\n")
    assert "me is the name of 2 recipients" in leafseal("team", "list").err


def test_an_addition_is_shown_written_and_followed(leafseal, config, me, work, monkeypatch):
    (work / "app.yaml").write_text("a: secret\n")
    (work / "prod").mkdir()
    (work / "prod" / "app.yaml").write_text("a: secret\n")
    assert leafseal("encrypt", "-i", "app.yaml", "prod/app.yaml").code == 0
    subprocess.run(["git", "init", "-q", "."], check=True)
    subprocess.run(["git", "add", "."], check=True)
    before = config.read_text()
    shown = leafseal("team", "add", "--dry-run", "new", NEW, "--rule", "^prod/")
    assert (shown.code, config.read_text()) == (222, before)
    assert f"+  - {NEW}  # new\n" in shown.out.decode()
    done = leafseal("team", "add", "new", NEW, "--rule", "^prod/")
    assert (done.code, done.out) == (0, shown.out)
    assert config.read_text() == before.replace("# me\n", f"# me\n  - {NEW}  # new\n")
    assert f"added new ({NEW[:12]}…) to 1 rule" in done.err
    assert '1 encrypted file must follow: to give new these secrets, run "leafseal updatekeys --all"' in done.err
    assert leafseal("updatekeys", "--all", "--yes").code == 0
    assert NEW in leafseal("inspect", "prod/app.yaml").out.decode()
    monkeypatch.setenv("SOPS_AGE_KEY", throwaway_identity().identity)
    locked = leafseal("team", "remove", "new", "--rule", "^prod/").err
    told = "to take them away from new, somebody who can decrypt it, as you cannot here, must run"
    assert f'{told} "leafseal updatekeys --all"' in locked
    assert leafseal("team", "add", "new", NEW, "--rule", "^prod/").code == 0
    gone = leafseal("team", "remove", "new")
    assert (gone.code, config.read_text()) == (0, before)
    assert "new can still decrypt old versions of these files" in gone.err


def test_rules_that_differ_are_asked_about(leafseal, config, screen):
    refused = leafseal("team", "add", "new", NEW)
    assert refused.code == 220
    screen.answers = ["2"]
    assert leafseal("team", "add", "new", NEW).code == 0
    assert config.read_text().endswith(f"{THIRD},{NEW}\nrecipients:\n  new: {NEW}\n")
    assert "Which rules is it added to?" in screen.shown


def test_without_a_terminal_the_rules_are_named(leafseal, config):
    before = config.read_text()
    refused = leafseal("team", "add", "new", NEW)
    assert (refused.code, config.read_text()) == (8, before)
    assert "creation_rules[0] (line 2) ^prod/, creation_rules[1] (line 5) all files" in refused.err


def test_equal_rules_are_changed_together(leafseal, config, me):
    config.write_text(f"creation_rules:\n- path_regex: a\n  age: [{me.recipient}]\n- age: {me.recipient}\n")
    assert leafseal("team", "add", "new", NEW).code == 0
    assert config.read_text().count(NEW) == 3


def test_who_is_there_is_not_added(leafseal, config, me):
    config.write_text(f"creation_rules:\n- age: {me.recipient} # me\n")
    before = config.read_text()
    refused = leafseal("team", "add", "me", me.recipient)
    assert (refused.code, config.read_text()) == (220, before)
    assert f"me ({me.recipient[:12]}…) is already a recipient of creation_rules[0] (line 2)" in refused.err


@pytest.mark.parametrize("place", ["NAME", "RECIPIENT"])
def test_a_private_key_is_refused_and_not_repeated(leafseal, config, me, place):
    before = config.read_text()
    words = (me.identity, NEW) if place == "NAME" else ("new", me.identity)
    refused = leafseal("team", "add", *words, "--all-rules")
    assert (refused.code, config.read_text()) == (8, before)
    assert me.identity not in refused.err + refused.out.decode()


def test_a_configuration_that_cannot_be_written_stays(leafseal, config):
    config.chmod(0o400)
    before = config.read_bytes()
    refused = leafseal("team", "add", "new", NEW, "--all-rules")
    assert (refused.code, refused.out, config.read_bytes()) == (3, b"", before)
    assert "read-only" in refused.err
    assert b"+" in leafseal("team", "add", "new", NEW, "--all-rules", "--dry-run").out


def test_a_link_is_followed_within_its_folder_only(leafseal, config, work, tmp_path_factory):
    config.rename(work / "shared.yaml")
    config.symlink_to("shared.yaml")
    assert leafseal("team", "add", "new", NEW, "--all-rules").code == 0
    assert config.is_symlink()
    assert NEW in (work / "shared.yaml").read_text()
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "config.yaml"
    elsewhere.write_text((work / "shared.yaml").read_text())
    config.unlink()
    config.symlink_to(elsewhere)
    refused = leafseal("team", "remove", "new")
    assert refused.code == 220
    assert NEW in elsewhere.read_text()


def test_two_names_of_a_configuration_are_one_or_refused(leafseal, config, work):
    twin = work / ".sops-style-config.yaml"
    twin.write_text(config.read_text())
    refused = leafseal("team", "add", "new", NEW, "--all-rules")
    assert (refused.code, twin.read_text()) == (220, config.read_text())
    twin.unlink()
    twin.symlink_to(".sops.yaml")
    assert leafseal("team", "add", "new", NEW, "--all-rules").code == 0
    assert twin.is_symlink()
    twin.unlink()
    twin.symlink_to("nowhere")
    assert leafseal("team", "list", "--config", ".sops.yaml").code == 220
    twin.unlink()
    config.rename(twin)
    missing = leafseal("team", "list", "--config", ".sops.yaml")
    assert (missing.code, "no such file" in missing.err) == (100, True)


def test_a_nearer_configuration_is_told_of(leafseal, config, work, me):
    subprocess.run(["git", "init", "-q", "."], check=True)
    (work / "sub").mkdir()
    (work / "sub" / ".sops.yaml").write_text(f"creation_rules:\n- age: {me.recipient}\n")
    subprocess.run(["git", "add", "."], check=True)
    told = leafseal("team", "add", "new", NEW, "--all-rules")
    assert (told.code, "sub/.sops.yaml: has rules of its own" in told.err) == (0, True)
    (work / ".sops.yml").write_text("")
    assert 'ignoring "' in leafseal("team", "list").err


def test_a_name_that_steers_the_terminal_is_spelled_out(leafseal, config, me):
    config.write_text(f"creation_rules:\n- age:\n  - {me.recipient} # a\u202eb (x)\n  - {NEW}\n")
    assert '"a\\u202eb (x)"' in leafseal("team", "list").out.decode()
