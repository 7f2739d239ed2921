"""Where the configuration of a file is found, and where the search ends (sops-cli §1.1)."""

import errno
import os
from contextlib import contextmanager

import pytest

from leafseal.config.find import NAMES, find_config, find_config_from_cwd, find_configs
from leafseal.config.load import load_config
from leafseal.errors import ConfigError
from leafseal.system import reading


@contextmanager
def counted_bytes():
    """Count what is read from files."""
    sizes = []
    read = reading.read_some

    def counting(descriptor, size):
        piece = read(descriptor, size)
        sizes.append(len(piece))
        return piece

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "read_some", counting)
        yield lambda: sum(sizes)


@pytest.fixture
def tree(tmp_path):
    """Return a folder `a/b/c` below a folder that is a Git root."""
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    folder = tmp_path / "repo" / "a" / "b"
    folder.mkdir(parents=True)
    return tmp_path / "repo"


def test_found_from_the_folder_of_the_file(tree):
    (tree / ".sops.yaml").touch()
    assert find_config(tree / "a" / "b" / "x.yaml") == str(tree / ".sops.yaml")
    assert find_config(tree / "a" / "b") == str(tree / ".sops.yaml")
    assert find_config(tree / "a" / "none" / "x.yaml") == str(tree / ".sops.yaml")
    (tree / "a" / ".sops-style-config.yaml").touch()
    assert find_config(tree / "a" / "b" / "x.yaml") == str(tree / "a" / ".sops-style-config.yaml")
    assert find_config(tree / "x.yaml") == str(tree / ".sops.yaml")


def test_a_relative_path_is_below_the_working_directory(tree, monkeypatch):
    (tree / ".sops.yaml").touch()
    monkeypatch.chdir(tree / "a")
    assert find_config("b/x.yaml") == str(tree / ".sops.yaml")


@pytest.mark.parametrize("git", ["folder", "file"])
def test_the_search_ends_at_the_git_root(tree, git):
    (tree.parent / ".sops.yaml").touch()
    if git == "file":
        (tree / ".git").rmdir()
        (tree / ".git").write_text("gitdir: elsewhere\n")
    assert find_config(tree / "a" / "x") is None


def test_the_search_ends_at_home(tree):
    (tree / ".git").rmdir()
    (tree.parent / ".sops.yaml").touch()
    assert find_config(tree / "a" / "b" / "x", home=tree) is None
    (tree / ".sops.yaml").touch()
    assert find_config(tree / "a" / "b" / "x", home=tree) == str(tree / ".sops.yaml")


def test_the_search_ends_at_a_mount(tree, monkeypatch):
    (tree / ".sops.yaml").touch()
    monkeypatch.setattr(os.path, "ismount", lambda path: path == str(tree / "a"))
    assert find_config(tree / "a" / "b" / "x") is None
    (tree / "a" / ".sops.yaml").touch()
    assert find_config(tree / "a" / "b" / "x") == str(tree / "a" / ".sops.yaml")


@pytest.mark.skipif(os.name == "nt", reason="there are no such files")
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (os.mkdir, "is a folder"),
        (os.mkfifo, "is a named pipe"),
        (lambda at: os.symlink("/dev/zero", at), "is a device"),
    ],
    ids=["folder", "named pipe", "device"],
)
@pytest.mark.parametrize("beside", [False, True])
def test_what_is_found_and_is_no_file_is_refused_at_once(tree, make, said, beside):
    """Another one further up could mean other recipients; and a named pipe would wait for ever."""
    (tree / ".sops.yaml").touch()
    make(tree / "a" / ".sops.yaml")
    if beside:
        (tree / "a" / ".sops-style-config.yaml").touch()
    with pytest.raises(ConfigError, match=said) as caught:
        load_config(find_config(tree / "a" / "x"))
    assert caught.value.file == str(tree / "a" / ".sops.yaml")


def test_two_names_with_endless_content_are_compared_no_further_than_a_configuration_may_go(tree):
    for name in NAMES:
        with open(tree / name, "wb") as file:
            file.truncate(2**31)
    with counted_bytes() as count, pytest.raises(ConfigError, match="larger than 1048576 bytes"):
        find_config(tree / "x")
    assert count() <= 2 * 2**20


