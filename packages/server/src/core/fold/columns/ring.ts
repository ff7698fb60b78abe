import { type InteractionType, interactionTypes } from "@attune/protocol";
import { roomForName, roomForNumbers } from "./room.ts";

export interface Interaction {
  item: string;
  type: InteractionType;
  strength: number;
  /** Fraction listened to in thousandths, or -1 when not stated. */
  permille: number;
  at: number;
}

/** A row of `numbers`: time, strength, and fraction + 1 beside the type. */
const stride = 3;
const typesMax = 16;

/** A person's newest interactions by event time, numbered from 0, oldest first. */
export class Ring {
  /** Items by number. */
  items: string[] = [];
  numbers: number[] = [];

  get length(): number {
    return this.items.length;
  }

  itemAt(i: number): string {
    return this.items[i]!;
  }

  typeAt(i: number): InteractionType {
    return interactionTypes[this.numbers[i * stride + 2]! % typesMax]!;
  }

  strengthAt(i: number): number {
    return this.numbers[i * stride + 1]!;
  }

  permilleAt(i: number): number {
    return Math.floor(this.numbers[i * stride + 2]! / typesMax) - 1;
  }

  /** Event time, ms. */
  timeAt(i: number): number {
    return this.numbers[i * stride]!;
  }

  /** An interaction as a value of its own; of a negative number, counted from the newest, which is -1. */
  at(i: number): Interaction | undefined {
    const place = i < 0 ? this.length + i : i;
    if (place < 0 || place >= this.length) return undefined;
    return {
      item: this.itemAt(place),
      type: this.typeAt(place),
      strength: this.strengthAt(place),
      permille: this.permilleAt(place),
      at: this.timeAt(place),
    };
  }

  *[Symbol.iterator](): IterableIterator<Interaction> {
    for (let i = 0; i < this.length; i++) yield this.at(i)!;
  }

  push({ item, type, strength, permille, at }: Interaction): void {
    const row = this.length;
    const start = row * stride;
    this.items = roomForName(this.items, row);
    this.numbers = roomForNumbers(this.numbers, row, stride);
    this.items[row] = item;
    this.numbers[start] = at;
    this.numbers[start + 1] = strength;
    this.numbers[start + 2] = (permille + 1) * typesMax + interactionTypes.indexOf(type);
  }

  /** Lets the oldest go. */
  shift(): void {
    this.items.shift();
    this.numbers.splice(0, stride);
  }
}
