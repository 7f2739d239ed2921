"""The names of recipients: where they come from, which wins, and what they cannot pass for."""

import pytest

from leafseal.config.people import load_people, people_in
from leafseal.errors import FormatError
from leafseal.keys.registry import make_key, parse_recipients
from leafseal.keys.short_names import listed, named

A = "age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun"
B = "age16hw3uaszjqlnzlnyse78d273twe7tps7dqkmnrqj8ptujc9up9cqcdpfs2"
FP = "85D77543B3D624B63CEA9E6DBC17301B491B3F21"
ARN = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOQhxqS4QhpWgvAx2V9O2Nq5DYyVhJZ4FZrUVfbgrkAD"


def key(text, kind="age"):
    [found] = parse_recipients(kind, text)
    return found


def name_of(text, recipient=A, kind="age"):
    return people_in(text.encode()).name_of(key(recipient, kind))


NAMED = [
    f"keys:\n  - &ann {A}\ncreation_rules:\n  - key_groups:\n      - age: [*ann]\n",
    f"keys:\n  users:\n    x: &ann '{A}'\n",
    f"creation_rules:\n  - age: &ann {A}\n",
    f"creation_rules:\n  - age: {A}  # ann\n",
    f"creation_rules:\n  - age:\n      - {A} # ann\r\n      - {B}\n",
    f"creation_rules:\n  - age:\n    - {B} # bob\n    # ann\n    - {A}\n",
    f"creation_rules:\n  - age: [ '{B}', # bob\n      {A}, # ann\n      ]\n",
    f"recipients: {{ann: {A}}}\n",
    f"recipients:\n  bob: [{B}]\n  ann: [{B}, {A}]\n",
    f"x: &a {A}\nrecipients:\n  ann: *a\n",
]


@pytest.mark.parametrize("text", NAMED)
def test_a_recipient_has_a_name(text):
    assert name_of(text) == "ann"


def test_other_kinds_have_names():
    text = f"k:\n- &ops {FP}\n- &prod {ARN}\n- &box {SSH} root@box\n"
    assert name_of(text, FP, "pgp") == "ops"
    assert name_of(text, ARN, "kms") == "prod"
    assert name_of(text, f"{SSH} root@box") == "box"
    with_role = make_key("kms", {"arn": ARN, "role": "arn:aws:iam::111122223333:role/sops", "context": {"a": "b"}})
    assert people_in(text.encode()).name_of(with_role) == "prod"


def test_the_table_wins_then_anchors_then_comments():
    layers = [f"recipients: {{table: {A}}}\n", f"k:\n- &anchor {A}\n", f"l:\n- {A} # beside\n", f"m:\n# above\n- {A}\n"]
    names = ["table", "anchor", "beside", "above"]
    for first in range(4):
        assert name_of("".join(layers[first:][::-1])) == names[first]


NOT_NAMED = [
    f"creation_rules:\n  - age:\n    # admins\n    - {A}\n    - {B}\n",  # a heading
    f"creation_rules:\n  - age:\n    # it is\n    # long\n    - {A}\n",
    f"creation_rules:\n  - age: # ann\n    - {A}\n    - {B}\n",
    f"creation_rules:\n  # for production\n  - age: {A}\n",
    f"creation_rules:\n  - age: &both {A},{B}\n",
    f"creation_rules:\n  - age: [{A}, {B}] # everybody\n",
    f"creation_rules:\n  - age: {A} # {B}\n",
    f"creation_rules:\n  - age: {A} # {'who works here ' * 4}\n",
    f"creation_rules:\n  - age: {A} # AGE-SECRET-KEY-1{'Q' * 58}\n",
    f"recipients: [{A}]\n",
    f"recipients: {{ann: {{x: {A}}}}}\n",
    f"recipients: {{{A}: {A}}}\n",
]


@pytest.mark.parametrize("text", NOT_NAMED)
def test_not_every_word_is_a_name(text):
    assert name_of(text) is None


def test_a_name_cannot_leave_its_place():
    shown = {
        "ops (AWS)": '"ops (AWS)"',
        'a" (age1xyz) "b': "\"a' (age1xyz) 'b\"",
        "x\u202ey": '"x\\u202ey"',
        "Jürgen K.": "Jürgen K.",
        "1 AWS KMS key": "1 AWS KMS key",
        "ann\u3164": '"ann\u3164"',
    }
    for written, name in shown.items():
        assert name_of(f"creation_rules:\n  - age: {A} # {written}\n") == name
        people = people_in(f"creation_rules:\n  - age: {A} # {written}\n".encode())
        assert named(key(A), people.name_of) == f"{name} (age1lzd99ukl…)"


def test_two_of_one_name_are_told_by_their_keys():
    people = people_in(f"l:\n- &ann {A}\n- {B} # ann\n".encode())
    assert listed([key(A), key(B), key(ARN, "kms")], people.name_of) == (
        "ann (age1lzd99ukl…), ann (age16hw3uasz…) and 1 AWS KMS key"
    )
    assert len(people.called("ann")) == 2


def test_a_configuration_that_cannot_be_read_names_nobody(tmp_path):
    path = tmp_path / ".sops.yaml"
    assert load_people(path).names == {}
    path.write_text("a: b: c")
    assert load_people(path).names == {}
    with pytest.raises(FormatError):
        people_in(b"a: b: c")
