"""The `sops` mapping: what is read, what is refused, what is written (sops-format §3)."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leafseal.document.limits import Limits
from leafseal.document.scalars import Timestamp
from leafseal.errors import MetadataError
from leafseal.formats.flattening import flatten, unflatten
from leafseal.metadata import Metadata, version_numbers
from leafseal.rules.selection import Selection

from ..second_reader import load

DATA = Path(__file__).parents[1] / "data" / "metadata"
RECIPIENT = "age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun"
TIME = "2026-05-22T20:16:23Z"
AGE = {"recipient": RECIPIENT, "enc": "-----BEGIN AGE ENCRYPTED FILE-----\nYQ==\n-----END AGE ENCRYPTED FILE-----\n"}
KMS = {"arn": "arn:aws:kms:us-east-1:123456789012:key/abc", "created_at": TIME, "enc": "YQ==", "aws_profile": ""}
PGP = {"fp": "FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4", "created_at": TIME, "enc": "armor"}
GCP = {"resource_id": "projects/p/locations/l/keyRings/r/cryptoKeys/k", "created_at": TIME, "enc": "YQ=="}
VAULT = {"vault_address": "https://v", "engine_path": "t", "key_name": "k", "created_at": TIME, "enc": "vault:v1:x"}
AZURE = {"vault_url": "https://v", "name": "n", "version": "1", "created_at": TIME, "enc": "YQ"}
HCKMS = {"key_id": "r:u", "created_at": TIME, "enc": "x"}
ENTRIES = {
    "age": AGE, "azure_kv": AZURE, "gcp_kms": GCP, "hc_vault": VAULT, "hckms": HCKMS, "kms": KMS, "pgp": PGP,
}  # fmt: skip
BASE = {"age": [AGE], "lastmodified": TIME, "mac": "ENC[…]", "version": "3.13.2"}


def parse(**fields):
    return Metadata.parse({**BASE, **fields})


def kinds(group):
    return [wrapped.master_key.kind for wrapped in group]


def nested_of_file(name):
    text = (DATA / name).read_bytes().decode()
    if name.endswith(".yaml"):
        return load(text)[0]["sops"]
    if name.endswith(".env"):
        lines = [line.removeprefix("sops_").partition("=") for line in text.splitlines() if line.startswith("sops_")]
        return unflatten({key: value.replace("\\n", "\n") for key, _, value in lines})
    if name.endswith(".ini"):
        lines = [line.partition("=") for line in text.partition("[sops]\n")[2].splitlines()]
        return unflatten({key.strip(): value.strip().replace("\\n", "\n") for key, _, value in lines})
    return json.loads(text)["sops"]


@pytest.mark.parametrize("name", [path.name for path in sorted(DATA.iterdir())])
def test_files_of_sops_come_back_as_they_were(name):
    nested = nested_of_file(name)
    metadata = Metadata.parse(nested)
    written = metadata.to_mapping()
    assert Metadata.parse(written) == metadata
    assert Metadata.parse(unflatten(flatten(written))) == metadata
    if name.endswith((".env", ".ini")):
        assert flatten(written) == flatten(nested)
        assert list(flatten(written)) == sorted(flatten(nested))
    else:
        assert json.dumps(written) == json.dumps(nested)


def test_what_a_small_block_says():
    metadata = parse(shamir_threshold=2, encrypted_regex="^data$", mac_only_encrypted=True)
    assert metadata.groups[0][0].enc == AGE["enc"]
    assert str(metadata.groups[0][0].master_key) == RECIPIENT
    assert metadata.groups[0][0].created_at is None
    assert metadata.threshold == 2
    assert metadata.lastmodified == TIME
    assert metadata.mac == "ENC[…]"
    assert metadata.version == "3.13.2"
    assert metadata.selection == Selection(encrypted_regex="^data$", mac_only_encrypted=True)


def test_all_kinds_in_one_group_stand_in_the_order_of_sops():
    metadata = parse(**{kind: [entry] for kind, entry in ENTRIES.items()})
    [group] = metadata.groups
    assert kinds(group) == ["kms", "gcp_kms", "hckms", "azure_kv", "hc_vault", "pgp", "age"]
    assert list(metadata.wrapped_keys()) == list(group)
    written = metadata.to_mapping()
    assert list(written) == sorted(written)
    for kind, entry in ENTRIES.items():
        assert written[kind] == [dict(sorted(entry.items()))]
        assert list(written[kind][0]) == sorted(entry)


def test_groups_are_written_with_the_two_lists_that_sops_writes_always():
    metadata = Metadata.parse({**BASE, "age": [], "key_groups": [{"age": [AGE]}, {"kms": [KMS], "pgp": [PGP, PGP]}]})
    assert [kinds(group) for group in metadata.groups] == [["age"], ["kms", "pgp", "pgp"]]
    written = metadata.to_mapping()
    assert "age" not in written
    assert [list(group) for group in written["key_groups"]] == [["age", "hc_vault"], ["age", "hc_vault", "kms", "pgp"]]
    assert written["key_groups"][1]["age"] == []


def test_one_group_is_written_flat():
    assert Metadata.parse({**BASE, "age": None, "key_groups": [{"age": [AGE]}]}) == parse()


@pytest.mark.parametrize(
    ("fields", "name", "value"),
    [
        ({"shamir_threshold": "2"}, "threshold", 2),
        ({"shamir_threshold": 2.0}, "threshold", 2),
        ({"shamir_threshold": ""}, "threshold", 0),
        ({"shamir_threshold": None}, "threshold", 0),
        ({"mac_only_encrypted": "true"}, "selection", Selection(mac_only_encrypted=True)),
        ({"mac_only_encrypted": "1"}, "selection", Selection(mac_only_encrypted=True)),
        ({"mac_only_encrypted": 1}, "selection", Selection(mac_only_encrypted=True)),
        ({"mac_only_encrypted": "F"}, "selection", Selection()),
        ({"mac_only_encrypted": ""}, "selection", Selection()),
        ({"encrypted_suffix": 5}, "selection", Selection(encrypted_suffix="5")),
        ({"encrypted_suffix": 2.5}, "selection", Selection(encrypted_suffix="2.5")),
        ({"encrypted_suffix": True}, "selection", Selection(encrypted_suffix="1")),
        ({"encrypted_suffix": ""}, "selection", Selection()),
        ({"mac": None}, "mac", ""),
        ({"mac": 5}, "mac", "5"),
        ({"lastmodified": "2026-05-22T20:16:23.123+00:00"}, "lastmodified", TIME),
        ({"lastmodified": "2026-05-22T22:16:23+02:00"}, "lastmodified", "2026-05-22T22:16:23+02:00"),
        ({"kms": [], "pgp": None, "gcp_kms": {}}, "groups", parse().groups),
        ({"age": AGE}, "groups", parse().groups),
        ({"age": None, "AGE": [{"Recipient": RECIPIENT, "ENC": AGE["enc"]}]}, "groups", None),
        ({"VERSION": "3.9.0", "version": None}, "version", None),
    ],
)
def test_weak_typing(fields, name, value):
    if value is None:
        with pytest.raises(MetadataError, match="appears twice"):
            parse(**fields)
    else:
        assert getattr(parse(**fields), name) == value


def test_case_of_names_does_not_count():
    folded = {key.title(): value for key, value in BASE.items() if key != "age"}
    folded["aGe"] = {"Recipient": RECIPIENT, "ENC": AGE["enc"]}
    assert Metadata.parse(folded) == parse()
    assert Metadata.parse(folded).to_mapping() == parse().to_mapping()


def test_the_context_of_a_kms_key_keeps_its_names():
    [[wrapped, _]] = parse(kms={**KMS, "context": {"Env": 1, "ARN": "x", "gone": None}, "role": "r"}).groups
    entry = parse(kms={**KMS, "context": {"Env": 1, "ARN": "x", "gone": None}}).to_mapping()["kms"][0]
    assert entry["context"] == {"ARN": "x", "Env": "1"}
    assert wrapped.created_at == TIME


def test_times_of_entries_are_written_to_the_second():
    entry = parse(kms={**KMS, "created_at": "2026-05-22T20:16:23.5+00:00"}).to_mapping()["kms"][0]
    assert entry["created_at"] == TIME


def test_an_entry_that_was_never_wrapped_is_read():
    [[wrapped, _]] = parse(pgp={**PGP, "enc": ""}).groups
    assert wrapped.enc == ""
    [[wrapped, _]] = parse(pgp={key: value for key, value in PGP.items() if key != "enc"}).groups
    assert wrapped.enc == ""


REFUSED = [
    ({"lastmodified": None}, "lastmodified: missing"),
    ({"lastmodified": ""}, "lastmodified: not an RFC 3339 time"),
    ({"lastmodified": "2026-13-01T00:00:00Z"}, "lastmodified: not"),
    ({"lastmodified": "yesterday"}, "lastmodified: not"),
    ({"lastmodified": Timestamp(TIME)}, "lastmodified: a date where text"),
    ({"kms": [{**KMS, "created_at": Timestamp(TIME)}]}, r"kms\[0\].created_at: a date where text"),
    ({"kms": [{**KMS, "created_at": None}]}, r"kms\[0\].created_at: missing"),
    ({"pgp": [PGP, {**PGP, "created_at": "x"}]}, r"pgp\[1\].created_at: not"),
    ({"mac": ["x"]}, "mac: a list where text"),
    ({"mac": {"a": 1}}, "mac: a mapping where text"),
    ({"mac": b"\xff"}, "mac: text that is not UTF-8"),
    ({"version": None}, "version: missing"),
    ({"version": ""}, "version: missing"),
    ({"version": "3.10"}, "version: not of the form"),
    ({"version": 3.1}, "version: not of the form"),
    ({"version": "abc"}, "version: not of the form"),
    ({"version": "3.01.0"}, "version: not of the form"),
    ({"age": None}, "no keys found in file"),
    ({"age": []}, "no keys found in file"),
    ({"age": None, "key_groups": [{"age": []}, {}]}, "no keys found in file"),
    ({"age": "x"}, "age: a single value where a list"),
    ({"age": ["x"]}, r"age\[0\]: a single value where a mapping"),
    ({"age": [None]}, r"age\[0\]: null where a mapping"),
    ({"age": [{"enc": "x"}]}, r"age\[0\]: recipient: missing"),
    ({"age": [{**AGE, "recipient": ["x"]}]}, r"age\[0\].recipient: a list"),
    ({"age": [{**AGE, "RECIPIENT": "x"}]}, r"age\[0\].recipient: appears twice"),
    ({"age": [{**AGE, "enc": "x" * 65537}]}, r"age\[0\].enc: longer than 65536"),
    ({"age": [{1: 2}]}, r"age\[0\]: a name that is not text"),
    ({"age": [AGE] * 1025}, "age: more than 1024 recipients"),
    ({"age": [AGE] * 1000, "pgp": [PGP] * 25}, "more than 1024 recipients"),
    ({"key_groups": [{"age": [AGE]}]}, "flat keys beside key groups"),
    ({"key_groups": [{}]}, "flat keys beside key groups"),
    ({"age": None, "key_groups": [{"age": [AGE]}] * 256}, "more than 255 groups"),
    ({"age": None, "key_groups": "x"}, "key_groups: a single value"),
    ({"age": None, "key_groups": [{"age": [AGE], "AGE": []}]}, r"key_groups\[0\].age: appears twice"),
    ({"age": None, "key_groups": [{"age": [{**AGE, "enc": [1]}]}]}, r"key_groups\[0\].age\[0\].enc: a list"),
    ({"age": None, "key_groups": [{"age": [AGE]}] * 2, "shamir_threshold": 3}, "3 groups are needed and there are 2"),
    ({"shamir_threshold": -1}, "shamir_threshold: negative"),
    ({"shamir_threshold": "two"}, "shamir_threshold: not a whole number"),
    ({"shamir_threshold": 1.5}, "shamir_threshold: not a whole number"),
    ({"shamir_threshold": "010"}, "shamir_threshold: not a whole number"),
    ({"mac_only_encrypted": "yes"}, "mac_only_encrypted: neither"),
    ({"mac_only_encrypted": []}, "mac_only_encrypted: neither"),
    ({"encrypted_suffix": "a", "unencrypted_suffix": "b"}, "only one rule"),
    ({"encrypted_regex": "a", "encrypted_comment_regex": "b"}, "only one rule"),
    ({"encrypted_regex": "["}, "encrypted_regex: invalid regular expression"),
    ({"unencrypted_comment_regex": "(?=x)"}, "unencrypted_comment_regex: invalid regular expression"),
    ({"kms": [{**KMS, "context": "x"}]}, r"kms\[0\].context: a single value where a mapping"),
    ({"kms": [{**KMS, "context": {"a\x1b": [1]}}]}, r"kms\[0\].context.a\\x1b: a list"),
    ({"leafseal": "x"}, "leafseal: a single value"),
    ({"leafseal": {"spelling": "x"}}, "leafseal.spelling: a single value"),
    ({"leafseal": {"spelling": {"t\n": 5}}}, r"leafseal.spelling.t\\n: not a string"),
]


@pytest.mark.parametrize(("fields", "message"), REFUSED)
def test_what_is_refused(fields, message):
    with pytest.raises(MetadataError, match=message) as caught:
        parse(**fields)
    assert str(caught.value).isprintable()
    assert AGE["enc"] not in str(caught.value)


def test_refused_names_for_the_block_itself():
    with pytest.raises(MetadataError, match="sops: a name that is not text"):
        Metadata.parse({**BASE, 5: 1})


@pytest.mark.parametrize(
    ("version", "numbers"),
    [("3.13.2", (3, 13, 2)), ("v3.9.0", (3, 9, 0)), ("3.8.0-rc.1+x", (3, 8, 0)), ("1.15", (1, 0, 0))],
)
def test_versions(version, numbers):
    assert version_numbers(version) == numbers
    assert parse(version=version).version == version


def test_the_version_need_not_be_checked():
    assert Metadata.parse({**BASE, "version": None}, check_version=False).version == ""


@pytest.mark.parametrize(
    ("version", "context", "suspect"),
    [
        ("3.2.9", {"a": "1", "b": "2"}, True),
        ("1.15", {"a": "1", "b": "2"}, True),
        ("3.2.9", {"a": "1", "b": "1"}, False),
        ("3.2.9", {"a": "1"}, False),
        ("3.3.0", {"a": "1", "b": "2"}, False),
    ],
)
def test_old_files_with_a_context_are_suspect(version, context, suspect):
    assert parse(version=version, kms={**KMS, "context": context}).may_have_context_bug is suspect
    assert not parse(version=version).may_have_context_bug


def test_what_is_not_known_is_kept():
    unknown = {
        "attention": "x",
        "leafseal": {"root": ["null"], "spelling": {"t2": "B", "t1": "A"}},
        "zz": {"b": [1], "a": None},
    }
    metadata = parse(**unknown)
    assert metadata.spelling == {"t1": "A", "t2": "B"}
    assert metadata.extra == {"attention": "x", "leafseal": {"root": ["null"]}, "zz": {"b": [1], "a": None}}
    written = metadata.to_mapping()
    assert {key: written[key] for key in unknown} == unknown
    assert list(written["leafseal"]["spelling"]) == ["t1", "t2"]
    assert list(written["zz"]) == ["a", "b"]
    assert metadata.with_spelling({}).to_mapping()["leafseal"] == {"root": ["null"]}
    assert "leafseal" not in parse(leafseal={"spelling": {"t": "x"}}).with_spelling({}).to_mapping()


def test_keys_of_a_later_kind_stay_in_their_group():
    later = [{"enc": "x", "id": "k", "created_at": TIME}]
    groups = [{"age": [AGE], "moon_kms": later, "odd": [1], "note": "x"}, {"age": [AGE]}]
    metadata = Metadata.parse({**BASE, "age": None, "key_groups": groups})
    assert kinds(metadata.groups[0]) == ["age", "moon_kms"]
    written = metadata.to_mapping()["key_groups"][0]
    assert written["moon_kms"] == later
    assert "odd" not in written


def test_a_file_without_a_rule_gets_none():
    assert parse().selection == Selection()
    assert "unencrypted_suffix" not in parse().to_mapping()
    assert parse(mac_only_encrypted=True).to_mapping()["mac_only_encrypted"] is True
    assert Metadata(parse().groups).to_mapping()["unencrypted_suffix"] == "_unencrypted"


def test_parts_are_replaced():
    metadata = parse(shamir_threshold=1)
    assert metadata.with_mac("m", "2030-01-01T00:00:00Z").to_mapping()["mac"] == "m"
    assert metadata.with_mac("m", "2030-01-01T00:00:00Z").lastmodified == "2030-01-01T00:00:00Z"
    assert metadata.with_groups(metadata.groups * 2, 2).to_mapping()["shamir_threshold"] == 2
    assert "shamir_threshold" not in metadata.with_groups(metadata.groups, 0).to_mapping()


entries = {
    "age": st.builds(lambda enc: {**AGE, "enc": enc}, st.text(min_size=1, max_size=9)),
    "kms": st.builds(
        lambda enc, context: {**KMS, "enc": enc, **({"context": context} if context else {})},
        st.text(min_size=1, max_size=9),
        st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=2),
    ),
    "pgp": st.just(PGP),
    "hc_vault": st.just(VAULT),
}
groups = st.fixed_dictionaries({}, optional={kind: st.lists(entry, max_size=2) for kind, entry in entries.items()})
filled = groups.filter(lambda group: any(group.values()))
rules = st.one_of(
    st.just({}),
    st.builds(
        lambda name: {name: "x"}, st.sampled_from(["encrypted_suffix", "unencrypted_regex", "encrypted_comment_regex"])
    ),
)
unknown = st.dictionaries(
    st.sampled_from(["attention", "other", "x.y"]),
    st.recursive(
        st.text(max_size=3), lambda inner: st.dictionaries(st.text("ab", min_size=1), inner, min_size=1, max_size=2)
    ),
    max_size=2,
)
spellings = st.dictionaries(st.from_regex(r"t[0-9a-f]{16}", fullmatch=True), st.text(max_size=5), max_size=2)


@st.composite
def blocks(draw):
    listed = draw(st.lists(filled, min_size=1, max_size=3))
    block = {
        "lastmodified": TIME,
        "mac": draw(st.text(max_size=5)),
        "version": "3.13.2",
        **draw(unknown),
        **draw(rules),
    }
    block |= listed[0] if len(listed) == 1 else {"key_groups": listed}
    if len(listed) > 1 and draw(st.booleans()):
        block["shamir_threshold"] = 2
    if spelling := draw(spellings):
        block["leafseal"] = {"spelling": spelling}
    if draw(st.booleans()):
        block["mac_only_encrypted"] = True
    return block


@given(blocks())
def test_what_is_written_is_read_as_it_was(block):
    metadata = Metadata.parse(block)
    written = metadata.to_mapping()
    assert Metadata.parse(written) == metadata
    assert json.dumps(Metadata.parse(written).to_mapping()) == json.dumps(written)
    flat = flatten(written)
    assert Metadata.parse(unflatten(flat)) == metadata


def test_a_caller_may_raise_the_number_of_recipients() -> None:
    fields = {**BASE, "age": [AGE] * 1000, "pgp": [PGP] * 25}
    with pytest.raises(MetadataError, match="more than 1024 recipients") as caught:
        Metadata.parse(fields)
    assert "--max-recipients" in str(caught.value.hint)
    assert sum(map(len, Metadata.parse(fields, limits=Limits(recipients=1025)).groups)) == 1025
