import type { SampleEvent, ScoreMessage } from '../../../src/client/index.ts';
import { PcmQueue } from '../lib/pcm-queue.ts';
import { ScoreHistory } from '../lib/score-history.ts';
import { SignalHistory } from '../lib/signal-history.ts';
import { serverNowMs } from './server-clock.ts';

/** The newest of one source, for whoever draws it. Overwritten in place: what was not drawn in time is gone. */
export interface LiveSource {
  newest: SampleEvent | undefined;
  /** Messages so far; a drawer compares it with the one it drew last. */
  version: number;
  readonly sound: PcmQueue;
  readonly motion: SignalHistory;
}

const SOUND_SAMPLES = 32_768;
const MOTION_ROWS = 2048;
const MOTION_CHANNELS = 6;

const sources = new Map<string, LiveSource>();
const scores = new Map<string, ScoreHistory>();
let delayMs: number | undefined;

/** The live data of a source; made empty on first use. */
export function liveSource(id: string): LiveSource {
  let live = sources.get(id);
  if (!live) {
    live = {
      newest: undefined,
      version: 0,
      sound: new PcmQueue(SOUND_SAMPLES),
      motion: new SignalHistory(MOTION_CHANNELS, MOTION_ROWS),
    };
    sources.set(id, live);
  }
  return live;
}

/** The scores of a rule; made empty on first use. */
export function scoreHistory(rule: string): ScoreHistory {
  let history = scores.get(rule);
  if (!history) {
    history = new ScoreHistory();
    scores.set(rule, history);
  }
  return history;
}

/** Forgets the scores of rules that are gone. */
export function keepScoresOf(rules: ReadonlySet<string>): void {
  for (const rule of scores.keys()) if (!rules.has(rule)) scores.delete(rule);
}

/** How long after the end of its window a score is here, smoothed. */
export const scoreDelayMs = (): number | undefined => delayMs;

export function takeSample(sample: SampleEvent): void {
  const live = liveSource(sample.source);
  live.newest = sample;
  live.version++;
  if (sample.format === 'pcm_s16le') live.sound.push(asInt16(sample.data), sample.timeUs, sample.rateHz ?? 16_000);
  else if (sample.format === 'imu-f32') pushMotion(live, sample);
}

export function takeScore(score: ScoreMessage): void {
  scoreHistory(score.rule).push(score.source, score.endUs / 1000, score.score);
  const late = serverNowMs() - score.endUs / 1000;
  delayMs = delayMs === undefined ? late : delayMs + 0.1 * (late - delayMs);
}

/** The first row is of `timeUs`, the last of `endUs`; those between are spread evenly. */
function pushMotion(live: LiveSource, { data, timeUs, endUs, rateHz }: SampleEvent): void {
  const values = new Float32Array(data.buffer, data.byteOffset, data.byteLength >> 2);
  const rows = Math.floor(values.length / MOTION_CHANNELS);
  const stepUs = endUs !== undefined && rows > 1 ? (endUs - timeUs) / (rows - 1) : 1e6 / (rateHz ?? 100);
  for (let row = 0; row < rows; row++) {
    const seconds = (timeUs + row * stepUs) / 1e6;
    // A line that runs backwards cannot be drawn.
    if (seconds > live.motion.newestSeconds) live.motion.push(seconds, values, row * MOTION_CHANNELS);
  }
}

const asInt16 = (bytes: Uint8Array): Int16Array => new Int16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 1);
