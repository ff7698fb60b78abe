import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { idsIn, redacted } from "./redact.ts";

describe("ids in a text", () => {
  test.each<[string, string[] | undefined]>([
    ['{"userId":"u1","anonymousId":"a1"}', ["u1", "a1"]],
    ['{"userId": 42, "traits": {"previousId" : "old"}}', ["42", "old"]],
    ['{"userId":"u\\u0031\\"x"}', ['u1"x']],
    ['{"userId":"u1", oops', ["u1"]],
    ['{"event":"x"}', undefined],
    ['{"userId":""}', undefined],
    ['{"user\\u0049d":"u1","anonymousId":"a1"}', undefined],
    ['{"x":"\\\\","userId":"u1"}', ["u1"]],
    [`{${Array.from({ length: 17 }, (_, i) => `"userId":"u${i}"`).join(",")}}`, undefined],
  ])("%s", (text, ids) => {
    expect(idsIn(text)).toEqual(ids);
  });

  test("whatever id a person has, in whatever event, it is found", () => {
    const any = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 200 }), any, (userId, properties) => {
        const text = JSON.stringify({ properties, userId });
        const ids = idsIn(text);
        if (ids !== undefined) expect(ids).toContain(userId);
      }),
    );
  });

  test("hostile texts cost no more than their length", () => {
    const texts = ['\\"', '"userId":"', '"userId" ', '"\\', '"token":"', '"ip":"\\', "9", "{"];
    const started = process.cpuUsage();
    for (const text of texts) {
      const long = `"${text.repeat(1_000_000 / text.length)}`;
      idsIn(long);
      redacted(long);
    }
    const { user } = process.cpuUsage(started);
    expect(user / 1_000).toBeLessThan(2_000);
  });
});

describe("what must not stay", () => {
  test.each([
    ['{"userToken":"a.b\\"c.d","x":1}', '{"userToken":"","x":1}'],
    ['{"writeKey" : "wk"}', '{"writeKey" : ""}'],
    ['{"ip":"203.0.113.77"}', '{"ip":"203.0.113.0"}'],
    ['{"ip":"2001:db8:1:2:3:4:5:6"}', '{"ip":"2001:db8:1::"}'],
    ['{"ip":"2001:db8::1"}', '{"ip":"2001:db8::"}'],
    ['{"ip":"::ffff:203.0.113.77"}', '{"ip":""}'],
    ['{"ip":"::1"}', '{"ip":""}'],
    ['{"ip":"not one"}', '{"ip":""}'],
    ['{"tip":"203.0.113.77"}', '{"tip":"203.0.113.77"}'],
  ])("%s", (text, left) => {
    expect(redacted(text)).toBe(left);
  });
});
