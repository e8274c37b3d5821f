"use strict";
// Activations and their expectations, as elements/activations.py and elements/gaussian.py have them.
const expectations = (() => {
const ROOT_2PI = Math.sqrt(2 * Math.PI);
function polynomial(coefficients, x) {
  let sum = 0;
  for (let at = 0; at < coefficients.length; at += 1) sum = sum * x + coefficients[at];
  return sum;
}

// erf and its complement by the rational functions of the Cephes library (Moshier), good to 1e-15 of either.
const T = [9.60497373987051638749, 90.0260197203842689217, 2232.00534594684319226, 7003.32514112805075473, 55592.3013010394962768];
const U = [1, 33.5617141647503099647, 521.357949780152679795, 4594.32382970980127987, 22629.0000613890934246, 49267.3942608635921086];
const P = [2.46196981473530512524e-10, 0.564189564831068821977, 7.46321056442269912687, 48.6371970985681366614, 196.520832956077098242,
  526.445194995477358631, 934.528527171957607540, 1027.55188689515710272, 557.535335369399327526];
const Q = [1, 13.2281951154744992508, 86.7072140885989742329, 354.937778887819891062, 975.708501743205489753, 1823.90916687909736289,
  2246.33760818710981792, 1656.66309194161350182, 557.535340817727675546];
const erf = (x) => Math.abs(x) < 1 ? x * polynomial(T, x * x) / polynomial(U, x * x) : 1 - erfc(x);
function erfc(x) {
  const size = Math.abs(x);
  if (size < 1) return 1 - erf(x);
  if (size > 8) return x < 0 ? 2 : 0;
  const upper = Math.exp(-x * x) * polynomial(P, size) / polynomial(Q, size);
  return x < 0 ? 2 - upper : upper;
}
const below = (z) => erfc(-z * Math.SQRT1_2) / 2;
const logistic = (z) => 1 / (1 + Math.exp(-z));
// φ(z)/z of those whose slope at 0 is a half.
const share = (z, h) => z ? h / z : 0.5;

const SCALE = 1.0507009873554805, ALPHA = 1.6732632423543772;
const sides = (above, beneath) => ({ line: (above + beneath) ** 2 / 4, fold: (above - beneath) ** 2 / 4 });
// f is φ(z) and d is φ'(z), given z and φ(z). What is a straight line on either side of 0 says so.
const activations = {
  linear: { f: (z) => z, d: () => 1, folded: sides(1, 1) },
  sigmoid: { f: logistic, d: (z, h) => (1 - h) * h },
  tanh: { f: Math.tanh, d: (z, h) => 1 - h * h },
  relu: { f: (z) => Math.max(z, 0), d: (z) => Number(z > 0), folded: sides(1, 0) },
  leaky_relu: { f: (z) => Math.max(z, 0.01 * z), d: (z) => z > 0 ? 1 : 0.01, folded: sides(1, 0.01) },
  elu: { f: (z) => z > 0 ? z : Math.expm1(z), d: (z, h) => Math.min(h, 0) + 1 },
  selu: { f: (z) => SCALE * (z > 0 ? z : ALPHA * Math.expm1(z)), d: (z, h) => z > 0 ? SCALE : h + SCALE * ALPHA },
  gelu: { f: (z) => z * below(z), d: (z, h) => share(z, h) + z * Math.exp(-z * z / 2) / ROOT_2PI },
  silu: { f: (z) => z * logistic(z), d: (z, h) => share(z, h) + h * (1 - share(z, h)) },
  softplus: { f: (z) => z > 40 ? z : Math.log1p(Math.exp(z)), d: logistic },
  softsign: { f: (z) => z / (1 + Math.abs(z)), d: (z) => (1 + Math.abs(z)) ** -2 },
  erf: { f: erf, d: (z) => 2 / Math.sqrt(Math.PI) * Math.exp(-z * z) },
};

// Gauss's rule on [-1, 1], by Newton's method from the usual guess.
function legendre(count) {
  return Array.from({ length: count }, (_, at) => {
    let x = -Math.cos(Math.PI * (at + 0.75) / (count + 0.5)), slope = 0;
    for (let round = 0; round < 9; round += 1) {
      let lower = 1, value = x;
      for (let order = 2; order <= count; order += 1) {
        [lower, value] = [value, ((2 * order - 1) * x * value - (order - 1) * lower) / order];
      }
      slope = count * (x * value - lower) / (x * x - 1);
      x -= value / slope;
    }
    return [x, 2 / ((1 - x * x) * slope * slope)];
  });
}

// Panels on one side of 0: whole deviations, and distances in units of z. With 12 points on a panel whose ends have the
// ratio 4 even 1/z is integrated to 3^-24; beyond 8 deviations lies less than 1e-13 of E[z²].
const RULE = legendre(12), REACH = 8;
const DISTANCES = [0.5, 1, 2, ...Array.from({ length: 20 }, (_, power) => 4 ** (power + 1))];

// Calls for every pair ±z of the quadrature's points, in units of √q, with their weight under N(0, 1).
function overPoints(deviation, take) {
  for (let low = 0, step = 1, mark = 0; low < REACH;) {
    const next = mark < DISTANCES.length ? DISTANCES[mark] / deviation : Infinity, high = Math.min(step, next);
    if (next <= step) mark += 1;
    if (step <= next) step += 1;
    const half = (high - low) / 2;
    for (let at = 0; at < RULE.length && half > 0; at += 1) {
      const z = low + half + half * RULE[at][0];
      take(z, half * RULE[at][1] * Math.exp(-z * z / 2) / ROOT_2PI);
    }
    low = high;
  }
}

// E[φ²], E[φ'²] and E[φ φ' z]/√q, which is d E[φ²]/dq, at a variance q from 0 to ∞; at both ends the limits.
function moments(activation, q) {
  if (q === 0 || q === Infinity) return limits(activation, q);
  const { f, d } = activation, deviation = Math.sqrt(q);
  // In units of the largest |φ| no square overflows or underflows where the result does not.
  const unit = Math.max(Math.abs(f(REACH * deviation)), Math.abs(f(-REACH * deviation))) || 1;
  let square = 0, slope = 0, growth = 0;
  overPoints(deviation, (z, weight) => {
    const up = f(deviation * z), down = f(-deviation * z), rise = d(deviation * z, up), fall = d(-deviation * z, down);
    square += weight * ((up / unit) ** 2 + (down / unit) ** 2);
    slope += weight * (rise * rise + fall * fall);
    growth += weight * z * (up / deviation * rise - down / deviation * fall);
  });
  return { square: square * unit * unit, slope, growth };
}

// Var φ(√q z), about the mean, so that nothing cancels where φ is nearly constant; and E[φ z]², the part that is linear.
function spread({ f }, q) {
  const deviation = Math.sqrt(q), middle = f(0);
  let mean = 0, square = 0, linear = 0;
  overPoints(deviation, (z, weight) => {
    const up = f(deviation * z) - middle, down = f(-deviation * z) - middle;
    mean += weight * (up + down);
    square += weight * (up * up + down * down);
    linear += weight * z * (up - down);
  });
  return { variance: square - mean * mean, linear: linear * linear };
}

const mean = (function_, end, power) => (function_(-end) ** power + function_(end) ** power) / 2;
function limits({ f, d }, q) {
  const slopeAt = (end) => mean((z) => d(z, f(z)), end, 2);
  const near = slopeAt(1e-150), far = slopeAt(1e150);
  if (q === 0) return { square: f(0) ** 2, slope: near, growth: near };
  const bounded = [-1, 1].every((side) => Math.abs(f(side * 1e75) - f(side * 1e150)) <= 1e-9 * Math.abs(f(side * 1e150)));
  return { square: bounded ? mean(f, 1e150, 2) : Infinity, slope: far, growth: far };
}

return { activations, legendre, moments, spread };
})();
