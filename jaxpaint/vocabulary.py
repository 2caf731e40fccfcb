"""What a small CLIP can read: a prompt's unknown words are told, and what is spelt like them."""

from __future__ import annotations

from collections.abc import Mapping
import difflib
import functools
import re
from typing import Any, NamedTuple

_ALIKE = 0.75  # how alike spellings must be, of 1


class Vocabulary(NamedTuple):
    """The words that a CLIP was taught, all lower-case."""

    words: frozenset[str]  # all
    parts: frozenset[str]  # of them, those that mean nothing alone: the ferris of a ferris wheel
    names: frozenset[str]  # of more than one word, as `plain` writes them


def read(values: Mapping[str, Any]) -> Vocabulary:
    """From the content of `vocabulary.json`; lists of words may do without parts and names."""
    lists = values["words"], values.get("parts", ()), values.get("names", ())
    return Vocabulary(*(frozenset(map(str.lower, some)) for some in lists))


def plain(text: str) -> str:
    """The words of a text, lower-case, without possessive endings, with single spaces."""
    return " ".join(re.findall(r"[^\W\d_]+", re.sub(r"['’]s\b", "", text.lower())))


def unknown(vocabulary: Vocabulary | None, prompt: str) -> list[str]:
    """Words of the prompt, lower-case, each once, that are not known.

    Those that are no words of the vocabulary, and those that are only parts of names that the
    prompt does not hold. None are without a vocabulary.
    """
    if vocabulary is None:
        return []
    rest = _names(vocabulary.names).sub(" ", plain(prompt)).split()
    known = vocabulary.words - vocabulary.parts
    return [word for word in dict.fromkeys(rest) if word not in known]


def near(vocabulary: Vocabulary, word: str) -> list[str]:
    """At most three known words that are spelt like one that is not."""
    known = sorted(known for known in vocabulary.words - vocabulary.parts if len(known) > 2)
    return difflib.get_close_matches(word, known, n=3, cutoff=_ALIKE)


@functools.lru_cache
def _names(names: frozenset[str]) -> re.Pattern[str]:
    """What finds names, the longer first, and their plurals."""
    longest = sorted(names, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(longest)})(?:e?s)?\b" if names else r"\b\B")
