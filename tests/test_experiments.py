"""The parts of the training programs that a wrong result could hide in."""

import functools

import flax.traverse_util
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from safetensors.numpy import load_file
from transformers.models.clip.modeling_flax_clip import FlaxCLIPModule

from experiments import (
    batches,
    clip_files,
    concepts,
    draw,
    fakes,
    guide_loss,
    paint_art,
    scenes,
    speed,
    torch_baseline,
    train_painter,
    unfinished,
)  # fmt: skip
from jaxpaint import clip, optimize, painters
from jaxpaint.config import Config


def some_art() -> scenes.Art:
    """Eight concepts in one style: a disc each, with a body mask."""
    side = scenes.SIDE
    pixels = np.zeros((8, side, side, 5), np.uint8)
    yy, xx = np.mgrid[:side, :side]
    disc = (yy - side // 2) ** 2 + (xx - side // 2) ** 2 < (side // 3) ** 2
    pixels[:, disc] = [200, 200, 200, 255, 255]
    names = ("ewe", "cat", "house", "red-apple", "tulip", "fish", "owl", "sun")
    keywords = (("woolly animal",), ("pet",), (), ("fruit",), ("bloom",), (), ("bird",), ())
    return scenes.Art(pixels, np.arange(8, dtype=np.int32), np.zeros(8, np.int32), names, keywords)


def a_scene(picture, color, layout, ground, ground_color) -> scenes.Scenes:
    """One scene of three like pictures in one colour."""
    box = scenes.boxes(np.random.default_rng(0), layout)
    fields = np.full(3, picture), np.full(3, color), box, ground, ground_color, False
    kinds = (np.int32, np.int32, np.float32, np.int32, np.int32, bool)
    return scenes.Scenes(*(np.asarray(f, k) for f, k in zip(fields, kinds)))


def drawn(scene: scenes.Scenes, number: int) -> np.ndarray:
    pixels = jnp.asarray(some_art().pixels)
    many = jax.jit(jax.vmap(lambda key: draw.draw(key, scene, pixels)))
    return np.asarray(many(jax.random.split(jax.random.key(3), number)))


def test_a_scene_shows_what_its_caption_says():
    red, blue = scenes.COLOR_NAMES.index("red"), scenes.COLOR_NAMES.index("blue")
    images = drawn(a_scene(1, red, scenes.ONE, scenes.NAMED_GROUND, blue), 32)
    assert images.shape == (32, scenes.SIDE, scenes.SIDE, 3)
    assert images.min() >= 0 and images.max() <= 1
    red_pixels = (images[..., 0] > images[..., 2] + 0.3).mean((1, 2))
    blue_pixels = (images[..., 2] > images[..., 0] + 0.3).mean((1, 2))
    assert red_pixels.max() < 0.6 and blue_pixels.min() > 0.3
    assert (red_pixels > 0.05).mean() > 0.8  # a few are faint
    claim = scenes.Claim(("owl",), (red,), scenes.ONE)
    text = scenes.caption(np.random.default_rng(0), claim, scenes.PLAIN_GROUND, blue)
    assert "red owl" in text and "blue" not in text


@pytest.mark.parametrize("layout, number", [(scenes.ONE, 1), (scenes.TWO, 2), (scenes.THREE, 3)])
def test_a_scene_has_as_many_things_as_its_caption_says(layout, number):
    red = scenes.COLOR_NAMES.index("red")
    scene = a_scene(0, red, layout, scenes.WHITE_GROUND, 0)
    assert (scene.box[:, 2] > 0).sum() == number
    claim = scenes.Claim(("apple",), (red,), layout)
    text = scenes.caption(np.random.default_rng(0), claim, scenes.PLAIN_GROUND, 0)
    assert {1: "red apple", 2: "two red apples", 3: "three red apples"}[number] in text
    red_pixels = drawn(scene, 8)[..., 1] < 0.5
    for x, y, side in scene.box[:number]:  # the middle of each thing is red, most times
        row, column = int(y * scenes.SIDE), int(x * scenes.SIDE)
        assert red_pixels[:, row, column].mean() > 0.5 and 0 < side < 1.2


def test_what_is_above_lies_above():
    rng = np.random.default_rng(0)
    for _ in range(50):
        box = scenes.boxes(rng, scenes.ABOVE)
        assert box[0, 1] < box[1, 1] - 0.2
    claim = scenes.Claim(("owl", "house"), (-1, -1), scenes.ABOVE)
    texts = [scenes.caption(rng, claim, scenes.PLAIN_GROUND, 0) for _ in range(60)]
    for text in texts:
        upper_first = text.index("owl") < text.index("house")
        assert upper_first == any(f" {word} " in text for word in concepts.ABOVE)
    assert len({"below" in text or "under" in text for text in texts}) == 2


def test_plurals():
    for one, many in {
        "sheep": "sheep", "butterfly": "butterflies", "church": "churches", "bus": "buses",
        "glass of wine": "glasses of wine", "grapes": "grapes", "maple leaf": "maple leaves",
        "monkey": "monkeys",
    }.items():  # fmt: skip
        assert concepts.plural(one) == many


def test_training_never_sees_what_is_held_out():
    art = some_art()
    chosen, captions, claims = scenes.choose(np.random.default_rng(0), art, 400)
    assert len(captions) == len(claims) == 400
    assert not scenes.is_held_out_pair(art.labels[chosen.picture], chosen.color).any()
    kept, _, _ = scenes.choose(np.random.default_rng(0), art, 50, held_out="pair")
    colored = kept.color[:, 0] >= 0
    pairs = scenes.is_held_out_pair(art.labels[kept.picture[:, 0]], kept.color[:, 0])
    assert colored.any() and pairs[colored].all()


def test_keywords_are_used_and_every_claim_is_true_of_its_scene():
    art = some_art()
    chosen, _, claims = scenes.choose(np.random.default_rng(0), art, 400)
    assert all(scenes.is_true(art, chosen, c.layout, i, c) for i, c in enumerate(claims))
    nouns = [noun for claim in claims for noun in claim.nouns]
    used = np.mean([noun in sum(art.keywords, ()) for noun in nouns])
    assert 0.03 < used < 0.17  # one in six of the five in eight that have a keyword
    assert {claim.layout for claim in claims} == set(range(5))


def test_claims_are_told_apart():
    art = some_art()  # 0 ewe, 1 cat, 2 house, 3 red apple
    red, blue = scenes.COLOR_NAMES.index("red"), scenes.COLOR_NAMES.index("blue")
    colors = np.array([[red, -1, -1]] * 5)
    scene = scenes.Scenes(np.array([[1, 2, 0]] * 5), colors, np.zeros((5, 3, 3)), 0, 0, False)
    claim = scenes.Claim
    for layout, said, truth in (
        (scenes.ONE, claim(("cat",), (red,), scenes.ONE), True),
        (scenes.ONE, claim(("pet",), (-1,), scenes.ONE), True),  # a keyword
        (scenes.ONE, claim(("cat",), (blue,), scenes.ONE), False),
        (scenes.ONE, claim(("house",), (-1,), scenes.ONE), False),  # it is not drawn
        (scenes.BESIDE, claim(("house",), (blue,), scenes.ONE), True),
        (scenes.TWO, claim(("cat",), (red,), scenes.ONE), True),
        (scenes.TWO, claim(("cat",), (red,), scenes.TWO), True),
        (scenes.TWO, claim(("cat",), (red,), scenes.THREE), False),
        (scenes.ONE, claim(("cat",), (red,), scenes.TWO), False),
        (scenes.BESIDE, claim(("house", "cat"), (-1, red), scenes.BESIDE), True),
        (scenes.BESIDE, claim(("house", "cat"), (-1, blue), scenes.BESIDE), False),
        (scenes.ABOVE, claim(("cat", "house"), (-1, -1), scenes.ABOVE), True),
        (scenes.ABOVE, claim(("house", "cat"), (-1, -1), scenes.ABOVE), False),
    ):
        assert scenes.is_true(art, scene, layout, 0, said) == truth, (layout, said)


def test_captions_that_may_be_true_of_another_picture_are_no_negatives(tmp_path):
    art = some_art()
    tokenizer = clip_files.make_tokenizer(art, tmp_path)[0]
    batch = batches.make(np.random.default_rng(0), art, tokenizer, 64, held_out="pair")
    compatible = batch["compatible"]
    assert np.diag(compatible).all()
    # One thing a scene and no synonyms between these concepts, so labels and colours tell.
    labels = art.labels[batch["scenes"].picture[:, 0]]
    colors = batch["scenes"].color[:, 0]
    agree = (colors[:, None] == colors) | (colors[:, None] < 0) | (colors < 0)
    np.testing.assert_array_equal(compatible, (labels[:, None] == labels) & agree)


def test_wrong_captions_are_wrong():
    art = some_art()
    rng = np.random.default_rng(0)
    scene, _, claims = scenes.choose(rng, art, 60)
    for row, claim in enumerate(claims):
        ground = scene.ground[row], scene.ground_color[row]
        true_texts = {scenes.caption(rng, claim, *ground) for _ in range(400)}
        for _ in range(20):
            assert batches.wrong_caption(rng, art, scene, row, claim) not in true_texts


def test_more_words_keep_the_embeddings_of_the_old(tmp_path):
    art = some_art()
    fewer = art._replace(keywords=((),) * 8)
    sizes = dict(width=64, layers=1, patch=16)
    ids = jnp.zeros((1, clip_files.TEXT_LENGTH), jnp.int32)
    pictures = jnp.zeros((1, scenes.SIDE, scenes.SIDE, 3))
    loaded = {}
    for i, (name, some) in enumerate({"old": fewer, "new": art}.items()):
        tokenizer, words = clip_files.make_tokenizer(some, tmp_path / name)
        config = clip_files.make_config(tokenizer, **sizes)
        module = FlaxCLIPModule(config)
        params = module.init(jax.random.key(i), ids, pictures, ids, ids)["params"]
        clip_files.save(tmp_path / name, config, params, words, {})
        loaded[name] = (tokenizer, params, module)
    tokenizer, params, module = loaded["new"]
    went_on = clip_files.go_on(tmp_path / "old", params, tokenizer)
    assert len(tokenizer) > len(loaded["old"][0])
    features = []
    for tokens, weights, net in (loaded["old"], (tokenizer, went_on, module)):
        numbers, mask = clip_files.tokenize(tokens, ["a black sheep"])
        features.append(clip.encode_text(net, weights, numbers, mask))
    np.testing.assert_allclose(*features, atol=2e-3)  # saved in half precision
    taller = FlaxCLIPModule(clip_files.make_config(tokenizer, **sizes | {"layers": 2}))
    fresh = taller.init(jax.random.key(2), ids, pictures, ids, ids)["params"]
    picture = jax.random.normal(jax.random.key(3), pictures.shape)
    grown = clip_files.go_on(tmp_path / "old", fresh, tokenizer)
    np.testing.assert_allclose(
        clip.encode_image(taller, grown, picture), clip.encode_image(module, went_on, picture),
        atol=1e-5,
    )  # fmt: skip
    with pytest.raises(SystemExit, match="--width and --patch"):
        other = FlaxCLIPModule(clip_files.make_config(tokenizer, width=128, layers=1, patch=16))
        clip_files.go_on(
            tmp_path / "old", other.init(jax.random.key(0), ids, pictures, ids, ids)["params"],
            tokenizer,
        )  # fmt: skip


def test_recoloured_nouns_lose_the_colour_they_carry():
    blue = scenes.COLOR_NAMES.index("blue")
    text = scenes.phrase(np.random.default_rng(1), "red apple", blue)
    assert "blue apple" in text and "red" not in text


def test_energy_score_prefers_the_right_spread():
    """It is proper: the true distribution scores best, blur and excess both worse."""
    draw = lambda seed, spread: spread * jax.random.normal(jax.random.key(seed), (64, 64, 64))
    real = draw(0, 1.0)
    right, blurred, wild = (
        float(train_painter.energy_score(real, draw(1, s), draw(2, s))) for s in (1.0, 0.2, 2.0)
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
    loss = lambda p: train_painter.loss_fn(
        p, geometry, alpha, jax.random.key(2), module=module, scatter=scatter
    )
    step = jax.jit(jax.value_and_grad(loss))
    first, grad = step(params)
    for _ in range(20):
        params = jax.tree.map(lambda p, g: p - 0.01 * jnp.sign(g), params, grad)
        last, grad = step(params)
    assert last < first
    assert all(np.isfinite(x).all() for x in flax.traverse_util.flatten_dict(grad).values())


def test_every_word_is_one_token_and_always_the_same(tmp_path):
    one, words = clip_files.make_tokenizer(some_art(), tmp_path / "one")
    two, _ = clip_files.make_tokenizer(some_art(), tmp_path / "two")
    assert one.get_vocab() == two.get_vocab()
    assert {"sheep", "apple", "turquoise", "painting"} <= set(words)
    for word in words:
        assert one.tokenize(word) == [word + "</w>"]
    ids, mask = clip_files.tokenize(one, ["a black sheep", "zorble"])
    assert ids.shape == mask.shape == (2, clip_files.TEXT_LENGTH)
    assert mask[0].sum() == 5 and mask[1].sum() > 5  # unknown words are spelt


def test_unfinished_pictures_lie_between_nothing_and_the_picture():
    painter = painters.load("brush")
    picture = jnp.zeros((scenes.SIDE, scenes.SIDE, 3)).at[10:38, 10:38, 1].set(1.0)
    other = jnp.zeros_like(picture)
    many = jax.jit(jax.vmap(
        lambda key: unfinished.unfinish(key, picture, other, painter.module, painter.params)
    ))  # fmt: skip
    states = np.asarray(many(jax.random.split(jax.random.key(0), 64)))
    assert states.shape == (64, scenes.SIDE, scenes.SIDE, 3)
    assert states.min() > -1e-4 and states.max() < 1 + 1e-4
    lacks = np.sqrt(((picture - states) ** 2).mean((1, 2, 3)))
    assert lacks.min() < 0.02 and lacks.max() > 0.5  # some are finished, some hardly begun
    assert 0.02 < np.mean(lacks < 0.1) < 0.5


def test_blur_keeps_the_sum_and_spreads():
    dot = jnp.zeros((scenes.SIDE, scenes.SIDE, 3)).at[24, 24].set(1.0)
    soft = np.asarray(unfinished.blur(dot, 2.0))[..., 0]
    np.testing.assert_allclose(soft.sum(), 1.0, rtol=1e-5)
    rows = np.arange(scenes.SIDE) - 24
    np.testing.assert_allclose((soft.sum(1) * rows**2).sum(), 4.0, rtol=0.05)


def test_misfit_is_one_minus_the_weighted_cosine():
    rng = np.random.default_rng(0)
    wanted, noise = rng.normal(size=(2, 3, 4, 4, 3)).astype(np.float32)
    weight = jnp.array([1.0, 2.0, 0.0])
    misfit = lambda gradient: float(unfinished.misfit(gradient, wanted, weight))
    np.testing.assert_allclose(misfit(7.0 * wanted), 0.0, atol=1e-5)
    np.testing.assert_allclose(misfit(-wanted), 2.0, atol=1e-5)
    ignored = np.concatenate([wanted[:2], noise[2:]])
    np.testing.assert_allclose(misfit(ignored), 0.0, atol=1e-5)
    one, two = (np.sqrt([1, 2, 0])[:, None] * x.reshape(3, -1) for x in (noise, wanted))
    cosine = np.vdot(one, two) / np.linalg.norm(one) / np.linalg.norm(two)
    np.testing.assert_allclose(misfit(noise), 1 - cosine, atol=1e-5)


def test_training_turns_the_gradient_to_what_is_missing(tmp_path):
    """A tiny CLIP, the same batch again and again: the misfit falls, words are told apart."""
    art, painter = some_art(), painters.load("brush")
    tokenizer = clip_files.make_tokenizer(art, tmp_path)[0]
    module = FlaxCLIPModule(clip_files.make_config(tokenizer, width=64, layers=1, patch=16))
    ids = jnp.zeros((1, clip_files.TEXT_LENGTH), jnp.int32)
    pictures = jnp.zeros((1, scenes.SIDE, scenes.SIDE, 3))
    params = module.init(jax.random.key(0), ids, pictures, ids, ids)["params"]
    heads = [jnp.zeros((64, size)) for size in (8, 13, 20)]
    tx = optax.adam(3e-3)
    state = {"clip": clip_files.rescale(params, jax.random.key(0)), "heads": heads}
    state = (state, tx.init(state), guide_loss.begin(2))
    batch = batches.make(np.random.default_rng(0), art, tokenizer, 16)
    batch |= {"lives": np.uint32([0, 1]), "renewed": np.array([False, False])}
    step = jax.jit(functools.partial(
        guide_loss.train_step, module=module, tx=tx, painter=painter.module
    ))  # fmt: skip
    log = []
    for _ in range(60):
        pixels = jnp.asarray(art.pixels)
        state, parts = step(state, jax.random.key(1), batch, pixels, painter.params, 0.1)
        log.append(parts)
    assert state[2].step.tolist() == [60, 60]
    assert log[-1]["misfit"] < 0.7 * log[0]["misfit"]
    assert log[-1]["confusion"] < log[0]["confusion"]


def test_a_sketch_is_seen_beside_what_it_should_become_in_the_same_view():
    """What is wanted of empty paper is the scene, where the view puts it; none of finished."""
    art, painter = some_art(), painters.load("brush")
    scene = a_scene(1, scenes.COLOR_NAMES.index("red"), scenes.ONE, scenes.WHITE_GROUND, 0)
    scene = jax.tree.map(lambda x: np.repeat(np.asarray(x)[None], 3, 0), scene)
    batch = {"scenes": scene._replace(calm=np.ones(3, bool)), "lives": np.uint32([4, 5])}
    pixels, key = jnp.asarray(art.pixels), jax.random.key(0)
    one = jax.tree.map(lambda x: x[0], batch["scenes"])
    whole = jnp.stack([draw.compose(jax.random.key(seed), one, pixels) for seed in (4, 5)])
    sketches = guide_loss.begin(2)
    see = lambda pictures: guide_loss.show(  # noqa: E731
        key, batch, pixels, sketches._replace(picture=pictures), painter.module, painter.params
    )
    empty, done = see(sketches.picture), see(whole)
    assert empty.states.shape == (3, scenes.SIDE, scenes.SIDE, 3)
    np.testing.assert_allclose(done.wanted[:2], 0.0, atol=1e-6)
    red = np.asarray(empty.wanted[:2, ..., 1] < -0.5).mean((1, 2))  # paper that must lose its green
    here = np.asarray(whole[..., 1] < 0.5).mean((1, 2))
    np.testing.assert_allclose(red, here, rtol=0.3)  # views are scaled by 0.9 to 1.05
    again = guide_loss.renew(sketches._replace(picture=whole), np.array([False, True]))
    np.testing.assert_array_equal(again.picture, jnp.stack([whole[0], jnp.ones_like(whole[0])]))


def test_calm_scenes_show_typical_pictures_in_their_usual_place():
    art = some_art()
    typical = scenes.typical(art)
    assert set(typical) <= set(np.flatnonzero(~scenes.is_held_out(art)))
    names = [scenes.words_for(art.names[i])[0] for i in typical]
    assert len(names) == len(set(names))
    few = typical[:2]
    chosen, _, claims = scenes.choose(np.random.default_rng(0), art, 300, calm=0.5, typical=few)
    calm = chosen.calm
    assert 0.4 < calm.mean() < 0.6
    assert set(chosen.picture[calm].ravel()) <= set(few)
    assert set(chosen.picture[~calm, 0]) > set(few)
    assert np.isin(chosen.ground[calm], scenes.TOLD_GROUNDS).all()
    assert not np.isin(chosen.ground[~calm], scenes.TOLD_GROUNDS).all()
    for layout in range(5):
        mine = [i for i, claim in enumerate(claims) if claim.layout == layout and calm[i]]
        assert (chosen.box[mine] == chosen.box[mine[0]]).all()
        assert (chosen.box[mine[0], :, 2] > 0).sum() == (1, 2, 2, 2, 3)[layout]
    assert all(scenes.is_true(art, chosen, c.layout, i, c) for i, c in enumerate(claims))


def test_a_calm_thing_is_called_what_no_other_typical_picture_is():
    art = some_art()._replace(names=("ewe", "ram", *some_art().names[2:]))
    typical = scenes.typical(art)
    ram = np.flatnonzero(art.labels[typical] == 1)
    assert len(ram) == 1 and {"ram", "sheep"} <= set(scenes.words_for("ram"))

    def names_of_rams(**calm) -> set[str]:
        chosen, _, claims = scenes.choose(np.random.default_rng(1), art, 400, **calm)
        return {c.nouns[0] for c, row in zip(claims, chosen.picture[:, 0]) if art.labels[row] == 1}

    assert names_of_rams() == {"ram", "sheep", "pet"}
    assert names_of_rams(calm=1.0, typical=typical) == {"ram", "pet"}


def test_a_calm_thing_is_neither_turned_nor_mirrored():
    pixels = jnp.asarray(some_art().pixels).at[:, :, 24:, 3].set(0)  # the left half of a disc
    pixels = pixels.at[..., :3].set(0)  # black
    scene = a_scene(1, scenes.NO_COLOR, scenes.ONE, scenes.WHITE_GROUND, 0)
    many = jax.jit(jax.vmap(lambda key, calm: draw.compose(
        key, scene._replace(calm=calm), pixels), (0, None)))  # fmt: skip
    keys = jax.random.split(jax.random.key(0), 64)
    calm, free = (np.asarray(many(keys, jnp.asarray(flag))) for flag in (True, False))
    assert np.abs(calm - calm[0]).max() < 0.09  # the paper's own shade
    assert np.median(np.abs(free - calm[0]).max((1, 2, 3))) > 0.3


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
    fit = jax.jit(lambda key, sprite: paint_art.fit(key, sprite, painter, config=config, steps=60))
    painted = np.asarray(fit(jax.random.key(0), sprite))
    inner, outer = np.hypot(axis[:, None], axis) < 10, np.hypot(axis[:, None], axis) > 19
    assert painted[inner, 3].mean() > 0.8 and painted[outer, 3].mean() < 0.15
    np.testing.assert_allclose(painted[inner, :3].mean(0), (0.9, 0.1, 0.1), atol=0.15)


def test_fakes_climb_and_are_renewed_one_by_one():
    painter = painters.load("brush")
    begun = fakes.start(jax.random.key(0), 2)
    show = lambda latents: fakes.show(  # noqa: E731
        latents, jax.random.key(1), painter.module, painter.params
    )
    darkness = lambda latents: -show(latents).mean()  # noqa: E731
    step = jax.jit(lambda state: fakes.climb(state, jax.grad(darkness)(state.latents)))
    state = begun
    for _ in range(12):
        state = step(state)
    assert darkness(state.latents) > darkness(begun.latents) + 0.02
    assert show(state.latents).shape == (2, scenes.SIDE, scenes.SIDE, 3)
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
