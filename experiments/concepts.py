"""Which emoji the bundled CLIP learns, how often it sees them, and the words around their names.

Icons have CLDR short names, written as the icon sets write them (lower case, hyphens).
`names` says what captions call them.
"""

from __future__ import annotations

import re

from jaxpaint import composition

# Unicode groups and subgroups (emoji-test.txt) that are depictable nouns, which came first.
GROUPS = ("Animals & Nature", "Food & Drink", "Travel & Places", "Activities", "Objects")
SUBGROUPS = ("face-costume", "heart", "monkey-face", "body-parts", "hand-fingers-open")
# Signs, clock hands and near duplicates, which are names rather than things.
SKIP_SUBGROUPS = ("time", "mail", "money", "sound", "lock", "office")
SKIP_WORDS = (
    "oncoming", "moon-face", "quarter-moon", "gibbous", "waxing", "waning", "globe-with",
    "map-of", "medal", "speaker", "heart-with", "departure", "arrival", "no-evil",
    "front-facing", "service-dog", "guide-dog", "love-hotel", "with-arrow", "card-index",
    "suit", "mahjong", "flower-playing", "railway-car", "bookmark-tabs", "foggy",
    "on-ground", "placard", "hair-pick", "level-slider", "control-knobs", "muted",
    "badge", "identification", "x-ray", "hands", "hand-with", "raised", "vulcan",
    "rightwards", "leftwards", "palm-up", "palm-down", "pushing", "new-moon", "anger",
)  # fmt: skip
EXTRA = ("watch", "alarm-clock", "key", "bell", "envelope", "scissors", "coin", "hourglass-done")
LATER = ("tangerine", "skull")  # which the rules above miss
# Everything else came last, but for what no painting can tell from another picture: clock hands,
# boxed words of Japanese shops, families by their members, hearts and squares of other colours.
_DOUBLES = re.compile(
    "(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)-(oclock|thirty)"
    "|japanese-.*-button|input-(latin-uppercase|latin-lowercase|symbols)|(cl|id|ng|up)-button"
    "|(family|kiss|couple-with-heart)-(man|woman)-.*|keycap-|(on|soon|top)-arrow|waxing-.*|waning-.*"
    "|(pink|orange|yellow|green|blue|light-blue|purple|brown|black|grey|white)-heart"
    "|(green|blue|orange)-book|(service|guide)-dog|love-hotel|dotted-line-face|mx-claus"
    "|(orange|yellow|green|blue|purple|brown|black|white)-(circle|square)|radio-button"
    "|(black|white)-.*-square|small-(orange|blue)-diamond|large-orange-diamond|diamond-with-a-dot"
    "|(black|white)-square-button"
    # Of who does something, one is enough where it is seldom asked for or hard to see.
    "|(man|woman)-(frowning|pouting|gesturing-(no|ok)|tipping-hand|raising-hand|bowing|facepalming"
    "|shrugging|getting-(massage|haircut)|standing|kneeling|in-steamy-room|bouncing-ball"
    "|mountain-biking|playing-(handball|water-polo)|wearing-turban|with-white-cane"
    "|in-motorized-wheelchair|cartwheeling|lifting-weights|juggling)"
    "|person-(red|curly|white|blond)-hair|person-bald|woman-beard|deaf-.*|(men|people)-with-bunny-ears"
    "|pregnant-(man|person)|(man|person)-feeding-baby|(man|person)-with-veil"
    # These territories fly the flag of a country.
    "|flag-(clipperton-island|st-martin|bouvet-island|svalbard-and-jan-mayen|us-outlying-islands"
    "|heard-and-mcdonald-islands|ceuta-and-melilla|diego-garcia|reunion|french-guiana|mayotte"
    "|guadeloupe|st-barthelemy|st-pierre-and-miquelon)"
)
# How often a picture of these groups is shown, beside one of another.
_SHARES = {"Smileys & Emotion": 0.6, "People & Body": 0.4, "Symbols": 0.3, "Flags": 0.15}

# Pairs that people are likely to ask for; training shows them more often than by chance.
USUAL = (
    ("black", "sheep"), ("red", "apple"), ("green", "tree"), ("yellow", "sun"), ("blue", "fish"),
    ("purple", "butterfly"), ("red", "car"), ("brown", "bear"), ("pink", "pig"), ("blue", "bird"),
    ("yellow", "banana"), ("white", "rabbit"), ("red", "rose"), ("orange", "cat"),
    ("brown", "dog"), ("green", "frog"), ("black", "horse"), ("red", "house"), ("pink", "flower"),
    ("yellow", "star"), ("black", "cat"),
)  # fmt: skip


def share(icon: str, group: str) -> float:
    """How often scenes show a thing, beside others; 0: it is not taught."""
    return 0.0 if _DOUBLES.fullmatch(icon) else _SHARES.get(group, 1.0)


def takes_color(icon: str) -> bool:
    """Whether it is itself in any colour, as a flag of a country is not."""
    return not icon.startswith("flag-")


TEMPLATES = ("{}", "{}", "{}", "a painting of {}", "a picture of {}", "a drawing of {}",
             "painting of {}")  # fmt: skip

# Words for the places that a scene may be set in.
IN_PLACES: dict[str, tuple[str, ...]] = {
    "sea": ("over a blue sea", "on the sea", "by the sea", "in a blue sea"),
    "grass": ("on the grass", "in a green field", "on green grass", "in a meadow"),
    "sky": ("in the sky", "in a blue sky"),
    "night": ("at night", "in the night sky"),
    "snow": ("in the snow", "on white snow"),
    "desert": ("in the desert", "on the sand"),
    "sunset": ("at sunset", "in the evening"),
}


def phrases() -> list[str]:
    """All that captions say beside nouns."""
    placed = [words for place in IN_PLACES.values() for words in place]
    templates = [template.format("") for template in TEMPLATES]
    related = [*composition.BESIDE, *composition.ABOVE, *composition.BELOW]
    other = ["on a background", "an", "two", "three", *related]
    return [*placed, *templates, *composition.COLORS, *other]
