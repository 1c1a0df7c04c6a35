"""The report: its figures are those of the status and the card, and what a model wrote stays data."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import duckdb
import pytest
from hypothesis import given
from hypothesis import settings as at_most
from hypothesis import strategies as st

from flows.commands.workspace import latest_settings
from graph.nouns import counted
from tasks.judging.kept_texts import REASONS
from tasks.reports.card import finished_agreement, funnel
from tasks.reports.counts import counts
from tasks.reports.funnel import finished_counts, rejected
from tasks.reports.money import by_stage
from tasks.reports.page import items, novelty
from tasks.reports.page.comparison import ComparedRun, comparison
from tasks.reports.page.content import parts, write_report
from tasks.reports.page.result_charts import _passing
from tasks.reports.page.told import told_problems
from tasks.reports.page.wording import alpha_in_words, meaning
from tasks.reports.page.writing import packed, page
from tasks.settings.run import RunSettings
from tasks.stages.connect import FILTER_VERDICTS
from tasks.stages.screen import QUOTA_FULL
from tasks.store.database import Store
from tests.conftest import Demo
from tests.support.rehearsal import opened

TEMPLATE = resources.files("tasks.reports.page").joinpath("page.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def store(demo: Demo) -> Iterator[Store]:
    with opened(demo.workspace) as found:
        yield found


@pytest.fixture(scope="module")
def settings(store: Store) -> RunSettings:
    return latest_settings(store)


@pytest.fixture(scope="module")
def content(store: Store, settings: RunSettings) -> dict[str, Any]:
    with told_problems(store, settings.target_pairs):
        return parts(store, settings)


def test_calls_in_flight_stand_beside_the_limit_that_was_found(content: dict[str, Any]) -> None:
    (chart,) = (chart for chart in content["charts"] if chart["name"] == "in-flight")
    assert [column["name"] for column in chart["columns"]] == ["time", "in flight", "limit found"]
    assert {type(row[2]) for row in chart["rows"]} <= {int, type(None)}
    assert chart["rows"][-1][2] >= 1


# One source of counts


def test_the_first_screen_counts_what_the_status_counts(store: Store, content: dict[str, Any]) -> None:
    assert dict(content["overview"]["counts"]) == dict(counts(store))


def test_the_funnel_is_that_of_the_card(store: Store, settings: RunSettings, content: dict[str, Any]) -> None:
    pairs = content["overview"]["figures"][0]["value"]
    assert content["overview"]["funnel"] == funnel(store, finished_counts(store, settings.target_pairs), pairs)
    assert content["overview"]["rejected"] == rejected(store, settings.target_pairs)


def test_a_reason_of_the_funnel_opens_as_many_items_as_it_counts(
    store: Store, settings: RunSettings, content: dict[str, Any]
) -> None:
    shown = Counter((item["outcome"], item.get("reason")) for item in content["items"]["items"])
    gates = ("review", "grade", "screen")
    told = {(stage, reason): n for stage, reason, n in content["overview"]["rejected"] if stage in gates}
    assert {key: number for key, number in shown.items() if key[0] != "pair"} == told
    assert shown["pair", None] == content["overview"]["figures"][0]["value"]
    assert shown.total() == finished_counts(store, settings.target_pairs)["problems"]


def test_the_charts_tell_the_ledger_and_the_judges_of_the_card(
    store: Store, settings: RunSettings, content: dict[str, Any]
) -> None:
    charts = {chart["name"]: chart for chart in content["charts"]}
    ledger = [row for row in charts["money"]["rows"] if row[1] != "all models"]
    assert [row[2] for row in ledger] == [row["calls"] for row in by_stage(store)]
    assert charts["money"]["rows"][-1][2] == store.value("SELECT count(*) FROM calls")
    for panel in finished_agreement(store, settings.target_pairs):
        rows = charts[f"judges-{panel.task}"]["rows"]
        assert [(row[0], row[1], row[2]) for row in rows] == [(j.judge, j.mean, j.bias) for j in panel.judges]
    assert all(chart["reading"] and chart["rows"] for chart in charts.values())


def test_problems_pairs_and_rejects_of_points_and_fields_add_up(content: dict[str, Any]) -> None:
    told = content["map"]
    for number, point in enumerate(told["points"]):
        mine = [item for item in content["items"]["items"] if number in item["points"]]
        pairs = sum(item["outcome"] == "pair" for item in mine)
        assert (point["problems"], point["pairs"]) == (len(mine), pairs)
        assert point["passed"] == (pairs / len(mine) if mine else None)
    for field in told["fields"]:
        mine = [
            item
            for item in content["items"]["items"]
            if any(told["points"][point]["field"] == field["number"] for point in item["points"])
        ]
        pairs = sum(item["outcome"] == "pair" for item in mine)
        assert (field["problems"], field["pairs"]) == (len(mine), pairs)


def test_problems_beyond_the_datasets_last_pair_are_said_to_be(content: dict[str, Any]) -> None:
    told = content["overview"]
    more = dict(told["counts"])["problems"] - content["items"]["of"]
    assert more > 0
    assert told["ahead"].startswith(f"{more} of the problems were asked for ahead")


def test_names_are_points_or_rejects_or_merged(content: dict[str, Any]) -> None:
    told = content["overview"]
    before, after = next(row[1:] for row in told["funnel"] if row[0].startswith("connect"))
    dropped = sum(row[2] for row in told["rejected"] if row[0] == "connect")
    assert before == after + dropped + told["merged"]


def test_no_more_calls_are_in_flight_than_the_settings_allow(settings: RunSettings, content: dict[str, Any]) -> None:
    (chart,) = (chart for chart in content["charts"] if chart["name"] == "in-flight")
    most = sum(endpoint.concurrency for endpoint in settings.endpoints.values())
    assert 0 < max(row[1] for row in chart["rows"]) <= most


def test_a_tie_is_a_strength_of_its_own_and_no_pair(content: dict[str, Any]) -> None:
    tiers = {item["tier"] for item in content["items"]["items"] if item["outcome"] == "pair"}
    assert "a tie" not in tiers
    tied = [item for item in content["items"]["items"] if item.get("detail") == "two answers tie"]
    assert {item["tier"] for item in tied} == {"a tie"}


def test_every_address_of_a_chart_opens_as_many_items_as_its_cell_says(content: dict[str, Any]) -> None:
    for chart in content["charts"]:
        for row, links in zip(chart["rows"], chart["links"], strict=False):
            for cell, link in zip(row, links, strict=True):
                if link and isinstance(cell, int):
                    wanted = dict(parse_qsl(link.partition("?")[2]))
                    assert len([item for item in content["items"]["items"] if chosen(item, wanted)]) == cell, link


def chosen(item: dict[str, Any], wanted: dict[str, str]) -> bool:
    """Whether the page shows an item under this address."""
    wanted = wanted.copy()
    outcome = wanted.pop("outcome", item["outcome"])
    kept = item["outcome"] == outcome or (outcome == "rejected" and item["outcome"] != "pair")
    return kept and all(item.get(name) == value for name, value in wanted.items())


def test_the_lowest_yield_is_that_of_all_fields_that_count(content: dict[str, Any]) -> None:
    fields = [field for field in content["map"]["fields"] if field["problems"] >= 5]
    low = min(field["pairs"] / field["problems"] for field in fields)
    (said,) = (text for text, _ in content["overview"]["noticed"] if "lowest yield" in text)
    for field in fields:
        assert (f"“{field['name']}”" in said) == (field["pairs"] / field["problems"] == low)


# Words


@pytest.mark.parametrize(
    ("stage", "reason"),
    [
        *(("connect", verdict.removeprefix("drop ")) for verdict in FILTER_VERDICTS[1:]),
        *(("screen", reason) for reason in (*REASONS.values(), QUOTA_FULL)),
    ],
)
def test_a_reason_is_explained(stage: str, reason: str) -> None:
    assert meaning(stage, reason)


def test_reasons_of_the_run_are_explained(content: dict[str, Any]) -> None:
    told = content["overview"]
    assert {f"{stage}: {reason}" for stage, reason, _ in told["rejected"]} == set(told["meanings"])


def test_a_repetition_of_a_seed_names_the_seed() -> None:
    assert meaning("screen", "near duplicate of a seed") == "nearly word for word a seed"


@pytest.mark.parametrize(("number", "words"), [(0, "0 pairs"), (1, "1 pair"), (2, "2 pairs"), (1234, "1,234 pairs")])
def test_a_noun_follows_its_number(number: int, words: str) -> None:
    assert counted(number, "pair") == words


def test_alpha_below_zero_is_explained() -> None:
    assert "take opposite sides" in alpha_in_words(-0.2, 0.4)
    assert "90%: nearly all items got the same verdict" in alpha_in_words(-0.02, 0.9)
    assert alpha_in_words(None, None) == ""
    assert "same verdict on everything" in alpha_in_words(None, 1.0)


@pytest.mark.parametrize(("alpha", "word"), [(0.0, "weak"), (0.55, "weak"), (0.67, "fair"), (0.8, "strong")])
def test_alpha_is_called_weak_fair_or_strong(alpha: float, word: str) -> None:
    assert f"; {word}, where" in alpha_in_words(alpha, 0.9)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("easy", 0.9, 10), ("hard", 0.5, 10)], "rated hard pass least, those rated easy most. Harder"),
        ([("easy", 0.5, 10), ("hard", 0.9, 10)], "rated easy pass least, those rated hard most. Easy"),
        ([("easy", 0.9, 10), ("hard", 0.9, 10)], "about equally often"),
        ([("easy", 0.9, 10), ("hard", 0.1, 2)], "became pairs."),
    ],
)
def test_what_passes_least_is_said_by_the_figures(rows: Any, said: str) -> None:
    assert said in _passing(rows)
    assert ("least" in _passing(rows)) == ("least" in said)


def test_strategies_hold_every_problem_once(content: dict[str, Any]) -> None:
    (chart,) = (chart for chart in content["charts"] if chart["name"] == "strategies")
    assert sum(row[2] for row in chart["rows"]) == content["items"]["of"]


def test_an_item_tells_every_vote(store: Store, content: dict[str, Any]) -> None:
    for item in content["items"]["items"][:20]:
        for kind, table in (("reviews", "reviews"), ("grades", "grades"), ("solutions", "solutions")):
            number = store.rows(f"SELECT count(*) FROM {table} WHERE problem_id = ?::UUID", [item["id"]])[0][0]
            assert len(item.get(kind, [])) == number


def test_a_judge_of_a_reject_is_quoted_where_it_wrote_more_than_scores(demo: Demo, tmp_path: Path) -> None:
    copied = tmp_path / "gsdp.duckdb"
    shutil.copy(demo.workspace / "gsdp.duckdb", copied)
    with duckdb.connect(str(copied)) as connection:
        connection.execute("UPDATE calls SET text = 'Two answers fit. ' || text WHERE role LIKE '%judge-1'")
    with opened(tmp_path) as store, told_problems(store, latest_settings(store).target_pairs):
        shown = items.items(store, {})["items"]
    for item in shown:
        for kind, judge, words in (("review", 0, 5), ("grade", 1, 4)):
            for row in item.get(f"{kind}s", []):
                quoted = item["outcome"] == kind and row[judge] == "sandbox-judge-1"
                assert (row[words] or "").startswith("Two answers fit. <") == quoted


def test_where_no_benchmark_is_named_nothing_is_said_to_be_checked(content: dict[str, Any]) -> None:
    assert content["items"]["benchmarks"] == 0
    assert any("Nothing was checked for contamination" in text for text, _ in content["overview"]["quality"])


def test_of_too_many_items_every_outcome_and_relation_has_its_share(
    store: Store, settings: RunSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(items, "MOST", 60)
    monkeypatch.setattr(items, "LEAST", 2)
    with told_problems(store, settings.target_pairs):
        found = items.items(store, {})
        strata = dict(store.rows("SELECT outcome || relation, count(*) FROM told GROUP BY 1"))
    shown = Counter(item["outcome"] + item["relation"] for item in found["items"])
    assert found["of"] == sum(strata.values()) > len(found["items"])
    assert set(shown) == set(strata)
    assert shown["pairtwo_hop"] > shown["gradetwo_hop"]


def test_a_pair_that_is_a_seed_has_that_seed_as_its_nearest(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    seeds = "SELECT source || ':' || line, problem FROM current_seeds ORDER BY id LIMIT ?"
    monkeypatch.setattr(novelty, "_PAIRS", seeds)
    found = novelty.nearest_seeds(store)
    assert all(each.similarity == 1 for each in found)
    assert [each.pair for each in found] == [each.seed for each in found]


def test_a_figure_that_one_run_lacks_has_a_gap(store: Store, settings: RunSettings, content: dict[str, Any]) -> None:
    told = content["overview"]
    audited = told | {"figures": [*told["figures"], {"label": "Errors by audit", "value": 0.1}]}
    with told_problems(store, settings.target_pairs):
        found = comparison(ComparedRun(store, settings, told), ComparedRun(store, settings, audited))["figures"]
    assert found[-1] == (None, audited["figures"][-1])
    assert all(one == other for one, other in found[:-1])


# The file


def test_the_same_workspace_has_the_same_map(store: Store, settings: RunSettings, content: dict[str, Any]) -> None:
    with told_problems(store, settings.target_pairs):
        assert parts(store, settings)["map"] == content["map"]


LEAVES = st.text() | st.integers() | st.none()


@at_most(max_examples=30)
@given(st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10))
def test_content_comes_back_as_it_was_and_holds_no_tag(value: Any) -> None:
    text = packed(value)
    assert re.fullmatch("[A-Za-z0-9+/=]+", text)
    assert json.loads(gzip.decompress(base64.b64decode(text))) == value


def test_a_name_in_the_title_is_text() -> None:
    assert "<title>&lt;/title&gt;&lt;script&gt;</title>" in page("</title><script>", {})


def test_a_report_is_one_file_that_names_no_other(store: Store, settings: RunSettings, tmp_path: Any) -> None:
    write_report(store, settings, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    outside = text[: text.index("<style>")] + text[text.index("</style>") : text.rindex("<script>")]
    assert re.findall(r'(?:src|href)="(?!data:,|#)', outside) == []
    assert len(text) < 2_000_000


# The page as it is committed


def test_the_policy_lets_the_pages_own_script_and_style_run_and_nothing_else() -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', TEMPLATE)
    script = TEMPLATE[TEMPLATE.rindex("<script>") + 8 : TEMPLATE.rindex("</script>")]
    style = TEMPLATE[TEMPLATE.index("<style>") + 7 : TEMPLATE.index("</style>")]
    hashes = [base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in (script, style)]
    assert policy is not None
    assert policy[1] == (
        f"default-src 'none'; script-src 'sha256-{hashes[0]}'; style-src 'sha256-{hashes[1]}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    assert "</script" not in script
    assert not re.search(r"\son\w+=", TEMPLATE[: TEMPLATE.index("<style>")])


def test_the_page_is_small_and_carries_its_licences() -> None:
    assert len(TEMPLATE.encode()) < 1_000_000
    for name in ("graphology", "sigma", "uplot", "temml"):
        assert re.search(rf"{name} \d+\.\d+\.\d+\s+.*?(MIT|Permission)", TEMPLATE, re.DOTALL)


def test_the_page_was_made_of_the_sources_that_stand_beside_it() -> None:
    folder = resources.files("tasks.reports.page").joinpath("source")
    files = sorted(
        (file for file in folder.iterdir() if re.search(r"\.(ts|mjs|css|html|json)$", file.name)), key=lambda f: f.name
    )
    made = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    assert f'name="gsdp-sources" content="{made}"' in TEMPLATE, "run `npm ci && npm run make` in the page's sources"
