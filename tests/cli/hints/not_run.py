"""The hints that no test follows, by the reason. A new hint is to be followed, not put here."""

from __future__ import annotations

NOT_RUN: dict[str, dict[str, list[str]]] = {
    (
        "a service of a cloud, of Vault or of GnuPG says no: to follow it takes an accoun"
        "t there, or a key of the test's own"
    ): {
        "keys.unknown": [
            "take it out of the rule, or encrypt with sops",
            "decrypt with another key of the file, or with sops",
        ],
        "operations.context_repair": [
            ("only files from SOPS before 3.3.0 need this, with an AWS key whose context has different values"),
            "none of its possible encryption contexts decrypts it: the cause is another one",
        ],
        "operations.open": [
            'if SOPS before 3.3.0 encrypted this file, fix it with "leafseal repair FILE"',
        ],
        "providers.aws.errors": [
            "check that the key, or its alias, is in this account and region",
            'enable the key: "aws kms enable-key"',
            "cancel the deletion of the key: until then it decrypts nothing",
            "check whether the encryption context or the wrapped key was changed",
            "it was wrapped by another key than the one the file names",
            "use a symmetric key for encryption and decryption",
            "try again in a while",
            "check that IAM knows the identity provider, and that its token is for this audience",
            ('set AWS_PROFILE, or AWS_ACCESS_KEY_ID and its secret; "aws sts get-caller-identity" tells who you are'),
            "profiles are in ~/.aws/config and ~/.aws/credentials",
            'log in with "aws login"',
            "run it by hand",
            "AWS_CA_BUNDLE names other authorities",
            "HTTPS_PROXY names it",
            "check your AWS configuration",
            "these credentials need {}",
            "check the secret access key, and the clock of this machine",
            "check that the access key is right, and for this partition of AWS",
            'log in again, such as with "aws sso login"',
            "the account's limit of requests is reached; try again in a while",
        ],
        "providers.aws.session": [
            ('get a session first, such as with "aws sts get-session-token", and put it into the environment'),
        ],
        "providers.azure.credentials": [
            "check tenant, client and secret, and that the vault is in that tenant",
            '"az login" makes some; or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET',
        ],
        "providers.azure.errors": [
            ("check that it was wrapped by this version of the key, and that the key is an RSA key for encryption"),
            "check that the vault is in the tenant of these credentials",
            "check the names of the vault and the key, and the version",
            "the limit of requests is reached; try again in a while",
            "SSL_CERT_FILE or REQUESTS_CA_BUNDLE names other authorities",
            "HTTPS_PROXY names it",
            "check its name, and the network",
            (
                "check that the vault is in the tenant of these credentials AZURE_ADDITIONALLY_AL"
                "LOWED_TENANTS names others"
            ),
            "SSL_CERT_FILE or REQUESTS_CA_BUNDLE names it",
        ],
        "providers.gcp": [
            "try again",
        ],
        "providers.gcp.credentials": [
            "known are {}",
            "put a token into GOOGLE_OAUTH_ACCESS_TOKEN",
        ],
        "providers.gcp.errors": [
            "check that it was wrapped by this key, and that the key is symmetric",
            "check that the key is in this project, location and ring",
            "check that the version of the key is enabled, and not about to be destroyed",
            'log in again, such as with "gcloud auth application-default login"',
            "the project's limit of requests is reached; try again in a while",
            "check SOPS_GCP_KMS_ENDPOINT, if it is set, and the network; or try again in a while",
            "check that SOPS_GCP_KMS_ENDPOINT is the address of Cloud KMS",
            'if they expired or were revoked, log in again with "gcloud auth application-default login"',
            "SSL_CERT_FILE or REQUESTS_CA_BUNDLE names other authorities",
            "HTTPS_PROXY names it",
            "SSL_CERT_FILE or REQUESTS_CA_BUNDLE names it",
            "these credentials need {}",
        ],
        "providers.huawei.connections": [
            "if it is newer than the installed library, {} names its endpoint",
        ],
        "providers.huawei.errors": [
            "check that the key is in this region and project",
            "enable the key",
            "cancel the deletion of the key: until then it decrypts nothing",
            "check that it was wrapped by this key, and that the key is symmetric",
            "check the access key and its secret, and the clock of this machine",
            "the account's limit of requests is reached; try again in a while",
            "REQUESTS_CA_BUNDLE or SSL_CERT_FILE names other authorities",
            "HTTPS_PROXY names it",
            "REQUESTS_CA_BUNDLE or SSL_CERT_FILE names it",
            "these credentials need {}",
            "set HUAWEICLOUD_SDK_PROJECT_ID to the id of the key's project",
        ],
        "providers.pgp.failures": [
            "import it with gpg --import, or name the folder of your key ring in GNUPGHOME",
            "start it with gpgconf --launch gpg-agent",
            "import it with gpg --import",
            "gpg.conf says pinentry-mode loopback: take it out, or name a passphrase-file there",
            "the path in GNUPGHOME is too long for its sockets: use a shorter one",
            ("set GPG_TTY with: export GPG_TTY=$(tty); or unlock the key first, by decrypting something with gpg"),
            "see what it says by hand: echo x | gpg -r FINGERPRINT -e | gpg -d",
            "import a renewed key with gpg --import, or take it out of the configuration",
            "gpg --edit-key {} enable save",
            "name another key, or add a subkey with gpg --quick-add-key",
            "update gpg: a newer one may have made the message",
            "insert the card",
        ],
        "providers.pgp.gpg": [
            "check that {} is GnuPG's program",
            "import a key with gpg --import, or name the folder of the key ring in GNUPGHOME",
            "{} holds a name or a path, without arguments",
            "answer its pinentry if one waits; {} sets how long gpg may take",
        ],
        "providers.pgp.messages": [
            "give all 40 digits, as gpg --fingerprint shows them",
        ],
        "providers.vault.requests": [
            "check that it was wrapped by this key, in this engine and namespace",
            "check engine, key and VAULT_NAMESPACE",
            "check whether this Vault is sealed, or in standby",
            "{}, and the key has to exist",
            'the token needs a policy with path "{}" { capabilities = ["update"] }',
            "check the role, its secret or token, and the mount of the login",
            "write the address that it redirects to into the key",
        ],
    },
    ("a library or a program is not installed, and the tests install none"): {
        "age.ssh_keys": [
            "pip install 'leafseal[ssh]'",
        ],
        "cli.link_sops": [
            'install {} with pipx, uv or pip, and run "{} link-sops" of that installation',
        ],
        "keyservice.grpc": [
            "pip install 'leafseal[grpc]'",
        ],
        "providers.age.plugins": [
            "install {}",
        ],
        "providers.aws": [
            "pip install 'leafseal[aws]'",
        ],
        "providers.aws.errors": [
            "pip install 'botocore[crt]'",
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
        "providers.pgp.failures": [
            "install one, or correct pinentry-program in gpg-agent.conf",
        ],
        "providers.pgp.gpg": [
            "install GnuPG, or name its program in {}",
        ],
        "providers.vault.requests": [
            "pip install 'leafseal[vault]'",
        ],
    },
    ("a key service or a plugin runs beside the command, which tests/keyservice and tests/providers do"): {
        "cli.keyservice": [
            "add --address unix:///PATH",
            "use a Unix socket, or tcp://127.0.0.1:PORT behind a tunnel; to listen anyway, add --allow-network",
        ],
        "keyservice.client": [
            "check that the key service is running, and its address",
        ],
        "keyservice.gate": [
            "choose another path",
        ],
        "keyservice.server": [
            "use an address of this machine, and a free port",
        ],
        "providers.age.plugins": [
            'name it in your configuration, or put under [plugins] in {}: allow = ["{}"]',
        ],
    },
    ("the machine is in a state that the tests do not bring it into: a full disk, a mount, another process or user"): {
        "cli.link_sops": [
            'use "leafseal sops" instead of "sops"',
        ],
        "run.exec": [
            "run leafseal as root",
        ],
        "system.files": [
            "the folder must be writable too: the new file is moved over the old one",
            ("a mount point cannot be replaced; for encrypt, decrypt and rotate, use --in-place=overwrite"),
            "free some space, or ask for more, and try again",
            "check the disk before anything else is written to it",
            "free some space and try again",
            "work on a copy in a folder that can be written",
            "look at its new content, and try again",
            "restore the file from Git",
            "restore it from Git",
            "the new content is written; check the disk, and the file after the next start",
        ],
        "system.locks": [
            "wait for it, or end it",
        ],
        "system.private": [
            "make room in {}, or set XDG_RUNTIME_DIR to another folder in memory",
            "make room in XDG_RUNTIME_DIR or /dev/shm, or set XDG_RUNTIME_DIR to another folder in memory",
            "set XDG_RUNTIME_DIR to a folder in memory (tmpfs) that is yours alone",
            "set TMPDIR",
            "try again",
        ],
    },
    ("somebody answers at a terminal"): {
        "cli.repair": [
            'undo the change that broke it; "git log -p FILE" shows the changes',
        ],
    },
    ("no command reaches it, only the library or a changed file does"): {
        "config.write": [
            "add the recipient by hand",
            "give at least one age recipient: age1…",
            "add the recipient by hand to one of them",
        ],
        "api": ["say which with document=N, from 0; SealedFile.documents gives all"],
        "operations.open": [
            'restore the file from Git; if sops converted it from another format, use "leafseal sops decrypt"'
        ],
        "operations.structure": ["update leafseal"],
        "formats.common": ["raise the limit with --max-file-size if this is meant"],
        "formats": [
            "raise the limit with --max-file-size if this is meant",
            "one of {}",
        ],
        "formats.yaml.emitter": [
            "remove them from the comment",
        ],
        "keys.groups": [
            "every key group needs at least one master key",
            "name a recipient, such as with --age, or write a .sops.yaml",
            "restore the file from Git: its key groups were changed",
        ],
        "operations.repair": [
            'delete its lines in a text editor, then run "leafseal repair FILE" again',
        ],
    },
    ("leafseal is at fault, or the file is beyond repair"): {
        "api": [
            ("check the types of the arguments; if they are right, report this fault, without the file's values"),
        ],
        "operations.product": [
            "report this fault of leafseal, without the file's values",
            "check the disk",
        ],
    },
}
