"""Charts of those who decide: how the judges lean and agree, and how the gates err."""

from __future__ import annotations

from graph.shares import Stratum, share_within
from tasks.reports.agreement import panel
from tasks.reports.page.chart import Chart, Column, Told
from tasks.reports.page.findings import latest_audit
from tasks.reports.page.wording import alpha_in_words
from tasks.store.database import Store
from tasks.store.latest import latest_identity


def judges(run: Told) -> list[Chart]:
    """The panel: how each judge leans, and how often two of them decide alike."""
    found: list[Chart] = []
    for at in run.panels:
        reading = f"{BIAS if not found else 'Read as the judges above.'} {alpha_in_words(at.alpha, at.alike)}"
        columns = [
            Column("judge", "text"),
            Column("mean", "decimal"),
            Column("bias", "signed"),
            Column("items"),
            Column("unjudged"),
            Column("items compared"),
        ]
        rows = [(lean.judge, lean.mean, lean.bias, lean.given, lean.unjudged, lean.compared) for lean in at.judges]
        found.append(Chart(f"judges-{at.task}", f"Judges at {at.task}", "bars", reading, columns, rows))
        found.append(_alike(run.store, at.task))
    return found


def _alike(store: Store, task: str) -> Chart:
    names = [name for name, _ in panel(latest_identity(store), task)]
    seen = {(one, other): value for one, other, value in store.rows(_ALIKE[task], [names])}
    rows = [[one, *(1.0 if one == other else seen.get((one, other)) for other in names)] for one in names]
    how = "the mean of 1 less the distance of their scores" if task == "review" else "how often their votes are equal"
    return Chart(
        f"alike-{task}",
        f"Agreement of judges at {task}",
        "matrix",
        f"For each two judges, {how}, on items that both judged.{ALWAYS if task == 'review' else ''}",
        [Column("judge", "text"), *(Column(name, "share") for name in names)],
        rows if len(names) > 1 else [],
    )


def audited(run: Told) -> list[Chart]:
    """How the gates err, by the latest audit."""
    rows = []
    for row in latest_audit(run.store):
        rejected, accepted = row.rejected_good + row.rejected_bad, row.accepted_good + row.accepted_bad
        good = Stratum(row.rejected, row.rejected_good, rejected), Stratum(row.accepted, row.accepted_good, accepted)
        bad = Stratum(row.accepted, row.accepted_bad, accepted), Stratum(row.rejected, row.rejected_bad, rejected)
        shares = [found and found.share for found in (share_within(*good), share_within(*bad))]
        rows.append((row.gate, shares[0], shares[1], row.rejected, rejected, row.accepted, accepted))
    reading = (
        "False rejects: the share of the good that the gate rejected. False accepts: the share of the bad that it let "
        "through. Both are estimates from what the verifier read again in `gsdp audit gates`, which tells their ranges."
    )
    columns = [
        Column("gate", "text"),
        Column("false rejects", "share"),
        Column("false accepts", "share"),
        Column("rejected"),
        Column("read"),
        Column("accepted"),
        Column("read"),
    ]
    return [Chart("gates", "Errors of the gates", "bars", reading, columns, rows)]


ALWAYS = " Two that always agree may be one judge too many."

BIAS = (
    "Bias is a judge's mean distance from the others on the items that another judged too: below 0 it is harsher than "
    "they are. The mean is of all items that a judge saw, so means of judges that saw different items say nothing: "
    "where judges are asked in an order, the later ones see only items on which the first ones differ."
)

_ALIKE = {
    "review": """
        WITH given AS (
            SELECT problem_id AS item, judge, (logic + presentation) / 2 AS value
            FROM reviews JOIN told ON told.id = problem_id
            WHERE logic IS NOT NULL AND list_contains(?::VARCHAR[], judge))
        SELECT a.judge, b.judge, avg(1 - abs(a.value - b.value)) FROM given a JOIN given b USING (item)
        WHERE a.judge <> b.judge GROUP BY ALL""",
    "grade": """
        WITH given AS (
            SELECT g.solution_id AS item, judge, vote AS value FROM grades g JOIN told ON told.id = problem_id
            WHERE vote IS NOT NULL AND list_contains(?::VARCHAR[], judge))
        SELECT a.judge, b.judge, avg((a.value = b.value)::INTEGER) FROM given a JOIN given b USING (item)
        WHERE a.judge <> b.judge GROUP BY ALL""",
}
