"""The dataset card: what is in the folder, how it came about, and what every gate kept out, in counted figures."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from graph.evaluations import VerifierAudit
from prompts.domain import find_domain
from tasks.inputs.benchmarks import labels
from tasks.reports.agreement import Agreement, agreement
from tasks.reports.card_files import ALPHA, CITATION, features, licence_lines, loading, sample, sources
from tasks.reports.card_tables import cell, table
from tasks.reports.coverage import of_dataset
from tasks.reports.funnel import DECIDED, FINISHED, finished_counts, rejected, spared
from tasks.settings.addresses import SANDBOX
from tasks.settings.presets import HEAD, choices
from tasks.settings.run import RunSettings
from tasks.store.database import Store
from tasks.store.latest import findings, latest, latest_identity, recipe_of

REHEARSAL = (
    "**This is a rehearsal.** Its texts were written by the bundled sandbox endpoint, which is a program and not a "
    "model. They are of no use for training."
)
MERGING = (
    "GRIP takes names for one from a cosine of 0.90 on. Alone that is unsafe: in a published clustering of real names "
    "at 0.90, 6 of 247 clusters join opposites. Here a score joined names only where their content words are the same; "
    "other pairs were the curator's question, and without a curator they stayed apart."
)
UNSTATED = "not stated"


def card(
    store: Store,
    settings: RunSettings,
    count: int,
    example: Mapping[str, Any] | None = None,
    sharded: Collection[str] = (),
) -> str:
    """The README.md of a dataset of `count` pairs, with front matter for a dataset hub.

    One of the pairs is the example; the files of the names in `sharded` are several each.
    """
    target = settings.target_pairs
    finished = finished_counts(store, target)
    parts = [
        _front(settings, count, sharded),
        f"# {settings.publish.name}",
        *([REHEARSAL] if is_rehearsal(store, settings) else []),
        f"{count:,} problem-solution pairs, synthesized from {_one(store, 'SELECT count(*) FROM current_seeds'):,} "
        "seed problems by way of a graph of knowledge points, the method of GSDP (arXiv 2412.08864), with gsdp.",
        *loading(),
        *features(settings),
        *sample(example),
        "## Pairs by relation",
        table(("relation", "pairs"), store.rows(_BY_RELATION, [settings.target_pairs])),
        "## Difficulty",
        "Rated by a model before it is solved, and measured by how many of its solutions agree.",
        table(("difficulty", "rated", "measured"), store.rows(_BY_DIFFICULTY, [settings.target_pairs])),
        *sources(store),
        *_graph(store),
        *_coverage(store, settings.target_pairs),
        "## From seeds to pairs",
        table(("stage", "in", "out"), funnel(store, finished, count)),
        *_section("What the gates kept out", ("stage", "reason", "items"), rejected(store, target, finished)),
        *_contamination(store, settings),
        *_clusters(store, settings.target_pairs),
        *_judges(store, settings.target_pairs),
        *_verifier(store),
        *_section("Models", ("role", "model"), models(store)),
        "## Thresholds",
        table(("setting", "value"), thresholds(settings)),
        *_domain(settings),
        "## The preset, next to its paper",
        table(HEAD, choices(settings.preset, settings.model_dump(mode="json"))),
        "## Licences",
        table(
            ("of", "licence"),
            [
                ("dataset", settings.publish.license or UNSTATED),
                ("seeds", settings.publish.seeds_license or UNSTATED),
                ("models", settings.publish.models_license or UNSTATED),
            ],
        ),
        "## Citation",
        "The method; this dataset is by its publisher.",
        CITATION,
    ]
    return "\n\n".join(parts) + "\n"


def _section(title: str, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    """A table under its title; nothing where it has no row."""
    return [f"## {title}", table(head, rows)] if rows else []


def is_rehearsal(store: Store, settings: RunSettings) -> bool:
    """Whether any of the texts come from the sandbox: started by the run, or a server of its own."""
    started = any(endpoint.base_url == SANDBOX for endpoint in settings.endpoints.values())
    return started or any(model.startswith(f"{SANDBOX}-") for _, model in models(store))


def funnel(store: Store, finished: Mapping[str, int], count: int) -> list[tuple[Any, ...]]:
    """(stage, items in, items out) of the finished part of the run, up to the target's last pair."""
    mentions = f"FROM current_mentions WHERE recipe = {recipe_of('extract')}"
    seeds = _one(store, "SELECT count(*) FROM current_seeds")
    extracted = _one(store, f"SELECT count(DISTINCT seed_id) {mentions}")
    names = _one(store, f"SELECT count(DISTINCT name) {mentions}")
    points = _one(store, "SELECT count(*) FROM knowledge_points WHERE recipe = " + recipe_of("connect"))
    return [
        ("extract (seeds with points)", seeds, extracted),
        ("connect (names to points)", names, points),
        ("compose", finished["asked"], finished["problems"]),
        ("review", finished["problems"], finished["reviewed"]),
        ("grade", finished["reviewed"], finished["graded"]),
        ("screen", finished["graded"], count),
    ]


