"""The sections of a run's settings: what a person may say in each, with its unit and its default."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tasks.settings.endpoints import ExtraBody
from tasks.settings.form import left_empty, pick_block
from tasks.settings.policy import DEFAULT_POLICY, Percent, Policy, Units

CHAT_ROLES = ("extractor", "curator", "composer", "rater", "solver", "strong_solver")
LayoutName = Literal[
    "gsm8k", "math", "numina", "openmath", "metamath", "messages", "sharegpt", "alpaca", "mcq", "dapo", "olympiad", "qa"
]
Format = Literal[
    "messages",
    "alpaca",
    "sharegpt",
    "trl",
    "grpo",
    "verl",
    "verifiers",
]


class Section(BaseModel):
    """Base of all settings: closed to unknown keys, immutable once read. Errors do not repeat what they were given."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _leave_out_what_is_empty(cls, value: Any) -> Any:
        fields = cls.model_fields.items()
        return left_empty(
            value,
            [
                name
                for name, field in fields
                if field.get_default(call_default_factory=True) is None or field.default_factory
            ],
        )


class Columns(Section):
    """Which column of a file holds what."""

    problem: str = Field(
        "problem",
        description="Column with the problem's text; an element of it (messages[0].content), "
        "or a template of several ({question} {options})",
    )
    solution: str | None = Field("solution", description="Column with the worked solution")
    answer: str | None = Field(None, description="Column with the final answer; `answer` if left out and there")
    points: str | None = Field(None, description="Column with the row's own knowledge points (list or separated text)")


LARGEST_ROW = "Most megabytes of a row or line; longer ones are left out. 4 if left out"


class SeedFile(Section):
    """A file of solved problems: JSON Lines, JSON, CSV, TSV or Parquet; a folder of such files, or a pattern."""

    path: Path = Field(
        description="File with one solved problem a row, a folder of such files, or their hf:// or https:// address"
    )
    columns: Columns = Field(default_factory=Columns, description="Names of its columns")
    answer_after: str | None = Field(None, description="Text before the final answer in the solution, such as ####")
    points_separator: str = Field(";", description="Separator of knowledge points where their column holds text")
    layout: LayoutName | None = Field(
        None, description="Layout of a public dataset; guessed from the columns if nothing is said of them"
    )
    booleans: bool = Field(False, description="Read true and false as yes and no")
    take: tuple[Literal["images", "proofs", "several answers"], ...] = Field(
        (),
        description="Rows to take that are left out else: those with images (without these), proofs, several answers",
    )
    largest_row: float | None = Field(None, gt=0, le=1024, description=LARGEST_ROW)


class BenchmarkFile(Section):
    """A file of problems that must not be published, and which models may be evaluated on."""

    path: Path = Field(description="File with one benchmark item a row, or its hf:// or https:// address")
    columns: Columns = Field(
        default_factory=Columns, description="Names of its columns; problem, solution and, to evaluate, answer are used"
    )
    answer_after: str | None = Field(None, description="Text before the final answer in the solution, such as ####")
    choices: str | None = Field(None, description="Column with the options of multiple choice, as a list")
    level: str | None = Field(None, description="Column with an item's level, by which scores are told")
    subject: str | None = Field(None, description="Column with an item's subject, by which scores are told")
    largest_row: float | None = Field(None, gt=0, le=1024, description=LARGEST_ROW)


