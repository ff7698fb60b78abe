/** What the write door takes at most; the values come from the configuration. */
export interface IngestLimits {
  eventBytesMax: number;
  batchBytesMax: number;
  batchEventsMax: number;
  jsonDepthMax: number;
  jsonKeysMax: number;
  objectKeysMax: number;
  textBytesMax: number;
  idBytesMax: number;
  futureSkewMsMax: number;
}
