"""Which leaves are sealed: by suffix, by regular expression, or by comments (sops-format §1.3)."""

from __future__ import annotations

from collections.abc import Callable

from leafseal.document import Leaf, Path
from leafseal.document.comments import CommentsInForce
from leafseal.document.frozen import Value
from leafseal.errors import ConfigError, UsageError
from leafseal.rules.matching import Matcher, PatternError
from leafseal.rules.pattern import compile_pattern

DEFAULT_SUFFIX = "_unencrypted"

RULE_FIELDS = (
    "unencrypted_suffix",
    "encrypted_suffix",
    "unencrypted_regex",
    "encrypted_regex",
    "unencrypted_comment_regex",
    "encrypted_comment_regex",
)

_Test = Callable[[Leaf], bool]


class Selection(Value):
    """The rule of a file. At most one of the first six fields is not empty; if none is, `_unencrypted` is the suffix.

    Raises `ConfigError` when two rules are given or a pattern is not valid.
    """

    __match_args__ = (
        "unencrypted_suffix",
        "encrypted_suffix",
        "unencrypted_regex",
        "encrypted_regex",
        "unencrypted_comment_regex",
        "encrypted_comment_regex",
        "mac_only_encrypted",
    )
    __slots__ = (*__match_args__, "_matches_comment", "_test")

    unencrypted_suffix: str
    encrypted_suffix: str
    unencrypted_regex: str
    encrypted_regex: str
    unencrypted_comment_regex: str
    encrypted_comment_regex: str
    mac_only_encrypted: bool
    _test: _Test
    _matches_comment: Matcher

    def __init__(
        self,
        unencrypted_suffix: str = "",
        encrypted_suffix: str = "",
        unencrypted_regex: str = "",
        encrypted_regex: str = "",
        unencrypted_comment_regex: str = "",
        encrypted_comment_regex: str = "",
        mac_only_encrypted: bool = False,
    ) -> None:
        self._set(
            unencrypted_suffix=unencrypted_suffix,
            encrypted_suffix=encrypted_suffix,
            unencrypted_regex=unencrypted_regex,
            encrypted_regex=encrypted_regex,
            unencrypted_comment_regex=unencrypted_comment_regex,
            encrypted_comment_regex=encrypted_comment_regex,
            mac_only_encrypted=mac_only_encrypted,
        )
        if len(self.rules()) > 1:
            names = " and ".join(self.rules())
            raise ConfigError(f"{names}: only one rule can decide what is encrypted", hint="keep one of them").noted()
        name, text = self._rule()
        if not isinstance(text, str):
            raise UsageError(f"{name} must be text, not {type(text).__name__}")
        self._set(_matches_comment=_never)
        if name.endswith("_suffix"):
            test = _suffix_test(text, sealed_if_found=name == "encrypted_suffix")
        else:
            try:
                matches = compile_pattern(text)
            except PatternError as exc:
                hint = "write it as an RE2 pattern, as everywhere in SOPS"
                raise ConfigError(f"{name}: {exc}", hint=hint).noted() from None
            if name.endswith("_comment_regex"):
                self._set(_matches_comment=matches)
                test = _comment_test(matches, sealed_if_found=name == "encrypted_comment_regex")
            else:
                test = _regex_test(matches, sealed_if_found=name == "encrypted_regex")
        self._set(_test=test)

    @property
    def selects(self) -> Callable[[Leaf], bool]:
        """Tell whether the rule wants a leaf sealed. It does not look at the value: empty ones never are."""
        return self._test  # A property, so that whoever asks for 100,000 leaves pays for one call each, not two.

    def matches_comment(self, text: str) -> bool:
        """Tell whether a comment rule would take this text for a marker; False under all other rules.

        A sealed comment whose token does must be sealed again: a reader would be led astray by it.
        """
        return self._matches_comment(text)

    @property
    def goes_by_comments(self) -> bool:
        """Tell whether comments decide what is sealed: then none of them can be taken away or hidden."""
        return bool(self.unencrypted_comment_regex or self.encrypted_comment_regex)

    @property
    def is_marked_clear(self) -> bool:
        """Tell whether each clear value is marked as one, by the end of its name or a comment."""
        return self._rule()[0] in ("unencrypted_suffix", "unencrypted_comment_regex")

    @property
    def is_default(self) -> bool:
        """Tell whether this is the rule of files of which nobody said anything."""
        return self._rule() == ("unencrypted_suffix", DEFAULT_SUFFIX)

    def rules(self) -> tuple[str, ...]:
        """Return the names of the rule fields that are not empty."""
        return tuple(name for name in RULE_FIELDS if getattr(self, name))

    def fields(self) -> dict[str, str | bool]:
        """Return the metadata fields that state this rule; the default suffix is written out."""
        name, text = self._rule()
        fields: dict[str, str | bool] = {name: text}
        if self.mac_only_encrypted:
            fields["mac_only_encrypted"] = True
        return fields

    def describe(self) -> str:
        """Return the rule in words, for messages."""
        name, text = self._rule()
        return _WORDS[name].format(text)

    def _rule(self) -> tuple[str, str]:
        for name in self.rules():
            return name, getattr(self, name)
        return "unencrypted_suffix", DEFAULT_SUFFIX


