"use strict";
// Plain mean-field theory, as theory/meanfield.py has it. What is degenerate is null, and named in the note.
const theory = (() => {
const { activations, moments } = expectations;
const { bisected, correlationMap } = correlations;
const MARGINAL = 1e-11;
const GRID = Array.from({ length: 641 }, (_, at) => 10 ** ((at - 320) / 8));

// Expectations on the grid, filled in as they are asked for, or while there is time.
const tables = Object.fromEntries(Object.keys(activations).map((name) => [name, { filled: 0, rows: [] }]));
const onGrid = (name, at) => (tables[name].rows[at] ??= moments(activations[name], GRID[at]));
function fill(name, inTime) {
  const table = tables[name];
  while (table.filled < GRID.length && inTime()) onGrid(name, table.filled++);
  return table.filled === GRID.length;
}

const growthAt = (name, at, gain, bias) => (gain * onGrid(name, at).square + bias) / GRID[at] - 1;

// The fixed point of q' = σw² E[φ²] + σb² that iteration approaches: the first change of sign on its way.
function fixedPoint(name, gain, bias, start) {
  if (gain === 0) return bias;
  const growth = (q) => (gain * moments(activations[name], q).square + bias) / q - 1;
  const direction = growth(start);
  if (Math.abs(direction) <= MARGINAL) return start;
  const way = Math.sign(direction);
  let at = way > 0 ? GRID.findIndex((q) => q > start) : GRID.findLastIndex((q) => q < start);
  while (at >= 0 && at < GRID.length && growthAt(name, at, gain, bias) * way >= -MARGINAL) at += way;
  if (at < 0 || at >= GRID.length) return way > 0 ? Infinity : 0;
  const before = GRID[at - way], near = before === undefined || (before - start) * way < 0 ? start : before;
  return Math.exp(bisected((logarithm) => growth(Math.exp(logarithm)), ...[near, GRID[at]].map(Math.log)));
}

function attractors(name, gain, bias) {
  const growths = GRID.map((_, at) => growthAt(name, at, gain, bias));
  const rises = growths.filter((growth) => Math.abs(growth) > MARGINAL).map((growth) => growth > 0);
  if (!rises.length) return [];
  const inner = rises.filter((rise, at) => rise && rises[at + 1] === false).length;
  const finite = inner ? ["a finite q", ...Array(inner - 1).fill("another")] : [];
  return [...(rises[0] ? [] : ["q → 0"]), ...finite, ...(rises.at(-1) ? ["q → ∞"] : [])];
}

function noteOf(name, gain, bias, cases) {
  const found = attractors(name, gain, bias);
  const decided = found.length > 1 ? `${found.join(" and ")} both attract: the start decides` : "";
  return [cases.join(", "), decided].filter(Boolean).join("; ");
}

// Layers for a factor of e: ∞ for a slope of 1, 0 for one of 0.
function depthScale(slope) {
  if (Math.abs(Math.abs(slope) - 1) <= MARGINAL) return Infinity;
  return slope ? -1 / Math.log(Math.abs(slope)) : 0;
}

// Layers for a factor of e in errors: negative where they vanish.
function gradientScale(chi) {
  const scale = depthScale(chi);
  return scale === Infinity ? scale : 0 - scale;
}

// c* and the slope of the correlation map there; c* is null if every c is fixed. (1 - C(c))/(1 - c) falls from χ1 at c = 1.
// The share is σw²/q*.
function correlationFixedPoint(products, share, chi) {
  if (Math.abs(chi - 1) <= MARGINAL && Math.abs(share * products.slope(1) - 1) <= MARGINAL) return [null, chi];
  const excess = (apart) => share * products.drop(apart) / apart - 1;
  if (chi <= 1 + MARGINAL || excess(1e-12) <= 0) return [1, chi];
  if (excess(1) >= -MARGINAL) return [0, share * products.slope(1)];
  const apart = Math.exp(bisected((logarithm) => excess(Math.exp(logarithm)), Math.log(1e-12), 0));
  return [1 - apart, share * products.slope(apart)];
}

function meanField(name, gain, bias, start) {
  const q = fixedPoint(name, gain, bias, start), { slope, growth } = moments(activations[name], q);
  const chi = gain * slope;
  const limit = { q, chi, xiGrad: gradientScale(chi), chiQ: null, xiQ: null, c: null, chiC: null, xiC: null };
  const noted = (cases) => ({ ...limit, note: noteOf(name, gain, bias, cases) });
  if (q === Infinity) return noted(["q grows without bound"]);
  limit.chiQ = gain && gain * growth;
  limit.xiQ = depthScale(limit.chiQ);
  if (q === 0) return noted(["q → 0, where no correlation is defined"]);
  [limit.c, limit.chiC] = correlationFixedPoint(correlationMap(activations[name], q), gain / q, chi);
  limit.xiC = depthScale(limit.chiC);
  return noted([
    ...(Math.abs(limit.chiQ - 1) <= MARGINAL ? ["every q is a fixed point"] : []),
    ...(limit.c === null ? ["every c is a fixed point"] : []),
  ]);
}

return { MARGINAL, GRID, onGrid, fill, depthScale, gradientScale, correlationFixedPoint, meanField };
})();
