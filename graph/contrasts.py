"""Pairs of names that look alike and differ: definite and indefinite, sine and cosine, the first test and the second.

Neither letters nor vectors tell such names apart (GRIP, appendix D.2, measures 0.865 for sine and cosine), and a pair
that is joined by mistake cannot be told apart again. So a high score joins two names only if their words are the
same and nothing here speaks against it. What speaks against it is of two strengths:

- *apart*: each name has a word that excludes a word of the other (row, column), or another number, or the same words
  around an "of" the other way round. Such names are never one, and nobody is asked.
- *doubtful*: one name has a telling word where the other has none (extended, partial, surface), or the words stand in
  another order, or their heads differ (theorem, formula), or a name is not in Latin letters, where one sign makes
  another fact and many embedding models see no difference. That may be another fact or another wording, so it is the
  curator's to decide, whatever the score.

It knows school and early university mathematics, in English and Chinese, and the plainest opposites of other
sciences. A contrast that is missing here is not lost: the pair is then the curator's, unless its words are the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from graph.likeness import LOOSE_TOKEN, content_words, loose_form
from graph.names import SCRIPTS

Contrast = Literal["none", "doubtful", "apart"]

EXCLUSIVE = """
definite indefinite improper
sine cosine tangent cotangent secant cosecant
arithmetic geometric harmonic
sum difference product quotient
addition=adding subtraction=subtracting multiplication=multiplying division=dividing
exponent=power=index logarithm=log=logarithmic radical=root
permutation combination
maximum=max=greatest=highest=largest minimum=min=least=lowest=smallest
gcd=gcf=hcf lcm lcd
even odd
rational irrational
real imaginary complex
finite infinite
convergent=convergence divergent=divergence
independent=independence=independently dependent=dependence=dependently exclusive=disjoint
absolute conditional uniform pointwise
local=relative global=absolute
row column
open closed
increasing decreasing
positive negative nonnegative nonpositive
interior=internal=inner exterior=external=outer
alternate corresponding vertical adjacent consecutive
complementary supplementary
inscribed circumscribed escribed
inradius circumradius exradius
incenter circumcenter orthocenter centroid excenter
median altitude bisector
mean=average median mode variance
mean intermediate extreme
standard mean
population sample
chord diameter radius arc sector
area volume perimeter=circumference
length width height
circle=circular ellipse=elliptical parabola hyperbola
cone=conical cylinder=cylindrical sphere=spherical prism pyramid cube
triangle=triangular quadrilateral rectangle=rectangular rhombus parallelogram trapezoid=trapezium polygon
square cube
acute obtuse right
scalene isosceles equilateral
linear quadratic cubic quartic quintic
exponential logarithmic trigonometric polynomial rational
equation inequality
factor=divisor multiple remainder
numerator denominator
prime composite
necessary sufficient
injective=injection surjective=surjection bijective=bijection
union intersection complement
domain range codomain
horizontal vertical oblique=slant
commutative=commutativity associative=associativity distributive=distributivity transitive reflexive symmetric=symmetry
dot cross
eigenvalue eigenvector eigenspace
derivative=differentiation=differential integral=integration limit
part substitution
probability expectation=expected
kernel image rank
little last
strong weak
left right
upper lower
first last
simple compound
direct inverse joint
converse inverse contrapositive
theoretical experimental=empirical
discrete continuous
ordinary partial
binomial trinomial multinomial monomial
normal poisson binomial uniform
sas sss asa aas hl=rhs
point intercept
vertex standard factored
double=twice half triple
numerical algebraic
similar=similarity congruent=congruence
parallel perpendicular
inclusion complement
translation rotation reflection dilation
tens hundred ones unit
floor ceiling
with without
increase=growth=rise=appreciation decrease=decay=fall=depreciation
expansion=expanding factorization=factoring
convex concave
clockwise counterclockwise=anticlockwise
setting solving
ascending descending
speed velocity
distance displacement
scalar vector
acceleration deceleration
kinetic static potential
series parallel
alternating direct
elastic inelastic
transverse longitudinal
conductor insulator
emission absorption
fission fusion
mass weight
centripetal centrifugal
electric magnetic
reflection refraction diffraction
endothermic exothermic
oxidation reduction
cation anion
anode cathode
ionic covalent metallic
reactant product
solute solvent
saturated unsaturated
alkane alkene alkyne
cis trans
proton neutron electron
nucleophile electrophile
melting boiling
hydrophilic hydrophobic
evaporation condensation
mitosis meiosis
genotype phenotype
dominant recessive
homozygous heterozygous
prokaryotic eukaryotic
aerobic anaerobic
artery vein
dna rna
predator prey
autotroph heterotroph
transcription translation
afferent efferent
innate adaptive
active passive
anabolism catabolism
hypertonic hypotonic isotonic
diploid haploid
vertebrate invertebrate
stack queue
push pop
encryption decryption
encoding decoding
mutable immutable
signed unsigned
breadth depth
dynamic static
synchronous asynchronous
preorder postorder inorder
heap stack
best worst
client server
overfitting underfitting
supervised unsupervised
precision recall
training test
recursion iteration
directed undirected
supply demand
fixed variable
average marginal
monopoly monopsony oligopoly
inflation deflation
import export
asset liability
debit credit
gross net
nominal real
fiscal monetary
revenue expense
buyer seller
lender borrower
progressive regressive
surplus deficit
short long
employer employee
forward backward
"""
"""One line for each kind of word; each word excludes the others of its line. Words joined by = are one."""

TELLING = """
extended generalized=general partial weighted reverse converse inverse surface lateral repetition=repeated total joint
marginal cumulative conditional totient polynomial modular vector matrix complex signed reduced primitive mixed
"""
"""Words that tell a fact from the one without the word."""

HEADS = """
theorem law rule formula principle property lemma identity inequality axiom criterion conjecture test
equation function expression polynomial graph number sequence series
"""
"""Nouns that say what kind of thing a name names. Two of them may or may not be the same thing."""

CHINESE = """
定积分 不定积分
正弦 余弦 正切 余切 正割 余割
等差=算术 等比=几何 调和
充分 必要 充要
最大 最小
极大 极小
奇 偶
内切 外接 外切 旁切
同位角 内错角 同旁内角 对顶角
内角 外角
余角 补角
有理 无理
实数 虚数 复数
排列 组合
面积 体积 周长 表面积 侧面积
加法 减法 乘法 除法
平均数=均值 中位数 众数 方差 标准差
并集 交集 补集
递增 递减
椭圆 双曲线 抛物线
方程 不等式 函数
收敛 发散
独立 互斥
分子 分母
约数=因数 倍数
质数=素数 合数
锐角 钝角 直角
导数 积分 极限
横 纵
内心 外心 重心 垂心
中线 高线 角平分线 中垂线
全等 相似
平行 垂直
实部 虚部
矩形=长方形 正方形 菱形 梯形 平行四边形 三角形
圆柱 圆锥 球
指数 对数
正数 负数
交换律 结合律 分配律
升序 降序
吸热 放热
串联 并联
"""

WORDS = {
    "sin": "sine",
    "cos": "cosine",
    "tan": "tangent",
    "cot": "cotangent",
    "sec": "secant",
    "csc": "cosecant",
    "arcsin": "inverse sine",
    "arccos": "inverse cosine",
    "arctan": "inverse tangent",
    "arcsine": "inverse sine",
    "arccosine": "inverse cosine",
    "arctangent": "inverse tangent",
    "incircle": "inscribed circle",
    "circumcircle": "circumscribed circle",
    "excircle": "escribed circle",
    "progression": "sequence",
    "squared": "square",
    "cubed": "cube",
}
"""Other words for the same, before anything is compared."""
SPOKEN = (
    (0, "zero one two three four five six seven eight nine ten"),
    (1, "first 2nd 3rd 4th 5th"),
    (2, "second third fourth fifth sixth seventh eighth ninth tenth"),
    (2, "ii iii iv"),
    (1, "一 二 三 四 五 六 七 八 九 十"),
)
NUMBERS = {word: str(number) for first, words in SPOKEN for number, word in enumerate(words.split(), first)}
QUIET = frozenset(("zero", "one", "two"))
"""Numbers that may also be left out: the difference of two squares."""
TYPES = frozenset(("type", "kind", "quadrant"))
NO_NUMBER = re.compile("一般|统一|唯一|一致|一定|十字")
LINKS = frozenset(("of", "to", "in"))
SMALL = frozenset(("of", "for", "to", "in", "on", "by", "with", "from", "at", "and", "or", "as"))
NEGATIONS = ("non", "in", "un", "im", "ir", "dis", "anti", "sub", "super", "co", "semi", "pre")
CHINESE_NEGATION = re.compile("[非不无未反]")


def _lines(text: str, first: int) -> dict[str, list[tuple[int, str]]]:
    """Word -> (line, the word that stands for it), for every line that it is on."""
    found: dict[str, list[tuple[int, str]]] = {}
    for number, line in enumerate(text.strip().splitlines(), first):
        for cell in line.split():
            names = cell.split("=")
            for name in names:
                found.setdefault(name, []).append((number, names[0]))
    return found


_ENGLISH = _lines(EXCLUSIVE, 0)
_CHINESE = _lines(CHINESE, 1000)
_TELLING = {word: word.split("=")[0] for cell in TELLING.split() for word in cell.split("=")}
_HEADS = frozenset(HEADS.split())
_CHINESE_WORD = re.compile("|".join(sorted(_CHINESE, key=lambda word: (-len(word), word))))


@dataclass(frozen=True)
class Traits:
    """What of a name can speak against its being the same as another."""

    words: tuple[str, ...]
    text: str
    exclusive: dict[int, frozenset[str]]
    telling: frozenset[str]
    heads: frozenset[str]
    numbers: tuple[str, ...]
    loud: bool
    """Whether there is a number that is not left out at will."""
    letters: tuple[str, ...]
    linked: frozenset[tuple[str, str]]


def contrast(one: str, other: str) -> Contrast:
    """What speaks against the two names' being one. It is symmetric."""
    a, b = traits(one), traits(other)
    if _excludes(a, b):
        return "apart"
    lines = a.exclusive.keys() | b.exclusive.keys()
    doubtful = (
        any(a.exclusive.get(line) != b.exclusive.get(line) for line in lines)
        or a.telling != b.telling
        or (a.numbers != b.numbers and (a.loud or b.loud))
        or bool(a.heads and b.heads and a.heads != b.heads)
        or bool(a.letters and b.letters and a.letters != b.letters)
        or _reordered(a.words, b.words)
        or (a.text != b.text and not (_latin(a.text) and _latin(b.text)))
    )
    return "doubtful" if doubtful else "none"


