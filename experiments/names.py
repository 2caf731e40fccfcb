"""What the icons of `concepts` are called in captions.

Icons have their CLDR short names, written as the icon sets write them (lower case, hyphens).
"""

from __future__ import annotations

import functools
import re

from experiments import later_names

# Other or better words for a picture than its CLDR name. The first is the name.
_LINES = """
ewe: sheep, sheep, lamb, ewe; ram: ram, sheep; dog-face: dog, dog face, puppy; dog: dog
poodle: poodle, dog; cat-face: cat, cat face, kitten; cat: cat; black-cat: cat
cow-face: cow, cow face; cow: cow; ox: ox, bull; horse-face: horse, horse head; horse: horse
pig-face: pig, pig face; pig: pig; mouse-face: mouse, mouse face; mouse: mouse
rabbit-face: rabbit, bunny; rabbit: rabbit, bunny, hare; tiger-face: tiger, tiger face
monkey-face: monkey, monkey face; dragon-face: dragon, dragon head; two-hump-camel: camel
bear: bear, bear face; lion: lion, lion face; chicken: chicken, hen; baby-chick: chick, baby chick
hatching-chick: chick, hatching chick; t-rex: dinosaur, t rex; sauropod: dinosaur, sauropod
spouting-whale: whale; tropical-fish: fish, tropical fish; blowfish: blowfish, puffer fish
honeybee: bee, honeybee; lady-beetle: ladybug, ladybird, beetle; spiral-shell: shell, sea shell
turtle: turtle, tortoise; crocodile: crocodile, alligator; snowman-without-snow: snowman
cherry-blossom: cherry blossom, flower; white-flower: white flower; hibiscus: hibiscus, flower
blossom: flower, blossom, daisy; sunflower: sunflower; tulip: tulip, flower; rose: rose, red rose
evergreen-tree: pine tree, fir tree, tree; deciduous-tree: tree, green tree
shamrock: shamrock, clover; four-leaf-clover: four leaf clover, clover
maple-leaf: maple leaf, leaf
leaf-fluttering-in-wind: leaf, green leaves; seedling: seedling, plant
potted-plant: potted plant, plant; red-apple: apple, red apple; green-apple: green apple, apple
tangerine: tangerine, orange; ear-of-corn: corn, ear of corn; hot-pepper: pepper, chili pepper
french-fries: french fries, fries; hamburger: hamburger, burger; doughnut: doughnut, donut
birthday-cake: cake, birthday cake; shortcake: cake, shortcake
soft-ice-cream: ice cream, ice cream cone; ice-cream: ice cream
hot-beverage: coffee, cup of tea, hot drink, cup; wine-glass: wine glass, glass of wine
beer-mug: beer, beer mug; cheese-wedge: cheese; bread: bread, loaf of bread; egg: egg
cooking: fried egg; poultry-leg: chicken leg; cut-of-meat: steak, meat; house: house, home
house-with-garden: house, house with garden; houses: houses; derelict-house: old house, house
castle: castle; japanese-castle: japanese castle, castle; church: church, chapel
snow-capped-mountain: mountain, snowy mountain; mount-fuji: mount fuji, mountain
desert-island: island, desert island; beach-with-umbrella: beach
sunrise-over-mountains: sunrise over mountains, sunrise; night-with-stars: night, starry night
cityscape: city, cityscape; automobile: car, automobile; sport-utility-vehicle: car
taxi: taxi, car; delivery-truck: truck; bicycle: bicycle, bike
motorcycle: motorcycle, motorbike; locomotive: train, locomotive; sailboat: sailboat, boat, ship
speedboat: boat, speedboat; airplane: airplane, plane; flying-saucer: ufo, flying saucer
sun: sun, yellow sun; sun-with-face: sun, smiling sun; full-moon: moon, full moon
crescent-moon: moon, crescent moon; star: star, yellow star; ringed-planet: planet, saturn
cloud: cloud; rainbow: rainbow; high-voltage: lightning, lightning bolt; fire: fire, flame
droplet: drop, water drop; water-wave: wave, sea, ocean; snowflake: snowflake
umbrella: umbrella; closed-umbrella: closed umbrella
jack-o-lantern: pumpkin, jack o lantern; wrapped-gift: gift, present
christmas-tree: christmas tree; soccer-ball: ball, soccer ball, football
tennis: tennis ball, tennis; baseball: baseball, ball; red-heart: heart, red heart
t-shirt: shirt, t shirt; jeans: trousers, jeans; mans-shoe: shoe; running-shoe: shoe, sneaker
womans-hat: hat; top-hat: top hat, hat; billed-cap: cap; ring: ring, diamond ring
gem-stone: diamond, gem; womans-boot: boot; high-heeled-shoe: high heels, shoe; glasses: glasses
musical-keyboard: piano, keyboard; light-bulb: light bulb, lamp; open-book: open book, book
closed-book: book, closed book; kitchen-knife: knife
mobile-phone: phone, mobile phone; laptop: laptop, computer; desktop-computer: computer
closed-mailbox-with-raised-flag: mailbox; pile-of-poo: poo
alien-monster: alien monster, space invader; hourglass-done: hourglass
alarm-clock: clock, alarm clock; teddy-bear: teddy bear; crown: crown, golden crown; bird: bird
rhinoceros: rhino, rhinoceros; hippopotamus: hippo, hippopotamus; baguette-bread: baguette
amphora: vase, amphora; rock: rock, stone; globe-showing-europe-africa: earth, globe, world
hospital: hospital; office-building: skyscraper, office building, building; wood: wood, logs
classical-building: temple, museum, classical building; bridge-at-night: bridge
carousel-horse: carousel, carousel horse; high-speed-train: fast train, high speed train, train
train: front of a train, train, metro; fire-engine: fire truck, fire engine
racing-car: racing car, race car; motor-scooter: scooter, motor scooter
vertical-traffic-light: traffic light, traffic lights; police-car: police car
passenger-ship: ship, cruise ship; ferry: ferry, boat; canoe: canoe, boat
luggage: suitcase, luggage; shooting-star: shooting star, falling star
cloud-with-rain: rain, rain cloud; cloud-with-lightning: thunderstorm, storm; fireworks: fireworks
firecracker: firecracker, dynamite; american-football: american football, football
boxing-glove: boxing glove; ice-skate: ice skate, skate; video-game: game controller, video game
game-die: dice, die; puzzle-piece: puzzle piece, puzzle; chess-pawn: chess pawn, pawn, chess piece
nesting-dolls: nesting doll, doll; artist-palette: palette, artist palette
framed-picture: picture frame, painting; paintbrush: paintbrush, brush; necktie: tie, necktie
mouth: lips, mouth; graduation-cap: graduation cap; musical-note: musical note, note, music
television: television, tv; telephone: telephone, phone
crossed-swords: swords, sword, crossed swords; pick: pickaxe, pick
bow-and-arrow: bow and arrow, bow, arrow; balance-scale: scales, balance
couch-and-lamp: sofa, couch; moai: moai, stone head, statue; clown-face: clown, clown face
ogre: ogre, red monster; goblin: goblin, red mask; nest-with-eggs: nest, bird nest
red-paper-lantern: lantern, red lantern; circus-tent: circus, circus tent
cocktail-glass: cocktail, martini; tropical-drink: tropical drink, juice
glass-of-milk: milk, glass of milk; honey-pot: honey, honey pot
chocolate-bar: chocolate, chocolate bar; meat-on-bone: meat, meat on bone
bell-pepper: bell pepper, pepper; kiwi-fruit: kiwi, kiwi fruit; polar-bear: polar bear, white bear
fishing-pole: fishing rod, fishing pole; diving-mask: diving mask, goggles
alien: alien, alien face; spider-web: spider web, web, cobweb; handbag: handbag, bag, purse
backpack: backpack, bag; rat: rat; statue-of-liberty: statue of liberty; womans-sandal: sandal
womans-clothes: blouse; pinata: pinata; sheaf-of-rice: wheat, rice plant
pool-8-ball: billiard ball, eight ball; bottle-with-popping-cork: champagne, bottle
flexed-biceps: arm, muscle; waving-hand: hand, waving hand; police-car-light: siren
magnifying-glass-tilted-left: magnifying glass, loupe; carpentry-saw: saw
fuel-pump: gas pump, fuel pump; cup-with-straw: soda, cup with a straw; beverage-box: juice box
flying-disc: frisbee; leafy-green: lettuce; folding-hand-fan: fan, hand fan
long-drum: conga, long drum; nut-and-bolt: bolt, screw, nut and bolt; oil-drum: barrel, oil drum
pot-of-food: pot, stew; rescue-workers-helmet: helmet; ring-buoy: lifebuoy, ring buoy
roll-of-paper: toilet paper; rugby-football: rugby ball; satellite-antenna: satellite dish
steaming-bowl: soup, noodles, ramen; takeout-box: takeout box
sun-behind-cloud: sun behind a cloud; tokyo-tower: tower, tokyo tower
water-pistol: water gun, water pistol; two-hearts: hearts, two hearts
shaved-ice: shaved ice, snow cone; headstone: gravestone, tombstone; ice: ice cube
world-map: world map, map; paw-prints: paw print, paw; mirror-ball: disco ball
mouse-trap: mousetrap; green-salad: salad; movie-camera: movie camera, film camera
sparkles: sparkles, glitter; musical-notes: musical notes; computer-mouse: computer mouse
keyboard: computer keyboard
"""


