import type { PictureLook, RgbPicture } from '../core/types.ts';
import type { Topic } from './topic.ts';

/** How long and how much is recorded. */
export interface RecordingLimits {
  /** A file is closed and the next begun at this size and this age. */
  readonly fileBytes: number;
  readonly fileMs: number;
  /** The oldest finished files go when the folder's recordings are larger in all, or older. */
  readonly folderBytes: number;
  readonly folderMs: number;
}

/** Raw data is kept only around alerts. */
export interface TriggerTerms {
  readonly beforeMs: number;
  readonly afterMs: number;
  /** Memory for what has not been decided about; the oldest goes first. */
  readonly maxBytes: number;
}

export interface RecordingWorkerData {
  /** One file of this name, never rotated; else files in `dir`. */
  readonly file?: string;
  readonly dir?: string;
  readonly library: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly limits: RecordingLimits;
  /** Readings of inertial sensors share messages. */
  readonly packMotion: boolean;
  readonly trigger?: TriggerTerms;
}

export type ToRecordingWorker =
  | { readonly kind: 'topic'; readonly id: number; readonly topic: Topic }
  | { readonly kind: 'block'; readonly block: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'stop' };

/** What became of records: counts by topic id. */
export interface Settled {
  readonly written: Record<number, number>;
  readonly dropped: Record<string, Record<number, number>>;
}

export type FromRecordingWorker =
  | { readonly kind: 'settled'; readonly bytes: number; readonly settled: Settled; readonly file: string; readonly fileBytes: number }
  /** `reason` empty: it can be written again. */
  | { readonly kind: 'state'; readonly reason: string };

export type ToPictureDecoder =
  | {
      readonly kind: 'decode';
      readonly id: number;
      readonly jpeg: Uint8Array;
      /** Its pixels are wanted, not only what windows look at. */
      readonly wantsPixels: boolean;
    }
  | { readonly kind: 'stop' };

export type FromPictureDecoder =
  | { readonly kind: 'decoded'; readonly id: number; readonly picture: RgbPicture | PictureLook }
  | { readonly kind: 'failed'; readonly id: number; readonly code: string; readonly message: string };
