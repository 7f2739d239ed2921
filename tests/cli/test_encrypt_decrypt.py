import json
import os
import re
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from leafseal.testing import ThrowawayIdentity, throwaway_identity

from .conftest import PLAIN, Run, Terminal, tokens

SOURCE = str(Path(__file__).parents[2] / "src")


def config(me: ThrowawayIdentity, extra: str = "") -> str:
    return f"creation_rules:\n  - age: {me.recipient}\n{extra}"


def process(*arguments: str, data: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "leafseal", *arguments],
        input=data,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": SOURCE, **environment},
        start_new_session=True,
    )


def test_there_and_back_in_place(leafseal: Run, plain: Path, me: ThrowawayIdentity) -> None:
    rights = stat.S_IMODE(plain.stat().st_mode)
    assert leafseal("encrypt", "-i", "--age", me.recipient, plain.name) == (0, b"", "")
    assert set(tokens(plain)) == {"password", "port"}
    assert b"name_unencrypted: shop" in plain.read_bytes()
    assert b"hunter2" not in plain.read_bytes()
    assert leafseal("decrypt", "-i", plain.name) == (0, b"", "")
    assert plain.read_bytes() == PLAIN
    assert stat.S_IMODE(plain.stat().st_mode) == rights


def test_there_and_back_by_standard_output(leafseal: Run, plain: Path, me: ThrowawayIdentity) -> None:
    sealed = leafseal("encrypt", "--age", me.recipient, plain)
    assert sealed.code == 0
    assert plain.read_bytes() == PLAIN
    plain.write_bytes(sealed.out)
    assert leafseal("decrypt", plain) == (0, PLAIN, "")


def test_modes_of_new_files(leafseal: Run, plain: Path, me: ThrowawayIdentity) -> None:
    before = os.umask(0o022)
    try:
        assert leafseal("encrypt", "--age", me.recipient, "--output", "sealed.yaml", plain).code == 0
        assert leafseal("decrypt", "--output", "plain.yaml", "sealed.yaml").code == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat("sealed.yaml").st_mode) == 0o644
    assert stat.S_IMODE(os.stat("plain.yaml").st_mode) == 0o600
    assert Path("plain.yaml").read_bytes() == PLAIN


def test_plaintext_onto_a_file_that_others_can_read(leafseal: Run, sealed: Path) -> None:
    os.chmod(sealed, 0o644)
    Path("out.yaml").write_text("old\n")
    os.chmod("out.yaml", 0o644)
    warning = "leafseal: warning: out.yaml: keeps its mode 0644, with which others can read it\n"
    assert leafseal("decrypt", "-o", "out.yaml", sealed) == (0, b"", warning)
    assert stat.S_IMODE(os.stat("out.yaml").st_mode) == 0o644
    assert leafseal("decrypt", "-i", sealed) == (0, b"", "")
    assert stat.S_IMODE(sealed.stat().st_mode) == 0o644
    assert leafseal("encrypt", "-i", "--age", throwaway_identity().recipient, sealed) == (0, b"", "")


