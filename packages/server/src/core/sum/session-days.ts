/**
 * Sessions counted by the UTC day they began on, and the day of the middle one: the yardstick of a session's
 * age that fits a shop of one week and an archive of ten years alike, and that one stray date cannot move.
 * The middle is a function of the counts; that it is found by stepping from where it last was is layout.
 */
export class SessionDays {
  readonly #counts = new Map<number, number>();
  #total = 0;
  #day = 0;
  /** Sessions on days before `#day`. */
  #below = 0;

  add(day: number, delta: number): void {
    const count = (this.#counts.get(day) ?? 0) + delta;
    if (count === 0) this.#counts.delete(day);
    else this.#counts.set(day, count);
    if (this.#total === 0) {
      this.#day = day;
      this.#below = 0;
    } else if (day < this.#day) {
      this.#below += delta;
    }
    this.#total += delta;
  }

  /** Day of the middle session, the earlier of two; 0 when there is none. */
  middle(): number {
    if (this.#total === 0) return 0;
    const half = (this.#total - 1) >>> 1;
    while (this.#below > half) {
      this.#day--;
      this.#below -= this.#counts.get(this.#day) ?? 0;
    }
    for (;;) {
      const count = this.#counts.get(this.#day) ?? 0;
      if (this.#below + count > half) return this.#day;
      this.#below += count;
      this.#day++;
    }
  }
}
