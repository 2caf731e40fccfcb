"""The parts of the training programs that a wrong result could hide in."""

import functools

import flax.traverse_util
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import load_file
from sample_art import init, quick_jit, some_art
from transformers.models.clip.modeling_flax_clip import FlaxCLIPModule

from experiments import (
    clip_files,
    clip_runs,
    fakes,
    paint_art,
    painter_losses,
    scenes,
    speed,
    torch_baseline,
    train_painter,
)  # fmt: skip
from jaxpaint import clip, optimize, painters
from jaxpaint.config import Config


def test_more_words_keep_the_embeddings_of_the_old(tmp_path):
    art = some_art()
    fewer = art._replace(keywords=((),) * 8)
    sizes = dict(width=64, layers=1, patch=16)
    loaded = {}
    for i, (name, some) in enumerate({"old": fewer, "new": art}.items()):
        tokenizer, words = clip_files.make_tokenizer(some, tmp_path / name)
        config = clip_files.make_config(tokenizer, **sizes)
        module = FlaxCLIPModule(config)
        params = init(module, i)
        clip_files.save(tmp_path / name, config, params, words, {})
        loaded[name] = (tokenizer, params, module)
    tokenizer, params, module = loaded["new"]
    went_on = clip_files.go_on(tmp_path / "old", params, tokenizer)
    assert len(tokenizer) > len(loaded["old"][0])
    features = []
    for tokens, weights, net in (loaded["old"], (tokenizer, went_on, module)):
        numbers, mask = clip_files.tokenize(tokens, ["a black sheep"])
        encode = jax.jit(functools.partial(clip.encode_text, net))
        features.append(encode(weights, numbers, mask))
    np.testing.assert_allclose(*features, atol=2e-3)  # saved in half precision
    picture = jax.random.normal(jax.random.key(3), (1, scenes.SIDE, scenes.SIDE, 3))
    seen = jax.jit(functools.partial(clip.encode_image, module))(went_on, picture)
    larger = FlaxCLIPModule(clip_files.make_config(tokenizer, **sizes | {"layers": 2}, units=6))
    grown = clip_files.go_on(tmp_path / "old", init(larger, 2), tokenizer)
    looked = jax.jit(functools.partial(clip.encode_image, larger))(grown, picture)
    np.testing.assert_allclose(looked, seen, atol=1e-5)
    heard = grown["vision_model"]["encoder"]["layers"]["0"]["mlp"]["fc1"]["kernel"]
    assert heard.shape == (64, 6 * 64) and jnp.all(jnp.std(heard, 0) > 0)
    with pytest.raises(SystemExit, match="--width and --text_width as in"):
        other = FlaxCLIPModule(clip_files.make_config(tokenizer, width=128, layers=1, patch=16))
        clip_files.go_on(tmp_path / "old", init(other, 0), tokenizer)


@pytest.mark.parametrize("wrong", [{"width": 0}, {"width": 100}, {"text_width": 48}])
def test_towers_are_whole_heads_wide(tmp_path, wrong):
    sizes = dict(width=64, layers=1, patch=16, init="", seed=0) | wrong
    with pytest.raises(SystemExit, match="^--(text_)?width=[0-9]+: give a multiple of"):
        clip_runs.begin(some_art(), tmp_path, **sizes)


