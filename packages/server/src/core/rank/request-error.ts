/** A request that cannot be answered as it stands: a fault of the caller, with the field that is wrong. */
export class RequestError extends Error {
  readonly field: string;
  /** What is wrong with it, without the field's name. */
  readonly fault: string;

  constructor(field: string, fault: string) {
    super(`${field}: ${fault}`);
    this.name = "RequestError";
    this.field = field;
    this.fault = fault;
  }
}
