"use strict";
// E[φ(u) φ(v)] of two pre-activations of one variance, as theory/correlation_map.py has it: its fall from c = 1 and its
// slope, both by 1 - c.
const correlations = (() => {
const { legendre, moments } = expectations;
const ORDERS = 192, ROUNDING = 1e-13;
const STEPS = [0, ...Array.from({ length: 11 }, (_, power) => 2 ** (power - 12)), ...Array.from({ length: 24 }, (_, at) => (at + 1) / 2)];
const RULE = legendre(12);

function bisected(f, low, high) {
  const rises = f(high) > 0;
  for (let round = 0; round < 60; round += 1) {
    const middle = (low + high) / 2;
    if (f(middle) > 0 === rises) high = middle; else low = middle;
  }
  return (low + high) / 2;
}

// Coefficients of φ(√q z) in normalized Hermite polynomials, which are bounded with exp(-z²/4) as factor.
function hermite({ f }, q) {
  const deviation = Math.sqrt(q), coefficients = new Float64Array(ORDERS);
  for (let panel = 1; panel < STEPS.length; panel += 1) {
    const half = (STEPS[panel] - STEPS[panel - 1]) / 2, middle = STEPS[panel] - half;
    for (const [x, share] of RULE) {
      const z = middle + half * x, root = Math.exp(-z * z / 4), weight = half * share * root / Math.sqrt(2 * Math.PI);
      const up = f(deviation * z), down = f(-deviation * z);
      const even = weight * (up + down), odd = weight * (up - down);
      for (let order = 0, lower = 0, value = root; order < ORDERS; order += 1) {
        coefficients[order] += (order % 2 ? odd : even) * value;
        [lower, value] = [value, (z * value - Math.sqrt(order) * lower) / Math.sqrt(order + 1)];
      }
    }
  }
  return coefficients;
}

// Gauss's rule with six points on [0, 1] for the weight x^power, its shares of the whole.
function powerRule(power) {
  const count = 6, coefficients = [];
  for (let k = 0, binomial = 1; k <= count; k += 1) {
    let product = binomial;
    for (let at = 1; at <= count; at += 1) product *= (power + k + at) / (power + count + at);
    coefficients.unshift(product);
    binomial *= -(count - k) / (k + 1);
  }
  const value = (x) => coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
  const nodes = [];
  for (let at = 1, left = 0; at <= 1000; at += 1) {
    const right = at / 1000;
    if (value(left) * value(right) < 0) nodes.push(bisected(value, left, right));
    left = right;
  }
  return nodes.map((node) => {
    // Lagrange's polynomial of the node, integrated by its moments.
    let lagrange = [1];
    for (const other of nodes.filter((one) => one !== node)) {
      lagrange = [...lagrange, 0].map((own, at) => ((at ? lagrange[at - 1] : 0) - other * (lagrange[at] ?? 0)) / (node - other));
    }
    return [node, lagrange.reduce((sum, own, at) => sum + own * (power + 1) / (power + 1 + at), 0)];
  });
}

// A power law for the squares of the coefficients beyond: of the mass and the mean order that E[φ²] and E[φ'²] demand.
function remainder(squares, q, { square, slope }) {
  const kept = squares.reduce((sum, own) => sum + own, 0), beyond = square - kept;
  if (beyond < ROUNDING * square) return [];
  const orders = q * slope - squares.reduce((sum, own, order) => sum + own * order, 0);
  const ratio = Math.max(orders / beyond / ORDERS, 1.05), decay = (2 * ratio - 1) / (ratio - 1);
  const nodes = powerRule(2 * decay - 5), total = nodes.reduce((sum, [node, weight]) => sum + weight * node * node, 0);
  return nodes.map(([node, weight]) => [ORDERS / (node * node), beyond * weight * node * node / total]);
}

function series(activation, q) {
  const squares = hermite(activation, q).map((coefficient) => coefficient ** 2);
  const terms = [...Array.from(squares, (own, order) => [order, own]).slice(1), ...remainder(squares, q, moments(activation, q))];
  const sum = (term) => terms.reduce((total, [order, weight]) => total + weight * term(order), 0);
  return {
    drop: (apart) => sum((order) => -Math.expm1(order * Math.log1p(-apart))),
    slope: (apart) => sum((order) => order * (1 - apart) ** (order - 1)),
  };
}

// φ(z) = a z + b |z|: the arc-cosine kernel of Cho & Saul 2009. θ² j₁(θ), a spherical Bessel function, never cancels.
function arcCosine({ line, fold }, q) {
  function foldDrop(apart) {
    const nearest = Math.min(apart, 2 - apart), angle = 2 * Math.asin(Math.sqrt(nearest / 2)), square = angle * angle;
    const bessel = angle > 0.5 ? Math.sin(angle) - angle * Math.cos(angle)
      : angle * square / 3 * (1 - square / 10 * (1 - square / 28 * (1 - square / 54 * (1 - square / 88))));
    return nearest - 2 / Math.PI * bessel;
  }
  return {
    drop: (apart) => q * (line * apart + fold * foldDrop(apart)),
    slope: (apart) => q * (line + fold * 2 / Math.PI * Math.asin(1 - apart)),
  };
}

const correlationMap = (activation, q) => activation.folded ? arcCosine(activation.folded, q) : series(activation, q);
return { bisected, correlationMap };
})();
