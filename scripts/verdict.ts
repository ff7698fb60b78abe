/** What a gate says: a tool that was content is not enough, it must have read what the project has. */
export interface Verdict {
  ok: boolean;
  note: string;
}

/** Red unless the tool was content, read something, and read at least what the project has. */
export function verdict(code: number, read: number, lost: string[], expected = read): Verdict {
  const ok = code === 0 && read > 0 && read >= expected && lost.length === 0;
  const parts = [`read ${read} files`];
  if (code !== 0) parts.push(`exit code ${code}`);
  if (read < expected) parts.push(`but the project has ${expected}`);
  if (lost.length > 0) parts.push(`not read: ${lost.join(" ")}`);
  return { ok, note: parts.join(", ") };
}

export function missing(expected: readonly string[], read: ReadonlySet<string>): string[] {
  return expected.filter((path) => !read.has(path));
}
