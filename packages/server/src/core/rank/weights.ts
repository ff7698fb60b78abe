/**
 * Committed integer weights for the sources: decay, power and logarithm as tables of whole numbers. They are
 * built from + - * / alone, which IEEE 754 rounds correctly, because Math.exp, log and pow are not rounded
 * alike by all engines and a replayed answer must not differ in its last digit.
 */

/** The number 1 in the tables: 12 bits. */
export const one = 4096;

/** e^-x for x >= 0. */
export function exp(x: number): number {
  let halvings = 0;
  while (x > 0.125) {
    x /= 2;
    halvings++;
  }
  let term = 1;
  let sum = 1;
  for (let i = 1; i < 14; i++) {
    term *= -x / i;
    sum += term;
  }
  for (; halvings > 0; halvings--) sum *= sum;
  return sum;
}

/** ln x for x > 0. */
export function log(x: number): number {
  let doublings = 0;
  for (; x >= 2; x /= 2) doublings++;
  for (; x < 1; x *= 2) doublings--;
  return doublings * ln2 + logNearOne(x);
}

/** ln x for x in 1..2 by the series of the inverse hyperbolic tangent. */
function logNearOne(x: number): number {
  const z = (x - 1) / (x + 1);
  let power = z;
  let sum = 0;
  for (let i = 1; i < 48; i += 2) {
    sum += power / i;
    power *= z * z;
  }
  return 2 * sum;
}

const ln2 = logNearOne(2);

/** `scaled` x e^(-j / scale) for j = 0..length-1, rounded; a scale of 0 means no decay. */
export function fadeTable(scale: number, length: number, scaled = one): Float64Array {
  return Float64Array.from({ length }, (_, j) =>
    scale === 0 ? scaled : Math.round(scaled * exp(j / scale)),
  );
}

/** `one` x n^-power for n = 0..length-1, rounded and at least 1; at 0 as at 1. */
export function powerTable(power: number, length: number): Float64Array {
  return Float64Array.from({ length }, (_, n) =>
    Math.max(1, Math.round(one * exp(power * log(Math.max(1, n))))),
  );
}

/** Steps of an octave in the tables below: .5 % from one to the next. */
const steps = 128;
const octaves = 32;

/** Place of a whole number 1..2^32-1 in a table by octave and step, without a logarithm. */
export function octavePlace(n: number): number {
  const octave = 31 - Math.clz32(n);
  const leading = octave >= 7 ? n >>> (octave - 7) : n << (7 - octave);
  return (octave - 1) * steps + leading;
}

function byOctave(weight: (n: number) => number): Float64Array {
  const table = new Float64Array(octaves * steps);
  let octave = 1;
  for (let place = 0; place < table.length; place++) {
    table[place] = weight(octave * (1 + (place % steps) / steps));
    if (place % steps === steps - 1) octave *= 2;
  }
  return table;
}

/** `one` x ln n by `octavePlace(n)`, rounded. */
export const logByOctave = byOctave((n) => Math.round(one * log(n)));

/** `one` x n^-power by `octavePlace(n)`, rounded and at least 1. */
export function powerByOctave(power: number): Float64Array {
  return byOctave((n) => Math.max(1, Math.round(one * exp(power * log(n)))));
}
