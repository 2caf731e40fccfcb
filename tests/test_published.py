"""The published painters and critics, and what their strokes become on the canvas."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sample_weights import weights

from jaxpaint import actions, canvas, mixtures, optimize, painters, published
from jaxpaint.config import Config

MODULES = {
    "gan": published.GanPainter(width=2, chance=4),
    "vae": published.VaePainter(width=2),
    "joy": published.JoyPainter(width=2),
}
each_kind = pytest.mark.parametrize("kind", MODULES)
fast_paint = jax.jit(
    lambda module, params, stroke, noise: module.apply({"params": params}, stroke, noise),
    static_argnums=0,
)
fast_settle = jax.jit(published.settle, static_argnums=0)
fast_lay = jax.jit(painters.lay, static_argnames=("module", "blend"))


def make_painter(kind, seed=0):
    module = MODULES[kind]
    params = weights(lambda: painters.init(jax.random.key(0), module), seed)
    return painters.Painter(module.clone(), params, "test", ("test",))


def random_actions(count=4, seed=0):
    shape = (count, actions.NUM_ACTIONS)
    return jnp.asarray(np.random.default_rng(seed).uniform(size=shape), jnp.float32)


def noise_of(painter, seed=0, strokes=4):
    return painters.noise_for(jax.random.key(seed), painter, strokes)


def on_white(alpha, colors):
    return 1 + alpha[..., None] * (colors[:, None, None] - 1)


@each_kind
def test_rgb_has_its_shape_and_range(kind):
    painter = make_painter(kind)
    stroke, noise = random_actions()[:, :12], noise_of(painter)
    rgb = np.asarray(fast_paint(painter.module, painter.params, stroke, noise))
    assert rgb.shape == (4, 64, 64, 3) and rgb.dtype == np.float32
    assert rgb.min() >= 0 and rgb.max() <= 1 and np.ptp(rgb) > 0


@each_kind
@pytest.mark.parametrize("blend", ["darkness", "alpha"])
def test_what_is_laid_depends_on_the_noise_of_its_own_stroke_alone(kind, blend):
    painter, stroke = make_painter(kind), random_actions()
    lay = lambda stroke, noise: fast_lay(painter.module, painter.params, stroke, noise, blend=blend)
    one, other = noise_of(painter, 1), noise_of(painter, 2)
    alpha, colors = lay(stroke, one)
    assert alpha.shape == (4, 64, 64) and colors.shape == (4, 3)
    assert alpha.min() >= 0 and alpha.max() <= 1
    again, _ = lay(stroke[::-1], one[::-1])
    np.testing.assert_allclose(again[::-1], alpha, atol=1e-5)
    changed = np.abs(lay(stroke, other)[0] - alpha).max()
    assert changed > 0 if kind == "gan" else changed == 0
    lifted, _ = lay(stroke.at[:, actions.PRESSURES].set(0.0), one)
    assert lifted.max() == 0


@pytest.mark.parametrize(("kind", "thousands"), [("gan", 810), ("vae", 3654), ("joy", 36402)])
def test_as_many_weights_as_published(kind, thousands):
    """Counted by hand from the notebooks' layers."""
    module = type(MODULES[kind])()
    shapes = jax.eval_shape(lambda: painters.init(jax.random.key(0), module))
    assert round(sum(leaf.size for leaf in jax.tree.leaves(shapes)) / 1e3) == thousands


def test_one_width_scales_everything():
    for module in MODULES.values():
        layers = []
        for width in (2, 4):
            wide = module.clone(width=width)
            shapes = jax.eval_shape(lambda m=wide: painters.init(jax.random.key(0), m))
            layers.append(jax.tree.leaves_with_path(shapes))
        for (path, narrow), (_, wide) in zip(*layers):
            assert wide.size / narrow.size in ((1, 2) if 3 in narrow.shape[-1:] else (2, 4)), path


def naive_darkness(rgb, color, paper, darkest):
    """`paint_over_canvas` of the publications, a stroke at a time."""
    for stroke, own in zip(rgb, color):
        dark = np.zeros(paper.shape[:2])
        for y in range(64):
            for x in range(64):
                dark[y, x] = 1 - sum(stroke[y, x]) / 3
        dark = dark / dark.max()
        if darkest:
            own = [min(stroke[..., c].reshape(-1)) for c in range(3)]
        paper = dark[..., None] * np.asarray(own) + (1 - dark[..., None]) * paper
    return paper


@pytest.mark.parametrize("darkest", [False, True])
def test_darkness_blends_as_the_publications_do(darkest):
    rng = np.random.default_rng(0)
    rgb = rng.uniform(size=(3, 64, 64, 3)).astype(np.float32)
    color = rng.uniform(size=(3, 3)).astype(np.float32)
    alpha, own = published.separate(rgb, color, blend="darkness", darkest=darkest)
    picture = canvas.blend(alpha, own, jnp.ones(3))
    expected = naive_darkness(rgb, color, np.ones((64, 64, 3)), darkest)
    np.testing.assert_allclose(picture, expected, atol=1e-5)


def test_recovered_alpha_is_exact():
    rng = np.random.default_rng(0)
    alpha = rng.uniform(size=(5, 64, 64)).astype(np.float32)
    colors = rng.uniform(0, 0.95, size=(5, 3)).astype(np.float32)
    found, own = published.separate(on_white(alpha, colors), colors, blend="alpha", darkest=True)
    np.testing.assert_allclose(found, alpha, atol=2e-5)
    np.testing.assert_array_equal(own, colors)


