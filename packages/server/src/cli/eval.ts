/**
 * `attune eval`: quality on public data, measured through the serving path. On session files the next item is
 * predicted; with --valid those of the validation file, for tuning; a test set is looked at once, with --test.
 * On a file of ratings a share of every item's or user's ratings is learned and each user is asked about once.
 */
import { type Command, helpOf, type Options, readOptions, usage } from "./command.ts";
import { runSessionEnd, runWorld } from "./eval/foresight.ts";
import { runRatings, runSessions } from "./eval/lists.ts";

const options = {
  train: { value: "FILE", help: "sessions to learn from (SessionId, ItemId, Time; .gz too)" },
  test: { value: "FILE", help: "sessions to predict" },
  valid: { value: "FILE", help: "predict these instead: for tuning, which never sees a test set" },
  ratings: { value: "FILE", help: "ratings (user_id, item_id, timestamp), instead of sessions" },
  by: {
    value: "NAME",
    help: "ratings: split each of the items (default), or each of the users in time",
  },
  "for-you": { help: "ratings: ask all sources of for-you, not long-term taste alone" },
  "no-view": { help: "ratings: answer from the counts, without the EASE view" },
  k: { value: "N", help: "length of the lists (default 20; 10 with --ratings)" },
  live: { help: "learn each test event after it was predicted, in the order of time" },
  "exclude-current": { help: "never recommend the item that is open" },
  "no-repeats": { help: "drop consecutive repeats from all files; the open item is excluded" },
  predict: { help: "sessions: predict where a session ends, not what comes next" },
  world: {
    value: "NAME",
    help: "a simulator with known truth instead of a file: context or skips",
  },
  seed: { value: "N", help: "of a world, and of the draws behind intervals (default 1)" },
  "no-effect": { help: "world context: circumstances are stated and change nothing" },
  habits: { help: "world context: people are mostly where others of their taste are" },
  plot: { value: "FILE.svg", help: "draw the figures with their intervals there" },
  save: {
    value: "FILE.md",
    help: "add the run as a line to a section of that page, such as docs/quality.md",
  },
  config: { value: "FILE", help: "JSON with settings of neighbours, rules, sources and ranker" },
} as const satisfies Options;

const summary = "measure recommendations on a data set";
const usageLine =
  "eval (--train FILE --test FILE [--live] [--exclude-current] [--no-repeats] | --ratings FILE [--by users] | --world NAME)";
const about = `
Each session is a user of its own; each prefix of a test session is one prediction of the item that
comes next, over all items, through the same code that serves. Without --config these are the
settings of the product.

With --ratings three quarters of each item's ratings, drawn with seed 42, are learned in the order of
time; then every user is asked about once, and what was learned of them is left out. --by users learns
the first three quarters of each user's ratings in time and asks for the rest.

Intervals are of 95 %, by drawing whole sessions or users with replacement.

With --predict each click of a test session is asked whether it is the last. With --world the data is
made by a simulator whose hidden factors an oracle knows: \`context\` for what circumstances add to
answers, \`skips\` for the chance that a play is skipped.`;

export const command: Command = {
  name: "eval",
  summary,
  help: helpOf(usageLine, about, options),
  run: async (argv) => run(argv),
};

function run(argv: string[]): number {
  const given = readOptions(command.name, options, argv, 0);
  const world = given.text("world");
  const isOfLists = world === undefined && !given.flag("predict");
  if (!isOfLists && (given.text("plot") ?? given.text("save")) !== undefined)
    throw usage(command.name, "--plot and --save go with figures of lists");
  if (world !== undefined) return runWorld(given, world);
  const ratings = given.text("ratings");
  if (ratings !== undefined) return runRatings(given, ratings);
  if (given.text("by") !== undefined)
    throw usage(command.name, "--by goes with --ratings: a file of sessions names no users");
  const [train, test] = [given.text("train"), given.text("valid") ?? given.text("test")];
  if (train === undefined || test === undefined) {
    throw usage(command.name, "give --train FILE and --test FILE, or --ratings FILE");
  }
  if (given.flag("predict")) return runSessionEnd(given, train, test);
  return runSessions(given, train, test);
}
