"""What a small CLIP is given to read of a prompt: words that it was taught, and nothing else.

A word or sign that it was never shown spoils all: to the bundled CLIP "a majestic lion" is
as far from "a lion" as "a crimson apple" is, and near to that. So a prompt loses what nothing
understands before it is taken apart (`composition`) and read, and the user is told what.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
import re
from typing import NamedTuple
import unicodedata

from jaxpaint import composition, thesaurus, vocabulary
from jaxpaint.config import Config
from jaxpaint.vocabulary import Vocabulary

_PAUSES = frozenset(",;:.!?()/|…–—\n")
# Words about a thing that change nothing in its picture: no loss to tell of.
_SILENT = frozenset(
    """some my your his her its our their this that these those is are there i me please d like
    would want draw paint""".split()
)  # fmt: skip
_ARTICLES = frozenset(["a", "an", "the", "some"])
_MEDIUM = re.compile(rf"((?:\w+ )*?)(?:{'|'.join(composition.MEDIA)}) of (?=\w)")
# Numbers, and what says as much; more than are laid out are so many as are.
_NUMBERS = {"1": "a", "one": "a", "pair": "two", "couple": "two", "few": "three"}
_NUMBERS |= dict.fromkeys(
    """five six seven eight nine ten eleven twelve dozen dozens hundred hundreds many
    several""".split(), "four"
)  # fmt: skip
_NUMBER = re.compile(rf"\b(?:(?:an?|the) )?({'|'.join(_NUMBERS)}|\d+)(?: of)? (?=\w)")
_STYLES = frozenset([*composition.MEDIA, "art", "style"])  # what a part behind a comma ends in
_BETWEEN = ("in", "at", "of", "against")  # things, beside the relations of `composition`
# What alone, without a thing, still makes a picture.
_SETTINGS = frozenset([*composition.COLOR_OF, *composition.PLACE_OF])
_NO_THINGS = frozenset([*composition.NO_NOUN, *_BETWEEN, "and", "background", "paper", "canvas"])
# Captions have regular plurals, but for those of `composition`.
_IRREGULAR = {"cacti": "cactus", "octopi": "octopus"}
_MOST = "four"  # of `composition.COUNTS`
_COUNTS = {"2": "two", "3": "three"}


class Wording(NamedTuple):
    """What of a prompt is understood."""

    kept: str  # for `composition.read`
    text: str  # for the CLIP: taught words alone. Both are empty if nothing to paint is left
    lost: tuple[str, ...]  # words and signs that nothing understands, each once


class Reading(NamedTuple):
    """What a CLIP makes of a prompt."""

    text: str  # what it reads; empty if it knows no thing in the prompt
    plan: composition.Composition  # what is sketched
    lost: tuple[str, ...]  # words and signs that neither it nor the sketch understands


def plan(prompt: str, *, known: Vocabulary | None, config: Config) -> Reading:
    """What a CLIP is given to read of a prompt, and what of it is sketched.

    Without a sketch that is all of it, as one thing.

    Args:
      prompt: as of `prompts.parse`.
      known: what the CLIP was taught; None: everything.
      config: the canvas and its sketch.
    """
    most = config.sketch_things if config.sketch_steps else 0
    words = read(prompt, known=known, laid=bool(most))
    text = _with_whole_names(words.kept, known) if known else words.kept
    made = composition.read(
        text or prompt, height=config.height, width=config.width, most=most,
        known=known.words if known else None,
    )  # fmt: skip
    if words.text and known:
        things = (taught(thing.replace("_", " "), known=known) for thing in made.things)
        made = made._replace(things=tuple(things))
    return Reading(words.text, made, words.lost)


def read(prompt: str, *, known: Vocabulary | None, laid: bool) -> Wording:
    """Leaves out of a prompt what nothing understands.

    Args:
      prompt: as of `prompts.parse`.
      known: what the CLIP was taught; None: everything, and the prompt stays as it is.
      laid: whether `composition` lays out the picture, which understands some words more.
    """
    if known is None:
        return Wording(prompt, prompt, ())
    text = vocabulary.find_names(known.names).sub(_as_one, _plain(prompt, known))
    text, lost = _without_medium(text, known)
    if laid:
        lost += [word for word in _NUMBER.findall(text) if _number(word) == _MOST]
        text = _NUMBER.sub(lambda found: f"{_number(found[1])} ", text)
    parts = _parts(text, known, laid=laid)
    left, before, any_thing = [], False, False
    for i, (sign, words) in enumerate(parts):
        last = words[-1] if words else ""
        placed = laid and i == len(parts) - 1 and sign in composition.PLACED
        placed &= last in composition.PLACE_OF
        some, gone = _without_unknown(words, known, laid=laid, placed=placed)
        style = sign.startswith(",") and not _STYLES.isdisjoint([last, *some[-1:]])
        if style or gone and not _is_thing(some):
            some = []
        # In front of a house, left of it: who does not know the former does not know the latter.
        left.append(("and" if sign == "of" and before else sign, some))
        before = last in gone
        lost += gone
        any_thing |= _is_thing(some) and not placed
    if parts != left:
        text = _join([(sign, some) for sign, some in left if some])
    if not any_thing and (lost or _SETTINGS.isdisjoint(text.split())):
        text = ""
    text = text.replace(" ,", ",").replace("_", " ")
    return Wording(text, taught(text, known=known), tuple(dict.fromkeys(lost)))


def taught(text: str, *, known: Vocabulary | None) -> str:
    """What `read` kept, or a thing of it, in words that the CLIP was taught: gray, not grey."""
    if known is None:
        return text
    untaught = [some for some in composition.RELATIONS if vocabulary.unknown(known, some)]
    for relation in sorted(untaught, key=len, reverse=True):
        text = re.sub(rf"\b{relation}\b", composition.RELATIONS[relation], text)
    text = text.replace(", and ", " and ").replace(",", " and")
    words = [_COUNTS.get(word, word) for word in text.split()]
    text = " ".join(word for word in words if word in known.words)
    for badly, better in known.said:
        text = re.sub(rf"\b{badly}\b", better, text)
    return text


def _plain(prompt: str, known: Vocabulary) -> str:
    """Words, lower-case, and commas for pauses, between single spaces; an emoji by its name."""
    text = unicodedata.normalize("NFKC", prompt).lower().replace("\ufe0f", "")
    text = re.sub(r"['’]s\b|(?<=s)['’](?!\w)", "", text)  # possessive
    text = "".join(_written(sign, known) for sign in text)
    return " ".join(re.sub(r"[ ,]*,[ ,]*", " , ", text).split()).strip(" ,")


def _written(sign: str, known: Vocabulary) -> str:
    kind = unicodedata.category(sign)
    if kind[0] in "LMN":
        return sign
    if sign in _PAUSES:
        return ","
    if sign in "&+":
        return " and "
    if kind != "So":
        return " "
    name = unicodedata.name(sign, "").lower()
    return f" {sign if vocabulary.unknown(known, name) else vocabulary.plain(name) or sign} "


def _as_one(name: re.Match[str]) -> str:
    """A name as one word."""
    return name[0].replace(" ", "_")


def _with_whole_names(text: str, known: Vocabulary) -> str:
    """A bow and arrow as one thing, for `composition`; two hearts are two, though a name too."""

    def whole(name: re.Match[str]) -> str:
        words = name[0].split()
        many = composition.singular(words[-1], known=None) != words[-1]
        counted = words[0] in composition.COUNTS and many
        return name[0] if counted or name[0] not in known.names else _as_one(name)

    return vocabulary.find_names(known.names).sub(whole, text)


def _number(word: str) -> str:
    """How a number is written for `composition`."""
    return word if word in composition.COUNTS else _NUMBERS.get(word, _MOST)


def _without_medium(text: str, known: Vocabulary) -> tuple[str, list[str]]:
    """The text without "a photo of" and the like, and the words that told more of it."""
    found = _MEDIUM.match(text)
    if not found:
        return text, []
    silent = _SILENT | _ARTICLES | {"and"}
    told = [word for word in found[1].split() if word not in silent]
    if len(told) > 1 and not set(told) <= _unknown(told, known) | _NO_THINGS:
        return text, []  # a cat in front of a painting of a dog
    return text[found.end() :], told


def _parts(text: str, known: Vocabulary, *, laid: bool) -> list[tuple[str, list[str]]]:
    """The words between relations and commas, each with what stands before it."""
    signs = [some for some in composition.RELATIONS if laid or not vocabulary.unknown(known, some)]
    signs = "|".join(sorted({*signs, *_BETWEEN}, key=len, reverse=True))
    pieces = re.split(rf"(?<!\S)(, and|,|{signs})(?!\S)", text)
    return [(sign, some.split()) for sign, some in zip(["", *pieces[1::2]], pieces[::2])]


def _without_unknown(
    words: Sequence[str], known: Vocabulary, *, laid: bool, placed: bool
) -> tuple[list[str], list[str]]:
    """What is left of the words of a part, and what is lost; the last may be a place."""
    unknown, left, lost, cut = _unknown(words, known), [], [], False

    def meant(i: int, word: str) -> str:
        """What stands for a word; empty if nothing understands it."""
        if word not in unknown:
            return word
        if placed and i == len(words) - 1:
            return composition.PLACE_OF[word]
        if laid and word in composition.COUNTS and i == 0 and _is_thing(words[1:]):
            return word
        return composition.COLOR_OF.get(word, "") or _other_form(word, known)

    for i, word in enumerate(words):
        if some := meant(i, word):
            rest = [word for word in words[i:] if word not in unknown]
            # What is lost between two things is a verb, as a rule.
            left += ["and", some] if cut and _is_thing(rest) else [some]
            cut = False
            continue
        left = _without_article(left)
        if word not in _SILENT:
            lost.append(word)
            cut |= _is_thing(left)
    return _without_article(left), lost


def _other_form(word: str, known: Vocabulary) -> str:
    """The plural that was taught instead of a form: gloves of a glove, mice of mouses."""
    ones = [_IRREGULAR.get(word, word), *(word.removesuffix(end) for end in ("s", "es"))]
    forms = [composition.plural(one) for one in ones if one]
    other = [form for form in forms if form in known.words and form not in known.parts]
    # A new car has nothing of the news.
    return other[0] if other and word not in thesaurus.words_to_try() else ""


def _without_article(words: list[str]) -> list[str]:
    """Words but for articles at the end, which what they belonged to has left."""
    while words and words[-1] in _ARTICLES:
        words = words[:-1]
    return words


def _unknown(words: Collection[str], known: Vocabulary) -> set[str]:
    """Of the words of a part, those that the CLIP was not taught."""
    return {w for w in words if "_" not in w and (w not in known.words or w in known.parts)}


def _is_thing(words: Collection[str]) -> bool:
    return any(word not in _NO_THINGS for word in words)


def _join(parts: Sequence[tuple[str, Sequence[str]]]) -> str:
    """The text of parts, the first without what stood before it."""
    (_, first), *rest = parts or [("", ())]
    return " ".join([*first, *(word for sign, words in rest for word in (sign, *words))])
