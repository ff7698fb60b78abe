import { type RefObject } from "react";
import { shortcuts } from "../shortcuts.ts";

interface HelpParts {
  dialog: RefObject<HTMLDialogElement | null>;
  areKeysOn: boolean;
  onKeys: (areOn: boolean) => void;
}

/** What the page is, and its keys; single letters can be turned off for those whom they get in the way of. */
export function Help({ dialog, areKeysOn, onKeys }: HelpParts) {
  return (
    <dialog ref={dialog} className="help" aria-labelledby="help-title">
      <h2 id="help-title">Keys, and what this is</h2>
      <dl>
        {shortcuts.map(({ keys, means }) => (
          <div key={means}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{means}</dd>
          </div>
        ))}
      </dl>
      <label className="check">
        <input
          type="checkbox"
          checked={areKeysOn}
          onChange={(event) => onKeys(event.target.checked)}
        />
        Keys are on
      </label>
      <p>
        A demo of Attune: every play, skip and like goes through the unmodified Segment web client
        to the Attune on this machine, and the list comes back over the unmodified Centrifuge
        client. The other listeners are synthetic, made from audio features; you are not.
      </p>
      <p>
        Tracks: Free Music Archive metadata (Defferrard et al., FMA, CC BY 4.0). It names no artists
        and holds no recordings, so covers and sounds are drawn from the numbers.
      </p>
      <form method="dialog">
        <button className="solid">Close</button>
      </form>
    </dialog>
  );
}
