"""One recipient more or less in creation rules: nothing else moves, and one undoes the other."""

import difflib
import random

import pytest

from leafseal.config.load import parse_config
from leafseal.config.people import people_in
from leafseal.config.team import add, has, remove
from leafseal.errors import ConfigError, RefusedError
from leafseal.keys.recognize import find_key

A = "age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun"
B = "age16hw3uaszjqlnzlnyse78d273twe7tps7dqkmnrqj8ptujc9up9cqcdpfs2"
C = "age13g43nz9lzhun04wqcrmklw9kdw9z5wm709sh39dfl4s72seztv2qajujda"
FP = "85D77543B3D624B63CEA9E6DBC17301B491B3F21"
OTHER_FP = "FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4"
ARN = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OTHER_ARN = ARN.replace("1234abcd", "4321dcba")
NEW = {
    "age": C,
    "pgp": FP,
    "kms": ARN,
    "gcp_kms": "projects/p/locations/global/keyRings/r/cryptoKeys/k",
    "hckms": "eu-west-101:01234567-89ab-cdef-0123-456789abcdef",
    "azure_kv": "https://v.vault.azure.net/keys/k/0123456789abcdef0123456789abcdef",
    "hc_vault": "https://vault.example.com:8200/v1/transit/keys/k",
}


def added(text, *, rules=(0,), name="new", recipient=C, group=None):
    return add(text.encode(), find_key(recipient), recipient, name, rules, group).decode()


EDITS = [
    # text, what it becomes
    (f"creation_rules:\n  - age: {A}\n", f"creation_rules:\n  - age: {A},{C}\nrecipients:\n  new: {C}\n"),
    (
        f"creation_rules:\n  - age: '{A}, {B}' # x\nrecipients: {{}}\n",
        f"creation_rules:\n  - age: '{A}, {B}, {C}' # x\nrecipients: {{new: {C}}}\n",
    ),
    (
        f"creation_rules:\n- age: >-\n    {A},\n    {B}\n  pgp: {FP}\n",
        f"creation_rules:\n- age: >-\n    {A},\n    {B},\n    {C}\n  pgp: {FP}\nrecipients:\n  new: {C}\n",
    ),
    (
        f"creation_rules:\r\n- age: >-\r\n    {A},\r\n",
        f"creation_rules:\r\n- age: >-\r\n    {A},\r\n    {C},\r\nrecipients:\r\n  new: {C}\r\n",
    ),
    (
        f"keys:\n  - &a {A} # A\n  # B\n  - &b {B}\n\ncreation_rules:\n  - key_groups:\n    - age:\n      - *a\n",
        f"keys:\n  - &a {A} # A\n  # B\n  - &b {B}\n  - &new {C}\n\n"
        "creation_rules:\n  - key_groups:\n    - age:\n      - *a\n      - *new\n",
    ),
    (
        f"k: {{a: &a {A}}}\ncreation_rules:\n  - key_groups: [{{age: [*a]}}]\n",
        f"k: {{a: &a {A}, new: &new {C}}}\ncreation_rules:\n  - key_groups: [{{age: [*a, *new]}}]\n",
    ),
    (
        f"creation_rules:\n- age:\n  - {A}  # me\n\n  # end\n- pgp: {FP}\n",
        f"creation_rules:\n- age:\n  - {A}  # me\n  - {C}  # new\n\n  # end\n- pgp: {FP}\n",
    ),
    (
        f"k:\n- &a {A}\ncreation_rules:\n- age: *a\n- age: *a\n",
        f"k:\n- &a {A}\ncreation_rules:\n- age: [*a, {C}]\n- age: *a\nrecipients:\n  new: {C}\n",
    ),
    (
        f"creation_rules:\n- pgp: &x {FP}\n  age: &a {A}\n- age: *a\n",
        f"creation_rules:\n- pgp: &x {FP}\n  age: [&a {A}, {C}]\n- age: *a\nrecipients:\n  new: {C}\n",
    ),
    (f"creation_rules:\n  - pgp: {FP}\n", f"creation_rules:\n  - pgp: {FP}\n    age: {C}  # new\n"),
    (
        f"creation_rules:\n  - key_groups:\n      - pgp:\n          - {FP}",
        f"creation_rules:\n  - key_groups:\n      - pgp:\n          - {FP}\n        age:\n          - {C}  # new",
    ),
]


