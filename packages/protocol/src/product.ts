/** The name of the product and of its command, written once. */
export const product = { name: "Attune", command: "attune", environment: "ATTUNE" } as const;
