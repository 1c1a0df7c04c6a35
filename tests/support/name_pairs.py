"""Pairs of names from five fields: what a form may join, and what it must not, though the names look alike.

`ONE`: nothing but the case of ordinary words, the number of ordinary nouns, hyphens, spaces, "the" or the mark behind a
person's name differs. `PROPOSED`: may be one, and is for the curator to say. `TWO`: other things; neither a form nor a
high score joins them.
"""

from __future__ import annotations

Pairs = tuple[tuple[str, str], ...]


def _pairs(text: str) -> Pairs:
    lines = [line.split(" | ") for line in text.strip().splitlines()]
    return tuple((one.strip(), other.strip()) for one, other in lines)


ONE = _pairs("""
Quadratic equation | quadratic equations
Prime Number | prime numbers
Greatest Common Divisor | greatest common divisors
non-negative integer | nonnegative integers
x-intercept | x intercept
Zero-product property | zero product property
Pigeon-hole principle | pigeon hole principle
The Binomial Theorem | binomial theorem
Euler's totient function | Euler’s Totient Functions
Cauchy–Schwarz inequality | Cauchy-Schwarz Inequality
3-4-5 triangle | 3–4–5 triangle
Matrices | matrix
Half-angle formula | half angle formulas
Newton's second law | Newton’s Second Law
Electric Field | electric fields
Simple harmonic oscillator | simple-harmonic oscillators
Free-body diagram | free body diagram
Kirchhoff's Law | Kirchhoff's laws
centre-of-mass frame | centre of mass frame
Coulomb's law | Coulomb Law
Standing wave | Standing Waves
ideal gas law | the ideal gas law
Covalent Bond | covalent bonds
Le Chatelier's principle | Le Chatelier’s Principle
Half-reaction | half reactions
Hydrogen bond | hydrogen-bond
Limiting reagent | limiting reagents
Rate-determining step | rate determining step
Cell Membrane | cell membranes
Mendel's law | Mendel's laws
Gene expression | gene-expression
Punnett square | Punnett Squares
Amino-acid sequence | amino acid sequence
Natural Selection | natural selection
Binary search tree | binary search trees
Hash Function | hash functions
Linked-list | linked lists
Depth-first search | depth first search
Big-endian order | big endian order
Dijkstra's algorithm | Dijkstra’s Algorithm
Breadth-First Search | breadth first searches
Supply curve | supply curves
Opportunity Cost | opportunity costs
Cost-benefit analysis | cost benefit analyses
Price Elasticity | price elasticity
Law of large numbers | law of Large Number
勾股定理 | 勾股定理。
LCM算法 | LCM 算法
str() | str ()
f(x) | f (x)
""")

PROPOSED = _pairs("""
Rule of 72 | 72 rule
Law of cosines | cosine law
Theorem of Pythagoras | Pythagoras theorem
Möbius function | Moebius function
Möbius strip | Mobius strip
Viète's formulas | Vieta's formulas
L'Hôpital's rule | L'Hospital's rule
Cauchy-Schwarz inequality | Cauchy-Schwartz inequality
H₂O | H2O
Ｅｕｌｅｒ's formula | Euler's formula
binary_search_tree | binary search tree
正弦定理（Law of sines） | 正弦定理
正弦定理（Law of sines） | Law of sines
線性方程 | 线性方程
co-prime integers | coprime integers
x² identity | x^2 identity
A.M.-G.M. inequality | AM-GM inequality
Prime factorisation | Prime factorization
colour theory | color theory
Area of a circle | area of circle
concept of a function | function
2-by-2 determinant | 2x2 determinant
Schrödinger equation | Schroedinger equation
ångström unit | angstrom unit
sodium chloride (NaCl) | Sodium Chloride (NACL)
Kolmogoroff axioms | Kolmogorov axioms
naïve Bayes classifier | naive Bayes classifier
""")

