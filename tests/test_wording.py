"""What a CLIP is given to read: its own words alone, and nothing lost in silence."""

import functools

import numpy as np
import pytest

from jaxpaint import clip, composition, studio, vocabulary, wording

KNOWN = vocabulary.read({
    "words": """a an and the in on of at over under next to above below with by red blue gray purple
        two three cat cats dog dogs house houses lion lions hat guitar sea grass night background
        gloves foot feet mouse mice news ferris wheel wheels cup cups tea teas face apple apples
        painting maple leaf leaves t shirt shirts art""".split(),
    "parts": ["ferris", "wheel", "wheels", "face", "maple", "t"],
    "names": ["ferris wheel", "cup of tea", "cat face", "red apple", "maple leaf", "t shirt"],
})  # fmt: skip


def read(prompt, *, laid=True):
    return wording.read(prompt, known=KNOWN, laid=laid)


@pytest.mark.parametrize("prompt, kept, lost", [
    ("a majestic lion", "lion", ["majestic"]),
    ("a big red dog", "red dog", ["big"]),
    ("A Lion!!!", "a lion", []),
    ("“a red apple”", "a red apple", []),
    ("a red-apple", "a red apple", []),
    ("the lion's hat", "the lion hat", []),
    ("a T-shirt", "a t shirt", []),
    ("my cat", "cat", []),
    ("draw me a cat, please", "a cat", []),
    ("a man", "", ["man"]),
    ("letter S", "", ["letter", "s"]),
    ("the U.S. lion", "lion", ["u", "s"]),
    ("and", "", []),
    ("two", "", []),
    ("on the", "", []),
    ("red", "red", []),
    ("a red background", "a red background", []),
    ("in the night", "in the night", []),
    ("a red zorble", "", ["zorble"]),
    ("a zorble next to a cat", "a cat", ["zorble"]),
    ("a cat on a zorble next to a dog", "a cat next to a dog", ["zorble"]),
    ("a cat sitting on a house", "a cat on a house", ["sitting"]),
    ("a man riding a lion", "a lion", ["man", "riding"]),
    ("a cat chasing a dog", "a cat and a dog", ["chasing"]),
    ("a dog playing guitar", "a dog and guitar", ["playing"]),
    ("a flock of lions", "lions", ["flock"]),
    ("a man in the grass", "", ["man"]),  # its ground alone is no picture of it
    ("a cat on a striped background", "a cat", ["striped"]),
    ("a wheel", "", ["wheel"]),  # the ferris wheel's alone
    ("two ferris wheels", "two ferris wheels", []),
    ("two maple leaves", "two maple leaves", []),
    ("three cups of tea", "three cups of tea", []),
    ("a cat, a dog and a house.", "a cat, a dog and a house", []),
    ("lion, highly detailed, digital art, 4k", "lion", ["highly", "detailed", "digital", "4k"]),
    ("a lion, zorble style", "a lion", ["zorble", "style"]),
    ("a photo of a cat", "a cat", []),
    ("a beautiful oil painting of a cat", "a cat", ["beautiful", "oil"]),
    ("a cat in front of a painting of a dog", "a cat and a painting of a dog", ["front"]),
    ("a grey cat", "a gray cat", []),
    ("violet hat on a grey background", "purple hat on a gray background", []),
    ("a cat by a lake", "a cat by a sea", []),
    ("a lake", "", ["lake"]),  # as a ground alone it is understood
    ("one cat", "a cat", []),
    ("5 cats", "four cats", ["5"]),
    ("a dozen cats", "four cats", ["dozen"]),
    ("a pair of cats", "two cats", []),
    ("a red glove", "a red gloves", []),  # as captions call them
    ("two foots", "two feet", []),
    ("mouses", "mice", []),
    ("a new hat", "hat", ["new"]),
    ("a cat & a dog", "a cat and a dog", []),
    ("a 🐱", "a cat face", []),
    ("a cat and a 🦑", "a cat", ["🦑"]),
    ("un gato negro", "", ["un", "gato", "negro"]),
    ("猫", "", ["猫"]),
    ("there is", "", []),
])  # fmt: skip
def test_what_is_kept_and_what_is_lost(prompt, kept, lost):
    assert (read(prompt).kept, list(read(prompt).lost)) == (kept, lost)


