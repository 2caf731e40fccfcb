"""Brushes that share a painting: who paints which stroke, and what is written for it."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxpaint import actions, mixtures, painters, stages
from jaxpaint.config import Config

FREE = Config(strokes=8)
STITCHED = Config(layout="stitched", grid=(3, 4, 5), strokes=60)
STAGED = stages.plan(Config(height=60, width=90, strokes=120, steps=9), number=3)
each_layout = pytest.mark.parametrize("config", [FREE, STITCHED, STAGED])


def make(name, seed=0, **options):
    module = painters.DabPainter(dabs=6, hidden=16, **options)
    return painters.Painter(module, painters.init(jax.random.key(seed), module), name, (name,))


def tiles(config):
    """The strokes' numbers, an array `[frames, strokes a frame]` for each layer."""
    if config.stages:
        for i, rows in enumerate(map(config.rows, range(len(config.stages)))):
            own = config.stage(i, small=False)
            frames = own.grid[0] * own.grid[1] if own.layout == "cells" else 1
            yield np.arange(config.strokes)[rows].reshape(frames, -1)
    else:
        frames = config.grid[0] * config.grid[1] if config.layout == "stitched" else 1
        yield np.arange(config.strokes).reshape(frames, -1)


@each_layout
def test_ranks_go_up_in_every_frame_which_take_turns(config):
    ranks = actions.ranks(config)
    np.testing.assert_array_equal(np.sort(ranks), np.arange(config.strokes))
    begin = 0
    for layer in tiles(config):
        layer = ranks[layer]
        assert (np.diff(layer, axis=1) > 0).all()
        for lowest in range(layer.size + 1):  # whatever is lowest is shared evenly
            counts = (layer < begin + lowest).sum(1)
            assert counts.sum() == lowest and np.ptp(counts) <= 1
        begin += layer.size
    if config is FREE:
        np.testing.assert_array_equal(ranks, np.arange(8))


def test_turns_are_spread_over_the_canvas():
    """Of half as many lowest strokes as there are frames, each quarter has about its share."""
    config = Config(layout="stitched", grid=(8, 12, 1), strokes=96)
    low = actions.ranks(config).reshape(8, 12) < 48
    quarters = [low[y : y + 4, x : x + 6].sum() for y in (0, 4) for x in (0, 6)]
    assert min(quarters) >= 10 and max(quarters) <= 14  # 12 each
    assert max(low.sum(0)) <= 5 and max(low.sum(1)) <= 7  # no column and no row alone


@each_layout
def test_the_lowest_strokes_are_the_first_brushs(config):
    parts = [(make("a"), 0.3), (make("b"), 0.0), (make("c"), 0.6), (make("d"), 0.1)]
    painter = mixtures.mix(parts, config=config)
    brushes, ranks = np.array(painter.brushes), actions.ranks(config)
    wanted = np.round(config.strokes * np.array([0.3, 0.9, 1.0])).astype(int)
    ends = [ranks[brushes == name].max() + 1 for name in "acd"]
    np.testing.assert_array_equal(ends, wanted)
    assert "".join(brushes[np.argsort(ranks)]) == "".join(
        name * n for name, n in zip("acd", np.diff(wanted, prepend=0))
    )
    assert painter.brush == ",".join(f"{name}:{np.sum(brushes == name)}" for name in "acd")


@each_layout
def test_every_stroke_is_painted_by_its_own_brush(config):
    parts = [(make("a", 1, scatter=True), 1.0), (make("b", 2), 1.5)]
    painter = mixtures.mix(parts, config=config)
    stroke = jax.random.uniform(jax.random.key(0), (config.strokes, actions.NUM_ACTIONS))
    noise = painters.noise_for(jax.random.key(1), painter, config.strokes)
    paint = jax.jit(painters.apply, static_argnums=0)
    alone = {
        part.brush: np.asarray(paint(part.module, part.params, stroke, noise)) for part, _ in parts
    }
    expected = np.stack([alone[name][i] for i, name in enumerate(painter.brushes)])
    np.testing.assert_allclose(
        paint(painter.module, painter.params, stroke, noise), expected, atol=1e-5
    )
    assert np.abs(alone["a"] - alone["b"]).max() > 0.1
    for layer in tiles(config):  # the painter of a layer alone
        rows = slice(layer.min(), layer.max() + 1)
        part = mixtures.only(painter.module, rows)
        some = paint(part, painter.params, stroke[rows], noise[rows])
        np.testing.assert_allclose(some, expected[rows], atol=1e-5)


def test_the_gradient_of_a_mixture_is_that_of_its_parts():
    parts = [(make("a", 1), 1.0), (make("b", 2), 1.0)]
    config = dataclasses.replace(STITCHED, grid=(1, 2, 2), strokes=4)
    painter = mixtures.mix(parts, config=config)
    stroke = jax.random.uniform(jax.random.key(0), (4, actions.NUM_ACTIONS))
    noise, weight = jnp.zeros((4, 6, 3)), jax.random.normal(jax.random.key(1), (4, 64, 64))

    def grad(one):
        score = lambda s: jnp.sum(weight * painters.apply(one.module, one.params, s, noise))
        return np.asarray(jax.grad(score)(stroke))

    alone = {part.brush: grad(part) for part, _ in parts}
    expected = np.stack([alone[name][i] for i, name in enumerate(painter.brushes)])
    assert painter.brushes == ("a", "b", "a", "b")
    np.testing.assert_allclose(grad(painter), expected, atol=1e-3)


def test_one_brush_is_no_mixture():
    one, other = make("a"), make("b")
    for parts in ([(one, 0.3)], [(one, 1.0), (other, 0.0)], [(other, 1e-9), (one, 1e300)]):
        assert mixtures.mix(parts, config=FREE) is one
    assert mixtures.only(one.module, slice(2, 5)) is one.module
    # So large that their sum is none.
    assert mixtures.mix([(one, 1e308), (other, 1e308)], config=FREE).brush == "a:4,b:4"


def test_mixtures_as_written():
    painter = mixtures.mix(mixtures.load("dry_brush:0.25, brush:0.75"), config=FREE)
    assert painter.brushes == ("dry_brush",) * 2 + ("brush",) * 6
    assert painter.brush == "dry_brush:2,brush:6"
    assert mixtures.mix(mixtures.load("brush"), config=FREE).brush == "brush"
    assert mixtures.mix(mixtures.load("brush,dry_brush,brush"), config=FREE).brushes == (
        *("brush",) * 3, *("dry_brush",) * 2, *("brush",) * 3,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("brush:-1", "'-1' is no share"), ("brush:x", "'x' is no share"),
        ("brush:", "'' is no share"), ("brush:nan,dry_brush", "'nan' is no share"),
        ("brush:inf", "'inf' is no share"), ("brush:1e999", "'1e999' is no share"),
        ("brush:1:2", "'1:2' is no share"), ("brush:0,dry_brush:0", "all shares are 0"),
        ("brush,", "brush ''"), ("", "brush ''"), ("Brush", "did you mean 'brush'"),
    ],
)  # fmt: skip
def test_mixtures_that_are_none(text, words):
    with pytest.raises(painters.PainterError) as caught:
        mixtures.load(text)
    assert words in str(caught.value) and "\n" not in str(caught.value)