@pytest.mark.parametrize(("before", "after"), EDITS)
def test_a_recipient_is_added_and_removed(before, after):
    assert added(before) == after
    assert people_in(after.encode()).raw_name_of(find_key(C)) == "new"
    numbers = range(len(parse_config(after.encode(), "x").rules))
    chosen = [number for number in numbers if has(parse_config(after.encode(), "x").rules[number], find_key(C))]
    assert remove(after.encode(), find_key(C), chosen).decode() == before


def test_a_recipient_that_has_an_anchor_is_named_by_it():
    text = f"k:\n- &new {C}\n- &a {A}\ncreation_rules:\n- age: [*a]\n"
    assert added(text) == text.replace("[*a]", "[*a, *new]")


def test_entries_with_fields_are_added():
    text = f"creation_rules:\n  - key_groups:\n      - kms:\n          - arn: {OTHER_ARN}\n            role: r\n"
    assert added(text, recipient=ARN) == text + f"          - arn: {ARN}  # new\n"
    assert added(text, recipient=NEW["gcp_kms"]).endswith(
        f"        gcp_kms:\n          - resource_id: {NEW['gcp_kms']}  # new\n"
    )
    azure = added(text, recipient=NEW["azure_kv"])
    assert "          - vaultUrl: https://v.vault.azure.net\n            key: k\n            version: " in azure
    assert remove(azure.encode(), find_key(NEW["azure_kv"]), [0]).decode() == text


def test_several_rules_share_what_is_added():
    shared = f"x: &team [{A}]\ncreation_rules:\n- path_regex: a\n  age: *team\n- path_regex: b\n  age: *team\n"
    text = added(shared, rules=(0, 1))
    assert text.startswith(f"x: &team [{A}, {C}]\n")
    assert remove(text.encode(), find_key(C), [0, 1]).decode() == shared
    with pytest.raises(RefusedError, match=r"creation_rules\[1\] \(line 5\): the recipients are shared"):
        added(shared, rules=(0,))
    with pytest.raises(RefusedError, match=r"creation_rules\[0\] \(line 3\): the recipients are shared"):
        remove(text.encode(), find_key(C), [1])


def test_keys_may_have_anchors():
    text = f"&t creation_rules:\n  - &p path_regex: a\n    age: [{A}]\n&k stores: {{}}\n"
    assert added(text, name="new") == text.replace(f"[{A}]", f"[{A}, {C}]") + f"recipients:\n  new: {C}\n"
    with pytest.raises(ConfigError, match="the anchor &k is that of a key"):
        added(f"creation_rules:\n  - &k pgp: {FP}\n  - pgp: *k\n", rules=(1,), recipient=OTHER_FP)


def test_an_anchor_that_another_rule_uses_stays():
    text = f"creation_rules:\n- path_regex: a\n  age: [&c {C}, {A}]\n- age: [*c, {B}]\n"
    with pytest.raises(RefusedError, match=r"the anchor &c \(line 3\) is used in line 4 too"):
        remove(text.encode(), find_key(C), [0])
    assert remove(text.encode(), find_key(C), [0, 1]).decode() == (
        f"creation_rules:\n- path_regex: a\n  age: [{A}]\n- age: [{B}]\n"
    )
    assert remove(text.encode(), find_key(C), [1]).decode() == text.replace(f"[*c, {B}]", f"[{B}]")


def test_what_names_a_recipient_goes_with_it():
    text = f"k:\n# ann\n- &a {A}\n# new\n- &c {C}\ncreation_rules:\n- age: [*a, *c]\nrecipients:\n  x: {A}\n  y: {C}\n"
    expected = f"k:\n# ann\n- &a {A}\ncreation_rules:\n- age: [*a]\nrecipients:\n  x: {A}\n"
    assert remove(text.encode(), find_key(C), [0]).decode() == expected
    many = f"creation_rules:\n- age: [{A}, {C}]\nrecipients:\n  x: [{A}, {C}]\n"
    assert remove(many.encode(), find_key(C), [0]).decode() == many.replace(f", {C}", "")


LAST = [
    f"creation_rules:\n- age: {C}\n",
    f"creation_rules:\n- age: [{C}]\n  pgp: []\n",
    f"creation_rules:\n- key_groups:\n  - age: [{C}]\n  - pgp: [{FP}]\n",
]


