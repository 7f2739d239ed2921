"""Messages of hints that are not written beside them in the source: a hint that a table, a function or an answer gives.

By the module of the hint: the beginning of the hint, the code of the error, and its message. The empty beginning is for
all other hints of the module.
"""

from __future__ import annotations

GIVEN: dict[str, list[tuple[str, str, str]]] = {
    "age.ssh_keys": [("", "provider-missing", "cannot be decrypted without the library bcrypt")],
    "api.border": [("", "invalid-format", "more than … bytes, more than … values")],
    "api.functions": [("", "usage", "a rule must be of type Selection, not …")],
    "api.opening": [
        ("say which", "refused", "contains … documents, and nothing protects where one ends and the next begins"),
        ("", "missing-file", "no such file"),
    ],
    "cli.exec": [("", "command-not-started", "cannot run …: …, command not found: …")],
    "cli.git.guarding": [
        ("decide the", "refused", "has the markers of a merge conflict, …: a merge left this conflict"),
        ('encrypt it with "leafseal repair', "refused", "not encrypted, although the file's rule encrypts it"),
        ("mend it", "refused", "line …: creation_rule: unknown key, ignored: did you mean creation_rules?"),
    ],
    "cli.helm.running": [("", "refused", "not encrypted, and the rule for it in .sops.yaml encrypts …")],
    "cli.kubectl.handing_on": [
        ("encrypt it", "refused", "not encrypted, and the rule for it in .sops.yaml encrypts …"),
    ],
    "cli.argocd.rendering": [("name files", "refused", "is outside of the folder that files may come from")],
    "cli.krm": [("move it", "refused", "is outside of the folder that files may come from")],
    "cli.check": [("to write", "missing-file", "no such file, of --baseline")],
    "cli.shared.addressing": [("", "invalid-path", "… does not exist")],
    "cli.shared.click_commands": [("", "usage", "missing argument …, invalid value for …")],
    "cli.shared.compared": [("see what", "changed-value", "…: this value does not verify, of a file in a revision")],
    "cli.shared.failing": [
        ("use a smaller", "invalid-format", "larger than … bytes, more than … leaves"),
        ("use a file", "invalid-format", "nested deeper than … levels"),
        ("name fewer", "invalid-metadata", "more than … recipients"),
        ("give the file", "invalid-format", "not valid JSON: …"),
    ],
    "cli.shared.locked_out": [
        ("", "no-matching-key", "your key … can't decrypt this file; it is encrypted for …"),
    ],
    "cli.shared.resolving": [("other lines", "error", "… cannot be merged: the integrity check (MAC) failed …")],
    "cli.shared.variables": [
        ("", "refused", "contains … documents, and nothing protects where one ends and the next begins"),
    ],
    "cli.shared.suggestions": [
        ("use ", "usage", "no such option …"),
        ("private keys", "usage", "no such option …"),
        ("put --", "usage", "no such option …"),
        ("give a command", "usage", "no such option …"),
        ('run "{} {}"; {} is', "usage", "no such option …"),
        ("", "usage", "no such command …"),
    ],
    "config.keys": [("", "invalid-configuration", "… where a list is expected, … where text is expected")],
    "config.load": [("", "invalid-configuration", "… where a list is expected, … where a mapping is expected")],
    "config.mistakes": [
        ("add a key to", "invalid-configuration", "has a key group without keys"),
        ("add recipients", "invalid-configuration", "names no recipients"),
        ("delete the dash", "invalid-configuration", "names no recipients"),
        ('delete "./":', "invalid-configuration", 'begins with "./"'),
        ("in a regular", "invalid-configuration", "looks like a glob"),
        ("path_regex is a regular expression, not a glob: write", "invalid-configuration", "looks like a glob"),
        ("", "invalid-configuration", "no rule matches …"),
    ],
    "deploy.helm.paths": [("", "refused", "an absolute path is not allowed, .. in a path is not allowed, …")],
    "deploy.helm.rendering": [
        ("keep one", "refused", "contains … documents, and nothing protects where one ends and the next begins"),
    ],
    "deploy.helm.urls": [("", "refused", "secrets+gpg-import-kubernetes:// is not supported")],
    "formats.ini.scan": [("", "invalid-format", "duplicate key …")],
    "formats.json.scan": [
        ("delete the comments", "invalid-format", "not JSON: it has no comments"),
        ("", "invalid-format", "not JSON: expected …"),
    ],
    "git.blobs": [
        ("run", "error", "this clone does not have …: it is a shallow one"),
        ("see what", "error", "… is not a commit in this clone"),
        ("", "error", "the two revisions have no common commit in this clone"),
    ],
    "git.files": [("decide whether", "error", "ours (…) is empty")],
    "git.sides": [("", "error", "ours cannot be merged: …")],
    "keys.unknown": [("", "provider-failed", "this version has no provider for … keys")],
    "metadata.weak_types": [("", "invalid-metadata", "lastmodified: missing, or not an RFC 3339 time")],
    "operations.context_repair": [("", "no-matching-key", "… of a file that SOPS before 3.3.0 may have encrypted")],
    "operations.open": [
        ("if SOPS before", "no-matching-key", "… of a file that SOPS before 3.3.0 may have encrypted"),
        ("restore the file", "changed-value", "…: has the type …, and the values of this format are text"),
        (
            "",
            "changed-value",
            "the integrity check (MAC) failed: values were added, removed, reordered or edited by hand",
        ),
    ],
    "operations.unreadable": [
        ("restore the file", "invalid-format", "… in a file that has no end"),
        ("to keep one", "invalid-format", "duplicate key …"),
        ("the sops metadata", "invalid-metadata", "sops: … must be …"),
        ("", "invalid-format", "not JSON: …, not valid YAML: …"),
    ],
    "providers.age.mistakes": [("", "provider-failed", "age: recipient … is not an age recipient")],
    "providers.age.passphrases": [
        ("", "no-matching-key", "it is protected by a passphrase, and there is nobody to ask for it"),
    ],
    "providers.age.places": [
        ("check the name", "no-matching-key", "SOPS_AGE_KEY_FILE: no such file or directory"),
        ("delete the quotes", "no-matching-key", "SOPS_AGE_KEY_FILE: has quotes around the name of the file"),
        ("", "no-matching-key", "SOPS_AGE_KEY_FILE: begins with ~, which only shells replace"),
    ],
    "providers.age.report": [("", "no-matching-key", "no key of yours can decrypt this file; it is encrypted for …")],
    "providers.age.unusable": [("", "no-matching-key", "is UTF-16")],
    "providers.aws.errors": [
        ("these credentials", "provider-failed", "AWS KMS answered AccessDeniedException"),
        ("check that the access", "provider-failed", "AWS KMS answered UnrecognizedClientException"),
        ("check the secret", "provider-failed", "AWS KMS answered InvalidSignatureException"),
        ("log in with", "provider-failed", "there is no valid SSO session"),
        ("log in again", "provider-failed", "AWS KMS answered ExpiredTokenException"),
    ],
    "providers.azure.errors": [
        ("check that it was", "provider-failed", "the vault answered 400"),
        ("check that the vault", "provider-failed", "the vault answered 401"),
        ("check the names", "provider-failed", "the vault answered 404"),
        ("the limit", "provider-failed", "the vault answered 429"),
        ("", "provider-failed", "the vault answered 403"),
    ],
    "providers.gcp.errors": [
        ("these credentials", "provider-failed", "Google Cloud KMS answered PERMISSION_DENIED"),
        ("", "provider-failed", "Google Cloud KMS answered UNAUTHENTICATED"),
    ],
    "providers.huawei.errors": [("", "provider-failed", "Huawei Cloud KMS answered 403")],
    "providers.pgp.failures": [
        ("import a renewed", "provider-failed", "the key has expired …, the key was revoked"),
        ("gpg --edit-key", "provider-failed", "the key is disabled in this key ring"),
        ("name another", "provider-failed", "the key has no subkey for encryption"),
        ("update gpg", "provider-failed", "gpg did not confirm what it decrypted"),
        ("insert", "provider-failed", "the smart card with the secret key … did not decrypt it"),
    ],
    "providers.pgp.gpg": [
        ("answer its", "provider-failed", "gpg: no answer in time"),
        ("import a key", "provider-failed", "there is no key ring: … is not there"),
        ("install GnuPG", "provider-failed", "gpg was not found on PATH"),
        ("", "provider-failed", "gpg was not found: … names no program"),
    ],
    "providers.pgp.messages": [("", "provider-failed", "this is not a fingerprint")],
    "providers.vault.requests": [
        ("check engine", "provider-failed", "Vault answered 404"),
        ("check that it", "provider-failed", "Vault answered 400"),
        ("", "provider-failed", "Vault answered 503"),
    ],
    "rules.selection": [("", "invalid-configuration", "encrypted_regex: …")],
    "run.dialects": [("", "invalid-format", "line …: … in a value that --dialect would expand")],
    "run.dialects.godotenv": [("", "invalid-format", "$… is set by no line before, and would be empty")],
    "run.render.entries": [
        ("add from", "invalid-configuration", "no encrypted file"),
        ("", "invalid-configuration", "no file to be rendered, … where a list is expected"),
    ],
    "run.render.values": [
        ("", "refused", "contains … documents, and nothing protects where one ends and the next begins"),
    ],
    "system.editor": [("", "editor-failed", "no editor available: …")],
    "system.files": [
        ("the folder must", "cannot-write", "cannot write: permission denied"),
        ("a mount", "cannot-write", "cannot write: device or resource busy"),
        ("free some space,", "cannot-write", "cannot write: disk quota exceeded"),
        ("free", "cannot-write", "cannot write: no space left on device"),
        ("check the disk", "cannot-write", "cannot write: input/output error"),
        ("make the folder", "cannot-write", "cannot write: no such file or directory"),
        ("", "cannot-write", "cannot write: read-only file system"),
    ],
    "system.waiting_editors": [("", "refused", "… returns before the editing is done")],
}