def test_a_batch_that_was_killed_can_be_run_again(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    (work / ".sops.yaml").write_text(config(me))
    names = ["a.yaml", "b.json", "c.env", "d.ini", "e.bin"]
    texts = ["a: 1\n", '{"a": 1}\n', "A=1\n", "[a]\nb = 1\n", "x"]
    for name, text in zip(names, texts, strict=True):
        (work / name).write_text(text)
    assert leafseal("encrypt", "-i", *names[:2]).code == 0
    assert leafseal("encrypt", "-i", names[4]).code == 0
    before = (work / "a.yaml").read_bytes()
    said = "".join(f"leafseal: {name}: already encrypted, skipped\n" for name in ("a.yaml", "b.json", "e.bin"))
    assert leafseal("encrypt", "-i", *names) == (0, b"", said)
    assert (work / "a.yaml").read_bytes() == before
    assert leafseal("decrypt", "--output-dir", "plain", *names).code == 0
    assert [(work / "plain" / name).read_text() for name in names] == texts
    said = "".join(f"leafseal: {name}: already encrypted, skipped\n" for name in names)
    assert leafseal("encrypt", "-i", *names) == (0, b"", said)


def test_what_only_looks_encrypted_is_not_skipped(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    (work / ".sops.yaml").write_text(config(me))
    (work / "a.yaml").write_text("a: 1\n")
    assert leafseal("encrypt", "-i", "a.yaml").code == 0
    assert leafseal("encrypt", "-i", "a.yaml").code == 203
    for text in ("sops: 1\n", "sops: {}\na: 1\n", (work / "a.yaml").read_text().partition("sops:")[0]):
        (work / "b.yaml").write_text(text)
        assert leafseal("encrypt", "-i", "a.yaml", "b.yaml").code == 203
        assert leafseal("encrypt", "--output-dir", "out", "a.yaml", "b.yaml").code == 203


def test_many_files(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    (work / ".sops.yaml").write_text(config(me))
    names = [f"{number}.json" for number in range(3)]
    for name in names:
        (work / name).write_text(f'{{"a": "{name}"}}\n')
    assert leafseal("encrypt", "-i", *names) == (0, b"", "")
    assert leafseal("decrypt", "--output-dir", "plain", *names) == (0, b"", "")
    assert [(work / "plain" / name).read_text() for name in names] == [f'{{"a": "{name}"}}\n' for name in names]
    assert stat.S_IMODE((work / "plain").stat().st_mode) == 0o700


def test_of_many_files_all_are_written_or_none(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    (work / ".sops.yaml").write_text(config(me))
    (work / "good.yaml").write_text("a: 1\n")
    (work / "bad.yaml").write_text("a: [\n")
    result = leafseal("encrypt", "-i", "good.yaml", "bad.yaml", "none.yaml")
    assert result.code == 1
    assert "leafseal: error: bad.yaml: line 2" in result.err
    assert "leafseal: error: none.yaml: no such file" in result.err
    assert (work / "good.yaml").read_text() == "a: 1\n"
    assert leafseal("encrypt", "-i", "good.yaml", "bad.yaml").code == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.yaml", "b.yaml"], "several input files need -i or --output-dir"),
        (["-o", "x", "a.yaml", "b.yaml"], "several input files need -i or --output-dir"),
        (["-i", "-o", "x", "a.yaml"], "-i, --output and --output-dir contradict each other"),
        (["-i", "--output-dir", "x", "a.yaml"], "contradict each other"),
        (["-i", "-"], "standard input cannot be changed in place"),
        (["-i"], "standard input cannot be changed in place"),
        (["--output-dir", "x", "d/a.yaml", "a.yaml"], "two results would have the name a.yaml"),
        (["--output-dir", "x", "-"], "standard input has no name"),
        (["--output-dir", "x", "-", "-"], "standard input has no name"),
        (["--overwrite", "a.yaml"], "--overwrite needs --in-place"),
        (["--filename-override", "x.yaml", "-i", "a.yaml", "b.yaml"], "--filename-override works for one file only"),
    ],
)
@pytest.mark.parametrize("command", ["encrypt", "decrypt"])
def test_options_that_do_not_go_together(leafseal: Run, command: str, arguments: list[str], message: str) -> None:
    result = leafseal(command, *arguments)
    assert (result.code, result.out) == (8, b"")
    assert message in result.err
    assert "leafseal: hint: " in result.err


def test_standard_input(work: Path, me: ThrowawayIdentity) -> None:
    sealed = process("encrypt", "--age", me.recipient, "--filename-override", "x.json", data=b'{"a": "b"}')
    assert (sealed.returncode, sealed.stderr) == (0, b"")
    assert json.loads(sealed.stdout)["a"].startswith("ENC[")
    for arguments in (
        ["--input-type", "json"],
        ["--filename-override", "x.json", "-"],
        ["--input-type", "json", "/dev/stdin"],
    ):
        opened = process("decrypt", *arguments, data=sealed.stdout)
        assert (opened.returncode, opened.stdout, opened.stderr) == (0, b'{"a": "b"}', b"")
    refused = process("encrypt", "--age", me.recipient, data=b"x")
    assert refused.returncode == 8
    assert b"standard input needs a name" in refused.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"[tox]\nenvlist =\n    py312\n    py313\n", "line 3: neither a key with = or :, nor a [section]"),
        (b"[PHP]\nextension=curl\nextension=intl\n", "line 3, column 1: the key extension appears twice"),
    ],
)
def test_ini_of_another_kind_can_be_encrypted_as_a_whole(
    leafseal: Run, work: Path, me: ThrowawayIdentity, text: bytes, message: str
) -> None:
    hint = 'to encrypt the file as a whole, add "--input-type binary", and to decrypt it too'
    path = work / "tox.ini"
    path.write_bytes(text)
    refused = leafseal("encrypt", "-i", "--age", me.recipient, path)
    assert message in refused.err
    assert hint in refused.err
    assert leafseal("encrypt", "-i", "--age", me.recipient, "--input-type", "binary", path) == (0, b"", "")
    assert "this is an encrypted binary file: add --input-type binary" in leafseal("decrypt", path).err
    assert leafseal("decrypt", "--input-type", "binary", path) == (0, text, "")


