// Panes drawn on a canvas, or through SvgContext into a file: ticks, lines, envelopes, cursors.

const MARGIN = { left: 78, right: 14, top: 10, bottom: 40 };
const LEGEND = { line: 28, gap: 16, height: 17, rows: 2 }; // pixel; most rows
const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C564B", "#7F7F7F"];
const DASHES = [[], [6, 3], [2, 2], [8, 3, 2, 3]];

/** The part of a canvas context that the panes use, written as SVG. */
class SvgContext {
  constructor(width, height) {
    Object.assign(this, { width, height, body: [], path: "", dash: "", clips: 0, open: 0, stack: [] });
    Object.assign(this, { strokeStyle: "#000", fillStyle: "#000", lineWidth: 1, globalAlpha: 1, font: "12px sans-serif", textAlign: "left", textBaseline: "alphabetic" });
  }

  static escape(text) {
    const signs = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
    return String(text).replace(/[&<>"']/g, (c) => signs[c]).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "");
  }

  save() { this.stack.push(this.open); }
  restore() {
    for (const before = this.stack.pop(); this.open > before; this.open--) this.body.push("</g>");
  }
  beginPath() { this.path = ""; }
  moveTo(x, y) { this.path += `M${x.toFixed(2)} ${y.toFixed(2)}`; }
  lineTo(x, y) { this.path += `L${x.toFixed(2)} ${y.toFixed(2)}`; }
  rect(x, y, w, h) { this.path += `M${x} ${y}h${w}v${h}h${-w}z`; }
  setLineDash(dash) { this.dash = dash.length ? ` stroke-dasharray="${dash.join(" ")}"` : ""; }
  stroke() {
    this.body.push(`<path d="${this.path}" fill="none" stroke="${this.strokeStyle}" stroke-width="${this.lineWidth}" opacity="${this.globalAlpha}"${this.dash}/>`);
  }
  clip() {
    this.body.push(`<clipPath id="c${++this.clips}"><path d="${this.path}"/></clipPath><g clip-path="url(#c${this.clips})">`);
    this.open++;
  }
  fillRect(x, y, w, h) {
    this.body.push(`<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="${this.fillStyle}" opacity="${this.globalAlpha}"/>`);
  }
  strokeRect(x, y, w, h) {
    this.body.push(`<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="none" stroke="${this.strokeStyle}"/>`);
  }
  move(x, y, turn) {
    this.body.push(`<g transform="translate(${x} ${y}) rotate(${turn})">`);
    this.open++;
  }
  fillText(text, x, y) {
    const anchor = { left: "start", center: "middle", right: "end" }[this.textAlign];
    const baseline = { middle: "central", top: "hanging", alphabetic: "auto", bottom: "auto" }[this.textBaseline];
    const size = /(\d+)px/.exec(this.font)[1];
    this.body.push(`<text x="${x}" y="${y}" fill="${this.fillStyle}" font-size="${size}" font-family="sans-serif" text-anchor="${anchor}" dominant-baseline="${baseline}">${SvgContext.escape(text)}</text>`);
  }
  text() {
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${this.width}" height="${this.height}" viewBox="0 0 ${this.width} ${this.height}">${this.body.join("\n")}</svg>\n`;
  }
}

/** Return the map from values to pixels of one axis. */
function axisScale(low, high, from, to, logarithmic) {
  const f = logarithmic ? Math.log10 : (x) => x;
  const a = f(low), b = f(high), factor = (to - from) / (b - a || 1);
  return {
    low, high, from, to, logarithmic,
    pixel: (x) => from + (f(x) - a) * factor,
    value: (p) => (logarithmic ? 10 ** (a + (p - from) / factor) : a + (p - from) / factor),
  };
}

/** Return places of ticks of a scale, about one every so many pixels. */
function ticks(scale, spacing) {
  const { low, high, logarithmic } = scale;
  const count = Math.max(3, Math.floor(Math.abs(scale.to - scale.from) / spacing));
  if (logarithmic && high / low > 8) {
    const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9);
    const step = Math.max(1, Math.ceil((last - first + 1) / count));
    return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, k) => 10 ** (first + k * step));
  }
  const rough = (high - low) / count;
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((one) => one >= rough * 0.999);
  const first = Math.ceil(low / step - 1e-9), last = Math.floor(high / step + 1e-9);
  if (last - first > 200) return [low, high];
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, k) => (first + k) * step);
}

