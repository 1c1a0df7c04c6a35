r"""Answers made to harm: they hang nothing, fill no memory, run no code, break no pool, and never count as equal."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
MEMORY = 400_000_000
"""Bytes that the process of the caller may hold at its peak; the workers have their own limit."""

FRACTIONS = r"\frac{1}{1+" * 200 + "x" + "}" * 200
MATRIX = r"\begin{pmatrix}" + r"\\".join("&".join("abcdefghijkl") for _ in range(12)) + r"\end{pmatrix}"
LARGE_MATRIX = r"\begin{pmatrix}" + r"\\".join(["&".join("1" * 40)] * 40) + r"\end{pmatrix}"

HOSTILE = {
    # towers of powers
    "tower": ("10^10^10", "10^10^9"),
    "tower in braces": ("10^{10^{10}}", "10^{10^{9}}"),
    "tower of six": ("2^2^2^2^2^2", "2^2^2^2^2"),
    "tower of threes": ("3^{3^{3^{3}}}", "3^{3^{3}}"),
    "large exponent": ("7^{10^8}", "7^{10^9}"),
    "exponent of digits": ("7^{300000000}", "7^{300000001}"),
    "negative exponent": ("2^{-999999999}", "2^{-999999998}"),
    "exponent of a decimal": ("1.0000001^{99999999}", "1.0000001^{99999998}"),
    "tower of letters": ("x^{x^{x^{x^{x}}}}=2", "x=1.5"),
    "power of a sum": ("(x+y+z+1)^{9999}", "(x+y+z+1)^{9998}(x+y+z+1)+1"),
    "powers of powers of sums": ("((x+y)^{60}+(y+z)^{60})^{60}", "1"),
    "exponent of programs": ("1e999999999", "1e999999998"),
    "tower behind a box": (r"\boxed{9^{9^{9^{9}}}}", "1"),
    # factorials and other fast growth
    "factorial": ("300000000!", "300000001!"),
    "factorial of a power": ("(10^9)!", "(10^9+1)!"),
    "factorials of factorials": ("((5!)!)!", "5!!"),
    "factorial in an exponent": ("2^{100!}", "2^{101!}"),
    "binomial": (r"\binom{1000000}{500000}", r"\binom{1000000}{500001}"),
    "binomial of powers": (r"\binom{10^{9}}{10^{8}}", "1"),
    "gamma": (r"\Gamma(10^7)", "1"),
    "divisor of powers": (r"\gcd(7^{200000000},3)", "1"),
    "remainder of a power": (r"7^{200000000} \bmod 3", "1"),
    # nesting
    "ten thousand brackets": ("(" * 10_000 + "x" + ")" * 10_000, "x"),
    "ten thousand braces": ("{" * 10_000 + "1" + "}" * 10_000, "1"),
    "ten thousand boxes": (r"\boxed{" * 10_000 + "1" + "}" * 10_000, "2"),
    "brackets left open": ("(" * 4000, "[" * 4000),
    "braces left open": ("{" * 5000, "}" * 5000),
    "sixty brackets": ("(" * 60 + "x" + ")" * 60, "y"),
    "fractions in fractions": (FRACTIONS, "1"),
    "sixty roots": (r"\sqrt{" * 60 + "x" + "}" * 60, "x^{1/2}"),
    "sixty sines": (r"\sin(" * 60 + "x" + ")" * 60, "x"),
    "sixty signs": ("-" * 60 + "x", "y"),
    "ten thousand signs": ("-" * 10_000 + "5", "-5"),
    "lists in lists": (r"\{" * 30 + "1" + r"\}" * 30, "1"),
    # length
    "100 kB of digits": ("9" * 100_000, "8" * 100_000),
    "100 kB of sums": ("x+" * 50_000 + "x", "50001x"),
    "100 kB of prose": ("so we see that " * 7_000, "12"),
    "100 kB of dollars": ("$ " * 50_000, "1 " * 50_000),
    "100 kB of backslashes": ("\\" * 100_000, "1"),
    "100 kB of spaces": (" " * 100_000 + "x", " " * 99_999 + "y"),
    "100 kB of tags": ("<answer>" * 12_000, "</answer>" * 12_000),
    "a thousand letters": ("+".join("x" * 1000), "1000x"),
    "2,000 elements": (",".join(map(str, range(2000))), ",".join(map(str, range(1, 2001)))),
    "sixty sums in a set": (
        r"\{" + ",".join(f"(a+b+c)^9+{k}" for k in range(60)) + r"\}",
        r"\{" + ",".join(f"(a+b+c)^9-{k}" for k in range(60)) + r"\}",
    ),
    "256 digits": ("9" * 256 + "^" + "9" * 256, "1"),
    "hexadecimal": ("0x" + "f" * 300, "1"),
    "long decimal": ("0." + "0" * 5000 + "1", "0." + "0" * 5000 + "2"),
    # matrices, calculus, equations
    "determinant of letters": (rf"\det{MATRIX}", "0"),
    "matrix of letters": (MATRIX, "0"),
    "matrix of 1,600": (LARGE_MATRIX, LARGE_MATRIX.replace("1", "2", 1)),
    "power of a matrix": (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}^{99999}", "1"),
    "long sum": (r"\sum_{n=1}^{10^9} n", "1"),
    "long product": (r"\prod_{n=1}^{10^9} n", "1"),
    "hard integral": (r"\int e^{x^x} dx", "1"),
    "hard limit": (r"\lim_{x\to 0} x^{x^{x}}", "1"),
    "transcendental equation": (r"\sin(x^x)=\cos(x+e^x)", "x=1"),
    "fifth degree": ("x^5-x-1=0", "x=1.1673"),
    "inequality of a high degree": ("x^{99}-x^{98}+x-7<0", "x<1"),
    # searching that goes back and forth
    "words without end": ("a " * 2000, "a " * 1999 + "b"),
    "units without end": ("5 " + "cm " * 1300, "5"),
    "commas without end": ("1," * 2000, "1." * 2000),
    "scripts without end": ("^" * 4000, "_" * 4000),
    "escapes without end": (r"\{" * 2000, r"\}" * 2000),
    "fractions without end": (r"\frac" * 800, "1"),
    "texts without end": (r"\text{" * 600, "1"),
    # code and macros
    "definition of itself": (r"\def\x{\x\x}\x", "1"),
    "command that includes": (r"\input{/etc/passwd}", "1"),
    "shell escape": (r"\write18{touch MARK}", "1"),
    "import": ("__import__('os').system('touch MARK')", "1"),
    "open": ("open('MARK','w')", "1"),
    "exec": ('x+exec(\'open("MARK","w")\')', "x+1"),
    "import in text": (r"\text{__import__('os').system('touch MARK')}", "x+1"),
    "import in a box": (r"\boxed{__import__('os').system('touch MARK')}", "|x+1|"),
    "subclasses": ("().__class__.__base__.__subclasses__()", "1"),
    "format string": ("{0.__class__.__init__.__globals__}", "1"),
    "endless lambda": ("(lambda f: f(f))(lambda f: f(f))", "1"),
    "exit": ("exit()", "1"),
    "pickle": ("cos\nsystem\n(S'touch MARK'\ntR.", "1"),
    # characters
    "control characters": ("\x00\x01\x02", "\ud800"),
    "half a character": ("\udfff5", "5"),
    "right to left": ("\u202e12", "21"),
    "combining marks": ("x" + "\u0301" * 3000, "x"),
    "all fractions": ("½" * 1000, "1"),
}

SCRIPT = """
import asyncio, json, resource, sys
from tasks.answers.equivalence import Equivalence, check_all

