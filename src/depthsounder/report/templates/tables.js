"use strict";
// Tables sort by a click on a column's name, and long ones filter; the table of all cells is made from the explorer's data.
(() => {
const SORTED = ["theory", "comparisons", "claims", "changes", "method"].map((section) => `#${section} table`).join();
const LONG = 8;
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const PLAIN = /^[−-]?[\d,]*\.?\d+/;
const POWER = /^([−-]?)(?:([\d.]+)\s×\s)?10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)/;

// The number that a text begins with, as the page writes numbers; NaN if it begins with none.
function valueOf(text) {
  if (/^[−-]?∞/.test(text)) return text.startsWith("∞") ? Infinity : -Infinity;
  const [, sign, mantissa = "1", power] = POWER.exec(text) ?? [];
  if (power !== undefined) {
    const digits = [...power].map((letter) => letter === "⁻" ? "-" : SUPERSCRIPTS.indexOf(letter)).join("");
    return Number(`${sign && "-"}${mantissa}e${digits}`);
  }
  const [plain] = PLAIN.exec(text) ?? ["NaN"];
  return Number(plain.replaceAll(",", "").replace("−", "-"));
}

const textOf = (row, column) => row.cells[column].textContent.trim();

// By value where both are numbers; what is none, such as a dash in a column of numbers, stands last either way.
function inOrder(one, other, direction) {
  const [first, second] = [valueOf(one), valueOf(other)], missing = Number.isNaN(first) - Number.isNaN(second);
  if (missing) return missing;
  if (Number.isNaN(first)) return direction * one.localeCompare(other, "en");
  return direction * (first < second ? -1 : first > second ? 1 : 0);
}

function sort(table, heading) {
  const direction = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
  const [body] = table.tBodies, column = heading.cellIndex;
  body.append(...[...body.rows].sort((one, other) => inOrder(textOf(one, column), textOf(other, column), direction)));
}

function makeSortable(table) {
  for (const heading of table.tHead.rows[0].cells) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "sort" });
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(table, heading));
    heading.append(button);
  }
}

// A number stands for itself and not for a part of another one.
function holds(row, word) {
  const texts = [...row.cells].map((cell) => cell.textContent.trim().toLowerCase());
  return texts.some(/^[\d.]+$/.test(word) ? (text) => text.split(/[^\d.]+/).includes(word) : (text) => text.includes(word));
}

function makeFilter(table) {
  const label = document.createElement("label"), field = document.createElement("input"), said = document.createElement("output");
  const rows = [...table.tBodies[0].rows];
  label.className = "filter";
  field.type = "search";
  label.append("Rows with ", field);
  field.addEventListener("input", () => {
    // The page writes names with spaces, configs and commands with underscores.
    const words = field.value.toLowerCase().split(/[\s_]+/);
    for (const row of rows) row.hidden = !words.every((word) => holds(row, word));
    said.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows`;
  });
  const bar = document.createElement("p");
  bar.className = "filter-bar";
  bar.append(label, said);
  (table.closest(".scroll") ?? table).before(bar);
}

function enhance(table) {
  if (table.tBodies[0].rows.length < 2) return;
  makeSortable(table);
  if (table.tBodies[0].rows.length > LONG) makeFilter(table);
}

// --- the table of all cells ---

const TITLES = { init: "Initialization", activation: "Activation", architecture: "Architecture", depth: "Depth" };
const FACTS = {
  Training: ({ shade }) => shade, "Seeds that train": (cell) => cell.successes, "Tail loss (nat)": (cell) => cell.tail_loss,
  Signal: (cell) => cell.signal_verdict ?? "–", D: (cell) => cell.delta_ratio, "q, last over first": (cell) => cell.forward_ratio,
  "Tuned rate": (cell) => cell.best_learning_rate,
};
// An axis of one point, as the architecture mostly is, needs no column.
const axes = Object.keys(TITLES).filter((axis) => axis === "init" || explorer.points[axis].length > 1);

function linkTo(key, text) {
  return Object.assign(document.createElement("a"), { className: "cell", href: `#cell=${key}`, textContent: text });
}

function rowOf(key) {
  const row = document.createElement("tr"), names = key.split("/"), cell = explorer.cells[key];
  const points = axes.map((axis) => names[explorer.order.indexOf(axis)].replaceAll("_", " "));
  for (const [at, content] of [...points, ...Object.values(FACTS).map((fact) => fact(cell))].entries()) {
    const place = row.insertCell();
    place.className = "nowrap";
    place.append(at === 0 ? linkTo(key, content) : content);
  }
  return row;
}

function allCells() {
  const table = document.createElement("table"), head = table.createTHead().insertRow();
  for (const name of [...axes.map((axis) => TITLES[axis]), ...Object.keys(FACTS)]) {
    head.append(Object.assign(document.createElement("th"), { scope: "col", textContent: name }));
  }
  table.createTBody().append(...Object.keys(explorer.cells).map(rowOf));
  return table;
}

for (const table of document.querySelectorAll(SORTED)) enhance(table);
const all = document.querySelector(".all-cells");
all.hidden = false;
all.addEventListener("toggle", () => {
  if (all.querySelector("table")) return;
  const table = allCells();
  all.querySelector(".scroll").append(table);
  enhance(table);
}, { once: true });
})();