TWO = _pairs(r"""
Rule of product | Product rule
Laws of powers | Power law
Rule of thumb | Thumb rule
Property of sums | Sum property of roots
+ operator | - operator
* operator | / operator
?? operator | ?. operator
&& operator | || operator
== operator | = operator
=== operator | == operator
-> operator | => operator
<< operator | >> operator
++ operator | -- operator
! operator | ~ operator
% operator | $ operator
[10]Annulene | [18]Annulene
[2.2.1]heptane | [2.2.2]octane
__str__() | str()
__init__ | init
_id | id
**kwargs | kwargs
*args | args
HTTPS | HTTP
DNS | DN
APIs | API
GPS | GP
Damages | Damage
Customs | Custom
Goods | Good
Arms | Arm
Odds | odd
Savings | saving
Securities | Security
Complexes of CO | Complexes of Co
Co | CO
NO | No
O(n) | o(n)
Big O | big o
pH | PH
mV | MV
MeV | meV
kb | KB
Ca | CA
Cs | CS
Vitamin A deficiency | Vitamin deficiency
Hepatitis A | Hepatitis
点 A | 点
Team A | Team
ẋ | ẍ
x̄ | x
ā | a
co-operation | operation
co-domain | domain
pre-image | image
percent increase | percent decrease
percentage growth | percentage decay
polynomial expansion | polynomial factorization
expanding expressions | factoring expressions
convex function | concave function
clockwise rotation | counterclockwise rotation
clockwise motion | anticlockwise motion
setting up equations | solving equations
ascending order | descending order
average speed | average velocity
distance formula | displacement formula
scalar product | vector product
upper bound | lower bound
rising edge | falling edge
opening balance | closing balance
acceleration | deceleration
compression | rarefaction
kinetic energy | potential energy
static friction | kinetic friction
series circuit | parallel circuit
alternating current | direct current
elastic collision | inelastic collision
real image | virtual image
concave mirror | convex mirror
transverse wave | longitudinal wave
conductor | insulator
emission spectrum | absorption spectrum
nuclear fission | nuclear fusion
series resistors | parallel resistors
mass number | atomic number
weight of a body | mass of a body
centripetal force | centrifugal force
electric field | magnetic field
step-up transformer | step-down transformer
n-type semiconductor | p-type semiconductor
reflection of light | refraction of light
endothermic reaction | exothermic reaction
oxidation | reduction
cation | anion
anode | cathode
acid | base
strong acid | weak acid
ionic bond | covalent bond
polar molecule | nonpolar molecule
reactant | product
solute | solvent
saturated solution | unsaturated solution
alkane | alkene
alkene | alkyne
cis isomer | trans isomer
proton | neutron
proton | electron
metal | nonmetal
nucleophile | electrophile
melting point | boiling point
hydrophilic group | hydrophobic group
organic chemistry | inorganic chemistry
homogeneous mixture | heterogeneous mixture
physical change | chemical change
evaporation | condensation
mitosis | meiosis
genotype | phenotype
dominant allele | recessive allele
homozygous | heterozygous
prokaryotic cell | eukaryotic cell
aerobic respiration | anaerobic respiration
artery | vein
DNA | RNA
mRNA | tRNA
predator | prey
autotroph | heterotroph
transcription | translation
sympathetic nervous system | parasympathetic nervous system
afferent neuron | efferent neuron
innate immunity | adaptive immunity
active transport | passive transport
anabolism | catabolism
in vitro | in vivo
hypertonic solution | hypotonic solution
diploid cell | haploid cell
xylem | phloem
vertebrate | invertebrate
bacteria | virus
stack | queue
push operation | pop operation
encryption | decryption
encoding | decoding
compiler | interpreter
mutable object | immutable object
signed integer | unsigned integer
breadth-first search | depth-first search
static typing | dynamic typing
synchronous call | asynchronous call
class method | instance method
preorder traversal | postorder traversal
max heap | min heap
best case | worst case
client | server
upload | download
left join | right join
inner join | outer join
call by value | call by reference
big endian | little endian
overfitting | underfitting
supervised learning | unsupervised learning
precision | recall
false positive | false negative
training set | test set
read lock | write lock
high-level language | low-level language
directed graph | undirected graph
recursion | iteration
TCP | UDP
IPv4 | IPv6
C | C++
C++ | C#
SHA-1 | SHA-2
supply curve | demand curve
supply shock | demand shock
fixed cost | variable cost
average cost | marginal cost
monopoly | monopsony
inflation | deflation
import tariff | export tariff
asset | liability
debit | credit
long position | short position
bull market | bear market
gross income | net income
nominal rate | real rate
simple interest | compound interest
fiscal policy | monetary policy
microeconomics | macroeconomics
revenue | expense
buyer | seller
lender | borrower
substitute good | complementary good
normal good | inferior good
progressive tax | regressive tax
appreciation | depreciation
call option | put option
surplus | deficit
horizontal merger | vertical merger
short run | long run
employer | employee
lessor | lessee
plaintiff | defendant
ex ante | ex post
sufficient statistic | necessary statistic
type I error | type II error
increasing function | decreasing function
row vector | column vector
sample mean | population mean
inner product | outer product
one-to-one function | many-to-one function
left inverse | right inverse
even permutation | odd permutation
quotient rule | product rule
forward difference | backward difference
sine | cosine
sinh | sin
finite set | infinite set
sum of squares | square of the sum
sum to product formulas | product to sum formulas
log base 2 | log base 10
x-axis | y-axis
n choose k | k choose n
a-b | ab
P(A|B) | P(B|A)
f'(x) | f(x)
A ∪ B | A ∩ B
x < y | x > y
≤ relation | ≥ relation
函数 | 反函数
正数 | 负数
升序 | 降序
吸热反应 | 放热反应
串联电路 | 并联电路
""")
