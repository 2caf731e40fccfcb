"""Scenes and their captions: each says what the other shows."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sample_art import a_scene, drawn, quick_jit, some_art

from experiments import batches, clip_files, concepts, draw, names, scenes, synonyms
from jaxpaint import composition


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
        assert upper_first == any(f" {word} " in text for word in composition.ABOVE)
    assert len({"below" in text or "under" in text for text in texts}) == 2


def test_plurals():
    for one, many in {
        "sheep": "sheep", "butterfly": "butterflies", "church": "churches", "bus": "buses",
        "glass of wine": "glasses of wine", "grapes": "grapes", "maple leaf": "maple leaves",
        "monkey": "monkeys", "foot": "feet", "snowman": "snowmen", "woman": "women",
        "woman dancing": "women dancing", "person in bed": "people in bed",
        "house with garden": "houses with garden", "boxing glove": "boxing gloves",
    }.items():  # fmt: skip
        assert composition.plural(one) == many
        assert composition.singular(many, known={one}) == one


def test_articles_go_by_sound_and_plurals_have_none():
    for words, article in {
        "owl": "an", "unicorn": "a", "ufo": "a", "umbrella": "an", "hourglass": "an", "house": "a",
        "orange cat": "an", "octopus": "an", "bus": "a", "compass": "a", "glass of wine": "a",
        "tennis ball": "a", "jeans": "", "blue scissors": "", "bunch of grapes": "a",
    }.items():  # fmt: skip
        assert composition.article(words) == article
    rng = np.random.default_rng(0)
    told = {scenes.phrase(rng, "jeans", scenes.NO_COLOR) for _ in range(50)}
    assert told == {"jeans"}
    told = {scenes.phrase(rng, "orange", scenes.COLOR_NAMES.index("red")) for _ in range(50)}
    assert told == {"red orange", "a red orange"}


def test_words_of_pictures_are_plain_and_synonyms_are_not_their_names():
    for icon, words in {**names.WORDS, **synonyms.OF}.items():
        assert concepts.share(icon, "Objects") > 0 and words, icon
        assert all(re.fullmatch("[a-z]+( [a-z]+)*", word) for word in words), words
    for icon, words in synonyms.OF.items():
        assert not set(words) & set(names.words_for(icon)), icon


@pytest.mark.parametrize("icon, words", [
    ("woman-farmer", ("woman farmer", "farmer")), ("man-swimming", ("man swimming", "swimmer")),
    ("man-walking", ("man walking", "person walking")), ("woman-elf", ("woman elf", "elf")),
    ("flag-brazil", ("flag of brazil", "brazilian flag")), ("flag-togo", ("flag of togo",)),
    ("hot-air-balloon", ("hot air balloon",)), ("ewe", ("sheep", "sheep", "lamb", "ewe")),
])  # fmt: skip
def test_what_pictures_are_called(icon, words):
    assert names.words_for(icon) == words


def test_icon_sets_spell_flags_their_own_way():
    assert "fr-4x3" in names.spellings("flag-france", "1F1EB 1F1F7")
    assert "flag-for-france" in names.spellings("flag-france", "1F1EB 1F1F7")
    assert "gb-sct" in names.spellings("flag-scotland", "1F3F4 E0067 E0062 E0073")
    assert names.spellings("cat", "1F408") == ["cat"]
    assert names.spellings("pinata", "1FA85") == ["pinata", "piata"]


def test_what_no_painting_tells_apart_is_not_taught_and_shares_are_by_group():
    for icon in ("family-man-woman-boy", "three-thirty", "blue-heart", "green-circle", "keycap-"):
        assert concepts.share(icon, "Symbols") == 0
    for icon in ("family", "red-heart", "kiss-mark", "keycap-3", "red-circle", "stopwatch"):
        assert concepts.share(icon, "Objects") == 1
    assert 0 < concepts.share("flag-france", "Flags") < concepts.share("singer", "People & Body")


def test_art_files_say_which_things_are_taught(tmp_path):
    art = some_art()
    icons = ("ewe", "blue-heart", "flag-togo", *art.names[3:])
    groups = ("Objects", "Smileys & Emotion", "Flags", *["Objects"] * 5)
    np.savez(
        tmp_path / "art.npz", pictures=art.pixels[..., :4], labels=art.labels, styles=art.styles,
        names=icons, groups=groups,
    )  # fmt: skip
    found = scenes.load_art(str(tmp_path / "art.npz"))
    assert found.names == icons and found.taught.tolist() == [0, 2, 3, 4, 5, 6, 7]
    assert found.shares[2] == np.float32(concepts.share("flag-togo", "Flags"))
    assert found.pixels.shape == art.pixels.shape
    names_of = [found.names[found.labels[row]] for row in scenes.typical(found)]
    assert "blue-heart" not in names_of and "ewe" in names_of
    np.savez(tmp_path / "old.npz", pictures=art.pixels[..., :4], names=icons)
    with pytest.raises(
        SystemExit, match="has no groups .* make it anew: python -m experiments.art"
    ):
        scenes.load_art(str(tmp_path / "old.npz"))


def test_scenes_show_things_by_their_shares_and_flags_as_they_are():
    art = some_art()
    art = art._replace(
        names=("flag-togo", "owl", *art.names[2:]), shares=np.float32([3, 1] + 6 * [0])
    )
    for calm in ({}, {"calm": 1.0, "typical": np.arange(2)}):
        chosen, _, _ = scenes.choose(np.random.default_rng(0), art, 2000, **calm)
        first = art.labels[chosen.picture[:, 0]]
        assert set(first) == {0, 1} and abs((first == 0).mean() - 0.75) < 0.04
        assert (chosen.color[first == 0, 0] == scenes.NO_COLOR).all()
        assert (chosen.color[first == 1, 0] >= 0).any()


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
    compatible, wrong = np.split(batch["compatible"], 2, axis=1)
    assert wrong.any() and not np.diag(wrong).any()
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
            assert batches.wrong_caption(rng, art, scene, row, claim)[0] not in true_texts


def test_recoloured_nouns_lose_the_colour_they_carry():
    blue = scenes.COLOR_NAMES.index("blue")
    text = scenes.phrase(np.random.default_rng(1), "red apple", blue)
    assert "blue apple" in text and "red" not in text


def test_calm_scenes_show_typical_pictures_in_their_usual_place():
    art = some_art()
    typical = scenes.typical(art)
    assert set(typical) <= set(np.flatnonzero(~scenes.is_held_out(art)))
    called = [names.words_for(art.names[i])[0] for i in typical]
    assert len(called) == len(set(called))
    few = typical[:2]
    chosen, texts, claims = scenes.choose(np.random.default_rng(0), art, 300, calm=0.5, typical=few)
    calm = chosen.calm
    assert 0.4 < calm.mean() < 0.6
    assert set(chosen.picture[calm].ravel()) <= set(few)
    assert set(chosen.picture[~calm, 0]) > set(few)
    assert (chosen.box[calm] == chosen.box[calm][0]).all()
    assert (chosen.box[calm, :, 2] > 0).sum() == calm.sum()  # one thing each
    assert {claim.layout for claim, c in zip(claims, calm) if not c} == set(range(5))
    # The paper is there before the picture, so a caption need not tell it.
    named = calm & (chosen.ground == scenes.NAMED_GROUND)
    told = np.array(["background" in text for text in texts])
    assert told[named].any() and not told[named].all()
    assert told[~calm & (chosen.ground == scenes.NAMED_GROUND)].all()
    assert all(scenes.is_true(art, chosen, c.layout, i, c) for i, c in enumerate(claims))


def test_a_calm_thing_is_called_what_no_other_typical_picture_is():
    art = some_art()._replace(names=("ewe", "ram", *some_art().names[2:]))
    typical = scenes.typical(art)
    ram = np.flatnonzero(art.labels[typical] == 1)
    assert len(ram) == 1 and {"ram", "sheep"} <= set(names.words_for("ram"))

    def names_of_rams(**calm) -> set[str]:
        chosen, _, claims = scenes.choose(np.random.default_rng(1), art, 400, **calm)
        return {c.nouns[0] for c, row in zip(claims, chosen.picture[:, 0]) if art.labels[row] == 1}

    assert names_of_rams() == {"ram", "sheep", "pet"}
    assert names_of_rams(calm=1.0, typical=typical) == {"ram", "pet"}


def test_a_calm_thing_is_neither_turned_nor_mirrored():
    pixels = jnp.asarray(some_art().pixels).at[:, :, 24:, 3].set(0)  # the left half of a disc
    pixels = pixels.at[..., :3].set(0)  # black
    scene = a_scene(1, scenes.NO_COLOR, scenes.ONE, scenes.WHITE_GROUND, 0)
    many = quick_jit(jax.vmap(lambda key, calm: draw.compose(
        key, scene._replace(calm=calm), pixels), (0, None)))  # fmt: skip
    keys = jax.random.split(jax.random.key(0), 64)
    calm, free = (np.asarray(many(keys, jnp.asarray(flag))) for flag in (True, False))
    assert np.abs(calm - calm[0]).max() < 0.09  # the paper's own shade
    assert np.median(np.abs(free - calm[0]).max((1, 2, 3))) > 0.3


def test_a_scene_is_the_same_picture_at_any_size():
    scene = a_scene(1, scenes.COLOR_NAMES.index("red"), scenes.TWO, scenes.WHITE_GROUND, 0)
    many = quick_jit(jax.vmap(lambda key, kind, pixels: draw.compose(
        key, scene._replace(ground=kind), pixels), (0, 0, None)))  # fmt: skip
    keys, grounds = jax.random.split(jax.random.key(0), 7), jnp.arange(7)
    one, other = (
        np.asarray(many(keys, grounds, jnp.asarray(some_art(side).pixels))) for side in (48, 64)
    )
    assert other.shape == (7, 64, 64, 3)
    smaller = jax.image.resize(other, one.shape, "linear")
    away = lambda picture: np.abs(smaller - picture).mean((1, 2, 3))  # noqa: E731
    assert away(one).max() < 0.02
    assert np.all(4 * away(one) < away(np.roll(one, 1, 0)))


@pytest.mark.parametrize(("color", "light"), [("black", True), ("red", False)])
def test_eyes_stay_seen_whatever_colour_the_body_becomes(color, light):
    pixels = some_art().pixels.copy()
    eye = slice(22, 26), slice(22, 26)
    pixels[1][eye] = [10, 10, 10, 255, 0]  # no part of the body
    scene = a_scene(1, scenes.COLOR_NAMES.index(color), scenes.ONE, scenes.WHITE_GROUND, 0)
    scene = scene._replace(calm=np.bool_(True), box=np.float32([[0.5, 0.5, 1.0]] + [[0] * 3] * 2))
    image = np.asarray(draw.compose(jax.random.key(0), scene, jnp.asarray(pixels)))
    assert (image[eye].mean() > 0.8) == light
    assert np.abs(image[eye].mean((0, 1)) - image[18, 18]).max() > 0.5
