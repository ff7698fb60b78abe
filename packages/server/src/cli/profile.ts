import { totalsOf } from "../core/fold/engagement.ts";
import { shiftWords } from "../core/fold/profile.ts";
import type { UserState } from "../core/fold/state.ts";
import { open } from "../main.ts";
import { tenantOf } from "../tenants.ts";
import { type Command, exitCodes, helpOf, readOptions } from "./command.ts";
import { personOptions, subjectGiven, unknownUser } from "./people.ts";
import { grouped, print, printJson, shown, table } from "./terminal.ts";
import { isoTime } from "./times.ts";

/** What is known of a user, for the operator and for the user's own request. */
export const command: Command = {
  name: "profile",
  summary: "what is known of a user",
  help: helpOf(
    "profile USER [options]",
    "Prints the user's state, whole with --json.",
    personOptions,
  ),
  async run(argv) {
    const given = readOptions("profile", personOptions, argv, 1);
    const attune = await open(given.config);
    try {
      const tenant = tenantOf(attune.tenants, given.tenant);
      const state = attune.engine.state(tenant.number, subjectGiven("profile", given, tenant));
      if (state === undefined) throw unknownUser(given);
      if (given.isJson) printJson(plain(listed(state)));
      else printProfile(state);
      return exitCodes.done;
    } finally {
      await attune.close();
    }
  },
};

/** A state with its lists as lists of values: how they lie in memory is no part of it. */
function listed(state: UserState): unknown {
  const { ring, sessions, reactions } = state;
  return { ...state, ring: [...ring], sessions: [...sessions], reactions: new Map(reactions) };
}

/** Maps become objects, keys in order. */
function plain(value: unknown): unknown {
  if (value instanceof Map) {
    const entries = [...(value as Map<unknown, unknown>)].map(([key, entry]) => [
      String(key),
      plain(entry),
    ]);
    return Object.fromEntries(entries);
  }
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, plain(entry)]));
}

function printProfile(state: UserState): void {
  print(`subject   ${state.subject}`);
  print(`last seen ${isoTime(state.lastAt)}`);
  print(`events    ${grouped(state.sequence)} in ${grouped(state.visits.count)} visits`);
  const totals = totalsOf(state.counters).map(([type, count]) => `${type} ${grouped(count)}`);
  print(`did       ${totals.join(", ") || "nothing that counts"}`);
  const traits = [...state.traits].map(([name, { value }]) => `${name}=${JSON.stringify(value)}`);
  if (traits.length > 0) print(`traits    ${shown(traits.join(", "), 200)}`);
  const consents = [...state.consents].map(([purpose, { choice }]) => `${purpose} ${choice}`);
  print(`consent   ${consents.join(", ") || "none stated; the tenant's declared basis applies"}`);
  if (state.shiftedUntil !== 0)
    print(`shift     ${shiftWords} Until ${isoTime(state.shiftedUntil)} if nothing happens.`);
  if (state.ring.length === 0) return;
  const rows = [...state.ring]
    .slice(-10)
    .reverse()
    .map(({ at, type, item, strength }) => [isoTime(at), type, shown(item, 40), strength]);
  print("");
  print(table(["newest first (UTC)", "did", "item", "strength"], rows));
}
