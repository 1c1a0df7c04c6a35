// The way of an item from seeds to verdict, with every score and vote.

import type { Item, KnowledgeMap } from "./data";
import { el, table, type Child } from "./dom";
import { count, counted, share } from "./numbers";
import { least, mean } from "./reasons";
import { seedsOf } from "./seeds";
import { answered, said } from "./words";

export function outcome(item: Item): string {
  return item.outcome === "pair" ? "accepted pair" : `rejected at ${item.outcome}: ${item.reason ?? "no reason given"}`;
}

export function history(item: Item, map: KnowledgeMap, thresholds: Record<string, string>, benchmarks: number): HTMLElement {
  const steps: [string, Child[]][] = [
    ["Seeds", [points(item, map)]],
    ["Combination", [`${item.relation.replace("_", "-")}, weight ${item.weight}, place ${count(item.position)} in sampling order. `, onMap(item)]],
    ["Composed", [`${counted(item.tokens, "token")} in all calls for it${item.usd === undefined ? "" : `, $${item.usd.toPrecision(3)}`}.`]],
    ["Reviewed", item.reviews?.length ? [reviews(item, least(thresholds)), scored(item)] : ["Not reviewed."]],
    ["Solved", item.solutions?.length ? [solved(item)] : ["No solution."]],
    ["Graded", item.grades?.length ? [grades(item)] : ["No judge was asked."]],
    ["Screened", [...screened(item, benchmarks)]],
  ];
  const verdict =
    item.outcome === "pair" ? "Accepted: a pair of the dataset." : `Rejected at ${item.outcome}: ${[item.reason, item.detail].filter(Boolean).join(", ")}.`;
  return el(
    "ol.way",
    {},
    ...steps.map(([name, children]) => el(`li${name.toLowerCase() === stopped(item) ? ".stopped" : ""}` as "li", {}, el("b", {}, name), el("div", {}, ...children))),
    el(`li.${item.outcome === "pair" ? "good" : "bad"}` as "li.good", {}, el("b", {}, "Verdict"), el("div", {}, verdict)),
  );
}

function stopped(item: Item): string | undefined {
  return ({ review: "reviewed", grade: "graded", screen: "screened" } as Record<string, string>)[item.outcome];
}

function points(item: Item, map: KnowledgeMap): HTMLElement {
  return el(
    "ul.plain",
    {},
    ...item.names.map((name, place) => {
      const point = map.points[item.points?.[place] ?? -1];
      return el("li", {}, point ? el("a", { href: `#map/${item.points?.[place]}` }, said(name)) : said(name), point ? seedsOf(map, point.from, point.seeds) : null);
    }),
  );
}

function onMap(item: Item): HTMLElement | null {
  const known = (item.points ?? []).filter((point) => point >= 0);
  return known.length > 1 ? el("a", { href: `#map/${known.join("-")}` }, "Its path on the map") : null;
}

function reviews(item: Item, from: number): HTMLElement {
  const rows = (item.reviews ?? []).map(([judge, logic, presentation, difficulty, unjudged]) => [
    judge,
    logic === null ? "" : logic.toFixed(2),
    presentation === null ? "" : presentation.toFixed(2),
    scoreOf(mean(logic, presentation), from),
    unjudged ? `unjudged: ${unjudged}` : (difficulty ?? ""),
  ]);
  return table(["judge", "logic", "presentation", `mean, good from ${from}`, "difficulty"], rows);
}

function scoreOf(score: number | null, from: number): string {
  return score === null ? "" : `${score.toFixed(3)} ${score >= from - 1e-9 ? "\u2713" : "\u2717"}`;
}

function scored(item: Item): string {
  return item.score === undefined ? "" : `Passed with a mean score of ${item.score.toFixed(3)}.`;
}

function solved(item: Item): HTMLElement {
  const rows = (item.solutions ?? []).map(([sample, answer, chosen, solver]) => [
    `${sample}${chosen ? ", chosen" : ""}${sample === item.shown ? ", shown above" : ""}`,
    solver ?? "",
    answer === null ? "no answer" : answered(answer.slice(0, 200)),
  ]);
  const vote =
    item.vote === "votes"
      ? `By equivalence: ${(item.classes ?? []).join(", ") || "none"} alike${item.agreement === undefined ? "" : `, the winner has ${share(item.agreement)} of ${item.asked ?? "those"} asked for`}${item.spared ? `, ${item.spared} spared` : ""}${item.measured ? `; measured ${item.measured}` : ""}.`
      : item.vote
        ? `Nothing to compare (${item.vote}): the judges alone decide.`
        : "";
  return el("div", {}, table(["solution", "solver", "answer"], rows), vote ? el("p", {}, vote) : null);
}

function grades(item: Item): HTMLElement {
  const rows = (item.grades ?? []).map(([sample, judge, vote, unjudged]) => [
    `solution ${sample}`,
    judge,
    vote === null ? `unjudged: ${unjudged ?? ""}` : vote ? "\u2713 right" : "\u2717 wrong",
  ]);
  return table(["solution", "judge", "vote"], rows);
}

function* screened(item: Item, benchmarks: number): Iterable<Child> {
  for (const [kind, kept, similarity] of item.repeats ?? []) {
    yield el("p", {}, `Repeats (${kind}, similarity ${similarity.toFixed(2)}) `, el("a", { href: `#${kept}` }, kept.slice(0, 8)), ".");
  }
  for (const [part, where, rule, coverage, overlap] of item.evidence ?? []) {
    yield el("p", {}, `Its ${part} repeats ${where} (${rule}, ${share(coverage)}): \u201c${overlap}\u201d`);
  }
  if (item.outcome === "pair") yield benchmarks ? `No repetition, and in none of the ${counted(benchmarks, "benchmark")} that the settings name.` : "No repetition. The settings name no benchmark, so nothing was checked for contamination.";
  else if (item.outcome !== "screen") yield "Not screened.";
}
