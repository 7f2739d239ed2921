"""Key groups with keys of several kinds: who is asked, in which order, who is waited for, and what holds if some fail.

Nothing here looks at a clock: who waits for whom is shown by services that answer only when others have been asked.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from threading import Barrier, Event

import pytest

from leafseal.errors import DataKeyError, ProviderError
from leafseal.keys import report as attempts
from leafseal.keys.groups import DataKey, KeyGroup, recover_data_key, wrap_data_key
from leafseal.keys.ring import KeyRing
from leafseal.operations.batch import Item, open_all, results
from leafseal.operations.encrypt import encrypt
from leafseal.operations.open import Opened
from leafseal.rules.selection import Selection

from ..opening import as_item
from ..services.moto_kms import AWS
from .gpg_home import GpgHome, gpg_home, needs_gpg
from .mixed import KINDS, LOCAL, NETWORK, Mix, mixed

pytestmark = [
    needs_gpg,
    pytest.mark.skipif(find_spec("httpx") is None, reason="httpx is not installed"),
    pytest.mark.skipif(find_spec("moto") is None, reason="moto is not installed"),
]

DATA_KEY = DataKey(bytes(range(32)))
NOW = "2026-11-22T17:48:26Z"


@pytest.fixture(scope="module")
def ring() -> Iterator[GpgHome]:
    with gpg_home() as home:
        home.make_key("alice")
        yield home


@pytest.fixture
def mix(tmp_path: Path, ring: GpgHome, aws: AWS) -> Iterator[Mix]:
    with mixed(tmp_path / "mix", ring, aws) as found:
        yield found


def wrapped(mix: Mix, *groups: tuple[str, ...], threshold: int = 0) -> tuple[KeyGroup, ...]:
    """Wrap the data key for groups of kinds, and forget who was asked for that."""
    made = wrap_data_key(DATA_KEY, [mix.keys(*kinds) for kinds in groups], threshold, mix.ambient, NOW)
    mix.asked()
    return made


def recovered(groups: tuple[KeyGroup, ...], threshold: int, mix: Mix) -> bool:
    return recover_data_key(groups, threshold, mix.ambient).reveal() == DATA_KEY.reveal()


# -- who is asked


def test_local_keys_spare_the_network(mix: Mix) -> None:
    groups = wrapped(mix, ("kms",), ("hc_vault",), ("age",), ("pgp",), threshold=2)
    assert recovered(groups, 2, mix)
    assert mix.asked() == ["gpg"]


def test_age_spares_all_others(mix: Mix) -> None:
    groups = wrapped(mix, ("hc_vault", "kms", "pgp", "age"))
    assert recovered(groups, 0, mix)
    assert mix.asked() == []


def test_gpg_spares_the_network(mix: Mix) -> None:
    groups = wrapped(mix, ("hc_vault", "kms", "pgp", "age"))
    assert recovered(groups, 0, mix.without("age"))
    assert mix.asked() == ["gpg"]


def test_a_group_that_is_open_is_left_alone(mix: Mix) -> None:
    groups = wrapped(mix, ("age", "kms"), ("pgp", "hc_vault"), ("kms",), threshold=3)
    assert recovered(groups, 3, mix)
    assert mix.asked() == ["gpg", "kms Decrypt"]


@pytest.mark.parametrize("threshold", [2, 3, 4])
def test_no_more_groups_are_opened_than_it_takes(mix: Mix, threshold: int) -> None:
    groups = wrapped(mix, ("kms",), ("age",), ("hc_vault",), ("pgp",), threshold=threshold)
    assert recovered(groups, threshold, mix)
    asked = mix.asked()
    assert asked[0] == "gpg"
    assert (asked.count("kms Decrypt") + asked.count("hc_vault decrypt") > 0) == (threshold > 2)


# -- who is waited for


def test_networks_are_asked_together_once_local_keys_were(mix: Mix) -> None:
    groups = wrapped(mix, ("kms",), ("hc_vault",), ("pgp",), threshold=3)
    both = Barrier(2)
    mix.hold = lambda _: (both.wait(120), None)[1]
    assert recovered(groups, 3, mix)
    first, *others = mix.asked()
    assert first == "gpg"
    assert sorted(others) == ["hc_vault decrypt", "kms Decrypt"]


@pytest.mark.parametrize(("slow", "quick"), [("kms Decrypt", "hc_vault decrypt"), ("hc_vault decrypt", "kms Decrypt")])
def test_the_first_success_ends_the_wait(mix: Mix, slow: str, quick: str) -> None:
    groups = wrapped(mix, NETWORK)
    asked, over = Event(), Event()

    def hold(name: str) -> None:
        if name == slow:
            asked.set()
            over.wait(120)
        else:
            asked.wait(120)  # so that both are under way

    mix.hold = hold
    assert recovered(groups, 0, mix)
    assert not over.is_set()  # nobody has let the slow one go on
    over.set()
    assert sorted(mix.asked()) == sorted([slow, quick])


def test_one_group_does_not_wait_for_another(mix: Mix) -> None:
    groups = wrapped(mix, ("kms",), ("hc_vault",), ("age",), threshold=2)
    over = Event()
    mix.hold = lambda name: (over.wait(120) if name == "kms Decrypt" else None, None)[1]
    assert recovered(groups, 2, mix)
    assert not over.is_set()
    over.set()


def test_networks_wrap_together(mix: Mix) -> None:
    both = Barrier(2)
    mix.hold = lambda _: (both.wait(120), None)[1]
    wrap_data_key(DATA_KEY, [mix.keys(*KINDS)], 0, mix.ambient, NOW)
    assert set(mix.asked()) == {"gpg", "hc_vault encrypt", "kms Encrypt"}


# -- when some fail


@pytest.mark.parametrize("left", list(itertools.combinations(KINDS, 2)), ids=" and ".join)
def test_any_two_of_four_open(mix: Mix, left: tuple[str, ...]) -> None:
    groups = wrapped(mix, *[(kind,) for kind in KINDS], threshold=2)
    assert recovered(groups, 2, mix.without(*set(KINDS) - set(left)))


@pytest.mark.parametrize("left", KINDS)
def test_one_of_four_does_not_open(mix: Mix, left: str) -> None:
    groups = wrapped(mix, *[(kind,) for kind in KINDS], threshold=2)
    with pytest.raises(DataKeyError) as caught:
        recovered(groups, 2, mix.without(*set(KINDS) - {left}))
    error = caught.value
    assert str(error) == "1 of 4 key groups decrypted, 2 are needed"
    assert error.opened == (KINDS.index(left),)
    report = attempts.describe(error).split("\n")
    assert [line for line in report if line.startswith("group")] == [
        f"group {number} of 4: {'decrypted' if kind == left else 'not decrypted'}"
        for number, kind in enumerate(KINDS, 1)
    ]
    named = [line.strip().partition(" ")[0] for line in report if line.startswith("  ") and line[2] != " "]
    assert named == [kind for kind in KINDS if kind != left]


def test_the_report_tells_of_each_key_whose_credentials_and_what_is_missing(mix: Mix) -> None:
    groups = wrapped(mix, KINDS)
    with pytest.raises(DataKeyError) as caught:
        recovered(groups, 0, mix.without(*KINDS))
    report = " ".join(attempts.describe(caught.value).split())
    places = [report.index(f"{kind} {mix.texts[kind]}") for kind in KINDS]
    assert places == sorted(places)
    age, pgp, kms, vault = (report[a:b] for a, b in itertools.pairwise([*places, len(report)]))
    assert "the identity from SOPS_AGE_KEY cannot decrypt it" in age
    assert "hint: set SOPS_AGE_KEY_FILE to the file with your private key" in age
    assert "hint: " in pgp
    assert "AccessDeniedException: not you (credentials: AWS_ACCESS_KEY_ID)" in kms
    assert "hint: these credentials need kms:Decrypt on this key" in kms
    assert "Vault answered 403: permission denied (credentials: VAULT_TOKEN)" in vault
    assert 'hint: the token needs a policy with path "transit/decrypt/shop"' in vault
    assert attempts.last_hint(caught.value) is None


@pytest.mark.parametrize("kind", ["pgp", *NETWORK])
def test_all_wrap_or_none_does(mix: Mix, kind: str) -> None:
    groups = [mix.keys(*LOCAL), mix.keys(*NETWORK)]
    mix.without(kind)
    with pytest.raises(ProviderError, match=f"cannot encrypt the data key for {kind} ") as caught:
        wrap_data_key(DATA_KEY, groups, 2, mix.ambient, NOW)
    assert caught.value.master_key == mix.texts[kind]
    with pytest.raises(ProviderError, match=f"cannot encrypt the data key for {kind} "):
        encrypt(b"a: 1\n", "yaml", groups, 2, Selection(), mix.ambient)


# -- many files


def test_every_blob_is_unwrapped_once_over_many_files(mix: Mix) -> None:
    made = [
        encrypt(b'{"a": %d}\n' % number, "json", [mix.keys(kind)], 0, Selection(), mix.ambient).data
        for number, kind in enumerate(("kms", "hc_vault", "pgp"))
    ]
    mix.asked()
    sources = [as_item(f"{number}.json", made[number % 3], "json") for number in range(20)]

    def plain(_: Item, opened: Opened) -> bytes:
        return opened.plaintext()

    outcomes = open_all(sources, KeyRing(mix.ambient), plain)
    assert [data for _, data in results(outcomes)] == [b'{"a": %d}\n' % (number % 3) for number in range(20)]
    assert Counter(mix.asked()) == {"kms Decrypt": 1, "hc_vault decrypt": 1, "gpg": 1}


def test_files_wait_for_networks_together_also_where_they_have_local_keys(mix: Mix) -> None:
    made = [
        encrypt(b'{"a": %d}\n' % number, "json", [mix.keys("age", "kms")], 0, Selection(), mix.ambient).data
        for number in range(2)
    ]
    both = Barrier(2)
    mix.hold = lambda _: (both.wait(120), None)[1]
    sources = [as_item(f"{number}.json", data, "json") for number, data in enumerate(made)]
    outcomes = open_all(sources, KeyRing(mix.without("age").ambient), lambda _, opened: opened.plaintext())
    assert [data for _, data in results(outcomes)] == [b'{"a": 0}\n', b'{"a": 1}\n']


def test_blobs_of_groups_are_unwrapped_once_too(mix: Mix) -> None:
    groups = [mix.keys("kms"), mix.keys("hc_vault"), mix.keys("age")]
    data = encrypt(b'{"a": 1}\n', "json", groups, 3, Selection(), mix.ambient).data
    mix.asked()
    sources = [as_item(f"{number}.json", data, "json") for number in range(20)]
    outcomes = open_all(sources, KeyRing(mix.ambient), lambda _, opened: opened.plaintext())
    assert len(list(results(outcomes))) == 20
    assert Counter(mix.asked()) == {"kms Decrypt": 1, "hc_vault decrypt": 1}


def test_a_key_that_refuses_is_asked_once_over_many_files(mix: Mix) -> None:
    data = encrypt(b'{"a": 1}\n', "json", [mix.keys(*NETWORK)], 0, Selection(), mix.ambient).data
    mix.without(*NETWORK).asked()
    sources = [as_item(f"{number}.json", data, "json") for number in range(20)]
    outcomes = open_all(sources, KeyRing(mix.ambient), lambda _, opened: opened.plaintext())
    assert not list(results(outcomes))
    assert Counter(mix.asked()) == {"kms Decrypt": 1, "hc_vault decrypt": 1}
