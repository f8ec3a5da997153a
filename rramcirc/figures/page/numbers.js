// Numbers as users write and read them: SI suffixes in, SI prefixes out. The tables come from rramcirc.basics.units.

class PageError extends Error {}

const NUMBER = /^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,5})?)\s*([^\s\d.]*)\s*$/;

/** Split what follows the digits into [power of ten, unit]; null if it cannot be read. */
function splitSuffix(rest, unit, tables) {
  if (rest === "") return [0, ""];
  rest = rest.normalize("NFKC").replaceAll("\u03bc", "u");
  if (rest === unit && (unit === "A" || unit === "K")) return [0, unit];
  for (let length = Math.min(3, rest.length); length >= 0; length--) {
    const prefix = rest.slice(0, length).toUpperCase();
    const tail = rest.slice(length);
    if (length === 2 || !Object.hasOwn(tables.suffixes, prefix)) continue;
    if (tail === "") return [tables.suffixes[prefix], ""];
    if (Object.hasOwn(tables.spellings, tail)) return [tables.suffixes[prefix], tables.spellings[tail]];
  }
  return null;
}

/** Read a number with an optional suffix and unit, as 100n, 1meg or 20uA. */
function parseNumber(text, unit, name, tables) {
  const wanted = unit ? `a number in ${unit}` : "a number";
  const match = NUMBER.exec(text);
  if (!match) throw new PageError(`${name}: '${text}' is not ${wanted}. Write for example 100n${unit} or 1e-7.`);
  const [, digits, rest] = match;
  if (rest === "F" && unit === "F") throw new PageError(`${name}: '${text}' is ambiguous. Write 1f or 1fF.`);
  if ((rest === "A" || rest === "F") && unit !== "" && unit !== rest) {
    throw new PageError(`${name}: '${text}' is in ${rest}, but ${wanted} is expected.`);
  }
  const split = splitSuffix(rest, unit, tables);
  if (!split) throw new PageError(`${name}: '${text}' has the suffix '${rest}', which is not ${wanted}.`);
  if (split[1] && split[1] !== unit) {
    throw new PageError(`${name}: '${text}' is in ${split[1]}, but ${unit ? wanted : "no unit"} is expected.`);
  }
  const [mantissa, exponent] = digits.toLowerCase().split("e");
  const value = Number(`${mantissa}e${Number(exponent ?? 0) + split[0]}`); // moved in decimal: 100n is 1e-7
  if (!Number.isFinite(value)) throw new PageError(`${name}: '${text}' is no finite number.`);
  return value;
}

/** Write the shortest form of a number with so many digits, as %g does. */
function general(value, digits) {
  if (value === 0 || !Number.isFinite(value)) return Number.isFinite(value) ? "0" : String(value).replace("Infinity", "inf");
  const power = Math.floor(Math.log10(Math.abs(Number(value.toPrecision(digits)))));
  if (power < -5 || power >= digits) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    const short = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
    return `${short}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
  }
  const fixed = value.toFixed(Math.max(0, digits - 1 - power));
  return fixed.includes(".") ? fixed.replace(/\.?0+$/, "") : fixed;
}

/** Return [factor, prefix] so that a magnitude lies between 1 and 1000; units with a prefix of their own keep it. */
function siScale(magnitude, unit, tables) {
  if (!tables.prefixed.includes(unit.split(" ")[0]) || !(magnitude > 0) || !Number.isFinite(magnitude)) return [1, ""];
  const rounded = magnitude * (1 + 5e-10);
  for (const [prefix, power] of tables.prefixes) {
    if (rounded >= Number(`1e${power}`)) return [Number(`1e${power}`), prefix];
  }
  return [1, ""];
}

/** Write a value with an SI prefix and its unit, as 12.5 kohm. */
function formatNumber(value, unit, digits, tables) {
  if (Number.isNaN(value)) return "none";
  const bare = unit === "1" ? "" : unit;
  const [scale, prefix] = siScale(Math.abs(value), bare, tables);
  const tail = `${prefix}${bare}`;
  return `${general(value / scale, digits)}${tail ? ` ${tail}` : ""}`;
}
