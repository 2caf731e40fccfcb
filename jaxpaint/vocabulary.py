"""What a small CLIP can read: which words it does not know, and what to try instead of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import functools
import re
from typing import Any, NamedTuple
import unicodedata

from jaxpaint import composition, thesaurus

_TRIES = 3  # most words that are offered for one
_MOST = "four"  # of `composition.COUNTS`
_GRAMMAR = frozenset(word for relation in composition.RELATIONS for word in relation.split())

_NO_THINGS = frozenset([*composition.NO_NOUN, *composition.PLACE_OF, *composition.MEDIA])
_NO_THINGS |= {"at", "background"}


class Vocabulary(NamedTuple):
    """The words that a CLIP was taught, all lower-case."""

    words: frozenset[str]  # all
    parts: frozenset[str]  # of them, those that mean nothing alone: the ferris of a ferris wheel
    names: frozenset[str]  # of more than one word, as `plain` writes them
    said: tuple[tuple[str, str], ...] = ()  # words that it draws badly, and better ones


def read(values: Mapping[str, Any]) -> Vocabulary:
    """From the content of `vocabulary.json`; lists of words may do without all else."""
    lists = values["words"], values.get("parts", ()), values.get("names", ())
    words, parts, names = (frozenset(map(str.lower, some)) for some in lists)
    return Vocabulary(words, parts, names, tuple(values.get("said", {}).items()))


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
    rest = find_names(vocabulary.names).sub(" ", plain(prompt)).split()
    words, parts = vocabulary.words, vocabulary.parts
    return [word for word in dict.fromkeys(rest) if word not in words or word in parts]


def things(vocabulary: Vocabulary) -> list[str]:
    """Nouns and names that can be painted, one of each, in the order of the alphabet.

    Without plurals of others, and without words for grounds, colours and how things lie.
    """
    alone = vocabulary.words - vocabulary.parts - _GRAMMAR - _NO_THINGS
    ones = {word for word in alone if composition.singular(word, known=alone) == word}
    return sorted(ones | alone & composition.ONE_THING | vocabulary.names)


@functools.lru_cache
def find_names(names: frozenset[str]) -> re.Pattern[str]:
    """What finds names, the longer first, and their plurals."""
    every = {*names, *map(composition.plural, names)}
    longest = sorted(every, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(longest)})\b" if names else r"\b\B")


def near(vocabulary: Vocabulary, word: str) -> list[str]:
    """At most three known words or names to try for one that is not known, the likeliest first.

    What the `thesaurus` has and names that the word is a part of; of an emoji the end of its
    Unicode name, the heart of a heavy black heart; of a number the largest that is laid out. Else
    the known word that it ends in, as compounds end in what they are a kind of (Williams 1981).
    Else what it may be a misspelling of (Damerau 1964): one letter off in a short word, two in
    one of six letters or more.
    """
    known = vocabulary.words - vocabulary.parts
    if word in known or word.isdecimal():
        return [] if word in known else [_MOST]
    one = composition.singular(word, known=None)
    table = thesaurus.words_to_try()
    of = [name for name in vocabulary.names if {word, one} & set(name.split())]
    of = sorted(of, key=lambda name: (len(name), name))
    sign = [] if word.isalnum() else unicodedata.name(word[:1], "").lower().split()[-1:]
    heads = [word[i:] for i in range(3, len(word) - 3) if word[i:] in known]
    tries = [*table.get(word, ()), *table.get(one, ()), *of, *sign]
    tries = [some for some in tries if some == _MOST or not unknown(vocabulary, some)]
    if not tries and not {word, one} & table.keys():
        tries = heads[:1] or _spelt_alike(word, known)
    return list(dict.fromkeys(tries))[:_TRIES]


def told(vocabulary: Vocabulary, words: Iterable[str]) -> str:
    """Words that are not known, each with what to try (of `near`) if there is something."""
    tries = {word: " or ".join(near(vocabulary, word)) for word in words}
    return ", ".join(f"{word} (try: {some})" if some else word for word, some in tries.items())


def _spelt_alike(word: str, known: frozenset[str]) -> list[str]:
    """Known words that begin alike and are fewest letters off, but for plurals."""
    allowed = 1 if len(word) < 6 else 2
    alike = [some for some in known - _GRAMMAR if len(some) > 2 and some[0] == word[:1]]
    off = {some: _letters_off(word, some) for some in alike}
    least = min([allowed, *off.values()])
    found = sorted(some for some in alike if off[some] == least)
    ones = [composition.singular(some, known=known) for some in found]
    return [some for some, one in zip(found, ones) if one == some or one not in found]


def _letters_off(one: str, two: str) -> int:
    """Letters to add, drop or change, and neighbours to swap, that make one word of the other."""
    before, last = [], list(range(len(two) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(two, 1):
            cost = min(last[j] + 1, row[-1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == two[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]
