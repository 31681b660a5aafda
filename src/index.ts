/** EdgeBind as a library: what a program of your own may build on. Everything else is private. */
export type { EncodeOptions, EncoderHealth, Encoders } from './core/encoder.ts';
export { EdgeBindError, PayloadError, SpaceMismatchError, UsageError } from './core/errors.ts';
export { Ledger, Stage, type LedgerLine } from './core/ledger.ts';
export type { Source } from './core/source.ts';
export { hostClock, VirtualClock, type Clock } from './core/time.ts';
export type * from './core/types.ts';
export { correctClock, type CorrectClockOptions } from './operators/correct-clock.ts';
export { enoughCoverage, type EnoughCoverageOptions } from './operators/enough-coverage.ts';
export { frameWindow, type FrameWindowOptions } from './operators/frame-window.ts';
export { align, type Aligned, type AlignOptions } from './operators/align.ts';
export { fuse, type FuseOptions } from './operators/fuse.ts';
export { slidingWindow, type SlidingWindowOptions } from './operators/sliding-window.ts';
export { loadConfig, type Config, type LoadedConfig } from './runtime/config.ts';
export { EdgeBind } from './runtime/edgebind.ts';
export type { EdgeBindOptions } from './runtime/edgebind-options.ts';
export { cosine, dot, normalise, weightedMean, type SpaceVector } from './space/vector.ts';