def joins_alone(one: str, other: str) -> bool:
    """Whether a high score may join two names without a question: they have the same content words in one order."""
    return content_words(one) == content_words(other) and contrast(one, other) == "none"


def _excludes(a: Traits, b: Traits) -> bool:
    if a.numbers and b.numbers and a.numbers != b.numbers:
        return True
    if any(
        not (a.exclusive[line] <= b.exclusive[line] or b.exclusive[line] <= a.exclusive[line])
        for line in a.exclusive.keys() & b.exclusive.keys()
    ):
        return True
    if any((y, x) in b.linked for x, y in a.linked if (x, y) not in b.linked):
        return True
    return _negates(a, b) or _negates(b, a)


def _negates(a: Traits, b: Traits) -> bool:
    """Whether b has a word of a with a prefix that makes it another (linear, nonlinear; 函数, 反函数)."""
    mine, theirs = set(a.words) - set(b.words), set(b.words) - set(a.words)
    if any(prefix + word in theirs for word in mine if len(word) > 2 for prefix in NEGATIONS):
        return True
    return a.text != b.text and bool(SCRIPTS.search(b.text)) and CHINESE_NEGATION.sub("", b.text) == a.text


def _latin(text: str) -> bool:
    return all(letter.isascii() for letter in text if letter.isalpha())


