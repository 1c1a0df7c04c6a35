"""Kinds of physics problems: motion, forces, energy, collisions, circuits, waves, heat, fluids. Answers have units."""

from __future__ import annotations

from fractions import Fraction

from deployments.sandbox.answers import quantity
from deployments.sandbox.grammar.kind import Kind, Numbers, Work


def _acceleration(n: Numbers) -> Work:
    value = Fraction(n["b"] - n["a"], n["c"])
    return (f"The speed grows by ${n['b']} - {n['a']}$ m/s in ${n['c']}$ s.",), quantity(value, "m/s^2")


def _fall(n: Numbers) -> Work:
    return (f"After ${n['c']}$ s the speed is $10 \\cdot {n['c']}$ m/s.",), quantity(10 * n["c"], "m/s")


def _force(n: Numbers) -> Work:
    value = n["a"] * n["b"]
    return (f"The net force is ${n['a']} \\cdot {n['b']}$.",), quantity(value, "N", (Fraction(value, 1000), "kN"))


def _friction(n: Numbers) -> Work:
    steps = f"The normal force is ${n['a']} \\cdot 10$ N.", "The friction is the coefficient times it."
    return steps, quantity(n["a"] * n["w"], "N")


def _kinetic(n: Numbers) -> Work:
    value = Fraction(n["a"] * n["b"] ** 2, 2)
    return (f"It is $\\frac12 \\cdot {n['a']} \\cdot {n['b']}^2$.",), quantity(value, "J", (value / 1000, "kJ"))


def _height(n: Numbers) -> Work:
    value = n["a"] * 10 * n["b"]
    return (f"It is ${n['a']} \\cdot 10 \\cdot {n['b']}$.",), quantity(value, "J", (Fraction(value, 1000), "kJ"))


def _power(n: Numbers) -> Work:
    value = Fraction(n["a"] * 10 * n["b"], n["c"])
    return (f"The work is ${n['a']} \\cdot 10 \\cdot {n['b']}$ J.",), quantity(value, "W", (value / 1000, "kW"))


def _sticking(n: Numbers) -> Work:
    value = Fraction(n["a"] * n["b"], n["a"] + n["c"])
    return (f"The momentum is ${n['a']} \\cdot {n['b']}$ kg m/s, before and after.",), quantity(value, "m/s")


def _impulse(n: Numbers) -> Work:
    return (f"The impulse is ${n['a']} \\cdot {n['b']}$.",), quantity(n["a"] * n["b"], "N s")


def _ohm(n: Numbers) -> Work:
    value = Fraction(n["a"], n["b"])
    return (f"The current is $\\frac{{{n['a']}}}{{{n['b']}}}$.",), quantity(value, "A", (1000 * value, "mA"))


def _series(n: Numbers) -> Work:
    value = Fraction(n["c"], n["a"] + n["b"])
    return (f"Together they have ${n['a']} + {n['b']}$ ohms.",), quantity(value, "A", (1000 * value, "mA"))


def _dissipated(n: Numbers) -> Work:
    value = n["a"] ** 2 * n["b"]
    return (f"It is ${n['a']}^2 \\cdot {n['b']}$.",), quantity(value, "W", (Fraction(value, 1000), "kW"))


def _charge(n: Numbers) -> Work:
    return (f"In ${n['b']}$ s flow ${n['a']} \\cdot {n['b']}$ coulombs.",), quantity(n["a"] * n["b"], "C")


def _wave(n: Numbers) -> Work:
    value = Fraction(n["a"], n["b"])
    return (f"The wavelength is $\\frac{{{n['a']}}}{{{n['b']}}}$.",), quantity(value, "m", (100 * value, "cm"))


def _heating(n: Numbers) -> Work:
    value = 4200 * n["a"] * (n["c"] - n["b"])
    return (f"It takes $4200 \\cdot {n['a']} \\cdot ({n['c']} - {n['b']})$.",), quantity(
        value, "J", (Fraction(value, 1000), "kJ")
    )


def _boyle(n: Numbers) -> Work:
    value = Fraction(n["a"] * n["b"], n["c"])
    return (f"$p V$ stays ${n['a']} \\cdot {n['b']}$.",), quantity(value, "kPa", (1000 * value, "Pa"))


