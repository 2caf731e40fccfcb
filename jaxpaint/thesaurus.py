"""Other words for what a small CLIP may know: what to try in place of a word that it does not.

A line has words to try, and behind the colon words that people write: kinds of those things,
other names for them, or what looks nearest to them. For the words of the last lines there is
nothing to try, and they are no misspellings either. Written by hand, of things that people like
to draw. Whoever asks leaves out what the CLIP at hand does not know.
"""

from __future__ import annotations

import functools

_LINES = """
airplane, helicopter: aircraft biplane glider drone airship blimp
balloon: zeppelin
sailboat, ship: submarine warship battleship raft rowboat steamboat
car, bus, truck: vehicle
car: minivan limousine convertible coupe sedan suv carriage racecar
truck, tractor: pickup bulldozer excavator digger forklift
fire truck: firetruck
firefighter, fire truck: fireman firewoman
train, bus: subway underground caravan camper
crow, bird, raven: magpie rook jackdaw
bird, eagle, dove: pigeon sparrow robin hawk falcon vulture seagull gull canary
bird, parrot: toucan hummingbird woodpecker kingfisher finch swallow
flamingo, swan, bird: stork heron pelican ostrich emu
penguin: puffin
cat, kitten: kitty pussycat pussy kit
dog, cat, rabbit: pet pets animal animals creature
dog, puppy: doggo doggy doggie hound terrier bulldog labrador corgi dachshund husky pug beagle
dog: spaniel retriever chihuahua
pig: piglet hog swine
horse: foal pony colt mare stallion mule
cow, ox: calf heifer cattle yak
lizard, crocodile: iguana chameleon salamander newt
snake: cobra viper python boa
frog: toad tadpole
tiger, lion, cat: cheetah jaguar panther puma cougar lynx bobcat
wolf, fox, dog: hyena jackal coyote dingo
whale, dolphin: orca narwhal
seal: walrus manatee sealion
fish: salmon trout tuna goldfish carp cod piranha clownfish eel stingray ray seahorse
shell: clam mussel starfish
badger, raccoon, hamster, squirrel: weasel ferret mole opossum
monkey, gorilla: chimp chimpanzee baboon lemur
bee, ladybug, ant: wasp hornet bumblebee moth dragonfly firefly
butterfly: moth
flower, tulip, rose: lily orchid daffodil iris carnation dandelion poppy peony petunia marigold
tree, pine tree: oak willow birch spruce cedar bamboo bush shrub hedge forest jungle
tree: orchard
leaf, plant: fern vine ivy moss branch twig
peach, cherries, orange: plum apricot fig date
pear, mango, lemon: papaya lime grapefruit
strawberry, grapes, blueberries: raspberry blackberry cranberry pomegranate raisin
apple, banana, strawberry: fruit fruits berry berries
carrot, broccoli, tomato: vegetable vegetables
broccoli, onion, carrot: spinach celery asparagus radish beet beetroot turnip cauliflower
eggplant, cucumber: zucchini courgette squash
bread, sandwich, cake: toast bun muffin
cake, ice cream, cookie: dessert pastry sweets breakfast snack
pizza, burger, bread: food meal lunch
cookie: brownie biscuit cracker
fried egg, egg: omelette omelet
hot dog, sausage, meat: bratwurst nugget
juice, soda, cocktail: lemonade cola smoothie espresso latte wine whiskey
spoon, knife: fork
island, sea: coast shore
cup, teapot: mug pitcher kettle
plate: dish
phone: iphone cellphone mobile
laptop, computer: tablet ipad monitor screen
headphone, microphone, radio: headset stereo
ring, crown, diamond: necklace bracelet earring brooch tiara jewelry jewellery ruby emerald
dress, shirt, coat: clothing clothes
coat, shirt, dress: suit sweater hoodie jumper pullover blazer skirt gown robe
boot, shoe: slipper
hat, helmet, cap: hood beret
chair, sofa: armchair stool bench table desk
bed, door: wardrobe cupboard shelf pillow blanket cabinet
lamp, light bulb: chandelier
house, hut: cottage cabin mansion villa barn farm farmhouse shed garage apartment
tower, castle, church: palace lighthouse windmill cathedral monastery fort
temple, shinto shrine, statue: pyramid pagoda shrine
building, city: office town village street
shop: store bakery supermarket market boutique
sea, wave: river stream lake pond waterfall
mountain, volcano: hill valley cliff cave glacier canyon
planet, star: nebula mars jupiter venus universe asteroid
shooting star, rocket: meteor
rocket, spaceship, ufo: spacecraft shuttle starship
robot, alien: android cyborg
astronaut: cosmonaut spaceman spacewoman
man, robot, clown: gentleman husband father dad daddy uncle businessman
woman, clown, snowman: wife mom mum aunt businesswoman
old woman: granny
boy: son brother lad
girl: daughter sister
person, man, woman: human friend neighbor neighbour tourist
child, boy, girl: toddler infant
man guard, man, shield: soldier guardian sentinel
ninja, sword, shield: knight samurai warrior viking gladiator
farmer, cowboy: gardener shepherd
cook: baker butcher waiter waitress barista
doctor: surgeon dentist veterinarian
doctor, hospital, syringe, pill: medicine
teacher: professor tutor
singer: musician drummer guitarist pianist
dancer: ballerina
police officer: sheriff
artist: painter sculptor
queen, king, crown: empress emperor royalty noble
prince: duke
ogre, ghost, troll: monster
elf: dwarf gnome hobbit leprechaun
vampire, bat, ghost: dracula
wizard, witch: magician warlock enchantress
smiling face, clown: emoji emoticon head face portrait
eye, ear, mouth: hair mustache
beard: moustache whiskers
lightning: thunder
money, coin, ring: treasure
hotel: hostel inn motel
fog, cloud, rain cloud: mist hail hurricane
dagger, sword, knife: spear lance
bomb: grenade missile cannon
sword, shield, bomb: weapon
sword, bomb: gun pistol rifle tank
flag, umbrella, kite: banner pennant
envelope: stamp mail
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
four: eleven twelve dozen many several
sunset, sun: dawn dusk summer day
snow, snowflake: winter blizzard frost
flower, sun: spring
pumpkin: autumn thanksgiving
: big small tiny huge giant tall long short fat thin wide deep high low old young new fresh good bad
: nice cute pretty lovely happy sad angry funny evil mad fast slow hot warm cold cool wet dry hard
: soft rich poor full empty dark light pale bright shiny dirty clean magic holy cosy fancy fine real
: oil ink chalk pastel digital pixel style mood scene view shot close wild tame dead alive
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
