"""Which words of a prompt a CLIP knows."""

import dataclasses

import pytest

from jaxpaint import clip, studio, vocabulary

TAUGHT = vocabulary.read({
    "words": "a on red boat boats ferris wheel wheels woman hat watch".split(),
    "parts": ["ferris", "wheel", "wheels", "woman"],
    "names": ["ferris wheel", "woman hat"],
})  # fmt: skip


@pytest.mark.parametrize("prompt, unknown", [
    ("a red boat", []),
    ("A Zebra's RED boat, 2 zebra & boats!", ["zebra"]),
    ("a boat on a ferris wheel", []),
    ("Ferris wheels", []),
    ("a woman's hat", []),
    ("a woman on a boat", ["woman"]),  # its hat alone was ever shown
    ("a wheel, ferris", ["wheel", "ferris"]),
])  # fmt: skip
def test_unknown_words(prompt, unknown):
    assert vocabulary.unknown(TAUGHT, prompt) == unknown


def test_without_a_list_all_is_known():
    assert vocabulary.unknown(None, "zebra") == []


def test_a_list_of_words_alone_will_do():
    assert vocabulary.unknown(vocabulary.read({"words": ["Red"]}), "red boat") == ["boat"]


def test_near_words_are_spelt_alike_and_mean_something_alone():
    assert vocabulary.near(TAUGHT, "boatt") == ["boat", "boats"]
    assert vocabulary.near(TAUGHT, "wheell") == []
    assert vocabulary.near(TAUGHT, "forest") == []


def test_the_bundled_clip_knows_things_and_no_bits_of_their_names():
    known = clip.load("bundled").vocabulary
    assert vocabulary.unknown(known, "two teddy bears next to a ferris wheel at night") == []
    assert vocabulary.unknown(known, "a man and a woman") == ["man", "woman"]
    assert known.parts < known.words


def test_words_for_grounds_are_known_to_a_sketch():
    eye = clip.load("bundled")
    assert studio.unknown_words(eye, "a duck on a lake") == []
    plain = dataclasses.replace(eye, recipe={})
    assert studio.unknown_words(plain, "a duck on a lake") == ["lake"]
