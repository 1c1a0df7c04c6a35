"""Wrong settings are one sentence with the nearest valid key; presets, roles and identity are what they say."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from flows.commands.settings_file import make_settings, read_settings
from graph.errors import SettingsError
from graph.ledger import Call
from graph.records import content_id
from prompts.library import Library
from tasks.context.run_context import Question, RunContext
from tasks.endpoint.client import Client
from tasks.endpoint.replies import Reply
from tasks.runs.record import without_secrets
from tasks.settings.identity import PAID, Identity, changes, identity, paid_again, recipes
from tasks.settings.lookup import resolve_key
from tasks.settings.roles import ResolvedRoles, resolve_roles
from tasks.settings.run import RunSettings
from tests.support.contexts import NOWHERE, open_context, settings_for

ROOT = Path(__file__).parents[3]
SECRET = "sk-live-0123456789abcdef"
LIBRARY = Library("mathematics")
TWO = {"big": {"base_url": "http://127.0.0.1:1/v1", "model": "big-model"}, "small": {"base_url": "http://x/v1"}}
MINIMAL = """
workspace = "work"
[[seeds]]
path = "seeds.jsonl"
[endpoints.local]
base_url = "http://127.0.0.1:9/v1"
model = "some-model"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return path


def roles_of(settings: RunSettings) -> ResolvedRoles:
    return resolve_roles(settings, LIBRARY)


def shape_of(settings: RunSettings) -> Identity:
    return identity(settings, LIBRARY, roles_of(settings))


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("unknown top-level key", {"target_pair": 5}, "unknown key 'target_pair'; did you mean 'target_pairs'?"),
    ("nothing is near", {"zzz": 5}, "unknown key 'zzz'; valid are workspace, preset, target_pairs"),
    (
        "unknown key of an endpoint",
        {"endpoints": {"local": {"base_ulr": "x", "base_url": "y"}}},
        "unknown key 'endpoints.local.base_ulr'; did you mean 'base_url'?",
    ),
    (
        "an endpoint called like a key",
        {"endpoints": {"model": {"base_url": "x", "concurency": 1}}},
        "unknown key 'endpoints.model.concurency'; did you mean 'concurrency'?",
    ),
    (
        "unknown key of a role",
        {"roles": {"composer": {"endpoint": "local", "temprature": 1}}},
        "unknown key 'roles.composer.temprature'; did you mean 'temperature'?",
    ),
    ("unknown role", {"roles": {"composr": "local"}}, "unknown key 'roles.composr'; did you mean 'composer'?"),
    (
        "unknown key of a judge",
        {"roles": {"judges": ["local", {"endpoint": "local", "wieght": 2}]}},
        "unknown key 'roles.judges.1.wieght'; did you mean 'weight'?",
    ),
    (
        "unknown key of the columns",
        {"seeds": [{"path": "a", "columns": {"probelm": "q"}}]},
        "unknown key 'seeds.0.columns.probelm'; did you mean 'problem'?",
    ),
    ("unknown key of the sampling", {"sample": {"quota": 1}}, "unknown key 'sample.quota'; did you mean 'quotas'?"),
    ("unknown relation", {"sample": {"quotas": {"onehop": 1}}}, "'one_hop'"),
    ("unknown preset", {"preset": "grib"}, "preset: input should be 'verified', 'gsdp' or 'grip'"),
    ("a preset that is no word", {"preset": ["grip"]}, "preset: input should be 'verified', 'gsdp' or 'grip'"),
    ("wrong type", {"target_pairs": "many"}, "target_pairs: input should be a valid integer"),
    ("wrong type within", {"review": {"threshold": "high"}}, "review.threshold: input should be a valid number"),
    ("a section that is a value", {"review": 0.9}, "review: input should be a valid dictionary"),
    ("a section of the preset that is a value", {"solve": 4}, "solve: input should be a valid dictionary"),
    ("out of range", {"review": {"threshold": 85}}, "review.threshold: input should be less than or equal to 1"),
    ("too little", {"target_pairs": 0}, "target_pairs: input should be greater than or equal to 1"),
    ("no quota", {"sample": {"quotas": {"one_hop": 0}}}, "sample.quotas: quotas are fractions of at least 0"),
    ("unknown endpoint", {"roles": {"solver": "locl"}}, "no endpoint is called 'locl'; did you mean local?"),
    ("unknown endpoint, none near", {"roles": {"solver": "zzz"}}, "no endpoint is called 'zzz'; there are: local"),
    ("no endpoint", {"endpoints": {}}, "no endpoint is named: add one under [endpoints]"),
    ("no seeds", {"seeds": []}, "seeds: name at least one file"),
    ("seeds without a path", {"seeds": [{}]}, "key 'seeds.0.path' is missing"),
    ("an endpoint without address", {"endpoints": {"local": {}}}, "key 'endpoints.local.base_url' is missing"),
    (
        "several endpoints without roles",
        {"endpoints": TWO},
        "with several endpoints, name one for each role; missing: composer, solver, judges",
    ),
    (
        "several endpoints, one role missing",
        {"endpoints": TWO, "roles": {"composer": "big", "solver": "big"}},
        "missing: judges",
    ),
    (
        "a key of its own",
        {"endpoints": {"local": {"base_url": "x", "api_key": SECRET}}},
        "keys never stand in settings",
    ),
    ("a key that is no text", {"endpoints": {"local": {"base_url": "x", "api_key": 5}}}, "endpoints.local.api_key: "),
    ("a reference to nothing", {"endpoints": {"local": {"base_url": "x", "api_key": "env: "}}}, "is no reference"),
]


