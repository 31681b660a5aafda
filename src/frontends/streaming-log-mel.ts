import { EMPTY, Observable, map, type OperatorFunction } from 'rxjs';
import { PayloadError } from '../core/errors.ts';
import type { EncodeInput, Pcm, Sample, Window } from '../core/types.ts';
import { frameCount, logMelBatch, melFrames, melTensor } from './log-mel.ts';
import type { FrontEnd, LogMelRecipe } from './recipe.ts';
import { SoundTimeline, type Written } from './sound-timeline.ts';

/**
 * Windows of sound in, their spectrograms out. Windows overlap, yet each frame is computed once: frames lie on one grid, and a
 * window begins at the grid point nearest to its start (at most half a hop away). Holes are silence. On the same samples the result
 * is that of `logMelBatch` to the last bit.
 *
 * @param samples$ the chunks that the windows are made of, where frames shall be computed as chunks come: what remains to be done when
 *   a window closes is a fiftieth. The spectrograms are the same.
 */
export function streamingLogMel(recipe: FrontEnd, samples$: Observable<Sample<Pcm>> = EMPTY): OperatorFunction<Window<Pcm>, EncodeInput> {
  if (recipe.kind === 'log-mel' && !recipe.center && !recipe.fill && !recipe.patches) {
    return (windows$) =>
      new Observable((subscriber) => {
        const stream = new LogMelStream(recipe);
        // Before the windows: the chunk that closes one has been heard by then.
        subscriber.add(samples$.subscribe({ next: (sample) => stream.hear(sample), error: () => undefined }));
        subscriber.add(windows$.pipe(map((window) => stream.push(window))).subscribe(subscriber));
      });
  }
  // A raw wave has no frames to share; mirrored, repeated and filled sound depends on each window's own ends.
  return map(({ members, ...meta }) => {
    const timeline = new SoundTimeline(recipeRate(recipe), meta.endUs - meta.startUs);
    for (const member of members) timeline.write(member);
    const count = Math.round(((meta.endUs - meta.startUs) * recipeRate(recipe)) / 1e6);
    return {
      ...meta,
      tensor: logMelBatch({ kind: 'pcm', rateHz: recipeRate(recipe), data: timeline.read(timeline.indexOf(meta.startUs), count) }, recipe),
    };
  });
}

function recipeRate(recipe: FrontEnd): number {
  if ('rateHz' in recipe) return recipe.rateHz;
  throw new PayloadError('BAD_FRONT_END', `sound needs a front end of kind log-mel or waveform, not ${recipe.kind}`);
}

class LogMelStream {
  readonly #recipe: LogMelRecipe;
  #timeline: SoundTimeline | undefined;
  /** Computed frames by their number on the grid: frame n begins at sample n * hop of the timeline. */
  readonly #frames = new Map<number, Float32Array>();
  /** The timeline that the frames are of. */
  #epoch = 0;
  /** How many frames a window has, and the first frame that none has had; undefined before the first window of an epoch. */
  #ahead: { readonly most: number; next: number } | undefined;
  /** Where the chunk ends that lasts longest of all that came, window or not. */
  #heardToUs = Number.NEGATIVE_INFINITY;

  constructor(recipe: LogMelRecipe) {
    this.#recipe = recipe;
  }

  /**
   * Computes the frames that a chunk completes, before it is in a window. Only what follows without a gap, in order: windows bring all
   * else in the order of event time, whatever the order of arrival was, and may leave a chunk out.
   */
  hear(sample: Sample<Pcm>): void {
    const endUs = sample.timeUs + sample.durationUs;
    const isNext =
      this.#ahead !== undefined &&
      endUs > this.#heardToUs &&
      sample.seq === this.#timeline?.nextSeq &&
      sample.payload.rateHz === this.#recipe.rateHz;
    this.#heardToUs = Math.max(this.#heardToUs, endUs);
    if (!isNext || !this.#timeline) return;
    const range = this.#write(this.#timeline, sample);
    const ahead = this.#ahead;
    if (!range || !ahead) return;
    const { hopSamples, windowSamples } = this.#recipe;
    while (this.#frames.size < 2 * ahead.most && ahead.next * hopSamples + windowSamples <= range.to)
      this.#frameOf(this.#timeline, ahead.next++);
  }

  push({ members, ...meta }: Window<Pcm>): EncodeInput {
    const { hopSamples, mels, rateHz } = this.#recipe;
    const timeline = (this.#timeline ??= new SoundTimeline(rateHz, meta.endUs - meta.startUs));
    for (const member of members) this.#write(timeline, member);
    const samples = Math.round(((meta.endUs - meta.startUs) * rateHz) / 1e6);
    const count = frameCount(this.#recipe, samples);
    const first = Math.round(timeline.indexOf(meta.startUs) / hopSamples);
    const rows = new Float32Array(count * mels);
    for (let i = 0; i < count; i++) rows.set(this.#frameOf(timeline, first + i), i * mels);
    // What lies before this window is of no further use.
    for (const n of this.#frames.keys()) if (n < first) this.#frames.delete(n);
    this.#ahead = { most: count, next: Math.max(this.#ahead?.next ?? 0, first + count) };
    return { ...meta, tensor: melTensor(rows, count, this.#recipe) };
  }

  #frameOf(timeline: SoundTimeline, n: number): Float32Array {
    const { hopSamples, windowSamples, mels } = this.#recipe;
    let row = this.#frames.get(n);
    if (!row) {
      row = new Float32Array(mels);
      melFrames(this.#recipe).compute(timeline.read(n * hopSamples, windowSamples), 0, row, 0);
      this.#frames.set(n, row);
    }
    return row;
  }

  #write(timeline: SoundTimeline, member: Sample<Pcm>): Written | undefined {
    const range = timeline.write(member);
    if (timeline.epoch !== this.#epoch) {
      this.#epoch = timeline.epoch;
      this.#frames.clear();
      this.#ahead = undefined;
    }
    if (!range?.filledHole) return range;
    // A late chunk fills a hole that was silence: the frames that touch it are computed anew.
    const { hopSamples, windowSamples } = this.#recipe;
    for (const n of this.#frames.keys()) {
      const start = n * hopSamples;
      if (start + windowSamples > range.from && start < range.to) this.#frames.delete(n);
    }
    return range;
  }
}
