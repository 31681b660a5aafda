/**
 * The base of all errors EdgeBind throws on purpose. `code` is stable and for machines; the message names the thing, the value
 * got, the value wanted and the fix, and is for people.
 */
export class EdgeBindError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** Wrong usage or an invalid configuration: the process exits with 2. */
export class UsageError extends EdgeBindError {}

/** Bytes that do not fit their format. Counted under `code` in the ledger and skipped; never fatal. */
export class PayloadError extends EdgeBindError {}

/** Vectors of two spaces were about to be compared. */
export class SpaceMismatchError extends EdgeBindError {
  constructor(left: string, right: string) {
    super('SPACE_MISMATCH', `a vector of space ${left} cannot be compared with one of space ${right}: embed both with the same bundle`);
  }
}

/** The message of anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
