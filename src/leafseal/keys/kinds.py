"""The kinds of master keys: everything that other code knows of one stands in its row here.

To add a kind, write its package below `providers/` and a row here: docs/contributing.md. No provider is imported for
the table; `registry` does that when a file or a rule names a kind.
"""

from __future__ import annotations

from collections.abc import Mapping

from leafseal.document.frozen import NamedTuple


class Kind(NamedTuple):
    """A kind of master keys: where its code is, and under which names files, rules, options and services know it."""

    name: str
    """Its list in the metadata of a file (sops-format §3.2)."""

    provider: str
    """The module and the class of its code, with a colon between them."""

    what: str
    """What users call such keys, in the plural, for help."""

    option: str
    """Its command line option without the dashes, also after `--add-` and `--rm-` (sops-cli §4)."""

    variable: str
    """The environment variable that stands in for the option."""

    fields: tuple[str, ...]
    """The fields of an entry beside `enc` and `created_at`, in the order of the key service's message."""

    service_number: int
    """The number of its message in the key service's `Key` (sops-format §4.8)."""

    rule_list: str
    """The flat list of such keys in a creation rule (sops-cli §1.3)."""

    group_list: str
    """The list of such keys in a key group of a creation rule (sops-cli §1.4)."""

    form: str
    """A pattern for the text of one such key, by which it is told from keys of other kinds."""

    group_fields: Mapping[str, str] | None = None
    """The fields of an entry there, and their names in `fields`. None: each entry is one text."""

    short: str = ""
    """The letter of a short option."""

    logger: str = ""
    """The name that lines about such keys begin with in the log of SOPS (`--verbose`)."""

    logged: Mapping[str, str] = {}
    """What these lines end with: their words for the fields, in `fields`."""

    extra: str = ""
    """The extra of this package that brings the libraries; empty where none are needed."""

    is_dated: bool = True
    """Whether entries in files have a `created_at`."""

    is_only_list: bool = False
    """Whether the flat list cannot be written as one text with commas."""

    is_always_listed: bool = False
    """Whether each key group of a file has the list, with no keys in it too, as SOPS writes it (sops-format §3.2)."""


MAPS = frozenset({"context"})
"""The fields that hold a mapping of texts. All others hold one text."""

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            name="age",
            provider="leafseal.providers.age:AgeKey",
            what="age recipients",
            option="age",
            short="a",
            variable="SOPS_AGE_RECIPIENTS",
            fields=("recipient",),
            service_number=6,
            rule_list="age",
            group_list="age",
            form=r"age1[0-9a-z]\S*|(ssh-(ed25519|rsa)|ecdsa-\S+|sk-\S+) \S+.*",
            is_dated=False,
            is_always_listed=True,
            logger="AGE",
        ),
        Kind(
            name="pgp",
            provider="leafseal.providers.pgp:PGPKey",
            what="PGP fingerprints",
            option="pgp",
            short="p",
            variable="SOPS_PGP_FP",
            fields=("fp",),
            service_number=2,
            rule_list="pgp",
            group_list="pgp",
            form=r"(0x)?([0-9A-Fa-f]{16}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}|([0-9A-Fa-f]{4} +){9}[0-9A-Fa-f]{4})!?",
            logger="PGP",
            logged={"fingerprint": "fp"},
        ),
        Kind(
            name="kms",
            provider="leafseal.providers.aws:AWSKMSKey",
            what="AWS KMS keys",
            option="kms",
            short="k",
            variable="SOPS_KMS_ARN",
            fields=("arn", "role", "context", "aws_profile"),
            service_number=1,
            rule_list="kms",
            group_list="kms",
            form=r"arn:aws[\w-]*:kms:\S+",
            group_fields={"arn": "arn", "role": "role", "context": "context", "aws_profile": "aws_profile"},
            extra="aws",
            logger="AWSKMS",
            logged={"arn": "arn"},
        ),
        Kind(
            name="gcp_kms",
            provider="leafseal.providers.gcp:GCPKMSKey",
            what="Google Cloud KMS keys",
            option="gcp-kms",
            variable="SOPS_GCP_KMS_IDS",
            fields=("resource_id",),
            service_number=3,
            rule_list="gcp_kms",
            group_list="gcp_kms",
            form=r"projects/[^/\s]+/locations/[^/\s]+/keyRings/[^/\s]+/cryptoKeys/\S+",
            group_fields={"resource_id": "resource_id"},
            extra="gcp",
            logger="GCPKMS",
            logged={"resourceID": "resource_id"},
        ),
        Kind(
            name="hckms",
            provider="leafseal.providers.huawei:HuaweiKMSKey",
            what="Huawei Cloud KMS keys",
            option="hckms",
            variable="SOPS_HUAWEICLOUD_KMS_IDS",
            fields=("key_id",),
            service_number=7,
            rule_list="hckms",
            group_list="hckms",
            form=r"[a-z]+(-[a-z0-9]+)+:[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
            group_fields={"key_id": "key_id"},
            extra="huawei",
            is_only_list=True,
            logger="HCKMS",
            logged={"keyID": "key_id"},
        ),
        Kind(
            name="azure_kv",
            provider="leafseal.providers.azure:AzureKeyVaultKey",
            what="Azure Key Vault keys",
            option="azure-kv",
            variable="SOPS_AZURE_KEYVAULT_URLS",
            fields=("vault_url", "name", "version"),
            service_number=4,
            rule_list="azure_keyvault",
            group_list="azure_keyvault",
            form=r"https://[^/\s]+/keys/[^/\s]+(/[^/\s]*)?",
            group_fields={"vaultUrl": "vault_url", "key": "name", "version": "version"},
            extra="azure",
            logger="AZKV",
            logged={"key": "name", "version": "version"},
        ),
        Kind(
            name="hc_vault",
            provider="leafseal.providers.vault:VaultKey",
            what="Vault transit keys",
            option="hc-vault-transit",
            variable="SOPS_VAULT_URIS",
            fields=("vault_address", "engine_path", "key_name"),
            service_number=5,
            rule_list="hc_vault_transit_uri",
            group_list="hc_vault",
            form=r"https?://[^/\s]+/v\d/\S+/keys/[^/\s]+",
            extra="vault",
            is_always_listed=True,
            logger="VAULT_TRANSIT",
        ),
    )
}
"""By name, in the order in which a group holds the keys that a creation rule names."""

READING_ORDER = ("kms", "gcp_kms", "hckms", "azure_kv", "hc_vault", "pgp", "age")
"""The order in which a group holds its keys after a file was read (sops-format §3.2)."""

OPTION_ORDER = ("kms", "gcp_kms", "hckms", "azure_kv", "pgp", "hc_vault", "age")
"""The order in which a group holds the keys that options name (sops-cli §3)."""

TRIED_FIRST = ("age", "pgp")
"""The kinds that are tried before all others to unwrap a data key (sops-format §5.3)."""


def is_dated(name: str) -> bool:
    """Tell whether entries of a kind have a `created_at`; those of a kind without a row do."""
    return name not in KINDS or KINDS[name].is_dated
