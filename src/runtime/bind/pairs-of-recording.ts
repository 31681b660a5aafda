import { UsageError } from '../../core/errors.ts';
import type { EncoderModality, Modality } from '../../core/types.ts';
import type { Recording } from '../../recording/open-recording.ts';
import type { Keyed } from '../../space/bind/retrieval.ts';
import type { BindPair, BindPairs } from './bind-pair.ts';
import type { PairWindow } from './own-encoder.ts';

export interface PairsOfRecordingOptions {
  readonly anchor: EncoderModality;
  readonly fresh: Modality;
  /** The space that the recorded vectors must be of. */
  readonly space: string;
  /** Windows of the new sensor where the recording has no vectors of it. */
  readonly own?: readonly PairWindow[] | undefined;
  readonly onProgress: (windows: number) => void;
}

/** Windows of one sense that are held at most: an hour and more of most sensors. */
const MOST_WINDOWS = 20_000;
/** Windows without length (pictures) reach this far to both sides. */
const REACH_US = 250_000;

/**
 * Pairs the windows of two senses of a recording by corrected event time: each window of the new sensor with the anchor's whose middle
 * is nearest, where the two overlap. A window whose clock is less sure than that is left out, and counted.
 *
 * @throws UsageError `NO_SUCH_SENSE` where one of the two was not recorded, `NO_COMMON_TIME` where their clocks have nothing in common
 */
export async function pairsOfRecording(
  recording: Recording,
  { anchor, fresh, space, own, onProgress }: PairsOfRecordingOptions,
): Promise<BindPairs> {
  if (anchor === 'text')
    throw new UsageError(
      'NO_SUCH_SENSE',
      'a recording holds no captions; write a pairs.jsonl with "text", or bind to a sense that was recorded',
    );
  const recorded = new Set(recording.sources.map(({ modality }) => modality));
  for (const sense of [anchor, fresh]) {
    if (!recorded.has(sense))
      throw new UsageError('NO_SUCH_SENSE', `the recording has no source of ${sense}; it has ${[...recorded].join(', ')}`);
  }
  const leftOut: Record<string, number> = {};
  const count = (reason: string): void => void (leftOut[reason] = (leftOut[reason] ?? 0) + 1);
  const unsure = new Set<Modality>();
  const unsureOf = (modality: Modality): void => {
    count('clockUnsure');
    unsure.add(modality);
  };
  const windows = new Map<Modality, PairWindow[]>();
  let seen = 0;
  for await (const event of recording.events({ kinds: ['embedding'] })) {
    if (event.kind !== 'embedding') continue;
    const { embedding } = event;
    if (++seen % 100 === 0) onProgress(seen);
    const list = windows.get(embedding.modality) ?? [];
    windows.set(embedding.modality, list);
    if (embedding.space !== space) count('otherSpace');
    else if (embedding.errorUs > reach(embedding)) unsureOf(embedding.modality);
    else if (list.length >= MOST_WINDOWS) count('beyondLimit');
    else list.push(embedding);
  }
  if (own) {
    const sure = own.filter((window) => window.errorUs <= reach(window));
    windows.set(fresh, sure.slice(0, MOST_WINDOWS));
    for (let i = sure.length; i < own.length; i++) unsureOf(fresh);
  }
  for (const list of windows.values()) list.sort((a, b) => middle(a) - middle(b));
  const anchors = windows.get(anchor) ?? [];
  refuseApart(anchor, anchors, fresh, windows.get(fresh) ?? []);
  for (const sense of [anchor, fresh]) if (!windows.get(sense)?.length && unsure.has(sense)) throw noClock(sense);
  const pairs: BindPair[] = [];
  for (const window of windows.get(fresh) ?? []) {
    const partner = nearestOf(anchors, window);
    if (!partner) {
      count('oneSided');
      continue;
    }
    const others: Partial<Record<EncoderModality, Keyed>> = {};
    for (const [modality, list] of windows) {
      const other = modality === anchor || modality === fresh ? undefined : nearestOf(list, window);
      if (other) others[modality] = keyed(other);
    }
    pairs.push({ anchor: partner.vector, feature: window.vector, key: keyed(partner).key, timeUs: middle(window), others });
  }
  return { pairs, leftOut };
}

/** Two senses whose times do not meet at all were stamped by clocks that know nothing of each other. */
function refuseApart(anchor: EncoderModality, anchors: readonly PairWindow[], fresh: Modality, windows: readonly PairWindow[]): void {
  const [one, other] = [spanOf(anchors), spanOf(windows)];
  if (!one || !other || (one.startUs < other.endUs + REACH_US && other.startUs < one.endUs + REACH_US)) return;
  throw new UsageError(
    'NO_COMMON_TIME',
    `${anchor} was recorded ${inWords(one)}, ${fresh} ${inWords(other)}: their clocks have no common time base, so no moment of one is a moment of the other; record both by one edgebind run, and see docs/time.md for clocks that are wrong`,
  );
}

const noClock = (sense: Modality): UsageError =>
  new UsageError(
    'NO_COMMON_TIME',
    `the clock of ${sense} is less sure than its windows are long, in all of them: it has no common time base with the others; see docs/time.md, or edgebind sync`,
  );

function spanOf(windows: readonly PairWindow[]): { readonly startUs: number; readonly endUs: number } | undefined {
  const [first, last] = [windows[0], windows.at(-1)];
  return first && last && { startUs: first.startUs, endUs: last.endUs };
}

const inWords = ({ startUs, endUs }: { readonly startUs: number; readonly endUs: number }): string =>
  `from ${new Date(startUs / 1000).toISOString()} to ${new Date(endUs / 1000).toISOString()}`;

const middle = ({ startUs, endUs }: PairWindow): number => (startUs + endUs) / 2;
const reach = ({ startUs, endUs }: PairWindow): number => Math.max(REACH_US, (endUs - startUs) / 2);
const keyed = ({ source, startUs, vector }: PairWindow): Keyed => ({ key: `${source} ${startUs}`, vector });

/** The window whose middle is nearest, if the two overlap. `list` is in the order of their middles. */
function nearestOf(list: readonly PairWindow[], window: PairWindow): PairWindow | undefined {
  const at = middle(window);
  let [low, high] = [0, list.length];
  while (low < high) {
    const half = (low + high) >> 1;
    const one = list[half];
    if (one && middle(one) < at) low = half + 1;
    else high = half;
  }
  const near = [list[low - 1], list[low]].filter((one) => one !== undefined);
  const best = near.reduce<PairWindow | undefined>(
    (a, b) => (a && Math.abs(middle(a) - at) <= Math.abs(middle(b) - at) ? a : b),
    undefined,
  );
  return best && Math.abs(middle(best) - at) < reach(best) + reach(window) ? best : undefined;
}
