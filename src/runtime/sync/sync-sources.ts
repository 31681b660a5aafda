import { UsageError } from '../../core/errors.ts';
import { decodePicture } from '../../frontends/decode-picture.ts';
import type { Recording } from '../../recording/open-recording.ts';
import { Activity } from './activity.ts';
import { estimateLag, type Lag } from './estimate-lag.ts';

export interface SyncOptions {
  /** Ids of the two sources. */
  readonly between: readonly [string, string];
  /** Lags up to so many ms, to both sides, are tried. */
  readonly maxLagMs: number;
  /** Told of each thousand samples. */
  readonly onProgress: (samples: number) => void;
}

export interface Sync extends Lag {
  /** Samples of each that were looked at. */
  readonly samples: readonly [number, number];
  /** Length of what both saw, in seconds. */
  readonly seconds: number;
}

/**
 * The lag between two sources of a recording by what both noticed: a bang that the microphone hears and the motion sensor feels, a
 * light that the camera and the thermal camera see. Event times are those of the recorded run, its `offsetMs` included.
 *
 * @throws UsageError `NO_SUCH_SOURCE` where one of the two was not recorded, `NOTHING_IN_COMMON` where no lag can be estimated
 */
export async function syncSources(recording: Recording, { between, maxLagMs, onProgress }: SyncOptions): Promise<Sync> {
  const [first, second] = between;
  const recorded = recording.sources.map(({ id }) => id);
  for (const id of between) {
    if (!recorded.includes(id))
      throw new UsageError('NO_SUCH_SOURCE', `the recording has no source "${id}"; it has ${recorded.join(', ')}`);
  }
  const activities = new Map<string, Activity>();
  let fromUs: number | undefined;
  let samples = 0;
  for await (const event of recording.events({ kinds: ['reading'], sources: [first, second] })) {
    if (event.kind !== 'reading' || !event.sample) continue;
    const { source, timeUs, payload } = event.sample;
    fromUs ??= timeUs - maxLagMs * 1000;
    let activity = activities.get(source);
    if (!activity) activities.set(source, (activity = new Activity(fromUs)));
    activity.add({ timeUs, payload: payload.kind === 'encoded' ? await decodePicture(payload.bytes) : payload });
    if (++samples % 1000 === 0) onProgress(samples);
  }
  const [a, b] = [activities.get(first), activities.get(second)];
  const lag = a && b && estimateLag(a.bins, b.bins, maxLagMs);
  if (!a || !b || !lag) {
    throw new UsageError(
      'NOTHING_IN_COMMON',
      `${first} has ${a?.samples ?? 0} samples and ${second} ${b?.samples ?? 0}: no lag can be told from that; record at least 5 s in which both notice the same`,
    );
  }
  return { ...lag, samples: [a.samples, b.samples], seconds: Math.min(a.bins.length, b.bins.length) / 100 };
}