@pytest.mark.parametrize(("why", "content", "sentence"), WRONG, ids=[row[0] for row in WRONG])
def test_wrong_settings(why: str, content: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        settings_for(tmp_path, **content)
    assert sentence in str(raised.value)
    assert raised.value.exit_code == 2
    assert "\n" not in str(raised.value)


def test_a_key_of_the_whole_file_in_a_section_is_told_its_place(tmp_path: Path) -> None:
    local = {"base_url": "sandbox", "sandbox": ["--think"]}
    with pytest.raises(SettingsError, match=r"'endpoints\.local\.sandbox'; `sandbox` stands at the top of the file"):
        settings_for(tmp_path, endpoints={"local": local})


def test_a_wrong_item_does_not_make_its_list_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        settings_for(tmp_path, seeds=[{"path": "seeds.jsonl", "columns": {"problm": "question"}}])
    assert str(raised.value).endswith("unknown key 'seeds.0.columns.problm'; did you mean 'problem'?.")


def test_every_wrong_key_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        settings_for(tmp_path, target_pair=5, review={"treshold": 0.9}, solve={"samples": 0})
    assert all(key in str(raised.value) for key in ("'target_pair'", "'review.treshold'", "solve.samples"))


def test_a_missing_workspace_is_told() -> None:
    with pytest.raises(SettingsError, match="key 'workspace' is missing"):
        make_settings({"seeds": [{"path": "a"}], "endpoints": NOWHERE})


def test_a_missing_model_names_the_endpoint(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, endpoints=TWO, roles={"composer": "big", "solver": "small", "judges": ["big"]})
    with pytest.raises(SettingsError, match=r"Endpoint small has no model .* set `model` under \[endpoints\.small\]"):
        roles_of(settings)


def test_a_key_written_into_the_settings_is_refused_and_repeated_nowhere(tmp_path: Path) -> None:
    endpoints = {"local": {"base_url": "http://x/v1", "model": "m", "api_key": SECRET}}
    with pytest.raises(SettingsError) as refused:
        settings_for(tmp_path, endpoints=endpoints)
    with pytest.raises(ValidationError) as invalid:
        RunSettings.model_validate({"workspace": tmp_path, "seeds": [{"path": "a"}], "endpoints": endpoints})
    with pytest.raises(SettingsError) as unresolved:
        resolve_key(SECRET)
    assert SECRET not in f"{refused.value} {invalid.value} {unresolved.value}"


async def test_a_variable_that_is_not_set_ends_the_run_with_its_reason(tmp_path: Path) -> None:
    endpoints = {"local": {"base_url": "http://x/v1", "model": "m", "api_key": "env:GSDP_NO_SUCH_KEY"}}
    settings = settings_for(tmp_path, endpoints=endpoints)
    with pytest.raises(SettingsError, match="GSDP_NO_SUCH_KEY is not set"):
        async with open_context(settings):
            pytest.fail("no call can be made")
    endpoints["local"].pop("api_key")
    async with open_context(settings_for(tmp_path, endpoints=endpoints)) as work:
        runs = work.store.rows("SELECT state, message FROM runs ORDER BY started_at")
    assert [state for state, _ in runs] == ["failed", "running"]
    assert "GSDP_NO_SUCH_KEY is not set" in runs[0][1]


async def test_no_key_comes_into_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GSDP_TEST_KEY", SECRET)
    endpoints = {"local": {"base_url": "http://127.0.0.1:9/v1", "model": "m", "api_key": "env:GSDP_TEST_KEY"}}
    async with open_context(settings_for(tmp_path, endpoints=endpoints)) as work:
        client = work.clients["local"]
        assert isinstance(client, Client)
        assert SECRET in client._connection.secrets
        assert work.store.rows("SELECT settings LIKE '%GSDP_TEST_KEY%' FROM runs") == [(True,)]
    stored = b"".join(path.read_bytes() for path in (tmp_path / "work").rglob("*") if path.is_file())
    assert SECRET.encode() not in stored


@pytest.mark.parametrize(
    ("preset", "limit", "samples", "rule", "agreement"),
    [("gsdp", 10, 1, "veto", 0.0), ("grip", 5, 1, "veto", 0.0), ("verified", 10, 4, "majority", 0.5)],
)
def test_presets(preset: str, limit: int, samples: int, rule: str, agreement: float, tmp_path: Path) -> None:
    found = settings_for(tmp_path, preset=preset)
    assert (found.extract.limit, found.solve.samples) == (limit, samples)
    assert (found.grade.rule, found.grade.least_agreement) == (rule, agreement)
    assert (found.review.threshold, found.connect.same_at, found.connect.ask_from) == (0.85, 0.90, 0.70)


def test_verified_is_the_default_and_what_is_said_wins(tmp_path: Path) -> None:
    assert settings_for(tmp_path) == settings_for(tmp_path, preset="verified")
    found = settings_for(tmp_path, preset="grip", extract={"limit": 7}, grade={"quorum": 0.9})
    assert (found.extract.limit, found.solve.samples) == (7, 1)
    assert (found.grade.rule, found.grade.quorum) == ("veto", 0.9), "the rest of a section keeps the preset's values"


def test_one_endpoint_plays_every_role(tmp_path: Path) -> None:
    roles = roles_of(settings_for(tmp_path))
    assert {role.model for role in roles.by_name.values()} == {"some-model"}
    assert set(roles.by_name) == {"extractor", "curator", "composer", "rater", "solver", "strong_solver", "verifier"}
    assert [judge.name for judge in roles.judges] == ["some-model"]
    assert roles.get("embedder") is None, "a chat model is no embedding model"
    temperatures = {name: role.temperature for name, role in roles.by_name.items()}
    assert temperatures.pop("composer") == 0.9
    assert temperatures == {
        "extractor": 0,
        "curator": 0,
        "rater": 0,
        "solver": 0.7,
        "strong_solver": 0.7,
        "verifier": 0,
    }


def test_the_sandbox_plays_every_role_with_a_model_for_each(tmp_path: Path) -> None:
    roles = roles_of(settings_for(tmp_path, endpoints={"rehearsal": {"base_url": "sandbox"}}))
    models = {name: role.model for name, role in roles.by_name.items()}
    assert models.pop("verifier") == "sandbox-truth"
    assert models == {
        name: f"sandbox-{name}"
        for name in ("extractor", "curator", "embedder", "composer", "rater", "solver", "strong_solver")
    }
    assert [judge.name for judge in roles.judges] == ["sandbox-judge-1", "sandbox-judge-2", "sandbox-judge-3"]


def test_roles_left_out_with_several_endpoints_are_played_by_nobody(tmp_path: Path) -> None:
    roles = {"composer": "big", "solver": {"endpoint": "small", "model": "tiny"}, "judges": ["big"]}
    found = roles_of(settings_for(tmp_path, endpoints=TWO, roles=roles))
    assert found["strong_solver"].model == "tiny", "the solver solves what is hard, too"
    assert found.get("rater") is None
    with pytest.raises(SettingsError, match=r'No endpoint plays the role extractor: add `extractor = "NAME"`'):
        found["extractor"]


def test_judges_of_one_model_have_names_of_their_own(tmp_path: Path) -> None:
    judges = ["big", {"endpoint": "big", "temperature": 0.5}, {"endpoint": "small", "model": "m"}, "big"]
    roles = roles_of(
        settings_for(tmp_path, endpoints=TWO, roles={"composer": "big", "solver": "big", "judges": judges})
    )
    assert [judge.name for judge in roles.judges] == ["big-model", "big-model #2", "m", "big-model #3"]
    assert len({judge.recipes["grade"] for judge in roles.judges}) == 4, "twins would share one verdict"


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    text = """
workspace = "../runs/mine"
prompts = "words"
seeds = [{ path = "a.jsonl" }, { path = "/data/b.jsonl" }]
benchmarks = [{ path = "tests.jsonl" }]
connect = { alias_file = "alias.csv" }
endpoints.local = { base_url = "http://x/v1", model = "m", ca_file = "ca.pem" }
"""
    found = read_settings(written(tmp_path, text))
    assert found.workspace == tmp_path / "../runs/mine"
    assert found.prompts == tmp_path / "words"
    assert [file.path for file in found.seeds] == [tmp_path / "a.jsonl", Path("/data/b.jsonl")]
    assert found.benchmarks[0].path == tmp_path / "tests.jsonl"
    assert found.connect.alias_file == tmp_path / "alias.csv"
    assert found.endpoints["local"].ca_file == str(tmp_path / "ca.pem")


@pytest.mark.parametrize(
    ("override", "read", "value"),
    [
        ("target_pairs=5000", lambda found: found.target_pairs, 5000),
        (" target_pairs = 5_000 ", lambda found: found.target_pairs, 5000),
        ("preset=grip", lambda found: (found.preset, found.extract.limit), ("grip", 5)),
        ('preset="grip"', lambda found: found.preset, "grip"),
        ("review.threshold=0.5", lambda found: found.review.threshold, 0.5),
        ("connect.filter=false", lambda found: found.connect.filter, False),
        ("publish.name=a b = c", lambda found: found.publish.name, "a b = c"),
        ('publish.formats=["alpaca", "sharegpt"]', lambda found: found.publish.formats, ("alpaca", "sharegpt")),
        ("sample.quotas={one_hop=1}", lambda found: found.sample.quotas, {"one_hop": 1}),
        ('seeds=[{path="b.csv"}]', lambda found: [file.path for file in found.seeds], [Path("b.csv")]),
        ("endpoints.local.model=other", lambda found: found.endpoints["local"].model, "other"),
        ("endpoints.local.base_url=http://y/v1", lambda found: found.endpoints["local"].base_url, "http://y/v1"),
        ("workspace=here", lambda found: found.workspace, Path("here")),
    ],
)
def test_overrides(override: str, read: Callable[[RunSettings], object], value: object, tmp_path: Path) -> None:
    assert read(read_settings(written(tmp_path, MINIMAL), [override])) == value


def test_the_last_override_wins(tmp_path: Path) -> None:
    assert read_settings(written(tmp_path, MINIMAL), ["target_pairs=1", "target_pairs=2"]).target_pairs == 2


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("target_pairs", "--set 'target_pairs' is not key=value, such as --set target_pairs=500."),
        ("=5", "is not key=value"),
        ("target_pair=5", "unknown key 'target_pair'; did you mean 'target_pairs'?"),
        ("target_pairs=many", "target_pairs: input should be a valid integer"),
        ("workspace.folder=x", "'workspace' is not a section of the settings."),
        ("seeds.path=x", "'seeds' is not a section of the settings."),
        ("review.treshold=1", "unknown key 'review.treshold'; did you mean 'threshold'?"),
        ("endpoints.locl.model=x", "key 'endpoints.locl.base_url' is missing"),
    ],
)
def test_bad_overrides(override: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        read_settings(written(tmp_path, MINIMAL), [override])
    assert sentence in str(raised.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"workspace = ", "is not valid TOML"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"", "key 'workspace' is missing; key 'seeds' is missing."),
    ],
)
def test_a_settings_file_that_cannot_be_used_is_named(content: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError) as raised:
        read_settings(path)
    assert str(path) in str(raised.value)
    assert sentence in str(raised.value)


