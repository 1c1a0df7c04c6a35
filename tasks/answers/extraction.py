r"""Where a solution states its answer.

Rules in order, the last occurrence of each: `\boxed{…}` or `\fbox{…}` with balanced braces, `<answer>…</answer>`,
`#### …`, "the answer is …" or 答案是…. A solution with two boxes has corrected itself, so the last one counts; reading
both as a set is what makes a wrong first answer pass.
Does not know: which number in free prose might be meant. Without one of the marks there is no answer (None).
Every rule is linear in the length of the text: a hundred kilobytes of open boxes cost milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_BOX = re.compile(r"\\(?:boxed|fbox)\s*(\{)?|\\.|[{}]", re.DOTALL)
_BARE_BOX = re.compile(r"\\(?:boxed|fbox)\s+([^\s{}$\\]+)")
_TAG = re.compile(r"<answer>((?:(?!</?answer>).)*)</answer>", re.DOTALL | re.IGNORECASE)
_HASHES = re.compile(r"^[ \t]*####[ \t]*(\S[^\n]*)$", re.MULTILINE)
_SENTENCE = re.compile(
    r"(?:(?:the|our|my|his|her)?[ ]?(?:final |correct )?answer(?: is| was|:| =)(?: therefore| thus| then| simply)?:?"
    r"|(?:最终)?答案(?:应该)?(?:是|为|：|:)[:：]?)",
    re.IGNORECASE,
)
_FORMULA = re.compile(r"\$\$(.+?)\$\$|\$(.+?)(?<!\\)\$|\\\((.+?)\\\)|\\\[(.+?)\\\]")
_SENTENCE_END = re.compile(r"\.(?=\s|$)|[。；;!]|,? (?:because|since|as|which|where|so)\b|\*\*")


def final_answer(text: str) -> str | None:
    """The answer that `text` states by one of the rules, or None; never an empty string."""
    for rule in RULES:
        answer = rule(text)
        if answer:
            return answer
    return None


def last_box(text: str) -> str | None:
    """The content of the last balanced, non-empty box; boxes around boxes are opened."""
    if r"\boxed" not in text and r"\fbox" not in text:
        return None
    best: tuple[int, str] | None = None
    opened: list[int | None] = []
    for match in _BOX.finditer(text):
        mark = match[0]
        if match[1]:
            opened.append(match.end())
        elif mark == "{":
            opened.append(None)
        elif mark == "}" and opened:
            start = opened.pop()
            if start is not None and text[start : match.start()].strip():
                best = _later(best, start, text[start : match.start()].strip())
    for match in _BARE_BOX.finditer(text):
        best = _later(best, match.start(), match[1].rstrip(".,;"))
    return best[1] if best else None


def _later(best: tuple[int, str] | None, start: int, content: str) -> tuple[int, str]:
    """The box that starts last wins, so the innermost of nested ones does."""
    return (start, content) if best is None or start > best[0] else best


def last_tag(text: str) -> str | None:
    """The content of the last `<answer>` block that is closed."""
    found = _TAG.findall(text)
    return found[-1].strip() if found else None


def last_hashes(text: str) -> str | None:
    """What follows the last `####` at a line's start: the form of GSM8K."""
    found = _HASHES.findall(text)
    return found[-1].strip() if found else None


def last_sentence(text: str) -> str | None:
    """What the last "the answer is" names: its formula when it begins with one, else the rest of the sentence."""
    ends = [match.end() for match in _SENTENCE.finditer(text)]
    rest = next(filter(None, (_after(text, end) for end in reversed(ends[-3:]))), None)
    if rest is None:
        return None
    formula = _FORMULA.match(rest)
    if formula:
        return next(group for group in formula.groups() if group is not None).strip()
    end = _SENTENCE_END.search(rest)
    return (rest[: end.start()] if end else rest).strip().rstrip(".,") or None


def _after(text: str, start: int) -> str:
    """The rest of the line, or the next line where nothing but bold marks is left of this one."""
    lines = text[start:].lstrip(" \t*").removeprefix("\n").split("\n", 1)
    return lines[0].strip(" \t\r*")


RULES: list[Callable[[str], str | None]] = [last_box, last_tag, last_hashes, last_sentence]
