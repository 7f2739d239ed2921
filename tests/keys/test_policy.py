from __future__ import annotations

import os
from pathlib import Path

import pytest

from leafseal.errors import ConfigError
from leafseal.keys import Ambient
from leafseal.keys.policy import Policy, load_policy, origin, policy_of

FULL = """
min_threshold = 2
no_disk_plaintext = true

[endpoints]
allow = ["https://vault.example.com:8200", "HTTPS://KV.example.cn/"]
[aws]
accounts = ["111122223333"]
roles = ["arn:aws:iam::111122223333:role/ci"]
profiles = []
[gcp]
projects = ["shop"]
[azure]
vaults = ["https://shop.vault.azure.net"]
[huawei]
projects = ["0605767e6b00d5d22f17c0133a7b58c6"]
[plugins]
allow = ["yubikey", "fido2-hmac"]
[exec]
allow = ["JAVA_OPTS", "npm_config_x-y"]
[recipients]
allow = ["age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun"]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "policy.toml"


def read(path: Path, text: str | bytes) -> Policy:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_policy(path)


def faults(path: Path, text: str) -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as caught:
        read(path, text)
    assert caught.value.file == str(path)
    return list(caught.value.faults)


def test_without_a_file(path: Path) -> None:
    policy = load_policy(path, path / "below")
    assert policy == Policy() == read(path, "")
    assert policy.plugins is None
    assert not policy.allows_endpoint("https://vault.example.com")
    assert policy.allows_recipient("x")


def test_all_of_it(path: Path) -> None:
    policy = read(path, FULL)
    assert (policy.min_threshold, policy.no_disk_plaintext) == (2, True)
    assert policy.plugins == {"yubikey", "fido2-hmac"}
    assert policy.aws_accounts == {"111122223333"}
    assert policy.aws_roles == {"arn:aws:iam::111122223333:role/ci"}
    assert policy.aws_profiles == frozenset()
    assert policy.gcp_projects == {"shop"}
    assert policy.azure_vaults == {"https://shop.vault.azure.net:443"}
    assert policy.huawei_projects == {"0605767e6b00d5d22f17c0133a7b58c6"}
    assert policy.allows_recipient("age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun")
    assert not policy.allows_recipient("age1x")
    assert policy.exec_names == {"JAVA_OPTS", "npm_config_x-y"}


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://vault.example.com:8200/v1/transit", True),
        ("https://VAULT.example.com:8200", True),
        ("https://kv.example.cn", True),
        ("https://kv.example.cn:443/keys/x", True),
        ("http://kv.example.cn", False),
        ("https://kv.example.cn:444", False),
        ("https://kv.example.cn.evil.example", False),
        ("https://vault.example.com:8200@evil.example", False),
        ("https://vault.example.com", False),
        ("vault.example.com:8200", False),
        ("https://[", False),
        ("", False),
    ],
)
def test_endpoints(path: Path, url: str, allowed: bool) -> None:
    assert read(path, FULL).allows_endpoint(url) == allowed


def test_origins() -> None:
    assert origin("https://[::1]:8200/x?y") == "https://[::1]:8200"
    assert origin("http://Host") == "http://host:80"
    for text in ("", "host", "ftp://host", "https://", "https://host:99999", "https://:443"):
        with pytest.raises(ValueError, match="not the URL"):
            origin(text)


def test_the_stricter_counts(tmp_path: Path) -> None:
    user, system = tmp_path / "user.toml", tmp_path / "system.toml"
    user.write_text('min_threshold = 3\n[plugins]\nallow = ["a", "b"]\n[aws]\nroles = ["r"]\n')
    system.write_text('no_disk_plaintext = true\nmin_threshold = 2\n[plugins]\nallow = ["b", "c"]\n')
    policy = load_policy(user, system)
    assert policy == load_policy(system, user)
    assert policy == Policy(
        plugins=frozenset("b"), aws_roles=frozenset("r"), min_threshold=3, no_disk_plaintext=True
    )  # fmt: skip


def test_all_faults_are_reported(path: Path) -> None:
    text = """
