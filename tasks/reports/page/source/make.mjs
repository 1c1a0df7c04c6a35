// Makes ../page.html: page.template.html with the style, the script, their hashes and the licences in it.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const target = process.argv[2] ?? "../page.html";
const PACKAGES = ["graphology", "graphology-utils", "sigma", "events", "uplot", "temml"];

const bundled = await build({
  entryPoints: ["main.ts"],
  bundle: true,
  minify: true,
  charset: "ascii",
  format: "iife",
  target: "es2022",
  legalComments: "none",
  write: false,
});
const style = readFileSync("node_modules/uplot/dist/uPlot.min.css", "utf8") + readFileSync("style.css", "utf8");
// A comment or a closing tag within the script would end it early.
const script = bundled.outputFiles[0].text.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");

const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
const escaped = (text) => text.replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign]);

function licence(name) {
  const folder = `node_modules/${name}`;
  const { version, license, homepage, repository } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const names = ["LICENSE", "LICENSE.txt", "LICENSE.md", "License"];
  const text = names.map((file) => read(`${folder}/${file}`)).find(Boolean) ?? `${license}; see ${homepage ?? repository?.url}`;
  return `${name} ${version}\n\n${text.trim()}`;
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

// What the page was made of: a test sees by it that a source has changed since.
const sources = createHash("sha256");
for (const name of readdirSync(".").filter((name) => /\.(ts|mjs|css|html|json)$/.test(name)).sort()) sources.update(readFileSync(name));

const parts = {
  sources: sources.digest("hex"),
  scriptHash: hash(script),
  styleHash: hash(style),
  style,
  script,
  licences: escaped(PACKAGES.map(licence).join(`\n\n${"-".repeat(60)}\n\n`)),
};
const template = readFileSync("page.template.html", "utf8");
writeFileSync(target, template.replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name]));
