/** Vectors of small integers by place, in one arena; one that grew leaves its old room behind until `clear`. */
const cosineOne = 32_768;

export class Vectors {
  #cells = new Int8Array(1024);
  #end = 0;
  readonly #starts: number[] = [];
  readonly #lengths: number[] = [];
  /** Sums of squares. */
  readonly #squares: number[] = [];

  set(place: number, vector: readonly number[]): void {
    const length = vector.length;
    if (length > (this.#lengths[place] ?? 0)) {
      this.#starts[place] = this.#end;
      this.#end += length;
      this.#reserve();
    }
    this.#lengths[place] = length;
    const start = this.#starts[place] ?? 0;
    let squares = 0;
    for (let i = 0; i < length; i++) {
      this.#cells[start + i] = vector[i]!;
      squares += vector[i]! * vector[i]!;
    }
    this.#starts[place] = start;
    this.#squares[place] = squares;
  }

  clear(): void {
    this.#end = 0;
    for (const list of [this.#starts, this.#lengths, this.#squares]) list.length = 0;
  }

  /**
   * In 1/32768; 0 of vectors of another length, of none, or that point away. The sums are exact, the product and
   * the square root are rounded by IEEE 754.
   */
  cosine(a: number, b: number): number {
    const length = this.#lengths[a]!;
    if (length === 0 || length !== this.#lengths[b]) return 0;
    const [cells, atA, atB] = [this.#cells, this.#starts[a]!, this.#starts[b]!];
    let dot = 0;
    for (let i = 0; i < length; i++) dot += cells[atA + i]! * cells[atB + i]!;
    if (dot <= 0) return 0;
    return Math.floor((cosineOne * dot) / Math.sqrt(this.#squares[a]! * this.#squares[b]!));
  }

  #reserve(): void {
    if (this.#end <= this.#cells.length) return;
    const grown = new Int8Array(Math.max(this.#end, Math.ceil(this.#cells.length * 1.5)));
    grown.set(this.#cells);
    this.#cells = grown;
  }
}
