"use strict";
// The plane of σw² and σb²: χ1, the critical line, and the point in it. For plain layers χ1 is interpolated in the tables
// of theory.js, which a screen cannot tell from the exact one.
const plane = (() => {
const { GRID, onGrid, MARGINAL } = theory;
const { activations, moments, spread } = expectations;
const { element, drawing, power } = explorer;
const LEVELS = [0.1, 0.5, 0.9, 1, 1.1, 2, 10];
const COLORS = ["#3c5a99", "#7c93c3", "#b5c3df", "#e3e9f3", "#fbeadf", "#f2c4a4", "#de8a5b", "#bf4a1d"];
const WIDTH = 400, HEIGHT = 190, LEFT = 44, RIGHT = 392, TOP = 24, BOTTOM = 156, COLUMNS = 96, ROWS = 24;
// σw² from 10^-3 to 10^3; below σb² = 0 is room for the point.
const FIRST = LEFT + 6, LAST = RIGHT - 6, FLOOR = BOTTOM - 6;

const clamped = (share) => Math.min(Math.max(share, 0), 1);
const x = (gain) => FIRST + clamped((Math.log10(gain) + 3) / 6) * (LAST - FIRST);
const y = (share) => FLOOR - clamped(share) * (FLOOR - TOP);
const gainAt = (share) => 10 ** (6 * clamped(share) - 3);
const topOf = (bias) => [1, 4, 20, 100].find((top) => bias <= top) ?? bias;

// The variances at a place of the drawing, both as shares of its size.
const placeOf = (across, down, top) => ({
  gain: Number(gainAt((across * WIDTH - FIRST) / (LAST - FIRST)).toPrecision(3)),
  bias: Number((top * clamped((FLOOR - down * HEIGHT) / (FLOOR - TOP))).toFixed(2)),
});

// ln χ1 of plain layers at the fixed point that an input of norm 1 reaches: the first change of sign of V(q) - q.
function plainGrowth(name, gain, bias) {
  const growth = (at) => (gain * onGrid(name, at).square + bias) / GRID[at] - 1, slope = (at) => Math.log(gain * onGrid(name, at).slope);
  let at = Math.round(8 * Math.log10(gain + bias)) + 320, here = growth(at);
  if (Math.abs(here) <= MARGINAL) return slope(at);
  for (const way = Math.sign(here); ; at += way) {
    if (GRID[at + way] === undefined) return Math.log(gain * moments(activations[name], way > 0 ? Infinity : 0).slope);
    const there = growth(at + way);
    if (there * way < 0) return slope(at) + here / (here - there) * (slope(at + way) - slope(at));
    here = there;
  }
}

// ln χ1 as a function of the place; null behind a shortcut, where errors never vanish.
function growthOf(name, { axis, shortcut }) {
  if (shortcut) return null;
  if (axis === null) return (gain, bias) => plainGrowth(name, gain, bias);
  const record = activations[name], { square, slope } = moments(record, 1), { variance } = spread(record, 1);
  return (gain, bias) => Math.log(gain * slope / (axis === "units" ? gain * square + bias : gain * variance));
}

// The places where χ1 passes 1, and tiles of one color. Rows are denser towards σb² = 0, where lines leave as cusps.
let kept = {};

function surveyRow(row, { growth, top, tiles, line }) {
  const share = (row / ROWS) ** 2, low = row ? y(((row - 0.5) / ROWS) ** 2) : BOTTOM, high = y(((row + 0.5) / ROWS) ** 2);
  for (let column = 0, last = null; column <= COLUMNS; column += 1) {
    const value = growth(gainAt(column / COLUMNS), top * share), level = LEVELS.filter((one) => value >= Math.log(one) - 1e-9).length;
    if (last && last.value < -1e-9 && value >= -1e-9) {
      const part = Number.isFinite(last.value) ? last.value / (last.value - value) : 1;
      line.push([gainAt((column - 1 + part) / COLUMNS), top * share]);
    }
    // χ1 may be 1 whatever the weights.
    if (row === 0 && Math.abs(value) < 1e-9 && column % COLUMNS === 0) line.push([gainAt(column / COLUMNS), 0]);
    const until = column < COLUMNS ? x(gainAt((column + 0.5) / COLUMNS)) : RIGHT;
    if (last?.level === level) tiles.at(-1).until = until;
    else tiles.push({ from: last ? tiles.at(-1).until : LEFT, until, low, high, level });
    last = { value, level };
  }
}

// Surveys the plane around a point row by row while there is time, and tells whether it is known.
function ready({ activation, architecture, bias }, inTime) {
  const top = topOf(bias), key = [activation, Object.values(architecture), top].join();
  if (kept.key !== key) kept = { key, top, growth: growthOf(activation, architecture), row: 0, tiles: [], line: [] };
  for (; kept.growth && kept.row <= ROWS; kept.row += 1) {
    if (!inTime()) return false;
    surveyRow(kept.row, kept);
  }
  return true;
}

function ground({ growth, top, tiles, line }) {
  const group = element("g", { "shape-rendering": "crispEdges" });
  const all = growth ? tiles : [{ from: LEFT, until: RIGHT, low: BOTTOM, high: TOP, level: 4 }];
  for (const { from, until, low, high, level } of all) {
    group.append(element("rect", { x: from, y: high, width: until - from, height: low - high, fill: COLORS[level] }));
  }
  const place = { x: LEFT + 10, y: TOP + 16, style: "fill: #1c2733" };
  if (!growth) group.append(element("text", place, "no line: with a shortcut errors never vanish"));
  const places = line.map(([gain, bias]) => [x(gain), y(bias / top)]);
  if (line[0]?.[1] === 0 && line[1]?.[1] !== 0) places.unshift([places[0][0], BOTTOM]);
  const points = places.map((place) => place.map((value) => value.toFixed(1))).join(" ");
  group.append(element("polyline", { points, class: "critical", "shape-rendering": "auto" }));
  return group;
}

// The drawing of a point in the plane that is ready, with marks at what was measured.
function draw({ gain, bias }, chi, marks) {
  const { top } = kept;
  const figure = drawing(HEIGHT, `Plane of variances: σw² ${gain}, σb² ${bias}, where χ1 is ${chi}.`);
  const text = (words, x, y, anchor) => figure.append(element("text", { x, y, "text-anchor": anchor }, words));
  const title = element("text", { x: LEFT, y: 14, class: "title" }, "Phase plane: order is blue, chaos orange");
  figure.append(kept.group ??= ground(kept), title);
  for (let decade = -3; decade <= 3; decade += 1) text(power(decade), x(10 ** decade), BOTTOM + 15, "middle");
  for (const share of [0, 0.5, 1]) text(String(top * share), LEFT - 5, y(share) + 4, "end");
  text("σw²", RIGHT, HEIGHT - 4, "end");
  text("σb²", LEFT - 5, HEIGHT - 4, "end");
  for (const { gain, bias, kind } of marks) {
    figure.append(element("circle", { cx: x(gain), cy: y(bias / top), r: 4, class: `mark ${kind}` }));
  }
  const [across, down] = [x(gain), y(bias / top)];
  figure.append(element("path", { d: `M${across - 11} ${down}h22M${across} ${down - 11}v22`, class: "aim" }));
  figure.append(element("circle", { cx: across, cy: down, r: 6, class: "point" }));
  return figure;
}

return { draw, placeOf, ready, topOf, line: () => kept.line };
})();
