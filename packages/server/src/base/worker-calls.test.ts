import { expect, test } from "vitest";
import { WorkerCalls } from "./worker-calls.ts";

function stage() {
  const sent: { id: number; question: string }[] = [];
  const calls = new WorkerCalls<{ id: number; answer: string }>({
    postMessage: (message) => void sent.push(message as { id: number; question: string }),
  });
  const ask = (question: string) => calls.ask((id) => ({ id, question }));
  return { sent, calls, ask };
}

test("replies find their questions in whatever order they come; one that nobody waits for is nobody's", async () => {
  const { sent, calls, ask } = stage();
  const answers = [ask("a"), ask("b"), ask("c")];
  expect(calls.waiting).toBe(3);
  for (const { id, question } of sent.toReversed()) calls.take({ id, answer: `to ${question}` });
  calls.take({ id: 7, answer: "to nobody" });
  expect((await Promise.all(answers)).map(({ answer }) => answer)).toEqual([
    "to a",
    "to b",
    "to c",
  ]);
  expect(calls.waiting).toBe(0);
});

test("a lost thread rejects who waits and who comes, with the first reason, and is sent nothing more", async () => {
  const { sent, calls, ask } = stage();
  const waiting = ask("a");
  calls.lose(new Error("it failed"));
  calls.lose(new Error("it has ended"));
  await expect(waiting).rejects.toThrow("it failed");
  await expect(ask("b")).rejects.toThrow("it failed");
  expect([sent.length, calls.waiting, calls.lostTo?.message]).toEqual([1, 0, "it failed"]);
});
