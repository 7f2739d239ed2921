"""Hints about files and folders."""

from __future__ import annotations

from .scenario import Scenario

SCENARIOS = [
    Scenario(
        "system.reading",
        "name the files in it",
        "decrypt folder",
        ("decrypt app.yaml",),
        files={"folder/a.yaml": "a: 1\n"},
    ),
    Scenario(
        "system.reading",
        "raise the limit with --max-file-size if this is meant",
        "decrypt --max-file-size 5 app.yaml",
        ("decrypt --max-file-size 5K app.yaml",),
    ),
    Scenario(
        "keys.groups",
        "raise the limit with --max-recipients if this is meant",
        "encrypt -i --age ME --age OTHER --max-recipients 1 a.yaml",
        ("encrypt -i --age ME --age OTHER --max-recipients 2 a.yaml", "decrypt --max-recipients 2 a.yaml"),
        files={"a.yaml": "a: 1\n"},
    ),
    Scenario(
        "system.files",
        "choose another name, or remove it first",
        "keygen -o keys.txt",
        ("keygen -o other.txt",),
        files={"keys.txt": "x"},
    ),
    Scenario(
        "system.files",
        "make the folder first",
        "decrypt -o nowhere/x app.yaml",
        (
            {"nowhere/y": ""},
            "decrypt -o nowhere/x app.yaml",
        ),
    ),
    Scenario(
        "system.reading",
        "connect it to standard input",
        "decrypt pipe",
        ("decrypt app.yaml",),
        before=("! mkfifo pipe",),
    ),
    Scenario(
        "system.files",
        "name the file that is to be written",
        "decrypt -o link app.yaml",
        ("decrypt -o out app.yaml",),
        before=("! ln -s nowhere link",),
    ),
    Scenario(
        "system.files",
        "give the file that it points to",
        "encrypt -i --age ME a.yaml",
        ("encrypt -i --age ME ../outside.yaml",),
        before=("! echo 'a: 1' > ../outside.yaml; ln -s ../outside.yaml a.yaml",),
    ),
    Scenario(
        "system.files",
        ("copy the file; or, for encrypt, decrypt and rotate, use --in-place=overwrite (not atomic)"),
        "rotate -i app.yaml",
        ("rotate --in-place=overwrite app.yaml",),
        before=("! ln app.yaml other.yaml",),
    ),
    Scenario(
        "system.files",
        'if you mean to change it, run "chmod u+w FILE"',
        "rotate -i app.yaml",
        (
            "! chmod u+w app.yaml",
            "rotate -i app.yaml",
        ),
        before=("! chmod a-w app.yaml",),
    ),
    Scenario(
        "system.directories",
        "set {} to an absolute path, or name your keys file in SOPS_AGE_KEY_FILE",
        "keygen --append",
        (
            "export XDG_CONFIG_HOME=HERE/config",
            "keygen --append",
        ),
        environ={"XDG_CONFIG_HOME": "config"},
    ),
]
