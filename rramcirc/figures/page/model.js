// What the page holds: runs, their tiles of data, and the numbers that may be computed from them.
//
// A tile is either whole, {whole: true, axis, columns} with every point of every column, or thinned,
// {whole: false, edges, columns} with the least and greatest value between two edges. No number comes from a thinned one.

const THINNED = "thinned here: use --serve";

/** Return the arrays that a description refers to; the bytes are those of the page or of an answer of the server. */
function unpackArray(bytes, reference) {
  const kind = reference.type === "f4" ? Float32Array : Float64Array;
  return new kind(bytes.buffer, bytes.byteOffset + reference.at, reference.n);
}

function unpackTile(described, bytes) {
  const columns = new Map();
  for (const [name, parts] of described.columns) {
    const column = { unit: parts.unit };
    for (const key of ["re", "im", "low", "high"]) column[key] = parts[key] ? unpackArray(bytes, parts[key]) : null;
    columns.set(name, column);
  }
  const part = described.whole ? "axis" : "edges";
  return { whole: described.whole, [part]: unpackArray(bytes, described[part]), columns, evaluated: new Map() };
}

class Run {
  constructor(described, bytes, tables) {
    Object.assign(this, described);
    this.tables = tables;
    this.tile = described.tile ? unpackTile(described.tile, bytes) : null;
    this.spikes = described.spikes
      ? { times: unpackArray(bytes, described.spikes.times), neurons: unpackArray(bytes, described.spikes.neurons) }
      : null;
    this.spelled = new Map(this.names.map((name) => [normaliseVector(name), name]).reverse());
    this.known = new Set(this.names);
  }

  find(text) {
    if (this.known.has(text) || text === this.axisName) return text;
    const plain = normaliseVector(text);
    return plain === normaliseVector(this.axisName) ? this.axisName : (this.spelled.get(plain) ?? null);
  }

  get whole() {
    return this.tile !== null && this.tile.whole;
  }

  /** Return the scope of expressions over the whole tile. */
  scope() {
    if (!this.whole) throw new PageError(THINNED);
    const { axis, columns } = this.tile;
    return {
      axisName: this.axisName, axisUnit: this.axisUnit, axis, names: this.names, find: (text) => this.find(text),
      get: (name) => {
        if (name === this.axisName) return { re: axis, im: null, unit: this.axisUnit };
        if (!columns.has(name)) throw new PageError(`'${name}' is not loaded.`);
        return columns.get(name);
      },
    };
  }

  /** Return the scope of what lies between two places of the axis, ends interpolated, as Waveforms.between does. */
  window(from, to) {
    const whole = this.scope();
    const { tile } = this;
    if (this.remote && (from < tile.from || to > tile.to)) throw new PageError("loading");
    if (from <= this.from && to >= this.to) return whole;
    const { axis } = whole;
    const first = Math.max(from, this.from), last = Math.min(to, this.to);
    if (!(first <= last)) throw new PageError(`nothing between ${general(from, 6)} and ${general(to, 6)}.`);
    const cut = this.rising && first < last ? cutRising(axis, first, last) : cutPoints(axis, first, last);
    const made = new Map();
    return {
      ...whole, axis: cut.axis,
      get: (name) => {
        if (!made.has(name)) {
          const column = whole.get(name);
          const im = column.im === null ? null : cut.take(column.im);
          made.set(name, { re: name === this.axisName ? cut.axis : cut.take(column.re), im, unit: column.unit });
        }
        return made.get(name);
      },
    };
  }

  /** Return the column of a signal or expression. */
  column(text) {
    const name = this.find(text);
    if (this.tile === null) throw new PageError("loading");
    if (name !== null && this.tile.columns.has(name)) return this.tile.columns.get(name);
    if (this.tile.columns.has(text)) return this.tile.columns.get(text);
    if (this.remote) throw new PageError("loading");
    if (!this.tile.evaluated.has(text)) this.tile.evaluated.set(text, evaluateExpression(text, this.scope(), this.tables));
    return this.tile.evaluated.get(text);
  }