/** Write the values of ticks with as many digits as tell them apart. */
function tickTexts(values, scale) {
  const step = values.length > 1 ? Math.abs(values[1] - values[0]) : 0;
  const size = Math.max(...values.map(Math.abs), 0);
  const digits = step > 0 && !(scale.logarithmic && values.length > 1 && values[1] / values[0] > 5) ? Math.min(15, Math.max(3, 1 + Math.ceil(Math.log10(size / step + 1)))) : 3;
  return values.map((value) => general(Math.abs(value) < step * 1e-6 ? 0 : value, digits));
}

/** Return [least, greatest] of what a trace shows between two places; null if nothing. */
function visibleRange(data, view, positive) {
  let low = Infinity, high = -Infinity;
  const take = (a, b) => {
    if (a < low && (!positive || a > 0)) low = a;
    if (b > high && (!positive || b > 0)) high = b;
  };
  if (data.edges) {
    for (let k = 0; k < data.low.length; k++) if (data.edges[k + 1] >= view[0] && data.edges[k] <= view[1]) take(data.low[k], data.high[k]);
  } else {
    const [first, last] = data.rising ? [Math.max(0, search(data.x, view[0]) - 1), Math.min(data.x.length, search(data.x, view[1], true) + 1)] : [0, data.x.length];
    for (let k = first; k < last; k++) if (Number.isFinite(data.y[k]) && (data.rising || (data.x[k] >= view[0] && data.x[k] <= view[1]))) take(data.y[k], data.y[k]);
  }
  return high >= low ? [low, high] : null;
}

/** Return the range of the y axis: what is visible, with a little room. */
function verticalRange(traces, view, logarithmic) {
  const ranges = traces.map((trace) => visibleRange(trace.data, view, logarithmic)).filter(Boolean);
  if (!ranges.length) return logarithmic ? [0.1, 1] : [0, 1];
  const low = Math.min(...ranges.map((r) => r[0])), high = Math.max(...ranges.map((r) => r[1]));
  if (logarithmic) return low === high ? [low / 2, high * 2] : [low * (low / high) ** 0.04, high * (high / low) ** 0.04];
  const room = high > low ? 0.06 * (high - low) : 0.1 * Math.abs(high) || 1;
  return [low - room, high + room];
}

/** Draw every point of a curve, or of a dense one first, least, greatest and last of each pixel: the same picture. */
function drawLine(ctx, data, x, y) {
  const { rising } = data;
  const from = rising ? Math.max(0, search(data.x, x.low) - 1) : 0;
  const to = rising ? Math.min(data.x.length, search(data.x, x.high, true) + 1) : data.x.length;
  const width = Math.abs(x.to - x.from);
  ctx.beginPath();
  let pen = false;
  const line = (px, py) => {
    if (!Number.isFinite(px) || !Number.isFinite(py)) pen = false;
    else if (pen) ctx.lineTo(px, py);
    else {
      ctx.moveTo(px, py);
      pen = true;
    }
  };
  if (!rising || to - from <= 4 * width) {
    for (let k = from; k < to; k++) line(x.pixel(data.x[k]), y.pixel(data.y[k]));
  } else {
    for (let k = from; k < to; ) {
      const px = Math.floor(x.pixel(data.x[k]));
      let low = Infinity, high = -Infinity, j = k;
      for (; j < to && Math.floor(x.pixel(data.x[j])) === px; j++) {
        if (data.y[j] < low) low = data.y[j];
        if (data.y[j] > high) high = data.y[j];
      }
      for (const one of [data.y[k], low, high, data.y[j - 1]]) line(px + 0.5, y.pixel(one));
      k = Math.max(j, k + 1);
    }
  }
  ctx.stroke();
}

