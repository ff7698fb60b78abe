import { useState } from "react";
import type { Receipt } from "../attune.ts";

export interface Forgotten {
  receipt: Receipt;
  ms: number;
  /** Whether the list is now, place for place, that of somebody who never came. */
  isStranger: boolean;
  compared: number;
}

/** Forget me: the digests of the sums before and after, the milliseconds, and the proof. */
export function ForgetPanel({ onForget }: { onForget: () => Promise<Forgotten> }) {
  const [outcome, setOutcome] = useState<Forgotten>();
  const [trouble, setTrouble] = useState("");
  const [isBusy, setBusy] = useState(false);
  const run = async (): Promise<void> => {
    setBusy(true);
    setTrouble("");
    try {
      setOutcome(await onForget());
    } catch (error) {
      setTrouble(error instanceof Error ? error.message : String(error));
    }
    setBusy(false);
  };
  return (
    <section className="panel forget" aria-labelledby="forget">
      <h2 id="forget">Forget me</h2>
      <p>
        Takes everything you did here out again: your state, your part of every count, your records
        in the log. What is left is, to the byte, what there would be had you never come.
      </p>
      <button className="solid danger" disabled={isBusy} onClick={() => void run()}>
        Forget me
      </button>
      <div role="status" className="receipt">
        {trouble !== "" && <p>{trouble}</p>}
        {outcome !== undefined && <Proof outcome={outcome} />}
      </div>
    </section>
  );
}

function Proof({ outcome }: { outcome: Forgotten }) {
  const { receipt, ms, isStranger, compared } = outcome;
  const cells = receipt.erasures.reduce((sum, each) => sum + each.cells, 0);
  // Each id of the person is erased in turn: the sums before the first, and after the last.
  const [first, last] = [receipt.erasures[0], receipt.erasures.at(-1)];
  return (
    <>
      <p>
        Forgotten in <strong>{Math.round(ms)} ms</strong>; {cells.toLocaleString("en")}{" "}
        {cells === 1 ? "count" : "counts"} changed.{" "}
        {isStranger
          ? `Your list is now, in all ${compared} places, a stranger's.`
          : "Your list is not yet a stranger's: the crowd moved on while the two were asked for."}
      </p>
      {first !== undefined && last !== undefined && (
        <Digests before={first.before} after={last.after} />
      )}
    </>
  );
}

type Digest = Readonly<Record<string, string>>;

/** Of each sum its digest with you in it and without you. */
function Digests({ before, after }: { before: Digest; after: Digest }) {
  return (
    <table className="digests">
      <caption>Digests of the sums, before and after</caption>
      <thead>
        <tr>
          <th scope="col">Sum</th>
          <th scope="col">Before</th>
          <th scope="col">After</th>
        </tr>
      </thead>
      <tbody>
        {Object.keys(before).map((name) => (
          <tr key={name} data-same={before[name] === after[name]}>
            <th scope="row">{name}</th>
            <td>
              <code>{before[name]?.slice(0, 12)}</code>
            </td>
            <td>
              <code>{after[name]?.slice(0, 12)}</code>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
