// The schematic beside the panes: made from shapes, its nets and cells buttons that draw their signals.

const SVG = "http://www.w3.org/2000/svg";

/** Make a shape [tag, attributes, text, inner shapes]; texts are texts. */
function makeShape([tag, attributes, text, inner]) {
  const shape = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
  if (text) shape.textContent = text;
  shape.append(...inner.map(makeShape));
  return shape;
}

class Schematic {
  constructor(page, described) {
    this.page = page;
    this.parts = (described?.parts ?? []).map((part) => ({ ...part, signals: part.signals.filter((name) => page.names.includes(name)) }));
    this.known = Boolean(described?.shapes);
    byId("schematic-label").hidden = !this.known;
    byId("schematic").hidden = !this.known;
    byId("schematic-why").textContent = described?.why ? `${described.why}.` : "";
    if (!this.known) return;
    byId("show-schematic").checked = true;
    byId("show-schematic").addEventListener("change", () => this.toggle());
    const [x, y, width, height] = described.box;
    const svg = document.createElementNS(SVG, "svg");
    for (const [name, value] of Object.entries({ viewBox: `${x} ${y} ${width} ${height}`, role: "group", "aria-label": "Schematic: choose nets and cells" })) svg.setAttribute(name, value);
    svg.style.width = `${width}px`;
    byId("views").classList.toggle("wide", width > 1.6 * height);
    svg.append(...described.shapes.map(makeShape), ...this.parts.map((part) => this.makePart(part)));
    byId("drawing").replaceChildren(svg);
  }

  /** Make what can be clicked: lines of a net, or the area of a cell. */
  makePart(part) {
    const path = document.createElementNS(SVG, "path");
    const attributes = { d: part.path, class: part.area ? "part area" : "part net", role: "button", tabindex: "0" };
    for (const [name, value] of Object.entries(attributes)) path.setAttribute(name, value);
    const tell = () => { byId("part").textContent = `${part.name}: ${part.signals.join(", ")}`; };
    for (const kind of ["pointerenter", "focus"]) path.addEventListener(kind, () => { tell(); this.point(part); });
    for (const kind of ["pointerleave", "blur"]) path.addEventListener(kind, () => this.point(null));
    path.addEventListener("click", () => this.choose(part));
    path.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation();
      this.choose(part);
    });
    part.path = path;
    this.name(part);
    return path;
  }

  drawn(part) {
    return part.signals.length > 0 && part.signals.every((name) => this.page.chosen.has(name));
  }

  /** Draw a net besides what is drawn, or no more; of a cell show what is its own, as a click on the map does. */
  choose(part) {
    byId("mode").value = "waves";
    if (part.area) {
      this.page.chosen.clear();
      this.page.choose(part.signals, true);
    } else this.page.choose(part.signals, !this.drawn(part));
  }

  /** Make the curves of a part bold while it is pointed at. */
  point(part) {
    const bold = part ? new Set(part.signals) : null;
    if (bold === null && this.page.bold === null) return;
    this.page.bold = bold;
    if (byId("mode").value === "waves") this.page.draw();
  }

  name(part) {
    part.path.setAttribute("aria-label", `${part.name}: ${part.signals.join(", ")}`);
    part.path.setAttribute("aria-pressed", String(this.drawn(part)));
  }

  toggle() {
    byId("schematic").hidden = !byId("show-schematic").checked;
    this.page.refresh();
  }

  /** Colour every part as the first of its curves. */
  mark(curves) {
    for (const part of this.parts) {
      const curve = curves.find((one) => part.signals.includes(one.text));
      part.path.classList.toggle("drawn", Boolean(curve));
      part.path.style.color = curve ? curve.colour : "";
      this.name(part);
    }
  }
}
