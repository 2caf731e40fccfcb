"""Which words of a prompt a CLIP knows, and what to try instead."""

import itertools

import pytest

from jaxpaint import clip, thesaurus, vocabulary

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


@pytest.mark.parametrize("word, tries", [
    ("boatt", ["boat"]),
    ("bota", ["boat"]),  # neighbours swapped
    ("boatts", ["boats"]),
    ("baot", ["boat"]),
    ("wheell", []),  # a wheel means nothing alone
    ("forest", []),
    ("wheel", ["ferris wheel"]),  # a name that it is a part of
    ("wheels", ["ferris wheel"]),
    ("scarlet", ["red"]),  # of the thesaurus
    ("houseboat", ["boat"]),  # a compound is what it ends in
    ("crimson", ["red"]),
    ("5", ["four"]),
    ("dozen", ["four"]),
    ("⌚", ["watch"]),  # by its Unicode name
    ("hat", []),  # known
    ("hot", []),  # no hat misspelt
    ("猫", []),
])  # fmt: skip
def test_what_to_try_instead(word, tries):
    assert vocabulary.near(TAUGHT, word) == tries


def test_fewest_letters_off_by_a_naive_count():
    """Every edit tried, to the depth that is allowed."""

    def edits(word):
        cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
        yield from (a + b[1:] for a, b in cuts)
        yield from (a + c + b for a, b in cuts for c in "abc")
        yield from (a + c + b[1:] for a, b in cuts if b for c in "abc")
        yield from (a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1)

    words = ["".join(some) for n in range(1, 5) for some in itertools.product("abc", repeat=n)]
    near = {word: set(edits(word)) for word in words}
    for one in words[::7]:
        for two in words[::5]:
            off = vocabulary._letters_off(one, two)
            assert (off <= 1) == (one == two or two in near[one]), (one, two)
            assert off == vocabulary._letters_off(two, one)


def test_the_thesaurus_offers_known_things_for_words_that_are_not():
    """Every line has something for the bundled CLIP; nothing is offered for itself."""
    known = clip.load("bundled").vocabulary
    table = thesaurus.words_to_try()
    for word, tries in table.items():
        assert word not in tries and word == word.lower()
        if tries and vocabulary.unknown(known, word):
            assert vocabulary.near(known, word), word


def test_the_bundled_clip_knows_things_and_no_bits_of_their_names():
    known = clip.load("bundled").vocabulary
    assert vocabulary.unknown(known, "two teddy bears next to a ferris wheel at night") == []
    assert vocabulary.unknown(known, "an office and a ferris") == ["office", "ferris"]
    assert known.parts < known.words


def test_things_are_nouns_one_of_each():
    known = clip.load("bundled").vocabulary
    things = vocabulary.things(known)
    assert things == sorted(set(things)) and len(things) > 500
    assert {"cat", "tree", "ferris wheel", "glasses", "bus", "sheep"} <= set(things)
    assert not {"cats", "ferris", "red", "the", "next", "two", "background"} & set(things)
    for thing in things:  # each can be asked for as it is told
        assert vocabulary.unknown(known, thing) == []