  /** Return the value of a column at a place, by interpolation; NaN outside. */
  at(text, place) {
    const column = this.column(text);
    if (!this.whole) throw new PageError(THINNED);
    const { axis } = this.tile;
    if (!this.rising || !(place >= axis[0] && place <= axis[axis.length - 1])) return NaN;
    const re = interpolate(place, axis, column.re);
    return column.im === null ? re : Math.hypot(re, interpolate(place, axis, column.im));
  }
}

function cutRising(axis, first, last) {
  const start = search(axis, first, true), stop = Math.max(start, search(axis, last));
  const filled = (inner, ends) => {
    const out = new Float64Array(stop - start + 2);
    out.set(inner, 1);
    [out[0], out[out.length - 1]] = ends;
    return out;
  };
  return {
    axis: filled(axis.subarray(start, stop), [first, last]),
    take: (v) => filled(v.subarray(start, stop), [interpolate(first, axis, v), interpolate(last, axis, v)]),
  };
}

function cutPoints(axis, first, last) {
  const inside = (_, k) => axis[k] >= first && axis[k] <= last;
  return { axis: axis.filter(inside), take: (v) => v.filter(inside) };
}

/** Return kind, row and column of a signal's name: v(be[1,3]) is v(be), 1, 3; v(bl2) is v(bl), 2. */
function parseName(name) {
  const cell = /^(.*?)\[(\d+),(\d+)\](.*)$/s.exec(name);
  if (cell) return { kind: cell[1] + cell[4], row: Number(cell[2]), column: Number(cell[3]) };
  const line = /^(.*?[^\d])(\d+)(\)?)$/s.exec(name);
  return line ? { kind: line[1] + line[3], row: Number(line[2]), column: null } : { kind: name, row: null, column: null };
}

/** Return whether a text fits a filter: a glob pattern, or a regular expression between slashes or by choice. */
function nameFilter(text, regular) {
  if (!text.trim()) return () => true;
  if (regular) {
    const expression = new RegExp(text, "i");
    return (name) => expression.test(name);
  }
  const glob = globRegex(/[*?]/.test(text) ? text : `*${text}*`);
  return (name) => glob.test(name.replace(/\s+/g, "").toLowerCase());
}

/** Return the spectrum of a waveform: amplitudes against frequency, resampled in equal steps, Hann window. */
function spectrum(v, t) {
  checkRising(t);
  const span = t[t.length - 1] - t[0];
  if (!(span > 0) || t.length < 4) throw new PageError("a spectrum needs at least 4 points.");
  const n = 2 ** Math.min(17, Math.max(8, Math.ceil(Math.log2(t.length))));
  const re = new Float64Array(n), im = new Float64Array(n);
  for (let k = 0, j = 0; k < n; k++) {
    const x = t[0] + (span * k) / n;
    while (j + 2 < t.length && t[j + 1] <= x) j++;
    const width = t[j + 1] - t[j];
    re[k] = width > 0 ? v[j] + ((v[j + 1] - v[j]) * (x - t[j])) / width : v[j + 1];
  }
  const middle = sum(n, (k) => re[k]) / n;
  for (let k = 0; k < n; k++) re[k] = (re[k] - middle) * (1 - Math.cos((2 * Math.PI * k) / n));
  transform(re, im);
  const frequency = new Float64Array(n / 2), amplitude = new Float64Array(n / 2);
  for (let k = 0; k < n / 2; k++) {
    frequency[k] = k / span;
    amplitude[k] = k ? (2 * Math.hypot(re[k], im[k])) / n : Math.abs(middle);
  }
  return [frequency, amplitude];
}

/** Fourier transform in place, length a power of two. */
function transform(re, im) {
  const n = re.length;
  for (let k = 1, j = 0; k < n; k++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (k < j) {
      [re[k], re[j]] = [re[j], re[k]];
      [im[k], im[j]] = [im[j], im[k]];
    }
  }
  for (let size = 2; size <= n; size *= 2) {
    for (let k = 0; k < size / 2; k++) {
      const c = Math.cos((-2 * Math.PI * k) / size), s = Math.sin((-2 * Math.PI * k) / size);
      for (let a = k; a < n; a += size) {
        const b = a + size / 2;
        const x = re[b] * c - im[b] * s, y = re[b] * s + im[b] * c;
        [re[b], im[b]] = [re[a] - x, im[a] - y];
        re[a] += x;
        im[a] += y;
      }
    }
  }
}
