"""Arms of a comparison read the seeds once, reach one volume, and a second run of the command asks nothing."""

from __future__ import annotations

from pathlib import Path

from tests.support.rehearsal import content, gsdp, opened, rehearsal, write_toml

PAIRS = 10
ARMS = ("one_hop", "random")


def test_arms_share_the_seeds_and_are_told_at_equal_volume_and_cost(prefect_server: str, tmp_path: Path) -> None:
    arms = {name: {"sample": {"quotas": {name: 1}}} for name in ARMS}
    with rehearsal("--bad-problems=0.2") as served:
        settings = write_toml(tmp_path / "settings.toml", content(tmp_path / "work", served.url, PAIRS, compare=arms))
        told = gsdp("compare", settings)
        assert told.returncode == 0, told.stderr
        asked, extracted = served.served(), served.served("extractor")
        again = gsdp("compare", settings)
        assert again.returncode == 0, again.stderr
        assert served.served() == asked, "nothing was open"
    with opened(tmp_path / "work") as store:
        assert extracted == store.rows("SELECT count(*) FROM current_seeds")[0][0]
    for name in ARMS:
        with opened(tmp_path / "work/arms" / name) as store:
            assert store.rows("SELECT count(*) >= ? FROM pairs WHERE relation = ?", [PAIRS, name]) == [(True,)]
    tables = [
        [line for line in run.stdout.splitlines() if line.startswith(ARMS) and "[" in line] for run in (told, again)
    ]
    assert tables[0] == tables[1]
    assert len(tables[0]) == 2 * len(ARMS)
    assert "At equal volume" in told.stdout
    assert "one_hop: sample.quotas = {'one_hop': 1}" in told.stdout
    assert "This is a rehearsal" in told.stdout
