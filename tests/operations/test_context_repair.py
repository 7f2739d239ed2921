"""Files whose AWS keys were used with a garbled encryption context, made as the old versions made them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from leafseal.errors import DataKeyError, MetadataError, ProviderError
from leafseal.keys import Ambient, MasterKey
from leafseal.keys.ring import KeyRing
from leafseal.operations.encrypt import encrypt
from leafseal.operations.open import Opened, read_metadata
from leafseal.operations.product import FORMAT_VERSION
from leafseal.providers.age import AgeKey
from leafseal.providers.aws import AWSKMSKey
from leafseal.rules.selection import Selection
from leafseal.testing import throwaway_identity

from ..opening import open_sealed
from ..repairing import repair_context
from ..services.moto_kms import AWS
from ..services.recorder import Recorder, forward

CONTEXT = (("app", "shop"), ("env", "prod"), ("team", "prod"))
PLAIN = b"# settings\npassword: hunter2\nport: 1\n"
OLD = "3.2.0"


def garbled(key: MasterKey, value: str) -> MasterKey:
    """Return the key as it was used: with one value for all."""
    if not isinstance(key, AWSKMSKey) or len(key.context) < 2:
        return key
    return replace(key, context=tuple((name, value) for name, _ in key.context))


def old_file(
    groups: Sequence[Sequence[MasterKey]], ambient: Ambient, value: str, *, threshold: int = 0, version: str = OLD
) -> bytes:
    """Return a file that names the keys' contexts, and was wrapped under others."""
    used = [[garbled(key, value) for key in group] for group in groups]
    made = encrypt(PLAIN, "yaml", used, threshold, Selection(), ambient)
    opened = open_sealed(made.data, "yaml", ambient)
    named = tuple(
        tuple(wrapped._replace(master_key=key) for wrapped, key in zip(old, new, strict=True))
        for old, new in zip(opened.metadata.groups, groups, strict=True)
    )
    metadata = opened.metadata.with_groups(named, opened.metadata.threshold)._replace(version=version)
    return opened.document.rewrite([], metadata.to_mapping())


@pytest.fixture
def ambient(aws: AWS, tmp_path: Path) -> Ambient:
    return Ambient(aws.environ(), tmp_path)


def opened(data: bytes, ambient: Ambient) -> Opened:
    """Open a file with nothing remembered."""
    return open_sealed(data, "yaml", KeyRing(ambient))


def check(before: bytes, after: bytes, ambient: Ambient) -> None:
    """Check that a file is well: for the same keys, under a new data key, and otherwise as it was."""
    old, new = read_metadata(before, "yaml")[1], opened(after, ambient)
    assert new.plaintext() == PLAIN
    assert new.metadata.version == FORMAT_VERSION
    assert not new.metadata.may_have_context_bug
    assert [key.master_key for key in old.wrapped_keys()] == [key.master_key for key in new.metadata.wrapped_keys()]
    assert [key.created_at for key in old.wrapped_keys()] == [key.created_at for key in new.metadata.wrapped_keys()]
    assert not {key.enc for key in old.wrapped_keys()} & {key.enc for key in new.metadata.wrapped_keys()}
    assert not {line for line in before.splitlines() if b"ENC[" in line} & set(after.splitlines())


@pytest.mark.parametrize("value", ["prod", "shop"])
def test_a_file_is_repaired(aws: AWS, ambient: Ambient, value: str) -> None:
    data = old_file([[AWSKMSKey(aws.create_key(), context=CONTEXT)]], ambient, value)
    product = repair_context(data, "yaml", ambient)
    check(data, product.data, ambient)
    product.check(product.data)


def test_a_read_repairs_nothing_and_says_what_does(aws: AWS, recorder: Recorder, tmp_path: Path) -> None:
    ambient = Ambient(aws.environ(), tmp_path)
    data = old_file([[AWSKMSKey(aws.create_key(), context=CONTEXT)]], ambient, "prod")
    recorder.otherwise = forward(aws.url)
    with pytest.raises(DataKeyError, match="answered InvalidCiphertextException") as caught:
        opened(data, Ambient(aws.environ(recorder.url), tmp_path))
    assert '"leafseal repair FILE"' in str(caught.value.hint)
    [request] = recorder.requests  # the context is the one that the file names, and no other is tried
    assert request.json()["EncryptionContext"] == dict(CONTEXT)