def test_a_missing_settings_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml does not exist: give the path of a settings file"):
        read_settings(tmp_path / "none.toml")
    with pytest.raises(SettingsError, match="cannot be read"):
        read_settings(tmp_path)


def test_the_example_is_valid_and_tells_the_defaults(tmp_path: Path) -> None:
    example = ROOT / "deployments" / "example.toml"
    found = read_settings(example)
    assert found.workspace == example.parent / "runs" / "mine"
    minimal = make_settings(
        {
            "workspace": found.workspace,
            "seeds": [{"path": example.parent / "seeds.jsonl"}],
            "endpoints": tomllib.loads(example.read_text(encoding="utf-8"))["endpoints"],
        }
    )
    assert found == minimal


def test_settings_come_back_from_json(tmp_path: Path) -> None:
    roles = {"composer": "big", "solver": {"endpoint": "small", "model": "m"}, "judges": ["big", "big"]}
    for settings in (
        settings_for(tmp_path),
        settings_for(tmp_path, preset="grip", sample={"quotas": {"random": 1}}),
        settings_for(tmp_path, endpoints={"rehearsal": {"base_url": "sandbox"}}),
        settings_for(tmp_path, endpoints=TWO, roles=roles),
    ):
        again = RunSettings.model_validate_json(settings.model_dump_json())
        assert again == settings
        assert shape_of(again) == shape_of(settings)


