/**
 * What the page asks of Attune, as the visitor alone: answers, the profile, to be forgotten. It has a token of
 * the visitor, from the example's own route; no key that could read anybody else.
 */
import type { LiveItem } from "@attune/protocol";

export interface Answer {
  decisionId: string;
  items: readonly LiveItem[];
  position: string;
}

export interface Receipt {
  subjects: readonly string[];
  erasures: readonly {
    before: Readonly<Record<string, string>>;
    after: Readonly<Record<string, string>>;
    cells: number;
  }[];
  position: string;
}

const placement = "up-next";

export async function tokenOf(visitor: string): Promise<string> {
  const answer = await post("/player/token", { visitor });
  return ((await answer.json()) as { token: string }).token;
}

/** The list as the API gives it on being asked: what the slower timetables are filled from. */
export async function recommend(visitor: string, limit: number, after?: string): Promise<Answer> {
  const body = { userId: visitor, placement, limit, ...(after === undefined ? {} : { after }) };
  const answer = await post("/v1/recommendations", body, await tokenOf(visitor));
  return (await answer.json()) as Answer;
}

export async function forget(visitor: string): Promise<Receipt> {
  const headers = { Authorization: `Bearer ${await tokenOf(visitor)}` };
  const path = `/v1/users/${encodeURIComponent(visitor)}?reason=visitor`;
  const answer = await checked(await fetch(path, { method: "DELETE", headers }));
  return (await answer.json()) as Receipt;
}

export async function post(path: string, body: object, token?: string): Promise<Response> {
  const headers = {
    "Content-Type": "application/json",
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
  };
  return checked(await fetch(path, { method: "POST", headers, body: JSON.stringify(body) }));
}

async function checked(answer: Response): Promise<Response> {
  if (answer.ok) return answer;
  throw new Error(`${new URL(answer.url).pathname} answered ${answer.status}`);
}
