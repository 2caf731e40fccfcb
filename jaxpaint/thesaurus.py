"""Other words for what a small CLIP may know: what to try in place of a word that it does not.

A line has words to try, and behind the colon words that people write: kinds of those things,
other names for them, or what looks nearest to them. For the words of the last lines there is
nothing to try, and they are no misspellings either. Written by hand, of things that people like
to draw. Whoever asks leaves out what the CLIP at hand does not know.
"""

from __future__ import annotations

import functools

_LINES = """
airplane, helicopter: aircraft jet biplane glider drone airship blimp
hot air balloon, balloon: zeppelin
sailboat, ship: boat submarine warship battleship kayak raft rowboat gondola steamboat ferry
car: minivan van jeep limousine convertible coupe sedan wagon suv carriage racecar
truck, tractor: lorry pickup bulldozer excavator digger forklift van crane
fire truck: firetruck fireman firefighter
train, bus: tram subway trolley monorail streetcar underground caravan camper
bird, eagle, dove: crow raven magpie pigeon sparrow robin hawk falcon vulture seagull gull canary
bird, parrot: toucan hummingbird woodpecker kingfisher finch swallow blackbird
flamingo, swan, bird: stork heron pelican ostrich emu
penguin: puffin
cat, kitten: kitty pussycat pussy kit
dog, puppy: doggo doggy doggie hound terrier bulldog labrador corgi dachshund husky pug beagle
dog: spaniel retriever chihuahua poodle
pig: piglet hog swine boar
horse: foal pony colt mare stallion mule donkey
cow, ox: calf heifer cattle buffalo yak bison
lizard, crocodile: gecko iguana chameleon salamander newt
snake: cobra viper python boa
frog: toad tadpole
tiger, lion, cat: cheetah jaguar panther puma cougar lynx leopard bobcat
wolf, fox, dog: hyena jackal coyote dingo
whale, dolphin: orca narwhal
seal: walrus manatee sealion
fish: salmon trout tuna goldfish carp cod piranha clownfish eel stingray ray seahorse
shell: clam mussel oyster starfish
shrimp, lobster: prawn
raccoon, hamster, squirrel: squirrel weasel ferret badger mole opossum chipmunk beaver otter
monkey, gorilla: chimp chimpanzee baboon ape orangutan lemur
bee, ladybug, ant: wasp hornet bumblebee bug fly mosquito moth dragonfly firefly cricket
butterfly: moth caterpillar
flower, tulip, rose: lily orchid daffodil iris carnation dandelion poppy peony petunia marigold
tree, pine tree: oak willow birch spruce cedar bamboo bush shrub hedge forest woods jungle
tree: park orchard
leaf, plant: fern vine ivy moss branch twig
peach, cherry, orange: plum apricot fig date
pear, mango, lemon: papaya lime grapefruit mandarin
strawberry, grapes, blueberries: raspberry blackberry cranberry pomegranate raisin
broccoli, onion, carrot: lettuce spinach celery asparagus radish beet beetroot turnip cauliflower
eggplant, cucumber: zucchini courgette squash
bread, cake: sandwich toast bun muffin pudding pancake waffle
cookie: brownie biscuit cracker
fried egg, egg: omelette omelet
hot dog, sausage, meat: steak ham bratwurst bacon nugget wings kebab
soup, bowl, pizza: soup stew noodles pasta spaghetti curry rice
cocktail, beer, coffee: juice soda lemonade cola smoothie espresso latte wine whiskey
spoon, knife: fork
pencil: crayon pen
globe: map
island, sea: beach coast shore
cup, teapot: mug pitcher kettle plate dish bowl
bottle, vase: bottle jar
phone: smartphone iphone cellphone mobile
laptop, computer: tablet ipad monitor screen
headphone, microphone, radio: headset speaker stereo
ring, crown, diamond: necklace bracelet earring brooch tiara jewelry jewellery ruby emerald
shirt, dress, scarf: jacket coat sweater hoodie jumper pullover vest blazer suit skirt gown robe
trousers: shorts
boot, shoe: slipper sandal sandals socks
hat, cap: helmet hood beret
chair, sofa: armchair stool bench table desk
bed, door: wardrobe cupboard shelf pillow blanket cabinet
lamp, light bulb: chandelier torch flashlight
house: cottage cabin mansion villa barn farm farmhouse hut shed garage apartment school hospital
castle, church: palace tower lighthouse windmill cathedral monastery synagogue fort
temple, statue: pyramid pagoda shrine
building, city: skyscraper office town village street factory store shop
sea, wave: river stream lake pond waterfall sea
mountain, volcano: hill valley cliff cave glacier canyon
planet, star: galaxy nebula mars jupiter venus space universe asteroid
shooting star, rocket: meteor comet
rocket, ufo: spaceship spacecraft shuttle satellite starship
robot, alien: astronaut android cyborg
robot, clown, snowman: man woman boy girl child kid person people father mother soldier nurse
crown, king, queen: prince princess
clown, ghost: vampire zombie witch wizard fairy angel elf dwarf troll devil demon santa monster
fish: mermaid
shield, sword: knight samurai ninja
skull, skeleton, ghost, bone: skull skeleton death halloween
clown, alien, nose, mouth: head smiley emoji emoticon
eye, ear, mouth: hair beard mustache finger hand
lightning: thunder storm thunderstorm
cloud, rain cloud: fog mist hail wind tornado hurricane
sword, knife: dagger spear lance
bomb: grenade missile cannon dynamite
sword, bomb: gun pistol rifle tank weapon
umbrella, kite: flag banner
envelope: parcel package stamp mail
drum, guitar: banjo ukulele mandolin bass harp tambourine
violin: cello
trumpet, saxophone: clarinet oboe tuba trombone flute harmonica
teddy bear, robot: doll
red: crimson scarlet maroon burgundy
blue: navy azure indigo cobalt
turquoise: cyan teal aqua
green: lime olive emerald mint khaki
yellow: gold golden
brown: beige tan bronze
white: cream ivory
gray: silver
pink: magenta fuchsia
purple: lavender lilac mauve
four: five six seven eight nine ten eleven twelve dozen hundred many several
sunset, sun: evening morning dawn dusk summer day
snow, snowflake: winter blizzard frost
flower, sun: spring
pumpkin: autumn thanksgiving
: big small tiny huge giant tall long short fat thin wide deep high low old young new fresh good bad
: nice cute pretty lovely happy sad angry funny evil mad fast slow hot warm cold cool wet dry hard
: soft rich poor full empty dark light pale bright shiny dirty clean magic holy cosy fancy fine real
: oil ink chalk pencil pastel digital pixel style mood scene view shot close wild tame dead alive
: riding flying running walking sitting standing eating drinking sleeping jumping looking wearing
: holding playing dancing singing reading chasing hunting falling burning howling painted made full
: front back side middle inside outside behind between around through into onto from without like
: and or but not no all any each every both other another very really highly more most less too
: he she him they them we us you who what where when how why will can may must do does has have
"""


@functools.cache
def words_to_try() -> dict[str, tuple[str, ...]]:
    """What to try for a word, the likeliest first; all lower-case."""
    found: dict[str, tuple[str, ...]] = {}
    for line in _LINES.strip().splitlines():
        tries, words = line.split(": ")
        for word in words.split():
            new = [one for one in tries.split(", ") if one not in ("", word)]
            found[word] = tuple(dict.fromkeys([*found.get(word, ()), *new]))
    return found
