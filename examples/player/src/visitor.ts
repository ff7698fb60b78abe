/** Who sits before the page: a long random id of this browser, nothing else. Forgetting keeps the id. */
const key = "attune-player-visitor";

export function visitorId(): string {
  const known = localStorage.getItem(key);
  if (known !== null && /^visitor-[0-9a-f-]{36}$/.test(known)) return known;
  return newVisitorId();
}

/** This browser's visitor is somebody else from now on. */
export function newVisitorId(): string {
  const made = strangerId();
  localStorage.setItem(key, made);
  return made;
}

/** An id that nobody has had. `crypto.randomUUID` is missing on plain http, so it is made of random bytes. */
export function strangerId(): string {
  const hex = [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
  return `visitor-${hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")}`;
}