def models(store: Store) -> list[tuple[str, str]]:
    """(role, model) of the latest run, from the identity that was recorded with it."""
    identity = latest_identity(store)
    named: list[tuple[str, str]] = []
    for stage, role in (
        ("extract", "extractor"),
        ("connect", "curator"),
        ("compose", "composer"),
        ("review", "rater"),
        ("solve", "solver"),
        ("solve", "strong_solver"),
    ):
        if player := identity[stage][role]:
            named.append((role, player["model"]))
    if embedder := identity["connect"]["embedder"]:
        named.append(("embedder", embedder["model"]))
    named += [("judge", judge["model"]) for judge in identity["review"]["judges"]]
    return named + [row for row in _going_on(store) if row not in named]


def _going_on(store: Store) -> list[tuple[str, str]]:
    """(role, model) of those that have gone on with another model's work."""
    if json.loads(latest(store, "settings")).get("models") != "extend":
        return []
    rows = store.rows(
        """SELECT DISTINCT if(stage IN ('review', 'grade') AND role <> 'rater', 'judge', role), model FROM calls
        WHERE fault IS NULL AND stage IN ('extract', 'connect', 'compose', 'review', 'solve', 'grade')
            AND role <> 'embedder' ORDER BY ALL"""
    )
    return [(str(role), str(model)) for role, model in rows]


def _contamination(store: Store, settings: RunSettings) -> list[str]:
    """The section on benchmarks: what was compared with them, and every text that repeats an item of them."""
    if not settings.benchmarks:
        return []
    files = [(label, *(store.rows(_HITS, [settings.target_pairs, label])[0])) for label in labels(settings.benchmarks)]
    head = ("benchmark", "problems", "solutions", "seeds")
    told = (
        "Problems, their solutions and the seeds were compared with these benchmarks: any 13 words in a row, "
        f"{settings.screen.coverage:.0%} of an item's runs of 8 words with all single letters alike, and short items "
        "as a whole. What repeats an item was kept out; it is counted here, with the words that show it."
    )
    if (least := settings.screen.second_look) is not None:
        told += (
            f" Texts that passed were compared by meaning: the verifier read them next to items at a cosine of {least} "
            "and more. For these the cosine stands as coverage."
        )
    found = store.rows(_EVIDENCE, [settings.target_pairs])
    # Words that a text shares with an item are in the text anyway; an item as a whole has no place in a dataset's card.
    evidence = [
        (part, item, rule, f"{coverage:.0%}", "" if rule == "meaning" else shared)
        for _, part, item, rule, coverage, shared in found
    ]
    left = f"and {len(found) - SHOWN:,} more, in the table `evidence` of the store" if len(found) > SHOWN else ""
    shown = [table(("text", "item", "rule", "coverage", "words"), evidence[:SHOWN])] if evidence else []
    return ["## Contamination", told, table(head, files), *shown, *([left] if left else [])]


def _domain(settings: RunSettings) -> list[str]:
    """The section on what another domain than mathematics took from it."""
    domain = find_domain(settings.domain)
    if not domain.missing:
        return []
    return ["## Domain", f"{domain.title}; of mathematics are its {', '.join(domain.missing)}."]


