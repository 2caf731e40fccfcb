"""What of a picture is recoloured."""

import numpy as np

from experiments import bodies


def picture(*stripes):
    """Stripes of a colour and their number of rows, 12 wide, opaque, between clear rows."""
    rows = [np.tile(np.uint8([*color, 255]), (number, 12, 1)) for color, number in stripes]
    clear = np.zeros((4, 12, 4), np.uint8)
    return np.concatenate([clear, *rows, clear])


def shares(*stripes):
    """How much of each stripe belongs to the body."""
    mask = bodies.mask(picture(*stripes))[4:-4]
    assert mask.min() >= 0 and mask.max() <= 1
    ends = np.cumsum([number for _, number in stripes])
    return np.array([part.mean() for part in np.split(mask, ends[:-1])])


def test_the_most_frequent_colour_is_the_body_and_others_are_not():
    wool, face = (240, 240, 240), (130, 130, 130)
    assert (shares((wool, 20), (face, 10)) > 0.5).tolist() == [True, False]
    assert (shares((wool, 10), (face, 20)) > 0.5).tolist() == [False, True]


def test_shades_of_its_hue_belong_to_it_and_outlines_do_not():
    """As of a butterfly: black is more frequent than any one blue."""
    blues = [((2 * i, 13 * i, 20 * i), 5) for i in range(7, 13)]
    found = shares(((20, 20, 20), 9), *blues, ((250, 160, 60), 4))
    assert found[0] < 0.2 and found[1:-1].min() > 0.7 and found[-1] < 0.2


def test_what_is_mostly_dark_is_a_dark_body():
    found = shares(((40, 40, 40), 20), ((250, 200, 60), 10), ((250, 250, 250), 8))
    assert found[0] > 0.9 and found[1:].max() < 0.2


def test_pale_shades_of_another_thing_are_not_the_body():
    cap, stem = (230, 90, 30), (250, 215, 190)
    assert (shares((cap, 20), (stem, 15)) > 0.5).tolist() == [True, False]
