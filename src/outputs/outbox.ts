import type { Stage } from '../core/ledger.ts';
import type { ClientSocket } from './client-socket.ts';
import type { Frame } from './publication.ts';

/** Frames in a socket: small ones are stale before the bytes are many. */
const MAX_FRAMES = 256;

interface InSocket {
  readonly stage: Stage;
  readonly size: number;
}

/**
 * What has been handed to one client's socket and not yet taken by the operating system. Counts it in the ledger, and knows
 * when there is room for more and for how long nothing has moved.
 */
export class Outbox {
  readonly #socket: ClientSocket;
  readonly #maxBytes: number;
  readonly #onRoom: () => void;
  readonly #nowUs: () => number;
  readonly #frames: InSocket[] = [];
  readonly #single = new Map<Stage, InSocket>();
  #movedUs = 0;
  #isClosed = false;

  constructor(socket: ClientSocket, maxBytes: number, nowUs: () => number, onRoom: () => void) {
    this.#socket = socket;
    this.#maxBytes = maxBytes;
    this.#nowUs = nowUs;
    this.#onRoom = onRoom;
  }

  /** Half of the bytes are left for the frame that makes it full, so that one frame of that size still fits. */
  get hasRoom(): boolean {
    return !this.#isClosed && this.#frames.length < MAX_FRAMES && this.#socket.bufferedAmount < this.#maxBytes / 2;
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** Microseconds since the operating system last took something; 0 where nothing waits. */
  stalledUs(): number {
    return this.#frames.length === 0 ? 0 : this.#nowUs() - this.#movedUs;
  }

  /** Items of a stage that wait here. */
  inFlight(stage: Stage): number {
    let count = 0;
    for (const frame of this.#frames) if (frame.stage === stage) count += frame.size;
    return count;
  }

  /** The items must have been received by the stage. */
  send(frame: Frame, stage: Stage, size: number): void {
    if (this.#frames.length === 0) this.#movedUs = this.#nowUs();
    this.#frames.push(size === 1 ? this.#one(stage) : { stage, size });
    this.#socket.send(frame.bytes, frame.isBinary, this.#onDone);
  }

  /** The connection is gone: what was not taken is lost. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const { stage, size } of this.#frames.splice(0)) stage.drop('clientClosed', size);
  }

  /** One object per stage, not one per message. */
  #one(stage: Stage): InSocket {
    let one = this.#single.get(stage);
    if (!one) {
      one = { stage, size: 1 };
      this.#single.set(stage, one);
    }
    return one;
  }

  readonly #onDone = (error?: Error | null): void => {
    const frame = this.#frames.shift();
    if (!frame) return;
    if (error) frame.stage.drop('clientClosed', frame.size);
    else frame.stage.emit(frame.size);
    this.#movedUs = this.#nowUs();
    this.#onRoom();
  };
}
