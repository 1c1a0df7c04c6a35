// The way of an item from seeds to verdict, with every score and vote.

import type { Item, KnowledgeMap } from "./data";
import { el, table, type Child } from "./dom";
import { count, counted, share } from "./numbers";

export function history(item: Item, map: KnowledgeMap): HTMLElement {
  const steps: [string, Child[]][] = [
    ["Seeds", [points(item, map)]],
    ["Combination", [`${item.relation.replace("_", "-")}, weight ${item.weight}, place ${count(item.position)} in sampling order. `, onMap(item)]],
    ["Composed", [`${counted(item.tokens, "token")} in all calls for it${item.usd === undefined ? "" : `, $${item.usd.toPrecision(3)}`}.`]],
    ["Reviewed", item.reviews?.length ? [reviews(item), scored(item)] : ["Not reviewed."]],
    ["Solved", item.solutions?.length ? [solved(item)] : ["No solution."]],
    ["Graded", item.grades?.length ? [grades(item)] : ["No judge was asked."]],
    ["Screened", [...screened(item)]],
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
      const seeds = (point?.from ?? []).map((number) => map.seeds[number]).filter((seed) => seed !== undefined);
      return el(
        "li",
        {},
        point ? el("a", { href: `#map/${item.points?.[place]}` }, name) : name,
        point ? el("span.under", {}, ` in ${counted(point.seeds, "seed")}: ${seeds.map(([source, line]) => `${source}:${line}`).join(", ")}`) : null,
      );
    }),
  );
}

function onMap(item: Item): HTMLElement | null {
  const known = (item.points ?? []).filter((point) => point >= 0);
  return known.length > 1 ? el("a", { href: `#map/${known.join("-")}` }, "Its path on the map") : null;
}

function reviews(item: Item): HTMLElement {
  const rows = (item.reviews ?? []).map(([judge, logic, presentation, difficulty, unjudged]) => [
    judge,
    logic === null ? "" : logic.toFixed(2),
    presentation === null ? "" : presentation.toFixed(2),
    unjudged ? `unjudged: ${unjudged}` : (difficulty ?? ""),
  ]);
  return table(["judge", "logic", "presentation", "difficulty"], rows);
}

function scored(item: Item): string {
  return item.score === undefined ? "" : `Passed with a mean score of ${item.score.toFixed(3)}.`;
}

function solved(item: Item): HTMLElement {
  const answers = new Map<string, number>();
  for (const [, answer] of item.solutions ?? []) answers.set(answer ?? "no answer", (answers.get(answer ?? "no answer") ?? 0) + 1);
  const told = [...answers].map(([answer, times]) => `${answer.slice(0, 200)} (${times}\u00d7)`).join(", ");
  const vote =
    item.vote === "votes"
      ? `By equivalence: ${(item.classes ?? []).join(", ") || "none"} alike${item.agreement === undefined ? "" : `, the winner has ${share(item.agreement)} of ${item.asked ?? "those"} asked for`}${item.spared ? `, ${item.spared} spared` : ""}${item.measured ? `; measured ${item.measured}` : ""}.`
      : item.vote
        ? `Nothing to compare (${item.vote}): the judges alone decide.`
        : "";
  return el("div", {}, el("p", {}, `Answers: ${told}.`), vote ? el("p", {}, vote) : null);
}

function grades(item: Item): HTMLElement {
  const rows = (item.grades ?? []).map(([sample, judge, vote, unjudged]) => [
    `solution ${sample}`,
    judge,
    vote === null ? `unjudged: ${unjudged ?? ""}` : vote ? "\u2713 right" : "\u2717 wrong",
  ]);
  return table(["solution", "judge", "vote"], rows);
}

function* screened(item: Item): Iterable<Child> {
  for (const [kind, kept, similarity] of item.repeats ?? []) {
    yield el("p", {}, `Repeats (${kind}, similarity ${similarity.toFixed(2)}) `, el("a", { href: `#${kept}` }, kept.slice(0, 8)), ".");
  }
  for (const [part, where, rule, coverage, overlap] of item.evidence ?? []) {
    yield el("p", {}, `Its ${part} repeats ${where} (${rule}, ${share(coverage)}): \u201c${overlap}\u201d`);
  }
  if (item.outcome === "pair") yield "No repetition, and in no benchmark that the settings name.";
  else if (item.outcome !== "screen") yield "Not screened.";
}
