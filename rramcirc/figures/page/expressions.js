// Arithmetic on signals, the grammar of rramcirc.analysis.expressions: (v(bl0) - v(sl0)) / i(bl0), 50u, v(a,b).
//
// A quantity is {re, im, unit}: re and im are a number or a Float64Array; im is null for real values. A scope has
// axisName, axisUnit, axis (Float64Array), names, find(name), get(name) -> quantity.

const FUNCTIONS = {
  abs: (z) => (z.im === null ? map(z.re, Math.abs) : pairwise(z.re, z.im, Math.hypot)),
  log10: (z) => complexOr(z, Math.log10, (a, b) => [Math.log10(Math.hypot(a, b)), Math.atan2(b, a) / Math.LN10]),
  sqrt: (z) => complexOr(z, Math.sqrt, complexRoot),
  exp: (z) => complexOr(z, Math.exp, (a, b) => [Math.exp(a) * Math.cos(b), Math.exp(a) * Math.sin(b)]),
};
const ATOM_NUMBER = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+(?![A-Za-z\d]))?[A-Za-z\u00b5\u03bc]*/y;
const ATOM_WORD = /@?[\p{L}_][\p{L}\p{N}_.#:]*/uy;
const LONGEST_TEXT = 2000;
const DEEPEST = 200;

function map(x, f) {
  return typeof x === "number" ? f(x) : Float64Array.from(x, f);
}

function pairwise(x, y, f) {
  if (typeof x === "number" && typeof y === "number") return f(x, y);
  const n = typeof x === "number" ? y.length : x.length;
  const out = new Float64Array(n);
  if (typeof x === "number") for (let k = 0; k < n; k++) out[k] = f(x, y[k]);
  else if (typeof y === "number") for (let k = 0; k < n; k++) out[k] = f(x[k], y);
  else for (let k = 0; k < n; k++) out[k] = f(x[k], y[k]);
  return out;
}

/** Apply a real function, or a complex one that returns [re, im]. */
function complexOr(z, real, complex) {
  if (z.im === null) return { re: map(z.re, real), im: null };
  return { re: pairwise(z.re, z.im, (a, b) => complex(a, b)[0]), im: pairwise(z.re, z.im, (a, b) => complex(a, b)[1]) };
}

function complexRoot(a, b) {
  const size = Math.hypot(a, b);
  if (size === 0) return [0, b];
  const half = Math.sqrt((size + Math.abs(a)) / 2);
  const other = b / (2 * half);
  return a >= 0 ? [half, other] : [Math.abs(other), Object.is(b, -0) || b < 0 ? -half : half];
}

function complexDivide(a, b, c, d) {
  if (Math.abs(c) >= Math.abs(d)) {
    const ratio = d / c, scale = c + d * ratio;
    return [(a + b * ratio) / scale, (b - a * ratio) / scale];
  }
  const ratio = c / d, scale = c * ratio + d;
  return [(a * ratio + b) / scale, (b * ratio - a) / scale];
}

function complexPower(a, b, c, d) {
  if (d === 0 && Number.isInteger(c) && Math.abs(c) < 100) {
    let re = 1, im = 0;
    for (let k = 0; k < Math.abs(c); k++) [re, im] = [re * a - im * b, re * b + im * a];
    return c < 0 ? complexDivide(1, 0, re, im) : [re, im];
  }
  if (a === 0 && b === 0) return c > 0 ? [0, 0] : [NaN, NaN];
  const logarithm = Math.log(Math.hypot(a, b)), angle = Math.atan2(b, a);
  const size = Math.exp(c * logarithm - d * angle), turn = d * logarithm + c * angle;
  return [size * Math.cos(turn), size * Math.sin(turn)];
}

const OPERATORS = {
  "+": [(x, y) => x + y, (a, b, c, d) => [a + c, b + d]],
  "-": [(x, y) => x - y, (a, b, c, d) => [a - c, b - d]],
  "*": [(x, y) => x * y, (a, b, c, d) => [a * c - b * d, a * d + b * c]],
  "/": [(x, y) => x / y, complexDivide],
  "**": [(x, y) => (x === 1 ? 1 : x ** y), complexPower],
};

function combine(sign, left, right) {
  const [real, complex] = OPERATORS[sign];
  if (left.im === null && right.im === null) return { re: pairwise(left.re, right.re, real), im: null };
  const parts = [left.re, left.im ?? 0, right.re, right.im ?? 0];
  const n = parts.reduce((most, part) => Math.max(most, typeof part === "number" ? 0 : part.length), 0);
  const at = (part, k) => (typeof part === "number" ? part : part[k]);
  const re = new Float64Array(n || 1), im = new Float64Array(n || 1);
  for (let k = 0; k < (n || 1); k++) [re[k], im[k]] = complex(...parts.map((part) => at(part, k)));
  return n ? { re, im } : { re: re[0], im: im[0] };
}

function unitOf(sign, left, right, text, tables) {
  const a = left.unit, b = right.unit;
  if (sign === "+" || sign === "-") {
    if (a && b && a !== b) throw new PageError(`expression '${text}' adds or subtracts ${a} and ${b}.`);
    return a || b;
  }
  if (sign === "*") return a && b ? (tables.products[[a, b].sort().join("*")] ?? "") : a || b;
  if (sign === "/") return a === b ? "" : (tables.quotients[`${a}/${b}`] ?? (b ? "" : a));
  const exponent = typeof right.re === "number" && right.im === null ? right.re : 0;
  if (exponent === 1) return a;
  return exponent === 2 && (a === "V" || a === "A") ? `${a}^2` : "";
}

function splitArguments(text) {
  const parts = [];
  let depth = 0, start = 0;
  for (let k = 0; k < text.length; k++) {
    depth += "([".includes(text[k]) - ")]".includes(text[k]);
    if (text[k] === "," && depth === 0) {
      parts.push(text.slice(start, k));
      start = k + 1;
    }
  }
  return [...parts, text.slice(start)].map((part) => part.trim());
}

/** Return the place of the bracket that closes the one at `opening`. */
function closing(text, opening) {
  let depth = 0;
  for (let k = opening; k < text.length; k++) {
    depth += "([".includes(text[k]) - ")]".includes(text[k]);
    if (depth === 0) return k;
  }
  throw new PageError(`'${text}': '${text.slice(opening)}' has no closing bracket.`);
}

class Parser {
  constructor(text, scope, tables) {
    this.text = text;
    this.scope = scope;
    this.tables = tables;
    this.tokens = this.split();
    this.place = 0;
    this.depth = 0;
  }

  /** Return the tokens: {sign}, {call} or {value}. */
  split() {
    const tokens = [];
    for (let k = 0; k < this.text.length; ) {
      const [atom, isCall] = this.atomAt(k);
      if (atom) {
        tokens.push(isCall ? { call: atom.toLowerCase() } : { value: this.quantity(atom) });
        k += atom.length;
        continue;
      }
      const sign = this.text.startsWith("**", k) ? "**" : this.text[k];
      if (!/\s/.test(sign)) {
        if (!"+-*/(),".includes(sign[0])) {
          const hint = sign === "^" ? " Write ** for a power." : "";
          throw new PageError(`expression '${this.text}': '${sign}' is not allowed.${hint}`);
        }
        tokens.push({ sign });
      }
      k += sign.length;
    }
    return tokens;
  }

  atomAt(k) {
    const { text, scope } = this;
    ATOM_NUMBER.lastIndex = ATOM_WORD.lastIndex = k;
    const number = ATOM_NUMBER.exec(text);
    if (number) return [number[0], false];
    const axis = scope.axisName;
    const here = text.slice(k, k + axis.length);
    if (axis && here.toLowerCase() === axis.toLowerCase() && !/^[\p{L}\p{N}_.#:[(]/u.test(text.slice(k + axis.length))) {
      return [here, false];
    }
    const word = ATOM_WORD.exec(text);
    if (!word) return ["", false];
    const end = k + word[0].length;
    const opening = /^\s*[([]/.exec(text.slice(end));
    if (!opening) return [word[0], false];
    if (opening[0].endsWith("(") && Object.hasOwn(FUNCTIONS, word[0].toLowerCase())) return [word[0], true];
    return [text.slice(k, closing(text, end + opening[0].length - 1) + 1), false];
  }

  quantity(atom) {
    ATOM_NUMBER.lastIndex = 0;
    if (ATOM_NUMBER.test(atom)) {
      return { re: parseNumber(atom, "", `expression '${this.text}'`, this.tables), im: null, unit: "" };
    }
    const found = this.scope.find(atom);
    if (found !== null) return this.scope.get(found);
    const head = atom.split("(")[0].trim().toLowerCase();
    const nodes = atom.endsWith(")") ? splitArguments(atom.slice(atom.indexOf("(") + 1, -1)) : [];
    if (head === "v" && nodes.length === 2) {
      const [plus, minus] = nodes.map((node) => (["0", "gnd"].includes(node.toLowerCase()) ? ZERO : this.known(`v(${node})`)));
      return { ...combine("-", plus, minus), unit: "V" };
    }
    return this.known(atom);
  }

  known(name) {
    const found = this.scope.find(name);
    if (found === null) throw new PageError(`expression '${this.text}': no signal '${name}'.`);
    return this.scope.get(found);
  }

  take(sign) {
    if (this.tokens[this.place]?.sign !== sign) return false;
    this.place++;
    return true;
  }

  fail() {
    throw new PageError(`expression '${this.text}' cannot be read.`);
  }

  whole() {
    const value = this.sum();
    if (this.place < this.tokens.length) this.fail();
    return value;
  }

  binary(left, sign, right) {
    return { ...combine(sign, left, right), unit: unitOf(sign, left, right, this.text, this.tables) };
  }

  sum() {
    let left = this.product();
    for (let sign; (sign = ["+", "-"].find((s) => this.take(s))); ) left = this.binary(left, sign, this.product());
    return left;
  }

  product() {
    let left = this.signed();
    for (let sign; (sign = ["*", "/"].find((s) => this.take(s))); ) left = this.binary(left, sign, this.signed());
    return left;
  }

  signed() {
    if (++this.depth > DEEPEST) throw new PageError(`expression '${this.text.slice(0, 40)}'... is nested too deeply.`);
    let value;
    if (this.take("+")) value = this.signed();
    else if (this.take("-")) {
      const inner = this.signed();
      const negative = (x) => (x === null ? null : map(x, (one) => -one));
      value = { re: negative(inner.re), im: negative(inner.im), unit: inner.unit };
    } else value = this.power();
    this.depth--;
    return value;
  }

  power() {
    const base = this.atom();
    return this.take("**") ? this.binary(base, "**", this.signed()) : base;
  }

  atom() {
    const token = this.tokens[this.place++];
    if (token?.value) return token.value;
    if (token?.call) {
      if (!this.take("(")) this.fail();
      const value = this.sum();
      if (!this.take(")")) this.fail();
      const result = FUNCTIONS[token.call](value);
      const squared = value.unit.endsWith("^2") ? value.unit.slice(0, -2) : "";
      const unit = { abs: value.unit, sqrt: squared }[token.call] ?? "";
      return result.re === undefined ? { re: result, im: null, unit } : { ...result, unit };
    }
    if (token?.sign !== "(") this.fail();
    const value = this.sum();
    if (!this.take(")")) this.fail();
    return value;
  }
}

const ZERO = { re: 0, im: null, unit: "V" };

/** Return the quantity of an expression, as long as the axis. */
function evaluateExpression(text, scope, tables) {
  if (!text.trim() || text.length > LONGEST_TEXT) throw new PageError("an expression such as 'v(bl3)*i(bl3)' is expected.");
  const value = new Parser(text, scope, tables).whole();
  const full = (x) => (typeof x === "number" ? new Float64Array(scope.axis.length).fill(x) : x);
  return { re: full(value.re), im: value.im === null ? null : full(value.im), unit: value.unit };
}

function escapeRegex(text) {
  return text.replace(/[.*+?^${}()|[\]\\\/-]/g, "\\$&");
}

/** Return the regular expression of a glob pattern in which only * and ? are special. */
function globRegex(pattern) {
  const bare = pattern.replace(/\s+/g, "").toLowerCase();
  return new RegExp(`^${[...bare].map((c) => ({ "*": ".*", "?": "." })[c] ?? escapeRegex(c)).join("")}$`, "s");
}

/** Return the names that fit a glob pattern. */
function selectNames(pattern, scope) {
  const fits = globRegex(pattern);
  const hits = [...scope.names, scope.axisName].filter((name) => fits.test(name.replace(/\s+/g, "").toLowerCase()));
  return hits.filter((name) => scope.names.includes(name) || hits.length === 1);
}

/** Return one spelling for the several in which ngspice writes the same vector. */
function normaliseVector(name) {
  name = name.replace(/\s+/g, "").toLowerCase().replace(/\[(\d+)_(\d+)\]/g, "[$1,$2]");
  const inner = /^[vi]\(.*\)$/s.test(name) ? name.slice(2, -1) : "";
  if (inner.startsWith("@") || inner.endsWith("-sweep")) return inner;
  if (name.endsWith("#branch")) return `i(${name.slice(0, -7)})`;
  if (name.includes("#") && !name.includes("(") && !name.startsWith("@")) return `v(${name})`;
  return name;
}
