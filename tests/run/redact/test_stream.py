"""The filter against one that sees the whole text at once."""

from __future__ import annotations

import base64
import html
import json
import random
import shlex
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leafseal.run.redact.forms import forms, is_too_common
from leafseal.run.redact.stream import MASK, Patterns, Stream

pytest.importorskip("ahocorasick_rs")


def naive(data: bytes, patterns: list[bytes]) -> bytes:
    """Return the data with every run of overlapping occurrences replaced, by looking at every place."""
    places = [
        (start, start + len(pattern))
        for pattern in set(patterns)
        for start in range(len(data) - len(pattern) + 1)
        if data.startswith(pattern, start)
    ]
    runs: list[list[int]] = []
    for start, end in sorted(places):
        if runs and start < runs[-1][1]:
            runs[-1][1] = max(runs[-1][1], end)
        else:
            runs.append([start, end])
    output, place = b"", 0
    for start, end in runs:
        output, place = output + data[place:start] + MASK, end
    return output + data[place:]


def pieces_of(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]


def redacted(patterns: list[bytes], pieces: list[bytes]) -> bytes:
    stream = Stream(Patterns(patterns))
    return b"".join(map(stream.feed, pieces)) + stream.close()


letters = st.text("axy", min_size=1, max_size=8).map(str.encode)


@given(st.lists(letters, max_size=5), st.text("axyz", max_size=40).map(str.encode), st.lists(st.integers(0, 9)))
def test_pieces_do_not_matter(patterns: list[bytes], data: bytes, sizes: list[int]) -> None:
    assert redacted(patterns, pieces_of(data, sizes)) == naive(data, patterns)


@pytest.mark.campaign
def test_pieces_do_not_matter_in_many_random_texts() -> None:
    for seed in range(200_000):
        chance = random.Random(seed)
        alphabet = chance.choice(["abc", "xyz", "axb"])[: chance.randint(1, 3)]  # digits begin in another way
        patterns = [
            "".join(chance.choices(alphabet, k=chance.randint(1, 7))).encode() for _ in range(chance.randint(1, 6))
        ]
        data = "".join(chance.choices(f"{alphabet}d", k=chance.randint(0, 60))).encode()
        sizes = [chance.randint(0, 9) for _ in range(20)]
        assert redacted(patterns, pieces_of(data, sizes)) == naive(data, patterns), seed


@given(
    st.lists(st.text("axy", min_size=6, max_size=9).map(str.encode), min_size=1, max_size=4),
    st.text("axyz", max_size=60).map(str.encode),
    st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=30),
)
def test_no_more_than_five_bytes_of_a_secret_come_out_when_idle(
    patterns: list[bytes], data: bytes, moments: list[tuple[int, bool]]
) -> None:
    stream, output, rest = Stream(Patterns(patterns)), b"", data
    for size, is_idle in moments:
        output += stream.feed(rest[:size])
        rest = rest[size:]
        if is_idle:
            output += stream.idle()
    output += stream.feed(rest) + stream.close()
    assert not any(pattern in output for pattern in patterns)
    clear = output.split(MASK)
    assert not any(pattern[:6] in piece for pattern in patterns for piece in clear[:-1])


def test_a_prompt_comes_out_at_once_and_the_beginning_of_a_secret_when_idle() -> None:
    stream = Stream(Patterns([b"phrase-1234"]))
    assert stream.feed(b"Password: ") == b"Password: "
    assert stream.feed(b"> phr") == b"> "
    assert stream.is_waiting
    assert stream.idle() == b"phr"
    assert not stream.is_waiting
    assert stream.feed(b"ase-1234!") == MASK + b"!"
    assert stream.close() == b""


def test_a_long_beginning_waits() -> None:
    stream = Stream(Patterns([b"phrase-1234"]))
    assert stream.feed(b"phrase") == b""
    assert stream.idle() == b""
    assert stream.feed(b"s") == b"phrases"
    assert stream.feed(b"phrase-123") == b""
    assert stream.close() == b"phrase-123"


def test_secrets_that_overlap_leave_no_tail() -> None:
    assert redacted([b"abcd", b"cdef"], [b"xabcdefy"]) == b"x" + MASK + b"y"
    assert redacted([b"abcd", b"efgh"], [b"abcdefgh"]) == MASK + MASK


def test_what_repeats_is_held_back_by_one_byte() -> None:
    stream = Stream(Patterns([b"aa"]))
    assert b"".join(stream.feed(b"a") for _ in range(10_000)) == MASK
    assert len(stream._data) == 1


def test_without_patterns_all_passes() -> None:
    assert redacted([], [b"abc", b""]) == b"abc"


