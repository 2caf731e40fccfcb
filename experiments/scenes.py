"""Pictures with captions, composed on the fly from emoji art.

What is in a scene (which picture, colours, background, words) is chosen on the
host by a NumPy generator; drawing it (`draw`) is a pure function of one scene,
made to be vmapped and jitted.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments import concepts

SIDE = 48  # pixels, of art and of scenes
STYLES = 4  # icon sets; style + STYLES is that set repainted with strokes
COLOR_NAMES = tuple(concepts.COLORS)
COLORS = np.array([concepts.COLORS[name] for name in COLOR_NAMES], np.float32)
NO_COLOR = -1
WHITE_GROUND, NAMED_GROUND, PLAIN_GROUND, GRADIENT_GROUND, CLOUDY_GROUND = range(5)


class Scenes(NamedTuple):
    """A batch of `N` chosen scenes, not yet drawn."""

    picture: np.ndarray  # [N] int32, row of the art arrays
    color: np.ndarray  # [N] int32, row of COLORS, or NO_COLOR: as drawn by the artist
    ground: np.ndarray  # [N] int32, one of the *_GROUND kinds
    ground_color: np.ndarray  # [N] int32, row of COLORS; read for NAMED_GROUND only


class Art(NamedTuple):
    """The pictures that scenes are made of."""

    pixels: np.ndarray  # [N, SIDE, SIDE, 5] uint8: red, green, blue, alpha, body mask
    labels: np.ndarray  # [N] int32, row of `names`
    styles: np.ndarray  # [N] int32, which icon set
    names: tuple[str, ...]  # icon names
    keywords: tuple[tuple[str, ...], ...]  # CLDR's keywords of each of them


def load_art(file: str) -> Art:
    """Reads what `experiments.art` wrote and adds the body mask.

    The body is what has the most frequent colour: the wool of a sheep and not
    its face. Scenes recolour it alone or the whole picture.
    """
    data = np.load(file)
    pictures = data["pictures"]
    masks = np.empty(pictures.shape[:3] + (1,), np.uint8)
    for i, picture in enumerate(pictures):
        rgb = picture[..., :3].astype(np.float32) / 255
        seen = rgb[picture[..., 3] > 128]
        cells = (seen * 5.999).astype(int) @ np.array([36, 6, 1])
        body = seen[cells == np.bincount(cells).argmax()].mean(0)
        distance = ((rgb - body) ** 2).sum(-1, keepdims=True)
        masks[i] = (255 * np.exp(-distance / (2 * 0.2**2))).astype(np.uint8)
    pixels = np.concatenate([pictures, masks], axis=-1)
    names = tuple(data["names"].tolist())
    keywords = tuple(
        tuple(p for p in line.split("|") if p and p not in concepts.SKIP_KEYWORDS)
        for line in data["keywords"].tolist()
    )
    return Art(pixels, data["labels"], data["styles"], names, keywords)


def words_for(icon: str) -> tuple[str, ...]:
    """What a picture may be called, first the name."""
    return concepts.WORDS.get(icon, (icon.replace("-", " "),))


def true_of(art: Art, label: int) -> frozenset[str]:
    """All nouns that are true of a picture with that label: names and keywords."""
    return frozenset(words_for(art.names[label]) + art.keywords[label])


def is_held_out(art: Art) -> np.ndarray:
    """Pictures `[N]` bool kept from training: one style of every twelfth concept."""
    return (art.labels % 12 == 5) & (art.styles % STYLES == art.labels // 12 % STYLES)


def is_held_out_pair(label: np.ndarray, color: np.ndarray) -> np.ndarray:
    """Colour-noun pairs that training never shows."""
    return (color >= 0) & ((label * 7 + color) % 17 == 3)


def choose(
    rng: np.random.Generator, art: Art, number: int, *, held_out: str = ""
) -> tuple[Scenes, list[str], list[str]]:
    """Chooses scenes and their captions.

    Args:
      rng: source of all choices.
      art: the pictures.
      number: how many scenes, `N`.
      held_out: "" for what training may see, "style" for kept pictures, "pair" for
        kept colour-noun pairs.

    Returns:
      The scenes, `N` captions, and the `N` nouns in them (before a colour is put in
      the place of one that they carry).
    """
    taught = np.isin(art.names, list(concepts.TAUGHT))
    weight = taught[art.labels] * (is_held_out(art) == (held_out == "style"))
    picture = rng.choice(len(weight), number, p=weight / weight.sum()).astype(np.int32)
    label = art.labels[picture]
    color = rng.integers(len(COLORS), size=number)
    if held_out == "pair":
        kept = [np.flatnonzero(is_held_out_pair(i, np.arange(12))) for i in label]
        color = np.array([rng.choice(c) if len(c) else NO_COLOR for c in kept])
    else:
        color[rng.random(number) < 0.5] = NO_COLOR
        color[is_held_out_pair(label, color)] = NO_COLOR
    ground = rng.choice(5, number, p=(0.35, 0.25, 0.15, 0.15, 0.10)).astype(np.int32)
    ground_color = rng.integers(len(COLORS), size=number)
    ground_color += ground_color == color
    scenes = Scenes(picture, color.astype(np.int32), ground, ground_color % len(COLORS))
    nouns = [noun_for(rng, art, i) for i in label]
    captions = [
        caption(rng, noun, scenes.color[i], ground[i], scenes.ground_color[i])
        for i, noun in enumerate(nouns)
    ]
    return scenes, captions, nouns


def noun_for(rng: np.random.Generator, art: Art, label: int) -> str:
    """A name of a picture, or one time in six a keyword."""
    words = art.keywords[label] if rng.random() < 1 / 6 else ()
    return str(rng.choice(words or words_for(art.names[label])))


def caption(rng: np.random.Generator, noun: str, color: int, ground: int, ground_color: int) -> str:
    """Words for one scene, by a random template."""
    if color != NO_COLOR:
        bare = [word for word in noun.split() if word not in COLOR_NAMES]
        noun = " ".join([COLOR_NAMES[color], *bare])
    text = str(rng.choice(concepts.TEMPLATES)).format(noun)
    if text.startswith("a ") and not text.startswith("a p") and noun[0] in "aeiou":
        text = text.replace("a " + noun, "an " + noun)
    if ground == NAMED_GROUND and rng.random() < 0.75:
        text += f" on a {COLOR_NAMES[ground_color]} background"
    elif ground == WHITE_GROUND and rng.random() < 0.15:
        text += " on a white background"
    return text


def draw(key: jax.Array, scene: Scenes, pixels: jax.Array) -> jax.Array:
    """Draws one scene: `[SIDE, SIDE, 3]` float32 in [0, 1].

    Args:
      key: typed PRNG key.
      scene: one scene (no leading axis).
      pixels: `Art.pixels`, on the device.
    """
    keys = jax.random.split(key, 7)
    sprite = pixels[scene.picture].astype(jnp.float32) / 255
    rgb = _recolor(keys[0], sprite, scene.color)
    layer = jnp.concatenate([rgb * sprite[..., 3:4], sprite[..., 3:4]], -1)
    layer = _fade(keys[6], _pose(keys[1], layer))
    ground = draw_ground(keys[2], scene)
    image = layer[..., :3] + ground * (1 - layer[..., 3:])
    image = _soften(keys[3], image)
    gain = 1 + 0.15 * jax.random.normal(keys[4], (3,)) * 0.5
    noise = 0.03 * jax.random.normal(keys[5], image.shape)
    return jnp.clip(image * gain + noise, 0.0, 1.0)


def _recolor(key: jax.Array, sprite: jax.Array, color: jax.Array) -> jax.Array:
    """Shades of a named colour in place of the body's, or of all, colours."""
    light = sprite[..., :3] @ jnp.array([0.3, 0.59, 0.11])
    seen = sprite[..., 3] * sprite[..., 4]
    body_light = jnp.sum(light * seen) / (jnp.sum(seen) + 1e-3)
    shade = jnp.clip(1 + 0.9 * (light - body_light), 0.35, 1.5)[..., None]
    target = jnp.asarray(COLORS)[color]
    tinted = jnp.clip(target * shade + 0.12 * (light - body_light)[..., None], 0, 1)
    whole = jax.random.bernoulli(key, 0.3)
    amount = jnp.where(whole, 1.0, sprite[..., 4:5]) * (color >= 0)
    return sprite[..., :3] * (1 - amount) + tinted * amount


