// Measurements as users write them, the grammar of rramcirc.analysis.measure: max(i(bl*)) / 2, rise_time(v(out), 0.2).

const CALL = /(?<![\p{L}\p{N}_.#@])([A-Za-z_]\w*)\s*\(/gu;
const PATTERN = /@?[A-Za-z_][\w.#:]*(?:\([^()*?]*[*?][^()]*\)|\[[^\[\]()*?]*[*?][^\[\]()]*\])|[A-Za-z_][\w.#:]*[*?][\w.#:*?]*/g;
const INTEGRAL_UNITS = { "W*s": "J", "A*s": "C", "A*V": "W", "V*A": "W" };

const ofValues = (f) => ({ f: (q) => [[f(real(q)), q.unit]] });
const ofWaveform = (f, result, levels = []) => ({ f, result, levels });

const MEASUREMENTS = {
  crossing: { special: measureCrossing },
  min: ofValues(least),
  max: ofValues(most),
  mean: ofWaveform(mean, "value"),
  rms: ofWaveform(rms, "value"),
  integral: { special: measureIntegral },
  final: { special: (a, c) => finalRow(c.evaluate(a[0])) },
  at: { special: (a, c) => {
    const q = c.evaluate(a[0]);
    return [[valueAt(real(q), c.scope.axis, c.level(a[1], c.scope.axisUnit, "at")), q.unit]];
  } },
  low_level: ofWaveform((v, t) => stateLevels(v, t)[0], "value"),
  high_level: ofWaveform((v, t) => stateLevels(v, t)[1], "value"),
  rise_time: ofWaveform(riseTime, "axis", ["", "", "value", "value"]),
  fall_time: ofWaveform(fallTime, "axis", ["", "", "value", "value"]),
  slew_rate: ofWaveform(slewRate, "slope", ["", "", "value", "value"]),
  overshoot: ofWaveform(overshoot, "%", ["value", "value"]),
  settling_time: ofWaveform(settlingTime, "axis", ["", "value", "value"]),
  time_to_final: ofWaveform(timeToFinal, "axis", [""]),
  pulse_width: ofWaveform(pulseWidth, "axis", ["value"]),
  delay: { special: (a, c) => [[delay(...a.slice(0, 2).map((x) => real(c.evaluate(x))), c.scope.axis, ...a.slice(2)), c.scope.axisUnit]] },
  period: ofWaveform(period, "axis"),
  frequency: ofWaveform((v, t) => 1 / period(v, t), "rate"),
  duty_cycle: ofWaveform(dutyCycle, "%"),
  spike_count: ofWaveform((v, t, level) => spikeTimes(v, t, level).length, "", ["value"]),
  inter_spike_interval: ofWaveform(interSpikeInterval, "axis", ["value"]),
  energy: { special: (a, c) => {
    if (c.scope.axisName !== "time") throw new PageError(`no time axis: this analysis runs over ${c.scope.axisName}.`);
    return [[energy(...a.map((x) => real(c.evaluate(x))), c.scope.axis), "J"]];
  } },
  resistance: { special: (a, c) => {
    const [v, i] = a.slice(0, 2).map((x) => real(c.evaluate(x)));
    const [start, stop] = a.slice(2).map((x) => c.level(x, c.scope.axisUnit, "window"));
    return [[resistance(v, i, c.scope.axis, start, stop), "ohm"]];
  } },
};

function finalRow(q) {
  const last = q.re.length - 1;
  return [[q.im === null ? q.re[last] : Math.hypot(q.re[last], q.im[last]), q.unit]];
}

function measureCrossing(a, c) {
  const q = c.evaluate(a[0]);
  const found = crossings(real(q), c.scope.axis, c.level(a[1], q.unit, "level"), a[2]);
  return (found.length ? found : [NaN]).map((x) => [x, c.scope.axisUnit]);
}

function measureIntegral(a, c) {
  const q = c.evaluate(a[0]), axisUnit = c.scope.axisUnit;
  const unit = INTEGRAL_UNITS[`${q.unit}*${axisUnit}`] ?? (q.unit && axisUnit ? `${q.unit} ${axisUnit}` : "");
  return [[integral(real(q), c.scope.axis), unit]];
}

/** One measurement, or arithmetic of measurements, on a scope. */
class Measuring {
  constructor(scope, tables) {
    this.scope = scope;
    this.tables = tables;
  }

  evaluate(text) {
    const q = evaluateExpression(text, this.scope, this.tables);
    if (!q.re.length) throw new PageError("there are no points here.");
    return q;
  }

  /** Return a level or place: a number, or arithmetic of measurements. */
  level(text, unit, name) {
    if (!this.calls(text).length) return parseNumber(text, unit, name, this.tables);
    const rows = this.rows(text);
    if (rows.length !== 1) throw new PageError(`${name} '${text}' gives ${rows.length} values.`);
    const [[value, found]] = rows;
    if (unit && found && found !== unit) throw new PageError(`${name} '${text}' is in ${found}, not in ${unit}.`);
    return value;
  }

  /** Return begin and end of every measurement in a text that stands in no other one. */
  calls(text) {
    const found = [];
    CALL.lastIndex = 0;
    for (let call, from = 0; ; ) {
      CALL.lastIndex = from;
      call = CALL.exec(text);
      if (!call) return found;
      from = CALL.lastIndex;
      const name = call[1].toLowerCase();
      if (Object.hasOwn(FUNCTIONS, name) && !Object.hasOwn(MEASUREMENTS, name)) continue;
      const end = closing(text, from - 1) + 1;
      if (Object.hasOwn(MEASUREMENTS, name)) found.push([call.index, end]);
      from = end;
    }
  }

  rows(text) {
    const calls = this.calls(text);
    if (calls.length === 1 && calls[0][0] === 0 && calls[0][1] === text.length) return this.call(text);
    if (!calls.length) throw new PageError(`'${text}' is no measurement. Known: ${Object.keys(MEASUREMENTS).join(", ")}.`);
    return [this.arithmetic(text, calls)];
  }

  call(text) {
    const opening = text.indexOf("(");
    const name = text.slice(0, opening).trim().toLowerCase();
    const [usage, fewest] = this.tables.measurements[name];
    const given = splitArguments(text.slice(opening + 1, -1));
    const allowed = usage.split(",").length;
    if (given.length < fewest || given.length > allowed || given.some((one) => !one)) throw new PageError(`'${text}': write ${usage}.`);
    const how = MEASUREMENTS[name];
    if (how.special) return how.special(given, this);
    const q = this.evaluate(given[0]);
    if (!how.levels) return how.f(q);
    const numbers = given.slice(1).map((one, k) => this.level(one, how.levels[k] === "value" ? q.unit : "", given[0]));
    const axis = this.scope.axisUnit;
    const units = {
      value: q.unit, axis, rate: { s: "Hz", Hz: "s" }[axis] ?? (axis ? `1/${axis}` : ""),
      slope: q.unit && axis ? `${q.unit}/${axis}` : "",
    };
    return [[how.f(real(q), this.scope.axis, ...numbers), units[how.result] ?? how.result]];
  }

  arithmetic(text, calls) {
    const values = new Map();
    let pieces = "", position = 0;
    for (const [begin, end] of calls) {
      const rows = this.call(text.slice(begin, end));
      const index = /^\s*\[\s*(\d+)\s*\]/.exec(text.slice(end));
      if (rows.length > 1 && !index) throw new PageError(`'${text.slice(begin, end)}' gives ${rows.length} values; choose one, as in [0].`);
      const k = index ? Number(index[1]) : 0;
      if (k >= rows.length) throw new PageError(`'${text.slice(begin, end)}' gives ${rows.length} value(s), numbered from 0.`);
      const name = `measured#${values.size}`;
      values.set(name, { re: rows[k][0], im: null, unit: rows[k][1] });
      pieces += text.slice(position, begin) + name;
      position = index ? end + index[0].length : end;
    }
    const scope = {
      axisName: "point", axisUnit: "", axis: Float64Array.of(0), names: [...values.keys()],
      find: (name) => (values.has(name.trim()) ? name.trim() : null), get: (name) => values.get(name),
    };
    const q = evaluateExpression(pieces + text.slice(position), scope, this.tables);
    return [q.re[0], q.unit];
  }

  /** Return a text for every signal that fits its first glob pattern; what * stands for is the same in all patterns. */
  expanded(text) {
    const patterns = [];
    for (let position = 0; ; ) {
      PATTERN.lastIndex = position;
      const found = PATTERN.exec(text);
      if (!found) break;
      if (selectNames(found[0], this.scope).length) {
        if (!patterns.includes(found[0])) patterns.push(found[0]);
        position = PATTERN.lastIndex;
      } else position = found.index + Math.max(1, found[0].split(/[([*?]/)[0].length);
    }
    if (!patterns.length) return [];
    const [first, ...others] = patterns;
    const bare = [...first.replace(/\s+/g, "")];
    const signs = { "*": "(.*)", "?": "(.)" };
    const groups = new RegExp(`^${bare.map((c, k) => (k && bare[k - 1] === "*" && c === "*" ? "()" : (signs[c] ?? escapeRegex(c)))).join("")}$`, "is");
    return selectNames(first, this.scope).map((name) => {
      const parts = (groups.exec(name.replace(/\s+/g, "")) ?? []).slice(1);
      const fill = (pattern) => {
        let next = 0;
        return [...pattern].map((c) => ("*?".includes(c) && next < parts.length ? parts[next++] : c)).join("");
      };
      return others.reduce((one, other) => one.replaceAll(other, () => fill(other)), text.replaceAll(first, () => name));
    });
  }
}

/** Return [label, value, unit] rows of one measurement written as text. */
function measureText(text, scope, tables) {
  text = text.trim();
  if (text.length > LONGEST_TEXT) throw new PageError(`a measurement of ${text.length} characters.`);
  const measuring = new Measuring(scope, tables);
  let rows;
  try {
    rows = measuring.rows(text);
  } catch (error) {
    if (!(error instanceof PageError)) throw error;
    const texts = [...new Set(measuring.expanded(text))].filter((one) => one !== text);
    if (!texts.length) throw error;
    return texts.flatMap((one) => measureText(one, scope, tables));
  }
  return rows.map(([value, unit], k) => [rows.length === 1 ? text : `${text}[${k}]`, value, unit]);
}
