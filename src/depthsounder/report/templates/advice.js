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

// D at the point's depth; undefined while there is no time to look.
const ratioAt = (point, inTime) => ratiosOf(point, point.architecture.decay ? point.depth : DEEPEST, inTime)?.[point.depth - 1];

// { ratio, first } of a point, first null if it fails at no depth; undefined while there is no time to look.
function of(point, fails, inTime) {
  const ratio = ratioAt(point, inTime);
  if (ratio === undefined) return undefined;
  if (!point.architecture.decay) return { ratio, first: ratiosOf(point, DEEPEST, inTime).findIndex(fails) + 1 || null };
  for (const depth of ladder) {
    const found = ratioAt({ ...point, depth }, inTime);
    if (found === undefined) return undefined;
    if (fails(found)) return { ratio, first: depth };
  }
  return { ratio, first: null };
}

// Of architectures by their names those in which a law does not fail; undefined while there is no time to look.
function curesOf(point, { gain, bias }, others, fails, inTime) {
  const names = [];
  for (const [name, architecture] of Object.entries(others)) {
    const ratio = ratioAt({ ...point, gain, bias, architecture }, inTime);
    if (ratio === undefined) return undefined;
    if (!fails(ratio)) names.push(name);
  }
  return names;
}

// Where every z is 0 and φ' jumps, there is no D: why in words, null elsewhere.
function kinkAt(activation, { gain, bias }) {
  const { f, d } = expectations.activations[activation], [below, above] = [-1e-150, 1e-150].map((z) => d(z, f(z)));
  return gain === 0 && bias === 0 && below !== above ? `every z is 0, where ${activation.replaceAll("_", " ")} has no derivative` : null;
}

// Laws { name, gain, bias } with the names of those that are one, D nearest to 1 first; null while there is no time to look.
function rank(point, laws, fails, inTime) {
  const rows = new Map();
  for (const { name, gain, bias } of laws) {
    if (kinkAt(point.activation, { gain, bias })) continue;
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

function sentence({ names, gain, bias, ratio, first }, cures, digits) {
  const since = first ? `fails from depth ${first} on` : `does not fail up to depth ${DEEPEST}`;
  const cured = !cures ? "" : cures.length ? `; would not fail at this depth with ${cures.join(", ")}` : "; would fail at this depth with every architecture";
  return `${names.join(", ")}, σw² ${digits(gain)}, σb² ${digits(bias)}: D ${digits(ratio)}, ${since}${cured}`;
}

// Lists the laws of all inits in frames of its own, their rank before their cures; false while there is no time to look.
function show(point, others, { inits, bounds: [least, most] }, lawOf, digits) {
  const start = performance.now(), inTime = () => performance.now() < start + 3, fails = (ratio) => ratio < least || ratio > most;
  const laws = Object.keys(inits).map((name) => ({ name: name.replaceAll("_", " "), ...lawOf(name) }));
  laws.push({ name: "this point", gain: point.gain, bias: point.bias });
  const defined = ({ gain }) => typeof gain === "number", rows = rank(point, laws.filter(defined), fails, inTime);
  if (!rows) return false;
  const failing = rows.filter(({ ratio }) => fails(ratio)), cures = new Map(failing.map((row) => [row, curesOf(point, row, others, fails, inTime)]));
  const lines = rows.map((row) => sentence(row, cures.get(row), digits));
  const reason = (law) => defined(law) ? kinkAt(point.activation, law) : law.gain, absent = laws.filter(reason);
  lines.push(...absent.map((law) => `${law.name} is left out: ${reason(law)}`));
  const list = document.querySelector("#laboratory .lab-advice");
  lines.forEach((line, at) => {
    const item = list.children[at] ?? list.appendChild(document.createElement("li"));
    if (item.textContent !== line) item.textContent = line;
  });
  while (list.children.length > lines.length) list.lastChild.remove();
  return [...cures.values()].every(Boolean);
}

return { rank, curesOf, show, kinkAt };
})();
