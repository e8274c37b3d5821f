"use strict";
// A reader hides the verdicts of the failure map, says of each cell whether it fails, and sees the score beside theory's.
(() => {
const home = document.querySelector(".predict"), work = home.querySelector(".predict-work");
const form = work.querySelector("form"), table = work.querySelector("table"), score = work.querySelector(".predict-score");
const figure = document.getElementById("figure-failure_map");
const { cells, order, points, decode } = explorer;
const SAID = { fails: "fails", trains: "does not fail" };
const predictions = new Map();
let hidden = false;

const chosen = () => Object.fromEntries(["architecture", "activation"].map((axis) => [axis, form.elements[axis]?.value ?? points[axis][0]]));
const keyOf = (choice) => order.map((axis) => choice[axis]).join("/");
const outcome = (cell) => ["stalled", "diverged"].includes(cell.training_verdict) ? "fails" : "trains";

// What theory alone says: a cell fails if D, the root of δ²'s ratio, leaves the bounds. Null where it says nothing.
function theoryOf(cell) {
  const [ratio = NaN] = decode(cell.backward?.theory);
  if (Number.isNaN(ratio)) return null;
  const { least, most } = home.dataset;
  return ratio / 2 < Math.log10(least) || ratio / 2 > Math.log10(most) ? "fails" : "trains";
}

function words(button) {
  const said = predictions.get(button.value), place = `${button.dataset.init}, depth ${button.dataset.depth}`.replaceAll("_", " ");
  if (hidden || said === undefined) return `${place}: ${said === undefined ? "no prediction" : `predicted: ${SAID[said]}`}`;
  const right = outcome(cells[button.value]) === said;
  return `${place}: predicted: ${SAID[said]}; ${cells[button.value].shade}: ${right ? "right" : "wrong"}`;
}

function show(button) {
  const said = predictions.get(button.value), cell = cells[button.value];
  const revealed = !hidden && said !== undefined;
  button.className = revealed ? `verdict-${cell.shade}` : said ?? "";
  const mark = revealed ? (outcome(cell) === said ? "✓ " : "✗ ") : "";
  button.textContent = said === undefined ? "–" : mark + (said === "fails" ? "fails" : "ok");
  button.setAttribute("aria-label", words(button));
  button.disabled = !hidden;
}

function paint(button) {
  if (!hidden) return;
  const brush = form.elements.brush.value;
  if (brush) predictions.set(button.value, brush);
  else predictions.delete(button.value);
  show(button);
}

function makeCell(init, depth) {
  const place = document.createElement("td"), value = keyOf({ ...chosen(), init, depth });
  if (!Object.hasOwn(cells, value)) return place;
  const button = Object.assign(document.createElement("button"), { type: "button", value });
  Object.assign(button.dataset, { init, depth });
  show(button);
  place.append(button);
  return place;
}

function heading(text, scope) {
  return Object.assign(document.createElement("th"), { scope, textContent: String(text).replaceAll("_", " ") });
}

function fillTable() {
  const head = document.createElement("tr"), body = document.createElement("tbody");
  head.append(document.createElement("td"), ...points.depth.map((depth) => heading(depth, "col")));
  for (const init of points.init) {
    const row = document.createElement("tr");
    row.append(heading(init, "row"), ...points.depth.map((depth) => makeCell(init, depth)));
    body.append(row);
  }
  const top = document.createElement("thead");
  top.append(head);
  table.replaceChildren(table.caption, top, body);
}

function rightOf(keys, say) {
  return keys.filter((key) => say(cells[key], key) === outcome(cells[key])).length;
}

function scoreWords() {
  const keys = [...predictions.keys()], told = keys.filter((key) => theoryOf(cells[key]) !== null);
  if (!keys.length) return "You predicted no cell.";
  const [least, most] = [home.dataset.least, home.dataset.most].map((bound) => Number(Number(bound).toPrecision(2)));
  const mine = `You were right in ${rightOf(keys, (_, key) => predictions.get(key))} of ${keys.length} cells.`;
  const theirs = `Theory alone is right in ${rightOf(told, theoryOf)} of ${told.length} of them: it says that a cell fails if `
    + `the D that it predicts is below ${least} or above ${most}.`;
  const silent = keys.length - told.length;
  return `${mine} ${theirs}${silent ? ` Of ${silent} it says nothing.` : ""}`;
}

function setHidden(now) {
  hidden = now;
  work.hidden = false;
  figure.classList.toggle("covered", hidden);
  for (const part of figure.querySelectorAll(".message, .canvas, .tools")) part.inert = hidden;
  for (const all of document.querySelectorAll("#failure_map .all-cells")) Object.assign(all, { inert: hidden, open: all.open && !hidden });
  home.querySelector(".predict-hide").textContent = hidden ? "Clear all predictions" : "Hide the verdicts and predict again";
  work.querySelector(".predict-reveal").hidden = !hidden;
  if (hidden) predictions.clear();
  score.textContent = hidden ? "" : scoreWords();
  fillTable();
}

for (const axis of ["architecture", "activation"]) if (form.elements[axis]) explorer.fill(form.elements[axis], points[axis], points[axis][0]);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("change", ({ target }) => { if (target.name !== "brush") fillTable(); });
home.querySelector(".predict-hide").addEventListener("click", () => setHidden(true));
work.querySelector(".predict-reveal").addEventListener("click", () => {
  setHidden(false);
  home.querySelector(".predict-hide").focus();
});
table.addEventListener("pointerdown", ({ target, button }) => { if (button === 0 && target.matches("button")) paint(target); });
table.addEventListener("pointerover", ({ target, buttons }) => { if (buttons === 1 && target.matches("button")) paint(target); });
// A click by the pointer has painted already; one by a key has no detail.
table.addEventListener("click", ({ target, detail }) => { if (detail === 0 && target.matches("button")) paint(target); });
table.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  const place = event.target.closest("td");
  if (!step || !place) return;
  const next = table.rows[place.parentElement.rowIndex + step[0]]?.cells[place.cellIndex + step[1]];
  next?.querySelector("button")?.focus();
  event.preventDefault();
});
home.hidden = Object.keys(cells).length === 0;
})();