def _reordered(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    one, other = ([word for word in words if word not in SMALL] for words in (a, b))
    return one != other and sorted(one) == sorted(other)


@lru_cache(maxsize=1 << 16)
def traits(name: str) -> Traits:
    """The traits of a name, taken from its normal form."""
    form = loose_form(name)
    words = tuple(part for word in LOOSE_TOKEN.findall(form) for part in WORDS.get(word, word).split())
    exclusive: dict[int, set[str]] = {}
    found = [entry for word in words for entry in _ENGLISH.get(word, ())]
    found += [entry for match in _CHINESE_WORD.finditer(form) for entry in _CHINESE[match[0]]]
    for line, word in found:
        exclusive.setdefault(line, set()).add(word)
    said = [word for word in words if word not in QUIET]
    told = [(before, word) for before, word in zip(("", *words), words, strict=False)]
    numbers = [number for before, word in told for number in _numbers(before, word)]
    return Traits(
        words=words,
        text=form,
        exclusive={line: frozenset(members) for line, members in exclusive.items()},
        telling=frozenset(_TELLING[word] for word in words if word in _TELLING),
        heads=frozenset(words) & _HEADS,
        numbers=tuple(numbers),
        loud=any(_numbers(before, word) and word not in QUIET for before, word in told),
        letters=tuple(word for word in words if len(word) == 1 and word.isascii() and word.isalpha()),
        linked=frozenset((x, y) for x, link, y in zip(said, said[1:], said[2:], strict=False) if link in LINKS),
    )


def _numbers(before: str, word: str) -> list[str]:
    if before in TYPES and word == "i":
        return ["1"]
    if word in NUMBERS:
        return [NUMBERS[word]]
    return [NUMBERS.get(part, part) for part in re.findall(r"\d+|[一二三四五六七八九十]", NO_NUMBER.sub("", word))]
