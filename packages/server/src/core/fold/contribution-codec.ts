import { assert } from "../../base/assert.ts";
import { ByteReader, ByteWriter } from "../../base/bytes.ts";
import {
  audienceCounts,
  audiences,
  type Contribution,
  type Named,
  rankerHeads,
  rewardOutcomes,
  rewardSlices,
  type ShownRow,
} from "./contribution.ts";

/**
 * Contributions as bytes, for those who tail them in another thread or process from its beginning, message by message.
 * A name stands in them once, where it first appears, and is its writer's number from then on; the reader turns that
 * into its own, so that neither side looks a name up by its letters for every cell.
 */
const models = [
  "sessions",
  "cooccurrence",
  "popularity",
  "rewards",
  "ranker",
  "flow",
  "skips",
  "audiences",
] as const;

/** Gives names numbers, and the same name the same one; a number is its own. */
export interface Numbering {
  intern(name: Named): number;
}

export class ContributionWriter {
  readonly #writer = new ByteWriter(1 << 14);
  /** By tenant and number: 1 if the name has been written. */
  readonly #told = new Map<number, Uint8Array>();
  #names: Numbering | undefined;
  #tenant = 0;

  get length(): number {
    return this.#writer.length;
  }

  /** Adds one contribution of a tenant, whose names have these numbers; its delta is multiplied by `sign`. */
  add(tenant: number, names: Numbering, contribution: Contribution, sign: 1 | -1): void {
    const writer = this.#writer;
    this.#tenant = tenant;
    this.#names = names;
    writer.varint(tenant);
    writer.u8(models.indexOf(contribution.model));
    writer.zigzag(contribution.delta * sign);
    switch (contribution.model) {
      case "sessions":
        writer.u32(contribution.keyHi);
        writer.u32(contribution.keyLo);
        writer.varint(contribution.index);
        this.#name(contribution.item);
        writer.varint(contribution.minute);
        return;
      case "cooccurrence":
        this.#name(contribution.a);
        this.#name(contribution.b);
        return;
      case "popularity":
        this.#name(contribution.dimension);
        this.#name(contribution.item);
        writer.varint(contribution.hour);
        writer.u8((contribution.slice ?? -1) + 1);
        return;
      case "rewards":
        this.#name(contribution.placement);
        this.#name(contribution.item);
        writer.u8(rewardOutcomes.indexOf(contribution.outcome));
        writer.u8(contribution.slice);
        writer.varint(contribution.day);
        return;
      case "audiences":
        this.#name(contribution.placement);
        writer.u8(audiences.indexOf(contribution.audience));
        writer.u8(audienceCounts.indexOf(contribution.count));
        writer.varint(contribution.day);
        return;
      case "ranker":
        this.#name(contribution.placement);
        writer.blob(contribution.row);
        writeShown(writer, contribution.shown);
        return;
      case "flow":
        writer.varint(contribution.from);
        writer.varint(contribution.to);
        return;
      case "skips":
        this.#name(contribution.item);
        writer.varint(contribution.streak * 2 + Number(contribution.isSkipped));
        return;
    }
  }

  /** The message so far, as bytes of its own; the writer is empty again. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#writer.finish();
    this.#writer.reset();
    return bytes;
  }

  /** A number, and the name behind it where the reader does not know it yet. */
  #name(text: string): void {
    const number = this.#names!.intern(text);
    const told = this.#toldWith(number);
    this.#writer.varint(number * 2 + (1 - told[number]!));
    if (told[number] === 0) this.#writer.text(text);
    told[number] = 1;
  }

  #toldWith(number: number): Uint8Array {
    const told = this.#told.get(this.#tenant);
    if (told !== undefined && number < told.length) return told;
    const grown = new Uint8Array(Math.max(number + 1, (told?.length ?? 512) * 2));
    if (told !== undefined) grown.set(told);
    this.#told.set(this.#tenant, grown);
    return grown;
  }
}