def _pose(key: jax.Array, layer: jax.Array) -> jax.Array:
    """Size, place, turn, shear and mirror at random; bilinear."""
    keys = jax.random.split(key, 5)
    size = jax.random.uniform(keys[0], (), minval=0.55, maxval=1.15)
    slack = 0.5 * jnp.abs(1 - size) + 0.06
    shift = jax.random.uniform(keys[1], (2,), minval=-slack, maxval=slack)
    angle = 0.2 * jax.random.normal(keys[2])
    shear = 0.12 * jax.random.normal(keys[3])
    mirror = jnp.where(jax.random.bernoulli(keys[4]), -1.0, 1.0)
    cos, sin = jnp.cos(angle), jnp.sin(angle)
    matrix = jnp.array([[cos, -sin], [sin, cos]]) @ jnp.array([[1.0, shear], [0.0, 1.0]])
    matrix = matrix * jnp.array([1.0, mirror]) / size
    axis = (jnp.arange(SIDE) + 0.5) / SIDE - 0.5
    grid = jnp.stack(jnp.meshgrid(axis, axis, indexing="ij"), -1) - shift
    source = (grid @ matrix.T + 0.5) * SIDE - 0.5
    sample = lambda c: jax.scipy.ndimage.map_coordinates(  # noqa: E731
        c, [source[..., 0], source[..., 1]], order=1, mode="constant"
    )
    return jax.vmap(sample, in_axes=-1, out_axes=-1)(layer)


