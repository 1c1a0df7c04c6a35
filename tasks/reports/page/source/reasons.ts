// Why an item was rejected, in words: the threshold, how the score is made, and what each judge said.

import type { Item } from "./data";
import { el } from "./dom";
import { answered } from "./words";

type Thresholds = Record<string, string>;

/** The mean of a judge's two scores. */
export function mean(logic: number | null, presentation: number | null): number | null {
  return logic === null || presentation === null ? null : (logic + presentation) / 2;
}

export function least(thresholds: Thresholds): number {
  return Number(thresholds["review: least score"] ?? 0);
}

export function reasons(item: Item, thresholds: Thresholds): HTMLElement {
  const tell = { review: reviewed, grade: graded, screen: screened }[item.outcome];
  return el("div.why", { role: "note" }, el("b", {}, "Why it was rejected. "), ...(tell ? tell(item, thresholds) : [item.detail ?? item.reason ?? ""]));
}

function reviewed(item: Item, thresholds: Thresholds): (Node | string)[] {
  const given = (item.reviews ?? []).filter(([, logic, presentation]) => mean(logic, presentation) !== null);
  const scores = given.map(([judge, logic, presentation]) => {
    const score = mean(logic, presentation) ?? 0;
    return `${judge} ${score.toFixed(3)}${score >= least(thresholds) - 1e-9 ? " \u2713" : " \u2717"}`;
  });
  const rule = `A judge's score is the mean of its logic and presentation and is good from ${least(thresholds)} on; the panel's rule is ${thresholds["review: rule of the panel"] ?? "not known"}.`;
  return [`${item.reason}, ${item.detail}. ${rule} Scores: ${scores.join(", ") || "none"}.`, ...told(item.reviews ?? [], 0, 5)];
}

function graded(item: Item, thresholds: Thresholds): (Node | string)[] {
  if (item.reason === "voted wrong") {
    const votes = (item.grades ?? []).map(([sample, judge, vote]) => `${judge} on solution ${sample}: ${vote === null ? "no vote" : vote ? "right" : "wrong"}`);
    return [`${item.detail}; the panel's rule is ${thresholds["grade: rule of the panel"] ?? "not known"}. Votes: ${votes.join(", ")}.`, ...told(item.grades ?? [], 1, 4)];
  }
  const share = Number(thresholds["grade: least agreement of solutions"] ?? 0);
  const answers = (item.solutions ?? []).flatMap(([, answer], place) => [place ? ", " : "", answer === null ? "none" : answered(answer.slice(0, 200))]);
  return [`${item.reason}: ${item.detail}. An answer needs ${Math.round(100 * share)}\u2009% of the solutions or more, and more of them than any other. Answers: `, ...answers, "."];
}

function screened(item: Item): (Node | string)[] {
  const kept = (item.repeats ?? []).flatMap(([kind, id, similarity]) => [` ${kind === "semantic" ? "Cosine" : "Share of the same runs of 3 words"} ${similarity.toFixed(2)} with `, el("a", { href: `#${id}` }, id.slice(0, 8)), "."]);
  return [`${item.reason}${kept.length ? "." : `: ${item.detail ?? ""}.`}`, ...kept];
}

/** What judges wrote beyond their scores, where the store has it. */
function told(rows: readonly (readonly (string | number | null)[])[], who: number, what: number): HTMLElement[] {
  return rows.filter((row) => row[what]).map((row) => el("blockquote", {}, el("b", {}, `${row[who]}: `), String(row[what])));
}
