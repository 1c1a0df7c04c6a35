// Texts of models on the page: mathematics as MathML, code in colours, everything else as plain text.

import temml from "temml";
import { clean, el } from "./dom";

const MOST_FORMULAS = 400;
const LONGEST_FORMULA = 3000;
// The bounds keep the time in proportion to the text, whatever is in it.
const MATHML = "http://www.w3.org/1998/Math/MathML";
const PIECES = /```([^\n]*)\n([\s\S]*?)(?:```|$)|\$\$([\s\S]{1,3000}?)\$\$|\\\[([\s\S]{1,3000}?)\\\]|\\\(([\s\S]{1,3000}?)\\\)|(?<!\\)\$((?:\\[\s\S]|[^$\\]){1,3000}?)\$|`([^`\n]+)`|\*\*([^*\n]+)\*\*|(?<![*\w\\])\*([^*\s][^*\n]{0,300})\*(?![*\w])/g;

/** A text in paragraphs. */
export function words(text: string): HTMLElement {
  return filled(el("div.words", { dir: "auto" }), text);
}

/** A name or an answer within a line of ours. */
export function said(text: string): HTMLElement {
  return filled(el("span.said"), text);
}

/** An answer is often a formula without its signs. */
export function answered(answer: string): HTMLElement {
  return said(/[\\^_{}]/.test(answer) && !answer.includes("$") ? `$${answer}$` : answer);
}

function filled(made: HTMLElement, text: string): HTMLElement {
  let last = 0;
  let formulas = 0;
  for (const piece of text.matchAll(PIECES)) {
    made.append(clean(plain(text.slice(last, piece.index))));
    const [whole, , block, display, bracket, paren, inline, code, bold, stressed] = piece;
    const formula = display ?? bracket ?? paren ?? inline;
    if (block !== undefined) made.append(el("pre", {}, ...coloured(block)));
    else if (code !== undefined) made.append(el("code", {}, code));
    else if (bold !== undefined) made.append(el("strong", {}, bold));
    else if (stressed !== undefined) made.append(el("em", {}, stressed));
    else if (formula !== undefined && formulas++ < MOST_FORMULAS) made.append(mathematics(formula, !(paren ?? inline)));
    else made.append(clean(whole));
    last = piece.index + whole.length;
  }
  made.append(clean(plain(text.slice(last))));
  return made;
}

function plain(text: string): string {
  return text.replaceAll("\\$", "$");
}

/** A formula as MathML; one that is too long or makes no sense as it is written. */
export function mathematics(formula: string, display = false): Element {
  if (formula.length <= LONGEST_FORMULA) {
    try {
      const options = { displayMode: display, throwOnError: true, trust: false, maxExpand: 200, maxSize: [20, 20] as [number, number] };
      const made = built(temml.__renderToMathMLTree(formula, options) as Tree, 0);
      if (made instanceof Element) return made;
    } catch {
      // What it stumbled over is shown.
    }
  }
  return el("code.formula", { title: "This formula could not be set" }, formula);
}

interface Tree {
  type?: string;
  text?: string;
  attributes?: Record<string, string>;
  style?: Record<string, string>;
  classes?: string[];
  children?: Tree[];
}

const ELEMENTS = new Set(
  "math semantics mrow mi mn mo ms mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover mmultiscripts mprescripts none mtable mtr mtd mpadded mphantom menclose mstyle merror".split(" "),
);
const ATTRIBUTES = new Set(
  "accent accentunder columnalign columnlines columnspacing columnspan depth display displaystyle fence form height largeop linethickness lspace mathvariant maxsize minsize movablelimits notation rowalign rowlines rowspacing rowspan rspace scriptlevel separator stretchy symmetric voffset width".split(" "),
);
const STYLES = new Set("mathDepth mathShift paddingLeft paddingRight fontWeight fontStyle marginLeft marginRight border padding".split(" "));
const VALUES = /^(-?[\d.]+(pt|em|ex|px)?|normal|bold|italic|shift|compact|1px solid)$/;
const DEEPEST = 100;

/** Elements of a tree of Temml's: those of presentation alone, without links, classes, colours or scripts. */
function built(tree: Tree, depth: number): Node {
  if (depth > DEEPEST) throw new Error("nested too deeply");
  if (tree.text !== undefined && !tree.children) return document.createTextNode(clean(tree.text, true));
  const children = tree.type === "semantics" ? (tree.children ?? []).slice(0, 1) : (tree.children ?? []);
  if (!tree.type || !ELEMENTS.has(tree.type)) {
    const row = document.createElementNS(MATHML, "mrow");
    row.append(...children.map((child) => built(child, depth + 1)));
    return row;
  }
  const made = document.createElementNS(MATHML, tree.type);
  for (const [name, value] of Object.entries(tree.attributes ?? {})) {
    if (ATTRIBUTES.has(name)) made.setAttribute(name, String(value));
  }
  const classes = (tree.classes ?? []).filter((name) => /^tml-[a-z]+$/.test(name));
  if (classes.length) made.setAttribute("class", classes.join(" "));
  for (const [name, value] of Object.entries(tree.style ?? {})) {
    if (!STYLES.has(name) || !VALUES.test(String(value))) continue;
    (made as unknown as HTMLElement).style.setProperty(name.replace(/[A-Z]/g, "-$&").toLowerCase(), value);
  }
  made.append(...children.map((child) => built(child, depth + 1)));
  return made;
}

const TOKENS = /(#[^\n]*|\/\/[^\n]*)|("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|\b(\d[\w.]*)\b|\b(and|as|assert|async|await|break|case|catch|class|const|continue|def|del|do|elif|else|except|export|False|finally|fn|for|from|func|function|if|import|in|is|lambda|let|match|new|None|not|or|pass|raise|return|static|struct|switch|this|throw|True|try|type|var|void|while|with|yield)\b/g;
const CLASSES = ["remark", "string", "number", "keyword"];

/** Code, with what is alike in most languages in a colour of its own. */
function coloured(code: string): (Node | string)[] {
  const made: (Node | string)[] = [];
  let last = 0;
  for (const token of code.matchAll(TOKENS)) {
    made.push(code.slice(last, token.index));
    const kind = token.slice(1).findIndex((group) => group !== undefined);
    made.push(el(`span.${CLASSES[kind]}` as "span.keyword", {}, token[0]));
    last = token.index + token[0].length;
  }
  return [...made, code.slice(last)];
}
