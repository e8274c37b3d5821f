"use strict";
// One network on examples of the run's probe, drawn, and measured as engine/probes.py measures those of the sweep. Rows are
// examples; matrices are flat arrays.
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

// The examples that laboratory.py has written: a triangle, two numbers in three characters.
function unpacked({ triangle, scales, ...probe }) {
  const { ALPHABET, decode } = explorer, columns = Math.min(probe.labels.length, probe.inputs), numbers = [];
  for (let at = 0; at < triangle.length; at += 3) {
    const pair = [...triangle.slice(at, at + 3)].reduce((sum, letter) => 64 * sum + ALPHABET.indexOf(letter), 0);
    numbers.push(pair >> 9, pair & 511);
  }
  const values = new Float64Array(probe.labels.length * columns);
  decode(scales).forEach((logarithm, example) => {
    const row = numbers.splice(0, Math.min(example + 1, columns));
    values.set(row.map((number) => (number / 255 - 1) * 10 ** logarithm), example * columns);
  });
  return { ...probe, values, columns, outputs: 4 * Math.ceil(probe.classes / 4) };
}

// Standard normals, which any point scales, as (fan_out, fan_in).
function draw({ columns, outputs }) {
  const layers = Array.from({ length: DEEPEST }, (_, layer) => normals((layer ? WIDTH : columns) * WIDTH));
  return { layers, biases: normals(DEEPEST * WIDTH), readout: normals(WIDTH * outputs) };
}

// Adds scale · left · right to a matrix (rows, width), with left (rows, inner), right turned, (width, inner), and a width of
// a multiple of 4. Blocks of two rows and four columns keep their sums at hand; what lies beyond an array is ignored.
function addProduct(into, left, turned, inner, width, scale) {
  for (let row = 0; row * width < into.length; row += 2) {
    for (let at = 0; at < width; at += 4) {
      const upper = row * inner, lower = upper + inner, one = at * inner, two = one + inner, three = two + inner, four = three + inner;
      let a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;
      for (let k = 0; k < inner; k += 1) {
        const x = left[upper + k], y = left[lower + k];
        const p = turned[one + k], q = turned[two + k], r = turned[three + k], s = turned[four + k];
        a += x * p; b += x * q; c += x * r; d += x * s;
        e += y * p; f += y * q; g += y * r; h += y * s;
      }
      const here = row * width + at, below = here + width;
      into[here] += scale * a; into[here + 1] += scale * b; into[here + 2] += scale * c; into[here + 3] += scale * d;
      into[below] += scale * e; into[below + 1] += scale * f; into[below + 2] += scale * g; into[below + 3] += scale * h;
    }
  }
}

function transposed(matrix, columns) {
  const rows = matrix.length / columns, turned = new Float64Array(matrix.length);
  for (let row = 0; row < rows; row += 1) for (let at = 0; at < columns; at += 1) turned[at * rows + row] = matrix[row * columns + at];
  return turned;
}

const meanSquare = (values) => values.reduce((sum, value) => sum + value * value, 0) / values.length;

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

// The derivatives of the cross-entropy by the last activities, through a readout of variance 1/width.
function readoutErrors(h, { labels, classes, outputs }, readout) {
  const scale = WIDTH ** -0.5, logits = new Float64Array(labels.length * outputs), errors = new Float64Array(h.length);
  addProduct(logits, h, readout, WIDTH, outputs, scale);
  labels.forEach((label, example) => {
    const start = example * outputs, row = logits.subarray(start, start + classes), largest = Math.max(...row);
    const total = row.reduce((sum, value) => sum + Math.exp(value - largest), 0);
    row.forEach((value, at) => { row[at] = Math.exp(value - largest) / total - (at === label); });
    logits.fill(0, start + classes, start + outputs);
  });
  addProduct(errors, logits, transposed(readout, WIDTH), outputs, WIDTH, scale);
  return errors;
}

// q of each layer, and δ² of each over that of the last, of a drawn network at a point.
function measure({ layers, biases, readout }, probe, { activation, architecture, gain, bias, depth }) {
  const { axis, centered, shortcut, decay } = architecture;
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
