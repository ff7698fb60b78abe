/** A request that cannot be answered as it stands: a fault of the caller, with the field that is wrong. */
export class RequestError extends Error {
  readonly field: string;

  constructor(field: string, message: string) {
    super(`${field}: ${message}`);
    this.name = "RequestError";
    this.field = field;
  }
}
