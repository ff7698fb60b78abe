import type { Basis, DeclarablePurpose } from "../core/fold/consent.ts";
import { open } from "../main.ts";
import { tenantOf } from "../tenants.ts";
import { type Command, exitCodes, helpOf, type Options, readOptions, usage } from "./command.ts";
import { print, printJson } from "./terminal.ts";

const bases = ["consent", "contract", "legitimate-interest"] as const;
const choices = bases.join(", ");

const options = {
  analytics: { value: "BASIS", help: choices },
  personalization: { value: "BASIS", help: choices },
} as const satisfies Options;

/** The declared bases are a record in the log: from its place on they hold, and a replay sees the same. */
export const command: Command = {
  name: "policy",
  summary: "on which basis a tenant may use data about people",
  help: helpOf(
    "policy [--analytics BASIS] [--personalization BASIS] [options]",
    "Shows what the tenant has declared, or declares it, visibly and in the log. With the basis `consent` only\nwhat a person has granted counts. Everything but these two purposes needs consent always.",
    options,
  ),
  async run(argv) {
    const given = readOptions("policy", options, argv, 0);
    const attune = await open(given.config);
    try {
      const tenant = tenantOf(attune.tenants, given.tenant);
      const current = attune.engine.tenant(tenant.number).policy.bases;
      const next: Partial<Record<DeclarablePurpose, Basis>> = { ...current };
      for (const purpose of ["analytics", "personalization"] as const) {
        const basis = basisOf(purpose, given.text(purpose));
        if (basis === "consent") delete next[purpose];
        else if (basis !== undefined) next[purpose] = basis;
      }
      const isNew = JSON.stringify(next) !== JSON.stringify(current);
      if (isNew) await attune.engine.setPolicy(tenant.number, { bases: next });
      if (given.isJson) printJson({ tenant: tenant.name, bases: next, isNew });
      else {
        print(`analytics        ${next.analytics ?? "consent"}`);
        print(`personalization  ${next.personalization ?? "consent"}`);
        print(isNew ? "Declared and logged." : "Nothing was changed.");
      }
      return exitCodes.done;
    } finally {
      await attune.close();
    }
  },
};

function basisOf(purpose: string, text: string | undefined) {
  if (text === undefined) return undefined;
  const basis = bases.find((name) => name === text);
  if (basis === undefined) throw usage("policy", `--${purpose} is one of ${choices}`);
  return basis;
}