_WORDS = {
    "unencrypted_suffix": "everything except under key names that end in {}",
    "encrypted_suffix": "only values under key names that end in {}",
    "unencrypted_regex": "everything except under key names that match {}",
    "encrypted_regex": "only values under key names that match {}",
    "unencrypted_comment_regex": "everything except under comments that match {}",
    "encrypted_comment_regex": "only values under comments that match {}",
}


def _never(text: str | bytes) -> bool:
    return False


class _PathVerdicts(dict[Path, bool]):
    """Remembers for each path whether any element of it matches. Siblings share their parent's verdict."""

    __slots__ = ("_matches",)

    def __init__(self, matches: Callable[[str], bool]) -> None:
        self._matches = matches

    def __missing__(self, path: Path) -> bool:
        self[path] = found = any(map(self._matches, path))
        return found


class _NameVerdicts(dict[str, bool]):
    """Remembers for each path element whether it matches."""

    __slots__ = ("_matches",)

    def __init__(self, matches: Matcher) -> None:
        self._matches = matches

    def __missing__(self, name: str) -> bool:
        self[name] = found = self._matches(name)
        return found


def _suffix_test(suffix: str, *, sealed_if_found: bool) -> _Test:
    parents = _PathVerdicts(lambda name: name.endswith(suffix))

    def test(leaf: Leaf) -> bool:
        path = leaf.path
        if path and (path[-1].endswith(suffix) or parents[path[:-1]]):
            return sealed_if_found
        return not sealed_if_found

    return test


def _regex_test(matches: Matcher, *, sealed_if_found: bool) -> _Test:
    names = _NameVerdicts(matches)
    parents = _PathVerdicts(names.__getitem__)

    def test(leaf: Leaf) -> bool:
        path = leaf.path
        if path and (names[path[-1]] or parents[path[:-1]]):
            return sealed_if_found
        return not sealed_if_found

    return test


def _comment_test(matches: Matcher, *, sealed_if_found: bool) -> _Test:
    look_up = _NameVerdicts(matches).__getitem__

    def test(leaf: Leaf) -> bool:
        comments = leaf.comments
        if comments.any_match(look_up) if isinstance(comments, CommentsInForce) else any(map(look_up, comments)):
            return sealed_if_found
        # A marker of clear text keeps itself clear; one of sealed text does not seal itself.
        if leaf.is_comment and not sealed_if_found and isinstance(leaf.value, str | bytes) and matches(leaf.value):
            return sealed_if_found
        return not sealed_if_found

    return test