LOCAL = NOWHERE["local"]
OPERATIONAL: list[dict[str, Any]] = [
    {"endpoints": {"local": LOCAL | {"base_url": "http://elsewhere/v1"}}},
    {"endpoints": {"renamed": LOCAL}},
    {"endpoints": {"local": LOCAL | {"api_key": "env:OTHER"}}},
    {"endpoints": {"local": LOCAL | {"concurrency": 7, "timeout": 5, "attempts": 1, "outage_patience": 0}}},
    {"endpoints": {"local": LOCAL | {"headers": {"X-Title": "a"}, "proxy": "http://p:1", "ca_file": "ca.pem"}}},
    {"endpoints": {"local": LOCAL | {"token_limit_parameter": "max_completion_tokens"}}},
    {"target_pairs": 5},
    {"raw_answers": "none", "samples_per_item": 5},
    {"publish": {"name": "other", "license": "cc0-1.0"}},
    {"connect": {"batch": 3}},
    {"seeds": [{"path": "more.jsonl"}]},
]


@pytest.mark.parametrize("content", OPERATIONAL, ids=str)
def test_operational_settings_change_no_identity(content: dict[str, Any], tmp_path: Path) -> None:
    before, after = shape_of(settings_for(tmp_path)), shape_of(settings_for(tmp_path, **content))
    assert changes(before, after) == []
    assert recipes(before) == recipes(after)


