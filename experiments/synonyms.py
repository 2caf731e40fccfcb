"""Further words for the pictures that are taught, which captions use now and then.

CLDR's keywords served at first, but two of three do not name what the picture shows: king for
a crown, bone for meat, useless for a plant. These are those that do, and kinds that it is of
where the kind is a thing of its own (a penguin is a bird, and no wrong answer to "bird").
"""

from __future__ import annotations

from experiments import names

_LINES = """
pile-of-poo: poop, pile of poo; ogre: monster; goblin: japanese mask; alien: extraterrestrial
alien-monster: pixel monster; robot: robot head; two-hearts: pair of hearts
heart-on-fire: burning heart; flexed-biceps: biceps; bone: dog bone; monkey-face: monkey head
orangutan: ape; poodle: poodle dog; lion: lion head; horse: racehorse; bison: buffalo
water-buffalo: buffalo; pig: sow; boar: wild boar; pig-nose: pig snout
two-hump-camel: bactrian camel, two humped camel; llama: alpaca; mammoth: woolly mammoth
chipmunk: squirrel; bear: bear head; chicken: bird; rooster: cock, bird; turkey: bird
baby-chick: bird; penguin: bird; dove: bird; eagle: bird; duck: bird; swan: bird; owl: bird
dodo: bird, dodo bird; feather: plume; flamingo: bird; peacock: bird; parrot: bird; goose: bird
lizard: gecko; snake: serpent; turtle: terrapin; dragon-face: dragon face
sauropod: brachiosaurus, brontosaurus, long neck dinosaur; t-rex: tyrannosaurus
spouting-whale: spouting whale; seal: sea lion; blowfish: fish; shark: fish; coral: coral reef
spiral-shell: spiral shell; beetle: bug, insect; bug: insect, caterpillar; cricket: grasshopper
cockroach: roach; honeybee: insect; ant: insect; butterfly: insect; lady-beetle: lady beetle, insect
worm: earthworm; microbe: amoeba, bacteria; bouquet: flowers, bunch of flowers
cherry-blossom: blossom; lotus: lotus flower, flower; hyacinth: flower, hyacinth flower
rose: flower; sunflower: flower; wilted-flower: flower; hibiscus: hibiscus flower
tulip: tulip flower; evergreen-tree: evergreen tree; deciduous-tree: leafy tree; palm-tree: palm
sheaf-of-rice: sheaf of wheat; herb: green herb; leaf-fluttering-in-wind: two leaves
nest-with-eggs: nest with eggs; mushroom: toadstool; grapes: bunch of grapes, grape
melon: green melon; blueberries: blueberry, bilberries; eggplant: aubergine; cherries: two cherries
ear-of-corn: maize, corn cob; hot-pepper: chili; leafy-green: cabbage, kale; bell-pepper: capsicum
broccoli: broccoli floret; pea-pod: peas; bread: loaf; pancakes: pancake; peanuts: peanut
baguette-bread: french bread; cheese-wedge: piece of cheese; meat-on-bone: ham
poultry-leg: drumstick; cut-of-meat: cut of meat; bacon: slices of bacon; hot-dog: hotdog, sausage
cooking: frying pan, egg in a pan; pot-of-food: pot of food; green-salad: bowl of salad
popcorn: box of popcorn; salt: salt shaker; canned-food: tin can; rice-ball: onigiri
steaming-bowl: bowl of noodles, noodle; spaghetti: pasta; fried-shrimp: tempura; crab: red crab
takeout-box: chinese food box; oyster: pearl oyster; soft-ice-cream: soft ice cream
shaved-ice: bowl of ice; ice-cream: bowl of ice cream; custard: pudding, flan; candy: piece of candy
honey-pot: pot of honey; hot-beverage: cup of coffee, tea; wine-glass: wine, glass of red wine
teapot: tea pot; bottle-with-popping-cork: champagne bottle; beer-mug: mug of beer; bubble-tea: boba
spoon: silver spoon; amphora: jug; jar: empty jar; world-map: map of the world; camping: campsite
beach-with-umbrella: beach umbrella; stadium: arena; hut: yurt; brick: bricks, brick wall
rock: boulder; wood: log, timber, lumber; school: school building; statue-of-liberty: liberty statue
factory: factory building; shinto-shrine: torii, red gate; tent: camping tent
night-with-stars: night with stars; fountain: water fountain; cityscape: skyline
bridge-at-night: bridge at night; playground-slide: slide; roller-coaster: rollercoaster
locomotive: steam train, steam engine; high-speed-train: bullet train; tram: trolley, streetcar
bus: school bus; ambulance: ambulance car; police-car: cop car; sport-utility-vehicle: jeep
pickup-truck: pickup; delivery-truck: delivery truck, van; roller-skate: roller skates, rollerskate
oil-drum: oil barrel; fuel-pump: petrol pump; wheel: tire; police-car-light: police light
vertical-traffic-light: stoplight, signal light; ring-buoy: life preserver; sailboat: yacht
passenger-ship: steamer; airplane: aeroplane, jet; canoe: kayak; rocket: space rocket, spaceship
flying-saucer: spaceship; luggage: travel bag; watch: wristwatch; hourglass-done: sand timer
ringed-planet: ringed planet; crescent-moon: crescent; tornado: whirlwind
cloud-with-rain: raincloud; cloud-with-lightning: thundercloud; umbrella: open umbrella
fire: flames; droplet: droplet; water-wave: waves, ocean wave; jack-o-lantern: halloween pumpkin
wrapped-gift: wrapped gift, gift box; fireworks: firework; high-voltage: thunderbolt
balloon: toy balloon; party-popper: confetti; rosette: rosette flower
trophy: trophy cup, golden cup; bullseye: target, dartboard; volleyball: ball; basketball: ball
rugby-football: football; tennis: ball; bowling: bowling pins; ping-pong: table tennis, paddle
badminton: shuttlecock; sled: sleigh, sledge; water-pistol: toy gun; crystal-ball: magic ball
magic-wand: wand; puzzle-piece: jigsaw piece; teddy-bear: toy bear; nesting-dolls: russian doll
framed-picture: framed picture; artist-palette: paint palette; thread: spool of thread, spool
yarn: ball of yarn; knot: rope; glasses: eyeglasses, spectacles; necktie: neck tie; t-shirt: tshirt
jeans: pants; coat: jacket; socks: stockings, sock; gloves: glove; bikini: swimsuit
purse: coin purse; backpack: rucksack; running-shoe: trainer; hiking-boot: boot
womans-boot: high boot; ballet-shoes: ballet slippers; billed-cap: baseball cap
graduation-cap: student hat; rescue-workers-helmet: hard hat, rescue helmet; gem-stone: jewel
microphone: mic; headphone: headphones; saxophone: sax; musical-keyboard: musical keyboard
mobile-phone: smartphone, cell phone; electric-plug: plug; laptop: notebook computer
floppy-disk: floppy, disk; movie-camera: video camera; clapper-board: clapperboard
magnifying-glass-tilted-left: lens; light-bulb: bulb; flashlight: torch
red-paper-lantern: paper lantern; books: stack of books, pile of books; envelope: letter
fountain-pen: pen; pen: ballpoint pen; axe: hatchet; shield: coat of arms; carpentry-saw: hand saw
wrench: spanner; gear: cogwheel, cog; chains: chain; balance-scale: balance scale
magnet: horseshoe magnet; satellite-antenna: antenna, dish; syringe: needle; pill: capsule
window: window frame; couch-and-lamp: couch and lamp; mouse-trap: mouse trap; razor: shaving razor
broom: broomstick; bucket: pail; bathtub: bath, tub; roll-of-paper: paper roll, roll of paper
shopping-cart: shopping trolley, cart; soap: bar of soap; toothbrush: tooth brush; coffin: casket
headstone: headstone, grave; moai: easter island head; skull: human skull
tangerine: clementine, mandarin; telescope: spyglass
"""

OF = names.read(_LINES)
