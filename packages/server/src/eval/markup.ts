/** Text from strangers inside HTML and SVG. */

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** For text and for quoted attributes; what steers a reader's eye or a terminal becomes a replacement mark. */
export function escaped(text: string, unitsMax = 200): string {
  const clean = text.toWellFormed().replace(/[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]/gu, "\uFFFD");
  const cut = clean.length > unitsMax ? `${clean.slice(0, unitsMax - 1).toWellFormed()}…` : clean;
  return cut.replace(/[&<>"']/g, (sign) => entities[sign]!);
}
