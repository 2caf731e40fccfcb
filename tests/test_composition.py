"""Taking prompts apart into things, their places and the ground."""

import math

import pytest

from jaxpaint import composition
from jaxpaint.composition import COLORS, PLACES

KNOWN = {"cat", "dog", "house", "apple", "star", "tree", "cookie", "bus", "grapes", "fish", "wolf",
         "background", "orange", "sun", "moon", "owl", "bird", "glass", "two", "ghost", "swan",
         "scissors"}  # fmt: skip


def read(prompt, *, height=128, width=128, most=4, known=KNOWN):
    return composition.read(prompt, height=height, width=width, most=most, known=known)


@pytest.mark.parametrize("prompt, things", [
    ("cat", ["cat"]),
    ("A cat.", ["a cat"]),
    ("a painting of a cat", ["a cat"]),
    ("an oil painting of two cats", ["cat", "cat"]),
    ("a cat next to a red house", ["a cat", "a red house"]),
    ("a cat beside a dog", ["a cat", "a dog"]),
    ("a cat and a dog", ["a cat", "a dog"]),
    ("a cat, a dog and a house", ["a cat", "a dog", "a house"]),
    ("a cat with a dog", ["a cat", "a dog"]),
    ("a house with stars", ["a house with stars"]),
    ("a star above a tree", ["a star", "a tree"]),
    ("a house under a sun", ["a sun", "a house"]),
    ("three yellow stars", ["yellow star"] * 3),
    ("3 cookies", ["cookie"] * 3),
    ("two buses", ["bus"] * 2),
    ("two glasses", ["glass"] * 2),
    ("two fish", ["fish"] * 2),
    ("four wolves", ["wolf"] * 4),
    ("two cats and a dog", ["cat", "cat", "a dog"]),
    ("five cats", ["five cats"]),
    ("three cats and two dogs", ["three cats and two dogs"]),  # five of at most four
    ("black and white cat", ["black and white cat"]),
    ("red and blue", ["red and blue"]),
    ("a zorble next to a cat", ["a zorble next to a cat"]),  # one that it cannot draw
    ("two", ["two"]),
    ("a dog on a tree", ["a dog", "a tree"]),
    ("a cat near a dog", ["a cat", "a dog"]),
    ("a cat left of a dog", ["a cat", "a dog"]),
    ("a cat to the right of a dog", ["a dog", "a cat"]),
    ("a dog on the left of a house", ["a dog", "a house"]),
    ("a dog on the right of a house", ["a house", "a dog"]),
    ("a cat beneath the moon", ["the moon", "a cat"]),
    ("a cat on a zorble", ["a cat on a zorble"]),
    ("cats", ["cat", "cat"]),  # captions have plurals with a number alone
    ("the black cats", ["black cat"] * 2),
    ("cats and dogs", ["cat", "cat", "dog", "dog"]),
    ("a cat and two dogs", ["a cat", "dog", "dog"]),
    ("fish", ["fish"]),
    ("grapes", ["grapes"]),  # one bunch
    ("scissors", ["scissors"]),
    ("two scissors", ["scissors"] * 2),  # of which no one knows a half
    ("zorbles", ["zorbles"]),
])  # fmt: skip
def test_things_of_a_prompt(prompt, things):
    assert list(read(prompt).things) == things
    assert read(prompt).paper is None


@pytest.mark.parametrize("prompt, things, paper", [
    ("a cat on a blue background", ["a cat"], (COLORS["blue"],) * 2),
    ("a cat on grey paper", ["a cat"], (COLORS["gray"],) * 2),
    ("two cats on an orange background", ["cat", "cat"], (COLORS["orange"],) * 2),
    ("a cat on orange", ["a cat"], (COLORS["orange"],) * 2),
    ("a cat on an orange", ["a cat", "an orange"], None),
    ("a cat next to the orange on the red paper", ["a cat", "the orange"], (COLORS["red"],) * 2),
    ("a sun over a blue sea", ["a sun"], PLACES["sea"]),
    ("a bird above the ocean", ["a bird"], PLACES["sea"]),
    ("a tree in the snow", ["a tree"], PLACES["snow"]),
    ("an owl at night", ["an owl"], PLACES["night"]),
    ("a moon in the night sky", ["a moon"], PLACES["night"]),
    ("a cat next to a tree in a green field", ["a cat", "a tree"], PLACES["grass"]),
    ("the sea", ["the sea"], None),
    ("zorble in the snow", ["zorble in the snow"], None),
])  # fmt: skip
def test_ground_of_a_prompt(prompt, things, paper):
    plan = read(prompt)
    assert plan.paper == paper
    assert list(plan.things) == things


@pytest.mark.parametrize("prompt, toned", [
    ("white cat", True), ("a black cat next to a white house", True), ("two ghosts", True),
    ("swan", True), ("cat", False), ("black swan", False), ("black and white cat", False),
    ("pink ghost", False),
])  # fmt: skip
def test_white_things_are_on_toned_paper(prompt, toned):
    assert read(prompt).paper == ((COLORS["turquoise"],) * 2 if toned else None)


def test_a_ground_that_is_told_is_kept_under_white_things():
    assert read("a white cat on a red background").paper == (COLORS["red"],) * 2


@pytest.mark.parametrize("height, width", [(128, 128), (96, 192), (192, 96), (128, 160)])
@pytest.mark.parametrize("prompt", ["cat", "cat and dog", "star above tree", "three cats",
                                    "four cats", "a cat, a dog and a house"])  # fmt: skip
def test_places_are_square_and_their_middles_apart(prompt, height, width):
    boxes = read(prompt, height=height, width=width).boxes
    for x, y, w, h in boxes:
        assert w * width == pytest.approx(h * height) and w * width >= 30
        assert 0 < x < 1 and 0 < y < 1 and max(w, h) <= 1 + 1e-9
    for i, (x, y, w, _) in enumerate(boxes):
        for other in boxes[:i]:
            apart = math.hypot((x - other[0]) * width, (y - other[1]) * height)
            assert apart > 0.85 * w * width


def test_left_and_upper_are_where_the_words_say():
    cat, house = read("a cat next to a house").boxes
    assert cat[0] < house[0] and cat[1] == house[1]
    star, tree = read("a star above a tree").boxes
    assert star[1] < tree[1] and star[0] == tree[0]
    moon, tree = read("a tree below a moon").boxes
    assert moon[1] < tree[1]
    cat, house = read("a cat on a house").boxes
    assert cat[1] < house[1]


def test_without_a_list_of_words_every_noun_is_known():
    assert list(read("a zorble next to a cat", known=None).things) == ["a zorble", "a cat"]
    assert read("three cats", most=2).things == ("three cats",)
    assert read("a cat on a blue background", most=0) == (
        ("a cat on a blue background",), ((0.5, 0.5, 1.0, 1.0),), None
    )  # fmt: skip


@pytest.mark.parametrize("one", ["pine tree", "loaf of bread", "cherry", "wolf", "bus", "box",
                                 "glass", "monkey", "sheep", "peach", "cookie"])  # fmt: skip
def test_singular_undoes_plural(one):
    assert composition.singular(composition.plural(one), known={"cookie", "bus"}) == one


def test_of_nothing_there_is_one_and_many_of_nothing():
    for nothing in ("", " ", " of milk"):
        assert composition.plural(nothing) == composition.singular(nothing, known=None) == nothing
    assert composition.singular("s", known=None) == "s"
