import type { MemoryAnswer, MemoryLimits, MemoryQuery, Remembered, ScoredPast } from './memory-store.ts';

export interface MemoryWorkerData {
  readonly dir: string;
  readonly limits: MemoryLimits;
}

export type ToMemoryWorker =
  | { readonly kind: 'append'; readonly windows: readonly Remembered[] }
  | { readonly kind: 'search'; readonly id: number; readonly query: MemoryQuery }
  | { readonly kind: 'score'; readonly id: number; readonly space: string; readonly vector: Float32Array; readonly sinceUs: number }
  | { readonly kind: 'stop' };

export type FromMemoryWorker =
  | { readonly kind: 'opened'; readonly unreadable: readonly string[]; readonly windows: number; readonly bytes: number }
  /** The oldest batch that was sent is on the disk, or, with a reason, is not. */
  | { readonly kind: 'appended'; readonly reason: string; readonly windows: number; readonly bytes: number }
  | { readonly kind: 'found'; readonly id: number; readonly answer: MemoryAnswer }
  | { readonly kind: 'scored'; readonly id: number; readonly past: readonly ScoredPast[] }
  | { readonly kind: 'failed'; readonly id: number; readonly code: string; readonly message: string };