FROM_COMPOSE = ["compose", "review", "solve", "grade"]
IDENTITY: list[tuple[dict[str, Any], str, list[str]]] = [
    ({"roles": {"extractor": {"endpoint": "local", "model": "x"}}}, "extract.extractor.model", list(PAID)),
    ({"extract": {"limit": 3}}, "extract.limit", list(PAID)),
    (
        {"roles": {"curator": {"endpoint": "local", "temperature": 1}}},
        "connect.curator.temperature",
        ["connect", *FROM_COMPOSE],
    ),
    (
        {"roles": {"embedder": {"endpoint": "local", "model": "e"}}},
        "connect.embedder.model",
        ["connect", *FROM_COMPOSE],
    ),
    ({"connect": {"same_at": 0.95}}, "connect.same_at", ["connect", *FROM_COMPOSE]),
    ({"sample": {"seed": 1}}, "sample.seed", FROM_COMPOSE),
    ({"sample": {"quotas": {"random": 1}}}, "sample.quotas.random", FROM_COMPOSE),
    ({"roles": {"composer": {"endpoint": "local", "temperature": 1}}}, "compose.composer.temperature", FROM_COMPOSE),
    ({"roles": {"judges": [{"endpoint": "local", "model": "j"}]}}, "review.judges.0.model", ["review", "grade"]),
    (
        {"roles": {"rater": {"endpoint": "local", "max_tokens": 9}}},
        "review.rater.max_tokens",
        ["review", "solve", "grade"],
    ),
    ({"roles": {"solver": {"endpoint": "local", "top_p": 0.5}}}, "solve.solver.top_p", ["solve", "grade"]),
    (
        {"roles": {"strong_solver": {"endpoint": "local", "model": "s"}}},
        "solve.strong_solver.model",
        ["solve", "grade"],
    ),
    ({"solve": {"samples": 8}}, "solve.samples", ["solve", "grade"]),
    ({"endpoints": {"local": LOCAL | {"extra_body": {"top_k": 1}}}}, "review.judges.0.extra_body.top_k", list(PAID)),
    ({"endpoints": {"local": LOCAL | {"model": "other"}}}, "compose.composer.model", list(PAID)),
    ({"review": {"threshold": 0.5}}, "review.threshold", []),
    ({"roles": {"judges": [{"endpoint": "local", "weight": 2}]}}, "review.weights.0", []),
    ({"grade": {"rule": "veto"}}, "grade.rule", []),
    ({"grade": {"least_agreement": 0.9}}, "grade.least_agreement", []),
    ({"grade": {"quorum": 1}}, "grade.quorum", []),
    ({"screen": {"near_duplicate": 0.9}}, "screen.near_duplicate", []),
    ({"screen": {"seeds_too": False}}, "screen.seeds_too", []),
]


