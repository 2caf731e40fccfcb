"""What a prompt shows and where: its things, their places, and the paper under them.

A small CLIP draws one thing well and several badly, and a ground that it must draw too blurs
what stands on it. So a prompt is taken apart: every thing is sketched by itself, in a place of
its own (regions with prompts of their own are from Bar-Tal et al. 2023, MultiDiffusion), on a
paper that already has the colour of the ground, as a painter primes a canvas. A grammar of a
few English words does it, where Lian et al. (2023, LLM-grounded Diffusion) ask a language
model. What it does not understand is sketched whole, as one thing.
"""

from __future__ import annotations

from collections.abc import Collection
import re
from typing import NamedTuple

Color = tuple[float, float, float]

# Named colours, sRGB in [0, 1].
COLORS: dict[str, Color] = {
    "red": (0.85, 0.10, 0.10), "orange": (0.98, 0.55, 0.08), "yellow": (0.98, 0.85, 0.12),
    "green": (0.15, 0.62, 0.20), "blue": (0.12, 0.32, 0.85), "purple": (0.50, 0.16, 0.68),
    "pink": (0.98, 0.52, 0.72), "brown": (0.48, 0.28, 0.12), "black": (0.07, 0.07, 0.08),
    "white": (0.97, 0.97, 0.97), "gray": (0.52, 0.52, 0.54), "turquoise": (0.15, 0.75, 0.75),
}  # fmt: skip

# Places that a thing may be in: colours above and below the horizon.
PLACES: dict[str, tuple[Color, Color]] = {
    "sea": ((0.62, 0.82, 0.95), (0.10, 0.35, 0.72)),
    "grass": ((0.75, 0.90, 0.98), (0.30, 0.65, 0.22)),
    "sky": ((0.35, 0.62, 0.95), (0.80, 0.92, 1.00)),
    "night": ((0.04, 0.05, 0.18), (0.14, 0.15, 0.38)),
    "snow": ((0.72, 0.83, 0.95), (0.96, 0.97, 1.00)),
    "desert": ((0.98, 0.88, 0.62), (0.88, 0.68, 0.35)),
    "sunset": ((0.95, 0.45, 0.25), (0.98, 0.78, 0.40)),
}
# Other words for them, and for the colours.
PLACE_OF = {name: name for name in PLACES} | {
    "ocean": "sea", "lake": "sea", "water": "sea", "waves": "sea", "field": "grass",
    "meadow": "grass", "lawn": "grass", "garden": "grass", "midnight": "night", "ice": "snow",
    "sand": "desert", "beach": "desert", "dunes": "desert", "evening": "sunset", "dusk": "sunset",
    "sunrise": "sunset", "dawn": "sunset",
}  # fmt: skip
COLOR_OF = {name: name for name in COLORS} | {"grey": "gray", "violet": "purple"}
PLACED = ("in", "on", "over", "above", "by", "at", "under", "near", "against")  # before places

BESIDE = ("next to", "beside", "and", "with")
ABOVE = ("above", "over", "on top of")
BELOW = ("below", "under")
# Further words, which no caption of the bundled CLIP's training had: they need none.
_BESIDE = (*BESIDE, "near", "by", "left of", "to the left of", "on the left of")
_BEFORE = ("right of", "to the right of", "on the right of")  # what follows lies to the left
_ABOVE = (*ABOVE, "on")
_BELOW = (*BELOW, "beneath", "underneath")
COUNTS = {"two": 2, "2": 2, "three": 3, "3": 3, "four": 4, "4": 4}
# All of them, each with words of captions that say nearly the same.
RELATIONS = {
    **dict.fromkeys((*_BESIDE, *_BEFORE), BESIDE[0]), **dict.fromkeys(_BELOW, BELOW[0]),
    **{some: some for some in (*BESIDE, *_ABOVE, *BELOW)},
}  # fmt: skip
_SOME = 2  # of a plural without a number: as many as it is sure to say
# Plurals that name one thing, where the singular is another.
ONE_THING = frozenset("glasses grapes fries scales noodles chains heels".split())
_IN_ROWS = {1: (1,), 2: (2,), 3: (1, 2), 4: (2, 2)}  # how so many of a kind lie
_PLURALS = {"sheep": "sheep", "fish": "fish", "mouse": "mice", "goose": "geese", "ox": "oxen",
            "leaf": "leaves", "wolf": "wolves", "loaf": "loaves", "knife": "knives",
            "potato": "potatoes", "tomato": "tomatoes", "volcano": "volcanoes",
            "mango": "mangoes", "foot": "feet", "tooth": "teeth", "snowman": "snowmen",
            "scarf": "scarves", "elf": "elves", "man": "men", "woman": "women",
            "person": "people", "child": "children", "policeman": "policemen",
            "policewoman": "policewomen", "merman": "mermen"}  # fmt: skip
