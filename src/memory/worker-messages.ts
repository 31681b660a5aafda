import type { MemoryAnswer, MemoryLimits, MemoryQuery, MemoryTotals, Remembered } from './memory-store.ts';
import type { SpaceVector } from '../space/vector.ts';
import type { ScoredPast } from './score-past.ts';

export interface MemoryWorkerData {
  readonly dir: string;
  readonly limits: MemoryLimits;
}

export type ToMemoryWorker =
  | { readonly kind: 'append'; readonly windows: readonly Remembered[] }
  | { readonly kind: 'search'; readonly id: number; readonly query: MemoryQuery }
  | { readonly kind: 'score'; readonly id: number; readonly space: string; readonly vector: Float32Array; readonly sinceUs: number }
  | { readonly kind: 'moment'; readonly id: number; readonly source: string; readonly timeUs: number }
  | { readonly kind: 'stop' };

export type FromMemoryWorker =
  | { readonly kind: 'opened'; readonly unreadable: readonly string[]; readonly totals: MemoryTotals }
  /** The oldest batch that was sent is on the disk, or, with a reason, is not. */
  | { readonly kind: 'appended'; readonly reason: string; readonly totals: MemoryTotals }
  /** Full segments are sealed for now, or, with a reason, one of them cannot be. */
  | { readonly kind: 'sealed'; readonly reason: string; readonly totals: MemoryTotals }
  | { readonly kind: 'found'; readonly id: number; readonly answer: MemoryAnswer }
  | { readonly kind: 'scored'; readonly id: number; readonly past: readonly ScoredPast[] }
  | { readonly kind: 'moment'; readonly id: number; readonly found: SpaceVector | undefined }
  | { readonly kind: 'failed'; readonly id: number; readonly code: string; readonly message: string };