/** Draw a thinned curve: in every pixel from the least to the greatest value of the pieces that touch it. */
function drawEnvelope(ctx, data, x, y) {
  const width = Math.ceil(x.to - x.from);
  const low = new Float64Array(width + 1).fill(Infinity), high = new Float64Array(width + 1).fill(-Infinity);
  for (let k = 0; k < data.low.length; k++) {
    const begin = Math.min(data.edges[k], data.edges[k + 1]), end = Math.max(data.edges[k], data.edges[k + 1]);
    if (end < x.low || begin > x.high || !(data.high[k] >= data.low[k])) continue;
    const first = Math.max(0, Math.floor(x.pixel(Math.max(begin, x.low)) - x.from));
    const last = Math.min(width, Math.floor(x.pixel(Math.min(end, x.high)) - x.from));
    for (let p = first; p <= last; p++) {
      if (data.low[k] < low[p]) low[p] = data.low[k];
      if (data.high[k] > high[p]) high[p] = data.high[k];
    }
  }
  ctx.fillStyle = ctx.strokeStyle;
  for (let p = 0; p <= width; p++) {
    if (!(high[p] >= low[p])) continue;
    if (low[p + 1] > high[p] && low[p + 1] < Infinity) high[p] = low[p + 1]; // the line goes on in the next pixel
    if (high[p + 1] < low[p] && high[p + 1] > -Infinity) low[p] = high[p + 1];
    const top = y.pixel(high[p]), bottom = y.pixel(low[p]);
    if (Number.isFinite(top) && Number.isFinite(bottom)) ctx.fillRect(x.from + p, top - 0.7, 1, Math.max(1.4, bottom - top + 1.4));
  }
}

/** Draw dots at (x, y): a raster of spikes. */
function drawDots(ctx, data, x, y) {
  ctx.fillStyle = ctx.strokeStyle;
  for (let k = 0; k < data.x.length; k++) {
    if (data.x[k] >= x.low && data.x[k] <= x.high) ctx.fillRect(x.pixel(data.x[k]) - 1, y.pixel(data.y[k]) - 3, 2, 6);
  }
}

/** Return rows of [trace, text, left] that name the curves of a pane, within a width; what has no room is counted. */
function legendRows(traces, width) {
  const size = (text) => LEGEND.line + 6.8 * text.length + LEGEND.gap; // SVG cannot measure texts
  const rows = [[]];
  let left = 0;
  for (let k = 0; k < traces.length; k++) {
    const label = traces[k].label, text = label.length > 36 ? `${label.slice(0, 35)}\u2026` : label;
    const more = `and ${traces.length - k} more`;
    const last = rows.length === LEGEND.rows && left + size(text) + (k + 1 < traces.length ? size(more) : 0) > width;
    if (last && left) {
      rows.at(-1).push([null, more, left]);
      return rows;
    }
    if (left && left + size(text) > width) {
      rows.push([]);
      left = 0;
    }
    rows.at(-1).push([traces[k], text, left]);
    left += size(text);
  }
  return rows;
}

/** Draw the names of the curves above a pane, where they cover nothing. */
function drawLegend(ctx, rows, left, top, look) {
  ctx.font = "12px sans-serif";
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  rows.forEach((row, k) => {
    const middle = top + LEGEND.height * (k + 0.5);
    for (const [trace, text, place] of row) {
      if (trace) {
        ctx.strokeStyle = trace.colour;
        ctx.lineWidth = 2;
        ctx.setLineDash(trace.dash);
        ctx.beginPath();
        ctx.moveTo(left + place, middle);
        ctx.lineTo(left + place + LEGEND.line - 6, middle);
        ctx.stroke();
      }
      ctx.setLineDash([]);
      ctx.fillStyle = look.text;
      ctx.fillText(text, left + place + (trace ? LEGEND.line : 0), middle);
    }
  });
}