def _graph(store: Store) -> list[str]:
    """The section on whether the graph gave what was asked of it."""
    lines = findings(store)
    return ["## The knowledge graph", "\n".join(f"- {cell(line)}" for line in lines), MERGING] if lines else []


def _coverage(store: Store, target: int) -> list[str]:
    """The section on how much of the graph the pairs cover."""
    found = of_dataset(store, target)
    points, used = sum(row[1] for row in found), sum(row[2] for row in found)
    told = (
        f"{used:,} of {points:,} knowledge points are in a pair, and so are {sum(row[3] > 0 for row in found):,} of "
        f"{len(found):,} communities of points. The largest of these, by their most frequent points:"
    )
    head = ("community", "points", "points in a pair", "pairs")
    return ["## Coverage of the graph", told, table(head, found[:COMMUNITIES])] if found else []


def _clusters(store: Store, target: int) -> list[str]:
    """The section on what was kept out as a repetition, by kind."""
    head = ("kind", "problems kept out", "clusters", "largest")
    return _section("Repetitions", head, store.rows(_CLUSTERS, [target]))


def _judges(store: Store, target: int) -> list[str]:
    """The section on the panel: how far its judges agree and lean."""
    rows = [
        (
            found.task,
            judge.judge,
            judge.given,
            judge.unjudged,
            _decimals(judge.mean, "{:.3f}"),
            _decimals(judge.bias, "{:+.3f}"),
            _decimals(found.alpha, "{:.3f}"),
        )
        for found in finished_agreement(store, target)
        for judge in found.judges
    ]
    if not rows:
        return []
    head = ("stage", "judge", "given", "unjudged", "mean", "bias", "alpha of the panel")
    saved, tokens = spared(store, target)
    told = (
        f"Once no further solution could change a vote, none was asked for: that spared {saved:,} solutions, "
        f"about {tokens:,} tokens. Judges after the first ones are asked where those differ."
    )
    return ["## Votes and judges", told, table(head, rows), ALPHA]


def _verifier(store: Store) -> list[str]:
    """The section on the verifier of answers: how its verdicts stand to math-verify's, by the latest audit."""
    found = store.select(VerifierAudit, "true ORDER BY rowid DESC LIMIT 1")
    if not found:
        return []
    (audit, *_) = found
    told = (
        f"Of {audit.pairs:,} pairs of answers to one problem that are written differently, our verifier calls "
        f"{audit.same:,} the same, {audit.different:,} different, and leaves {audit.unknown:,} open. math-verify, "
        f"asked about the same pairs, says otherwise on {audit.parted:,} of them "
        f"({audit.parted / audit.pairs:.1%}), and came to no end on {audit.unread:,}. "
        "`gsdp audit verifier` lists them."
    )
    return ["## Verifier of answers", told]


def finished_agreement(store: Store, target: int) -> list[Agreement]:
    """How far the judges agree on the finished part of the run."""
    last = store.rows(
        f"WITH {FINISHED} SELECT coalesce(max(position), -1) FROM finished",
        [target],
    )[0][0]
    written = f"SELECT id FROM current_problems WHERE position <= {int(last)} AND id IN {DECIDED}"
    return agreement(store, latest_identity(store), written)


def _decimals(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)


def thresholds(settings: RunSettings) -> list[tuple[str, str]]:
    """The settings that decide what is kept."""
    return [
        ("preset", settings.preset),
        ("review: rule of the panel", settings.review.rule),
        ("review: least score", f"{settings.review.threshold}"),
        ("review: judges asked first", f"{settings.review.first or 'all'}"),
        ("solve: most solutions of each problem", f"{settings.solve.samples}"),
        ("solve: asked for at a time", f"{settings.solve.wave}"),
        ("grade: rule of the panel", settings.grade.rule),
        ("grade: judges asked first", f"{settings.grade.first or 'all'}"),
        ("grade: most solutions graded", f"{settings.grade.candidates}"),
        ("grade: least agreement of solutions", f"{settings.grade.least_agreement}"),
        ("screen: near duplicate from", f"{settings.screen.near_duplicate}"),
        ("screen: most variants of one template", f"{settings.screen.variants}"),
        ("benchmarks checked for contamination", f"{len(settings.benchmarks)}"),
    ]


