"""What icons are called that the bundled CLIP was taught last: faces, people, signs, flags.

Names that are not here are CLDR's, as of `names.words_for`. The first is the name.
"""

from __future__ import annotations

LINES = """
grinning-face: grinning face, grin; grinning-face-with-big-eyes: laughing face, happy face
grinning-face-with-smiling-eyes: cheerful face; beaming-face-with-smiling-eyes: beaming face
grinning-squinting-face: squinting face; grinning-face-with-sweat: sweating face
rolling-on-the-floor-laughing: rolling laughing face; face-with-tears-of-joy: tears of joy
slightly-smiling-face: smiling face, smiley, happy face, smile
smiling-face: blushing smiling face; smiling-face-with-smiling-eyes: blushing face
smiling-face-with-halo: face with halo, angel face
smiling-face-with-hearts: face with hearts, face in love
smiling-face-with-heart-eyes: face with heart eyes; star-struck: face with star eyes
face-blowing-a-kiss: kissing face with heart; face-savoring-food: yummy face
zany-face: crazy face; money-mouth-face: face with money; face-with-hand-over-mouth: giggling face
face-with-open-eyes-and-hand-over-mouth: gasping face; face-with-peeking-eye: peeking face
face-with-raised-eyebrow: skeptical face; face-exhaling: sighing face
sleeping-face: sleeping face, sleeping smiley; face-with-medical-mask: face with mask
face-with-thermometer: face with thermometer, sick face; face-with-head-bandage: face with bandage
face-vomiting: vomiting face; cold-face: cold face, freezing face
face-with-crossed-out-eyes: dizzy face, dead face; cowboy-hat-face: cowboy, cowboy face
partying-face: party face; smiling-face-with-sunglasses: face with sunglasses, cool face
nerd-face: nerd, nerd face; face-with-diagonal-mouth: doubtful face
slightly-frowning-face: sad face, unhappy face; face-with-open-mouth: surprised face
astonished-face: astonished face, shocked face; face-holding-back-tears: teary face
frowning-face-with-open-mouth: dismayed face; anxious-face-with-sweat: anxious face
loudly-crying-face: sobbing face; face-screaming-in-fear: screaming face, scream
downcast-face-with-sweat: downcast face; face-with-steam-from-nose: snorting face
enraged-face: red angry face, enraged face; face-with-symbols-on-mouth: swearing face
smiling-face-with-horns: devil, smiling devil; angry-face-with-horns: angry devil, demon
skull-and-crossbones: skull with crossbones; grinning-cat-with-smiling-eyes: laughing cat
smiling-cat-with-heart-eyes: cat with heart eyes; cat-with-wry-smile: smirking cat
pouting-cat: angry cat; see-no-evil-monkey: monkey covering eyes
hear-no-evil-monkey: monkey covering ears; speak-no-evil-monkey: monkey covering mouth
heart-with-arrow: heart with arrow, cupid heart; heart-exclamation: heart exclamation mark
kiss-mark: kiss mark, lipstick kiss; hundred-points: hundred, hundred points
collision: explosion, collision; dizzy: dizzy star; sweat-droplets: splash, water splash
dashing-away: puff of smoke, dash; right-anger-bubble: anger bubble
thought-balloon: thought bubble; speech-balloon: speech bubble; zzz: zzz, snoring
raised-back-of-hand: back of hand; hand-with-fingers-splayed: spread fingers
raised-hand: raised hand, palm, high five; rightwards-hand: right hand; leftwards-hand: left hand
palm-down-hand: palm down; palm-up-hand: palm up; leftwards-pushing-hand: hand pushing left
rightwards-pushing-hand: hand pushing right; ok-hand: ok hand, ok sign
victory-hand: victory hand, peace sign; hand-with-index-finger-and-thumb-crossed: finger heart
love-you-gesture: love you hand; sign-of-the-horns: rock hand, horns hand
backhand-index-pointing-left: hand pointing left
backhand-index-pointing-right: hand pointing right; backhand-index-pointing-up: hand pointing up
backhand-index-pointing-down: hand pointing down; index-pointing-up: finger pointing up, finger
index-pointing-at-the-viewer: finger pointing at you; thumbs-up: thumbs up, thumb
raised-fist: fist, raised fist; oncoming-fist: fist bump, oncoming fist
left-facing-fist: left fist; right-facing-fist: right fist
clapping-hands: clapping hands, applause; raising-hands: raised hands
palms-up-together: open palms; handshake: handshake, shaking hands
folded-hands: praying hands, folded hands; mechanical-arm: robot arm, mechanical arm
mechanical-leg: robot leg, mechanical leg; anatomical-heart: human heart; eyes: eyes, pair of eyes
person: person, adult; baby: baby, baby face; child: child, kid; boy: boy, boy face
girl: girl, girl face; man: man, man face, guy; woman: woman, woman face, lady
person-beard: bearded person, beard; man-beard: bearded man; man-red-hair: red haired man
man-curly-hair: curly haired man; man-white-hair: white haired man; man-bald: bald man
woman-red-hair: red haired woman; woman-curly-hair: curly haired woman
woman-white-hair: white haired woman; woman-bald: bald woman; woman-blond-hair: blond woman
man-blond-hair: blond man; older-person: old person, elder; old-man: old man, grandfather, grandpa
old-woman: old woman, grandmother, grandma; person-frowning: frowning person
person-pouting: pouting person; person-gesturing-no: person saying no
person-gesturing-ok: person saying ok; health-worker: doctor, nurse, health worker
man-health-worker: man doctor, doctor; woman-health-worker: woman doctor, nurse, doctor
cook: cook, chef; man-cook: man cook, cook, chef; woman-cook: woman cook, cook, chef
police-officer: police officer, policeman, cop
man-police-officer: policeman, man police officer, police officer
woman-police-officer: policewoman, woman police officer, police officer
person-with-crown: king, queen, person with crown; person-wearing-turban: person with turban
woman-with-headscarf: woman with headscarf, hijab; man-in-tuxedo: groom, man in tuxedo
woman-with-veil: bride, woman with veil; breast-feeding: mother, breast feeding
baby-angel: angel, baby angel, cherub; santa-claus: santa claus, santa, father christmas
mrs-claus: mrs claus, mother christmas; mage: mage, wizard, sorcerer
man-mage: wizard, man mage, mage; woman-mage: witch, woman mage, mage
person-getting-massage: massage, person getting massage
person-getting-haircut: haircut, person getting haircut
person-walking: person walking, pedestrian, walker; person-running: person running, runner, jogger
man-running: man running, running man; woman-running: woman running, running woman
person-with-white-cane: blind person, person with white cane
person-in-manual-wheelchair: person in wheelchair
man-in-manual-wheelchair: man in wheelchair, person in wheelchair
woman-in-manual-wheelchair: woman in wheelchair, person in wheelchair
woman-dancing: dancer, woman dancing, dancing woman; man-dancing: dancing man, man dancing, dancer
person-in-suit-levitating: levitating man; person-in-steamy-room: sauna, person in sauna
person-climbing: climber, person climbing; person-fencing: fencer, fencing
horse-racing: jockey, horse racing, rider; skier: skier, skiing
snowboarder: snowboarder, snowboarding; person-golfing: golfer, golf
person-surfing: surfer, person surfing; man-surfing: man surfing, surfer
woman-surfing: woman surfing, surfer; person-rowing-boat: rower, person rowing
man-rowing-boat: man rowing, rower; woman-rowing-boat: woman rowing, rower
person-swimming: swimmer, person swimming; man-swimming: man swimming, swimmer
woman-swimming: woman swimming, swimmer
person-bouncing-ball: basketball player, person bouncing ball
person-lifting-weights: weightlifter, person lifting weights
person-biking: cyclist, person biking; man-biking: man biking, cyclist
woman-biking: woman biking, cyclist; person-mountain-biking: mountain biker
person-cartwheeling: cartwheel, acrobat; people-wrestling: wrestlers, wrestling
person-juggling: juggler, person juggling; person-playing-water-polo: water polo
person-playing-handball: handball; person-in-lotus-position: yoga, meditation, person meditating
man-in-lotus-position: man meditating, yoga; woman-in-lotus-position: woman meditating, yoga
person-taking-bath: person in bath
woman-and-man-holding-hands: couple, woman holding hands with man; kiss: kiss, kissing couple
couple-with-heart: couple with heart, lovers; family: family, parents
bust-in-silhouette: silhouette, user; busts-in-silhouette: silhouettes, users
people-hugging: hug, people hugging; footprints: footprints, footsteps
globe-showing-americas: globe of america; globe-showing-asia-australia: globe of asia
camel: dromedary, one humped camel; front-facing-baby-chick: chick from the front
fallen-leaf: autumn leaves, fallen leaf; black-bird: raven, crow, blackbird; ginger-root: ginger
flatbread: flatbread, pita; stuffed-flatbread: kebab, doner, gyros
shallow-pan-of-food: paella, pan of food; bowl-with-spoon: bowl with spoon, bowl
cooked-rice: rice, bowl of rice; curry-rice: curry; fish-cake-with-swirl: fish cake
mate: mate, mate tea; teacup-without-handle: tea cup, green tea; clinking-beer-mugs: beer mugs
clinking-glasses: champagne glasses; tumbler-glass: whisky, tumbler; pouring-liquid: pouring cup
fork-and-knife-with-plate: plate, dinner; fork-and-knife: knife with fork, cutlery
national-park: park, national park; building-construction: crane, construction site
convenience-store: shop, convenience store; wedding: wedding, wedding chapel
cityscape-at-dusk: city in the evening; hot-springs: hot spring; railway-car: railway car, wagon
oncoming-bus: front of a bus; oncoming-police-car: front of a police car
oncoming-taxi: front of a taxi; oncoming-automobile: front of a car
articulated-lorry: semi truck, lorry; manual-wheelchair: wheelchair
motorized-wheelchair: motorized wheelchair, electric wheelchair; motorway: highway, motorway
railway-track: railway track, rails; construction: barrier, road block
airplane-departure: airplane taking off; airplane-arrival: airplane landing
mountain-cableway: cable car, gondola; bellhop-bell: hotel bell
hourglass-not-done: running hourglass; timer-clock: timer
mantelpiece-clock: mantelpiece clock, antique clock
first-quarter-moon: half moon, first quarter moon; new-moon-face: dark moon face
full-moon-face: moon face, moon with face; milky-way: milky way, galaxy
cloud-with-lightning-and-rain: rain with lightning; sun-behind-small-cloud: sunny sky with cloud
sun-behind-large-cloud: cloudy sky; sun-behind-rain-cloud: sun behind rain
cloud-with-snow: snow cloud, snowfall; wind-face: blowing wind, wind
umbrella-with-rain-drops: umbrella in rain; umbrella-on-ground: beach parasol, parasol
carp-streamer: carp streamer, koi flag; moon-viewing-ceremony: moon viewing
reminder-ribbon: awareness ribbon; sports-medal: medal, sports medal; 1st-place-medal: gold medal
2nd-place-medal: silver medal; 3rd-place-medal: bronze medal; cricket-game: cricket bat
martial-arts-uniform: karate suit, judo suit; goal-net: goal, goal net
flag-in-hole: golf flag, golf hole; running-shirt: running shirt, tank top; skis: skis, ski
heart-suit: heart card; spade-suit: spade, spades; diamond-suit: diamond card
club-suit: club, clubs; joker: joker, playing card; mahjong-red-dragon: mahjong tile
flower-playing-cards: flower card; performing-arts: theater masks, masks
safety-vest: safety vest, vest; one-piece-swimsuit: swimsuit; thong-sandal: flip flop
hair-pick: hair pick, comb; prayer-beads: prayer beads, beads, rosary
speaker-low-volume: quiet speaker; speaker-medium-volume: speaker
speaker-high-volume: loud speaker; postal-horn: horn, post horn; bell-with-slash: silent bell
musical-score: sheet music, treble clef; level-slider: slider; control-knobs: knobs
mobile-phone-with-arrow: phone with arrow; telephone-receiver: telephone receiver, receiver
fax-machine: fax machine, fax; low-battery: low battery, empty battery; computer-disk: minidisc
optical-disk: compact disc, cd; film-frames: film strip, film
film-projector: film projector, projector; video-camera: camcorder; diya-lamp: oil lamp
notebook-with-decorative-cover: decorated notebook; page-with-curl: curled page
page-facing-up: page, sheet of paper, document; rolled-up-newspaper: rolled newspaper
label: tag, price tag, label; money-bag: money bag, bag of money, sack; yen-banknote: yen note
dollar-banknote: dollar bill, money, cash; euro-banknote: euro note; pound-banknote: pound note
money-with-wings: flying money; receipt: receipt, bill; chart-increasing-with-yen: yen chart
e-mail: email; incoming-envelope: flying envelope; outbox-tray: outbox; inbox-tray: inbox
package: package, parcel, cardboard box; closed-mailbox-with-lowered-flag: closed mailbox
open-mailbox-with-raised-flag: full mailbox; open-mailbox-with-lowered-flag: open mailbox
postbox: postbox, post box; ballot-box-with-ballot: ballot box; black-nib: nib, pen nib
memo: memo, note with pencil; file-folder: folder; open-file-folder: open folder
card-index-dividers: card dividers; spiral-notepad: notepad
chart-increasing: rising chart, chart, graph; chart-decreasing: falling chart
pushpin: pushpin, pin; round-pushpin: round pin, map pin; paperclip: paperclip, paper clip
straight-ruler: ruler; triangular-ruler: triangular ruler, set square; card-file-box: card box
wastebasket: wastebasket, trash can, bin; locked: padlock, lock; unlocked: open padlock
locked-with-pen: padlock with pen; locked-with-key: padlock with key
old-key: old key, antique key; hammer-and-pick: hammer with pick
hammer-and-wrench: hammer with wrench; white-cane: cane, walking stick; link: link, chain link
alembic: flask, alembic; drop-of-blood: blood, drop of blood; adhesive-bandage: plaster, bandage
x-ray: xray, skeleton; elevator: elevator, lift; funeral-urn: urn; nazar-amulet: evil eye, amulet
hamsa: hamsa, hamsa hand; identification-card: id card; litter-in-bin-sign: litter sign
potable-water: tap, water tap; wheelchair-symbol: wheelchair sign; mens-room: men sign
womens-room: women sign; restroom: restroom sign; baby-symbol: baby sign; water-closet: wc sign
passport-control: passport sign; customs: customs sign; baggage-claim: baggage sign
left-luggage: locker sign; warning: warning sign, danger sign
children-crossing: children crossing sign; no-entry: no entry sign; prohibited: forbidden sign
no-bicycles: no bicycles sign; no-smoking: no smoking sign; no-littering: no littering sign
non-potable-water: no drinking sign; no-pedestrians: no pedestrians sign
no-mobile-phones: no phones sign; no-one-under-eighteen: eighteen sign
radioactive: radioactive sign, nuclear sign; biohazard: biohazard sign
up-arrow: up arrow, arrow up; right-arrow: right arrow, arrow, arrow right
down-arrow: down arrow, arrow down; left-arrow: left arrow, arrow left
right-arrow-curving-left: arrow curving left; left-arrow-curving-right: arrow curving right
right-arrow-curving-up: arrow curving up; right-arrow-curving-down: arrow curving down
clockwise-vertical-arrows: round arrows; counterclockwise-arrows-button: refresh arrows, refresh
atom-symbol: atom, atom symbol; om: om, om sign; star-of-david: star of david, jewish star
wheel-of-dharma: dharma wheel; latin-cross: cross, latin cross, christian cross
star-and-crescent: crescent with star; dotted-six-pointed-star: six pointed star
aries: aries sign, aries; taurus: taurus sign, taurus; gemini: gemini sign, gemini
cancer: cancer sign; leo: leo sign, leo; virgo: virgo sign, virgo; libra: libra sign, libra
scorpio: scorpio sign, scorpio; sagittarius: sagittarius sign, sagittarius
capricorn: capricorn sign, capricorn; aquarius: aquarius sign, aquarius
pisces: pisces sign, pisces; ophiuchus: ophiuchus sign, ophiuchus
shuffle-tracks-button: shuffle button; play-button: play button, play; cinema: cinema sign
pause-button: pause button, pause; dim-button: dim sun; bright-button: bright sun
antenna-bars: signal bars; wireless: wifi, wireless; vibration-mode: vibrating phone
mobile-phone-off: switched off phone; female-sign: female sign, venus sign
male-sign: male sign, mars sign; transgender-symbol: transgender sign
multiply: multiplication sign, x sign; plus: plus sign, plus; minus: minus sign, minus
divide: division sign; heavy-equals-sign: equals sign; infinity: infinity sign, infinity
red-question-mark: question mark; red-exclamation-mark: exclamation mark; wavy-dash: wavy line
heavy-dollar-sign: dollar sign, dollar; recycling-symbol: recycling sign, recycling
trident-emblem: trident; japanese-symbol-for-beginner: beginner sign
hollow-red-circle: hoop, red circle line; check-box-with-check: check box
check-mark: check mark, tick; cross-mark: cross mark, x mark; cross-mark-button: cross button
part-alternation-mark: alternation mark; eight-spoked-asterisk: asterisk
copyright: copyright sign; registered: registered sign; trade-mark: trademark sign
keycap-0: number zero, zero; keycap-1: number one; keycap-2: number two; keycap-3: number three
keycap-4: number four; keycap-5: number five, five; keycap-6: number six, six
keycap-7: number seven, seven; keycap-8: number eight, eight; keycap-9: number nine, nine
keycap-10: number ten, ten; a-button-blood-type: letter a; b-button-blood-type: letter b
ab-button-blood-type: letters a b; o-button-blood-type: letter o; circled-m: letter m
p-button: letter p; information: information sign, letter i; vs-button: versus sign
input-latin-letters: letters; input-numbers: numbers; sos-button: sos sign
red-circle: circle, disc; red-square: square; red-triangle-pointed-up: triangle
red-triangle-pointed-down: upside down triangle; large-blue-diamond: rhombus, lozenge
chequered-flag: chequered flag, racing flag; triangular-flag: triangular flag, red flag, flag
flag-united-states: flag of the united states, american flag
flag-united-kingdom: flag of the united kingdom, british flag
flag-netherlands: flag of the netherlands, dutch flag
flag-south-korea: flag of korea, korean flag, flag of south korea
flag-european-union: flag of europe, european flag, flag of the european union
flag-united-nations: flag of the united nations
flag-united-arab-emirates: flag of the emirates, flag of the united arab emirates
flag-congo---kinshasa: flag of congo kinshasa; flag-congo---brazzaville: flag of congo brazzaville
flag-philippines: flag of the philippines
"""

# Countries whose flags are also called by an adjective.
ADJECTIVES = """
france: french; germany: german; italy: italian; spain: spanish; portugal: portuguese
japan: japanese; china: chinese; india: indian; brazil: brazilian; canada: canadian
mexico: mexican; russia: russian; ukraine: ukrainian; poland: polish; sweden: swedish
norway: norwegian; denmark: danish; finland: finnish; iceland: icelandic; ireland: irish
belgium: belgian; switzerland: swiss; austria: austrian; greece: greek; turkey: turkish
israel: israeli; egypt: egyptian; australia: australian; argentina: argentinian; chile: chilean
colombia: colombian; peru: peruvian; cuba: cuban; jamaica: jamaican; south africa: south african
nigeria: nigerian; kenya: kenyan; morocco: moroccan; vietnam: vietnamese; thailand: thai
indonesia: indonesian; hungary: hungarian; romania: romanian; bulgaria: bulgarian; czechia: czech
slovakia: slovak; croatia: croatian; serbia: serbian; england: english; scotland: scottish
wales: welsh; saudi arabia: saudi
"""
