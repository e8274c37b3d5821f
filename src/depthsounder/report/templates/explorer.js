"use strict";
// The explorer: one or two cells, drawn from the data in #explorer-data. The address keeps the choice:
// #cell=20/plain/tanh/he_normal, with /0.1 behind it for another learning rate than the tuned one, and &against=… for a second.
const explorer = (() => {
const data = JSON.parse(document.getElementById("explorer-data").textContent);
const home = document.getElementById("explorer");
const panels = home.querySelector(".panels");
const compare = document.getElementById("explorer-compare");
const TUNED = "tuned";

// --- curves: three characters for each value, as explorer.py writes them ---

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const PER_DECADE = 400, LOWEST = -325, FIRST = 3;

// The decimal logarithms of a curve; NaN where a value is missing, and ∓∞ for 0 and ∞.
function decode(text = "") {
  const values = [];
  for (let at = 0; at < text.length; at += 3) {
    const code = [...text.slice(at, at + 3)].reduce((sum, letter) => 64 * sum + ALPHABET.indexOf(letter), 0);
    values.push(code < FIRST ? [NaN, -Infinity, Infinity][code] : (code - FIRST) / PER_DECADE + LOWEST);
  }
  return values;
}

// --- the choice, and the address that keeps it ---

const keyOf = (choice) => data.order.map((axis) => choice[axis]).join("/");
const cellOf = (choice) => data.cells[keyOf(choice)];

function written(choice) {
  return keyOf(choice) + (choice.rate === TUNED ? "" : `/${choice.rate}`);
}

// A choice from the address, or null if this run has no such cell.
function read(text) {
  const names = (text ?? "").split("/"), rate = names[data.order.length] ?? TUNED;
  const choice = { ...Object.fromEntries(data.order.map((axis, at) => [axis, names[at]])), rate };
  if (!Object.hasOwn(data.cells, keyOf(choice))) return null;
  if (rate !== TUNED && !Object.hasOwn(cellOf(choice).rates, rate)) choice.rate = TUNED;
  return choice;
}

function choicesOfAddress() {
  const fields = address.read();
  const first = read(fields.get("cell"));
  return first === null ? null : [first, read(fields.get("against"))].filter((choice) => choice !== null);
}

function keepInAddress() {
  const [cell, against] = choices.map(written);
  address.keep({ cell, against });
}

// --- drawing ---

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 400, LEFT = 44, RIGHT = 8;

function element(name, attributes = {}, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.append(text);
  return made;
}

function drawing(height, description) {
  return element("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": description });
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
function power(decade) {
  const digits = [...String(Math.abs(decade))].map((digit) => SUPERSCRIPTS[digit]).join("");
  return decade === 0 ? "1" : `10${decade < 0 ? "⁻" : ""}${digits}`;
}

function rounded(logarithm) {
  if (Number.isNaN(logarithm)) return "unknown";
  if (!Number.isFinite(logarithm)) return logarithm < 0 ? "0" : "infinite";
  if (Math.abs(logarithm) < 3) return String(Number((10 ** logarithm).toPrecision(2)));
  const decade = Math.floor(logarithm);
  return `${(10 ** (logarithm - decade)).toFixed(1)} × ${power(decade)}`;
}

// A ground for curves: a logarithmic axis with at most five powers of ten, and x from first to last.
function ground(figure, title, xLabel, [first, last], values, height) {
  const finite = values.filter(Number.isFinite);
  let low = Math.floor(Math.min(0, ...finite)), high = Math.ceil(Math.max(0, ...finite));
  if (high - low < 2) { low -= 1; high += 1; }
  const top = 24, bottom = height - 34;
  const x = (value) => LEFT + ((value - first) / Math.max(last - first, 1)) * (WIDTH - LEFT - RIGHT);
  const y = (logarithm) => bottom - ((Math.min(Math.max(logarithm, low), high) - low) / (high - low)) * (bottom - top);
  const stride = Math.ceil((high - low) / 5);
  for (let decade = high; decade >= low; decade -= stride) {
    figure.append(element("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(decade), y2: y(decade), class: "grid" }));
    figure.append(element("text", { x: LEFT - 5, y: y(decade) + 4, "text-anchor": "end" }, power(decade)));
  }
  for (const value of new Set([last, Math.round((first + last) / 2), first])) {
    const anchor = value === last ? "end" : "middle";
    figure.append(element("text", { x: x(value), y: bottom + 15, "text-anchor": anchor }, value.toLocaleString("en")));
  }
  figure.append(element("text", { x: LEFT, y: 14, class: "title" }, title));
  figure.append(element("text", { x: WIDTH - RIGHT, y: height - 4, "text-anchor": "end" }, xLabel));
  return { x, y };
}

// The points of a curve, up to the first that is infinite or missing.
function points(xs, logarithms, { x, y }) {
  const shown = [];
  for (const [index, logarithm] of logarithms.entries()) {
    if (Number.isNaN(logarithm)) break;
    shown.push(`${x(xs[index]).toFixed(1)},${y(logarithm).toFixed(1)}`);
    if (logarithm === Infinity) break;
  }
  return shown;
}

function curve(xs, logarithms, scale, kind) {
  return element("polyline", { points: points(xs, logarithms, scale).join(" "), class: kind });
}

function band(xs, low, high, scale) {
  const outline = [...points(xs, low, scale), ...points(xs, high, scale).reverse()];
  return element("polygon", { points: outline.join(" "), class: "band" });
}

function layersChart(title, layers, signal) {
  const [median, low, high, theory] = ["median", "low", "high", "theory"].map((line) => decode(signal[line]));
  const [start, end] = [0, median.length - 1];
  const described = `${title}: ${rounded(median[start])} at layer ${layers[start]}, ${rounded(median[end])} at layer `
    + `${layers[end]}; theory: ${rounded(theory[start])} and ${rounded(theory[end])}.`;
  const figure = drawing(170, described);
  const scale = ground(figure, title, "layer", [layers[0], layers.at(-1)], [...low, ...high, ...theory], 170);
  figure.append(band(layers, low, high, scale), curve(layers, median, scale, "measured"));
  figure.append(curve(layers, theory, scale, "theory"));
  if (layers.length === 1) figure.append(element("circle", { cx: scale.x(1), cy: scale.y(median[0]), r: 3, class: "dot" }));
  return figure;
}

function lossChart(choice, cell) {
  const tuned = choice.rate === TUNED;
  const traces = (tuned ? cell.losses ?? [] : cell.rates[choice.rate]).map(decode);
  const title = tuned ? `Loss at the tuned rate, ${cell.best_learning_rate}` : `Loss of the tuning seeds at rate ${data.rates[choice.rate]}`;
  const levels = [Math.log10(data.entropy), Math.log10(data.trains)];
  const ends = traces.map((trace) => rounded(trace.at(-1)));
  const figure = drawing(190, `${title}: one line for each of ${traces.length} seeds, ending at ${ends.join(", ")} nat.`);
  const seen = traces.flat().filter((value) => value < levels[0] + 2);
  const scale = ground(figure, `${title} (nat)`, "step", [0, data.steps.at(-1)], [...seen, ...levels], 190);
  for (const [index, level] of levels.entries()) {
    const [y, kind] = [scale.y(level), index ? "level goal" : "level"];
    figure.append(element("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y, y2: y, class: kind }));
  }
  for (const trace of traces) figure.append(curve(data.steps, trace, scale, "loss"));
  return figure;
}

// Blue for what has shrunk, orange for what has grown, in four decades each way.
function shade(change) {
  const share = Math.min(Math.abs(change) / 4, 1);
  const target = change < 0 ? [33, 84, 158] : [191, 74, 29];
  return `rgb(${[236, 238, 240].map((ground, at) => Math.round(ground + share * (target[at] - ground))).join(",")})`;
}

function strip(figure, changes, y) {
  const step = (WIDTH - LEFT - RIGHT) / changes.length;
  for (const [index, change] of changes.entries()) {
    const [x, width] = [LEFT + index * step, Math.max(step - Math.min(3, step / 4), 1)];
    figure.append(element("rect", { x, y, width, height: 20, rx: Math.min(3, width / 3), fill: shade(change || 0), class: "layer" }));
    if (Number.isFinite(change) || step < 9) continue;
    const mark = Number.isNaN(change) ? "–" : change < 0 ? "0" : "∞";
    figure.append(element("text", { x: x + width / 2, y: y + 14, "text-anchor": "middle", fill: "#111" }, mark));
  }
}

function networkDrawing(choice, layers, cell) {
  const down = decode(cell.forward?.median), back = decode(cell.backward?.median);
  const relative = down.map((value) => value - down[0]);
  const figure = drawing(84, `${choice.depth} hidden layers. From layer 1 to the last, q changes by a factor of `
    + `${rounded(relative.at(-1) ?? NaN)}; on the way back δ² changes by a factor of ${rounded(back[0] ?? NaN)}.`);
  figure.append(element("text", { x: LEFT, y: 12, class: "title" }, "signal →"));
  strip(figure, relative, 18);
  strip(figure, back, 44);
  figure.append(element("text", { x: WIDTH - RIGHT, y: 78, "text-anchor": "end", class: "title" }, "← gradient"));
  figure.append(element("text", { x: LEFT, y: 78 }, `layers 1 to ${layers.at(-1)}`));
  return figure;
}

// --- a panel ---

function badge(verdict) {
  const made = document.createElement("span");
  made.className = `badge verdict-${verdict}`;
  made.append(verdict);
  return made;
}

function fact(list, name, text) {
  const row = document.createElement("div");
  for (const [kind, content] of [["dt", name], ["dd", text]]) {
    const part = document.createElement(kind);
    part.append(content);
    row.append(part);
  }
  list.append(row);
}

// What became of the seeds that did not train.
function others(cell) {
  const fates = { learning: "learning", falling: "falling", on_plateau: "on the plateau", above_plateau: "above it", diverged_seeds: "diverged", dead_at_birth: "dead at birth" };
  return Object.entries(fates).filter(([name]) => cell[name]).map(([name, words]) => `${cell[name]} ${words}`).join(", ") || "–";
}

function facts(list, cell) {
  list.replaceChildren();
  fact(list, "Seeds that train", `${cell.successes} of ${cell.seeds} (${cell.success_rate_low} to ${cell.success_rate_high} at 95 %)`);
  fact(list, "The other seeds", others(cell));
  fact(list, "Tail loss", `${cell.tail_loss} nat, the median over seeds; a constant prediction costs at least ${cell.reference_loss}`);
  fact(list, "Leaves its plateau", cell.escape_step === "–" ? "not within this run" : `at step ${cell.escape_step}`);
  fact(list, "Tuned rate", `${cell.best_learning_rate}${cell.edge_of_grid ? ", at the edge of the grid" : ""}`);
  fact(list, "D, δ of layer 1 over layer L", `${cell.delta_ratio} (${cell.delta_ratio_low} to ${cell.delta_ratio_high})`);
  fact(list, "q of layer L over layer 1", cell.forward_ratio);
  fact(list, "Variance over inputs over q, layer L", `${cell.variance_share}${cell.forward_verdict ? `, ${cell.forward_verdict}` : ""}`);
  if (cell.dead_units !== "–") fact(list, "Dead units, layer L", cell.dead_units);
}

// As sentences name a cell: the activation and the init, and of other axes what does not go without saying.
function nameOf(choice) {
  const others = data.order.filter((axis) => data.unsaid[axis] !== null && choice[axis] !== data.unsaid[axis]);
  const names = ["activation", "init", ...others].map((axis) => choice[axis]);
  return `${names.join(", ")}, depth ${choice.depth}`.replaceAll("_", " ");
}

function show(panel, choice) {
  const cell = cellOf(choice), layers = data.layers[choice.depth];
  panel.querySelector("h3").textContent = nameOf(choice);
  const verdicts = panel.querySelector(".verdicts");
  verdicts.replaceChildren("Training: ", badge(cell.shade));
  if (cell.signal_verdict) verdicts.append(` Signal: ${cell.signal_verdict}${cell.signal_borderline ? ", borderline" : ""}`);
  panel.querySelector(".reason").textContent = cell.reason ?? "";
  const drawings = [networkDrawing(choice, layers, cell)];
  if (cell.forward) drawings.push(layersChart("Signal: mean of z² (q)", layers, cell.forward));
  if (cell.backward) drawings.push(layersChart("Gradient: mean of δ², layer l over layer L", layers, cell.backward));
  drawings.push(lossChart(choice, cell));
  panel.querySelector(".drawings").replaceChildren(...drawings);
  facts(panel.querySelector(".facts"), cell);
}

function fill(select, values, chosen, words = (value) => String(value).replaceAll("_", " ")) {
  select.replaceChildren(...values.map((value) => new Option(words(value), value, false, String(value) === String(chosen))));
}

function fillChoice(panel, choice) {
  const { elements } = panel.querySelector("form");
  for (const axis of data.order) if (elements[axis]) fill(elements[axis], data.points[axis], choice[axis]);
  const rates = Object.keys(cellOf(choice).rates).sort((one, other) => one - other);
  fill(elements.rate, [TUNED, ...rates], choice.rate, (value) => value === TUNED ? "tuned, evaluation seeds" : `${data.rates[value]}, tuning seeds`);
}

// Another choice of one panel. A cell that was not run, because its gradient check failed, leaves the old one.
function choose(index, panel) {
  const { elements } = panel.querySelector("form");
  // An axis of one point may have no selector.
  const names = data.order.map((axis) => elements[axis]?.value ?? choices[index][axis]);
  const choice = read([...names, elements.rate.value].join("/"));
  if (choice !== null) choices[index] = choice;
  fillChoice(panel, choices[index]);
  show(panel, choices[index]);
  say();
  keepInAddress();
}

function makePanel(index) {
  const panel = document.getElementById("explorer-panel").content.cloneNode(true).firstElementChild;
  panel.querySelector("form").addEventListener("change", () => choose(index, panel));
  panel.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  fillChoice(panel, choices[index]);
  show(panel, choices[index]);
  return panel;
}

// What to look at is said of the two cells on which the page opens.
function say() {
  const look = home.querySelector(".look");
  if (look) look.hidden = choices.map(written).join() !== data.start.join();
}

function render() {
  say();
  panels.replaceChildren(...choices.map((_, index) => makePanel(index)));
  compare.hidden = false;
  compare.textContent = choices.length > 1 ? "Show one cell" : "Compare with another cell";
}

function follow() {
  const found = choicesOfAddress();
  if (found === null) return;
  choices = found;
  render();
  address.goTo(home);
  home.querySelector(".panel h3").focus({ preventScroll: true });
}

compare.addEventListener("click", () => {
  choices = choices.length > 1 ? choices.slice(0, 1) : [choices[0], { ...choices[0] }];
  render();
  keepInAddress();
});

// What a link to a cell shows before it is followed.
tipTexts.cell = (link) => {
  const found = new Map(link.getAttribute("href").slice(1).split("&").map((field) => field.split("=")));
  const said = [...found.values()].map((text) => read(text)).filter((choice) => choice !== null).map((choice) => {
    const cell = cellOf(choice);
    const arrives = cell.delta_ratio === "–" ? "" : ` Error at layer 1 over the last one's: ${cell.delta_ratio}.`;
    const names = data.order.map((axis) => `${axis}-${choice[axis]}`).filter((id) => document.getElementById(id)).map(meaning);
    return `${nameOf(choice)}: ${cell.shade}, ${cell.successes} of ${cell.seeds} networks trained.${arrives} `
      + `${names.join(". ")}.`;
  });
  return said.join(" Against ");
};

// A link to the cell that is shown already changes no address.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a.cell");
  if (link?.getAttribute("href") === location.hash) follow();
});

let choices = data.start.map(read);
if (choices.length) render();
addEventListener("hashchange", follow);
follow();
return { ALPHABET, cells: data.cells, order: data.order, points: data.points, layers: data.layers, decode, element, drawing, power, ground, curve, band, fact, fill, nameOf };
})();
