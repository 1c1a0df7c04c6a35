// Numbers as a person reads them, and tables as CSV.

import type { Cell, Form, Unit } from "./data";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export const count = (value: number): string => whole.format(value);

/** `1 pair`, `2 pairs`. */
export const counted = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;

export function figure(value: number | null, unit: Unit): string {
  if (value === null) return "not known";
  if (unit === "share") return share(value);
  if (unit === "usd") return `$${value.toPrecision(3)}`;
  if (unit === "seconds") return time(value);
  if (unit === "times") return `\u00d7${value < 10 ? value.toFixed(1) : count(value)}`;
  return value < 100_000 ? count(value) : short.format(value);
}

export function share(value: number): string {
  const percent = 100 * value;
  return `${percent === 0 || percent >= 99.95 ? percent.toFixed(0) : percent.toFixed(1)}\u2009%`;
}

export function time(seconds: number): string {
  if (seconds < 100) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 48 * 3600 ? `${(seconds / 3600).toFixed(1)} h` : `${(seconds / 86400).toFixed(1)} days`;
}

export function cell(value: Cell, form: Form): string {
  if (value === null) return "\u2013";
  if (typeof value === "string") return value;
  if (form === "share") return share(value);
  if (form === "decimal") return value.toFixed(value < 10 ? 3 : 1);
  if (form === "signed") return `${value < 0 ? "\u2212" : "+"}${Math.abs(value).toFixed(3)}`;
  if (form === "usd") return value.toFixed(4);
  if (form === "seconds") return `${value.toFixed(2)} s`;
  if (form === "time") return new Date(1000 * value).toISOString().slice(0, 19).replace("T", " ");
  return whole.format(value);
}

/** Rows as CSV. A cell that a spreadsheet would take for a formula begins with an apostrophe. */
export function csv(head: string[], rows: Cell[][]): string {
  const quoted = (value: Cell): string => {
    const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value ?? "");
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [head, ...rows].map((row) => row.map(quoted).join(",")).join("\r\n") + "\r\n";
}