class Role(Section):
    """Which endpoint plays a role, and how it is asked."""

    model_config = ConfigDict(json_schema_extra=pick_block)

    endpoint: str | tuple[str, ...] = Field(
        min_length=1,
        description="Name of an entry in [endpoints] or block:NAME, or several that serve the same model",
    )
    model: str | None = Field(None, description="Model to ask for; the endpoint's model if left out")
    temperature: float | None = Field(
        None, ge=0, le=2, description="Sampling temperature; the role's default if left out"
    )
    top_p: float | None = Field(None, gt=0, le=1, description="Nucleus sampling; the server's default if left out")
    max_tokens: int | None = Field(None, ge=1, description="Limit of output tokens; the role's default if left out")
    thinking_tokens: int = Field(
        0, ge=0, description="Output tokens more, for the thought of a model that thinks; may change on any resume"
    )
    extra_body: ExtraBody = Field(default_factory=dict, description="Fields added to the request body")
    weight: float = Field(1.0, gt=0, description="Weight of a judge in its panel")

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        # What is picked in Prefect's form arrives as the block itself, with its key: only its name goes on.
        if saved := getattr(value, "_block_document_name", None):
            return {"endpoint": f"block:{saved}"}
        return {"endpoint": value} if isinstance(value, str | list | tuple) else value

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The endpoints that play it, the first of which names the model."""
        return (self.endpoint,) if isinstance(self.endpoint, str) else self.endpoint


class Roles(Section):
    """What each model is used for. With one chat endpoint, every role left out falls to it."""

    others: Role | None = Field(None, description="Plays every role that is left out, but the embedder's")
    extractor: Role | None = Field(None, description="Finds the knowledge points of seeds")
    curator: Role | None = Field(None, description="Drops bad points, decides which names are one, names classes")
    embedder: Role | None = Field(None, description="Embeds names of points; without one only equal names are merged")
    composer: Role | None = Field(None, description="Writes problems")
    rater: Role | None = Field(None, description="Says how hard a problem is")
    solver: Role | None = Field(None, description="Solves problems")
    strong_solver: Role | None = Field(None, description="Solves problems rated hard; the solver if left out")
    judges: tuple[Role, ...] = Field((), description="The panel that scores problems and grades solutions")
    verifier: Role | None = Field(
        None, description="Judges again in audits: the strongest you have; the judge of most weight if left out"
    )


class Extract(Section):
    """How knowledge points are found."""

    limit: int = Field(
        10, ge=1, le=30, description="Most points of one seed, also of those in a column (GSDP: 10, GRIP: 5)"
    )
    solve_seeds: bool = Field(
        False,
        description="Let the solver write the solutions of seeds that have an answer alone, before their points are "
        "found; else the extractor sees their problem alone",
    )


class Connect(Section):
    """How names become knowledge points."""

    alias_file: Path | None = Field(None, description="CSV of name,point lines; wins over everything else")
    filter: bool = Field(True, description="Let the curator drop vague, wrong and over-detailed points")
    same_at: float = Field(0.90, ge=0, le=1, description="Cosine from which two names are one (GRIP, appendix D.1)")
    ask_from: float = Field(0.70, ge=0, le=1, description="Cosine from which the curator is asked (GRIP, appendix D.1)")
    batch: int = Field(25, ge=1, le=200, description="Names or pairs in one question to the curator")


class ReviewRule(Section):
    """When a problem is good enough."""

    rule: Literal["mean", "majority"] = Field(
        "majority",
        description="mean: the judges' weighted mean must reach the threshold. majority: so must most judges' scores",
    )
    threshold: float = Field(0.85, ge=0, le=1, description="Least score of a good problem (GRIP, section 3.4)")
    first: int = Field(
        2, ge=0, description="Judges asked first, in their order: cheap ones first. The rest if these differ; 0: all"
    )
    quorum: float = Field(0.5, gt=0, le=1, description="Least share of the judges asked, by weight, that gave scores")


class Solve(Section):
    """How problems are solved."""

    samples: int = Field(4, ge=1, le=64, description="Most solutions of each problem")
    wave: int = Field(
        3, ge=1, le=64, description="Solutions asked for at a time; no more once they cannot change the vote"
    )


class GradeRule(Section):
    """When a solution is good enough."""

    rule: Literal["veto", "majority"] = Field(
        "majority", description="veto: one 0 rejects. majority: more 1 than 0, by weight, accepts"
    )
    least_agreement: float = Field(
        0.5, ge=0, le=1, description="Least share of the solutions that must agree with the chosen answer"
    )
    quorum: float = Field(0.5, gt=0, le=1, description="Least share of the judges asked, by weight, that gave a vote")
    first: int = Field(
        0, ge=0, description="Judges asked first, in their order: cheap ones first. The rest if these differ; 0: all"
    )
    candidates: int = Field(
        2, ge=1, le=64, description="Most solutions of the winning answer that are graded; a next one if judges differ"
    )
    reference: bool = Field(False, description="Show the judges which answer the solutions agree on")


class EquivalenceRule(Section):
    """When two answers are the same, where people differ."""

    percent: Percent = Field(DEFAULT_POLICY.percent, description="hundredth: 25% is 0.25. ignored: 25% is 25")
    units: Units = Field(
        DEFAULT_POLICY.units, description="optional: 5 cm is 5, and never 5 m. required: 5 cm is not 5"
    )
    rounded_decimals: int = Field(
        DEFAULT_POLICY.rounded_decimals,
        ge=1,
        description="Significant decimals from which a decimal may be a rounded value: 0.333333 is 1/3",
    )
    tolerance: float = Field(
        DEFAULT_POLICY.tolerance, ge=0, lt=1, description="Relative difference at which numbers are still the same"
    )
    figures: int = Field(
        DEFAULT_POLICY.figures,
        ge=0,
        description="Significant figures from which a quantity of physics may be rounded (9.8 m is 9.81 m); 0: none is",
    )

    @property
    def identity(self) -> dict[str, Any]:
        """What decides. `figures` came later: at its default it is left out, so that older stores go on."""
        kept = self.model_dump(mode="json")
        return {key: kept[key] for key in kept if (key, kept[key]) != ("figures", DEFAULT_POLICY.figures)}

    def policy(self) -> Policy:
        """The rule as the checker takes it."""
        return Policy(self.percent, self.units, self.rounded_decimals, self.tolerance, self.figures)


class ScreenRule(Section):
    """What keeps an accepted pair from counting."""

    near_duplicate: float = Field(0.6, gt=0, le=1, description="Jaccard overlap of word 3-grams from which two are one")
    seeds_too: bool = Field(True, description="Compare with the seeds as well")
    variants: int = Field(8, ge=1, description="Most pairs whose problems differ in nothing but their numbers")
    semantic: float | None = Field(
        None, gt=0, le=1, description="Cosine by the embedder from which two problems are one; not asked if left out"
    )
    second_look: float | None = Field(
        None,
        gt=0,
        le=1,
        description="Cosine by the embedder from which the verifier is asked whether a text is a benchmark item in "
        "other words; not asked if left out",
    )
    coverage: float = Field(
        0.5, gt=0, le=1, description="Least share of a benchmark item's runs of 8 words that makes a text contaminated"
    )


class Evaluate(Section):
    """Which models are evaluated on the benchmarks, and how."""

    models: tuple[Role, ...] = Field(
        (), description="Models to evaluate, known by their endpoints' names; the solver if left out"
    )
    samples: int = Field(1, ge=1, le=64, description="Answers of a model to each item: n of avg@n, pass@n and maj@n")
    template: Literal["evaluate", "evaluate_shots"] = Field(
        "evaluate", description="Prompt file to ask with; evaluate_shots shows worked examples first"
    )
    limit: int | None = Field(None, ge=1, description="Items of each benchmark, the first of its file; all if left out")


class Publish(Section):
    """What the dataset looks like."""

    name: str = Field("gsdp-dataset", description="Title of the dataset card")
    formats: tuple[Format, ...] = Field(("messages",), description="Layouts of the files for trainers")
    validation: float = Field(
        0.0, ge=0, lt=1, description="Share of the combinations whose pairs are held out for validation"
    )
    solutions: Literal["best", "agreed"] = Field(
        "best", description="best: the solution that the judges accepted. agreed: every one that gives its answer"
    )
    template: dict[str, Any] = Field(
        default_factory=dict,
        description="Row of a file of one's own, data/template.jsonl: columns of the dataset in braces, as {problem}",
    )
    rejected: bool = Field(False, description="Also write the rejected problems and solutions, with gate and reason")
    languages: tuple[str, ...] = Field(("en",), description="Languages of the texts, as ISO 639 codes")
    license: str | None = Field(
        None,
        description="Licence of the dataset, as you decide it: an identifier of hubs (cc-by-4.0), or other: NAME",
    )
    seeds_license: str | None = Field(None, description="Licence of the seeds, as their owner gives it")
    models_license: str | None = Field(None, description="Licences of the models whose text is published")

    @field_validator("languages")
    @classmethod
    def _check_languages(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [code for code in codes if not (code.isascii() and code.islower() and len(code) in (2, 3))]
        if wrong:
            raise ValueError(f"{wrong[0]!r} is no ISO 639 code; write two or three small letters, as in en or deu")
        return codes
