"use strict";
// One network on examples of the run's probe: drawn, and measured as engine/probes.py measures those of the sweep. Rows
// are examples. Matrices are flat arrays, row by row.
const network = (() => {
const { EPSILON } = architectures;
const { activations } = expectations;
const WIDTH = 64, DEEPEST = 50;

// By Box and Muller, two at a time.
function normals(count) {
  const values = new Float64Array(count);
  for (let at = 0; at < count; at += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - Math.random())), angle = 2 * Math.PI * Math.random();
    values[at] = radius * Math.cos(angle);
    values[at + 1] = radius * Math.sin(angle);
  }
  return values;
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

// Standard normals, which any point scales, as (fan_out, fan_in).
function draw({ columns, classes }) {
  const layers = Array.from({ length: DEEPEST }, (_, layer) => normals((layer ? WIDTH : columns) * WIDTH));
  return { layers, biases: normals(DEEPEST * WIDTH), readout: normals(WIDTH * classes) };
}

// Adds scale · left · right to a matrix (rows, width), with left (rows, inner) and right turned: (width, inner). Blocks of
// two rows and four columns keep their sums at hand; what a last block has beyond the matrix is left out.
function addProduct(into, left, turned, inner, width, scale) {
  const rows = into.length / width;
  for (let row = 0; row < rows; row += 2) {
    for (let at = 0; at < width; at += 4) {
      const place = (more) => Math.min(at + more, width - 1) * inner, one = place(0), two = place(1), three = place(2), four = place(3);
      const upper = row * inner, lower = Math.min(row + 1, rows - 1) * inner;
      let a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;
      for (let k = 0; k < inner; k += 1) {
        const x = left[upper + k], y = left[lower + k], p = turned[one + k], q = turned[two + k], r = turned[three + k], s = turned[four + k];
        a += x * p; b += x * q; c += x * r; d += x * s;
        e += y * p; f += y * q; g += y * r; h += y * s;
      }
      const put = (down, more, sum) => { if (row + down < rows && at + more < width) into[(row + down) * width + at + more] += scale * sum; };
      put(0, 0, a); put(0, 1, b); put(0, 2, c); put(0, 3, d);
      put(1, 0, e); put(1, 1, f); put(1, 2, g); put(1, 3, h);
    }
  }
}

function transposed(matrix, columns) {
  const rows = matrix.length / columns, turned = new Float64Array(matrix.length);
  for (let row = 0; row < rows; row += 1) for (let at = 0; at < columns; at += 1) turned[at * rows + row] = matrix[row * columns + at];
  return turned;
}

function meanSquare(values) {
  let sum = 0;
  for (let at = 0; at < values.length; at += 1) sum += values[at] * values[at];
  return sum / values.length;
}

// Calls for each slice of a matrix over which a normalization takes its moments: where it starts, its stride, its end.
function overSlices(axis, size, take) {
  if (axis === "units") for (let start = 0; start < size; start += WIDTH) take(start, 1, start + WIDTH);
  if (axis === "examples") for (let start = 0; start < WIDTH; start += 1) take(start, WIDTH, size);
}

// N(z), and the roots that divide it, by the start of their slice.
function normalized(z, axis, centered) {
  const n = new Float64Array(z), roots = new Float64Array(z.length);
  overSlices(axis, z.length, (start, stride, end) => {
    const count = Math.ceil((end - start) / stride);
    let sum = 0, square = 0;
    if (centered) for (let at = start; at < end; at += stride) sum += z[at];
    const shift = sum / count;
    for (let at = start; at < end; at += stride) square += (z[at] - shift) ** 2;
    roots[start] = Math.sqrt(square / count + EPSILON);
    for (let at = start; at < end; at += stride) n[at] = (z[at] - shift) / roots[start];
  });
  return { n, roots };
}

// Derivatives by N(z) become those by z.
function backThrough(errors, { n, roots }, axis, centered) {
  overSlices(axis, errors.length, (start, stride, end) => {
    const count = Math.ceil((end - start) / stride);
    let sum = 0, along = 0;
    for (let at = start; at < end; at += stride) {
      if (centered) sum += errors[at];
      along += errors[at] * n[at];
    }
    for (let at = start; at < end; at += stride) errors[at] = (errors[at] - (sum + n[at] * along) / count) / roots[start];
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
  addProduct(errors, logits, transposed(readout, WIDTH), classes, WIDTH, scale);
  return errors;
}

// q of each layer, and δ² of each over that of the last, of a drawn network at a point.
function measure({ layers, biases, readout }, probe, { activation, architecture: { axis, centered, shortcut, decay }, gain, bias, depth }) {
  const { f, d } = activations[activation], examples = probe.labels.length, alpha = depth ** -decay;
  const weight = alpha * Math.sqrt(gain / WIDTH), passed = [];
  let h = probe.values, stream = examples * WIDTH;
  for (let layer = 0; layer < depth; layer += 1) {
    // With a shortcut a layer begins as a copy of the one below, else with as many zeros.
    const z = new Float64Array(layer && !shortcut ? stream.length : stream), spread = (layer ? alpha : 1) * Math.sqrt(bias);
    addProduct(z, h, layers[layer], layer ? WIDTH : probe.columns, WIDTH, layer ? weight : Math.sqrt(gain / probe.inputs));
    for (let at = 0; at < z.length; at += 1) z[at] += spread * biases[layer * WIDTH + at % WIDTH];
    const seen = normalized(z, axis, centered);
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
    backThrough(errors, seen, axis, centered);
    if (above && shortcut) for (let at = 0; at < errors.length; at += 1) errors[at] += above[at];
    deltas.unshift(meanSquare(errors));
    above = errors;
  }
  return { q: passed.map(({ q }) => q), ratios: deltas.map((delta) => delta / deltas.at(-1)) };
}

return { WIDTH, DEEPEST, draw, measure, unpacked };
})();
