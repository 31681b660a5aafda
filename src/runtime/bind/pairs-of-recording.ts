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
 * @throws UsageError `NO_SUCH_SENSE` where one of the two was not recorded
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
  const windows = new Map<Modality, PairWindow[]>();
  let seen = 0;
  for await (const event of recording.events({ kinds: ['embedding'] })) {
    if (event.kind !== 'embedding') continue;
    const { embedding } = event;
    if (++seen % 100 === 0) onProgress(seen);
    const list = windows.get(embedding.modality) ?? [];
    windows.set(embedding.modality, list);
    if (embedding.space !== space) count('otherSpace');
    else if (embedding.errorUs > reach(embedding)) count('clockUnsure');
    else if (list.length >= MOST_WINDOWS) count('beyondLimit');
    else list.push(embedding);
  }
  if (own) {
    const sure = own.filter((window) => window.errorUs <= reach(window));
    windows.set(fresh, sure.slice(0, MOST_WINDOWS));
    for (let i = sure.length; i < own.length; i++) count('clockUnsure');
  }
  for (const list of windows.values()) list.sort((a, b) => middle(a) - middle(b));
  const anchors = windows.get(anchor) ?? [];
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