@pytest.mark.parametrize(("patch", "side"), [(8, 6), (6, 8)])
def test_other_patches_are_read_as_those_of_a_resized_picture(tmp_path, patch, side):
    """A patch means what it would if it were resized to what the CLIP is used to."""
    tokenizer, words = clip_files.make_tokenizer(some_art(), tmp_path)
    make = lambda patch: clip_files.make_config(tokenizer, width=64, layers=1, patch=patch)  # noqa: E731
    old, new = (FlaxCLIPModule(make(number)) for number in (patch, side))
    params = init(old, 0)
    clip_files.save(tmp_path, make(patch), params, words, {})
    went_on = clip_files.go_on(tmp_path, init(new, 1), tokenizer)["vision_model"]["embeddings"]
    before = params["vision_model"]["embeddings"]
    picture = jax.random.normal(jax.random.key(2), (side, side, 3))
    resized = jax.image.resize(picture, (patch, patch, 3), "linear")
    kernel = lambda some: some["patch_embedding"]["kernel"]  # noqa: E731
    np.testing.assert_allclose(
        jnp.einsum("ijc,ijcw->w", picture, kernel(went_on)),
        jnp.einsum("ijc,ijcw->w", resized, kernel(before)), atol=2e-3,
    )  # fmt: skip
    places = went_on["position_embedding"]["embedding"]
    assert places.shape == (1 + (scenes.SIDE // side) ** 2, 64)
    table = before["position_embedding"]["embedding"]
    np.testing.assert_allclose(places[0], table[0], atol=1e-3)
    np.testing.assert_allclose(places[1:].mean(0), table[1:].mean(0), atol=2e-3)


def test_a_clip_goes_on_with_pictures_of_another_size(tmp_path):
    """It sees in the larger picture what it saw in the smaller one, or in finer patches."""
    tokenizer, words = clip_files.make_tokenizer(some_art(), tmp_path)
    spots = jax.random.normal(jax.random.key(0), (4, 6, 6, 3))  # much coarser than a pixel
    features = []
    for side, patch in ((48, 8), (60, 10), (64, 8)):
        config = clip_files.make_config(tokenizer, width=64, layers=1, patch=patch, side=side)
        module = FlaxCLIPModule(config)
        params = init(module, side)
        if features:
            params = clip_files.go_on(tmp_path, params, tokenizer)
        else:
            clip_files.save(tmp_path, config, params, words, {})
        places = params["vision_model"]["embeddings"]["position_embedding"]["embedding"]
        assert len(places) == 1 + (side // patch) ** 2
        picture = jax.image.resize(spots, (4, side, side, 3), "cubic")
        features.append(np.asarray(clip.encode_image(module, params, picture)))
    same, finer = (np.sum(features[0] * some, -1) for some in features[1:])
    assert same.min() > 0.99 and finer.min() > 0.7
    for some in features[1:]:
        assert np.argmax(features[0] @ some.T, 1).tolist() == [0, 1, 2, 3]


def test_pictures_are_whole_patches_wide(tmp_path):
    with pytest.raises(SystemExit, match="^--patch=7: pictures of this art have 60 pixels a side"):
        clip_runs.begin(some_art(60), tmp_path, width=64, layers=1, patch=7, init="", seed=0)


def test_energy_score_prefers_the_right_spread():
    """It is proper: the true distribution scores best, blur and excess both worse."""
    draw = lambda seed, spread: spread * jax.random.normal(jax.random.key(seed), (64, 64, 64))
    real = draw(0, 1.0)
    right, blurred, wild = (
        float(painter_losses.energy_score(real, draw(1, s), draw(2, s))) for s in (1.0, 0.2, 2.0)
    )
    assert right < blurred and right < wild


def test_soft_capsule_is_a_thick_line():
    geometry = np.float32([[1, 0.7, 0.5, 0.5, 0.9, 0.5, 0.1, 0.5, 1]])
    alpha = train_painter.soft_capsule(geometry)[0]
    assert alpha[32, 32] > 0.9 and alpha[5].max() == 0 and alpha[32, 2] == 0


def test_figures_agree_with_their_definitions():
    real = np.zeros((2, 4, 4), np.float32)
    assert train_painter.figures(real, real + 0.1) == {"psnr": 20.0, "mae": 0.1}


@pytest.mark.parametrize("scatter", [False, True])
def test_a_few_training_steps_lower_the_loss(scatter):
    module = painters.make("dab", dabs=8, hidden=16, scatter=scatter)
    params = painters.init(jax.random.key(0), module)
    geometry = jax.random.uniform(jax.random.key(1), (16, 9))
    alpha = jnp.asarray(train_painter.soft_capsule(np.asarray(geometry)))
    loss = lambda p: painter_losses.of_alpha(
        p, geometry, alpha, jax.random.key(2), module=module, scatter=scatter
    )
    step = quick_jit(jax.value_and_grad(loss))
    first, grad = step(params)
    for _ in range(20):
        params = jax.tree.map(lambda p, g: p - 0.01 * jnp.sign(g), params, grad)
        last, grad = step(params)
    assert last < first
    assert all(np.isfinite(x).all() for x in flax.traverse_util.flatten_dict(grad).values())


def test_every_word_is_one_token_and_always_the_same(tmp_path):
    one, lists = clip_files.make_tokenizer(some_art(), tmp_path / "one")
    words = lists["words"]
    two, _ = clip_files.make_tokenizer(some_art(), tmp_path / "two")
    assert one.get_vocab() == two.get_vocab()
    assert {"sheep", "apple", "turquoise", "painting"} <= set(words)
    for word in words:
        assert one.tokenize(word) == [word + "</w>"]
    ids, mask = clip_files.tokenize(one, ["a black sheep", "zorble"])
    assert ids.shape == mask.shape == (2, clip_files.TEXT_LENGTH)
    assert mask[0].sum() == 5 and mask[1].sum() > 5  # unknown words are spelt


def test_a_folder_of_another_training_is_refused(tmp_path):
    art = some_art()
    clip_files.make_tokenizer(art._replace(keywords=((),) * 8), tmp_path / "model")
    with pytest.raises(SystemExit, match="of other art"):
        clip_files.make_tokenizer(art, tmp_path / "model")
    sleepy = art._replace(keywords=(("zzz",),) * 8)  # "zzzs" is no one token
    one, two = (clip_files.make_tokenizer(sleepy, tmp_path / "sleepy")[0] for _ in range(2))
    assert one.get_vocab() == two.get_vocab()
    state = lambda names, made: ({"head": np.zeros((4, names))}, (), [np.zeros(made)])  # noqa: E731
    clip_runs.keep(tmp_path, state(3, 8), 5, 1.5)
    with pytest.raises(SystemExit, match="other art or another shape"):
        clip_runs.resume(tmp_path, state(7, 8))
    assert clip_runs.resume(tmp_path, state(3, 16))[1:] == (5, 1.5)  # sketches are begun anew


def test_the_rival_paints_the_same_picture():
    torch = pytest.importorskip("torch")
    config = Config(height=40, width=56, strokes=6, background=(0.9, 0.8, 1.0))
    latents = np.random.default_rng(0).normal(size=(2, 6, 15)).astype(np.float32)
    painter = painters.load("brush")
    weights = load_file(painters.WEIGHTS / "brush.safetensors")
    weights = {name: torch.from_numpy(leaf) for name, leaf in weights.items()}
    theirs = torch_baseline.paint(torch, weights, torch.from_numpy(latents), config).numpy()
    for mine, rival in zip(latents, theirs):
        noise = jnp.zeros((6, 48, 3))
        ours, _ = optimize.paint(mine, noise, painter.module, painter.params, config=config)
        np.testing.assert_allclose(ours, rival.transpose(1, 2, 0), atol=2e-4)


def test_a_sprite_is_repainted_with_its_transparency():
    axis = np.arange(scenes.SIDE) - scenes.SIDE / 2 + 0.5
    disc = np.hypot(axis[:, None], axis) < 14
    sprite = np.zeros((scenes.SIDE, scenes.SIDE, 4), np.float32)
    sprite[disc] = (0.9, 0.1, 0.1, 1.0)
    painter = painters.load("brush")
    config = Config(height=scenes.SIDE, width=scenes.SIDE, strokes=8)
    fit = quick_jit(functools.partial(paint_art.fit, painter=painter, config=config, steps=60))
    painted = np.asarray(fit(jax.random.key(0), sprite))
    inner, outer = np.hypot(axis[:, None], axis) < 10, np.hypot(axis[:, None], axis) > 19
    assert painted[inner, 3].mean() > 0.8 and painted[outer, 3].mean() < 0.15
    np.testing.assert_allclose(painted[inner, :3].mean(0), (0.9, 0.1, 0.1), atol=0.15)


def test_fakes_climb_and_are_renewed_one_by_one():
    painter = painters.load("brush")
    begun = fakes.start(jax.random.key(0), 2)
    show = lambda latents, side=scenes.SIDE: fakes.show(  # noqa: E731
        latents, jax.random.key(1), painter.module, painter.params, side=side
    )
    darkness = lambda latents: -show(latents).mean()  # noqa: E731
    measured = quick_jit(darkness)
    step = quick_jit(lambda state: fakes.climb(state, jax.grad(darkness)(state.latents)))
    state = begun
    for _ in range(12):
        state = step(state)
    assert measured(state.latents) > measured(begun.latents) + 0.02
    for side in (scenes.SIDE, 64):
        of_side = functools.partial(show, side=side)
        assert jax.eval_shape(of_side, state.latents).shape == (2, side, side, 3)
    again = fakes.renew(jax.random.key(2), state, np.array([False, True]))
    np.testing.assert_array_equal(again.latents[0], state.latents[0])
    assert again.step.tolist() == [12, 0]
    assert np.abs(again.latents[1] - state.latents[1]).max() > 0.1


def test_flops_of_a_picture_are_those_that_the_compiler_counts():
    eye = speed.load_clip("bundled", jnp.dtype("float32"))
    total = lambda x, params: clip.encode_image(eye.module, params, x).sum()  # noqa: E731
    picture = jnp.zeros((1, eye.resolution, eye.resolution, 3))
    program = jax.jit(jax.grad(total)).lower(picture, eye.params).compile()
    counted = program.cost_analysis()["flops"]
    assert speed.image_flops(eye) == pytest.approx(counted, rel=0.05)


def test_hub_shapes_can_be_static_arguments():
    one, again, finer = (speed.make_module(name, jnp.float32) for name in ("b32", "b32", "b16"))
    assert hash(one) == hash(again) and one == again and one != finer
    assert finer.config.vision_config.patch_size == 16
