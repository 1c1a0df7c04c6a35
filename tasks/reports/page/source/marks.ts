// What a reader marks: kept in the browser, and saved as the file that `gsdp audit judges` reads.

import type { Item } from "./data";

export type Label = "good" | "bad" | "unsure";
export interface Mark {
  /** Nothing where there is a note alone. */
  label: Label | "";
  note: string;
}

export class Marks {
  private readonly marks: Map<string, Mark>;

  constructor(private readonly key: string) {
    this.marks = new Map(Object.entries(this.kept()));
  }

  get(id: string): Mark | undefined {
    return this.marks.get(id);
  }

  get size(): number {
    return this.marks.size;
  }

  /** Mark an item; the same label again takes the mark away. */
  set(id: string, label: Label, note: string): void {
    if (this.marks.get(id)?.label === label) {
      if (note) this.marks.set(id, { label: "", note });
      else this.marks.delete(id);
    } else this.marks.set(id, { label, note });
    this.keep();
  }

  annotate(id: string, note: string): void {
    const mark = this.marks.get(id);
    if (!mark?.label && !note) this.marks.delete(id);
    else this.marks.set(id, { label: mark?.label ?? "", note });
    this.keep();
  }

  /** How many marks are good or bad, and how many are not and so are no rows. */
  sizes(items: Item[]): { decided: number; open: number } {
    const labels = items.map((item) => this.marks.get(item.id)).filter((mark) => mark !== undefined);
    const decided = labels.filter((mark) => mark.label === "good" || mark.label === "bad").length;
    return { decided, open: labels.length - decided };
  }

  /** One row for each item marked good or bad; a judge is not measured by what nobody is sure of. */
  lines(items: Item[]): string {
    const rows = items.flatMap((item) => {
      const mark = this.marks.get(item.id);
      if (mark?.label !== "good" && mark?.label !== "bad") return [];
      const solution = item.solution === undefined ? {} : { solution: item.solution };
      return [JSON.stringify({ id: item.id, problem: item.problem, ...solution, label: mark.label, note: mark.note })];
    });
    return rows.map((row) => `${row}\n`).join("");
  }

  private kept(): Record<string, Mark> {
    try {
      return JSON.parse(localStorage.getItem(this.key) ?? "{}") as Record<string, Mark>;
    } catch {
      return {};
    }
  }

  private keep(): void {
    try {
      localStorage.setItem(this.key, JSON.stringify(Object.fromEntries(this.marks)));
    } catch {
      // A browser that keeps nothing for files: the marks last as long as the page.
    }
  }
}
