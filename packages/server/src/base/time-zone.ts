/**
 * How far clocks of a zone are ahead of UTC, by the rules that the runtime knows. What is decided by it must be
 * written down where it was asked: another runtime may know other rules.
 */
const minuteMs = 60_000;
/** Clocks are set forward and back at quarters of an hour. */
const quarterMs = 15 * minuteMs;
const kept = 10_000;

/** Whether the runtime knows a zone of this name, such as `Europe/Vienna`. */
export function isTimeZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: zone }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/** Gives the minutes by which a zone's clocks are ahead at a time (ms since 1970). Throws on an unknown zone. */
export function utcOffsetIn(zone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
  const known = new Map<number, number>();
  return (at) => {
    const quarter = Math.floor(at / quarterMs);
    const offset = known.get(quarter);
    if (offset !== undefined) return offset;
    const read = offsetOf(format, quarter * quarterMs);
    if (known.size === kept) known.clear();
    known.set(quarter, read);
    return read;
  };
}

/** Of `GMT`, `GMT+02:00`, and `GMT-00:01:15` of times before zones. */
function offsetOf(format: Intl.DateTimeFormat, at: number): number {
  const name = format.formatToParts(at).find(({ type }) => type === "timeZoneName")?.value ?? "";
  const [, sign, hours, minutes] = /^GMT(?:([+-])(\d\d):(\d\d))?/.exec(name) ?? [];
  if (sign === undefined) return 0;
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}
