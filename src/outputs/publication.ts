import type { Sense } from '../core/types.ts';
import type { Encoding } from '../core/wire.ts';

/** One WebSocket message. */
export interface Frame {
  readonly bytes: Uint8Array;
  readonly isBinary: boolean;
}

/** Something to tell subscribers: shared by all of them, written in bytes only when it is sent, and once per form. */
export interface Publication {
  /** A newer publication of the same key replaces this one where it waits. */
  readonly key: string;
  readonly source: string;
  /** Undefined: not known. */
  readonly modality: Sense | undefined;
  /** How many items of the ledger it stands for. */
  readonly size: number;
  /** The message for a subscription of that name. */
  frame(sub: string, encoding: Encoding): Frame;
  /** Instead of being replaced by it, takes the newer one in; returns how many items had to go for it. */
  absorb?(newer: Publication): number;
}

const encoder = new TextEncoder();

export const textFrame = (json: string): Frame => ({ bytes: encoder.encode(json), isBinary: false });

/** `{"op":OP,"sub":SUB` and the rest of an object's JSON, so that the rest is written once for all subscriptions. */
export const spliceSub = (op: string, sub: string, rest: string): string => `{"op":"${op}","sub":${JSON.stringify(sub)},${rest.slice(1)}`;