_SINGULARS = {many: one for one, many in _PLURALS.items()}
# What follows the noun that a phrase is about: the milk of a glass, what a woman is doing.
_AFTER = re.compile(r" (?:of|with|in) |(?:(?<=man|men)|(?<=person|people)) \w+ing\b")

MEDIA = (
    "painting", "picture", "drawing", "photo", "photograph", "sketch", "watercolor", "watercolour",
    "image", "portrait", "illustration", "art", "cartoon", "icon",
)  # fmt: skip
_MEDIUM = re.compile(rf"^(?:an? |the )?(?:\w+ )?(?:{'|'.join(MEDIA)}) of ")
_FRUIT = "(?:an?|one|the) orange"  # the one colour that, with an article, is a thing
_GROUND = re.compile(
    rf"^(.+?),? on (?!{_FRUIT}$)(?:an? |the )?({'|'.join(COLOR_OF)})"
    r"(?: (?:back)?ground| paper| canvas)?$"
)
_PLACE = re.compile(
    rf"^(.+?),? (?:{'|'.join(PLACED)}) (?:an? |the )?(?:(\w+) )?({'|'.join(PLACE_OF)})$"
)
NO_NOUN = {"a", "an", "the", "some", "of", "in", "on", *COLOR_OF, *COUNTS}
# White things, unless a colour is named, which white paper would hide. They get toned paper, as
# white chalk does; on gray the bundled CLIP paints a sky behind some things, square by square.
_PALE = frozenset(
    "sheep lamb swan dove ghost polar snowman snowflake tooth bone cloud".split()
)  # fmt: skip
_TONED = COLORS["turquoise"]
_ROOM = 1.12  # how much wider than its cell a thing's place is: pictures have margins


class Composition(NamedTuple):
    """Of P things."""

    things: tuple[str, ...]  # a prompt each, without the words for the ground
    boxes: tuple[tuple[float, float, float, float], ...]  # centre x, y, width, height, of 1
    paper: tuple[Color, Color] | None  # above and below the horizon; None: the background's colour


def read(
    prompt: str, *, height: int, width: int, most: int, known: Collection[str] | None
) -> Composition:
    """Takes a prompt apart.

    Args:
      prompt: as of `prompts.parse`. What is joined by underscores is one thing, whatever it says.
      height, width: of the canvas, pixels. Things get square places.
      most: largest P; a prompt of more things is one thing. 0: so is every prompt.
      known: words that the CLIP knows; what has none of them is no thing. None: all are.
    """
    if not most:
        return Composition((prompt,), ((0.5, 0.5, 1.0, 1.0),), None)
    text = _MEDIUM.sub("", " ".join(prompt.lower().strip(" .!").split()))
    paper, things = None, text
    if match := _GROUND.match(things):
        things, paper = match[1], (COLORS[COLOR_OF[match[2]]],) * 2
    elif match := _PLACE.match(things):
        place = PLACE_OF.get(match[2] or "", PLACE_OF[match[3]])  # a night sky is the night's
        things, paper = match[1], PLACES[place]
    rows = _rows(things, known)
    number = sum(map(len, rows))
    if not rows or number > most or not all(_is_thing(x, known) for row in rows for x in row):
        whole = things if _is_thing(things, known) else prompt
        paper, rows, number = paper if whole == things else None, [[whole]], 1
    if not paper and any(_is_pale(x) for row in rows for x in row):
        paper = (_TONED,) * 2
    boxes = []
    for i, row in enumerate(rows):
        cell = height / len(rows), width / len(row)
        side = min(min(cell) * (_ROOM if number > 1 else 1.0), height, width)
        middle = (i + 0.5) / len(rows)
        boxes += [((j + 0.5) / len(row), middle, side / width, side / height)
                  for j in range(len(row))]  # fmt: skip
    return Composition(tuple(x for row in rows for x in row), tuple(boxes), paper)


def plural(noun: str) -> str:
    """More than one of what a noun or phrase names: "pine tree", "loaf of bread", "man dancing".

    Nothing of nothing.
    """
    head, rest = _head(noun)
    if not head.split():
        return noun
    *before, last = head.split()
    if last in _PLURALS:
        last = _PLURALS[last]
    elif last.endswith(("ch", "sh", "ss", "us", "x")):
        last += "es"
    elif last.endswith("y") and last[-2:-1] not in tuple("aeiou"):
        last = last[:-1] + "ies"
    elif not last.endswith("s"):  # grapes, glasses
        last += "s"
    return " ".join([*before, last]) + rest