def _fade(key: jax.Array, layer: jax.Array) -> jax.Array:
    """One picture in five is faint, as strokes are before they are sure."""
    use, amount = jax.random.split(key)
    strength = jax.random.uniform(amount, (), minval=0.35)
    return layer * jnp.where(jax.random.bernoulli(use, 0.2), strength, 1.0)


def draw_ground(key: jax.Array, scene: Scenes) -> jax.Array:
    """The background alone, `[SIDE, SIDE, 3]`."""
    keys = jax.random.split(key, 3)
    corners = jax.random.uniform(keys[0], (2, 2, 3))
    cells = jax.random.uniform(keys[1], (5, 5, 3))
    white = jnp.full((1, 1, 3), 1.0) - 0.08 * jax.random.uniform(keys[2], (1, 1, 3))
    named = jnp.asarray(COLORS)[scene.ground_color][None, None] + 0.1 * (white - 0.96)
    full = lambda x: jnp.broadcast_to(x, (SIDE, SIDE, 3))  # noqa: E731
    kinds = jnp.stack(
        [
            full(white),
            full(named),
            full(corners[:1, :1]),
            jax.image.resize(corners, (SIDE, SIDE, 3), "linear"),
            jax.image.resize(cells, (SIDE, SIDE, 3), "cubic"),
        ]
    )
    return kinds[scene.ground]


def _soften(key: jax.Array, image: jax.Array) -> jax.Array:
    """Four pictures in ten lose their fine detail, as a painting that begins has none."""
    use, amount = jax.random.split(key)
    width = 0.5 * 7.0 ** jax.random.uniform(amount)
    axis = jnp.arange(SIDE)
    kernel = jnp.exp(-(((axis[:, None] - axis[None]) / width) ** 2) / 2)
    kernel = kernel / kernel.sum(-1, keepdims=True)
    soft = jnp.einsum("ij,jkc,lk->ilc", kernel, image, kernel)
    return jnp.where(jax.random.bernoulli(use, 0.4), soft, image)
