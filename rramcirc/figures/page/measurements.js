// Measurements on arrays, as rramcirc.analysis.measurements, levels and timing define them; the same results to 1e-9.
// Values and axis are Float64Arrays; between two points a waveform is a straight line.

const RESOLUTION = { bins: 50, many: 20000, rests: 0.12, apart: 0.25, hysteresis: 0.1 };

function checkRising(axis) {
  for (let k = 1; k < axis.length; k++) {
    if (axis[k] < axis[k - 1]) throw new PageError("the axis goes back (a sweep forth and back?); this measurement needs a rising axis.");
  }
}

function real(quantity) {
  if (quantity.im !== null) throw new PageError("complex (AC analysis). Take the magnitude: abs(...).");
  return quantity.re;
}

/** Sum with the error of rounding carried along, as numpy's pairwise sums come close to. */
function sum(count, term) {
  let total = 0, lost = 0;
  for (let k = 0; k < count; k++) {
    const y = term(k) - lost;
    const next = total + y;
    lost = Number.isFinite(next) ? next - total - y : 0;
    total = next;
  }
  return total;
}

const least = (v) => (v.some(Number.isNaN) ? NaN : v.reduce((a, b) => (b < a ? b : a), Infinity));
const most = (v) => (v.some(Number.isNaN) ? NaN : v.reduce((a, b) => (b > a ? b : a), -Infinity));

function crossings(v, t, level, edge = "both") {
  if (!["both", "rise", "fall"].includes(edge)) throw new PageError(`edge '${edge}': rise, fall or both.`);
  const found = [];
  for (let k = 0; k + 1 < v.length; k++) {
    const rise = v[k] < level && v[k + 1] >= level, fall = v[k] >= level && v[k + 1] < level;
    if ((rise && edge !== "fall") || (fall && edge !== "rise")) {
      found.push(t[k] + ((level - v[k]) / (v[k + 1] - v[k])) * (t[k + 1] - t[k]));
    }
  }
  return found;
}

function integral(v, t) {
  return 0.5 * sum(v.length - 1, (k) => (v[k + 1] + v[k]) * (t[k + 1] - t[k]));
}

function mean(v, t) {
  checkRising(t);
  const last = t.length - 1;
  return t[last] > t[0] ? integral(v, t) / (t[last] - t[0]) : v[last];
}

function energy(v, i, t) {
  return sum(v.length - 1, (k) => (t[k + 1] - t[k]) * (2 * v[k] * i[k] + v[k] * i[k + 1] + v[k + 1] * i[k] + 2 * v[k + 1] * i[k + 1])) / 6;
}

function rms(v, t) {
  checkRising(t);
  const last = t.length - 1;
  return t[last] === t[0] ? Math.abs(v[last]) : Math.sqrt(Math.max(0, energy(v, v, t) / (t[last] - t[0])));
}