@pytest.mark.parametrize("prompt, text", [
    ("a cat left of a dog", "a cat next to a dog"),
    ("a cat to the right of a dog near a house", "a cat next to a dog next to a house"),
    ("a cat beneath a house", "a cat below a house"),
    ("a cat, a dog, and a house", "a cat and a dog and a house"),
    ("3 cats and 2 dogs", "three cats and two dogs"),
    ("four cats", "cats"),  # no caption counts further than three
    ("black cat", ""),  # no word of this vocabulary
    ("red cat", "red cat"),
])  # fmt: skip
def test_what_the_clip_reads(prompt, text):
    assert read(prompt).text == (text or "cat")


def test_without_a_layout_its_words_are_not_understood():
    assert read("four cats near a lake", laid=False).lost == ("four", "near", "lake")
    assert read("a cat left of a dog", laid=False).text == "a cat and a dog"


def test_a_clip_without_a_list_reads_everything():
    text = "A majestic lion!"
    assert wording.read(text, known=None, laid=True) == (text, text, ())
    assert wording.taught("a grey cat", known=None) == "a grey cat"


def test_any_words_in_any_order_leave_taught_words_alone_and_are_read_the_same_again():
    rng = np.random.default_rng(0)
    words = [*sorted(KNOWN.words), "zorble", "5", "four", "grey", "lake", "left of", ",", "🐱", "&"]
    words += ["s", "es", ", ", "U.S.", "with"]
    for _ in range(500):
        prompt = " ".join(rng.choice(words, rng.integers(1, 9)))
        found = read(prompt)
        assert set(found.text.split()) <= KNOWN.words
        again = read(found.kept)
        assert again.kept == found.kept and not again.lost, prompt
        said = set(prompt.lower().replace(".", " ").split())
        assert set(found.lost) <= said | set(composition.COUNTS)
        if not found.kept:
            assert not found.text


def test_what_captions_say_is_read_as_it_is():
    """The bundled CLIP's own words, in the phrases that it was taught."""
    known = clip.load("bundled").vocabulary._replace(said=())
    places = ("", " on a red background", " in the snow", " over a blue sea", " at night")
    for noun in sorted(known.names | (known.words - known.parts)):
        for place in places:
            text = f"a {noun}{place}"
            found = wording.read(text, known=known, laid=True)
            if not found.lost and noun in known.names:
                assert found.text == text


def test_a_prompt_is_sketched_and_read_without_what_is_unknown():
    eye = clip.load("bundled")
    config = studio.configure(eye)
    plan = functools.partial(wording.plan, known=eye.vocabulary, config=config)
    reading = plan("a majestic lion next to 2 grey cats")
    assert reading.plan.things == ("lion", "gray cat", "gray cat")
    assert reading.text == "lion next to two gray cats" and reading.lost == ("majestic",)
    nothing = plan("a zorble")
    assert not nothing.text and nothing.plan.things == ("a zorble",)
    assert plan("a duck on a lake").lost == ()
    whole = plan("a duck on a lake", config=studio.configure(eye, sketch_steps=0))
    assert whole.lost == ("lake",) and whole.text == "a duck"


def test_a_name_is_one_thing_whatever_it_says():
    """Meat on bone is no meat above a bone; but two hearts are laid out as any two."""
    eye = clip.load("bundled")
    plan = functools.partial(wording.plan, known=eye.vocabulary, config=studio.configure(eye))
    counted = {"two cherries", "two hearts", "two leaves"} & eye.vocabulary.names
    for name in eye.vocabulary.names - counted:
        assert (plan(name).plan.things, plan(name).text) == ((name,), name)
    for name in counted:
        assert len(plan(name).plan.things) == 2
    some = plan("two red nut and bolt under a bow and arrow at night").plan
    assert some.things == ("a bow and arrow", "red nut and bolt", "red nut and bolt")
    assert some.paper == composition.PLACES["night"]


def test_words_that_are_drawn_badly_are_read_as_better_ones():
    known = vocabulary.read({"words": ["a", "black", "cat", "cats", "kitten", "dog", "and"],
                             "said": {"black cat": "black kitten"}})  # fmt: skip
    assert wording.taught("a dog and a black cat", known=known) == "a dog and a black kitten"
    assert wording.taught("a black cats", known=known) == "a black cats"
