"""What the report says in words: numbers with their nouns, what a reason of a gate means, and how alpha is read."""

from __future__ import annotations


def meaning(stage: str, reason: str) -> str:
    """What a reason means, for somebody who has not read the settings; empty for one that speaks for itself."""
    bare, _, seed = reason.partition(" of a ")
    told = MEANINGS.get((stage, bare)) or MEANINGS.get(("", bare), "")
    return told.replace("an earlier problem", f"a {seed}") if seed else told


def strength(alpha: float) -> str:
    """What Krippendorff lets alphas be used for: conclusions from 0.8, tentative ones from two thirds."""
    return "strong" if alpha >= 0.8 else "fair" if alpha >= 2 / 3 else "weak"


def alpha_in_words(alpha: float | None, alike: float | None) -> str:
    """A sentence on the agreement of a panel, whose judges agree so often; empty where it cannot be told."""
    if alpha is None:
        return "All judges gave the same verdict on everything, so alpha says nothing." if alike == 1 else ""
    told = f"The panel's alpha is {alpha:.2f} (1: full agreement, 0: no more than by chance"
    if alpha >= 0:
        return f"{told}; {strength(alpha)}, where 0.67 is fair and 0.8 strong)."
    if alike is not None and alike >= USUAL:
        return (
            f"{told}). It is below 0 although two judges of an item agree to {alike:.0%}: nearly all items got the "
            "same verdict, so the few others decide, and alpha says little here."
        )
    return f"{told}). Below 0 they agree less than by chance: they take opposite sides."


USUAL = 0.8
"""Agreement from which on a low alpha says that verdicts hardly differ, not that judges do."""

MEANINGS = {
    ("ingest", "duplicate"): "the same problem is in an earlier row",
    ("ingest", "not a row"): "the line is no row of its format",
    ("ingest", "not text"): "a column holds something other than text",
    ("ingest", "damaged text"): "characters were lost before the file was written",
    ("ingest", "no solution"): "the row has neither a solution nor an answer nor knowledge points",
    ("ingest", "image"): "the problem comes with an image, which no model here sees",
    ("ingest", "proof"): "the row asks for a proof",
    ("ingest", "several answers"): "the row has more than one answer",
    ("extract", "no points found"): "the model named no knowledge point for this seed",
    ("extract", "name too long"): "a name longer than names of facts are",
    ("extract", "name that is none"): "a line that is no name of a fact",
    ("extract", "name said twice"): "named twice for one seed",
    ("extract", "name beyond the limit"): "more names than `extract.limit` allows for one seed",
    ("connect", "vague"): "names of a whole field, a skill or a commonplace, such as “algebra”: no single fact",
    ("connect", "wrong"): "names of something that is false or does not exist",
    ("connect", "detailed"): "names that fit one problem alone, with its numbers or objects",
    ("connect", "not embedded"): "the embedder gave no vector for the name",
    ("compose", "no usable problem"): "no answer of the model held a problem that could be read",
    (
        "review",
        "low score",
    ): "the judges' scores, each the mean of logic and presentation, did not reach the least score",
    ("solve", "no usable answer"): "solutions that were cut off or could not be read",
    ("grade", "no solution"): "no solution came to a final answer",
    ("grade", "no agreement"): "no answer has the least share of the solutions, or two have equally many",
    ("grade", "voted wrong"): "the judges called the solutions wrong",
    ("screen", "exact duplicate"): "word for word an earlier problem",
    ("screen", "near duplicate"): "nearly word for word an earlier problem",
    ("screen", "semantic duplicate"): "an earlier problem in other words",
    ("screen", "template flood"): "one more variant of a problem, with other numbers",
    ("screen", "contaminated solution"): "the solution repeats a benchmark item",
    ("screen", "quota full"): "`accept` wants no more pairs of this kind",
    ("", "contaminated"): "it repeats a benchmark item",
    ("", "contamination unjudged"): "near a benchmark item, and the verifier could not decide",
    ("", "unjudged"): "too few judges gave an answer that could be read",
}
"""By stage and reason; without a stage, at any. A reason in a server's own words is not among them."""

OF_PROBLEMS = (
    "Counted are the calls for written problems, from compose to grade, also of those that were rejected. The first "
    "screen counts all calls, so also those for seeds, for names and for answers of no use."
)
"""What tokens and money by problem hold, next to those of the whole run."""
