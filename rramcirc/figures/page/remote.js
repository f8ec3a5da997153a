// Runs that stay with the server of `rramcirc inspect --serve`: tiles, values and measurements are asked for.

const MOST_ASKED = 100; // measurements in one question, whose address is at most 64 kB long

class Remote {
  constructor() {
    this.turn = 0;
    this.known = new Map();
    this.wanted = [];
    this.asked = -Infinity;
    setInterval(() => this.follow(), 1000);
  }

  async ask(path, query) {
    const parts = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) for (const one of [value].flat()) parts.append(name, one);
    let answer;
    try {
      answer = await fetch(`${path}?${parts}`);
    } catch {
      throw new PageError("the server has ended");
    }
    if (!answer.ok) throw new PageError(await answer.json());
    return answer;
  }

  number(page, run) {
    return page.runs.indexOf(run);
  }

  async check(text) {
    await this.ask("check", { text });
  }

  /** Return the rows of a measurement; all that are wanted at once go in one question, so that tiles need not wait. */
  measure(text, run, view, asked) {
    return new Promise((resolve, reject) => {
      if (!this.wanted.length) queueMicrotask(() => this.measureWanted());
      this.wanted.push({ text, run, view, asked, resolve, reject });
    });
  }

  async measureWanted() {
    const groups = Map.groupBy(this.wanted, (one) => JSON.stringify([one.run.label, one.view, one.asked]));
    this.wanted = [];
    for (const group of groups.values()) for (let k = 0; k < group.length; k += MOST_ASKED) await this.measureTogether(group.slice(k, k + MOST_ASKED));
  }

  async measureTogether(group) {
    const { run, view: [from, to], asked } = group[0];
    const query = { run: this.number(globalThis.rramcirc, run), text: group.map((one) => one.text), from, to, asked: asked ? 1 : 0 };
    try {
      const found = await (await this.ask("measure", query)).json();
      group.forEach((one, k) => {
        if (typeof found[k] === "string") one.reject(new PageError(found[k]));
        else one.resolve(found[k].map(([label, value, unit]) => [label, value ?? NaN, unit]));
      });
    } catch (error) {
      for (const one of group) one.reject(error);
    }
  }

  async valuesAt(run, names, at) {
    const values = [];
    for (let k = 0; k < names.length; k += 500) { // an address is at most 64 kB long
      const query = { run: this.number(globalThis.rramcirc, run), signal: names.slice(k, k + 500), at };
      values.push(...(await (await this.ask("values", query)).json()));
    }
    return values.map((value) => value ?? NaN);
  }

  /** Return a value at a place if it is known; else ask for it and call `then`. */
  valueAt(run, text, at, then) {
    const key = JSON.stringify([run.label, run.points, text, at]);
    if (!this.known.has(key)) {
      if (this.known.size > 1000) this.known.clear();
      this.known.set(key, NaN);
      clearTimeout(this.waiting);
      this.waiting = setTimeout(then, 150);
      this.valuesAt(run, [text], at).then(([value]) => this.known.set(key, value), () => {});
    }
    return this.known.get(key);
  }

  /** Load what the page needs and does not have, then let it draw again. */
  async load(page) {
    const turn = ++this.turn;
    const texts = [...page.chosen];
    const missing = page.runs.filter((run) => !this.fits(run, texts, page.view));
    if (!missing.length) return;
    const soon = performance.now() - this.asked < 100; // of many steps of a wheel the last one counts
    if (soon) await new Promise((resolve) => setTimeout(resolve, 15));
    if (turn !== this.turn) return;
    this.asked = performance.now();
    const [from, to] = page.view, room = 0.3 * (to - from);
    const pixels = Math.round(byId("panes").clientWidth * (window.devicePixelRatio || 1) * 1.6);
    try {
      for (const run of missing) {
        const own = texts.filter((text) => run.find(text) !== null || page.names.every((name) => name !== text));
        const [described, bytes] = await this.numbers("tile", { run: this.number(page, run), from: from - room, to: to + room, pixels, signal: own });
        if (turn !== this.turn) return;
        run.tile = { ...unpackTile(described, bytes), from: described.from, to: described.to, asked: own, width: to - from };
      }
    } catch (error) {
      if (!(error instanceof PageError)) throw error;
      byId("remark").textContent = error.message;
      return;
    }
    page.draw();
    clearTimeout(page.later);
    page.later = setTimeout(() => page.showNumbers(), 60);
  }

  /** Ask for a description with numbers; return it and the bytes that it refers to. */
  async numbers(path, query) {
    const bytes = new Uint8Array(await (await this.ask(path, query)).arrayBuffer());
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    return [JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))), bytes.subarray(8 + length)];
  }

  /** Load the spikes of runs of networks that are not here, then let the page draw again; return whether any are missing. */
  loadSpikes(page) {
    const missing = page.runs.filter((run) => run.spikeCount && !run.spikes);
    for (const run of missing.filter((one) => !one.asked)) {
      run.asked = true;
      this.numbers("spikes", { run: this.number(page, run) }).then(([described, bytes]) => {
        run.spikes = { times: unpackArray(bytes, described.times), neurons: unpackArray(bytes, described.neurons) };
        page.draw();
      }, (error) => { byId("remark").textContent = error.message; });
    }
    return missing.length > 0;
  }

  fits(run, texts, [from, to]) {
    const { tile } = run;
    if (!tile || tile.stale || from < tile.from || to > tile.to) return false;
    return (tile.whole || to - from > 0.6 * tile.width) && texts.every((text) => tile.columns.has(text) || !tile.asked.includes(text) && run.find(text) === null && globalThis.rramcirc.names.includes(text));
  }

  /** Look whether a run has grown; what was shown whole stays shown whole. */
  async follow() {
    const page = globalThis.rramcirc;
    if (!page || page.runs.every((run) => run.complete)) return;
    let found;
    try {
      found = await (await this.ask("state", {})).json();
    } catch (error) {
      if (!(error instanceof PageError)) throw error;
      byId("remark").textContent = error.message;
      return;
    }
    const [low, high] = page.whole();
    const all = page.view[0] <= low && page.view[1] >= high;
    let grown = false;
    found.forEach((now, k) => {
      const run = page.runs[k];
      if (!now || (now.points === run.points && now.complete === run.complete)) return;
      grown = true;
      if (now.spikeCount !== run.spikeCount) Object.assign(run, { spikes: null, asked: false, spikeCount: now.spikeCount });
      Object.assign(run, { points: now.points, from: now.from, to: now.to, complete: now.complete, remark: now.remark });
      if (run.tile) run.tile.stale = true;
    });
    if (!grown) return;
    page.showRuns();
    if (all) page.show(page.whole());
    else page.refresh();
  }
}