def peak():
    if sys.platform == "linux":  # ru_maxrss begins with what the parent held when it started this process
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

def main():
    pairs = json.load(sys.stdin)
    with Equivalence() as equivalence:
        verdicts = asyncio.run(check_all(pairs + [("|y+1|", "|1+y|")], equivalence))
    json.dump({"verdicts": verdicts, "peak": peak()}, sys.stdout)

if __name__ == "__main__":
    main()
"""


def judged(pairs: list[tuple[str, str]], folder: Path) -> dict[str, Any]:
    """The verdicts of a process of its own, which a hang would not let end."""
    script = folder / "judge.py"
    script.write_text(SCRIPT)
    ended = subprocess.run(
        [sys.executable, str(script)],
        input=json.dumps(pairs),
        capture_output=True,
        text=True,
        timeout=300,
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        check=True,
    )
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def test_hostile_answers_harm_nothing_and_are_never_the_same(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    pairs = [(a.replace("MARK", str(mark)), b) for a, b in HOSTILE.values()]
    pairs += [(f"${a}$", b) for a, b in pairs if str(mark) in a]
    found = judged(pairs, tmp_path)
    *verdicts, (last, _) = found["verdicts"]
    names = [*HOSTILE, *("code in dollars" for _ in pairs[len(HOSTILE) :])]
    assert [name for name, (outcome, _) in zip(names, verdicts, strict=True) if outcome == "same"] == []
    assert [name for name, (_, tier) in zip(names, verdicts, strict=True) if tier == "worker died"] == []
    assert last == "same", "the pool still works"
    assert found["peak"] < MEMORY
    assert not mark.exists()


def test_there_are_enough_of_them() -> None:
    assert len(HOSTILE) >= 60
