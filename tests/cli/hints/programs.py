"""Hints about editors, and programs that are started with values."""

from __future__ import annotations

from .scenario import Scenario

SCENARIOS = [
    Scenario(
        "run.environment",
        "to make a variable of each nested value, add --flatten __",
        "exec-env --supervise app.yaml true",
        ("exec-env --supervise --flatten __ app.yaml true",),
    ),
    Scenario(
        "run.environment",
        "hand it to the program in a file",
        "exec-env --supervise f.env true",
        ("sops exec-file f.env true",),
        files={"f.env": "A=" + "x" * 140000 + "\n"},
        before=("encrypt -i --age ME f.env",),
    ),
    Scenario(
        "system.editor",
        ("install it, or set its absolute path; programs in the current folder or working tree are ignored"),
        "edit app.yaml",
        (
            "export EDITOR=/bin/true",
            "edit app.yaml",
        ),
        environ={"EDITOR": "no-such-editor"},
    ),
    Scenario(
        "system.waiting_editors",
        'set EDITOR="{} {}" and try again',
        "edit app.yaml",
        (
            "export EDITOR=code --wait",
            "edit app.yaml",
        ),
        before=("! mkdir ../bin; printf '#!/bin/sh\n' > ../bin/code; chmod +x ../bin/code",),
        environ={"EDITOR": "code", "PATH": "HERE/../bin:/usr/bin:/bin"},
    ),
    Scenario(
        "system.waiting_editors",
        'set EDITOR="{} {}" and try again',
        "edit app.yaml",
        (
            "export EDITOR=kate --block",
            "edit app.yaml",
        ),
        before=("! mkdir ../bin; printf '#!/bin/sh\n' > ../bin/kate; chmod +x ../bin/kate",),
        environ={"EDITOR": "kate", "PATH": "HERE/../bin:/usr/bin:/bin"},
    ),
    Scenario(
        "system.waiting_editors",
        'without -n it waits: set EDITOR="{}" and try again',
        "edit app.yaml",
        (
            "export EDITOR=emacsclient",
            "edit app.yaml",
        ),
        before=("! mkdir ../bin; printf '#!/bin/sh\n' > ../bin/emacsclient; chmod +x ../bin/emacsclient",),
        environ={"EDITOR": "emacsclient -n", "PATH": "HERE/../bin:/usr/bin:/bin"},
    ),
    Scenario(
        "system.waiting_editors",
        "set EDITOR to an editor that waits, such as vim, and try again",
        "edit app.yaml",
        (
            "export EDITOR=/bin/true",
            "edit app.yaml",
        ),
        before=("! mkdir ../bin; printf '#!/bin/sh\n' > ../bin/xdg-open; chmod +x ../bin/xdg-open",),
        environ={"EDITOR": "xdg-open", "PATH": "HERE/../bin:/usr/bin:/bin"},
    ),
    Scenario(
        "system.editor",
        'set EDITOR, for instance EDITOR="code --wait"',
        "edit app.yaml",
        (
            "export EDITOR=/bin/true",
            "edit app.yaml",
        ),
        environ={"PATH": "/nowhere", "EDITOR": "", "SOPS_EDITOR": ""},
    ),
    Scenario(
        "run.environment",
        "to set it anyway, add {}",
        "exec-env --supervise f.env true",
        ("exec-env --supervise --allow LD_PRELOAD f.env true",),
        files={"f.env": "LD_PRELOAD=\n"},
        before=("encrypt -i --age ME f.env",),
    ),
    Scenario(
        "cli.exec_env",
        "to set it anyway, add {}",
        "exec-env --supervise f.env true",
        ("exec-env --supervise --allow A.B f.env true",),
        files={"f.env": "A.B=\n"},
        before=("encrypt -i --age ME f.env", "! sed -i '/structure1_/d' f.env"),
    ),
    Scenario(
        "cli.exec_env",
        "separate names with one comma each, without blanks",
        "exec-env --supervise --only A,,B f.env true",
        ("exec-env --supervise --only A,B f.env true",),
        files={"f.env": "A=1\nB=2\n"},
        before=("encrypt -i --age ME f.env",),
    ),
    Scenario(
        "run.environment",
        "name only variables that are in the file after --only",
        "exec-env --supervise --only C f.env true",
        ("exec-env --supervise --only A f.env true",),
        files={"f.env": "A=1\nB=2\n"},
        before=("encrypt -i --age ME f.env",),
    ),
    Scenario(
        "cli.exec_env",
        "add --document N to say which; the first is 0",
        "exec-env --supervise f.yaml true",
        ("exec-env --supervise --document 0 f.yaml true",),
        files={"f.yaml": "a: 1\n---\nb: 1\n"},
        before=("encrypt -i --age ME f.yaml", "! sed -i '/structure1_/d' f.yaml"),
    ),
    Scenario(
        "cli.exec_env",
        "decrypt it, and encrypt it again with --input-type dotenv (or yaml, json)",
        "exec-env --supervise settings -- true",
        (
            "decrypt -i settings",
            "encrypt -i --input-type dotenv --age ME settings",
            "exec-env --supervise settings -- true",
        ),
        files={"settings": "A=1\n"},
        before=("encrypt -i --age ME settings",),
    ),
    Scenario(
        "cli.decrypt",
        "to look at the file, add --output-type json; to delete the value: {}",
        "decrypt f.env",
        ("decrypt --output-type json f.env", "unset f.env '[\"A;B\"]'", "decrypt f.env"),
        files={"f.env": "A=1\n"},
        before=("encrypt -i --age ME --no-structure f.env", "! sed -i '1i A;B=' f.env"),
    ),
]