@pytest.mark.parametrize("text", LAST)
def test_the_last_recipient_stays(text):
    with pytest.raises(RefusedError, match="only recipient"):
        remove(text.encode(), find_key(C), [0])


REFUSED = [
    (f"creation_rules:\n- age: {A}\n---\na: b\n", "2 documents"),
    (f"x: &x {{age: {A}}}\ncreation_rules:\n- <<: *x\n", "merge key"),
    (f"x: &x {{age: [{A}]}}\ncreation_rules:\n- key_groups: [{{<<: *x}}]\n", "merge key"),
    (f"creation_rules:\n- key_groups:\n  - age: [{A}]\n  - age: [{B}]\n", "2 key groups"),
    (f"recipients: [x]\ncreation_rules:\n- age: {A}\n", "not a table of names"),
    (f"x: &x a\ny: &x {A}\ncreation_rules:\n- age: *x\n", "defined twice"),
    (f"creation_rules:\n- age: !!str {A}\n", "not a text or list"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_cannot_be_edited_is_refused(text, message):
    with pytest.raises((ConfigError, RefusedError), match=message):
        added(text)


def test_a_group_is_named():
    text = f"creation_rules:\n- key_groups:\n  - age: [{A}]\n  - age: [{B}]\n"
    assert added(text, group=1) == text.replace(f"[{B}]", f"[{B}, {C}]") + f"recipients:\n  new: {C}\n"
    with pytest.raises(ConfigError, match="only 2 key groups"):
        added(text, group=2)


def test_a_mark_stays():
    text = f"\ufeffcreation_rules:\n- age: [{A}]\n"
    assert added(text).startswith(text.replace("]", f", {C}]"))
    with pytest.raises(ConfigError, match="UTF-16"):
        add(text.encode("utf-16"), find_key(C), C, "new", [0])


# -- any shape ---------------------------------------------------------------------------------------------------------


class Shape:
    """A configuration that somebody could have written, by chance."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.step = self.pick(["  ", "    ", "  "])
        self.lead = self.pick(["", self.step])
        self.anchored = self.pick([True, False])
        self.newline = self.pick(["\n", "\n", "\n", "\r\n"])

    def pick(self, values):
        return self.random.choice(values)

    def text(self):
        lines = self.pick([[], ["---"], ["# who", ""], ["stores: {yaml: {indent: 2}}"]])
        if self.anchored:
            lines += [
                "keys:",
                f"{self.lead}- &ann {A}",
                f"{self.lead}- &bob {B}{self.comment()}",
                f"{self.lead}- &ops {OTHER_FP}",
                "",
            ]
        lines += ["creation_rules:"]
        for number in range(self.pick([1, 1, 2, 3])):
            lines += self.rule(number)
        lines += self.pick([[], [""], ["# end"], ["destination_rules: []"], ["recipients:", f"{self.step}boss: {A}"]])
        return self.newline.join(lines) + self.pick([self.newline, self.newline, ""])

    def comment(self):
        return self.pick(["", "", "  # laptop", " # x"])

    def name(self, kind):
        alias = {A: "*ann", B: "*bob", OTHER_FP: "*ops"}
        own = self.pick({"age": [A, B], "pgp": [OTHER_FP], "kms": [OTHER_ARN]}[kind])
        if self.anchored and own in alias and self.pick([True, True, False]):
            return alias[own]
        return own

    def rule(self, number):
        inner = f"{self.lead}  "
        members = [f"path_regex: ^dir{number}/"]
        if self.pick([True, False]):
            members.append("encrypted_regex: ^data$" + self.comment())
        if self.pick([True, False]):
            members += self.groups()
        else:
            for kind in self.random.sample(["age", "pgp", "kms"], self.pick([1, 1, 2])):
                members += self.flat(kind)
        if self.pick([True, False]):
            members = [*members, "", "mac_only_encrypted: true"]
        lines = [f"{inner}{line}" if line else "" for line in members]
        return [f"{self.lead}- {lines[0].strip()}", *lines[1:]]

    def flat(self, kind):
        own = [self.name(kind) for _ in range(self.pick([1, 1, 2]))]
        plain = [text for text in own if not text.startswith("*")] or [
            {"age": A, "pgp": OTHER_FP, "kms": OTHER_ARN}[kind]
        ]
        return self.pick(
            [
                [f"{kind}: {own[0]}{self.comment()}"],
                [f"{kind}: {', '.join(plain)}"],
                [f'{kind}: "{",".join(plain)}"{self.comment()}'],
                [f"{kind}: >-", *(f"{self.step}{one}," for one in plain[:-1]), f"{self.step}{plain[-1]}"],
                [f"{kind}: |", f"{self.step}{','.join(plain)}", f"# {kind}"],
                [f"{kind}: [{', '.join(dict.fromkeys(own))}]{self.comment()}"],
                [f"{kind}:{self.comment()}", *(f"{self.lead}- {one}{self.comment()}" for one in dict.fromkeys(own))],
            ]
        )

    def groups(self):
        lines = ["key_groups:"]
        for _ in range(self.pick([1, 1, 1, 2])):
            kind = self.pick(["age", "pgp", "kms"])
            item = f"arn: {OTHER_ARN}" if kind == "kms" else self.name(kind)
            if self.pick([True, True, False]):
                lines += [f"{self.lead}- {kind}:", f"{self.lead}  {self.lead}- {item}{self.comment()}"]
            else:
                lines += [f"{self.lead}- {kind}: [{'{' + item + '}' if kind == 'kms' else item}]"]
        return lines


@pytest.mark.parametrize("seed", range(150))
def test_any_configuration_gets_one_more_recipient_and_loses_it(seed):
    shape = Shape(seed)
    text = shape.text()
    before = parse_config(text.encode(), "x")
    recipient = NEW[shape.pick(sorted(NEW))]
    key = find_key(recipient)
    numbers = list(range(len(before.rules)))
    chosen = sorted(shape.random.sample(numbers, shape.pick(numbers) + 1))
    group = 0 if any(len(before.rules[number].groups) > 1 for number in chosen) else None
    new = add(text.encode(), key, recipient, "newbie", chosen, group)
    after = parse_config(new, "x")
    for number, (one, other) in enumerate(zip(before.rules, after.rules, strict=True)):
        expected = [sorted(map(str, keys)) for keys in one.groups]
        if number in chosen:
            expected[0] = sorted([*expected[0], str(key)])
        assert [sorted(map(str, keys)) for keys in other.groups] == expected
        assert (one.selection, one.path_regex) == (other.selection, other.path_regex)
    assert people_in(new).raw_name_of(key) == "newbie"
    _only_grows(text, new.decode())
    assert remove(new, key, chosen).decode() == text


def _only_grows(before, after):
    """Each line is still there, in order; one that holds recipients may have more in it."""
    lines = [text.splitlines(keepends=True) for text in (before, after)]
    for word, start, end, new_start, new_end in difflib.SequenceMatcher(None, *lines, autojunk=False).get_opcodes():
        assert word != "delete"
        if word == "replace":
            rest = iter("".join(lines[1][new_start:new_end]))
            assert all(letter in rest for letter in "".join(lines[0][start:end]).rstrip("\r\n"))


def test_rules_that_a_merge_key_brings_are_not_edited():
    data = f"x: &x\n  creation_rules:\n    - age: {A},{B}\n<<: *x\n".encode()
    for edit in (lambda: add(data, find_key(C), C, "new", (0,)), lambda: remove(data, find_key(B), (0,))):
        with pytest.raises(ConfigError, match="creation_rules comes from a merge key"):
            edit()


@pytest.mark.parametrize(
    "text",
    [
        f"creation_rules:\n- age:\n  - {A}\n" + f"  - {B}\n" * 100,
        f"creation_rules:\n- age: {A},{B}\nx:\n" + "".join(f"- &b{number} {B}\n" for number in range(100)),
    ],
)
def test_a_recipient_that_is_there_a_hundred_times_is_left_to_its_owner(text):
    """Each time the text is read again: a file of 1 MiB would take hours."""
    with pytest.raises(ConfigError, match="has this recipient more than 20 times"):
        remove(text.encode(), find_key(B), (0,))


def test_a_comma_that_is_an_escape_is_left_to_its_owner():
    with pytest.raises(ConfigError, match="line 2: the text is written with escapes"):
        remove(f'creation_rules:\n- age: "{A}\\x2c{B}"\n'.encode(), find_key(B), (0,))
