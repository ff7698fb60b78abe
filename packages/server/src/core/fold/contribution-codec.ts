import { assert } from "../../base/assert.ts";
import { ByteReader, ByteWriter } from "../../base/bytes.ts";
import {
  audienceCounts,
  audiences,
  type Contribution,
  rankerHeads,
  rewardOutcomes,
  type ShownRow,
} from "./contribution.ts";

/**
 * Contributions as bytes, for those who tail them in another thread or process. A message is self-contained:
 * a string stands in it once, where it first appears, and is a number from then on.
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

export class ContributionWriter {
  readonly #writer = new ByteWriter(1 << 14);
  readonly #names = new Map<string, number>();

  get length(): number {
    return this.#writer.length;
  }

  /** Adds one contribution of a tenant; its delta is multiplied by `sign`. */
  add(tenant: number, contribution: Contribution, sign: 1 | -1): void {
    const writer = this.#writer;
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
    this.#names.clear();
    return bytes;
  }

  #name(text: string): void {
    const known = this.#names.get(text);
    if (known !== undefined) {
      this.#writer.varint(known);
      return;
    }
    this.#writer.varint(this.#names.size);
    this.#writer.text(text);
    this.#names.set(text, this.#names.size);
  }
}

/** Calls back with each contribution of a message, in order. */
export function readContributions(
  bytes: Uint8Array,
  each: (tenant: number, contribution: Contribution) => void,
): void {
  const reader = new ByteReader(bytes);
  const names: string[] = [];
  const name = (): string => {
    const index = reader.varint();
    if (index === names.length) names.push(reader.text());
    const known = names[index];
    assert(known !== undefined, "a contribution names a string that the message does not hold");
    return known;
  };
  while (reader.left > 0) {
    const tenant = reader.varint();
    const model = models[reader.u8()];
    const delta = reader.zigzag();
    assert(model !== undefined, "a contribution to an unknown model");
    each(tenant, readCell(model, delta, reader, name));
  }
}

function readCell(
  model: (typeof models)[number],
  delta: number,
  reader: ByteReader,
  name: () => string,
): Contribution {
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
      const outcome = rewardOutcomes[reader.u8()];
      assert(outcome !== undefined, "a contribution of an unknown outcome");
      return { model, placement, item, outcome, day: reader.varint(), delta };
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
