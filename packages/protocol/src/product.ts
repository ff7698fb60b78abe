/** The name of the product, of its command and of its settings, and its version, written once. */
export const product = {
  name: "Attune",
  command: "attune",
  environment: "ATTUNE",
  version: "0.1.0",
} as const;