/** Return the first place whose value is at least (or with `after` more than) x; values rise. */
function search(values, x, after = false) {
  let low = 0, high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (after ? values[middle] <= x : values[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Interpolate at a place inside a rising axis, as numpy.interp does. */
function interpolate(x, t, v) {
  const k = Math.min(search(t, x, true) - 1, t.length - 1);
  if (k < 0) return v[0];
  if (k === t.length - 1 || t[k] === x) return v[k];
  return ((v[k + 1] - v[k]) / (t[k + 1] - t[k])) * (x - t[k]) + v[k];
}

function valueAt(v, t, at) {
  checkRising(t);
  if (!(t[0] <= at && at <= t[t.length - 1])) {
    throw new PageError(`at = ${general(at, 6)} is outside the axis, which is ${general(t[0], 6)} to ${general(t[t.length - 1], 6)}.`);
  }
  return interpolate(at, t, v);
}

function clipWindow(v, t, start, stop) {
  if (!(start <= stop)) throw new PageError(`window ${start} to ${stop}: the start must come before the stop.`);
  const ends = [valueAt(v, t, start), valueAt(v, t, stop)];
  const first = search(t, start, true), last = Math.max(first, search(t, stop));
  return [
    Float64Array.of(ends[0], ...v.subarray(first, last), ends[1]),
    Float64Array.of(start, ...t.subarray(first, last), stop),
  ];
}

function resistance(v, i, t, start, stop) {
  const current = mean(...clipWindow(i, t, start, stop));
  return current ? mean(...clipWindow(v, t, start, stop)) / current : Infinity;
}

function timeToFinal(v, t, tolerance = 0.01) {
  checkRising(t);
  if (!(tolerance > 0 && tolerance < 1)) throw new PageError(`tolerance = ${tolerance}: a fraction between 0 and 1 is needed.`);
  const distance = v.map((one) => Math.abs(one - v[v.length - 1]));
  const band = tolerance * (distance[0] || most(distance));
  const k = distance.findLastIndex((one) => one > band);
  if (k < 0) return 0;
  return t[k] + ((distance[k] - band) / (distance[k] - distance[k + 1])) * (t[k + 1] - t[k]) - t[0];
}

/** Straight pieces of a waveform: lower and upper end, and how long they last. */
class Segments {
  constructor(low, high, weight) {
    Object.assign(this, { low, high, weight });
  }

  /** Return the time spent between two values, and the mean of the waveform there. */
  within(start, stop) {
    const { low, high, weight } = this;
    const share = (k) => {
      const span = high[k] - low[k];
      if (span <= 0) return low[k] >= start && low[k] <= stop ? 1 : 0;
      return Math.max(Math.min(high[k], stop) - Math.max(low[k], start), 0) / span;
    };
    const total = sum(low.length, (k) => weight[k] * share(k));
    const moment = sum(low.length, (k) => weight[k] * share(k) * 0.5 * (Math.max(low[k], start) + Math.min(high[k], stop)));
    return [total, total > 0 ? moment / total : NaN];
  }

  /** Return the time spent in each bin; a value on an edge belongs to the bin above it. */
  histogram(edges) {
    const { low, high, weight } = this;
    const n = edges.length - 1, full = new Float64Array(n);
    const several = [];
    for (let k = 0; k < low.length; k++) {
      let first = search(edges, low[k], true) - 1;
      const last = search(edges, high[k], true) - 1;
      let one = first === last;
      if (low.length > RESOLUTION.many) {
        one = last - first <= 3;
        if (one) first = search(edges, 0.5 * (low[k] + high[k]), true) - 1;
      }
      if (!one) several.push(k);
      else if (first >= 0 && first < n) full[first] += weight[k];
    }
    const below = Array.from(edges, (edge) => sum(several.length, (j) => {
      const k = several[j], span = high[k] - low[k];
      return (weight[k] / span) * Math.min(Math.max(edge - low[k], 0), span);
    }));
    return full.map((time, k) => time + below[k + 1] - below[k]);
  }
}

const argmax = (values) => values.reduce((best, value, k) => (value > values[best] ? k : best), 0);

function spread(start, stop, count) {
  return Float64Array.from({ length: count + 1 }, (_, k) => (k === count ? stop : start + k * ((stop - start) / count)));
}

/** Return the low and the high state level of IEEE Std 181, from the histogram weighted by time. */
function stateLevels(v, t) {
  checkRising(t);
  const bottom = least(v), top = most(v);
  if (!Number.isFinite(bottom) || !Number.isFinite(top)) return [NaN, NaN];
  const low = [], high = [], steps = [];
  for (let k = 0; k + 1 < t.length; k++) {
    if (!(t[k + 1] > t[k])) continue;
    low.push((Math.min(v[k], v[k + 1]) - bottom) / (top - bottom));
    high.push((Math.max(v[k], v[k + 1]) - bottom) / (top - bottom));
    steps.push(t[k + 1] - t[k]);
  }
  if (!(top > bottom) || !steps.length || !Number.isFinite(top - bottom)) return [bottom, top];
  const whole = sum(steps.length, (k) => steps[k]);
  const segments = new Segments(low, high, steps.map((step) => step / whole));
  return halves(segments).map((part) => bottom + part * (top - bottom));
}

function halves(segments) {
  const { bins, apart } = RESOLUTION;
  const edges = spread(0, 1, 2 * bins);
  edges[2 * bins] = 1 + 2 ** -52;
  const time = segments.histogram(edges);
  const parts = [time.subarray(0, bins), time.subarray(bins)];
  const rested = parts.map((half) => rests(half, argmax(half), sum(bins, (k) => half[k])));
  const bottom = rested[0] ? levelAround(segments, edges, argmax(parts[0])) : 0;
  const top = rested[1] ? levelAround(segments, edges, bins + argmax(parts[1])) : 1;
  const near = top - bottom < apart;
  if (!near && rested[0] === rested[1]) return [bottom, top];
  const full = argmax(time);
  const second = argmax(time.map((one, k) => (Math.abs(k - full) >= apart * time.length ? one : 0)));
  if (!near && !rests(time, second, 1)) return [bottom, top];
  return [levelAround(segments, edges, Math.min(full, second)), levelAround(segments, edges, Math.max(full, second))];
}

function rests(time, bin, total) {
  const part = time.subarray(Math.max(0, bin - 1), bin + 2);
  return total > 0 && part.reduce((a, b) => a + b, 0) > RESOLUTION.rests * total;
}

function levelAround(segments, edges, bin) {
  const last = edges.length - 2;
  for (const [outermost, value, inner] of [[0, 0, 0], [last, 1, 9]]) {
    if (bin === outermost && argmax(segments.histogram(spread(edges[bin], edges[bin + 1], 10))) === inner) return value;
  }
  let half = 1.5 / (2 * RESOLUTION.bins);
  let level = 0.5 * (edges[bin] + edges[bin + 1]);
  const close = segments.low.map((_, k) => k).filter((k) => segments.high[k] > level - 8 * half && segments.low[k] < level + 8 * half);
  const part = new Segments(...[segments.low, segments.high, segments.weight].map((all) => close.map((k) => all[k])));
  for (let outer = 0; outer < 12; outer++) {
    let near = 0;
    for (let inner = 0; inner < 10; inner++) {
      const before = level;
      [near, level] = part.within(level - half, level + half);
      if (Math.abs(level - before) < 0.01 * half) break;
    }
    if (part.within(level - half / 4, level + half / 4)[0] < 0.8 * near) break;
    half /= 4;
  }
  return level;
}

/** Return [{place, rises}]: where a waveform passes the middle between two levels for good. */
function transitions(v, t, low, high) {
  checkRising(t);
  if (!(high > low)) return [];
  const middle = 0.5 * (low + high), guard = RESOLUTION.hysteresis * (high - low);
  const found = [];
  let before = -1, state = 0;
  for (let k = 0; k < v.length; k++) {
    const now = (v[k] >= middle + guard) - (v[k] <= middle - guard);
    if (!now) continue;
    if (state && now !== state) {
      const sign = now > 0 ? 1 : -1;
      let j = before;
      while (!(sign * v[j] < sign * middle && sign * v[j + 1] >= sign * middle)) j++;
      found.push({ place: t[j] + ((middle - v[j]) / (v[j + 1] - v[j])) * (t[j + 1] - t[j]), rises: now > 0 });
    }
    [before, state] = [k, now];
  }
  return found;
}

function levelsOf(v, t, base, top) {
  if (base !== undefined && top !== undefined) {
    if (!(base < top)) throw new PageError(`base = ${base}, top = ${top}: the base must lie below the top.`);
    return [base, top];
  }
  const found = stateLevels(v, t);
  return [base ?? found[0], top ?? found[1]];
}

function riseTime(v, t, low = 0.1, high = 0.9, base, top) {
  checkRising(t);
  if (!(low > 0 && low < high && high < 1)) throw new PageError(`low = ${low}, high = ${high}: fractions with 0 < low < high < 1 are needed.`);
  const [bottom, full] = levelsOf(v, t, base, top);
  if (!(full > bottom)) return NaN;
  const starts = crossings(v, t, bottom + low * (full - bottom), "rise");
  const ends = crossings(v, t, bottom + high * (full - bottom), "rise");
  const passed = transitions(v, t, bottom, full);
  const bounds = [-Infinity, ...passed.map((one) => one.place), Infinity];
  const spans = passed.length
    ? passed.flatMap((one, k) => (one.rises ? [[bounds[k], one.place, bounds[k + 2]]] : []))
    : [[-Infinity, -Infinity, Infinity]];
  for (const [first, place, last] of spans) {
    const after = ends.find((end) => end >= (high >= 0.5 ? place : first) && end <= last);
    const before = after === undefined ? undefined : starts.findLast((start) => start >= first && start <= after);
    if (before !== undefined) return after - before;
  }
  return NaN;
}

function fallTime(v, t, low = 0.1, high = 0.9, base, top) {
  const [bottom, full] = levelsOf(v, t, base, top);
  return full > bottom ? riseTime(v.map((one) => -one), t, 1 - high, 1 - low, -full, -bottom) : NaN;
}

function slewRate(v, t, low = 0.1, high = 0.9, base, top) {
  const [bottom, full] = levelsOf(v, t, base, top);
  const first = transitions(v, t, bottom, full)[0];
  if (!first) return NaN;
  const duration = (first.rises ? riseTime : fallTime)(v, t, low, high, bottom, full);
  return duration > 0 ? (((high - low) * (full - bottom)) / duration) * (first.rises ? 1 : -1) : NaN;
}

function overshoot(v, t, base, top) {
  const [bottom, full] = levelsOf(v, t, base, top);
  const passed = transitions(v, t, bottom, full);
  if (!passed.length) return NaN;
  const start = search(t, passed[0].place);
  const stop = passed.length > 1 ? search(t, passed[1].place) : v.length;
  const after = v.subarray(Math.min(start, v.length - 1), Math.max(stop, start + 1));
  const beyond = passed[0].rises ? most(after) - full : bottom - least(after);
  return Math.max(0, (100 * beyond) / (full - bottom));
}

function settlingTime(v, t, tolerance = 0.01, base, top) {
  checkRising(t);
  if (!(tolerance > 0 && tolerance < 0.5)) throw new PageError(`tolerance = ${tolerance}: a fraction of the amplitude between 0 and 0.5 is needed.`);
  const [bottom, full] = levelsOf(v, t, base, top);
  const passed = transitions(v, t, bottom, full);
  if (!passed.length) return NaN;
  let last = passed.length === 1 ? v.length : search(t, passed[1].place);
  const level = passed[0].rises ? full : bottom, band = tolerance * (full - bottom);
  const distance = v.subarray(0, last).map((one) => Math.abs(one - level));
  if (passed.length > 1) last = distance.findLastIndex((one) => one <= 0.5 * band) + 1;
  if (!last || distance[last - 1] > band) return NaN;
  const k = distance.subarray(0, last).findLastIndex((one) => one > band);
  const edge = level + (v[k] < level ? -band : band);
  const place = t[k] + ((edge - v[k]) / (v[k + 1] - v[k])) * (t[k + 1] - t[k]);
  return Math.max(0, place - passed[0].place);
}

function pulseWidth(v, t, level) {
  checkRising(t);
  let up, down;
  if (level === undefined) {
    const passed = transitions(v, t, ...stateLevels(v, t));
    up = passed.filter((one) => one.rises).map((one) => one.place);
    down = passed.filter((one) => !one.rises).map((one) => one.place);
  } else [up, down] = ["rise", "fall"].map((edge) => crossings(v, t, level, edge));
  const end = up.length ? down.find((place) => place >= up[0]) : undefined;
  return end === undefined ? NaN : end - up[0];
}

function places(v, t, edge) {
  if (!["both", "rise", "fall"].includes(edge)) throw new PageError(`edge '${edge}': rise, fall or both.`);
  return transitions(v, t, ...stateLevels(v, t)).filter((one) => edge === "both" || one.rises === (edge === "rise")).map((one) => one.place);
}

function delay(v, other, t, edge = "both", otherEdge = "both") {
  const first = places(v, t, edge)[0];
  const second = places(other, t, otherEdge).find((place) => place >= first);
  return second === undefined ? NaN : second - first;
}

function period(v, t) {
  const up = places(v, t, "rise");
  return up.length > 1 ? (up.at(-1) - up[0]) / (up.length - 1) : NaN;
}

function dutyCycle(v, t) {
  const passed = transitions(v, t, ...stateLevels(v, t));
  const up = passed.filter((one) => one.rises).map((one) => one.place);
  if (up.length < 2) return NaN;
  const down = passed.filter((one) => !one.rises && one.place > up[0] && one.place < up.at(-1)).map((one) => one.place);
  return (100 * sum(down.length, (k) => down[k] - up[k])) / (up.at(-1) - up[0]);
}

function spikeTimes(v, t, level) {
  checkRising(t);
  const bottom = least(v), top = most(v);
  if (!(top > bottom)) return [];
  const threshold = level ?? 0.5 * (bottom + top), low = threshold - 0.1 * (top - bottom);
  const found = [];
  let state = v[0] >= threshold;
  for (let k = 0; k + 1 < v.length; k++) {
    const next = v[k + 1] >= threshold ? true : v[k + 1] < low ? false : state;
    if (!state && next) found.push(t[k] + ((threshold - v[k]) / (v[k + 1] - v[k])) * (t[k + 1] - t[k]));
    state = next;
  }
  return found;
}

function interSpikeInterval(v, t, level) {
  const found = spikeTimes(v, t, level);
  return found.length > 1 ? (found.at(-1) - found[0]) / (found.length - 1) : NaN;
}
