import { UsageError } from '../../core/errors.ts';
import type { ArrayReading, Sample, Tensor } from '../../core/types.ts';
import { coverage } from '../../operators/coverage.ts';
import type { ManifestWindow } from '../../encoders/manifest.ts';
import type { Recording } from '../../recording/open-recording.ts';
import { parseFrontEnd, type FrontEnd, type ImageRecipe, type SeriesRecipe } from '../../frontends/recipe.ts';
import { seriesTensor } from '../../frontends/series-tensor.ts';

/** One window of a sensor of somebody's own. */
interface OwnWindow {
  readonly startUs: number;
  readonly endUs: number;
  readonly errorUs: number;
  readonly tensor: Tensor;
}

/** How channels are windowed and made into tensors, with what was recorded of them. */
interface SeriesSensor {
  readonly frontEnd: SeriesRecipe;
  readonly window: ManifestWindow;
  readonly windows: readonly OwnWindow[];
}

/** A reading of it, on the common timeline. */
export type OwnSample = Sample<ArrayReading>;

/** Points of a window at most: what is faster is thinned to it. */
const MOST_POINTS = 1024;
const MIN_COVERAGE = 0.8;
/** Readings that are held at most. */
const MOST_READINGS = 2_000_000;
/** A channel that moves by less than this of its size says nothing. */
const STILL = 1e-6;
const MOST_WINDOWS = 20_000;

/**
 * What a recording has of a sensor that the bundle has no encoder for.
 *
 * @throws UsageError `SENSOR_CONSTANT`, `BAD_SENSOR` where its readings differ in shape, `TOO_FEW_PAIRS` where there are none
 */
export async function ownReadings(recording: Recording, fresh: string, onProgress: (count: number) => void): Promise<OwnSample[]> {
  const samples: OwnSample[] = [];
  for await (const event of recording.events({ kinds: ['reading'] })) {
    if (event.kind !== 'reading' || event.modality !== fresh || event.sample?.payload.kind !== 'array') continue;
    samples.push(event.sample as OwnSample);
    if (samples.length % 1000 === 0) onProgress(samples.length);
    if (samples.length >= MOST_READINGS) break;
  }
  samples.sort((a, b) => a.timeUs - b.timeUs);
  const first = samples[0]?.payload;
  if (!first) throw new UsageError('TOO_FEW_PAIRS', `the recording holds no reading of ${fresh}: was the sensor connected?`);
  const odd = samples.find(({ payload }) => payload.width !== first.width || payload.height !== first.height)?.payload;
  if (odd)
    throw new UsageError(
      'BAD_SENSOR',
      `readings of ${fresh} differ in shape: ${first.width} x ${first.height} and ${odd.width} x ${odd.height}; record one sensor`,
    );
  return samples;
}

/** Channels over time: windows of `seconds`, every `hopSeconds`, on the recording's own rate, each channel normalised. */
export function seriesSensor(
  samples: readonly OwnSample[],
  { seconds, hopSeconds }: { seconds: number; hopSeconds: number },
): SeriesSensor {
  const steps = samples.slice(1).map(({ timeUs }, i) => timeUs - (samples[i]?.timeUs ?? 0));
  const step = steps.sort((a, b) => a - b)[steps.length >> 1] ?? 0;
  const rateHz = Math.min(step > 0 ? 1e6 / step : 1, MOST_POINTS / seconds);
  const rounded = Number(Math.max(rateHz, 2 / seconds).toPrecision(3));
  const channels = samples[0]?.payload.width ?? 0;
  const all = Array.from({ length: channels }, (_, channel) => spreadOf(samples.map(({ payload }) => payload.values[channel] ?? 0)));
  refuseStill(all.every(({ std, mean }) => std <= STILL * Math.max(1, Math.abs(mean))));
  const frontEnd = parseFrontEnd({
    kind: 'series',
    rateHz: rounded,
    seconds,
    maxGapMs: Math.max(100, (5 * 1000) / rounded),
    mean: all.map(({ mean }) => Number(mean.toPrecision(6))),
    std: all.map(({ std }) => Number(Math.max(std, 1e-9).toPrecision(6))),
  });
  if (frontEnd.kind !== 'series') throw new RangeError('a front end of a series');
  const [sizeUs, hopUs] = [seconds * 1e6, hopSeconds * 1e6];
  const windows: OwnWindow[] = [];
  let from = 0;
  const lastUs = samples.at(-1)?.timeUs ?? 0;
  // Aligned to the epoch, as live windows are.
  for (let startUs = Math.ceil((samples[0]?.timeUs ?? 0) / hopUs) * hopUs; startUs + sizeUs <= lastUs; startUs += hopUs) {
    while ((samples[from]?.timeUs ?? Number.POSITIVE_INFINITY) < startUs) from++;
    let to = from;
    while ((samples[to]?.timeUs ?? Number.POSITIVE_INFINITY) < startUs + sizeUs) to++;
    const members = samples.slice(from, to);
    if (coverage(members, startUs, startUs + sizeUs) < MIN_COVERAGE) continue;
    const rows = members.map(({ timeUs, payload }) => ({ timeUs, values: payload.values }));
    const errorUs = members.reduce((most, sample) => Math.max(most, sample.errorUs), 0);
    windows.push({ startUs, endUs: startUs + sizeUs, errorUs, tensor: seriesTensor(rows, frontEnd, startUs) });
    if (windows.length >= MOST_WINDOWS) break;
  }
  return { frontEnd, window: { kind: 'sliding', sizeMs: seconds * 1000, hopMs: hopSeconds * 1000, minCoverage: MIN_COVERAGE }, windows };
}

/** The front end of maps for an image encoder, with one range for all of them. */
export function mapFrontEnd(samples: readonly OwnSample[], image: ImageRecipe): FrontEnd {
  const step = Math.max(1, Math.floor(samples.length / 200));
  const values = samples.flatMap(({ payload }, i) => (i % step === 0 ? [...payload.values] : [])).sort((a, b) => a - b);
  const [low, high] = [values[Math.floor(0.01 * values.length)] ?? 0, values[Math.floor(0.99 * values.length)] ?? 0];
  refuseStill(high - low <= STILL * Math.max(1, Math.abs(low)));
  const { size, mean, std } = image;
  return parseFrontEnd({ kind: 'array', size, low, high, channels: 3, mean, std });
}

function refuseStill(isStill: boolean): void {
  if (isStill)
    throw new UsageError('SENSOR_CONSTANT', 'the new sensor says the same all the time: is it connected, does its scene change?');
}

function spreadOf(values: readonly number[]): { readonly mean: number; readonly std: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  return { mean, std: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length)) };
}
