"""What is counted in problems, and the adjectives before it: words that after a number carry no value.

Tables alone. A word that is in none of them is not taken for a unit, unless the question speaks of it.
"""

from __future__ import annotations

_COUNTED = """
    adult album animal answer apple arrangement article assignment automobile baby bag ball balloon banana bar
    barrel baseball basket basketball bead bean bear bed bee bicycle bike bill bird biscuit block board boat book
    bottle bouquet bowl box boy bracelet branch bread brick brother brownie bucket building bulb bun bunch burger
    bus bushel button cake camera camper can candle candy car card carrot carton case cat cell chair chapter chicken
    child chip chocolate choice circle class client coat coconut code coin color colour column combination comic
    computer concert cone contestant cookie coupon cow crate crayon crystal cube cup cupcake customer dart delegate
    desk diagonal diamond dice die digit dish divisor dog doll domino donut door dot doughnut dress drink driver
    drop duck dumpling edge egg element employee envelope episode eraser error event exam executive expert face
    factor family fan farmer fish flavor floor flower fly fold folder fox friend frog fruit game gallon_jug girl
    glass goal goat graduate grape group guest guitar gumball hamburger handshake hat head heart hen hole home horse
    hotdog house husband integer item jar jellybean jersey jewel job key kid kitten lamp lap leaf leg lemon letter
    line lion lobster log lollipop lot machine magazine male man mango map marble mark marker match meal meeting
    melon member message minute_hand mistake monkey movie muffin mug mushroom nail name necklace nickel notebook
    number nut objects object onion option orange order outcome outfit owl pack package packet page painting pan
    pants paper park parrot part participant partition party passenger patient path peach pear pen pencil penny
    people period permutation person pet photo picture pie piece pig pill pizza place plan plane plant plate player
    plum pocket poem point pole polygon possibility post poster pot potato present president prime prisoner prize
    problem product prize program puppy purchase puzzle quarter_coin question rabbit race rectangle region resident
    revolution ribbon ride ring road robot rock roll room root rope rose rotation round row ruler run sandwich
    school scarf score_point seashell seat section segment set shape share sheep sheet shelf shell ship shirt shoe
    shop shot side sister slice snack soda solution song spoon spot square_tile stamp star step stick sticker stone
    store story straw strawberry student subset suit sum sunflower survey swimmer table tank task taxi teacher team
    tent term ticket tile time tire token tomato tourist towel toy train trapezoid tray treat tree triangle trip
    trophy truck turn turtle value van vase vehicle vertex video visit visitor volunteer vote voter way wagon wheel
    window winner woman word worker worm wrap yacht zero
"""
_IRREGULAR = {
    "people": "person", "children": "child", "men": "man", "women": "woman", "mice": "mouse", "feet": "foot",
    "geese": "goose", "dice": "die", "leaves": "leaf", "shelves": "shelf", "loaves": "loaf", "halves": "half",
    "vertices": "vertex", "knives": "knife", "wives": "wife", "scarves": "scarf", "pants": "pants", "fish": "fish",
    "sheep": "sheep", "wolves": "wolf", "teeth": "tooth", "matrices": "matrix", "indices": "index", "buses": "bus",
    "boxes": "box", "classes": "class", "dishes": "dish", "glasses": "glass", "dresses": "dress", "cookies": "cookie",
    "movies": "movie", "brownies": "brownie", "pies": "pie", "ties": "tie", "calories": "calorie", "shoes": "shoe",
}  # fmt: skip
_MORE = "total loaf mouse goose dozen_box knife wife wolf tooth matrix calorie tie bread_loaf mile_run percentage_point"
COUNTED = frozenset((*_COUNTED.split(), *_IRREGULAR.values(), *_MORE.split())) - {"half", "foot"}
_ADJECTIVES = """
    total different distinct possible more fewer extra additional whole full empty remaining left new old red blue
    green yellow white black orange pink purple brown small large big little long short possible ordered unordered
    real complex positive negative nonnegative prime even odd such valid unique favorable favourable equal identical
    good bad available free male female chocolate vanilla square paper glass plastic wooden gold silver bronze full-
    time candy baseball basketball football soccer tennis pizza cherry cherries orange apple
"""
ADJECTIVES = frozenset(_ADJECTIVES.split())


def singular(word: str) -> str:
    """The word without the mark of the plural, as far as spelling tells."""
    word = word.lower()
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses", "toes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3 else word
