"use strict";
// A point of the laboratory: its signal by layer, as theory/overlaps.py has it, and where it ends, as theory/limits.py.
// An architecture is normalized over an axis, "units" or "examples", or over none: null. Of examples the theory is that of
// a large batch, whose inputs are as unlike as they get.
const architectures = (() => {
const { activations, moments, spread } = expectations;
const { correlationMap, bisected } = correlations;
const { MARGINAL, depthScale, gradientScale, correlationFixedPoint, meanField } = theory;
const EPSILON = 1e-5;

// Of a point { activation, architecture, gain, bias, depth }: q, δ² over that of the layer behind, and over that of the last.
function layersOf({ activation, architecture: { axis, shortcut, decay }, gain, bias, depth }) {
  const record = activations[activation], share = depth ** (-2 * decay);
  const q = [], slopes = [];
  let length = gain + bias, variance = gain, seen = null, found = null;
  for (let layer = 0; layer < depth; layer += 1) {
    const divided = axis === "examples" ? variance : length;
    const sees = axis === null ? length : 1 / (1 + EPSILON / divided);
    if (sees !== seen) [seen, found] = [sees, { ...moments(record, sees), ...(axis === "examples" ? spread(record, sees) : {}) }];
    q.push(length);
    slopes.push(axis === null ? found.slope : found.slope / (divided + EPSILON));
    const branch = share * (gain * found.square + bias);
    length = shortcut ? length + branch : branch;
    variance = gain * found.variance;
  }
  const growths = slopes.slice(0, -1).map((slope) => Number(shortcut) + share * gain * slope), errors = [slopes.at(-1)];
  for (const growth of growths.toReversed()) errors.unshift(errors[0] * growth);
  return { q, growths, ratios: errors.map((error) => error / errors.at(-1)) };
}

// The fixed point of a bounded, rising map that iteration from the start approaches.
function settled(image, start) {
  const growth = (logarithm) => image(Math.exp(logarithm)) / Math.exp(logarithm) - 1;
  let here = Math.log(start);
  const direction = growth(here), step = direction > 0 ? 0.5 : -0.5;
  if (Math.abs(direction) <= MARGINAL) return start;
  while (growth(here + step) * direction > 0) {
    here += step;
    if (here + step < Math.log(1e-300)) return 0;
  }
  return Math.exp(bisected(growth, here, here + step));
}

const limit = (q, chi, note = "", more = {}) => ({
  q, chi, xiGrad: chi === null ? null : gradientScale(chi), chiQ: null, xiQ: null, c: null, chiC: null, xiC: null, note, ...more,
});
const nothing = (chi) => limit(0, chi, "q → 0, where no correlation is defined");
const EVERY = "every c is a fixed point";

// φ sees q/(q + ε), and errors meet 1/(q + ε).
function unitLimit(record, gain, bias, start) {
  if (gain === 0 && bias === 0) return nothing(0);
  const q = settled((length) => gain * moments(record, length / (length + EPSILON)).square + bias, start);
  if (q === 0) return nothing(gain * moments(record, 0).slope / EPSILON);
  const seen = q / (q + EPSILON), { slope, growth } = moments(record, seen), chi = gain * slope / (q + EPSILON);
  const [c, chiC] = correlationFixedPoint(correlationMap(record, seen), gain / q, chi);
  const chiQ = gain * growth * EPSILON / (q + EPSILON) ** 2;
  return limit(q, chi, c === null ? EVERY : "", { chiQ, xiQ: depthScale(chiQ), c, chiC, xiC: depthScale(chiC) });
}

// The variance over the batch follows v' = σw² Var φ, and the correlation about the batch's mean has the fixed point 0.
function batchLimit(record, gain, bias, start) {
  if (gain === 0) return nothing(0);
  const variance = settled((v) => gain * spread(record, v / (v + EPSILON)).variance, start - bias);
  if (variance === 0) return nothing(gain * moments(record, 0).slope / EPSILON);
  const seen = variance / (variance + EPSILON), { square, slope } = moments(record, seen), step = 1e-4;
  const [less, more] = [-step, step].map((side) => spread(record, seen * Math.exp(side)).variance);
  const chiQ = (more - less) / (2 * step) * gain / variance * EPSILON / (variance + EPSILON);
  const chiC = spread(record, seen).linear * gain / variance, every = Math.abs(chiC - 1) <= 1e-9;
  return limit(gain * square + bias, gain * slope / (variance + EPSILON), every ? EVERY : "", {
    chiQ, xiQ: depthScale(chiQ), c: every ? null : 0, chiC, xiC: every ? Infinity : depthScale(chiC),
  });
}

// As Python's .3g.
function threeDigits(value) {
  const [mantissa, exponent] = value.toExponential(2).split("e").map(Number);
  if (exponent >= -4 && exponent < 3) return String(Number(value.toPrecision(3)));
  return `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

// With a shortcut q can only grow.
function shortcutLimit(record, { axis, decay }, gain, bias, start) {
  const { square, slope } = moments(record, 1), added = gain * square + bias;
  if (start === 0 && added === 0) return nothing(1);
  if (added === 0) return limit(start, 1, "every q is a fixed point");
  if (decay) return limit(null, null, `no depth scale: the branch's α = L^-${decay} falls with the depth L`);
  if (axis !== null) {
    const power = `no depth scale: errors grow as a power of the depth, with exponent ${threeDigits(gain * slope / added)}`;
    return limit(Infinity, 1, `q grows without bound; ${power}`, { xiGrad: null });
  }
  const chi = 1 + gain * moments(record, Infinity).slope;
  return limit(Infinity, chi, `q grows without bound${chi === 1 ? "; errors grow more slowly than exponentially" : ""}`);
}

function limitOf({ activation, architecture, gain, bias }) {
  const record = activations[activation], start = gain + bias;
  if (architecture.shortcut) return shortcutLimit(record, architecture, gain, bias, start);
  if (architecture.axis === null) return meanField(activation, gain, bias, start);
  return (architecture.axis === "units" ? unitLimit : batchLimit)(record, gain, bias, start);
}

return { EPSILON, layersOf, limitOf };
})();
