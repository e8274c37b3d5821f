"use strict";
// The laboratory: one point, and what theory says of it at once. The address keeps it: lab=20/plain/tanh/1.5/0.05.
(() => {
const data = JSON.parse(document.getElementById("laboratory-data").textContent);
const home = document.querySelector("#laboratory .lab"), form = home.querySelector("form"), { elements } = form;
const part = (name) => home.querySelector(`.lab-${name}`);
const { element, drawing, ground, curve, band, decode, fact, fill, power, nameOf } = explorer;

const carried = data.activations.filter((name) => Object.hasOwn(expectations.activations, name));
const own = data.activations.filter((name) => !carried.includes(name));
const words = (name) => name.replaceAll("_", " ");
const within = (value, low, high) => value >= low && value <= high;

// Bounds, and what a slider says.
const AXES = {
  depth: { title: "Depth L", low: 1, high: 200, to: (slider) => slider, from: (depth) => depth },
  gain: { title: "Weights σw²", low: 0, high: 1e6, to: (slider) => Number((10 ** slider).toPrecision(4)), from: (gain) => Math.log10(Math.max(gain, 1e-3)) },
  bias: { title: "Biases σb²", low: 0, high: 1e6, to: (slider) => Number((slider ** 2).toPrecision(4)), from: Math.sqrt },
};
const allowed = (axis, value) => within(value, AXES[axis].low, AXES[axis].high) && (axis !== "depth" || Number.isInteger(value));

const [plain] = Object.keys(data.architectures);
let state = { depth: Math.min(data.depths.at(-1) ?? 20, 200), architecture: plain, activation: carried.find((name) => name !== "linear"), gain: 1, bias: 0 };
let touched = false, warning = "", stage = 0, frame = 0, keeping = 0;

const shapes = Object.fromEntries(Object.entries(data.architectures).map(
  ([name, [axis, centered, shortcut, decay]]) => [name, { axis, centered, shortcut, decay }],
));
const point = () => ({ ...state, architecture: shapes[state.architecture] });

// The architectures beside the point's.
function others() {
  return Object.fromEntries(Object.keys(shapes).filter((name) => name !== state.architecture).map((name) => [words(name), shapes[name]]));
}

// A point from the address, or null if it names none.
function read(text = "") {
  const [depth, architecture, activation, ...variances] = text.split("/");
  const [length, gain, bias] = [depth, ...variances].map((value) => value === "" ? NaN : Number(value));
  const found = { depth: length, architecture, activation, gain, bias };
  const known = Object.hasOwn(data.architectures, architecture ?? "") && carried.includes(activation);
  return known && Object.keys(AXES).every((axis) => allowed(axis, found[axis])) ? found : null;
}

// Browsers take a hundred addresses in half a minute.
function keepLater() {
  clearTimeout(keeping);
  keeping = setTimeout(() => address.keep({ lab: Object.values(state).join("/") }), 150);
}

function change(changes) {
  state = { ...state, ...changes };
  touched = true;
  warning = "";
  measureLater();
  schedule();
}

// Says why nothing moves, beside what theory notes of the point.
function warn(text) {
  warning = text;
  schedule();
}

function follow() {
  const fields = address.read(), found = read(fields.get("lab"));
  if (fields.has("lab") && !found) warn(`The address names no point of the laboratory: lab=${String(fields.get("lab")).slice(0, 60)}.`);
  if (found) {
    change(found);
    if (!fields.has("cell")) address.goTo(home.parentElement);
  // A link to a chapter stays one.
  } else if (touched && (fields.size || !location.hash)) keepLater();
}

// As the page writes numbers.
function digits(value) {
  if (value === null || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value < 0 ? "−∞" : "∞";
  const [mantissa, decade] = value.toExponential(3).split("e");
  const shown = within(Number(decade), -3, 4) ? String(Number(value.toPrecision(4))) : `${mantissa} × ${power(Number(decade))}`;
  return shown.replace("-", "−");
}

// What stays is not said again.
function say(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

function verdictOf(ratio) {
  if (state.depth === 1 || Number.isNaN(ratio)) return "none";
  return ratio > data.exploding ? "exploding" : ratio < data.vanishing ? "vanishing" : "healthy";
}

function lawOf(init) {
  const [gain, bias] = data.inits[init];
  return { gain: gain[state.activation] ?? gain, bias };
}

const cells = Object.keys(explorer.cells).map((key) => {
  const names = key.split("/");
  return { key, ...Object.fromEntries(explorer.order.map((axis, at) => [axis, names[at]])) };
});

// Of the nearest depth, the two cells with the nearest variances; of one law two are told if they came to different ends.
function cellsNearby() {
  const alike = cells.filter(({ activation, architecture, init }) => activation === state.activation && architecture === state.architecture
    && Object.hasOwn(data.inits, init) && typeof lawOf(init).gain === "number");
  const away = (cell) => Math.abs(Math.log(cell.depth / state.depth)), least = Math.min(...alike.map(away));
  const logarithm = (gain) => Math.log(Math.max(gain, 1e-9));
  const apart = ({ gain, bias }) =>
    Math.abs(logarithm(gain) - logarithm(state.gain)) + 2 * Math.abs(Math.sqrt(bias) - Math.sqrt(state.bias));
  const ends = new Map();
  for (const cell of alike.filter((one) => away(one) === least)) {
    const law = lawOf(cell.init), end = `${law.gain}/${law.bias}/${explorer.cells[cell.key].shade}`;
    if (!ends.has(end)) ends.set(end, { ...cell, ...law });
  }
  const nearest = [...ends.values()].sort((one, other) => apart(one) - apart(other)).slice(0, 2);
  return nearest.map((cell, at) => ({ ...cell, kind: ["first", "second"][at] }));
}

function showCells(nearby) {
  const list = part("cells"), shown = nearby.map(({ key }) => key).join() || state.activation + state.architecture;
  // A link that has the focus keeps it while the point moves.
  if (list.dataset.shown === shown) return;
  list.dataset.shown = shown;
  list.replaceChildren(...nearby.map((cell) => {
    const item = document.createElement("li"), link = document.createElement("a"), found = explorer.cells[cell.key];
    item.className = cell.kind;
    link.className = "cell";
    link.href = `#cell=${cell.key}`;
    link.append(nameOf(cell));
    const interval = `${found.delta_ratio_low} to ${found.delta_ratio_high}`;
    item.append(link, `: σw² ${digits(cell.gain)}, σb² ${digits(cell.bias)}; D ${found.delta_ratio} (${interval}), ${found.shade}`);
    return item;
  }));
  if (!nearby.length) list.append(`This run has no cell of ${words(state.activation)}, ${words(state.architecture)}.`);
}

function chart(title, theory, drawn, curves) {
  const layers = theory.map((_, at) => at + 1), [predicted, live] = [theory, drawn ?? []].map((values) => values.map(Math.log10));
  const measured = curves.filter(({ lines }) => lines).map(({ kind, depth, lines }) => ({
    kind, layers: explorer.layers[depth], ...Object.fromEntries(["median", "low", "high"].map((line) => [line, decode(lines[line])])),
  }));
  const figure = drawing(190, `${title}: ${digits(theory[0])} at layer 1, ${digits(theory.at(-1))} at layer ${theory.length}.`);
  const last = Math.max(theory.length, ...measured.map((cell) => cell.layers.at(-1)));
  const values = [...predicted, ...live, ...measured.flatMap(({ low, high }) => [...low, ...high])];
  const scale = ground(figure, title, "layer", [1, last], values, 190);
  for (const cell of measured) {
    const group = element("g", { class: cell.kind });
    group.append(band(cell.layers, cell.low, cell.high, scale), curve(cell.layers, cell.median, scale, "measured"));
    figure.append(group);
  }
  figure.append(curve(layers, live, scale, "drawn"), curve(layers, predicted, scale, "theory"));
  if (layers.length === 1) figure.append(element("circle", { cx: scale.x(1), cy: scale.y(predicted[0]), r: 3, class: "dot" }));
  return figure;
}

function showControls() {
  for (const [axis, { from, to }] of Object.entries(AXES)) {
    const field = elements[axis], slider = elements[`${axis}-slider`];
    // What is being typed or dragged is left alone.
    if (field !== document.activeElement) field.value = state[axis];
    if (to(Number(slider.value)) !== state[axis]) slider.value = from(state[axis]);
    slider.setAttribute("aria-valuetext", digits(state[axis]));
  }
  elements.activation.value = state.activation;
  elements.architecture.value = state.architecture;
  for (const button of part("inits").children) {
    const { gain, bias } = lawOf(button.value);
    button.classList.toggle("none", typeof gain !== "number");
    button.setAttribute("aria-pressed", String(gain === state.gain && bias === state.bias));
  }
}

form.addEventListener("input", ({ target: { name, value } }) => {
  const axis = name.replace("-slider", "");
  if (!Object.hasOwn(AXES, axis)) return change({ [name]: value });
  const wanted = value === "" ? NaN : axis === name ? Number(value) : AXES[axis].to(Number(value));
  elements[axis].setAttribute("aria-invalid", String(!allowed(axis, wanted)));
  if (allowed(axis, wanted)) return change({ [axis]: wanted });
  const { low, high, title } = AXES[axis];
  warn(`${title}: allowed ${axis === "depth" ? "is a whole number" : "are numbers"} from ${low} to ${digits(high)}.`);
});
form.addEventListener("focusout", () => {
  for (const axis of Object.keys(AXES)) elements[axis].removeAttribute("aria-invalid");
  schedule();
});
form.addEventListener("submit", (event) => event.preventDefault());

part("inits").append(...Object.keys(data.inits).map((init) => {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "button quiet", value: init, textContent: words(init) });
  button.addEventListener("click", () => {
    const law = lawOf(init);
    if (typeof law.gain === "number") change(law);
    else warn(`${words(init)}: ${law.gain}.`);
  });
  return button;
}));

// The point is dragged through the plane, too.
const board = part("plane");
function drag({ clientX, clientY }) {
  const box = board.firstElementChild.getBoundingClientRect();
  change(plane.placeOf((clientX - box.left) / box.width, (clientY - box.top) / box.height, plane.topOf(state.bias)));
}
board.addEventListener("pointerdown", (event) => {
  board.setPointerCapture(event.pointerId);
  drag(event);
});
board.addEventListener("pointermove", (event) => { if (event.buttons & 1) drag(event); });

const probe = network.unpacked(data.probe);
let drawn = null, measured = null, waiting = 0, nearby = [], shown = {};

function measure() {
  measured = drawn && state.depth <= network.DEEPEST ? network.measure(drawn, probe, point()) : null;
  schedule();
}

// Once the hand rests, the same draw is scaled anew.
function measureLater() {
  clearTimeout(waiting);
  measured = null;
  if (drawn) waiting = setTimeout(measure, 120);
}

function showNetwork() {
  const deep = state.depth > network.DEEPEST, size = `${network.WIDTH} units wide, on ${probe.labels.length} examples of this run's probe`;
  part("draw").disabled = deep;
  say(part("draw"), drawn ? "Draw another" : "Draw a network");
  say(part("network"), deep ? `A network is drawn up to depth ${network.DEEPEST}.`
    : drawn ? `The thin line: one network, ${size}: a fresh draw, and none of the sweep's. Its D is ${measured ? digits(Math.sqrt(measured.ratios[0])) : "…"}.`
      : `See q and δ² of one network of this point, ${size}: a fresh draw, and none of the sweep's.`);
}

part("draw").addEventListener("click", () => {
  drawn = network.draw(probe);
  measure();
});

function phaseOf(chi) {
  return Number.isNaN(chi ?? NaN) ? "–" : Math.abs(chi - 1) < 1e-6 ? "critical" : chi < 1 ? "ordered" : "chaotic";
}

const LIMITS = { "χ1, growth of δ² a layer": "chi", "q*": "q", "ξ of δ²": "xiGrad", "ξ of q": "xiQ", "ξ of c": "xiC", "c*": "c" };

function schedule() {
  stage = 0;
  part("advice").setAttribute("aria-busy", "true");
  nextFrame();
}

function nextFrame() {
  frame ||= requestAnimationFrame(render);
}

function drawCurves() {
  const { q, ratios } = architectures.layersOf(point()), ratio = advice.kinkAt(state.activation, state) ? NaN : Math.sqrt(ratios[0]);
  showControls();
  showCells(nearby = cellsNearby());
  showNetwork();
  say(part("verdict"), `Theory's verdict: ${verdictOf(ratio)}`);
  const curves = (name) => nearby.map(({ key, kind, depth }) => ({ kind, depth, lines: explorer.cells[key][name] }));
  part("curves").replaceChildren(
    chart("Signal q, mean of z²; dashed: theory", q, measured?.q, curves("forward")),
    chart("Gradient δ², layer l over layer L; dashed: theory", ratios, measured?.ratios, curves("backward")),
  );
  shown = { "D, δ of layer 1 over layer L": ratio, "q of layer L over layer 1": q.at(-1) / q[0] };
  if (touched) keepLater();
  stage = 1;
}

function drawLimit() {
  const limit = architectures.limitOf(point()), list = home.querySelector(".facts");
  list.replaceChildren();
  const { activation, architecture, depth, gain, bias } = state;
  fact(list, "Point", `${words(activation)}, ${words(architecture)}, depth ${depth}, σw² ${digits(gain)}, σb² ${digits(bias)}`);
  for (const [title, value] of Object.entries(shown)) fact(list, title, digits(value));
  for (const [title, name] of Object.entries(LIMITS)) fact(list, title, digits(limit[name]));
  if (architecture === plain) fact(list, "Phase", phaseOf(limit.chi));
  const kink = advice.kinkAt(activation, state);
  say(part("note"), [warning, kink && `There is no D: ${kink}.`, limit.note].filter(Boolean).join(" "));
  board.replaceChildren(plane.draw(point(), digits(limit.chi), nearby));
  stage = 2;
}

function render() {
  frame = 0;
  const start = performance.now(), inTime = () => performance.now() < start + 8;
  if (stage === 2 && advice.show(point(), others(), data, lawOf, digits)) return part("advice").setAttribute("aria-busy", "false");
  if (!stage) drawCurves();
  if (stage === 1 && theory.fill(state.activation, inTime) && plane.ready(point(), inTime) && inTime()) drawLimit();
  nextFrame();
}

fill(elements.activation, carried, state.activation);
fill(elements.architecture, Object.keys(data.architectures), state.architecture);
if (own.length) part("left-out").textContent = `Not here, because the page cannot run its function: ${own.map(words).join(", ")}.`;
home.hidden = false;
addEventListener("hashchange", follow);
follow();
schedule();
})();