SECRETS = [
    b"hunter2!x",
    b"p@ss w\xc3\xb6rd/<&>'\"\\$`",
    b"p\\a'ss \"w\xc3\xb6rd\xc2\xa0\x1b9",
    b"-----BEGIN KEY-----\nMIIBVgIBADANBgkq\nhkiG9w0B+/==\n-----END KEY-----\n",
]


@pytest.mark.parametrize("secret", SECRETS, ids=["plain", "special", "unprintable", "lines"])
def test_forms(secret: bytes) -> None:
    text = secret.decode()
    shown = [
        text,
        text.replace("\n", "\r\n"),
        secret.hex(),
        secret.hex().upper(),
        json.dumps(text),
        json.dumps(text, ensure_ascii=False),
        json.dumps({"outer": text}),
        shlex.quote(text),
        quote(text),
        quote(text, safe=""),
        quote_plus(text),
        html.escape(text),
        repr([text]),
        ascii({1: text}),
        repr(secret),
    ]
    for before in ("", "a", "ab", "user:"):
        for after in ("", "c", ":more"):
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                shown.append(encode(f"{before}{text}{after}".encode()).decode())
    patterns = sorted(forms(secret))
    first, last = text.strip().split("\n")[0], text.strip().split("\n")[-1]
    for line in shown:
        output = redacted(patterns, [line.encode()])
        assert MASK in output, line
        left = output.replace(MASK, b"")
        for word in (first, last, base64.b64encode(first.encode())[:-4].decode(), secret.hex()):
            assert word.encode() not in left, line
        assert len(left) <= 60, (line, left)


def test_the_forms_of_a_long_value_are_those_of_its_parts() -> None:
    secret = bytes(random.Random(1).choices(b"abcdefghijklmnopqrstuvwxyz0123456789", k=200_000))
    patterns = Patterns(forms(secret))
    assert patterns.longest < 4096
    for shown in (secret, secret.hex().encode(), base64.b64encode(b"x" + secret)):
        stream = Stream(patterns)
        output = stream.feed(b"> " + shown) + stream.close()
        assert output.startswith(b"> ")
        assert output.count(MASK) == 1
        assert len(output) < 30


def test_values_that_cannot_be_looked_for() -> None:
    for value in (b"", b"short", b"12345", b"Production", b"localhost", b" info "):
        assert is_too_common(value)
    assert is_too_common(b"build-host-7", public=[b"build-host-7"])
    assert not is_too_common(b"123456")
    assert not is_too_common(b"abcd", least=4)


def test_texts_that_are_no_secret_are_not_copied_for_every_value() -> None:
    class Public(frozenset[bytes]):
        def __iter__(self) -> Iterator[bytes]:
            raise AssertionError("all of them were looked at")

    assert is_too_common(b"build-host-7", public=Public([b"build-host-7"]))
    assert not is_too_common(b"build-host-8", public=Public([b"build-host-7"]))


def test_parts_of_a_long_value_end_between_characters() -> None:
    for letter in ("\u00e9", "\u20ac", "\U0001f511"):
        secret = "".join(random.Random(2).choices(f"abcdef{letter}", k=4000))
        patterns = Patterns(forms(secret.encode()))
        for shown in (secret, json.dumps(secret), json.dumps(secret, ensure_ascii=False), quote(secret)):
            stream = Stream(patterns)
            output = stream.feed(shown.encode()) + stream.close()
            assert output.strip(b'"') == MASK


def test_blanks_around_a_value_do_not_count() -> None:
    patterns = Patterns(forms(b"  hunter2!x \n"))
    stream = Stream(patterns)
    assert stream.feed(b"<hunter2!x>") + stream.close() == b"<" + MASK + b">"


def test_a_secret_that_is_typed_is_echoed_up_to_five_characters() -> None:
    stream = Stream(Patterns([b"phrase-1234"]))
    output = b""
    for letter in b"phrase-1234!":
        output += stream.feed(bytes([letter])) + stream.idle()
    assert output == b"phras" + MASK + b"!"


def test_less_is_echoed_of_what_is_short() -> None:
    stream = Stream(Patterns([b"abc"]))
    assert stream.feed(b"a") + stream.idle() == b"a"
    assert stream.feed(b"b") + stream.idle() == b"b"
    assert stream.feed(b"c!") == MASK + b"!"
    stream = Stream(Patterns([b"a"]))
    assert stream.idle() + stream.feed(b"ba") == b"b" + MASK


def test_many_values_with_one_beginning() -> None:
    patterns = [b"postgres://user:%04d" % number for number in range(3000)] + [b"postgres://user:0001@host"]
    assert redacted(patterns, [b"> postgres://user:0001@h", b"ost postgres://user:2999 postgres://user:x"]) == (
        b"> " + MASK + b" " + MASK + b" postgres://user:x"
    )
