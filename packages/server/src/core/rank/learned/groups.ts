/**
 * What the ranker looks at, as groups of bins: of every group exactly one bin holds for a candidate, so that a
 * linear model of them is a curve over each quantity. Bin 0 of all is no group's: the linear part of the blend.
 * A change here is another `featureVersion`: rows of other versions are no part of a solve.
 */
export const featureVersion = 1;

/** Whose evidence a group is, for reasons: see rerank.ts. */
export const owners = {
  blend: 0,
  last: 1,
  second: 2,
  third: 3,
  together: 4,
  walk: 5,
  popular: 6,
  repeat: 7,
} as const;

type Owner = keyof typeof owners;

interface Group {
  readonly name: string;
  readonly owner: Owner;
  readonly size: number;
}

/** Ranks among the candidates, the last of each bin; behind them the bin of those without a score. */
const rankEdges = [1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50];
const coarseEdges = [1, 2, 4, 8, 20];
const rankBins = rankEdges.length + 2;
const coarseBins = coarseEdges.length + 2;

export const groups = [
  { name: "blend rank", owner: "blend", size: rankBins },
  { name: "blend ratio", owner: "blend", size: 8 },
  { name: "near rank", owner: "last", size: rankBins },
  { name: "near ratio", owner: "last", size: 8 },
  { name: "next rank", owner: "last", size: rankBins },
  { name: "next count", owner: "last", size: 6 },
  { name: "after last", owner: "last", size: 8 },
  { name: "after second", owner: "second", size: coarseBins },
  { name: "after third", owner: "third", size: coarseBins },
  { name: "before last", owner: "last", size: 8 },
  { name: "cosine last", owner: "last", size: 8 },
  { name: "cosine session rank", owner: "together", size: rankBins },
  { name: "cosine session", owner: "together", size: 8 },
  { name: "walk rank", owner: "walk", size: rankBins },
  { name: "walk", owner: "walk", size: 8 },
  { name: "support", owner: "popular", size: 12 },
  { name: "newest age", owner: "popular", size: 8 },
  { name: "8th newest age", owner: "popular", size: 8 },
  { name: "32nd newest age", owner: "popular", size: 8 },
  { name: "ago", owner: "repeat", size: 8 },
  { name: "times", owner: "repeat", size: 4 },
  { name: "repeat rate", owner: "repeat", size: 8 },
  { name: "returns x ago", owner: "repeat", size: 25 },
  { name: "streak x ago", owner: "repeat", size: 9 },
  { name: "length x near rank", owner: "last", size: 24 },
] as const satisfies readonly Group[];

export type GroupName = (typeof groups)[number]["name"];

export const groupCount = groups.length;

/** The first bin of each group. */
export const offsets: readonly number[] = groups.map(
  (_, at) => 1 + groups.slice(0, at).reduce((sum, { size }) => sum + size, 0),
);

/** The number of the owner of each group. */
export const ownerOf = Uint8Array.from(groups, ({ owner }) => owners[owner]);

/** The place of a group. */
export const groupAt = Object.fromEntries(groups.map(({ name }, at) => [name, at])) as Readonly<
  Record<GroupName, number>
>;

/** Bins by rank 1..255; 0 is no score. */
function rankTable(edges: readonly number[]): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, rank) => {
    if (rank === 0) return edges.length + 1;
    const bin = edges.findIndex((edge) => rank <= edge);
    return bin === -1 ? edges.length : bin;
  });
}

export const rankTableFine = rankTable(rankEdges);
export const rankTableCoarse = rankTable(coarseEdges);

/** How many of the edges, ascending, are not above the value. */
export function binOf(value: number, edges: readonly number[]): number {
  let bin = 0;
  while (bin < edges.length && value >= edges[bin]!) bin++;
  return bin;
}

/** How often `whole` halves before `part` reaches it: 0 from a whole on, at most `bins` - 1. */
export function halvings(part: number, whole: number, bins: number): number {
  let bin = 0;
  for (let reach = part; reach < whole && bin < bins - 1; reach *= 2) {
    if (reach <= 0) return bins - 1;
    bin++;
  }
  return bin;
}
