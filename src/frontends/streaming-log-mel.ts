import { map, type OperatorFunction } from 'rxjs';
import { PayloadError } from '../core/errors.ts';
import type { EncodeInput, Pcm, Sample, Window } from '../core/types.ts';
import { frameCount, logMelBatch, melFrames, melTensor } from './log-mel.ts';
import type { FrontEnd, LogMelRecipe } from './recipe.ts';
import { SoundTimeline } from './sound-timeline.ts';

/**
 * Windows of sound in, their spectrograms out. Windows overlap, yet each frame is computed once: frames lie on one grid, and a
 * window begins at the grid point nearest to its start (at most half a hop away). Holes are silence. On the same samples the result
 * is that of `logMelBatch` to the last bit.
 */
export function streamingLogMel(recipe: FrontEnd): OperatorFunction<Window<Pcm>, EncodeInput> {
  if (recipe.kind === 'log-mel' && !recipe.center && !recipe.fill && !recipe.patches) {
    return (windows$) => {
      const stream = new LogMelStream(recipe);
      return windows$.pipe(map((window) => stream.push(window)));
    };
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

  constructor(recipe: LogMelRecipe) {
    this.#recipe = recipe;
  }

  push({ members, ...meta }: Window<Pcm>): EncodeInput {
    const { hopSamples, windowSamples, mels, rateHz } = this.#recipe;
    const timeline = (this.#timeline ??= new SoundTimeline(rateHz, meta.endUs - meta.startUs));
    for (const member of members) this.#write(timeline, member);
    if (timeline.epoch !== this.#epoch) {
      this.#epoch = timeline.epoch;
      this.#frames.clear();
    }
    const samples = Math.round(((meta.endUs - meta.startUs) * rateHz) / 1e6);
    const count = frameCount(this.#recipe, samples);
    const first = Math.round(timeline.indexOf(meta.startUs) / hopSamples);
    const machine = melFrames(this.#recipe);
    const rows = new Float32Array(count * mels);
    for (let i = 0; i < count; i++) {
      let row = this.#frames.get(first + i);
      if (!row) {
        row = new Float32Array(mels);
        machine.compute(timeline.read((first + i) * hopSamples, windowSamples), 0, row, 0);
        this.#frames.set(first + i, row);
      }
      rows.set(row, i * mels);
    }
    // Maps keep the order of insertion; what lies before this window is of no further use.
    for (const n of this.#frames.keys()) if (n < first) this.#frames.delete(n);
    return { ...meta, tensor: melTensor(rows, count, this.#recipe) };
  }

  #write(timeline: SoundTimeline, member: Sample<Pcm>): void {
    const range = timeline.write(member);
    if (!range || !range.filledHole) return;
    // A late chunk fills a hole that was silence: the frames that touch it are computed anew.
    const { hopSamples, windowSamples } = this.#recipe;
    for (const n of this.#frames.keys()) {
      const start = n * hopSamples;
      if (start + windowSamples > range.from && start < range.to) this.#frames.delete(n);
    }
  }
}
