/**
 * The newest view of one kind of a tenant, made by the view thread. Law: no answer after an erasure is made with
 * a view that knew what was erased. So the view is dropped with the erasure, a solve that was under way comes to
 * nothing, and until the next one is through answers are made without, from what forgets at once.
 */
export class NewestView<V> {
  readonly #solve: (seq: number, now: number) => Promise<V>;
  readonly #everyMs: number;
  #view: V | undefined;
  #askedAt = -Infinity;
  #isAsked = false;
  /** What the sums of the view were: the same again need no other one. */
  #stamp: string | undefined;
  /** Goes up with every erasure: a view asked for before one is out of date when it comes. */
  #erasures = 0;

  constructor(solve: (seq: number, now: number) => Promise<V>, everyMs: number) {
    this.#solve = solve;
    this.#everyMs = everyMs;
  }

  get view(): V | undefined {
    return this.#view;
  }

  /** When it was asked for last (ms); -Infinity: never. */
  get askedAt(): number {
    return this.#askedAt;
  }

  /**
   * Asks for a view of the sums at commit `seq` if it is time and they moved since `stamp` was that of the last one.
   * Never in the middle of a commit. Says whether it asked.
   */
  ask(stamp: string, seq: number, now: number): boolean {
    const isDue = this.#view === undefined || now - this.#askedAt >= this.#everyMs;
    if (this.#isAsked || !isDue) return false;
    if (this.#view !== undefined && this.#stamp === stamp) return false;
    this.#isAsked = true;
    this.#askedAt = now;
    this.#stamp = stamp;
    const erasures = this.#erasures;
    this.#solve(seq, now).then(
      (view) => {
        this.#isAsked = false;
        if (erasures === this.#erasures) this.#view = view;
      },
      // The thread is gone and says so to whoever asks for digests. Answers go on without it.
      () => (this.#view = undefined),
    );
    return true;
  }

  drop(): void {
    this.#erasures += 1;
    this.#view = undefined;
  }
}
