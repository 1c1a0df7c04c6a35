r"""Where a solution states its answer.

Rules in order, the last occurrence of each: `\boxed{…}` or `\fbox{…}` with balanced braces, `<answer>…</answer>`,
`#### …`, "the answer is …" or 答案是…. A solution with two boxes has corrected itself, so the last one counts; reading
both as a set is what makes a wrong first answer pass. Only boxes that a sentence joins (`\boxed{3}` and `\boxed{4}`)
are one answer. What is said after a box counts when the text says that it corrects itself.
Does not know: which number in free prose might be meant. Without one of the marks there is no answer (None).
Every rule is linear in the length of the text: a hundred kilobytes of open boxes cost milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

_BOX = re.compile(r"\\(?:boxed|fbox)\s*(\{)?|\\.|[{}]", re.DOTALL)
_BARE_BOX = re.compile(r"\\(?:boxed|fbox)\s+([^\s{}$\\]+)")
_TAG = re.compile(r"<answer>((?:(?!</?answer>).)*)</answer>", re.DOTALL | re.IGNORECASE)
_HASHES = re.compile(r"^[ \t]*####[ \t]*(\S[^\n]*)$", re.MULTILINE)
_SENTENCE = re.compile(
    r"(?:(?:the|our|my|his|her)?[ ]?(?:final |correct |right )?answers?\**"
    r"(?: is| was| are|\**:| =| would be| should be| must be| will be| comes to| equals)"
    r"(?: therefore| thus| then| simply| now)?:?"
    r"|(?:最终)?答案(?:应该)?(?:是|为|：|:)[:：]?)",
    re.IGNORECASE,
)
_LINE_OF_ANSWER = re.compile(r"^[ \t]*\**A\**:\**(?=[ \t]*\S)", re.MULTILINE)
_OPTION = re.compile(r"^[ \t]*\**B\**[:.)]", re.MULTILINE)
_FORMULA = re.compile(r"\$\$(.+?)\$\$|\$(.+?)(?<!\\)\$|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)
_SENTENCE_END = re.compile(r"\.(?=\s|$)|[。；;!]|,? (?:because|since|as|which|where|so)\b|\*\*")
_JOINED_BOXES = re.compile(
    r"\s*\$?\s*(?:,|;|、|和|或|(?:,\s*)?\b(?:and|or)\b)\s*\$?\s*(?:[A-Za-z](?:_\{?\w+\}?)?\s*=\s*)?"
)
_NEXT = re.compile(r"\s*(,\s*and|,|;|and|or)\s*(?=\$|\\\(|[-+]?\d)")
_EQUALS = re.compile(r"\s*(?:=|is|equals)\s*(?=\S)")
_NAME = re.compile(r"\\?[A-Za-z]+(?:_\{?\w+\}?)?(?:\([a-z]\))?")
_CORRECTED = re.compile(
    r"\b(?:correction|wait|actually|hold on|sorry|scratch that|on second thought|i made (?:a|an) (?:mistake|error)"
    r"|(?:this|that)(?: is|'s| was) (?:wrong|incorrect|not right|a mistake)|let me correct)\b|更正|不对|错了",
    re.IGNORECASE,
)


def final_answer(text: str) -> str | None:
    """The answer that `text` states by one of the rules, or None; never an empty string."""
    for rule in RULES:
        answer = rule(text)
        if answer:
            return answer
    return None


def stated_answer(solution: str, marker: str | None) -> str | None:
    """What stands behind the last `marker` of a solution, else its final answer."""
    if marker and marker in solution:
        return solution.rsplit(marker, 1)[1].strip() or None
    return final_answer(solution)


def corrected(text: str) -> str | None:
    """What the text says is the answer after it took back a box."""
    found = _boxes(text)
    rest = text[found[-1].end :] if found else ""
    cue = _CORRECTED.search(rest)
    return last_sentence(rest[cue.end() :]) if cue else None


class Box(NamedTuple):
    """Where a box begins and ends in its text, and what is in it."""

    start: int
    end: int
    content: str


def last_box(text: str) -> str | None:
    """The content of the last balanced, non-empty box, with those that its sentence joins to it."""
    found = _boxes(text)
    if not found:
        return None
    first = len(found) - 1
    while first and _JOINED_BOXES.fullmatch(text, found[first - 1].end, found[first].start):
        first -= 1
    return ", ".join(box.content for box in found[first:])


def _boxes(text: str) -> list[Box]:
    """The balanced, non-empty boxes in order; boxes around boxes are opened."""
    if r"\boxed" not in text and r"\fbox" not in text:
        return []
    found: list[Box] = []
    opened: list[tuple[int, int] | None] = []
    for match in _BOX.finditer(text):
        mark = match[0]
        if match[1]:
            opened.append((match.start(), match.end()))
        elif mark == "{":
            opened.append(None)
        elif mark == "}" and opened:
            box = opened.pop()
            if box is None or (found and found[-1].start > box[0]):
                continue
            content = text[box[1] : match.start()].strip()
            if content:
                found.append(Box(box[0], match.end(), content))
    bare = [Box(match.start(), match.end(), match[1].rstrip(".,;")) for match in _BARE_BOX.finditer(text)]
    return sorted(found + bare)


def last_tag(text: str) -> str | None:
    """The content of the last `<answer>` block that is closed."""
    found = _TAG.findall(text)
    return found[-1].strip() if found else None


def last_hashes(text: str) -> str | None:
    """What follows the last `####` at a line's start: the form of GSM8K."""
    found = _HASHES.findall(text)
    return found[-1].strip() if found else None


