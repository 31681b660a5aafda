import { filter, map, scan, type OperatorFunction } from 'rxjs';
import type { ArrayReading, Clip, Depth, EncodeInput, Picture, Sample, Thermal, Window } from '../core/types.ts';
import type { FrontEnd } from './recipe.ts';

/** Pictures that are kept for the seconds of a clip; of more, those in between are passed over. */
const KEPT = 64;
const DEFAULT_SECONDS = 2;

/** What a picture front end makes a tensor of. */
type Framed = Picture | Thermal | Depth | ArrayReading;

/**
 * The newest picture of each window, to be decoded and resized off the loop. A front end of several frames gets a clip: the newest
 * picture, the one its `seconds` before, or the oldest there is while there is none so old, and those between at even steps of time.
 */
export function pictureWindows(frontEnd: FrontEnd): OperatorFunction<Window<Framed>, EncodeInput> {
  if (frontEnd.kind !== 'image' || frontEnd.frames === undefined || frontEnd.frames === 1)
    return map((window) => ({ ...metaOf(window), picture: newestOf(window).payload }));
  const spanUs = (frontEnd.seconds ?? DEFAULT_SECONDS) * 1e6;
  const { frames } = frontEnd;
  return (windows$) =>
    windows$.pipe(
      scan<Window<Framed>, ClipWindow>((clip, window) => clipWindow(clip.kept, window, { spanUs, frames }), {
        kept: [],
      }),
      map(({ input }) => input),
      filter((input) => input !== undefined),
    );
}

interface ClipTerms {
  readonly spanUs: number;
  /** How many pictures make a clip. */
  readonly frames: number;
}

interface ClipWindow {
  readonly input?: EncodeInput;
  /** Pictures from the clip's first one on, oldest first; at most KEPT + 2. */
  readonly kept: readonly Sample<Picture>[];
}

function clipWindow(before: readonly Sample<Picture>[], window: Window<Framed>, { spanUs, frames }: ClipTerms): ClipWindow {
  const newest = newestOf(window) as Sample<Picture>;
  // A clock that was set back begins anew.
  const past = before.filter(({ timeUs }) => timeUs <= newest.timeUs);
  const oldest = past.findLastIndex(({ timeUs }) => timeUs <= newest.timeUs - spanUs);
  const kept = past.slice(Math.max(0, oldest));
  const first = kept[0] ?? newest;
  const chosen = spread([...kept, newest], frames);
  const clip: Clip = { kind: 'clip', frames: chosen.map(({ payload }) => payload) };
  const last = kept.at(-1);
  const isFar = !last || newest.timeUs - last.timeUs >= spanUs / KEPT;
  const meta = metaOf(window);
  return {
    input: { ...meta, startUs: first.timeUs, samples: { ...meta.samples, first: first.seq }, picture: clip },
    kept: isFar ? [...kept, newest] : kept,
  };
}

/** The newest of the samples, in order of time, at each of `count` even steps from the first to the last; each once. */
function spread(samples: readonly Sample<Picture>[], count: number): Sample<Picture>[] {
  const [startUs, endUs] = [samples[0]?.timeUs ?? 0, samples.at(-1)?.timeUs ?? 0];
  const steps = Array.from({ length: count }, (_, i) => startUs + (i * (endUs - startUs)) / (count - 1));
  return [...new Set(steps.map((timeUs) => samples.findLast((sample) => sample.timeUs <= timeUs)))].filter(
    (sample) => sample !== undefined,
  );
}

function newestOf({ members }: Window<Framed>): Sample<Framed> {
  const newest = members.at(-1);
  if (!newest) throw new RangeError('a window without a picture');
  return newest;
}

const metaOf = ({ members: _, ...meta }: Window<Framed>): Omit<Window, 'members'> => meta;