/** Draw a pane into a box {left, top, width, height}; return its scales. */
function drawPane(ctx, box, pane, view, look) {
  const legend = legendRows(pane.traces, box.width - MARGIN.left - MARGIN.right);
  const above = MARGIN.top + (pane.traces.length ? LEGEND.height * legend.length : 0);
  const inner = { left: box.left + MARGIN.left, top: box.top + above, right: box.left + box.width - MARGIN.right, bottom: box.top + box.height - MARGIN.bottom };
  const range = pane.range ?? verticalRange(pane.traces, view, pane.logY);
  const x = axisScale(view[0], view[1], inner.left, inner.right, pane.logX);
  const y = axisScale(range[0], range[1], inner.bottom, inner.top, pane.logY);
  ctx.save();
  ctx.fillStyle = look.back;
  ctx.globalAlpha = 1;
  ctx.fillRect(box.left, box.top, box.width, box.height);
  drawGrid(ctx, inner, x, y, pane, look);
  drawLegend(ctx, legend, inner.left, box.top + MARGIN.top / 2, look);
  ctx.save();
  ctx.beginPath();
  ctx.rect(inner.left, inner.top, inner.right - inner.left, inner.bottom - inner.top);
  ctx.clip();
  for (const trace of pane.traces) {
    ctx.strokeStyle = trace.colour;
    ctx.lineWidth = trace.bold ? 3.2 : 1.4;
    ctx.setLineDash(trace.dash);
    if (pane.dots) drawDots(ctx, trace.data, x, y);
    else (trace.data.edges ? drawEnvelope : drawLine)(ctx, trace.data, x, y);
  }
  ctx.setLineDash([]);
  drawCursors(ctx, inner, x, pane.cursors ?? {}, look);
  ctx.restore();
  ctx.restore();
  return { x, y, inner };
}

function drawGrid(ctx, inner, x, y, pane, look) {
  ctx.font = "12px sans-serif";
  ctx.lineWidth = 1;
  ctx.setLineDash([]);
  const [scaleX, prefixX] = pane.logX ? [1, ""] : siScale(Math.max(Math.abs(x.low), Math.abs(x.high)), pane.xUnit, look.tables);
  const [scaleY, prefixY] = pane.logY ? [1, ""] : siScale(Math.max(Math.abs(y.low), Math.abs(y.high)), pane.unit, look.tables);
  const across = ticks(x, 90), up = ticks(y, 32);
  ctx.strokeStyle = look.grid;
  ctx.beginPath();
  for (const value of across) {
    const p = Math.round(x.pixel(value)) + 0.5;
    ctx.moveTo(p, inner.top);
    ctx.lineTo(p, inner.bottom);
  }
  for (const value of up) {
    const p = Math.round(y.pixel(value)) + 0.5;
    ctx.moveTo(inner.left, p);
    ctx.lineTo(inner.right, p);
  }
  ctx.stroke();
  ctx.strokeStyle = ctx.fillStyle = look.text;
  ctx.strokeRect(inner.left + 0.5, inner.top + 0.5, inner.right - inner.left, inner.bottom - inner.top);
  ctx.textAlign = "center";
  ctx.textBaseline = "top";
  tickTexts(across.map((v) => v / scaleX), x).forEach((text, k) => ctx.fillText(text, x.pixel(across[k]), inner.bottom + 5));
  ctx.fillText(axisText(pane.xName, `${prefixX}${pane.xUnit}`), (inner.left + inner.right) / 2, inner.bottom + 22);
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  tickTexts(up.map((v) => v / scaleY), y).forEach((text, k) => ctx.fillText(text, inner.left - 6, y.pixel(up[k])));
  ctx.save();
  turned(ctx, inner.left - 64, (inner.top + inner.bottom) / 2);
  ctx.textAlign = "center";
  ctx.fillText(axisText(pane.title, `${prefixY}${pane.unit}`), 0, 0);
  ctx.restore();
}

function axisText(name, unit) {
  return unit ? `${name} [${unit}]` : name;
}

function turned(ctx, x, y) {
  if (ctx.move) ctx.move(x, y, -90);
  else {
    ctx.translate(x, y);
    ctx.rotate(-Math.PI / 2);
  }
}

function drawCursors(ctx, inner, x, cursors, look) {
  for (const [name, place] of Object.entries(cursors)) {
    if (place === null || place < x.low || place > x.high) continue;
    const p = x.pixel(place);
    ctx.strokeStyle = ctx.fillStyle = look.cursor;
    ctx.lineWidth = 1;
    ctx.setLineDash([4, 3]);
    ctx.beginPath();
    ctx.moveTo(p, inner.top);
    ctx.lineTo(p, inner.bottom);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.textAlign = "left";
    ctx.textBaseline = "top";
    ctx.fillText(name, p + 3, inner.top + 2);
  }
}