def _pressure(n: Numbers) -> Work:
    return (f"It is $1000 \\cdot 10 \\cdot {n['a']}$.",), quantity(10_000 * n["a"], "Pa", (10 * n["a"], "kPa"))


def _spring(n: Numbers) -> Work:
    value = Fraction(n["a"] * n["b"], 100)
    return (f"It is ${n['a']} \\cdot 0.01 \\cdot {n['b']}$.",), quantity(value, "N")


def _circle(n: Numbers) -> Work:
    value = Fraction(n["a"] ** 2, n["b"])
    return (f"It is $\\frac{{{n['a']}^2}}{{{n['b']}}}$.",), quantity(value, "m/s^2")


def _lens(n: Numbers) -> Work:
    value = Fraction(n["a"] * n["b"], n["b"] - n["a"])
    return (f"$\\frac1v = \\frac1{{{n['a']}}} - \\frac1{{{n['b']}}}$.",), quantity(value, "cm", (value / 100, "m"))


def _ends(value: Fraction) -> bool:
    """Whether a decimal of at most three places is exact."""
    return 1000 % value.denominator == 0


KINDS = (
    Kind("acceleration", ("kinematics",), 1, {"a": (0, 20), "b": (10, 60), "c": (2, 20)},
        ("A tram in <town> accelerates uniformly from <a> m/s to <b> m/s in <c> s.",
         "On the road to <town> a lorry of <who> speeds up at a constant rate from <a> m/s to <b> m/s within <c> s."),
        ("What is its acceleration?", "Find the acceleration."), _acceleration,
        fits=lambda n: n["b"] > n["a"] and _ends(Fraction(n["b"] - n["a"], n["c"]))),
    Kind("fall", ("kinematics", "energy"), 1, {"c": (1, 9)},
        ("<who> drops a stone from rest and it falls for <c> s; take g as 10 m/s^2 and leave out the air.",
         "A ball in <town> is dropped from rest and falls freely for <c> s, with g as 10 m/s^2."),
        ("How fast is it then?", "What is its speed at the end?"), _fall),
    Kind("net force", ("force",), 1, {"a": (2, 90), "b": (2, 12)},
        ("A sledge of <a> kg near <town> has an acceleration of <b> m/s^2.",
         "<who> pushes a cart of <a> kg so that it gains <b> m/s in every second."),
        ("What net force acts on it?", "Find the net force."), _force),
    Kind("friction", ("force",), 2, {"a": (2, 60), "w": (1, 9)},
        ("A crate of <a> kg lies on a level floor in <town>; the coefficient of friction is <w:d> and g is 10 m/s^2.",),
        ("What friction force can the floor give at most?", "How large is the friction when it slides?"), _friction),
    Kind("kinetic energy", ("energy",), 1, {"a": (2, 80), "b": (2, 30)},
        ("A cyclist from <town> with <a> kg in all rides at <b> m/s.", "<who> rolls a stone of <a> kg at <b> m/s."),
        ("What is the kinetic energy?", "Find the kinetic energy."), _kinetic),
    Kind("energy of height", ("energy", "springs"), 1, {"a": (2, 90), "b": (2, 40)},
        ("<who> carries a load of <a> kg up by <b> m, with g as 10 m/s^2.",
         "A crane in <town> lifts <a> kg by <b> m; g is 10 m/s^2."),
        ("How much potential energy does it gain?", "Find the gain in potential energy."), _height),
    Kind("lifting power", ("power", "energy"), 2, {"a": (10, 200), "b": (2, 30), "c": (2, 40)},
        ("A winch in <town> lifts <a> kg by <b> m in <c> s; g is 10 m/s^2.",),
        ("What power does that take?", "Find the mechanical power."), _power,
        fits=lambda n: _ends(Fraction(n["a"] * 10 * n["b"], n["c"] * 1000))),
    Kind("sticking carts", ("momentum",), 2, {"a": (1, 20), "b": (2, 20), "c": (1, 20)},
        ("In the <venue> a cart of <a> kg at <b> m/s meets a cart of <c> kg at rest, and they stick together.",),
        ("How fast do they move on?", "What is their common speed?"), _sticking,
        fits=lambda n: _ends(Fraction(n["a"] * n["b"], n["a"] + n["c"]))),
    Kind("impulse", ("momentum", "force"), 1, {"a": (2, 90), "b": (2, 40)},
        ("A force of <a> newtons acts on a ball of <who> for <b> s.",),
        ("What impulse does it give?", "Find the impulse."), _impulse),
    Kind("current", ("circuits", "charge"), 1, {"a": (2, 240), "b": (2, 100)},
        ("<who> joins a resistor of <b> ohms to a source of <a> volts.",
         "A lamp in <town> has <b> ohms and lies at <a> volts."),
        ("What current flows?", "Find the current."), _ohm,
        fits=lambda n: _ends(Fraction(n["a"], n["b"]))),
    Kind("two in series", ("circuits",), 2, {"a": (1, 60), "b": (1, 60), "c": (2, 120)},
        ("Resistors of <a> ohms and <b> ohms are in series at <c> volts in the workshop of <who>.",),
        ("What current flows through them?", "Find the current in both."), _series,
        fits=lambda n: _ends(Fraction(n["c"], n["a"] + n["b"]))),
    Kind("dissipation", ("circuits", "power", "heat"), 2, {"a": (2, 12), "b": (2, 60)},
        ("A current of <a> amperes flows through a heater of <b> ohms in the kitchen of <who>.",),
        ("What power does it turn into heat?", "How much power does it dissipate?"), _dissipated),
    Kind("flowing charge", ("charge",), 1, {"a": (2, 20), "b": (2, 90)},
        ("A steady current of <a> amperes flows for <b> s in a wire of <who>.",),
        ("What charge flows?", "Find the charge that passes."), _charge),
    Kind("wavelength", ("waves", "optics"), 1, {"a": (20, 400), "b": (2, 100)},
        ("A wave on a long rope of <who> runs at <a> m/s and has <b> oscillations a second.",),
        ("What is its wavelength?", "Find the wavelength."), _wave,
        fits=lambda n: _ends(Fraction(n["a"] * 10, n["b"]))),
    Kind("heating water", ("heat", "gas"), 2, {"a": (1, 12), "b": (5, 40), "c": (45, 95)},
        ("<who> heats <a> kg of water from <b> to <c> degrees Celsius; each kg takes 4200 J a degree.",),
        ("How much heat is needed?", "Find the heat that the water takes up."), _heating),
    Kind("squeezed gas", ("gas", "fluids"), 2, {"a": (50, 300), "b": (2, 40), "c": (2, 40)},
        ("A gas in <town> at <a> kPa fills <b> litres and is brought to <c> litres at constant temperature.",),
        ("What is its pressure then?", "Find the new pressure."), _boyle,
        fits=lambda n: n["b"] != n["c"] and _ends(Fraction(n["a"] * n["b"], n["c"]))),
    Kind("depth", ("fluids",), 1, {"a": (2, 90)},
        ("A diver from <town> is under <a> m of water with 1000 kg in every cubic metre; g is 10 m/s^2.",),
        ("What pressure does the water add?", "Find the hydrostatic pressure."), _pressure),
    Kind("spring force", ("springs",), 1, {"a": (20, 900), "b": (2, 60)},
        ("A spring of <who> with a constant of <a> N/m is stretched by <b> cm.",),
        ("With what force does it pull?", "Find the force of the spring."), _spring),
    Kind("bend", ("circular", "kinematics"), 1, {"a": (2, 40), "b": (2, 200)},
        ("A motorcycle near <town> rides a bend of radius <b> m at <a> m/s.",),
        ("What is its centripetal acceleration?", "Find the centripetal acceleration."), _circle,
        fits=lambda n: _ends(Fraction(n["a"] ** 2, n["b"]))),
    Kind("lens", ("optics",), 3, {"a": (4, 40), "b": (6, 90)},
        ("A thin lens with a focal length of <a> cm stands <b> cm from a candle of <who>.",),
        ("How far behind the lens is the image?", "Find the distance of the image."), _lens,
        fits=lambda n: n["b"] > n["a"] and _ends(Fraction(n["a"] * n["b"], n["b"] - n["a"]))),
)  # fmt: skip
