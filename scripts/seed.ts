/** Gives fast-check the seed of the run, so that a failure repeats with `ATTUNE_SEED=<seed> npm test`. */
import fc from "fast-check";

const seed = Number(process.env["ATTUNE_SEED"]);
if (!Number.isSafeInteger(seed)) throw new Error("ATTUNE_SEED must be an integer");
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
