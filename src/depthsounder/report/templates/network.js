"use strict";
// One network on examples of the run's probe: drawn, and measured as engine/probes.py measures those of the sweep. Rows
// are examples. Matrices are flat arrays, row by row.
const network = (() => {
const { EPSILON } = architectures;
const { activations } = expectations;
const WIDTH = 64, DEEPEST = 50;

// By Box and Muller.
function normals(count) {
  const one = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  return new Float64Array(count).map(one);
}

// The examples that laboratory.py has written: a triangle, two characters for each number.
function unpacked({ triangle, scales, ...probe }) {
  const { ALPHABET, decode } = explorer, half = ALPHABET.length ** 2 / 2 - 1, columns = Math.min(probe.labels.length, probe.inputs);
  const values = new Float64Array(probe.labels.length * columns);
  let read = 0;
  const next = () => ALPHABET.indexOf(triangle[read++]);
  decode(scales).forEach((logarithm, example) => {
    for (let at = 0; at < Math.min(example + 1, columns); at += 1) {
      values[example * columns + at] = ((ALPHABET.length * next() + next()) / half - 1) * 10 ** logarithm;
    }
  });
  return { ...probe, values, columns };
}

// Standard normals, which any point scales.
function draw({ columns, classes }) {
  const layers = Array.from({ length: DEEPEST }, (_, layer) => normals((layer ? WIDTH : columns) * WIDTH));
  return { layers, biases: normals(DEEPEST * WIDTH), readout: normals(WIDTH * classes) };
}

// Adds scale · left · right to a matrix (rows, width), with left (rows, inner) and right (inner, width).
function addProduct(into, left, right, inner, width, scale) {
  for (let start = 0, from = 0; start < into.length; start += width, from += inner) {
    // Four rows at once; of the last, those beyond count for nothing.
    for (let k = 0; k < inner; k += 4) {
      const share = (at) => at < inner ? scale * left[from + at] : 0, row = (at) => Math.min(at, inner - 1) * width;
      const a = share(k), b = share(k + 1), c = share(k + 2), d = share(k + 3);
      const rowA = k * width, rowB = row(k + 1), rowC = row(k + 2), rowD = row(k + 3);
      for (let at = 0; at < width; at += 1) {
        into[start + at] += a * right[rowA + at] + b * right[rowB + at] + c * right[rowC + at] + d * right[rowD + at];
      }
    }
  }
}

const transposed = (matrix, columns) => {
  const rows = matrix.length / columns;
  return matrix.map((_, at) => matrix[at % rows * columns + Math.floor(at / rows)]);
};

const meanSquare = (values) => values.reduce((sum, value) => sum + value * value, 0) / values.length;

// The places over which a normalization takes its moments, one list for each.
function slices(axis, examples) {
  const [count, length, step, stride] = axis === "units" ? [examples, WIDTH, WIDTH, 1] : [WIDTH, examples, 1, WIDTH];
  return Array.from({ length: count }, (_, index) => Array.from({ length }, (_, at) => index * step + at * stride));
}

const meanOf = (places, value) => places.reduce((sum, at) => sum + value(at), 0) / places.length;

// N(z), and the roots that divide it.
function normalized(z, places, centered) {
  const n = new Float64Array(z), roots = places.map((slice) => {
    const shift = centered ? meanOf(slice, (at) => z[at]) : 0, root = Math.sqrt(meanOf(slice, (at) => (z[at] - shift) ** 2) + EPSILON);
    for (const at of slice) n[at] = (z[at] - shift) / root;
    return root;
  });
  return { n, roots };
}

// Derivatives by N(z) become those by z.
function backThrough(errors, { n, roots }, places, centered) {
  places.forEach((slice, index) => {
    const shift = centered ? meanOf(slice, (at) => errors[at]) : 0, along = meanOf(slice, (at) => errors[at] * n[at]);
    for (const at of slice) errors[at] = (errors[at] - shift - n[at] * along) / roots[index];
  });
}

// The derivatives by the last activities: of softmax and cross-entropy, through a readout of variance 1/width.
function readoutErrors(h, { labels, classes }, readout) {
  const scale = WIDTH ** -0.5, logits = new Float64Array(labels.length * classes), errors = new Float64Array(h.length);
  addProduct(logits, h, readout, WIDTH, classes, scale);
  labels.forEach((label, example) => {
    const row = logits.subarray(example * classes, (example + 1) * classes), largest = Math.max(...row);
    const total = row.reduce((sum, value) => sum + Math.exp(value - largest), 0);
    row.forEach((value, at) => { row[at] = Math.exp(value - largest) / total - (at === label); });
  });
  addProduct(errors, logits, transposed(readout, classes), classes, WIDTH, scale);
  return errors;
}

// q of each layer, and δ² of each over that of the last, of a drawn network at a point.
function measure({ layers, biases, readout }, probe, { activation, architecture: { axis, centered, shortcut, decay }, gain, bias, depth }) {
  const { f, d } = activations[activation], examples = probe.labels.length, alpha = depth ** -decay;
  const places = axis === null ? [] : slices(axis, examples), weight = alpha * Math.sqrt(gain / WIDTH), passed = [];
  let h = probe.values, stream = examples * WIDTH;
  for (let layer = 0; layer < depth; layer += 1) {
    // With a shortcut a layer begins as a copy of the one below, else with as many zeros.
    const z = new Float64Array(layer && !shortcut ? stream.length : stream), spread = (layer ? alpha : 1) * Math.sqrt(bias);
    addProduct(z, h, layers[layer], layer ? WIDTH : probe.columns, WIDTH, layer ? weight : Math.sqrt(gain / probe.inputs));
    for (let at = 0; at < z.length; at += 1) z[at] += spread * biases[layer * WIDTH + at % WIDTH];
    const seen = normalized(z, places, centered);
    h = seen.n.map(f);
    passed.push({ seen, h, q: meanSquare(z) });
    stream = z;
  }
  let errors = readoutErrors(h, probe, readout), above = null;
  const deltas = [];
  for (let layer = depth - 1; layer >= 0; layer -= 1) {
    const { seen, h: activities } = passed[layer];
    if (above) {
      errors = new Float64Array(above.length);
      addProduct(errors, above, transposed(layers[layer + 1], WIDTH), WIDTH, WIDTH, weight);
    }
    for (let at = 0; at < errors.length; at += 1) errors[at] *= d(seen.n[at], activities[at]);
    backThrough(errors, seen, places, centered);
    if (above && shortcut) for (let at = 0; at < errors.length; at += 1) errors[at] += above[at];
    deltas.unshift(meanSquare(errors));
    above = errors;
  }
  return { q: passed.map(({ q }) => q), ratios: deltas.map((delta) => delta / deltas.at(-1)) };
}

return { WIDTH, DEEPEST, draw, measure, unpacked };
})();