@pytest.mark.parametrize(("content", "key", "paid"), IDENTITY, ids=str)
def test_identity_settings_are_told_with_what_would_be_paid_again(
    content: dict[str, Any], key: str, paid: list[str], tmp_path: Path
) -> None:
    before, after = shape_of(settings_for(tmp_path)), shape_of(settings_for(tmp_path, **content))
    changed = changes(before, after)
    assert key in {name for name, _, _ in changed}
    assert paid_again(changed) == paid
    assert recipes(before) != recipes(after)
    assert all(old != new for _, old, new in changed)


def test_a_prompt_file_is_part_of_the_identity_of_its_stage(tmp_path: Path) -> None:
    (tmp_path / "review.txt").write_text(
        (ROOT / "prompts" / "mathematics" / "review.txt").read_text(encoding="utf-8") + "\nTake care.\n",
        encoding="utf-8",
    )
    settings = settings_for(tmp_path)
    own = Library("mathematics", tmp_path)
    changed = changes(shape_of(settings), identity(settings, own, resolve_roles(settings, own)))
    assert [key for key, _, _ in changed] == ["review.prompt.review"]
    assert paid_again(changed) == ["review"]


def test_benchmark_files_count_by_their_content_and_the_alias_file_like_a_seed_file(tmp_path: Path) -> None:
    (tmp_path / "alias.csv").write_text("name,point\n")
    (tmp_path / "test.jsonl").write_text("{}\n")
    names = {"connect": {"alias_file": tmp_path / "alias.csv"}, "benchmarks": [{"path": tmp_path / "test.jsonl"}]}
    before = shape_of(settings_for(tmp_path, **names))
    assert changes(before, shape_of(settings_for(tmp_path, **names))) == []
    (tmp_path / "alias.csv").write_text("name,point\na,b\n")
    (tmp_path / "test.jsonl").write_text("{}\n{}\n")
    changed = changes(before, shape_of(settings_for(tmp_path, **names)))
    assert [key for key, _, _ in changed] == ["screen.benchmarks.0"], "it may be edited at any time"
    (tmp_path / "test.jsonl").unlink()
    with pytest.raises(SettingsError, match=r"test\.jsonl cannot be read \(No such file"):
        shape_of(settings_for(tmp_path, **names))