def read(lines: str) -> dict[str, tuple[str, ...]]:
    """Icons, each with its words, of lines such as "ewe: sheep, lamb; ram: ram"."""
    parts = "; ".join(lines.strip().splitlines()).split("; ")
    return {icon: tuple(words.split(", ")) for icon, words in (part.split(": ") for part in parts)}


WORDS = read(_LINES) | read(later_names.LINES)
_ADJECTIVES = read(later_names.ADJECTIVES)

_PARTS = {"england": "gb-eng", "scotland": "gb-sct", "wales": "gb-wls"}  # of a country
# Of a man or a woman, what follows that names a doing and not a trade: a man dancing.
_DOING = re.compile("(with|in|[a-z]+ing)\\b")


@functools.cache  # a batch of scenes asks some hundred thousand times
def words_for(icon: str) -> tuple[str, ...]:
    """What a picture may be called, first the name.

    A woman who is a farmer is a farmer too, and one who kneels a person who does.
    """
    if icon in WORDS:
        return WORDS[icon]
    name = icon.replace("-", " ")
    who, _, what = name.partition(" ")
    if who == "flag":
        return (f"flag of {what}", *(f"{word} flag" for word in _ADJECTIVES.get(what, ())))
    if who in ("man", "woman") and what:
        return (name, f"person {what}" if _DOING.match(what) else what)
    return (name,)


def spellings(icon: str, points: str) -> list[str]:
    """Names that an icon set may have for an icon of these code points (hex, spaced)."""
    found = [icon]
    if icon == "pinata":  # some sets drop its foreign letter
        found.append("piata")
    if icon.startswith("flag-"):
        found += [icon.replace("flag-", "flag-for-", 1), icon.replace("-and-", "-")]
        # Flag sets go by codes of countries, which the code points of a flag spell.
        letters = [int(point, 16) for point in points.split()]
        code = "".join(chr(x - 0x1F1E6 + ord("a")) for x in letters if 0x1F1E6 <= x < 0x1F200)
        code += _PARTS.get(icon.removeprefix("flag-"), "")
        found += [f"{code}-4x3", code]
    return found
