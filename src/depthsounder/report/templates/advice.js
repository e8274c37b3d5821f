"use strict";
// Advice, as judging/advice.py has it: D of an init at a depth, and the first depth at which it fails by the rule.
const advice = (() => {
const DEEPEST = 200, STEP = 1.25;
const known = new Map();

// Where each depth has a branch scale of its own, a few depths are looked at.
const ladder = [1];
while (ladder.at(-1) < DEEPEST) ladder.push(Math.min(Math.max(ladder.at(-1) + 1, Math.floor(ladder.at(-1) * STEP)), DEEPEST));

// D of the first 1 to `depth` layers of a network; undefined where there is no time to look.
function ratiosOf(point, depth, inTime) {
  const { activation, architecture, gain, bias } = point;
  const key = JSON.stringify([activation, architecture, gain, bias, depth]);
  if (!known.has(key) && inTime()) {
    let logarithm = 0;
    const { growths } = architectures.layersOf({ ...point, depth });
    known.set(key, [1, ...growths.map((growth) => Math.exp((logarithm += Math.log(growth)) / 2))]);
  }
  return known.get(key);
}

// { ratio, first } of a point, first null if it fails at no depth; undefined while there is no time to look.
function of(point, fails, inTime) {
  if (!point.architecture.decay) {
    const ratios = ratiosOf(point, DEEPEST, inTime);
    return ratios && { ratio: ratios[point.depth - 1], first: ratios.findIndex(fails) + 1 || null };
  }
  const ratios = ratiosOf(point, point.depth, inTime);
  for (const depth of ladder) {
    const found = ratiosOf(point, depth, inTime)?.at(-1);
    if (!ratios || found === undefined) return undefined;
    if (fails(found)) return { ratio: ratios.at(-1), first: depth };
  }
  return { ratio: ratios.at(-1), first: null };
}

// Where every z is 0 and φ' jumps, there is no D.
function undefinedAt(activation, gain, bias) {
  const { f, d } = expectations.activations[activation], [below, above] = [-1e-150, 1e-150].map((z) => d(z, f(z)));
  return gain === 0 && bias === 0 && below !== above;
}

// Laws { name, gain, bias } with the names of those that are one, D nearest to 1 first; null while there is no time to look.
function rank(point, laws, fails, inTime) {
  const rows = new Map();
  for (const { name, gain, bias } of laws) {
    if (undefinedAt(point.activation, gain, bias)) continue;
    const key = `${gain}/${bias}`, row = rows.get(key) ?? { names: [], gain, bias };
    row.names.push(name);
    rows.set(key, row);
  }
  for (const row of rows.values()) {
    const found = of({ ...point, gain: row.gain, bias: row.bias }, fails, inTime);
    if (!found) return null;
    Object.assign(row, found, { away: Math.abs(Math.log(found.ratio)) });
  }
  return [...rows.values()].sort((one, other) => one.away === other.away ? 0 : one.away - other.away);
}

// Lists the laws of all inits, in frames of its own; false while there is no time to look.
function show(point, { inits, vanishing, exploding }, lawOf, digits) {
  const start = performance.now(), inTime = () => performance.now() < start + 3;
  const laws = Object.keys(inits).map((name) => ({ name: name.replaceAll("_", " "), ...lawOf(name) }));
  const defined = laws.filter(({ gain }) => typeof gain === "number");
  const rows = rank(point, defined, (ratio) => ratio < vanishing || ratio > exploding, inTime);
  if (rows) document.querySelector("#laboratory .lab-advice").replaceChildren(...rows.map(({ names, gain, bias, ratio, first }) => {
    const item = document.createElement("li"), since = first ? `from depth ${first} on` : `not before depth ${DEEPEST}`;
    item.textContent = `${names.join(", ")}, σw² ${digits(gain)}, σb² ${digits(bias)}: D ${digits(ratio)}, fails ${since}`;
    return item;
  }));
  return Boolean(rows);
}

return { rank, show };
})();