/** Reads what one writer wrote, all of it from the first message on. */
export class ContributionReader {
  /** The reader's numbers by tenant and the writer's number, plus 1. */
  readonly #known = new Map<number, Int32Array>();

  /**
   * Calls back with each contribution of a message, in order, its names as numbers that `namesOf` gives the tenant's
   * names.
   */
  read(
    bytes: Uint8Array,
    namesOf: (tenant: number) => Numbering,
    each: (tenant: number, contribution: Contribution<number>) => void,
  ): void {
    const reader = new ByteReader(bytes);
    let tenant = 0;
    const name = (): number => {
      const code = reader.varint();
      const number = Math.floor(code / 2);
      const known = this.#knownWith(tenant, number);
      if (code % 2 === 1) known[number] = namesOf(tenant).intern(reader.text()) + 1;
      const own = known[number]!;
      assert(own > 0, "a contribution names a number that stands for no name");
      return own - 1;
    };
    while (reader.left > 0) {
      tenant = reader.varint();
      const model = models[reader.u8()];
      const delta = reader.zigzag();
      assert(model !== undefined, "a contribution to an unknown model");
      each(tenant, readCell(model, delta, reader, name));
    }
  }

  #knownWith(tenant: number, number: number): Int32Array {
    const known = this.#known.get(tenant);
    if (known !== undefined && number < known.length) return known;
    const grown = new Int32Array(Math.max(number + 1, (known?.length ?? 512) * 2));
    if (known !== undefined) grown.set(known);
    this.#known.set(tenant, grown);
    return grown;
  }
}

function readCell(
  model: (typeof models)[number],
  delta: number,
  reader: ByteReader,
  name: () => number,
): Contribution<number> {
  switch (model) {
    case "sessions": {
      const [keyHi, keyLo, index] = [reader.u32(), reader.u32(), reader.varint()];
      return { model, keyHi, keyLo, index, item: name(), minute: reader.varint(), delta };
    }
    case "cooccurrence":
      return { model, a: name(), b: name(), delta };
    case "popularity": {
      const [dimension, item, hour, code] = [name(), name(), reader.varint(), reader.u8()];
      const slice = code === 0 ? undefined : code - 1;
      return { model, dimension, item, hour, slice, delta };
    }
    case "rewards": {
      const [placement, item] = [name(), name()];
      const [outcome, slice] = [rewardOutcomes[reader.u8()], reader.u8()];
      assert(outcome !== undefined, "a contribution of an unknown outcome");
      assert(slice < rewardSlices, "a contribution of an unknown slice");
      return { model, placement, item, outcome, slice, day: reader.varint(), delta };
    }
    case "audiences": {
      const placement = name();
      const [audience, count] = [audiences[reader.u8()], audienceCounts[reader.u8()]];
      assert(audience !== undefined && count !== undefined, "a contribution of an unknown count");
      return { model, placement, audience, count, day: reader.varint(), delta };
    }
    case "ranker":
      return { model, placement: name(), row: reader.blob(), shown: readShown(reader), delta };
    case "flow":
      return { model, from: reader.varint(), to: reader.varint(), delta };
    case "skips": {
      const [skipped, code] = [name(), reader.varint()];
      return { model, item: skipped, streak: code >> 1, isSkipped: code % 2 === 1, delta };
    }
  }
}

/** 0 is a row that nobody was shown, other codes are heads. */
function writeShown(writer: ByteWriter, shown: ShownRow | undefined): void {
  writer.u8(shown === undefined ? 0 : rankerHeads.indexOf(shown.head) + 1);
  if (shown === undefined) return;
  writer.varint(shown.count);
  writer.blob(shown.slots);
}

function readShown(reader: ByteReader): ShownRow | undefined {
  const code = reader.u8();
  if (code === 0) return undefined;
  const head = rankerHeads[code - 1];
  assert(head !== undefined, "a contribution to an unknown head");
  return { head, count: reader.varint(), slots: reader.blob() };
}
