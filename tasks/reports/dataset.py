"""The accepted pairs as a folder that a dataset hub takes as it is, with a card of real figures.

The folder is a function of seeds, settings and answers: rows stand in sampling order, figures count only what lies
before the dataset's last combination, and nothing in it tells the time but the report, which is there to look at. It is
written next to its place and then moved there, so a reader never meets half a dataset.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from graph.errors import StoreError
from tasks.reports.card import card
from tasks.reports.formats import FORMATS, LLAMA_FACTORY, TABLES, PublishedPair
from tasks.reports.page.content import REPORT, write_report
from tasks.settings.run import RunSettings
from tasks.store.database import Store
from tasks.store.folders import files_of, replacing_folder
from tasks.store.latest import recipe_of

DATASET = "dataset"
"""The dataset's folder in the workspace."""

CLEAN = r"regexp_replace(p.answer, '[$\s]|\\[,;!]|\\left|\\right|\{,\}', '', 'g')"
"""An answer without the marks that change nothing of its kind."""

NUMBER = r"(\d{1,3}(,\d{3})+(\.\d+)?|\d+(\.\d+)?|\.\d+|\d+/\d+|\\[dt]?frac\{-?\d+\}\{\d+\})(\\?%|\^\{?\\circ\}?)?"

ANSWER_TYPE = rf"""
    CASE WHEN e.kind = 'proof' THEN 'proof' WHEN p.answer IS NULL OR e.kind = 'open' THEN 'text'
        WHEN regexp_full_match({CLEAN}, '(\\text(bf)?\{{)?\(?[A-J]\)?\}}?') THEN 'choice'
        WHEN regexp_full_match({CLEAN}, '[-+]?{NUMBER}') THEN 'number'
        WHEN regexp_matches({CLEAN}, '^[\[(].*,.*[\])]$') AND regexp_matches({CLEAN}, '^\[|\]$|infty') THEN 'interval'
        WHEN regexp_matches({CLEAN}, '^\\\{{.*\}}$|^[^(\[]*,[^)\]]*$') THEN 'set'
        WHEN regexp_matches(p.answer, '\p{{L}}{{3,}}\s+\p{{L}}{{2,}}') THEN 'text' ELSE 'expression' END"""
"""The kind of an answer, by its form."""

PLACES = 3
"""Seeds that a pair names of each of its points; `gsdp explain` counts all of them."""

REJECTED = """
    SELECT m.id::VARCHAR AS id, m.relation, m.names AS points, m.text AS problem, s.text AS solution, s.answer,
        r.stage AS gate, r.reason, r.detail
    FROM rejects r JOIN current_problems m ON m.id = r.subject_id
    LEFT JOIN (SELECT problem_id, arg_min(text, sample) AS text, arg_min(answer, sample) AS answer
        FROM solutions GROUP BY 1) s ON s.problem_id = m.id
    WHERE r.stage IN ('review', 'grade', 'screen') AND r.recipe IN (SELECT recipe FROM current_recipes)
        AND r.reason <> 'quota full'
    ORDER BY m.position, m.sample, gate"""

OURS = re.compile(
    r"README\.md|report\.html|data/dataset_info\.json|data/(pairs|validation|rejected)\.parquet"
    rf"|data/({'|'.join({*FORMATS, *TABLES})})(-validation)?\.(jsonl|parquet)"
)
"""The files that publish writes."""


class DatasetSplit(NamedTuple):
    """A part of the pairs, and what its files are called."""

    name: str
    pairs: str
    suffix: str
    part: str


def splits(validation: float) -> list[DatasetSplit]:
    """All pairs, or those of some combinations held out: siblings are in one split."""
    if not validation:
        return [DatasetSplit("train", "pairs", "", "true")]
    bound = UUID(int=int(validation * 2**128))
    held_out = f"p.combination_id::VARCHAR < '{bound}'"
    return [
        DatasetSplit("train", "pairs", "", f"NOT ({held_out})"),
        DatasetSplit("validation", "validation", "-validation", held_out),
    ]