def test_the_hint_is_given_where_it_may_help(aws: AWS, ambient: Ambient) -> None:
    key = AWSKMSKey(aws.create_key(), context=CONTEXT)
    for context, version in ((CONTEXT, "3.3.0"), (CONTEXT[1:], OLD), (CONTEXT[:1], OLD)):
        data = old_file([[replace(key, context=context)]], ambient, "shop", version=version)
        aws.disable(key.arn)
        with pytest.raises(DataKeyError) as caught:
            opened(data, ambient)
        assert "leafseal repair" not in str(caught.value.hint)
        with pytest.raises(MetadataError, match="no encryption context to repair"):
            repair_context(data, "yaml", ambient)
        key = AWSKMSKey(aws.create_key(), context=CONTEXT)


def test_each_key_may_be_garbled_in_its_own_way(aws: AWS, ambient: Ambient) -> None:
    keys: list[MasterKey] = [
        AWSKMSKey(aws.create_key(), context=CONTEXT),
        AWSKMSKey(aws.create_key("us-east-1"), context=(("prod", "x"), ("shop", "prod"))),
        AWSKMSKey(aws.create_key()),
    ]
    data = old_file([keys[:1], keys[1:2], keys[2:]], ambient, "prod", threshold=3)
    with pytest.raises(DataKeyError, match="1 of 3 key groups decrypted"):
        opened(data, ambient)
    check(data, repair_context(data, "yaml", ambient).data, ambient)


def test_a_file_that_another_key_opens_is_repaired_for_the_garbled_one(aws: AWS, tmp_path: Path) -> None:
    me = throwaway_identity()
    mine = Ambient({**aws.environ(), "SOPS_AGE_KEY": me.identity}, tmp_path)
    key = AWSKMSKey(aws.create_key(), context=CONTEXT)
    data = old_file([[key, AgeKey(me.recipient)]], mine, "shop")
    assert opened(data, mine).plaintext() == PLAIN
    check(data, repair_context(data, "yaml", mine).data, Ambient(aws.environ(), tmp_path))


def test_something_else_may_be_the_matter(aws: AWS, ambient: Ambient) -> None:
    key = AWSKMSKey(aws.create_key(), context=CONTEXT)
    data = old_file([[key]], ambient, "neither")
    with pytest.raises(DataKeyError) as caught:
        repair_context(data, "yaml", ambient)
    assert [str(attempt) for attempt in caught.value.attempts] == [
        f"kms {key}: AWS KMS answered InvalidCiphertextException (credentials: AWS_ACCESS_KEY_ID)"
    ]
    assert "the cause is another one" in str(caught.value.hint)


def test_all_keys_wrap_or_none(aws: AWS, ambient: Ambient) -> None:
    keys: list[MasterKey] = [AWSKMSKey(aws.create_key(), context=CONTEXT) for _ in range(2)]
    data = old_file([keys], ambient, "prod")
    aws.disable(str(keys[1]).partition("|")[0])
    with pytest.raises(
        ProviderError, match=r"cannot encrypt the data key for kms .*: AWS KMS answered DisabledException"
    ):
        repair_context(data, "yaml", ambient)


def test_endless_guesses_are_not_made(aws: AWS, recorder: Recorder, tmp_path: Path) -> None:
    ambient = Ambient(aws.environ(), tmp_path)
    key = AWSKMSKey(aws.create_key(), context=tuple((f"n{number:04}", f"{number}") for number in range(1030)))
    small = old_file([[AWSKMSKey(key.arn, context=CONTEXT)]], ambient, "prod")
    before = open_sealed(repair_context(small, "yaml", ambient).data, "yaml", ambient)
    [[wrapped]] = before.metadata.groups
    groups = ((wrapped._replace(master_key=key),),)
    metadata = before.metadata.with_groups(groups, 0)._replace(version=OLD)
    recorder.otherwise = forward(aws.url)
    with pytest.raises(MetadataError, match="more than 1024 possibilities"):
        repair_context(
            before.document.rewrite([], metadata.to_mapping()), "yaml", Ambient(aws.environ(recorder.url), tmp_path)
        )
    assert len(recorder.requests) == 1