min_treshold = 2
min_threshold = true
no_disk_plaintext = "yes"
roles = ["x"]
sections = 1
gcp = []
[plugins]
allow = ["age-plugin/x", 3, "yubikey"]
alow = []
[endpoints]
allow = ["https://host/path", "ftp://x"]
[accounts]
[exec]
[aws]
roles = "x"
role = []
[azure]
vaults = ["shop"]
[huawei]
[recipients]
allow = ["", " x"]
"""
    assert sorted(faults(path, text)) == [
        ("accounts", "is now aws.accounts and gcp.projects"),
        ("aws.role", "unknown key: did you mean roles?"),
        ("aws.roles", "missing, or not a list"),
        ("azure.vaults[0]", "not the URL of a service"),
        ("endpoints.allow[0]", "not scheme, host and port alone"),
        ("endpoints.allow[1]", "not the URL of a service"),
        ("exec.allow", "missing, or not a list"),
        ("gcp", "not a section [gcp] with projects in it"),
        ("min_threshold", "not a whole number from 0 to 255"),
        ("min_treshold", "unknown key: did you mean min_threshold?"),
        ("no_disk_plaintext", "neither true nor false"),
        ("plugins.allow[0]", "not the name of a plugin, such as yubikey"),
        ("plugins.allow[1]", "not the name of a plugin, such as yubikey"),
        ("plugins.alow", "unknown key: did you mean allow?"),
        ("recipients.allow[0]", "not a name"),
        ("recipients.allow[1]", "not a name"),
        ("roles", "is now aws.roles"),
        ("sections", "unknown key"),
    ]


def test_the_message_has_the_first_fault_and_their_number(path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(path, "min_threshold = -1\n")
    assert str(caught.value) == f"{path}: min_threshold: not a whole number from 0 to 255"
    with pytest.raises(ConfigError) as caught:
        read(path, "min_threshold = 256\nx = 1\n")
    assert str(caught.value).startswith(f"{path}: 2 faults, the first is min_threshold: ")


@pytest.mark.parametrize("name", ["", "A=B", "A\\u0000", "PATH*"])
def test_what_is_no_name_of_a_variable(path: Path, name: str) -> None:
    assert faults(path, f'exec.allow = ["A", "{name}"]') == [("exec.allow[1]", "not the name of a variable")]


def test_variables_that_one_of_two_policies_does_not_admit(path: Path) -> None:
    other = path.with_name("other.toml")
    other.write_text('exec.allow = ["B", "C"]\n')
    path.write_text('exec.allow = ["A", "B"]\n')
    assert load_policy(path, other).exec_names == {"B"}


@pytest.mark.parametrize("text", [b"x", b"[plugins", b"a = 1\na = 2", b"\xff", b"\x00", b"a = " + b"[" * 5000])
def test_what_is_no_toml(path: Path, text: bytes) -> None:
    with pytest.raises(ConfigError, match=r"not TOML: [a-z]"):
        read(path, text)


def test_files_that_cannot_be_read(path: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: is a directory"):
        load_policy(tmp_path)
    path.write_bytes(b"#" * (2**20 + 1))
    with pytest.raises(ConfigError, match="larger than 1 MiB"):
        load_policy(path)


@pytest.mark.skipif(os.name == "nt", reason="rights are something else there")
def test_a_file_that_everybody_may_write(path: Path) -> None:
    path.write_text("")
    path.chmod(0o666)
    with pytest.raises(ConfigError, match="everybody may write it"):
        load_policy(path)
    path.chmod(0o664)
    assert load_policy(path) == Policy()


def test_it_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / ".config" / "leafseal" / "policy.toml"
    path.parent.mkdir(parents=True)
    path.write_text('[plugins]\nallow = ["a"]\n')
    ambient = Ambient({}, tmp_path)
    assert policy_of(ambient).plugins == {"a"}
    path.unlink()
    assert policy_of(ambient).plugins == {"a"}
    assert policy_of(Ambient({}, tmp_path)) == Policy()


def test_guards_are_everywhere_or_not_named(path: Path) -> None:
    assert read(path, 'guards = "everywhere"\n').guards == "everywhere"
    assert read(path, "").guards is None
    for text in ('guards = "nowhere"\n', "guards = true\n", "guards = []\n"):
        assert faults(path, text) == [("guards", 'not "everywhere"')]
    for one, other in (("everywhere", None), (None, "everywhere")):
        assert Policy(guards=one).and_also(Policy(guards=other)).guards == "everywhere"


def test_a_named_pipe_is_not_waited_for(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(ConfigError, match="is a named pipe or a device, and no file"):
        load_policy(path)


def test_a_link_to_nothing_is_not_taken_for_no_policy(path: Path) -> None:
    """Where the folder that it leads to is not mounted, an audit log would be off."""
    path.symlink_to(path.with_name("nowhere"))
    with pytest.raises(ConfigError, match="is a link to nothing"):
        load_policy(path)


@pytest.mark.parametrize("text", ["a" + ".a" * 101 + " = 1\n", "[a" + ".a" * 101 + "]\n"])
def test_keys_of_many_parts_are_refused_before_they_are_read(path: Path, text: str) -> None:
    """The parser's memory grows by the square of their number."""
    assert faults(path, text) == [("", "a key of more than 100 parts")]


def test_a_long_list_of_addresses_on_one_line_is_none(path: Path) -> None:
    hosts = ", ".join(f'"https://vault{number}.example.com"' for number in range(200))
    assert len(read(path, f"endpoints.allow = [{hosts}]\n").endpoints or ()) == 200