def _front(settings: RunSettings, count: int, sharded: Collection[str]) -> str:
    """YAML for a dataset hub, which reads files of one kind only: the JSONL files are for trainers."""
    held_out = ["validation"] if settings.publish.validation else []
    configs = []
    for name, stem, suffix in (("default", "pairs", "validation"), ("messages", "messages", "messages-validation")):
        configs += [f"- config_name: {name}", "  data_files:", "  - split: train", f"    path: {_place(stem, sharded)}"]
        for split in held_out:
            configs += [f"  - split: {split}", f"    path: {_place(suffix, sharded)}"]
    language = ["language:", *(f"- {_quoted(code)}" for code in settings.publish.languages)]
    size = next((label for limit, label in SIZES if count < limit), "n>1T")
    head = [
        "task_categories:",
        "- text-generation",
        "tags:",
        "- synthetic",
        *(f"- {_quoted(tag)}" for tag in find_domain(settings.domain).tags),
        "size_categories:",
        f"- {size}",
    ]
    return "\n".join(
        [
            "---",
            f"pretty_name: {_quoted(settings.publish.name)}",
            *language,
            *licence_lines(settings.publish.license),
            *head,
            "configs:",
            *configs,
            "---",
        ]
    )


def _place(stem: str, sharded: Collection[str]) -> str:
    # Numbers of shards begin with 0, and names of other files do not.
    return f"data/{stem}-0*.parquet" if stem in sharded else f"data/{stem}.parquet"


def _quoted(text: str) -> str:
    # Characters as they are: YAML would read the escapes of one beyond 16 bits as two characters, and both are none.
    return json.dumps(text, ensure_ascii=False)


def _one(store: Store, sql: str) -> int:
    return int(store.rows(sql)[0][0])


COMMUNITIES = 12
"""Communities that the card lists."""

SHOWN = 100
"""Pieces of evidence that the card lists."""

SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
)

_BY_RELATION = """
    SELECT relation, count(*) FROM (SELECT relation FROM pairs ORDER BY position, sample LIMIT ?)
    GROUP BY 1 ORDER BY 2 DESC, 1"""

_CLUSTERS = f"""
    WITH {FINISHED},
        clusters AS (SELECT kind, kept_id, count(*) AS size FROM repeats
            WHERE recipe = {recipe_of("screen")} AND problem_id IN (SELECT id FROM written) GROUP BY ALL)
    SELECT kind, sum(size)::BIGINT, count(*), max(size) FROM clusters GROUP BY kind ORDER BY 2 DESC, 1"""

_PRESENT = f"""
    present AS (SELECT subject_id, part, item, rule, coverage, overlap FROM evidence WHERE part LIKE 'seed %'
        OR (recipe = {recipe_of("screen")} AND subject_id IN (SELECT id FROM written)))"""

_HITS = f"""
    WITH {FINISHED}, {_PRESENT}
    SELECT count(*) FILTER (WHERE part = 'problem'), count(*) FILTER (WHERE part = 'solution'),
        count(*) FILTER (WHERE part LIKE 'seed %')
    FROM present WHERE starts_with(item, concat(?, ':'))"""

_EVIDENCE = f"""
    WITH {FINISHED}, {_PRESENT} SELECT * FROM present ORDER BY part, item, subject_id, rule"""

_BY_DIFFICULTY = f"""
    WITH counted AS (
        SELECT p.difficulty AS rated, e.difficulty AS measured FROM
            (SELECT id, difficulty FROM pairs ORDER BY position, sample LIMIT ?) p
        LEFT JOIN elections e ON e.problem_id = p.id AND e.recipe = {recipe_of("grade")}),
        words(place, word) AS (VALUES (1, 'easy'), (2, 'medium'), (3, 'hard'), (4, NULL))
    SELECT coalesce(word, 'not known'),
        (SELECT count(*) FROM counted WHERE rated IS NOT DISTINCT FROM word),
        (SELECT count(*) FROM counted WHERE measured IS NOT DISTINCT FROM word)
    FROM words ORDER BY place"""
