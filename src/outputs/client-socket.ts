/** The part of a WebSocket that a session needs: `ws` in service, a fake in unit tests. */
export interface ClientSocket {
  /** Bytes that were sent but not yet taken by the operating system. */
  readonly bufferedAmount: number;
  /** Calls `done` once, in order of the sends, when the operating system took the bytes or, with an error, never will. */
  send(bytes: Uint8Array, isBinary: boolean, done: (error?: Error | null) => void): void;
  ping(): void;
  /** Closes with a handshake; a peer that does not answer is cut off after a while. */
  close(code: number, reason: string): void;
  /** Cuts the connection at once. */
  terminate(): void;
}
