/** The limits of the live channel, with their first values; units last in the name. */
export interface DeliverLimits {
  /** Largest frame from a client. */
  frameBytesMax: number;
  /** From this much unwritten on, keyed publications collapse to their newest. */
  socketConflateBytes: number;
  /** Unwritten bytes at which a connection is closed as slow. */
  socketQueueBytesMax: number;
  devicesPerUserMax: number;
  /** Connections of one address, and of this process. */
  socketsPerAddressMax: number;
  socketsMax: number;
  /** Handshakes taken per second; beyond it a client is told when to come back. */
  handshakesPerSMax: number;
  channelsPerSocketMax: number;
  /** Commands a second, after a burst as long as a stock client's first frame. */
  commandsPerSMax: number;
  commandsBurstMax: number;
  pingIntervalS: number;
  pongTimeoutS: number;
  /** Without a connect command by then the socket is stale. */
  connectTimeoutS: number;
  /** Time to bring a new token after the old one has expired. */
  expiryGraceS: number;
  /** Publications kept for recovery: newest first to stay, and for how long. */
  historyMax: number;
  historyMs: number;
  /** A keyed value beyond this many keys of a channel is not kept as present state. */
  keysPerChannelMax: number;
  /** Channels nobody listens to that are kept for those who come back. */
  idleChannelsMax: number;
  /** Different live queries of one person, those included that nobody looks at just now. */
  liveQueriesPerUserMax: number;
  /** Every live query is made again this often when other people's events moved the sums. */
  liveRefreshMs: number;
  /** Time a turn may spend on that. */
  liveRefreshBudgetMs: number;
  /** Items of an onScreen report. */
  onScreenMax: number;
  /** Heartbeat of an SSE stream. */
  heartbeatS: number;
  /** How often everything that depends on time alone is looked at. */
  tickMs: number;
  /** Connections leave within this time at a shutdown, each after a delay of its own. */
  drainMs: number;
}

export const deliverLimits: Readonly<DeliverLimits> = Object.freeze({
  frameBytesMax: 65_536,
  socketConflateBytes: 65_536,
  socketQueueBytesMax: 1_048_576,
  devicesPerUserMax: 16,
  socketsPerAddressMax: 20_000,
  socketsMax: 50_000,
  handshakesPerSMax: 2_000,
  channelsPerSocketMax: 128,
  commandsPerSMax: 50,
  commandsBurstMax: 200,
  pingIntervalS: 25,
  pongTimeoutS: 8,
  connectTimeoutS: 10,
  expiryGraceS: 25,
  historyMax: 300,
  historyMs: 600_000,
  keysPerChannelMax: 64,
  idleChannelsMax: 10_000,
  liveQueriesPerUserMax: 64,
  liveRefreshMs: 1_000,
  liveRefreshBudgetMs: 5,
  onScreenMax: 200,
  heartbeatS: 15,
  tickMs: 1_000,
  drainMs: 2_000,
});
