/** A bar on a terminal, silence elsewhere. */
import { duration, grouped, painter } from "../terminal.ts";

const width = 28;
const everyMs = 100;

export class Progress {
  readonly #stream = process.stderr;
  readonly #started = performance.now();
  readonly #from: number;
  readonly #total: number;
  #drawnAt = 0;

  /** `from` of `total` was done before this run; 0 when the total is not known. */
  constructor(total: number, from: number) {
    this.#total = total;
    this.#from = from;
  }

  draw(done: number, events: number): void {
    const now = performance.now();
    if (!this.#stream.isTTY || now - this.#drawnAt < everyMs) return;
    this.#drawnAt = now;
    const elapsedMs = now - this.#started;
    const rate = (events * 1_000) / Math.max(elapsedMs, 1);
    if (this.#total === 0) {
      this.#stream.write(`\r\u001B[2K${grouped(events)} events  ${grouped(rate)}/s`);
      return;
    }
    const part = done / this.#total;
    const full = Math.round(width * part);
    const fresh = done - this.#from;
    const leftMs = fresh <= 0 ? 0 : ((this.#total - done) * elapsedMs) / fresh;
    const paint = painter(this.#stream);
    const bar = paint("cyan", "█".repeat(full)) + paint("dim", "░".repeat(width - full));
    const percent = `${Math.floor(part * 100)}`.padStart(3);
    this.#stream.write(
      `\r\u001B[2K${bar} ${percent} %  ${grouped(events)} events  ${grouped(rate)}/s  ${duration(leftMs)} left`,
    );
  }

  end(): void {
    if (this.#stream.isTTY) this.#stream.write("\r\u001B[2K");
  }
}