def article(noun: str) -> str:
    """The article of what a noun or phrase names, by its sound; none ("") of jeans and scissors."""
    first, *_ = noun.split()
    last = _head(noun)[0].split()[-1]
    if last in ONE_THING or (last.endswith("s") and not last.endswith(("ss", "us", "is"))):
        return ""
    sounds = first.startswith(tuple("aeio") + ("umb", "und", "ugl", "hour"))
    return "an" if sounds and not first.startswith("one") else "a"


def singular(noun: str, *, known: Collection[str] | None) -> str:
    """One of what a plural names, by the same rules; words that are `known` are preferred."""
    head, rest = _head(noun)
    if not head.split():
        return noun
    *before, last = head.split()
    if last in _SINGULARS:
        last = _SINGULARS[last]
    else:
        ends = {"ies": "y", "ches": "ch", "shes": "sh", "sses": "ss", "xes": "x", "s": "", "es": ""}
        made = [last.removesuffix(end) + one for end, one in ends.items() if last.endswith(end)]
        made = [one for one in made if one]  # of the letter s nothing would be left
        fits = [one for one in made if plural(one) == last]
        # Of gloves and scissors captions never show one.
        taught = [one for one in [*fits, last] if known is not None and one in known]
        last = [*taught, *fits, last][0]
    return " ".join([*before, last]) + rest


def _head(noun: str) -> tuple[str, str]:
    """A phrase up to the noun that it is about, and the rest of it."""
    after = _AFTER.search(noun)
    return (noun[: after.start()], noun[after.start() :]) if after else (noun, "")


def _rows(things: str, known: Collection[str] | None) -> list[list[str]]:
    """Things by rows from the top, each from the left."""
    parts = re.split(rf" ({_any(*_ABOVE, *_BELOW)}) (?!the (?:left|right) of )", things)
    rows = [_row(parts[0], known)]
    for relation, part in zip(parts[1::2], parts[2::2]):
        rows.insert(len(rows) if relation in _ABOVE else 0, _row(part, known))
    if len(rows) == 1 and len(set(rows[0])) == 1:  # so many of a kind
        counts = _IN_ROWS.get(len(rows[0]), (len(rows[0]),))
        return [[rows[0][0]] * count for count in counts]
    return rows


def _row(things: str, known: Collection[str] | None) -> list[str]:
    """Things side by side."""
    row = []
    # "with" has other meanings: a house with stars is one thing, a house with a star two.
    beside = _any(*(word for word in (*_BESIDE, *_BEFORE) if word != "with"))
    parts = re.split(rf"(, and |, | (?:{beside}) | with (?=an? |the ))", things)
    for sign, one in zip(["", *parts[1::2]], parts[::2]):
        count, _, rest = one.partition(" ")
        number = COUNTS.get(count, 0) if rest else 0
        if not number and _is_many(one, known):
            number, rest = _SOME, re.sub("^(?:the|some) ", "", one)
        some = [singular(rest, known=known)] * number if number else [one]
        row = some + row if sign.strip() in _BEFORE else row + some
    return row


def _any(*words: str) -> str:
    """A pattern of any of the words, the longer first."""
    return "|".join(sorted(words, key=len, reverse=True))


def _is_thing(words: str, known: Collection[str] | None) -> bool:
    if re.fullmatch(_FRUIT, words):
        return known is None or "orange" in known
    nouns = [word for word in re.findall(r"\w+", words) if word not in NO_NOUN]
    return bool(nouns) and (known is None or any("_" in word or word in known for word in nouns))


def _is_many(words: str, known: Collection[str] | None) -> bool:
    """Whether they are a plural of a known thing. Captions have those with a number alone."""
    *before, last = words.split() or [""]
    one = singular(last, known=known)
    if known is None or one == last or last in ONE_THING or one not in known or "_" in last:
        return False
    whole = {"a", "an", "with", "in"}.isdisjoint(before)
    return whole and all(word in known or word in NO_NOUN for word in before)


def _is_pale(thing: str) -> bool:
    words = re.findall(r"[^\W_]+", thing)
    colors = [COLOR_OF[word] for word in words if word in COLOR_OF]
    return colors == ["white"] or not colors and not _PALE.isdisjoint(words)