def test_any_bytes_are_a_binary_file(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    data = bytes(range(256)) * 10
    (work / "key.bin").write_bytes(data)
    assert leafseal("encrypt", "-i", "--age", me.recipient, "key.bin").code == 0
    assert json.loads((work / "key.bin").read_bytes())["data"].startswith("ENC[")
    assert leafseal("decrypt", "key.bin").out == data


def test_other_formats(leafseal: Run, sealed: Path) -> None:
    result = leafseal("decrypt", "--output-type", "json", sealed)
    assert json.loads(result.out)["db"] == {"password": "hunter2-and-more", "port": 5432}
    wide = leafseal("decrypt", "--output-type", "json", "--indent", "4", sealed)
    assert b'\n    "db": {' in wide.out


def test_indentation_from_the_configuration(leafseal: Run, sealed: Path, work: Path) -> None:
    (work / ".sops.yaml").write_text("stores:\n  json:\n    indent: 3\n")
    assert b'\n   "db": {' in leafseal("decrypt", "--output-type", "json", sealed).out


@pytest.mark.parametrize(
    ("path", "output_type", "expected"),
    [
        ("db.password", None, b"hunter2-and-more"),
        ('["db"]["password"]', None, b"hunter2-and-more"),
        ("/db/port", None, b"5432\n"),
        ("/db/port", "json", b"5432"),
        ("list[0]", None, b"x"),
        ("list", None, b'- x\n- "y"\n'),
        ("list", "json", b'[\n\t"x",\n\t"y"\n]'),
        ("empty", None, b""),
    ],
)
def test_extracting(leafseal: Run, sealed: Path, path: str, output_type: str | None, expected: bytes) -> None:
    more = ["--output-type", output_type] if output_type else []
    assert leafseal("decrypt", "--extract", path, *more, sealed) == (0, expected, "")


def test_extracting_a_mapping_gives_a_document(leafseal: Run, sealed: Path) -> None:
    result = leafseal("decrypt", "--extract", "db", "--output-type", "json", sealed)
    assert json.loads(result.out) == {"password": "hunter2-and-more", "port": 5432}


@pytest.mark.parametrize("path", ["db.none", "list[2]", "list.x", "db.password.x", "db[0]"])
def test_extracting_what_is_not_there(leafseal: Run, sealed: Path, path: str) -> None:
    result = leafseal("decrypt", "--extract", path, sealed)
    assert (result.code, result.out) == (91, b"")


# -- who can open it, and what is sealed


def test_the_configuration_is_that_of_the_files_folder(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    (work / "deep" / "er").mkdir(parents=True)
    (work / "deep" / ".sops.yaml").write_text(config(me, "    encrypted_regex: ^secret$\n"))
    (work / "deep" / "er" / "a.yaml").write_text("secret: s\nopen: o\n")
    assert leafseal("encrypt", "-i", "deep/er/a.yaml").code == 0
    assert set(tokens(work / "deep" / "er" / "a.yaml")) == {"secret"}
    (work / "other.sops.yaml").write_text(config(me))
    (work / "b.yaml").write_text("a: b\n")
    assert leafseal("encrypt", "-i", "--config", "other.sops.yaml", "b.yaml").code == 0


def test_without_anybody_named_nothing_is_sealed(leafseal: Run, plain: Path) -> None:
    result = leafseal("encrypt", "-i", plain)
    assert result.code == 1
    assert "no .sops.yaml with creation rules found, and no recipient given" in result.err
    assert plain.read_bytes() == PLAIN


@pytest.mark.parametrize("name", ["app.yaml", "other place/app.yaml"])
def test_the_hint_on_a_missing_configuration_helps(leafseal: Run, work: Path, name: str) -> None:
    (work / "other place").mkdir()
    (work / name).write_bytes(PLAIN)
    result = leafseal("encrypt", "-i", name)
    hint = re.search('create one with "leafseal (.*)"', result.err)
    assert hint is not None
    assert leafseal(*shlex.split(hint[1])).code == 0
    assert leafseal("encrypt", "-i", name).code == 0


@pytest.mark.parametrize("command", ["encrypt", "updatekeys"])
@pytest.mark.parametrize("option", [[], ["--config", "sub/other.yaml"]])
def test_a_configuration_without_creation_rules_is_named(
    leafseal: Run, sealed: Path, work: Path, me: ThrowawayIdentity, screen: Terminal, command: str, option: list[str]
) -> None:
    path = work / (option[1] if option else ".sops.yaml")
    path.parent.mkdir(exist_ok=True)
    path.write_text("stores: {yaml: {indent: 2}}\n")
    (work / "new.yaml").write_text("a: 1\n")
    words = [command, *option, "new.yaml" if command == "encrypt" else sealed.name]
    screen.answers = ["y"]  # to the question whether a configuration is to be made; there is one
    result = leafseal(*words)
    assert (result.code, screen.answers) == (1, ["y"])
    assert "has no creation rules" in result.err
    assert re.search(r"add creation_rules to (\S+)", result.err)[1].endswith(path.name)  # type: ignore[index]
    path.write_text(config(me))
    assert leafseal(*words).code == 0


def test_on_a_terminal_a_configuration_is_offered(leafseal: Run, plain: Path, work: Path, screen: Terminal) -> None:
    os.environ.pop("SOPS_AGE_KEY")
    screen.answers = ["y"]
    result = leafseal("encrypt", "-i", plain)
    assert result.code == 0
    assert (work / ".sops.yaml").exists()
    assert "created your private key" in result.err
    assert leafseal("decrypt", plain) == (0, PLAIN, "")


def test_a_configuration_without_a_rule_for_the_file(
    leafseal: Run, plain: Path, work: Path, me: ThrowawayIdentity
) -> None:
    (work / ".sops.yaml").write_text(f"creation_rules:\n  - path_regex: other\n    age: {me.recipient}\n")
    for more in ([], ["--age", me.recipient]):
        result = leafseal("encrypt", *more, plain)
        assert result.code == 1
        assert "no matching creation rules found" in result.err


def test_options_win_over_the_configuration(leafseal: Run, plain: Path, work: Path, me: ThrowawayIdentity) -> None:
    other = throwaway_identity()
    (work / ".sops.yaml").write_text(config(other))
    assert leafseal("encrypt", "-i", "--age", me.recipient, plain) == (0, b"", "")
    assert leafseal("decrypt", plain).out == PLAIN


def test_a_variable_that_wins_over_the_configuration_is_named(
    leafseal: Run, plain: Path, work: Path, me: ThrowawayIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    (work / ".sops.yaml").write_text(config(throwaway_identity()))
    monkeypatch.setenv("SOPS_AGE_RECIPIENTS", me.recipient)
    result = leafseal("encrypt", "-i", plain)
    assert result.code == 0
    assert "encrypted for SOPS_AGE_RECIPIENTS, not for the recipients in .sops.yaml" in result.err
    assert leafseal("decrypt", plain).out == PLAIN


def test_a_recipient_that_is_none(leafseal: Run, plain: Path) -> None:
    result = leafseal("encrypt", "-i", "--age", "age1nonsense", plain)
    assert result.code == 1
    assert plain.read_bytes() == PLAIN


def test_several_recipients_and_groups(leafseal: Run, plain: Path, work: Path, me: ThrowawayIdentity) -> None:
    other, third = throwaway_identity(), throwaway_identity()
    assert leafseal("encrypt", "--output", "both.yaml", "--age", f"{other.recipient},{me.recipient}", plain).code == 0
    assert leafseal("decrypt", "both.yaml").out == PLAIN
    (work / ".sops.yaml").write_text(
        "creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n"
        + "".join(f"      - age: [{one.recipient}]\n" for one in (me, other, third))
    )
    assert leafseal("encrypt", "-i", plain).code == 0
    refused = leafseal("decrypt", plain)
    assert refused.code == 128
    assert "2 of 3 groups are needed, 1 decrypted" in refused.err
    os.environ["SOPS_AGE_KEY"] = f"{me.identity}\n{third.identity}"
    assert leafseal("decrypt", plain).out == PLAIN


def test_two_rules_are_one_too_many(leafseal: Run, plain: Path, work: Path, me: ThrowawayIdentity) -> None:
    (work / ".sops.yaml").write_text(config(me, "    encrypted_regex: ^password$\n"))
    result = leafseal("encrypt", "-i", "--encrypted-suffix", "_enc", plain)
    assert result.code == 8
    assert plain.read_bytes() == PLAIN


def test_a_rule_of_the_configuration_that_seals_nothing(
    leafseal: Run, plain: Path, me: ThrowawayIdentity, screen: Terminal
) -> None:
    Path(".sops.yaml").write_text(config(me, "    encrypted_regex: ^nothing$\n"))
    result = leafseal("encrypt", "-i", plain.name)
    assert result.code == 220
    assert "app.yaml: the rule encrypts nothing in this file: only values under key names that match" in result.err
    assert plain.read_bytes() == PLAIN
    screen.answers = ["y"]
    assert leafseal("encrypt", "-i", plain.name).code == 0
    assert "Write it without encrypted values? [y/N]" in screen.shown
    assert b"lastmodified" in plain.read_bytes()
    assert leafseal("decrypt", plain.name).out == PLAIN


def test_a_rule_that_seals_nothing(leafseal: Run, plain: Path, me: ThrowawayIdentity) -> None:
    arguments = ["encrypt", "-i", "--age", me.recipient, "--encrypted-regex", "^nothing$"]
    result = leafseal(*arguments, plain)
    assert result.code == 220
    assert plain.read_bytes() == PLAIN
    assert leafseal(*arguments, "--allow-nothing-sealed", plain).code == 0


def test_what_is_sealed_already(leafseal: Run, sealed: Path, me: ThrowawayIdentity) -> None:
    before = sealed.read_bytes()
    assert leafseal("encrypt", "-i", "--age", me.recipient, sealed).code == 203
    assert sealed.read_bytes() == before


# -- opening


def test_a_plain_file_is_not_decrypted(leafseal: Run, plain: Path) -> None:
    result = leafseal("decrypt", "-i", plain)
    assert result.code == 1
    assert "not encrypted (it has no sops metadata)" in result.err
    assert plain.read_bytes() == PLAIN


def test_without_the_right_identity(leafseal: Run, sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOPS_AGE_KEY", throwaway_identity().identity)
    result = leafseal("decrypt", sealed)
    assert (result.code, result.out) == (128, b"")
    monkeypatch.delenv("SOPS_AGE_KEY")
    assert leafseal("decrypt", sealed).code == 128


def swapped(sealed: Path) -> None:
    """Change a clear value, which only the MAC covers."""
    sealed.write_text(sealed.read_text().replace("name_unencrypted: shop", "name_unencrypted: ship"))


def test_a_wrong_mac_is_refused_unless_that_is_spelled_out(leafseal: Run, sealed: Path) -> None:
    swapped(sealed)
    forged = sealed.read_bytes()
    result = leafseal("decrypt", sealed)
    assert (result.code, result.out) == (51, b"")
    assert leafseal("decrypt", "--ignore-mac", sealed).out == PLAIN.replace(b"shop", b"ship")
    refused = leafseal("decrypt", "--ignore-mac", "-i", sealed)
    assert refused.code == 8
    assert "--write-unverified" in refused.err
    assert sealed.read_bytes() == forged
    assert leafseal("decrypt", "--ignore-mac", "--write-unverified", "-i", sealed).code == 0
    assert sealed.read_bytes() == PLAIN.replace(b"shop", b"ship")


def test_a_moved_value_is_refused(leafseal: Run, sealed: Path) -> None:
    text = sealed.read_text().replace("password:", "PASSWORD:")
    sealed.write_text(text)
    result = leafseal("decrypt", "--ignore-mac", sealed)
    assert (result.code, result.out) == (25, b"")
    assert "db.PASSWORD" in result.err


def test_one_damaged_file_among_many_lets_nothing_out(leafseal: Run, sealed: Path, work: Path) -> None:
    good = work / "good.yaml"
    good.write_bytes(sealed.read_bytes())
    swapped(sealed)
    result = leafseal("decrypt", "--output-dir", "plain", good, sealed)
    assert (result.code, result.out) == (51, b"")
    assert not (work / "plain").exists()


@pytest.mark.parametrize(
    ("option", "code"),
    [
        (["--max-file-size", "1K"], 2),
        (["--max-depth", "1"], 2),
        (["--max-leaves", "2"], 2),
        (["--max-file-size", "1M"], 0),
        (["--max-recipients", "1"], 0),
    ],
)
def test_limits(leafseal: Run, sealed: Path, option: list[str], code: int) -> None:
    sealed.write_bytes(sealed.read_bytes())
    assert leafseal("decrypt", *option, sealed).code == code


def test_the_number_of_recipients(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    recipients = ["--age", me.recipient, "--age", throwaway_identity().recipient]
    (work / "a.json").write_text('{"a": 1}')
    result = leafseal("encrypt", "-i", *recipients, "--max-recipients", "1", "a.json")
    assert (result.code, "a.json: more than 1 recipients" in result.err) == (1, True)
    assert "hint: raise the limit with --max-recipients if this is meant" in result.err
    assert leafseal("encrypt", "-i", *recipients, "--max-recipients", "2", "a.json").code == 0
    result = leafseal("decrypt", "--max-recipients", "1", "a.json")
    assert (result.code, "a.json: age: more than 1 recipients" in result.err) == (1, True)
    assert leafseal("decrypt", "--max-recipients", "2", "a.json").out == b'{"a": 1}'
    assert leafseal("rotate", "-i", "--max-recipients", "1", "a.json").code == 1
    assert leafseal("rotate", "-i", "--max-recipients", "2", "a.json").code == 0


def test_duplicate_keys(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    (work / "a.env").write_text("A=1\nB=2\n")
    assert (
        leafseal(
            "encrypt", "-i", "--age", me.recipient, "--encrypted-regex", "^B$", "--mac-only-encrypted", "a.env"
        ).code
        == 0
    )
    (work / "a.env").write_text("A=0\n" + (work / "a.env").read_text())
    assert leafseal("decrypt", "a.env").code == 2
    assert leafseal("decrypt", "--allow-duplicates", "a.env").code == 51  # leafseal writes no name twice
    assert leafseal("decrypt", "--allow-duplicates", "--ignore-mac", "a.env").out == b"A=0\nA=1\nB=2\n"


def test_hard_links_are_written_into_when_asked_for(leafseal: Run, sealed: Path, work: Path) -> None:
    os.link(sealed, work / "other.yaml")
    assert leafseal("decrypt", "-i", sealed).code == 220
    assert leafseal("decrypt", "--in-place=overwrite", sealed).code == 0
    assert (work / "other.yaml").read_bytes() == PLAIN


def test_a_link_is_followed_and_a_folder_is_no_file(leafseal: Run, sealed: Path, work: Path) -> None:
    (work / "link.yaml").symlink_to(sealed.name)
    assert leafseal("decrypt", "-i", "link.yaml").code == 0
    assert sealed.read_bytes() == PLAIN
    assert (work / "link.yaml").is_symlink()
    (work / "folder").mkdir()
    assert leafseal("decrypt", "folder").code == 2
    os.mkfifo(work / "fifo.yaml")
    assert leafseal("decrypt", "fifo.yaml").code == 2


@pytest.mark.parametrize("command", ["decrypt", "get", "verify", "exec-env"])
def test_an_encrypted_file_with_a_key_twice_names_the_option_that_reads_it(
    leafseal: Run, work: Path, me: ThrowawayIdentity, command: str
) -> None:
    """sops makes such files of dotenv; `inspect` describes them."""
    (work / "s.env").write_text("A=one\nB=two\n")
    assert leafseal("encrypt", "-i", "--age", me.recipient, "s.env").code == 0
    sealed = (work / "s.env").read_bytes()
    first = sealed.splitlines(keepends=True)[0]
    (work / "s.env").write_bytes(first + sealed)
    more = {"get": ["B"], "exec-env": ["--", "true"]}.get(command, [])
    refused = leafseal(command, "s.env", *more)
    assert refused.code == 2
    assert '"leafseal decrypt --allow-duplicates --ignore-mac s.env"' in refused.err
    assert leafseal("decrypt", "--allow-duplicates", "--ignore-mac", "s.env").out == b"A=one\nA=one\nB=two\n"
    assert leafseal("inspect", "s.env").code == 0
    assert leafseal("sops", "filestatus", "s.env").out == b'{"encrypted":true}\n'


@pytest.mark.parametrize("face", [("encrypt",), ("sops", "encrypt")], ids=["leafseal", "sops"])
def test_an_unquoted_password_that_yaml_takes_for_a_tag(
    leafseal: Run, work: Path, me: ThrowawayIdentity, face: tuple[str, ...]
) -> None:
    (work / "f.yaml").write_text("user: app\npassword: !Tr0ub4dor\n")
    code, out, err = leafseal(*face, "--age", me.recipient, "f.yaml")
    assert code != 0
    assert out == b""
    assert "password: the value begins with ! or &" in err
    assert "Tr0ub4dor" not in err


def test_values_that_look_like_secrets_and_that_the_configuration_leaves_clear(
    leafseal: Run, work: Path, me: ThrowawayIdentity
) -> None:
    (work / ".sops.yaml").write_text(config(me, "    encrypted_regex: ^data$\n"))
    (work / "f.yaml").write_text("data: x\npassword: hunter22\nuser: me\n")
    code, out, err = leafseal("encrypt", "f.yaml")
    assert (code, out[:10]) == (0, b"data: ENC[")
    assert err == "leafseal: warning: f.yaml: these values look like secrets and are not encrypted: password\n"
    assert leafseal("sops", "encrypt", "f.yaml")[::2] == (0, "")
    assert "not encrypted: password" in leafseal("sops", "--verbose", "encrypt", "f.yaml").err


def test_comments_that_may_be_the_end_of_a_password(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    (work / ".sops.yaml").write_text(config(me, "    encrypted_regex: ^password$\n"))
    (work / "f.yaml").write_text("password: abc #remainder\n")
    assert leafseal("encrypt", "f.yaml").err == (
        "leafseal: warning: f.yaml: the comments on the lines of these values are not encrypted: password; "
        'to encrypt them, add --comments seal to "leafseal encrypt" or "leafseal edit"; '
        "to leave them, add --comments keep; put a value that contains # in quotes\n"
    )
    code, out, err = leafseal("encrypt", "--comments", "keep", "f.yaml")
    assert (code, b" #remainder" in out, err) == (0, True, "")
    code, out, err = leafseal("encrypt", "--comments", "seal", "f.yaml")
    assert (code, b"remainder" in out, err) == (0, False, "")
    (work / "f.yaml").write_bytes(out)
    assert leafseal("decrypt", "f.yaml").out == b"password: abc #remainder\n"
    assert leafseal("encrypt", "--comments", "off", "f.yaml").code == 1