def test_a_link_to_the_null_device_is_an_empty_configuration(tree):
    (tree / ".sops.yaml").symlink_to(os.devnull)
    assert load_config(find_config(tree / "x")).rules is None


def test_what_cannot_be_looked_for_is_not_passed_over(tree, monkeypatch):
    """The configuration further up would seal by another rule."""
    (tree / ".sops.yaml").touch()
    look = os.stat

    def forbidden(path, **options):
        if str(path).startswith(str(tree / "a" / ".sops")):
            raise PermissionError(errno.EACCES, "Permission denied")
        return look(path, **options)

    monkeypatch.setattr(os, "stat", forbidden)
    with pytest.raises(ConfigError, match="could not read config file: Permission denied"):
        find_config(tree / "a" / "x")


def test_two_names_in_one_folder(tree):
    for name in (".sops.yaml", ".sops-style-config.yaml"):
        (tree / name).write_text("creation_rules: []\n")
    assert find_config(tree / "x") == str(tree / ".sops-style-config.yaml")
    (tree / ".sops.yaml").write_text("creation_rules: [{}]\n")
    with pytest.raises(ConfigError, match="in the same folder and differ"):
        find_config(tree / "x")


def test_the_wrong_suffix_is_told(tree):
    said = []
    (tree / "a" / ".sops.yml").touch()
    assert find_config(tree / "a" / "b" / "x", warn=said.append) is None
    (tree / ".sops.yaml").touch()
    assert find_config(tree / "a" / "b" / "x", warn=said.append) == str(tree / ".sops.yaml")
    text = f'ignoring "{tree}/a/.sops.yml" when searching for config file; the config file must be called ".sops.yaml"'
    assert said == [text, f'{text}; using "{tree}/.sops.yaml" instead']


def test_as_sops_looks_for_it(tree, monkeypatch):
    said = []
    (tree / ".sops-style-config.yaml").touch()
    (tree.parent / ".sops.yaml").touch()
    (tree / ".sops.yml").touch()
    monkeypatch.chdir(tree / "a" / "b")
    assert find_config_from_cwd(warn=said.append) == "../../../.sops.yaml"
    assert said == [
        'ignoring "../../.sops.yml" when searching for config file; the config file must be called ".sops.yaml"; '
        'using "../../../.sops.yaml" instead'
    ]
    (tree / "a" / "b" / ".sops.yaml").touch()
    assert find_config_from_cwd() == ".sops.yaml"


def test_as_sops_finds_nothing(tree, monkeypatch):
    said = []
    (tree / ".sops.yml").touch()
    monkeypatch.chdir(tree)
    monkeypatch.setattr("leafseal.config.find._MAX_LEVELS", 2)
    assert find_config_from_cwd(warn=said.append) is None
    assert said == ['ignoring ".sops.yml" when searching for config file; the config file must be called ".sops.yaml"']


def test_configurations_from_the_nearest_on(tree):
    (tree / ".sops.yaml").touch()
    (tree / "a" / "b" / ".sops.yaml").touch()
    assert list(find_configs(tree / "a" / "b" / "x")) == [
        str(tree / "a" / "b" / ".sops.yaml"),
        str(tree / ".sops.yaml"),
    ]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="gives files to another user")
def test_a_configuration_that_another_user_put_into_a_folder_of_all_is_warned_of(tmp_path):
    (tmp_path / "work").mkdir()
    config = tmp_path / ".sops.yaml"
    config.write_text("creation_rules: []\n")
    for mode, owner, count in ((0o1777, 12345, 1), (0o1777, 0, 0), (0o755, 12345, 0)):
        tmp_path.chmod(mode)
        os.chown(config, owner, -1)
        warnings = []
        assert find_config(tmp_path / "work" / "a.yaml", warn=warnings.append) == str(config)
        assert [text for text in warnings if "belongs to another user" in text] == warnings
        assert len(warnings) == count