def answered(work: RunContext) -> Call:
    """The ledger's row of a question that was answered."""
    reply = Reply("2", "", "stop", None, endpoint="local", attempts=1, input_tokens=1, output_tokens=1)
    question = Question("solve", work.roles["solver"], work.library["solve"].hash, content_id("some", "item"))
    return work.ledger_row(question, reply, None)


async def test_a_workspace_refuses_other_identity_settings_until_they_are_accepted(tmp_path: Path) -> None:
    other = {"solve": {"samples": 2}, "review": {"threshold": 0.5}}
    async with open_context(settings_for(tmp_path)):
        pass
    async with open_context(settings_for(tmp_path, solve={"samples": 3})):
        pass  # nobody has answered yet, so there is nothing to lose
    async with open_context(settings_for(tmp_path, target_pairs=7)) as work:
        await work.store.write(answered(work))
    with pytest.raises(SettingsError) as raised:
        async with open_context(settings_for(tmp_path, **other)):
            pytest.fail("nothing may be asked")
    sentence = str(raised.value)
    assert sentence.splitlines()[1:3] == ["  review.threshold: 0.85 -> 0.5", "  solve.samples: 4 -> 2"]
    assert "Paid again would be, at most: solve (1 calls so far), grade (0 calls so far)." in sentence
    assert "--accept-changes" in sentence
    with pytest.raises(SettingsError, match="Nothing would be paid again"):
        async with open_context(settings_for(tmp_path, review={"threshold": 0.5})):
            pytest.fail("nothing may be asked")


SECRETS: list[dict[str, Any]] = [
    {"headers": {"Authorization": "Bearer hush"}},
    {"headers": {"Cookie": "session=hush"}},
    {"headers": {"X-Api-Key": "hush"}},
    {"headers": {"x-gateway-TOKEN": "hush"}},
    {"headers": {"X-Team": "hush"}},
    {"headers": {"Ocp-Apim-Subscription": "hush"}},
    {"headers": {"X-Title": "a", "X-Client-Secret": "env:"}},
    {"proxy": "http://me:hush@proxy:1"},
    {"proxy": "me:hush@proxy:1"},
    {"base_url": "http://me:hush@host/v1"},
    {"base_url": "https://hush@host/v1"},
    {"base_url": "http://me:hu#sh@host/v1"},
    {"base_url": "https://host/v1?api-version=1&key=hush"},
    {"extra_body": {"api_key": "hush"}},
    {"extra_body": {"litellm": [{"Api-Key": "hush"}]}},
]


@pytest.mark.parametrize("wrong", SECRETS, ids=str)
def test_a_secret_written_into_a_header_an_address_or_a_body_is_refused_and_not_repeated(
    wrong: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="secrets never stand in settings") as refused:
        settings_for(tmp_path, endpoints={"local": LOCAL | wrong})
    assert "hu" not in str(refused.value)
    assert "\n" not in str(refused.value)


