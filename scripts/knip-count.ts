/** A reporter for knip that says how many files it read: knip alone is silent when all is well. */
import type { Reporter } from "knip";

const count: Reporter = ({ counters }) => {
  console.log(`read ${counters.processed} files`);
};

export default count;