def last_sentence(text: str) -> str | None:
    """What the last "the answer is" names: its formulas when it begins with one, else the rest of the sentence."""
    ends = [match.end() for match in _SENTENCE.finditer(text)]
    if not _OPTION.search(text):
        ends = sorted(ends + [match.end() for match in _LINE_OF_ANSWER.finditer(text)])
    rest = next(filter(None, (_after(text, end) for end in reversed(ends[-3:]))), None)
    if rest is None:
        return None
    if _FORMULA.match(rest):
        return _formulas(rest)
    end = _SENTENCE_END.search(rest)
    answer = (rest[: end.start()] if end else rest).strip().rstrip(".,")
    return None if not answer or _EMPTY_BOX.fullmatch(answer) else answer


_EMPTY_BOX = re.compile(r"\$*\s*\\(?:boxed|fbox)\s*\{\s*\}\s*\$*")
_PLAIN = re.compile(r"([-+]?\d[\d,]*(?:\.\d+)?)")
MAX_FORMULAS = 8


def _formulas(rest: str) -> str | None:
    """`$5$ and $6$` as both; of `$x$ = 5` what it is, not its name."""
    answer, at = "", 0
    for _ in range(MAX_FORMULAS):
        match = _FORMULA.match(rest, at) or _PLAIN.match(rest, at)
        if match is None:
            break
        answer, at = answer + next(filter(None, match.groups()), "").strip(), match.end()
        equal = _EQUALS.match(rest, at)
        if equal and _NAME.fullmatch(answer):
            answer, at = "", equal.end()
            continue
        more = _NEXT.match(rest, at)
        if more is None:
            break
        answer, at = answer + (f" {more[1]} " if more[1].isalpha() else ", "), more.end()
    return answer.strip(" ,") or None


def _after(text: str, start: int) -> str:
    """The rest of the line, or the next line that says something where no more than bold marks is left of this one."""
    rest = text[start:].lstrip(" \t*\r\n") if not text[start:].split("\n", 1)[0].strip(" \t*\r:") else text[start:]
    rest = rest.lstrip(" \t*:")
    if rest.startswith(("$$", r"\[")):
        return rest
    return rest.split("\n", 1)[0].strip(" \t\r*")


RULES: list[Callable[[str], str | None]] = [corrected, last_box, last_tag, last_hashes, last_sentence]