UNUSABLE: list[tuple[dict[str, Any], str]] = [
    ({"base_url": "localhost:8000/v1"}, "'localhost:8000/v1' is no address of a server; write it up to"),
    ({"base_url": "http://:8000/v1"}, "'http://:8000/v1' is no address"),
    ({"base_url": "http://host:99999/v1"}, "is no address"),
    ({"base_url": "http://host/v1\nhttp://other/v1"}, "is no address"),
    ({"base_url": "http://ho st/v1"}, "is no address"),
    ({"base_url": "https://host/https://host/v1"}, "is no address"),
    ({"headers": {"X-Title": "a\nb"}}, "the header X-Title holds a line break"),
    ({"headers": {"X Team": "a"}}, "'X Team' is no name of a header"),
    ({"headers": {"X-Team:": "a"}}, "'X-Team:' is no name of a header"),
    ({"extra_body": "top_k=1"}, "extra_body"),
    ({"extra_body": {"since": date(2026, 1, 1)}}, "extra_body.since holds a date, which JSON cannot say"),
    ({"extra_body": {"deep": [{"since": datetime(2026, 1, 1)}]}}, "extra_body.deep holds a datetime"),
    ({"extra_body": {"top_k": float("nan")}}, "extra_body.top_k holds a number that is none"),
    ({"extra_body": {"temperature": "hot"}}, "extra_body.temperature must be a number"),
    ({"extra_body": {"max_tokens": "100"}}, "extra_body.max_tokens must be a whole number"),
    ({"extra_body": {"stream": True}}, "extra_body holds stream, which is not its to say: set `stream`"),
    ({"extra_body": {"n": 4}}, "extra_body holds n,"),
    ({"extra_body": {"messages": []}}, "extra_body holds messages"),
    ({"extra_body": {"model": "x"}}, "name the model under `model`"),
]


@pytest.mark.parametrize(("wrong", "told"), UNUSABLE, ids=[str(wrong) for wrong, _ in UNUSABLE])
def test_what_no_server_could_be_asked_with_is_one_sentence(wrong: dict[str, Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=re.escape(told)):
        settings_for(tmp_path, endpoints={"local": LOCAL | wrong})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("http://host/v1/chat/completions", "http://host/v1"),
        ("http://host/v1/chat/completions/?api-version=1", "http://host/v1?api-version=1"),
        ("http://host/v1/embeddings", "http://host/v1"),
        ("http://host/v1/models", "http://host/v1"),
    ],
)
def test_the_address_of_a_call_is_taken_for_that_of_its_server(
    given: str, kept: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert settings_for(tmp_path, endpoints={"local": LOCAL | {"base_url": given}}).endpoints["local"].base_url == kept
    assert given in caplog.text


@pytest.mark.parametrize(
    "right",
    [
        {"headers": {"Authorization": "env:GATEWAY", "Cookie": "block:gateway", "X-Title": "a", "OpenAI-Project": "2"}},
        {"proxy": "http://proxy:1"},
        {"proxy": "env:PROXY"},
        {"proxy": "block:proxy"},
        {"base_url": "https://host:8000/v1/@scope?api-version=2024-10-21"},
        {"extra_body": {"prompt_cache_key": "a", "stop": ["secret"], "schema": {"secret": {"type": "string"}}}},
    ],
    ids=str,
)
def test_references_and_plain_values_stay_as_they_are(right: dict[str, Any], tmp_path: Path) -> None:
    endpoint = settings_for(tmp_path, endpoints={"local": LOCAL | right}).endpoints["local"]
    assert endpoint.model_dump(include=set(right)) == right


def test_the_store_keeps_no_value_that_may_be_a_secret(tmp_path: Path) -> None:
    given = {"X-Pass": "Bearer hush", "X-Team": "env:TEAM", "X-Gate": "block:gate"}
    unchecked = {"base_url": "http://u:hush@h/v1", "headers": given, "proxy": "http://u:hush@proxy:1"}
    settings = settings_for(tmp_path)
    endpoint = settings.endpoints["local"].model_copy(update=unchecked)
    kept = without_secrets(settings.model_copy(update={"endpoints": {"local": endpoint}})).model_dump_json()
    assert "hush" not in kept
    assert "env:TEAM" in kept
    assert "block:gate" in kept
    assert endpoint.headers == given


@pytest.mark.parametrize("code", ["English", "EN", "e", ""])
def test_a_language_that_is_no_code_is_refused_in_a_sentence(tmp_path: Path, code: str) -> None:
    with pytest.raises(SettingsError, match="is no ISO 639 code; write two or three small letters"):
        settings_for(tmp_path, publish={"languages": [code]})
