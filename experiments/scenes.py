"""What is in a picture and what its caption says, chosen at random.

A scene has up to three things from emoji art, coloured and placed, on a background.
Choosing is done on the host by a NumPy generator; `experiments.draw` draws the scene
on the device.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from experiments import bodies, concepts, names, synonyms
from jaxpaint import composition

SIDE = 48  # pixels, of art and of scenes if nothing else is asked for
STYLES = 4  # icon sets; style + STYLES is that set repainted with strokes
KEPT_STYLE = 2 * STYLES  # an icon set that only the judge learns from
THINGS = 3  # most things in a scene
COLOR_NAMES = tuple(composition.COLORS)
COLORS = np.array([composition.COLORS[name] for name in COLOR_NAMES], np.float32)
PLACE_NAMES = tuple(composition.PLACES)
PLACES = np.array(list(composition.PLACES.values()), np.float32)  # [P, 2, 3]
NO_COLOR = -1
(WHITE_GROUND, NAMED_GROUND, PLAIN_GROUND, GRADIENT_GROUND, CLOUDY_GROUND, STREAKY_GROUND,
 PLACE_GROUND) = range(7)  # fmt: skip
TOLD_GROUNDS = (WHITE_GROUND, NAMED_GROUND, PLACE_GROUND)  # that captions name, or need not
_GROUND_SHARES = (0.42, 0.20, 0.06, 0.06, 0.05, 0.05, 0.16)
_USUAL_SHARE = 0.15  # of calm scenes, that show a usual pair
_TOLD_SHARE = 0.5  # of calm scenes on a ground with a name, that the caption names it
ONE, BESIDE, ABOVE, TWO, THREE = range(5)  # how things lie
_LAYOUT_SHARES = (0.74, 0.07, 0.07, 0.07, 0.05)


class Scenes(NamedTuple):
    """A batch of `N` chosen scenes, not yet drawn."""

    picture: np.ndarray  # [N, THINGS] int32, rows of the art arrays
    color: np.ndarray  # [N, THINGS] int32, rows of COLORS, or NO_COLOR: as the artist drew it
    box: np.ndarray  # [N, THINGS, 3] float32: centre x, y and side, of 1; side 0: no thing
    ground: np.ndarray  # [N] int32, one of the *_GROUND kinds
    ground_color: np.ndarray  # [N] int32, row of COLORS (or of PLACES, for PLACE_GROUND)
    calm: np.ndarray  # [N] bool: its things are neither turned nor mirrored


class _Middle:
    """Stands in for a generator: every number is the middle of its range."""

    def uniform(self, low: float, high: float, size: int | tuple[int, ...] = ()) -> np.ndarray:
        return np.full(size, (low + high) / 2)

    def random(self) -> float:
        return 0.5


class Claim(NamedTuple):
    """What a caption says: of a picture, whether it is true can be told by `is_true`."""

    nouns: tuple[str, ...]  # of the things, upper first when one is above
    colors: tuple[int, ...]  # rows of COLORS or NO_COLOR, likewise
    layout: int


class Art(NamedTuple):
    """The pictures that scenes are made of."""

    pixels: np.ndarray  # [N, H, W, 5] uint8: red, green, blue, alpha, body mask
    labels: np.ndarray  # [N] int32, row of `names`
    styles: np.ndarray  # [N] int32, which icon set
    names: tuple[str, ...]  # icon names
    shares: np.ndarray  # float32 likewise: how often it is shown beside others; 0: not taught
    keywords: tuple[tuple[str, ...], ...]  # further words for each of them

    @property
    def taught(self) -> np.ndarray:
        """Rows of `names` that are taught."""
        return np.flatnonzero(self.shares)


def load_art(file: str) -> Art:
    """Reads what `experiments.art` wrote and adds the mask of `bodies.mask`.

    Scenes recolour the body alone or the whole picture.

    Raises:
      SystemExit: the file is of a version that did not tell groups.
    """
    data = np.load(file)
    pictures = data["pictures"]
    masks = np.stack([np.uint8(255 * bodies.mask(picture)) for picture in pictures])
    pixels = np.concatenate([pictures, masks[..., None]], axis=-1)
    icons = tuple(data["names"].tolist())
    shares = read_shares(data, file)
    keywords = tuple(synonyms.OF.get(icon, ()) for icon in icons)
    return Art(pixels, data["labels"], data["styles"], icons, shares, keywords)


def read_shares(data: Mapping[str, np.ndarray], file: str) -> np.ndarray:
    """`Art.shares` of the arrays in a file of `experiments.art`.

    Raises:
      SystemExit: they are of a version that did not tell groups.
    """
    if "groups" not in data:
        raise SystemExit(
            f"{file} has no groups of icons, expected since people and flags are taught; "
            f"make it anew: python -m experiments.art --out={file}"
        )
    icons = zip(data["names"].tolist(), data["groups"].tolist())
    return np.float32([concepts.share(*icon) for icon in icons])


def typical(art: Art) -> np.ndarray:
    """Rows of the art that show best what their names mean, one a name.

    Faces where there are some, as few strokes say more in them; else the first thing of
    that name. Of its styles the first that training may see.
    """
    free, best = ~is_held_out(art), {}
    for label in art.taught:
        rows = np.flatnonzero((art.labels == label) & free & (art.styles < STYLES))
        if len(rows):
            icon = art.names[label]
            name = names.words_for(icon)[0]
            if name not in best or icon == f"{name}-face":
                best[name] = rows[np.argmin(art.styles[rows])]
    return np.array(sorted(best.values()))


def true_of(art: Art, label: int) -> frozenset[str]:
    """All nouns that are true of a picture with that label."""
    return frozenset(names.words_for(art.names[label]) + art.keywords[label])


def noun_for(
    rng: np.random.Generator, art: Art, label: int, *, taken: frozenset[str] = frozenset()
) -> str:
    """A name of a picture, or one time in six a keyword; none of those that are taken."""
    words = art.keywords[label] if rng.random() < 1 / 6 else ()
    words = [word for word in words if word not in taken]
    own = names.words_for(art.names[label])
    return str(rng.choice(words or [word for word in own if word not in taken] or own[:1]))


def is_held_out(art: Art) -> np.ndarray:
    """Pictures `[N]` bool kept from training: one style of every twelfth concept."""
    return (art.labels % 12 == 5) & (art.styles % STYLES == art.labels // 12 % STYLES)


def is_held_out_pair(label: np.ndarray, color: np.ndarray) -> np.ndarray:
    """Pairs of a colour and an icon that training never shows.

    Of some, another icon of the same name is shown in that colour: cats have more than one.
    """
    return (color >= 0) & ((label * 7 + color) % 17 == 3)


def choose(
    rng: np.random.Generator,
    art: Art,
    number: int,
    *,
    held_out: str = "",
    calm: float = 0.0,
    typical: Sequence[int] = (),
) -> tuple[Scenes, list[str], list[Claim]]:
    """Chooses scenes and their captions.

    Args:
      rng: source of all choices.
      art: the pictures.
      number: how many scenes, `N`.
      held_out: "" for what training may see, "style" for kept pictures, "pair" for
        kept colour-noun pairs; one thing a scene in either.
      calm: share of scenes of one thing in a usual place and size; some show a usual pair
        of it and a colour. Their captions need not name the ground: it was there before.
      typical: rows of the art (`typical`) that calm scenes show.

    Returns:
      The scenes, `N` captions, and what each of them claims.
    """
    weight = art.shares[art.labels] * (is_held_out(art) == (held_out == "style"))
    picture = rng.choice(len(weight), (number, THINGS), p=weight / weight.sum()).astype(np.int32)
    layout = rng.choice(5, number, p=_LAYOUT_SHARES) * (held_out == "")
    is_calm = np.zeros(number, bool)
    if calm:
        is_calm = rng.random(number) < calm
        share = art.shares[art.labels[typical]]
        picture[is_calm] = rng.choice(typical, (is_calm.sum(), THINGS), p=share / share.sum())
        layout[is_calm] = ONE
    usual = is_calm & (rng.random(number) < _USUAL_SHARE)
    pairs = _usual_pairs(art, typical)
    chosen = pairs[rng.integers(len(pairs), size=number)] if len(pairs) else picture[:, :2]
    usual &= len(pairs) > 0
    picture[usual, 0] = chosen[usual, 0]
    counted = (layout == TWO) | (layout == THREE)
    picture[counted] = picture[counted, :1]
    label = art.labels[picture]
    color = rng.integers(len(COLORS), size=(number, THINGS))
    if held_out == "pair":
        kept = [np.flatnonzero(is_held_out_pair(i, np.arange(12))) for i in label[:, 0]]
        color[:, 0] = [rng.choice(c) if len(c) else NO_COLOR for c in kept]
    else:
        color[rng.random((number, THINGS)) < 0.5] = NO_COLOR
        color[is_held_out_pair(label, color)] = NO_COLOR
    as_drawn = np.array([not concepts.takes_color(icon) for icon in art.names])
    color[as_drawn[label]] = NO_COLOR
    color[counted] = color[counted, :1]
    color[usual, 0] = chosen[usual, 1]
    ground = rng.choice(7, number, p=_GROUND_SHARES).astype(np.int32)
    ground_color = rng.integers(len(COLORS), size=number)
    ground_color = (ground_color + (ground_color == color[:, 0])) % len(COLORS)
    ground_color = np.where(ground == PLACE_GROUND, ground_color % len(PLACES), ground_color)
    ground[is_calm & np.isin(ground, (CLOUDY_GROUND, STREAKY_GROUND))] = WHITE_GROUND
    box = np.stack([boxes(rng, kind, calm=c) for kind, c in zip(layout, is_calm)])
    colors = color.astype(np.int32), ground_color.astype(np.int32)
    scene = Scenes(picture, colors[0], box, ground, colors[1], is_calm)
    claims = []
    # A calm scene is called what no other typical picture is: a ram is a sheep elsewhere.
    firsts = {names.words_for(art.names[art.labels[row]])[0] for row in typical}
    for i, kind in enumerate(layout):
        things = 2 if kind in (BESIDE, ABOVE) else 1
        nouns = tuple(
            noun_for(rng, art, one, taken=_others(art, one, firsts) if is_calm[i] else frozenset())
            for one in label[i, :things]
        )
        claims.append(Claim(nouns, tuple(map(int, color[i, :things])), int(kind)))
    told = np.where(is_calm, _TOLD_SHARE, 1.0)
    captions = [
        caption(rng, c, g, gc, told=t) for c, g, gc, t in zip(claims, ground, ground_color, told)
    ]
    return scene, captions, claims


def _usual_pairs(art: Art, typical: Sequence[int]) -> np.ndarray:
    """Rows of the art and of COLORS `[U, 2]` of `concepts.USUAL`, but for held-out pairs."""
    rows = {names.words_for(art.names[art.labels[row]])[0]: row for row in typical}
    pairs = [(rows[n], COLOR_NAMES.index(c)) for c, n in concepts.USUAL if n in rows]
    free = [pair for pair in pairs if not is_held_out_pair(art.labels[pair[0]], np.array(pair[1]))]
    return np.array(free, np.int32).reshape(-1, 2)


def _others(art: Art, label: int, firsts: set[str]) -> frozenset[str]:
    """The names without that of the picture itself."""
    return frozenset(firsts) - {names.words_for(art.names[label])[0]}


def boxes(rng: np.random.Generator, layout: int, *, calm: bool = False) -> np.ndarray:
    """Where the things of a scene lie: `[THINGS, 3]` float32, side 0 for those not there.

    Calm ones lie where such things lie on average.
    """
    if calm:
        rng = _Middle()
    out = np.zeros((THINGS, 3), np.float32)
    if layout == ONE:
        size = rng.uniform(0.65, 1.05)
        slack = 0.3 * abs(1 - size) + 0.05
        out[0] = (*rng.uniform(0.5 - slack, 0.5 + slack, 2), size)
        return out
    number = 3 if layout == THREE else 2
    size = rng.uniform(0.34, 0.44) if number == 3 else rng.uniform(0.42, 0.56)
    along = (np.arange(number) + 0.5) / number + rng.uniform(-0.04, 0.04, number)
    across = 0.5 + rng.uniform(-0.12, 0.12, number)
    if number == 3 and rng.random() < 0.5:  # a triangle
        along, across = np.array([0.5, 0.27, 0.73]), np.array([0.28, 0.72, 0.72])
    if layout == BESIDE and rng.random() < 0.5:
        along = along[::-1]
    place = np.stack([across, along] if layout == ABOVE else [along, across], -1)
    out[:number] = np.concatenate([place, size * rng.uniform(0.9, 1.1, (number, 1))], -1)
    return out


def is_true(art: Art, scene: Scenes, layout: int, row: int, claim: Claim) -> bool:
    """Whether a claim may be true of the scene in a row, which has that layout.

    Colours that the claim or the scene leaves open do not contradict. A claim of one
    thing is true of a scene that has it among others.
    """

    def fits(thing: int, k: int) -> bool:
        have, want = scene.color[row, thing], claim.colors[k]
        named = claim.nouns[k] in true_of(art, art.labels[scene.picture[row, thing]])
        return named and (have == want or have < 0 or want < 0)

    things = {ONE: (0,), TWO: (0,), THREE: (0,)}.get(layout, (0, 1))
    if claim.layout == ONE:
        return any(fits(thing, 0) for thing in things)
    if claim.layout != layout:
        return False
    straight = all(fits(thing, k) for k, thing in enumerate(things))
    return straight or (layout == BESIDE and fits(0, 1) and fits(1, 0))


def phrase(rng: np.random.Generator, noun: str, color: int, *, plural: bool = False) -> str:
    """A noun with its colour, in place of one that it carries, and now and then its article."""
    bare = [word for word in noun.split() if color == NO_COLOR or word not in COLOR_NAMES]
    bare = bare or [noun]  # an orange
    noun = " ".join(([] if color == NO_COLOR else [COLOR_NAMES[color]]) + bare)
    if plural:
        return composition.plural(noun)
    with_article = f"{composition.article(noun)} {noun}".strip()
    return with_article if rng.random() < 0.7 else noun


def caption(
    rng: np.random.Generator, claim: Claim, ground: int, ground_color: int, *, told: float = 1.0
) -> str:
    """Words for one scene, by a random template; `told`: how often they name the ground."""
    words = [phrase(rng, *thing) for thing in zip(claim.nouns, claim.colors)]
    if claim.layout in (TWO, THREE):
        number = "two" if claim.layout == TWO else "three"
        text = f"{number} {phrase(rng, claim.nouns[0], claim.colors[0], plural=True)}"
    elif claim.layout == BESIDE:
        text = f"{words[0]} {rng.choice(composition.BESIDE)} {words[1]}"
    elif claim.layout == ABOVE and rng.random() < 0.7:
        text = f"{words[0]} {rng.choice(composition.ABOVE)} {words[1]}"
    elif claim.layout == ABOVE:
        text = f"{words[1]} {rng.choice(composition.BELOW)} {words[0]}"
    else:
        text = words[0]
    text = str(rng.choice(concepts.TEMPLATES)).format(text)
    if ground == NAMED_GROUND and rng.random() < told:
        color = COLOR_NAMES[ground_color]
        text += f" on {composition.article(color)} {color} background"
    elif ground == PLACE_GROUND and rng.random() < told:
        text += f" {rng.choice(concepts.IN_PLACES[PLACE_NAMES[ground_color]])}"
    elif ground == WHITE_GROUND and rng.random() < 0.15:
        text += " on a white background"
    return text
