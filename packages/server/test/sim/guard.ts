/**
 * While a simulation runs, the wall clock and unseeded chance throw when core asks for them, and payloads that
 * name the present life of the engine as one that cannot digest them do not parse.
 */
const isCore = /\/src\/core\//;

export class Guard {
  /** Number of the engine's life, from 1. A payload with `"indigestible":n` fails in life n alone. */
  life = 0;
  /** What core asked for; what it makes of the refusal is its own affair. */
  readonly refused = new Set<string>();
  readonly #now = Date.now;
  readonly #random = Math.random;
  readonly #parse = JSON.parse;

  stand(): void {
    Date.now = () => {
      this.#refuse("Date.now");
      return this.#now.call(Date);
    };
    Math.random = () => {
      this.#refuse("Math.random");
      return this.#random.call(Math);
    };
    JSON.parse = (text, reviver) => {
      if (text.includes(`"indigestible":${this.life},`)) throw new Error("indigestible");
      return this.#parse.call(JSON, text, reviver) as unknown;
    };
  }

  #refuse(name: string): void {
    const error = new Error(`core asked for ${name}`);
    if (!isCore.test(error.stack ?? "")) return;
    this.refused.add(error.message);
    throw error;
  }

  leave(): void {
    Date.now = this.#now;
    Math.random = this.#random;
    JSON.parse = this.#parse;
  }
}
