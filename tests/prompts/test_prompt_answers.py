"""Answers are read strictly: what does not fit is refused with a reason that can be counted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompts.answers import (
    TAGS,
    Unparseable,
    block,
    clean,
    read_difficulty,
    read_name,
    read_points,
    read_problem,
    read_review,
    read_verdicts,
    read_vote,
    unwrapped,
)

FILTER = ("keep", "drop vague", "drop wrong", "drop detailed")


def outcome(read: Callable[[str], object], text: str) -> object:
    """What a reader returns, or the reason of its refusal."""
    try:
        return read(text)
    except Unparseable as refusal:
        return refusal.reason


BLOCKS = [
    ("<problem>a</problem>", "a", "plain"),
    ("<problem>\n  a\n b\n</problem>\n", "a\n b", "outer whitespace goes, inner stays"),
    ("<PROBLEM>a</Problem>", "a", "any letter case"),
    ("< problem >a</ problem\n>", "a", "stray spaces"),
    ("Sure!\n<problem>a</problem>\nDone.", "a", "talk around it"),
    ("<problem>a</problem> no: <problem>b</problem>", "b", "the last one wins"),
    ("<problem>a</problem> and <problem>b", "a", "the last complete one wins"),
    ("I will use <problem>.\n<problem>a</problem>", "a", "the tag is announced first"),
    ("between <problem> and </problem>: <problem>a</problem>", "a", "the instruction is echoed first"),
    ("</problem><problem>a</problem></problem>", "a", "stray closing tags"),
    ("<problem><problem>a</problem></problem>", "a", "wrapped twice"),
    ("<problem>\n<problem>a</problem>\n</problem>", "a", "wrapped twice with lines between"),
    ("<problem>a <problem>b</problem> c</problem>", "nested <problem>", "either half may be meant"),
    ("<problem><problem>a</problem><problem>b</problem></problem>", "nested <problem>", "two in one"),
    ("<problem>a <points>b</points></problem>", "a <points>b</points>", "other tags are the readers' business"),
    ("<problem></problem>", "", "empty is for the reader to refuse"),
    ("<problem>$a<b$ and <problems></problem>", "$a<b$ and <problems>", "a longer tag is another tag"),
    ("<problem>a\u2028b</problem>", "a\u2028b", "odd line breaks"),
    ("<problem>a", "no <problem> block", "cut off"),
    ("a</problem>", "no <problem> block", "never opened"),
    ("</problem>a<problem>", "no <problem> block", "the wrong way round"),
    ("problem: a", "no <problem> block", "no tag at all"),
    ("", "no <problem> block", "nothing"),
    ("&lt;problem&gt;a&lt;/problem&gt;", "no <problem> block", "escaped tags are guesswork"),
    ("<problem class='x'>a</problem>", "no <problem> block", "attributes are none of our format"),
]

POINTS = [
    ("<points>\nVieta's formulas\n\n  Heron's formula \n</points>", ["Vieta's formulas", "Heron's formula"], "lines"),
    ("<points>\n- a\n2. b\n</points>", ["- a", "2. b"], "bullets are left to the normal form"),
    ("<points>a\na</points>", ["a", "a"], "so are repeats"),
    ("<points>a\na\nb\na\na</points>", "one line over and over", "four are none"),
    ("<points>log_2 7\nlog_2 8\nlog_2 9\nlog_2 10\n</points>", "one line over and over", "counting names nothing"),
    ("<points>1. a\n2. b\n3. c\n4. d</points>", ["1. a", "2. b", "3. c", "4. d"], "numbers of lines do not count"),
    ("<points>1. a 1\n2. a 2\n3. a 3\n4. b</points>", ["1. a 1", "2. a 2", "3. a 3", "4. b"], "three may differ so"),
    ("<points>a\r\nb</points>", ["a", "b"], "other line breaks"),
    ("<points>a</points>\n<points>\nb\n</points>", ["a", "b"], "a block for each name"),
    ("<points>a\nb</points>\n<points>c</points>", ["c"], "a draft and what is meant"),
    ('<points>["a", "b"]</points>', ["a", "b"], "a JSON list"),
    ("<points>[0, 1] is compact</points>", ["[0, 1] is compact"], "an interval"),
    ("<points></points>", [], "none is an answer"),
    ("<points> \n \n</points>", [], "blank lines too"),
    ("none", "no <points> block", "no block is none"),
    ("<points>\na\nb", ["a", "b"], "a list that was not closed"),
    ("<points>a</points> or <points>b", ["a"], "a complete block wins"),
    ("a</points>", "no <points> block", "never opened"),
    ("<points>\na\n<problem>\n</points>", "tag left in <points>", "a scrap of the prompt"),
]

PROBLEMS = [
    ("<problem>Find $\\frac{1}{2}$ of {{x}}.</problem>", "Find $\\frac{1}{2}$ of {{x}}.", "LaTeX stays"),
    ("<problem>Let $|a|<|b|$, $a<b$.</problem>", "Let $|a|<|b|$, $a<b$.", "inequalities are no tags"),
    ("<problem>求 $x$。</problem>", "求 $x$。", "any script"),
    ("<problem> \n </problem>", "empty <problem>", "blank"),
    ("<problem>...</problem>", "empty <problem>", "a placeholder"),
    (r"<problem>1 + 1? \[\boxed{2}\]</problem>", "final answer in <problem>", "solved by its own writer"),
    (r"<problem>Area? \boxed{\frac{64}{3}}</problem>", "final answer in <problem>", "braces within"),
    (r"<problem>Fill in: $1 + \boxed{} = 2$</problem>", r"Fill in: $1 + \boxed{} = 2$", "a blank to fill"),
    (r"<problem>$1 + \boxed{\phantom{0}} = 2$</problem>", r"$1 + \boxed{\phantom{0}} = 2$", "a blank to fill"),
    (r"<problem>$1 + \fbox{?} = 2$</problem>", r"$1 + \fbox{?} = 2$", "a blank to fill"),
    ("<problem>" + "a" * 50 + "</problem>", "a" * 50, "as long as allowed"),
    ("<problem>" + "a" * 51 + "</problem>", "too long", "one more"),
    ("<problem>a</points></problem>", "tag left in <problem>", "a scrap of the prompt"),
    (
        "<problem>What is $\x0crac{1}{2}$?</problem>",
        "control character in <problem>",
        "LaTeX that was read as an escape",
    ),
    ("<problem>a <Solution>b</problem>", "tag left in <problem>", "a solution follows, in any case"),
    ("<problem>a</think>b</problem>", "tag left in <problem>", "a chain of thought"),
    ("<problem>a<|im_end|></problem>", "tag left in <problem>", "a chat marker"),
    ("<problem>What does List<Item> hold?</problem>", "What does List<Item> hold?", "a type of a program"),
    ("<problem>Is <s>a</s> struck out?</problem>", "Is <s>a</s> struck out?", "HTML"),
    ("<problem>[INST] a</problem>", "tag left in <problem>", "a chat marker with brackets"),
    ("<problem>a<tool_call>b</problem>", "tag left in <problem>", "a call of a tool"),
    ("<problem>[gMASK]<sop>a</problem>", "tag left in <problem>", "the beginning of all"),
    ("<problem>a</ver\u200bdict>b</problem>", "tag left in <problem>", "a character without width in a tag"),
    ("<problem>a<|im_\u2060end|>b</problem>", "tag left in <problem>", "and in a chat marker"),
    ("<problem>[ABCD] is an area</problem>", "[ABCD] is an area", "an area is no marker"),
]

SCORES = [
    ("0.9", 0.9, "decimal"),
    (".9", 0.9, "no leading zero"),
    ("1", 1.0, "one"),
    ("1.0", 1.0, "one, with a decimal"),
    ("0", 0.0, "zero"),
    ("9/10", 0.9, "out of ten"),
    ("8.5 / 10", 0.85, "decimal out of ten, spaced"),
    ("0.9/1", 0.9, "out of one"),
    ("90%", 0.9, "percent"),
    ("90 %", 0.9, "percent, spaced"),
    (" \n0.9\n ", 0.9, "own line"),
    ("9", "score out of range", "out of ten, but unsaid"),
    ("1.01", "score out of range", "a little more than all"),
    ("11/10", "score out of range", "more than all"),
    ("150%", "score out of range", "more than all"),
    ("9/0", "score not a number", "division by zero"),
    ("-0.1", "score not a number", "negative"),
    ("0,9", "score not a number", "a decimal comma"),
    ("0.0 to 1.0", "score not a number", "the instruction, echoed"),
    ("9e-1", "score not a number", "an exponent"),
    ("nan", "score not a number", "float() would take it"),
    ("inf", "score not a number", "float() would take it"),
    ("high", "score not a number", "a word"),
    ("**0.9**", 0.9, "markdown"),
    ("`0.9`.", 0.9, "code, and a full stop"),
    ("4/5", 0.8, "out of five"),
    ("4 of 5", 0.8, "in a word"),
    ("4 out of 5", 0.8, "in more words"),
    ("four out of five", 0.8, "in nothing but words"),
    ("Four/5", 0.8, "in a word and a digit"),
    ("one", 1.0, "a word without a scale that needs none"),
    ("0.9/1", 0.9, "out of one"),
    ("90 percent", 0.9, "percent, in a word"),
    ("90％", 0.9, "percent, full width"),
    ("4", "score out of range", "of what?"),
    ("four", "score out of range", "of what, in a word"),
    ("six of five", "score out of range", "more than all, in words"),
    ("often", "score not a number", "a word that holds a number"),
    ("**", "score not a number", "markdown alone"),
    ("9 / 10 / 10", "score not a number", "a scale of a scale"),
    ("０.９", "score not a number", "full width digits"),
    ("9/10%", "score not a number", "both at once"),
    ("", "empty score", "nothing"),
]

DIFFICULTIES = [
    ("<difficulty>easy</difficulty>", "easy", "easy"),
    ("<difficulty> Medium\n</difficulty>", "medium", "letter case and whitespace"),
    ("easy? <difficulty>easy</difficulty> No. <DIFFICULTY>HARD</DIFFICULTY>", "hard", "second thoughts"),
    ("<difficulty>very hard</difficulty>", "unknown difficulty", "a level of its own"),
    ("<difficulty>easy|medium|hard</difficulty>", "unknown difficulty", "the choice, echoed"),
    ("<difficulty></difficulty>", "empty <difficulty>", "nothing"),
    ("hard", "hard", "the word alone"),
    (" Medium.\n", "medium", "the word alone, as a sentence"),
    ("It is hard", "no <difficulty> block", "no tag"),
]

VOTES = [
    ("<verdict>1</verdict>", 1, "right"),
    ("Step 3 fails.\n<verdict> 0 </verdict>", 0, "wrong"),
    ("<verdict>1</verdict> wait <verdict>0</verdict>", 0, "the last one counts"),
    ("<verdict>0.5</verdict>", "vote not 0 or 1", "undecided"),
    ("<verdict>yes</verdict>", "vote not 0 or 1", "a word"),
    ("<verdict>01</verdict>", "vote not 0 or 1", "int() would take it"),
    ("<verdict>１</verdict>", "vote not 0 or 1", "int() would take this too"),
    ("<verdict></verdict>", "empty <verdict>", "nothing"),
    ("1", "no <verdict> block", "no tag"),
    ("<verdicts>1</verdicts>", "no <verdict> block", "another tag"),
]

VERDICTS = [
    ("1 keep\n2 drop vague\n3 drop wrong", {0: "keep", 1: "drop vague", 2: "drop wrong"}, "all"),
    ("1. Keep\n2) DROP  vague.\n- 3: drop wrong", {0: "keep", 1: "drop vague", 2: "drop wrong"}, "case, punctuation"),
    ("1 drop: vague\n2 drop (wrong)", {0: "drop vague", 1: "drop wrong"}, "punctuation within"),
    ("**1** keep", {0: "keep"}, "markdown"),
    ("3 keep\n1 keep", {0: "keep", 2: "keep"}, "order is free, gaps stay unjudged"),
    ("1 keep\n2 maybe", {0: "keep"}, "an unknown verdict"),
    ("1 drop", {}, "drop without a reason"),
    ("1 keep because it is fine", {}, "more than a verdict"),
    ("0 keep\n4 keep\n99999999999 keep", {}, "numbers that were not asked"),
    ("1 keep\n1 keep", {0: "keep"}, "repeated"),
    ("1 keep\n1 drop vague\n2 keep", {1: "keep"}, "contradicts itself"),
    ("1 keep\n1 maybe", {}, "takes itself back"),
    ("1.5 keep\n12 keep", {}, "1.5 is not 1, and 12 neither"),
    ("Here you are:\n1 keep", {0: "keep"}, "talk"),
    ("keep\ndrop vague", {}, "no numbers: which is which is a guess"),
    ("", "empty <verdicts>", "nothing"),
]

NAMES = [
    ("<name>Chinese remainder theorem</name>", "Chinese remainder theorem", "plain"),
    ("<name>\n 中国剩余定理 \n</name>", "中国剩余定理", "own line, any script"),
    ("<name>a</name> or <name>b</name>", "b", "the last one"),
    ("<name>a\nb</name>", "several lines in <name>", "a list is no name"),
    ("<name> - </name>", "empty <name>", "no word in it"),
    ("<name>" + "a" * 201 + "</name>", "too long", "an explanation"),
    ("<name><points>a</name>", "tag left in <name>", "a scrap of the prompt"),
    ("a", "no <name> block", "no tag"),
]


@pytest.mark.parametrize(("text", "expected", "why"), BLOCKS)
def test_the_last_complete_block_wins(text: str, expected: str, why: str) -> None:
    assert outcome(lambda t: block(t, "problem"), text) == expected, why


@pytest.mark.parametrize(("text", "expected", "why"), POINTS)
def test_points_are_lines(text: str, expected: object, why: str) -> None:
    assert outcome(read_points, text) == expected, why


@pytest.mark.parametrize(("text", "expected", "why"), PROBLEMS)
def test_a_problem_is_text_without_scraps_of_the_prompt(text: str, expected: str, why: str) -> None:
    assert outcome(lambda t: read_problem(t, longest=50), text) == expected, why


UNWRAPPED = [
    ("<solution>\n a \n</solution>\n", "a", "wrapped from end to end"),
    ("So: <Solution>a</solution>.", "So: a.", "talk around it stays"),
    (" a\n", "a", "not wrapped"),
    ("<solution>a", "<solution>a", "cut off"),
    ("<solution>a</solution><solution>b</solution>", "<solution>a</solution><solution>b</solution>", "two"),
    ("</solution>a<solution>", "</solution>a<solution>", "the wrong way round"),
]


@pytest.mark.parametrize(("text", "expected", "why"), UNWRAPPED)
def test_one_block_that_was_not_asked_for_is_unwrapped(text: str, expected: str, why: str) -> None:
    assert unwrapped(text, "solution") == expected, why


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$a<b$ in [ABCD]", "$a<b$ in [ABCD]"),
        ("a" * 20, "a" * 20),
        ("a" * 21, "too long"),
        ("a</problem>", "tag left in <solution>"),
        ("a<|im_start|>user", "tag left in <solution>"),
    ],
)
def test_a_clean_text_has_no_tags_or_markers_and_a_bound(text: str, expected: str) -> None:
    assert outcome(lambda t: clean(t, "solution", 20), text) == expected


@pytest.mark.parametrize(("text", "expected", "why"), SCORES)
def test_scores_are_read_in_their_usual_forms_and_no_other(text: str, expected: object, why: str) -> None:
    answer = f"<logic>{text}</logic>\n<presentation>0.5</presentation>"
    assert outcome(read_review, answer) == ((expected, 0.5) if isinstance(expected, float) else expected), why
    swapped = f"<presentation>{text}</presentation>\n<logic>0.5</logic>"
    assert outcome(read_review, swapped) == ((0.5, expected) if isinstance(expected, float) else expected), why


def test_a_review_with_one_score_is_refused() -> None:
    assert outcome(read_review, "<logic>1</logic>") == "no <presentation> block"


@pytest.mark.parametrize(("text", "expected", "why"), DIFFICULTIES)
def test_difficulty_is_one_of_three_words(text: str, expected: str, why: str) -> None:
    assert outcome(read_difficulty, text) == expected, why


@pytest.mark.parametrize(("text", "expected", "why"), VOTES)
def test_a_vote_is_exactly_zero_or_one(text: str, expected: object, why: str) -> None:
    assert outcome(read_vote, text) == expected, why


@pytest.mark.parametrize(("text", "expected", "why"), VERDICTS)
def test_an_item_without_a_clear_verdict_stays_unjudged(text: str, expected: object, why: str) -> None:
    answer = f"<verdicts>\n{text}\n</verdicts>"
    assert outcome(lambda t: read_verdicts(t, 3, FILTER), answer) == expected, why


@pytest.mark.parametrize(("text", "expected", "why"), NAMES)
def test_a_name_is_one_short_line(text: str, expected: str, why: str) -> None:
    assert outcome(read_name, text) == expected, why


@pytest.mark.parametrize(
    ("text", "expected", "why"),
    [
        (" Sine rule\n", "Sine rule", "one of the given names and nothing else"),
        ("<name>Law of sines</name>", "Law of sines", "a new one in its tags"),
        ("Law of sines", "no <name> block", "a new one without"),
        ("Sine rule, since it is common", "no <name> block", "with a remark"),
    ],
)
def test_a_given_name_needs_no_tags(text: str, expected: object, why: str) -> None:
    assert outcome(lambda said: read_name(said, given=("Sine rule", "sine law")), text) == expected, why


def test_the_reason_is_also_the_message() -> None:
    with pytest.raises(ValueError, match=r"^no <verdict> block$") as caught:
        read_vote("")
    assert isinstance(caught.value, Unparseable)
    assert caught.value.reason == str(caught.value)


SCRAPS = st.sampled_from(
    [f"<{slash}{tag}>" for tag in sorted(TAGS) for slash in ("", "/")]
    + ["\n", " ", "<", ">", "/", "0", "1", "9/10", "9/0", "%", "1 keep", "2 drop vague", "easy", "<|", "|>", "\\frac{"]
)
ANSWERS = st.lists(SCRAPS | st.text(max_size=8), max_size=24).map("".join)


@settings(max_examples=400, deadline=None)
@given(text=ANSWERS, count=st.integers(0, 5))
def test_reading_raises_nothing_but_unparseable(text: str, count: int) -> None:
    for tag in sorted(TAGS):
        outcome(lambda t, tag=tag: block(t, tag), text)  # type: ignore[misc]
    for read in (read_points, read_problem, read_review, read_difficulty, read_vote, read_name):
        outcome(read, text)
    verdicts = outcome(lambda t: read_verdicts(t, count, FILTER), text)
    assert isinstance(verdicts, str) or (isinstance(verdicts, dict) and all(0 <= i < count for i in verdicts))


@settings(max_examples=200, deadline=None)
@given(body=st.text(max_size=200), before=ANSWERS)
def test_a_whole_last_block_is_read_back_whatever_came_before_it(body: str, before: str) -> None:
    body = body.replace("<", "")
    assert outcome(lambda t: block(t, "problem"), f"{before}<problem>{body}</problem>") == body.strip()


def test_hostile_answers_are_read_in_linear_time() -> None:
    size = 200_000
    for text in ("<" * size, "< " * size, "<problem>" * (size // 9), "<" + " " * size, "<problem>" + "1." * size):
        assert outcome(read_problem, text) == "no <problem> block"
        assert outcome(lambda t: read_verdicts(f"<verdicts>{t}</verdicts>", 3, FILTER), text) == {}
