import type { PairRows, TrainedHead, TrainOptions, TrainProgress } from './train-head.ts';

export type ToBindWorker =
  | { readonly kind: 'train'; readonly train: PairRows; readonly validation: PairRows; readonly options: TrainOptions }
  | { readonly kind: 'stop' };

export type FromBindWorker =
  | { readonly kind: 'progress'; readonly progress: TrainProgress }
  | { readonly kind: 'trained'; readonly trained: TrainedHead }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };
