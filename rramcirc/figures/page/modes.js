// The other views: X against Y, spectrum, raster of spikes, map of an array. Files of what is visible.

function choice(label, options, value, changed) {
  const select = make("select", { "aria-label": label, onchange: (event) => changed(event.target.value) }, ...options.map((one) => make("option", { value: one }, one)));
  if (options.includes(value)) select.value = value;
  return make("label", {}, `${label} `, select);
}

function note(text) {
  byId("panes").replaceChildren(make("p", {}, text));
  byId("panes").dataset.linked = "none";
}

/** Show what a view draws, or why it cannot. */
function attempt(page, draw) {
  try {
    draw();
  } catch (error) {
    if (!(error instanceof PageError)) throw error;
    page.panes = [];
    note(error.message);
  }
}

MODES.xy = (page) => {
  const names = [...page.chosen];
  page.xName = names.includes(page.xName) ? page.xName : names[0];
  byId("settings").append(choice("X", names, page.xName, (name) => { page.xName = name; page.refresh(); }));
  attempt(page, () => {
    if (names.length < 2) throw new PageError("Choose two signals or more: one is X.");
    const traces = [];
    let low = Infinity, high = -Infinity, xUnit = "";
    page.runs.forEach((run, k) => {
      const window = run.window(...page.view);
      const x = real(evaluateExpression(page.xName, window, page.tables));
      xUnit = run.column(page.xName).unit;
      low = Math.min(low, least(x));
      high = Math.max(high, most(x));
      names.filter((name) => name !== page.xName).forEach((name, j) => {
        const y = evaluateExpression(name, window, page.tables);
        traces.push({ label: page.runs.length > 1 ? `${name} (${run.label})` : name, unit: y.unit, data: { x, y: real(y), rising: false }, colour: COLOURS[j % COLOURS.length], dash: DASHES[k % DASHES.length] });
      });
    });
    const room = 0.03 * (high - low) || 1;
    const groups = Map.groupBy(traces, (trace) => trace.unit);
    const pane = (unit, inner) => ({ title: inner.map((trace) => trace.label).slice(0, 3).join(", "), unit, traces: inner, xName: page.xName, xUnit, logY: byId("log-y").checked, view: [low - room, high + room] });
    if (byId("log-y").checked) for (const trace of traces) trace.data = { ...trace.data, y: trace.data.y.map(Math.abs) };
    page.setPanes([...groups].map(([unit, inner]) => pane(unit, inner)), page.view, false);
  });
};

MODES.fft = (page) => attempt(page, () => {
  byId("settings").append("Amplitude over the visible range: resampled in equal steps, Hann window.");
  const groups = new Map();
  let top = 0, bottom = Infinity;
  for (const curve of page.curves()) {
    const window = curve.run.window(...page.view);
    const q = evaluateExpression(curve.text, window, page.tables);
    const [x, y] = spectrum(real(q), window.axis);
    top = Math.max(top, x.at(-1));
    bottom = Math.min(bottom, x[1]);
    const pane = groups.get(q.unit) ?? groups.set(q.unit, { title: "amplitude", unit: q.unit, traces: [], xName: "frequency", xUnit: page.first.axisUnit === "s" ? "Hz" : "", logX: byId("log-x").checked, logY: byId("log-y").checked }).get(q.unit);
    pane.traces.push({ ...curve, data: { x, y, rising: true } });
  }
  for (const pane of groups.values()) pane.view = [pane.logX ? bottom : 0, top];
  page.setPanes([...groups.values()], page.view, false);
});

MODES.raster = (page) => attempt(page, () => {
  if (page.remote?.loadSpikes(page)) throw new PageError("Loading the spikes.");
  const panes = page.runs.map((run, k) => {
    const [x, y, of] = run.spikes ? [run.spikes.times, run.spikes.neurons, "neuron"] : risesOf(page, run);
    if (!x.length) throw new PageError("No spikes: choose signals that rise through the middle of their range.");
    const rows = y.reduce((a, b) => Math.max(a, b), 0);
    return { title: `${of} (${run.label})`, unit: "", dots: true, range: [-0.5, rows + 0.5], xName: run.axisName, xUnit: run.axisUnit, cursors: page.cursors, traces: [{ label: `${x.length} spikes`, data: { x, y }, colour: COLOURS[k % COLOURS.length], dash: [] }] };
  });
  page.setPanes(panes);
});

/** Return times and numbers of the rises of the drawn signals through their mid-range. */
function risesOf(page, run) {
  const names = [...page.chosen];
  const scope = run.scope();
  byId("settings").append(`Rises through mid-range; from 0 upwards: ${names.slice(0, 12).join(", ")}`);
  const found = names.flatMap((name, k) => spikeTimes(real(evaluateExpression(name, scope, page.tables)), scope.axis).map((time) => [time, k]));
  return [Float64Array.from(found, (one) => one[0]), Float64Array.from(found, (one) => one[1]), "drawn signal"];
}

MODES.map = (page) => attempt(page, () => {
  const run = page.first;
  const cells = run.names.map((name) => ({ name, ...parseName(name) })).filter((one) => one.column !== null);
  const kinds = [...new Set(cells.map((one) => one.kind))];
  if (!kinds.length) throw new PageError("No signal has a row and a column, as gap[1,3] has.");
  page.mapKind = kinds.includes(page.mapKind) ? page.mapKind : (kinds.find((kind) => kind.startsWith("conductance")) ?? kinds.find((kind) => !kind.includes("(")) ?? kinds[0]);
  page.mapAt = page.mapAt === null ? run.to : Math.min(Math.max(page.mapAt, run.from), run.to);
  const slider = make("input", { type: "range", min: 0, max: 1000, "aria-label": `place on the axis ${run.axisName}`, id: "map-at", oninput: (event) => { page.mapAt = run.from + (event.target.value / 1000) * (run.to - run.from); fillMap(page, run, cells); } });
  slider.value = String(Math.round((1000 * (page.mapAt - run.from)) / (run.to - run.from || 1)));
  byId("settings").append(choice("Show", kinds, page.mapKind, (kind) => { page.mapKind = kind; page.refresh(); }), make("label", {}, `${run.axisName} `, slider), make("span", { id: "map-place" }));
  page.panes = [];
  fillMap(page, run, cells);
});

/** Draw the cells of the chosen kind at the place of the slider as a table of buttons. */
async function fillMap(page, run, cells) {
  const own = cells.filter((one) => one.kind === page.mapKind);
  const place = page.mapAt;
  let values;
  try {
    values = page.remote ? await page.remote.valuesAt(run, own.map((one) => one.name), place) : own.map((one) => run.at(one.name, place));
  } catch (error) {
    if (!(error instanceof PageError)) throw error;
    note(error.message);
    return;
  }
  if (byId("mode").value !== "map" || place !== page.mapAt) return;
  const low = Math.min(...values), high = Math.max(...values);
  const unit = run.units[run.names.indexOf(own[0].name)];
  const table = new Map(own.map((one, k) => [`${one.row},${one.column}`, { ...one, value: values[k] }]));
  const rows = [...new Set(own.map((one) => one.row))].sort((a, b) => a - b);
  const columns = [...new Set(own.map((one) => one.column))].sort((a, b) => a - b);
  const cell = (row, column) => {
    const found = table.get(`${row},${column}`);
    if (!found) return make("td");
    const text = `${found.name}: ${formatNumber(found.value, unit, 4, page.tables)}`;
    const button = make("button", { title: text, "aria-label": text, "data-value": String(found.value), onclick: () => openCell(page, run, row, column) });
    button.style.background = mapColour(high > low ? (found.value - low) / (high - low) : 0.5);
    return make("td", {}, button);
  };
  const head = make("tr", {}, make("th"), ...columns.map((column) => make("th", { scope: "col" }, String(column))));
  const body = rows.map((row) => make("tr", {}, make("th", { scope: "row" }, String(row)), ...columns.map((column) => cell(row, column))));
  byId("map-place").textContent = `${formatNumber(place, run.axisUnit, 6, page.tables)}; ${formatNumber(low, unit, 4, page.tables)} (dark) to ${formatNumber(high, unit, 4, page.tables)} (bright); click a cell to see its waveforms`;
  byId("panes").replaceChildren(make("table", { class: "map" }, head, ...body));
  byId("panes").dataset.linked = "none";
}

/** Draw every signal of one cell. */
function openCell(page, run, row, column) {
  byId("mode").value = "waves";
  page.chosen.clear();
  page.choose(run.names.filter((name) => {
    const one = parseName(name);
    return one.row === row && one.column === column;
  }), true);
}

/** Return a colour between dark blue and yellow, rising in lightness. */
function mapColour(part) {
  const stops = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
  const x = Math.min(Math.max(part, 0), 1) * 4, k = Math.min(3, Math.floor(x));
  if (Number.isNaN(x)) return "#888";
  return `rgb(${stops[k].map((from, j) => Math.round(from + (x - k) * (stops[k + 1][j] - from))).join(",")})`;
}

function saveFile(name, kind, parts) {
  const link = make("a", { href: URL.createObjectURL(new Blob(parts, { type: kind })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** Write the drawn signals over the visible range, every digit; refused for thinned data. */
Page.prototype.saveCsv = function () {
  const quoted = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  this.runs.forEach((run) => {
    const window = run.window(...this.view);
    const columns = [[run.axisName, window.axis, run.axisUnit]];
    for (const text of this.chosen) {
      const q = evaluateExpression(text, window, this.tables);
      if (q.im === null) columns.push([text, q.re, q.unit]);
      else columns.push([`re(${text})`, q.re, q.unit], [`im(${text})`, q.im, q.unit]);
    }
    const lines = [columns.map(([label, , unit]) => quoted(unit ? `${label} [${unit}]` : label)).join(",")];
    for (let k = 0; k < window.axis.length; k++) lines.push(columns.map(([, values]) => values[k]).join(","));
    saveFile(`${run.label.replace(/[^\w.-]+/g, "_")}.csv`, "text/csv", [lines.join("\n"), "\n"]);
  });
};

Page.prototype.drawAll = function (ctx, width, height) {
  this.panes.forEach((pane, k) => drawPane(ctx, { left: 0, top: k * height, width, height }, pane, pane.view ?? this.view, this.look()));
};

Page.prototype.saveSvg = function () {
  if (!this.panes.length) return;
  const ctx = new SvgContext(800, 250 * this.panes.length);
  this.drawAll(ctx, 800, 250);
  saveFile("waveforms.svg", "image/svg+xml", [ctx.text()]);
};

Page.prototype.savePng = function () {
  if (!this.panes.length) return;
  const canvas = make("canvas");
  [canvas.width, canvas.height] = [1600, 500 * this.panes.length];
  const ctx = canvas.getContext("2d");
  ctx.scale(2, 2);
  this.drawAll(ctx, 800, 250);
  canvas.toBlob((blob) => saveFile("waveforms.png", "image/png", [blob]));
};