def test_recovered_alpha_is_least_squares():
    rng = np.random.default_rng(1)
    rgb, colors = rng.uniform(size=(2, 64, 64, 3)), rng.uniform(0, 0.5, size=(2, 3))
    found, _ = published.separate(
        jnp.float32(rgb), jnp.float32(colors), blend="alpha", darkest=False
    )
    for stroke, color, alpha in zip(rgb, colors, np.asarray(found)):
        for y, x in ((0, 0), (20, 50), (63, 1)):
            best = np.linalg.lstsq((color - 1)[:, None], stroke[y, x] - 1, rcond=None)[0][0]
            np.testing.assert_allclose(alpha[y, x], np.clip(best, 0, 1), atol=1e-5)


@pytest.mark.parametrize("blend", ["darkness", "alpha"])
def test_a_white_stroke_leaves_nothing(blend):
    white, colors = jnp.ones((2, 64, 64, 3)), jnp.array([[1.0, 1.0, 1.0], [0.2, 0.3, 0.4]])
    alpha, _ = published.separate(white, colors, blend=blend, darkest=False)
    assert float(alpha.max()) == 0
    grad = jax.grad(lambda rgb: published.separate(rgb, colors, blend=blend, darkest=True)[0].sum())
    assert np.isfinite(grad(white)).all()


def test_settled_weights_paint_what_training_saw():
    """Batch statistics of the settling strokes become part of scale and shift."""
    for kind in ("gan", "joy"):
        painter = make_painter(kind, seed=3)
        training = painter.module.clone(train=True)
        stroke, noise = random_actions(16)[:, :12], noise_of(painter, strokes=16)
        trained = fast_paint(training, painter.params, stroke, noise)
        settled = fast_settle(training, painter.params, stroke, noise)
        assert jax.tree.structure(settled) == jax.tree.structure(painter.params)
        painted = fast_paint(painter.module, settled, stroke, noise)
        np.testing.assert_allclose(painted, np.maximum(trained, 0), atol=2e-5)
        # Alone, a stroke is now the same.
        one, many = (stroke.at[1:].set(x) for x in (0.3, 0.6))
        one, many = (fast_paint(painter.module, settled, s, noise)[0] for s in (one, many))
        np.testing.assert_allclose(one, painted[0], atol=2e-5)
        np.testing.assert_allclose(many, painted[0], atol=2e-5)


def test_spectral_makes_the_largest_singular_value_one():
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(3, 3, 4, 6)) + 3 * rng.normal(size=(3, 3, 4, 1))
    values = np.linalg.svd(published.spectral(jnp.float32(kernel)).reshape(-1, 6))[1]
    np.testing.assert_allclose(values.max(), 1.0, atol=1e-3)


def begin(module, *arguments):
    """A critic's first weights, and the critic compiled."""

    def see(params, *seen, key=None):
        if key is None:
            return module.apply({"params": params}, *seen)
        return module.clone(train=True).apply({"params": params}, *seen, rngs={"dropout": key})

    return weights(lambda: module.init(jax.random.key(0), *arguments)["params"]), jax.jit(see)


def test_critics():
    rgb, stroke = jax.random.uniform(jax.random.key(0), (3, 64, 64, 3)), random_actions(3)[:, :12]
    params, see = begin(published.GanCritic(width=2), rgb, stroke)
    score, other = see(params, rgb, stroke), see(params, rgb, stroke.at[:, 0].add(1.0))
    assert score.shape == (3,) and np.abs(score - other).min() > 0  # it sees the action
    params, see = begin(published.JoyCritic(width=2), rgb)
    assert see(params, rgb).shape == (3,)
    one, two = (see(params, rgb, key=jax.random.key(k)) for k in (1, 2))
    assert np.abs(one - two).max() > 0


def test_a_mixture_of_published_painters_is_of_one_kind():
    parts = [(make_painter("gan", 0), 1.0), (make_painter("gan", 1), 1.0)]
    mixed = mixtures.mix(parts, config=Config(strokes=4))
    stroke, noise = random_actions(), noise_of(mixed)
    alpha, _ = fast_lay(mixed.module, mixed.params, stroke, noise, blend="alpha")
    for part, some in zip(parts, (slice(0, 2), slice(2, 4))):
        own, _ = fast_lay(part[0].module, part[0].params, stroke, noise, blend="alpha")
        np.testing.assert_allclose(alpha[some], own[some], atol=1e-4)
    dabs = painters.DabPainter(dabs=4, hidden=8)
    alone = painters.Painter(dabs, {}, "test", ("test",))
    for other in (make_painter("joy"), alone):
        with pytest.raises(painters.PainterError, match="several kinds"):
            mixtures.mix([parts[0], (other, 1.0)], config=Config(strokes=4))


@pytest.mark.parametrize("kind", MODULES)
def test_the_gradient_reaches_every_group_of_numbers(kind):
    painter = make_painter(kind)
    config = Config(height=32, width=32, strokes=4, blend="alpha")
    latents, noise = actions.unbound(random_actions()), noise_of(painter)

    def loss(latents):
        picture, _ = optimize.paint(latents, noise, painter.module, painter.params, config=config)
        return jnp.sum(picture * jnp.linspace(0, 1, 32)[:, None, None])

    grad = np.asarray(jax.jit(jax.grad(loss))(latents))
    assert np.isfinite(grad).all()
    assert (np.abs(grad).max(0) > 0).all()


@pytest.mark.parametrize("kind", ["gan", "vae", "joy"])
def test_a_kind_without_weights_says_how_to_get_them(kind):
    if not painters.available(kind=kind):
        with pytest.raises(painters.PainterError, match=f"--recipe={kind} and give --painter="):
            mixtures.choose(kind, "brush")
    with pytest.raises(painters.PainterError, match="no trained .* painter for brush 'quill'"):
        mixtures.choose(kind, "quill")


def test_an_unknown_painter():
    with pytest.raises(painters.PainterError, match="alpha, gan, vae, joy"):
        mixtures.choose("oil", "brush")
