"""Draws one composed scene: a pure function, made to be vmapped and jitted."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from experiments import scenes


def draw(key: jax.Array, scene: scenes.Scenes, pixels: jax.Array) -> jax.Array:
    """Draws one scene: `[H, W, 3]` float32 in [0, 1], as large as the art is.

    Args:
      key: typed PRNG key.
      scene: one scene (no leading axis); its things are drawn in order, the last on top.
      pixels: `Art.pixels`, on the device.
    """
    keys = jax.random.split(key, 4)
    image = compose(keys[0], scene, pixels, strength=_strength(keys[1]))
    image = _soften(keys[2], image)
    gain_key, noise_key = jax.random.split(keys[3])
    gain = 1 + 0.15 * jax.random.normal(gain_key, (3,)) * 0.5
    noise = 0.03 * jax.random.normal(noise_key, image.shape)
    return jnp.clip(image * gain + noise, 0.0, 1.0)


def compose(
    key: jax.Array, scene: scenes.Scenes, pixels: jax.Array, *, strength: float | jax.Array = 1.0
) -> jax.Array:
    """The scene itself, sharp and without noise; `strength`: opacity of its things."""
    _, thing_key = jax.random.split(key)
    image = paper(key, scene, side=pixels.shape[1])
    layers = jax.vmap(_thing, (0, 0, 0, 0, None, None))(
        jax.random.split(thing_key, scenes.THINGS), scene.picture, scene.color, scene.box,
        scene.calm, pixels,
    )  # fmt: skip
    for layer in strength * layers:
        image = layer[..., :3] + image * (1 - layer[..., 3:])
    return image


def paper(key: jax.Array, scene: scenes.Scenes, *, side: int) -> jax.Array:
    """What `compose` draws the things on, `[side, side, 3]`."""
    return draw_ground(jax.random.split(key)[0], scene, side=side)


def _thing(
    key: jax.Array, picture: jax.Array, color: jax.Array, box: jax.Array, calm: jax.Array,
    pixels: jax.Array,
) -> jax.Array:  # fmt: skip
    """One picture in its place, `[H, W, 4]`, premultiplied; nothing if its size is 0."""
    color_key, pose_key = jax.random.split(key)
    sprite = pixels[picture].astype(jnp.float32) / 255
    rgb = _recolor(color_key, sprite, color, calm)
    layer = jnp.concatenate([rgb * sprite[..., 3:4], sprite[..., 3:4]], -1)
    return _pose(pose_key, layer, box, calm) * (box[2] > 0)


def _recolor(key: jax.Array, sprite: jax.Array, color: jax.Array, calm: jax.Array) -> jax.Array:
    """Shades of a named colour in place of the body's, or of all, colours.

    Where the body becomes black, the dark details (eyes, mouth) become light.
    """
    light = sprite[..., :3] @ jnp.array([0.3, 0.59, 0.11])
    seen = sprite[..., 3] * sprite[..., 4]
    body_light = jnp.sum(light * seen) / (jnp.sum(seen) + 1e-3)
    shade = jnp.clip(1 + 0.9 * (light - body_light), 0.35, 1.5)[..., None]
    target = jnp.asarray(scenes.COLORS)[color]
    tinted = jnp.clip(target * shade + 0.12 * (light - body_light)[..., None], 0, 1)
    whole = jax.random.bernoulli(key, 0.3) & ~calm
    amount = jnp.where(whole, 1.0, sprite[..., 4:5]) * (color >= 0)
    black = (color >= 0) & (target.max() < 0.2)
    glow = black * jnp.maximum(1 - light / 0.25, 0.0)[..., None]
    details = sprite[..., :3] + glow * (0.95 - sprite[..., :3])
    return details * (1 - amount) + tinted * amount


def _pose(key: jax.Array, layer: jax.Array, box: jax.Array, calm: jax.Array) -> jax.Array:
    """Size and place of the box (centre x, y, side); turn, shear, mirror at random; bilinear.

    Few are mirrored: artists let most animals and things look to the left, and a CLIP
    that takes both sides for equally likely guides a painting to both at once.
    """
    keys = jax.random.split(key, 3)
    angle = jnp.where(calm, 0.0, 0.08 * jax.random.normal(keys[0]))
    shear = jnp.where(calm, 0.0, 0.06 * jax.random.normal(keys[1]))
    mirror = jnp.where(jax.random.bernoulli(keys[2], 0.05) & ~calm, -1.0, 1.0)
    cos, sin = jnp.cos(angle), jnp.sin(angle)
    matrix = jnp.array([[cos, -sin], [sin, cos]]) @ jnp.array([[1.0, shear], [0.0, 1.0]])
    matrix = matrix * jnp.array([1.0, mirror]) / jnp.maximum(box[2], 0.05)
    side = len(layer)
    axis = (jnp.arange(side) + 0.5) / side
    grid = jnp.stack(jnp.meshgrid(axis, axis, indexing="ij"), -1) - box[1::-1]
    source = (grid @ matrix.T + 0.5) * side - 0.5
    sample = lambda c: jax.scipy.ndimage.map_coordinates(  # noqa: E731
        c, [source[..., 0], source[..., 1]], order=1, mode="constant"
    )
    return jax.vmap(sample, in_axes=-1, out_axes=-1)(layer)


def _strength(key: jax.Array) -> jax.Array:
    """One scene in five is faint, as strokes are before they are sure."""
    use, amount = jax.random.split(key)
    strength = jax.random.uniform(amount, (), minval=0.35)
    return jnp.where(jax.random.bernoulli(use, 0.2), strength, 1.0)


def draw_ground(key: jax.Array, scene: scenes.Scenes, *, side: int) -> jax.Array:
    """The background alone, `[side, side, 3]`."""
    keys = jax.random.split(key, 5)
    corners = jax.random.uniform(keys[0], (2, 2, 3))
    cells = jax.random.uniform(keys[1], (5, 5, 3))
    streaks = jax.random.uniform(keys[3], (12, 3, 3))
    white = jnp.full((1, 1, 3), 1.0) - 0.08 * jax.random.uniform(keys[2], (1, 1, 3))
    named = jnp.asarray(scenes.COLORS)[scene.ground_color][None, None] + 0.1 * (white - 0.96)
    full = lambda x: jnp.broadcast_to(x, (side, side, 3))  # noqa: E731
    spread = lambda x, how: jax.image.resize(x, (side, side, 3), how)  # noqa: E731
    kinds = jnp.stack([
        full(white), full(named), full(corners[:1, :1]), spread(corners, "linear"),
        spread(cells, "cubic"), spread(streaks, "cubic"), _place(keys[4], scene.ground_color, side),
    ])  # fmt: skip
    return kinds[scene.ground]


def _place(key: jax.Array, which: jax.Array, side: int) -> jax.Array:
    """Sky above and land or water below, with streaks: row `which` of `PLACES`."""
    keys = jax.random.split(key, 4)
    horizon = jax.random.uniform(keys[0], (), minval=0.35, maxval=0.75)
    sharp = 0.02 * 15.0 ** jax.random.uniform(keys[1])
    y = ((jnp.arange(side) + 0.5) / side)[:, None, None]
    below = jax.nn.sigmoid((y - horizon) / sharp)
    top, bottom = jnp.asarray(scenes.PLACES)[which % len(scenes.PLACES)]
    tint = 0.06 * jax.random.normal(keys[2], (2, 3))
    streaks = jax.image.resize(jax.random.normal(keys[3], (10, 4, 1)), (side, side, 1), "cubic")
    return (top + tint[0]) * (1 - below) + (bottom + tint[1]) * below + 0.03 * streaks


def _soften(key: jax.Array, image: jax.Array) -> jax.Array:
    """Four pictures in ten lose their fine detail, as a painting that begins has none."""
    use, amount = jax.random.split(key)
    width = 0.5 * 7.0 ** jax.random.uniform(amount) * len(image) / scenes.SIDE
    soft = blur(image, width)
    return jnp.where(jax.random.bernoulli(use, 0.4), soft, image)


def blur(image: jax.Array, width: jax.Array) -> jax.Array:
    """Gaussian blur of that standard deviation in pixels, edges weighted anew."""
    axis = jnp.arange(image.shape[0])
    kernel = jnp.exp(-(((axis[:, None] - axis[None]) / width) ** 2) / 2)
    kernel = kernel / kernel.sum(-1, keepdims=True)
    return jnp.einsum("ij,jkc,lk->ilc", kernel, image, kernel)