def rows_of(split: DatasetSplit, count: int) -> str:
    """A query's beginning that has the first pairs of a split as `rows`."""
    return f"""
    WITH named AS (
        SELECT o.point_id, list(DISTINCT concat(s.source, ':', s.line) ORDER BY concat(s.source, ':', s.line)) AS places
        FROM occurrences o JOIN seeds s ON s.id = o.seed_id GROUP BY 1),
    sources AS (
        SELECT c.id, list_sort(list_distinct(flatten(list(n.places[1:{PLACES}])))) AS seeds
        FROM (SELECT id, unnest(points) AS point_id FROM combinations WHERE recipe = {recipe_of("sample")}) c
        JOIN named n USING (point_id) GROUP BY 1),
    rows AS (
        SELECT p.id::VARCHAR AS id, p.relation, p.points, p.problem, p.solution, p.answer,
            {ANSWER_TYPE} AS answer_type,
            coalesce(e.kind, 'votes') = 'votes' AND answer_type NOT IN ('proof', 'text') AS verifiable,
            p.difficulty, e.difficulty AS measured_difficulty, p.agreement, p.review_score, e.classes AS votes,
            coalesce(f.seeds, []) AS seeds, m.model AS composer, a.model AS solver,
            m.prompt::VARCHAR AS compose_prompt, a.prompt::VARCHAR AS solve_prompt, '{split.name}' AS split
        FROM (SELECT * FROM pairs ORDER BY position, sample LIMIT {count}) p
        LEFT JOIN elections e ON e.problem_id = p.id AND e.recipe = {recipe_of("grade")}
        LEFT JOIN sources f ON f.id = p.combination_id
        LEFT JOIN problems w ON w.id = p.id LEFT JOIN calls m ON m.id = w.call_id
        LEFT JOIN solutions s ON s.id = p.solution_id LEFT JOIN calls a ON a.id = s.call_id
        WHERE {split.part} ORDER BY p.position, p.sample)"""


def write_dataset(store: Store, settings: RunSettings, folder: Path) -> int:
    """Write pairs, formats and card into `folder`, in the place of what a former publish left there.

    Files that are not ours stay. Raises StoreError when one of them stands where ours would, or nothing can be written.
    """
    folder = folder.resolve()
    check_folder(folder)
    try:
        with replacing_folder(folder, _is_ours) as fresh:
            return _write(store, settings, fresh)
    except OSError as error:
        raise StoreError(f"The dataset cannot be written to {folder} ({error.strerror}).") from error


def check_folder(folder: Path) -> None:
    """Raises StoreError when a dataset would replace something that no publish has written."""
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"{folder} is a file: choose another folder for the dataset.")
    files = files_of(folder)
    published = Path("data/pairs.parquet") in files
    taken = next((path for path in files if _is_ours(path) and not published), None)
    if taken:
        raise StoreError(f"{folder / taken} is not of a dataset of ours: choose another folder, or move the file away.")


def _is_ours(path: Path) -> bool:
    return OURS.fullmatch(path.as_posix()) is not None


def _write(store: Store, settings: RunSettings, folder: Path) -> int:
    """The dataset in a new folder; how many pairs it holds."""
    data, publish = folder / "data", settings.publish
    data.mkdir(parents=True)
    count = 0
    for split in splits(publish.validation):
        rows = rows_of(split, settings.target_pairs)
        store.write_parquet(f"{rows} SELECT * FROM rows", [], data / f"{split.pairs}.parquet")
        for name in {*publish.formats, "messages"} & TABLES.keys():
            store.write_parquet(f"{rows} {TABLES[name]}", [], data / f"{name}{split.suffix}.parquet")
        count += _write_lines(store, rows, settings, data, split.suffix)
    if publish.rejected:
        store.write_parquet(REJECTED, [], data / "rejected.parquet")
    described = {
        f"{publish.name}-{name}": {"file_name": f"{name}.jsonl", **LLAMA_FACTORY[name]}
        for name in publish.formats
        if name in LLAMA_FACTORY
    }
    (data / "dataset_info.json").write_text(json.dumps(described, indent=2, ensure_ascii=False), encoding="utf-8")
    (folder / "README.md").write_text(card(store, settings, count), encoding="utf-8")
    # The dataset is what was paid for: where the report cannot be made, `gsdp report` says why.
    with suppress(StoreError):
        write_report(store, settings, folder / REPORT)
    return count


def _write_lines(store: Store, rows: str, settings: RunSettings, folder: Path, suffix: str) -> int:
    files = {
        name: (folder / f"{name}{suffix}.jsonl").open("w", encoding="utf-8", newline="\n")
        for name in settings.publish.formats
        if name in FORMATS
    }
    count = 0
    try:
        for row in store.stream(f"{rows} SELECT {', '.join(PublishedPair._fields)} FROM rows"):
            pair = PublishedPair(*row)
            count += 1
            for name, file in files.items():
                if (made := FORMATS[name](pair)) is not None:
                    file.write(json.dumps(made, ensure_ascii=False) + "\n")
    finally:
        for file in files.values():
            file.close()
    return count
