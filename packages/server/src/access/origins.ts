/** Which browser pages may listen and read: those of this server's own host, and those that an operator named. */
export type OriginRule = (origin: string, host: string) => boolean;

/** `*` among the origins allows all: what a page may read is then up to its token alone. */
export function originRule(origins: readonly string[]): OriginRule {
  const allowed = new Set(origins);
  return (origin, host) => {
    if (allowed.has("*") || allowed.has(origin)) return true;
    return URL.canParse(origin) && host !== "" && new URL(origin).host === host;
  };
}
