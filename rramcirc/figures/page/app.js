// The page itself: state, controls, panes, tables. Text from netlists only ever becomes textContent.

const byId = (id) => document.getElementById(id);

/** Make an element with attributes and children; texts are texts. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

const MOST_LISTED = 400; // signals of one group in the tree
const PANE_HEIGHT = 310;
const MOST_SUMMED = 12; // signals in the table of least, greatest, mean
const STATISTICS = ["min", "max", "mean", "rms"];
const MODES = {};

class Page {
  constructor(described, bytes, remote) {
    this.tables = described.tables;
    this.remote = remote;
    this.runs = described.runs.map((run) => new Run({ ...run, remote: Boolean(remote) }, bytes, this.tables));
    this.first = this.runs[0];
    this.names = [...new Set(this.runs.flatMap((run) => run.names))];
    this.chosen = new Set(described.drawn);
    this.view = this.whole();
    this.cursors = { A: null, B: null };
    this.pointer = null;
    this.measures = [...described.measures];
    this.panes = [];
    this.opened = new Set();
    this.mapAt = null;
    this.mapKind = null;
    this.xName = null;
    byId("title").textContent = document.title;
    byId("log-x").checked = this.first.axisName === "frequency" && this.first.from > 0;
    byId("difference-label").hidden = this.runs.length < 2;
    for (const [name, [usage]] of Object.entries(this.tables.measurements)) byId("measure-list").append(make("option", { value: usage, label: name }));
    this.bold = null;
    this.schematic = new Schematic(this, described.schematic);
    this.bind();
    this.showRuns();
    this.showTree();
    this.refresh();
  }

  whole() {
    return [Math.min(...this.runs.map((run) => run.from)), Math.max(...this.runs.map((run) => run.to))];
  }

  bind() {
    for (const id of ["mode", "stacked", "log-y", "log-x", "difference"]) byId(id).addEventListener("change", () => this.refresh());
    for (const id of ["filter", "regular"]) byId(id).addEventListener("input", () => this.showTree());
    const clicks = {
      full: () => this.show(this.whole()), theme: () => this.turnTheme(),
      csv: () => this.guarded(() => this.saveCsv()), svg: () => this.saveSvg(), png: () => this.savePng(),
      "draw-all": () => this.choose(this.fitting().slice(0, 64), true),
      "draw-none": () => this.choose([...this.chosen], false),
      "help-button": () => {
        byId("help").hidden = !byId("help").hidden;
        byId("help-button").setAttribute("aria-expanded", String(!byId("help").hidden));
      },
    };
    for (const [id, action] of Object.entries(clicks)) byId(id).addEventListener("click", action);
    byId("expression-form").addEventListener("submit", (event) => this.drawExpression(event));
    byId("measure-form").addEventListener("submit", (event) => this.addMeasure(event));
    document.addEventListener("keydown", (event) => this.key(event));
    window.addEventListener("resize", () => this.refresh());
    window.matchMedia("print").addEventListener("change", () => this.refresh());
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    document.documentElement.dataset.theme = dark.matches ? "dark" : "light";
    dark.addEventListener("change", () => this.turnTheme(dark.matches ? "dark" : "light"));
  }

  turnTheme(theme) {
    const root = document.documentElement;
    root.dataset.theme = theme ?? (root.dataset.theme === "dark" ? "light" : "dark");
    this.refresh();
  }

  key(event) {
    if (event.target.matches("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
    const width = this.view[1] - this.view[0];
    const middle = this.pointer ?? (this.view[0] + this.view[1]) / 2;
    const actions = {
      ArrowLeft: () => this.move(-0.2 * width), ArrowRight: () => this.move(0.2 * width),
      "+": () => this.zoom(0.5, middle), "=": () => this.zoom(0.5, middle), "-": () => this.zoom(2, middle),
      0: () => this.show(this.whole()), Home: () => this.show(this.whole()), d: () => this.turnTheme(),
      s: () => byId("schematic-label").hidden || byId("show-schematic").click(),
      a: () => this.setCursor("A", middle), b: () => this.setCursor("B", middle),
      Escape: () => { this.cursors = { A: null, B: null }; this.refresh(); }, "/": () => byId("filter").focus(),
    };
    if (!Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    actions[event.key]();
  }

  setCursor(name, place) {
    this.cursors[name] = place;
    this.refresh();
  }

  /** Show a part of the axis, no further than the runs go. */
  show([from, to]) {
    const [low, high] = this.whole();
    from = Math.max(low, from);
    to = Math.min(high, to);
    if (to > from && to - from > 1e-13 * Math.max(Math.abs(from), Math.abs(to))) this.view = [from, to];
    this.refresh();
  }

  move(by) {
    const [low, high] = this.whole();
    const step = Math.min(Math.max(by, low - this.view[0]), high - this.view[1]);
    this.show([this.view[0] + step, this.view[1] + step]);
  }

  zoom(factor, around) {
    if (byId("log-x").checked) {
      const part = (x) => Math.exp(Math.log(around) + factor * Math.log(x / around));
      this.show(this.view.map(part));
    } else this.show(this.view.map((x) => around + factor * (x - around)));
  }

  choose(texts, drawn) {
    for (const text of texts) drawn ? this.chosen.add(text) : this.chosen.delete(text);
    this.showTree();
    this.refresh();
  }

  fitting() {
    try {
      byId("filter").removeAttribute("aria-invalid");
      return this.names.filter(nameFilter(byId("filter").value, byId("regular").checked));
    } catch {
      byId("filter").setAttribute("aria-invalid", "true");
      return [];
    }
  }

  showTree() {
    const names = this.fitting();
    const groups = new Map();
    for (const name of names) {
      const { kind, row, column } = parseName(name);
      const rows = groups.get(kind) ?? groups.set(kind, new Map()).get(kind);
      const key = column === null ? "" : row;
      (rows.get(key) ?? rows.set(key, []).get(key)).push(name);
    }
    byId("count").textContent = `${names.length} of ${this.names.length} signals`;
    const open = names.length <= 40;
    const tree = [...groups].map(([kind, rows]) => this.branch(kind, [...rows.values()].flat().length, open, () => (
      rows.size === 1 ? this.leaves([...rows.values()][0]) : [...rows].map(([row, inner]) => this.branch(`${kind} row ${row}`, inner.length, open, () => this.leaves(inner)))
    )));
    const expressions = [...this.chosen].filter((text) => this.runs.every((run) => run.find(text) === null));
    if (expressions.length) tree.push(this.branch("expressions", expressions.length, true, () => this.leaves(expressions)));
    byId("tree").replaceChildren(...tree);
  }

  /** Return a group of the tree, whose content is made when it is opened. */
  branch(title, count, open, content) {
    const details = make("details", {}, make("summary", {}, `${title} (${count})`));
    const fill = () => {
      this.opened[details.open ? "add" : "delete"](title);
      if (details.open && details.childElementCount === 1) details.append(...content());
    };
    details.open = open || this.opened.has(title);
    if (details.open) details.append(...content());
    details.addEventListener("toggle", fill);
    return details;
  }

  leaves(names) {
    const shown = names.slice(0, MOST_LISTED).map((name) => {
      const box = make("input", { type: "checkbox", onchange: (event) => this.choose([name], event.target.checked) });
      box.checked = this.chosen.has(name);
      return make("label", {}, box, ` ${name}`);
    });
    return names.length > MOST_LISTED ? [...shown, make("p", {}, `and ${names.length - MOST_LISTED} more: filter`)] : shown;
  }

  guarded(action, place = "remark") {
    byId(place).textContent = "";
    try {
      return action();
    } catch (error) {
      if (!(error instanceof PageError)) throw error;
      byId(place).textContent = error.message;
      return null;
    }
  }

  async drawExpression(event) {
    event.preventDefault();
    const text = byId("expression").value.trim();
    byId("expression-error").textContent = "";
    try {
      if (this.remote) await this.remote.check(text);
      else this.runs.forEach((run) => run.column(text));
    } catch (error) {
      if (!(error instanceof PageError)) throw error;
      byId("expression-error").textContent = error.message;
      return;
    }
    this.choose([text], true);
  }

  async addMeasure(event) {
    event.preventDefault();
    const text = byId("measure").value.trim();
    byId("measure-error").textContent = "";
    try {
      await this.measured(text, this.first, true);
    } catch (error) {
      if (!(error instanceof PageError)) throw error;
      byId("measure-error").textContent = error.message;
      return;
    }
    if (!this.measures.includes(text)) this.measures.push(text);
    this.refresh();
  }

  /** Return the rows of a measurement over the visible range: from full data, here or on the server. */
  measured(text, run, asked = false) {
    return this.remote ? this.remote.measure(text, run, this.view, asked) : measureText(text, run.window(...this.view), this.tables);
  }

  /** Draw with what is there; load what is missing; then fill the tables. */
  refresh() {
    this.draw();
    this.remote?.load(this);
    clearTimeout(this.later);
    this.later = setTimeout(() => this.showNumbers(), 60);
  }

  draw() {
    const mode = byId("mode").value;
    byId("settings").replaceChildren();
    if (mode !== "waves") {
      MODES[mode](this);
      this.finish();
      return;
    }
    this.setPanes(this.wavePanes());
    this.finish();
  }

  finish() {
    this.schematic.mark(this.curves());
    const thinned = this.runs.filter((run) => run.tile && !run.whole);
    if (thinned.length) {
      const where = this.remote ? "thinned on the screen; numbers come from the file" : `${THINNED} for numbers, expressions and CSV`;
      byId("remark").textContent = `${thinned.map((run) => run.label).join(", ")}: ${where}`;
    } else if (byId("remark").textContent.includes("thinned")) byId("remark").textContent = "";
    document.body.dataset.drawn = String(Number(document.body.dataset.drawn ?? 0) + 1);
  }

  /** Return every curve to draw: of each chosen text, in each run that has it. */
  curves() {
    const curves = [];
    let colour = 0;
    for (const text of this.chosen) {
      this.runs.forEach((run, k) => {
        let column;
        try {
          column = run.column(text);
        } catch (error) {
          if (!(error instanceof PageError)) throw error;
          return;
        }
        const label = this.runs.length > 1 ? `${text} (${run.label})` : text;
        const look = { colour: COLOURS[colour % COLOURS.length], dash: DASHES[k % DASHES.length] };
        curves.push({ text, run, column, label, bold: this.bold?.has(text), ...look });
      });
      colour++;
    }
    return curves;
  }

  wavePanes() {
    const groups = new Map();
    const add = (key, title, unit, trace) => {
      const pane = groups.get(key) ?? groups.set(key, { title, unit, traces: [], logX: byId("log-x").checked && this.view[0] > 0, logY: byId("log-y").checked, xName: this.first.axisName, xUnit: this.first.axisUnit, cursors: this.cursors }).get(key);
      if (pane.title !== title) pane.title = unit === "nm" ? "state" : "value";
      pane.traces.push(trace);
    };
    for (const curve of this.curves()) {
      const { run, column, text } = curve;
      const own = byId("stacked").checked ? text : "";
      if (column.im !== null && column.im !== undefined && column.re) {
        const polar = polarOf(column);
        const x = { x: run.tile.axis, rising: run.rising };
        add(`dB ${own}`, "magnitude", "dB", { ...curve, data: { ...x, y: polar.decibel } });
        add(`deg ${own}`, "phase", "deg", { ...curve, data: { ...x, y: polar.phase } });
        continue;
      }
      const data = run.whole ? { x: run.tile.axis, y: column.re, rising: run.rising } : { edges: run.tile.edges, low: column.low, high: column.high };
      add(`${column.unit} ${own}`, this.tables.quantities[column.unit] ?? (own || parseName(text).kind), column.unit, { ...curve, data });
    }
    if (byId("difference").checked) this.addDifferences(add);
    return [...groups.values()];
  }

  /** Add run k - run 0 of every real curve, on the points of run 0. */
  addDifferences(add) {
    const curves = this.curves();
    for (const base of curves.filter((curve) => curve.run === this.first && curve.column.im === null && this.first.whole)) {
      for (const other of curves.filter((curve) => curve.text === base.text && curve.run !== this.first && curve.run.whole)) {
        if (!base.run.rising || !other.run.rising) continue;
        const x = base.run.tile.axis;
        const inside = (place) => place >= other.run.from && place <= other.run.to;
        const y = Float64Array.from(x, (place, k) => (inside(place) ? interpolate(place, other.run.tile.axis, other.column.re) - base.column.re[k] : NaN));
        add(`difference ${base.column.unit}`, "difference", base.column.unit, { ...other, label: `${base.text}: ${other.run.label} - ${base.run.label}`, data: { x, y, rising: true }, noNumbers: true });
      }
    }
  }

  /** Put panes on the page; canvases of the same number of panes are used again. */
  setPanes(panes, view = this.view, linked = true) {
    const place = byId("panes");
    if (place.childElementCount !== panes.length || place.dataset.linked !== String(linked)) {
      place.replaceChildren(...panes.map(() => {
        const canvas = make("canvas", { role: "img", tabindex: "0" });
        if (linked) this.bindPointer(canvas);
        return make("div", { class: "box" }, canvas, make("div", { class: "values" }));
      }));
      place.dataset.linked = String(linked);
    }
    const height = Math.max(190, Math.min(PANE_HEIGHT, 640 / Math.max(1, panes.length)));
    panes.forEach((pane, k) => {
      const canvas = place.children[k].firstChild;
      const width = place.clientWidth || 800, ratio = window.devicePixelRatio || 1;
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.height = `${height}px`;
      const ctx = canvas.getContext("2d");
      ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
      pane.scales = drawPane(ctx, { left: 0, top: 0, width, height }, pane, pane.view ?? view, this.look());
      canvas.setAttribute("aria-label", `${pane.title}: ${pane.traces.slice(0, 8).map((trace) => trace.label).join(", ")}`);
    });
    this.panes = panes;
    if (!panes.length) note("Nothing is drawn: choose signals on the left.");
  }

  look() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    return { back: colour("back"), text: colour("text"), grid: colour("grid"), cursor: colour("cursor"), tables: this.tables };
  }

  bindPointer(canvas) {
    let from = null, moved = null, selection = null;
    const scale = () => this.panes[[...byId("panes").children].indexOf(canvas.parentElement)]?.scales.x;
    const place = (event) => scale().value(Math.min(Math.max(event.offsetX, scale().from), scale().to));
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(event.deltaY > 0 ? 1.25 : 0.8, place(event));
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      from = { x: event.offsetX, at: place(event), view: [...this.view] };
      moved = event.shiftKey;
      canvas.setPointerCapture(event.pointerId);
      if (!moved) canvas.parentElement.append((selection = make("div", { class: "selection" })));
    });
    canvas.addEventListener("pointermove", (event) => {
      this.pointer = place(event);
      if (from && moved) {
        const by = (from.x - event.offsetX) / (scale().to - scale().from);
        this.view = from.view;
        this.move(by * (from.view[1] - from.view[0]));
      } else if (from) {
        const [left, right] = [from.x, event.offsetX].sort((a, b) => a - b);
        selection.style.cssText = `left:${left}px;width:${right - left}px;top:0;height:${canvas.clientHeight}px`;
      } else this.showValues();
    });
    canvas.addEventListener("pointerup", (event) => {
      selection?.remove();
      const begin = from;
      from = null;
      if (begin && !moved && Math.abs(event.offsetX - begin.x) > 4) this.show([begin.at, place(event)].sort((a, b) => a - b));
    });
    canvas.addEventListener("pointerleave", () => {
      this.pointer = null;
      this.showValues();
    });
    canvas.addEventListener("dblclick", () => this.show(this.whole()));
  }

  /** Fill the table under each pane: values at the pointer and the cursors, and their difference. */
  showValues() {
    if (byId("mode").value !== "waves") return;
    this.panes.forEach((pane, k) => {
      const box = byId("panes").children[k]?.lastChild;
      if (!box) return;
      const rows = pane.traces.slice(0, 24).map((trace) => this.valueRow(trace, pane));
      const more = pane.traces.length > 24 ? [make("p", {}, `and ${pane.traces.length - 24} more`)] : [];
      box.replaceChildren(this.table(["signal", "pointer", "A", "B", "B - A"], rows), ...more);
    });
  }

  valueRow(trace, pane) {
    const swatch = make("span", { class: "swatch" });
    swatch.style.borderColor = trace.colour;
    const name = make("td", {}, swatch, trace.label);
    if (trace.data.edges && !this.remote) return make("tr", {}, name, make("td", { colspan: 4, class: "thinned" }, THINNED));
    const known = (place) => {
      if (place === null) return NaN;
      if (trace.data.edges) return this.remote.valueAt(trace.run, trace.text, place, () => this.showValues());
      return trace.data.rising && place >= trace.data.x[0] && place <= trace.data.x.at(-1) ? interpolate(place, trace.data.x, trace.data.y) : NaN;
    };
    const [a, b] = [known(this.cursors.A), known(this.cursors.B)];
    const cells = [known(this.pointer), a, b, b - a].map((value) => make("td", { "data-value": String(value) }, Number.isNaN(value) ? "" : formatNumber(value, pane.unit, 6, this.tables)));
    return make("tr", {}, name, ...cells);
  }

  /** Fill the table of measurements: of every drawn signal and of what was asked for. */
  async showNumbers() {
    this.showValues();
    const unit = this.first.axisUnit;
    byId("range").textContent = `${formatNumber(this.view[0], unit, 6, this.tables)} to ${formatNumber(this.view[1], unit, 6, this.tables)}`;
    const { A, B } = this.cursors;
    if (A !== null && B !== null) byId("range").textContent += `; B - A ${formatNumber(B - A, unit, 6, this.tables)}`;
    const turn = (this.turn = (this.turn ?? 0) + 1);
    const summed = [...this.chosen].slice(0, MOST_SUMMED);
    const [statistics, asked] = await Promise.all([
      Promise.all(this.runs.flatMap((run) => summed.map((text) => this.statisticsRow(text, run)))),
      Promise.all(this.runs.flatMap((run) => this.measures.map((text) => this.numberRows(text, run)))).then((rows) => rows.flat()),
    ]);
    if (turn !== this.turn) return;
    const refused = statistics.find((row) => row.error && this.remote)?.error;
    const thinned = [...statistics, ...asked].some((row) => row.error === THINNED);
    const known = statistics.filter((row) => !row.error);
    byId("measured").replaceChildren(...(thinned ? [make("p", { class: "thinned" }, THINNED)] : [...this.askedTable(asked), ...this.statisticsTable(known), ...(refused ? [make("p", {}, refused)] : [])]));
  }

  async statisticsRow(text, run) {
    try {
      const rows = await Promise.all(STATISTICS.map((one) => this.measured(`${one}(${text})`, run)));
      return { label: this.runs.length > 1 ? `${text} (${run.label})` : text, rows: rows.map((found) => found[0]), text };
    } catch (error) {
      if (!(error instanceof PageError)) throw error;
      return { error: error.message };
    }
  }

  async numberRows(text, run) {
    try {
      return (await this.measured(text, run, true)).map(([label, value, unit]) => ({ label, text, value, unit, run }));
    } catch (error) {
      if (!(error instanceof PageError)) throw error;
      return [{ label: text, text, error: error.message, run }];
    }
  }

  table(head, body) {
    return make("table", {}, make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)))), make("tbody", {}, ...body));
  }

  numberCell(value, unit) {
    return make("td", { "data-value": String(value) }, formatNumber(value, unit, 6, this.tables));
  }

  statisticsTable(rows) {
    const cells = (row) => row.rows.map(([, value, unit]) => this.numberCell(value, unit));
    return rows.length ? [this.table(["signal", ...STATISTICS], rows.map((row) => make("tr", {}, make("td", {}, row.label), ...cells(row))))] : [];
  }

  /** Return the table of the measurements that were asked for, a column for each run and their difference. */
  askedTable(rows) {
    if (!rows.length) return [];
    const several = this.runs.length > 1;
    const head = ["measurement", ...this.runs.map((run) => (several ? run.label : "value")), ...(several ? ["last - first"] : [])];
    const body = [...Map.groupBy(rows, (row) => row.label)].map(([label, same]) => {
      const found = this.runs.map((run) => same.find((row) => row.run === run));
      const cells = found.map((row) => (row && !row.error ? this.numberCell(row.value, row.unit) : make("td", {}, row?.error ?? "")));
      const [one, other] = [found[0], found.at(-1)];
      if (several) cells.push(one && other && !one.error && !other.error ? this.numberCell(other.value - one.value, one.unit) : make("td"));
      const drop = () => {
        this.measures = this.measures.filter((text) => text !== same[0].text);
        this.refresh();
      };
      return make("tr", {}, make("td", {}, make("span", {}, label), " ", make("button", { "aria-label": `remove ${label}`, onclick: drop }, "\u00d7")), ...cells);
    });
    return [this.table(head, body)];
  }

  showRuns() {
    const rows = this.runs.map((run) => make("tr", {}, make("td", {}, run.label), make("td", {}, run.title), make("td", {}, run.about), make("td", {}, `${run.points} points`), make("td", {}, run.remark)));
    byId("runs").replaceChildren(make("table", {}, make("tbody", {}, ...rows)));
  }
}

const polars = new WeakMap();

/** Return magnitude in dB and phase in degrees of a complex column. */
function polarOf(column) {
  if (!polars.has(column)) {
    polars.set(column, {
      decibel: pairwise(column.re, column.im, (a, b) => 20 * Math.log10(Math.hypot(a, b))),
      phase: pairwise(column.re, column.im, (a, b) => (Math.atan2(b, a) * 180) / Math.PI),
    });
  }
  return polars.get(column);
}
