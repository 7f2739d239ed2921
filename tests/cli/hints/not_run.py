"""The hints that no test follows, by the reason. A new hint is to be followed, not put here."""

from __future__ import annotations

NOT_RUN: dict[str, dict[str, list[str]]] = {
    ("a library or a program is not installed, and the tests install none"): {
        "audit.postgres": [
            "pip install 'leafseal[audit-postgres]'",
            "check that the database runs, and that its user may insert into the table audit_event",
        ],
        "audit.syslog": [
            "check that the service that reads this socket runs, and that you may write to it",
        ],
        "age.ssh_keys": [
            "pip install 'leafseal[ssh]'",
        ],
        "cli.link_sops": [
            'install {} with pipx, uv or pip, and run "{} link-sops" of that installation',
        ],
        "git.repository": [
            "install Git",
        ],
        "keyservice.grpc": [
            "pip install 'leafseal[grpc]'",
        ],
        "providers.aws": [
            "pip install 'leafseal[aws]'",
        ],
        "providers.aws.errors": [
            "pip install 'botocore[crt]'",
            'log in with "aws login"',
        ],
        "providers.azure": [
            "pip install 'leafseal[azure]'",
        ],
        "providers.gcp": [
            "pip install 'leafseal[gcp]'",
        ],
        "providers.huawei": [
            "pip install 'leafseal[huawei]'",
        ],
        "providers.vault.requests": [
            "pip install 'leafseal[vault]'",
        ],
        "run.redact.stream": [
            "pip install 'leafseal[redact]'",
        ],
    },
    ("only Windows has it"): {
        "cli.helm.placing": [
            'use "leafseal helm run" instead of helm',
        ],
        "cli.shared.running": [
            "leave out --redact",
        ],
        "cli.shared.watching": [
            "leave out --watch",
        ],
        "cli.link_sops": [
            'use "leafseal sops" instead of "sops"',
        ],
    },
    ("it takes a later leafseal, or a configuration that nobody has found yet"): {
        "operations.structure": [
            "update leafseal",
        ],
    },
    ("leafseal is at fault, or the file is beyond repair"): {
        "api.border": [
            "check the types of the arguments; if they are right, report this fault, without the file's values",
        ],
        "operations.product": [
            "report this fault of leafseal, without the file's values",
            "check the disk",
        ],
    },
    ("the folder of the tests would have to go; tests/cli/test_main.py has a process for it"): {
        "cli.main": [
            "change to a folder that exists",
        ],
    },
    ("takes a file of another program, and that program"): {
        "formats.faults": [
            'fetch the file itself with "git lfs pull"',
            'decrypt it with "ansible-vault decrypt", then encrypt it',
            'decrypt it with "git-crypt unlock", then encrypt it',
            'decrypt it with "age -d", then encrypt it',
            'decrypt it with "gpg -d", then encrypt it',
        ],
    },
}
