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
sailboat, ship: submarine warship battleship kayak raft rowboat gondola steamboat
car, bus, truck: vehicle
car: minivan van jeep limousine convertible coupe sedan wagon suv carriage racecar
truck, tractor: lorry pickup bulldozer excavator digger forklift van crane
fire truck: firetruck fireman firefighter
train, bus: subway monorail streetcar underground caravan camper
bird, eagle, dove: crow raven magpie pigeon sparrow robin hawk falcon vulture seagull gull canary
bird, parrot: toucan hummingbird woodpecker kingfisher finch swallow blackbird
flamingo, swan, bird: stork heron pelican ostrich emu
penguin: puffin
cat, kitten: kitty pussycat pussy kit
dog, cat, rabbit: pet pets animal animals creature
dog, puppy: doggo doggy doggie hound terrier bulldog labrador corgi dachshund husky pug beagle
dog: spaniel retriever chihuahua
pig: piglet hog swine
horse: foal pony colt mare stallion mule
cow, ox: calf heifer cattle yak
lizard, crocodile: gecko iguana chameleon salamander newt
snake: cobra viper python boa
frog: toad tadpole
tiger, lion, cat: cheetah jaguar panther puma cougar lynx bobcat
wolf, fox, dog: hyena jackal coyote dingo
whale, dolphin: orca narwhal
seal: walrus manatee sealion
fish: salmon trout tuna goldfish carp cod piranha clownfish eel stingray ray seahorse
shell: clam mussel starfish
raccoon, hamster, squirrel: weasel ferret badger mole opossum
monkey, gorilla: chimp chimpanzee baboon lemur
bee, ladybug, ant: wasp hornet bumblebee moth dragonfly firefly
butterfly: moth caterpillar
flower, tulip, rose: lily orchid daffodil iris carnation dandelion poppy peony petunia marigold
tree, pine tree: oak willow birch spruce cedar bamboo bush shrub hedge forest jungle
tree: park orchard
leaf, plant: fern vine ivy moss branch twig
peach, cherry, orange: plum apricot fig date
pear, mango, lemon: papaya lime grapefruit mandarin
strawberry, grapes, blueberries: raspberry blackberry cranberry pomegranate raisin
apple, banana, strawberry: fruit fruits berry berries
carrot, broccoli, tomato: vegetable vegetables
broccoli, onion, carrot: spinach celery asparagus radish beet beetroot turnip cauliflower
eggplant, cucumber: zucchini courgette squash
bread, sandwich, cake: toast bun muffin
cake, ice cream, cookie: dessert pastry sweets breakfast snack
pizza, burger, bread: food meal lunch dinner
cookie: brownie biscuit cracker
fried egg, egg: omelette omelet
hot dog, sausage, meat: ham bratwurst nugget kebab
soup, spaghetti: curry rice
juice, soda, cocktail: lemonade cola smoothie espresso latte wine whiskey
spoon, knife: fork
island, sea: coast shore
cup, teapot: mug pitcher kettle plate dish
phone: smartphone iphone cellphone mobile
laptop, computer: tablet ipad monitor screen
headphone, microphone, radio: headset speaker stereo
ring, crown, diamond: necklace bracelet earring brooch tiara jewelry jewellery ruby emerald
dress, shirt, coat: clothing clothes
coat, shirt, dress: suit sweater hoodie jumper pullover vest blazer skirt gown robe
boot, shoe: slipper
hat, helmet, cap: hood beret
chair, sofa: armchair stool bench table desk
bed, door: wardrobe cupboard shelf pillow blanket cabinet
lamp, light bulb: chandelier
house, hut: cottage cabin mansion villa barn farm farmhouse shed garage apartment
tower, castle, church: palace lighthouse windmill cathedral monastery synagogue fort
temple, shinto shrine, statue: pyramid pagoda shrine
building, city: office town village street shop
sea, wave: river stream lake pond waterfall
mountain, volcano: hill valley cliff cave glacier canyon
planet, star: galaxy nebula mars jupiter venus universe asteroid
shooting star, rocket: meteor
rocket, ufo: spaceship spacecraft shuttle starship
robot, alien: astronaut android cyborg
robot, clown, snowman: man woman boy girl child kid person people father mother soldier nurse
crown: prince princess king queen
clown, ghost: zombie fairy angel elf dwarf troll devil demon santa monster
fish: mermaid
shield, sword: knight samurai ninja
skull, bone, ghost: skeleton
bat, ghost: vampire dracula
broom, magic wand: witch wizard sorcerer magician
clown, alien, nose, mouth: head smiley emoji emoticon
eye, ear, mouth: hair beard mustache finger
lightning: thunder
kite, tornado: wind
coin, crown, ring: treasure money
hospital, syringe, pill: doctor medicine
house, building: hotel
cloud, rain cloud: fog mist hail wind hurricane
dagger, sword, knife: spear lance
bomb: grenade missile cannon
sword, shield, bomb: weapon
sword, bomb: gun pistol rifle tank
umbrella, kite: flag banner
envelope: parcel package stamp mail
guitar, violin, drum: instrument
drum, guitar: ukulele mandolin bass harp tambourine
violin: cello
trumpet, saxophone: clarinet oboe tuba trombone harmonica
red: crimson scarlet maroon burgundy
blue: navy azure indigo cobalt
turquoise: cyan teal aqua
green: lime emerald mint khaki
yellow: golden gold
brown: beige tan bronze
white: cream ivory
pink: magenta fuchsia
purple: lavender lilac mauve
four: five six seven eight nine ten eleven twelve dozen hundred many several
sunset, sun: dawn dusk summer day
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
