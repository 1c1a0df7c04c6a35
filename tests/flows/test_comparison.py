"""Arms of a comparison read the seeds once, reach one volume, and a second run of the command asks nothing."""

from __future__ import annotations

from pathlib import Path

from flows.commands.workspace import latest_settings
from tasks.reports.page.chart import Told
from tasks.reports.page.measured_charts import compared
from tests.support.rehearsal import content, gsdp, opened, rehearsal, write_toml

PAIRS = 10
ARMS = ("one_hop", "random")
PAID = ("extractor", "composer", "judge", "rater", "solver", "strong_solver", "truth")
"""Who is asked nothing twice. A curator is asked again about a name that it left out."""


def test_arms_share_the_seeds_and_are_told_at_equal_volume_and_cost(prefect_server: str, tmp_path: Path) -> None:
    arms = {name: {"sample": {"quotas": {name: 1}}} for name in ARMS}
    with rehearsal("--bad-problems=0.2") as served:
        settings = write_toml(tmp_path / "settings.toml", content(tmp_path / "work", served.url, PAIRS, compare=arms))
        told = gsdp("compare", settings)
        assert told.returncode == 0, told.stderr
        asked, extracted = served.served(*PAID), served.served("extractor")
        again = gsdp("compare", settings)
        assert again.returncode == 0, again.stderr
        assert served.served(*PAID) == asked, "nothing was open"
    with opened(tmp_path / "work") as store:
        extracted -= store.rows("SELECT count(*) FROM current_seeds")[0][0]
    for name in ARMS:
        with opened(tmp_path / "work/arms" / name) as store:
            extracted -= store.rows("SELECT count(*) FROM calls WHERE stage = 'adherence'")[0][0]
            assert store.rows("SELECT count(*) >= ? FROM pairs WHERE relation = ?", [PAIRS, name]) == [(True,)]
    assert extracted == 0, "seeds are read once, and a sample of the pairs"
    tables = [
        [line for line in run.stdout.splitlines() if line.startswith(ARMS) and "[" in line] for run in (told, again)
    ]
    assert tables[0] == tables[1]
    assert len(tables[0]) == 3 * len(ARMS)
    assert "all points found" in told.stdout
    with opened(tmp_path / "work") as store:
        charts = compared(Told(store, latest_settings(store), []))
    assert [chart.name for chart in charts] == ["arms-volume", "arms-cost"]
    assert [row[0] for row in charts[0].rows] == [*ARMS]
    assert {"all points found", "bad pairs"} <= {column.name for column in charts[0].columns}
    assert "At equal volume" in told.stdout
    assert "one_hop: sample.quotas = {'one_hop': 1}" in told.stdout
    assert "This is a rehearsal" in told.stdout
