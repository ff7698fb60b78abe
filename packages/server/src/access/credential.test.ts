import { expect, test } from "vitest";
import { credentialOf } from "./credential.ts";

const basic = (text: string) => ({
  authorization: `Basic ${Buffer.from(text).toString("base64")}`,
});

test.each([
  ["Basic with an empty password", { headers: basic("wk:") }],
  ["Basic without its colon", { headers: basic("wk") }],
  [
    "basic in small letters",
    { headers: { authorization: basic("wk:").authorization.replace("B", "b") } },
  ],
  ["Bearer", { headers: { authorization: "Bearer wk" } }],
  ["X-Write-Key", { headers: { "x-write-key": "wk" } }],
  ["writeKey in the body", { headers: {}, body: { writeKey: "wk" } }],
  ["api_key in the body", { headers: {}, body: { api_key: "wk" } }],
  ["token in the body", { headers: {}, body: { token: "wk" } }],
  ["writeKey of a beacon", { headers: {}, query: { writeKey: "wk" } }],
  ["the header before the body", { headers: basic("wk:"), body: { writeKey: "other" } }],
  ["the body when the header is empty", { headers: basic(":"), body: { writeKey: "wk" } }],
])("%s", (_name, parts) => {
  expect(credentialOf(parts)).toBe("wk");
});

test.each([
  ["no place", { headers: {} }],
  ["another scheme", { headers: { authorization: "Digest wk" } }],
  ["a scheme alone", { headers: { authorization: "Basic" } }],
  ["a body that is no object", { headers: {}, body: "writeKey" }],
  ["a key that is no text", { headers: {}, body: { writeKey: { toString: "wk" } } }],
  ["an inherited field", { headers: {}, body: Object.create({ writeKey: "wk" }) }],
  ["another query field", { headers: {}, query: { token: "wk" } }],
])("nothing from %s", (_name, parts) => {
  expect(credentialOf(parts)).toBeUndefined();
});
