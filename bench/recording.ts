import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ledger } from '../src/core/ledger.ts';
import { silentLog } from '../src/core/log.ts';
import { hostClock } from '../src/core/time.ts';
import type { Reading } from '../src/core/types.ts';
import { openBundle, type Bundle } from '../src/encoders/bundle.ts';
import { openRecording } from '../src/recording/open-recording.ts';
import { Recorder } from '../src/recording/recorder.ts';
import { replay } from '../src/runtime/replay/replay.ts';
import { closedLoop, type Throughput } from './recording/closed-loop.ts';
import { camera, makeClips, microphone, motion, thermal, type Said } from './recording/sensors.ts';
import { compare, report, type BenchOptions, type BenchReport, type BenchResult } from './report.ts';

const PACKED = 'an inertial sensor, packMotion';
const SERVER = 'edgebind bench';
const CHUNKS_A_WINDOW = 24;
/** A replay begins within a tenth of a second; a recording of so long a load is long beside that. */
const REPLAYED_S = 6;

/**
 * What a recording costs and what it gives back. Throughput: vectors per second of a saturated source with the recorder, against the
 * same without. Size: bytes of the file against those that the sensors sent on their own transports. `EDGEBIND_BENCH_FILM` names a film of
 * your own for the camera.
 *
 * Replay: vectors per second as fast as possible, from the first byte read to the last decision, against the bare speed of the encoder: the
 * same pipeline and one inference worker, never out of work and warm. The opponent has its pictures decoded in memory and pays for
 * resizing and inference only; the replay reads, decompresses and decodes them as well.
 */
export async function run({ quick = false }: BenchOptions = {}): Promise<BenchReport> {
  const folder = mkdtempSync(join(tmpdir(), 'edgebind-bench-recording-'));
  try {
    const bundle = await openBundle(process.env['EDGEBIND_BENCH_MODEL'] ?? 'models/mini');
    const [seconds, runs] = quick ? [1, 2] : [3, 4];
    const clips = makeClips(folder, quick ? 3 : 12);
    const film = await camera(clips.film);
    const sound = await microphone(clips.sound);
    const results: BenchResult[] = [];
    const fileOf = (said: Said, turn: number): string => join(folder, `${said.modality}-${turn}.mcap`);
    for (const said of [film, sound]) {
      const pairs: { ours: Throughput; opponent: Throughput }[] = [];
      for (let turn = 0; turn < runs; turn++) {
        const recorded = (): Promise<Throughput> => saturated(bundle, said, seconds, fileOf(said, turn));
        const bare = (): Promise<Throughput> => saturated(bundle, said, seconds);
        // Whoever comes second has the warmer machine: they take turns.
        const first = turn % 2 === 0 ? await bare() : await recorded();
        const second = turn % 2 === 0 ? await recorded() : await bare();
        pairs.push(turn % 2 === 0 ? { ours: second, opponent: first } : { ours: first, opponent: second });
      }
      const of = (what: keyof Throughput): { ours: number; opponent: number }[] =>
        pairs.map(({ ours, opponent }) => ({ ours: ours[what], opponent: opponent[what] }));
      const load = `${said.modality} saturated, recorded`;
      results.push(
        compare(load, 'vectors per second, against not recorded; more is better', of('perSecond')),
        compare(`${load}: processor`, 'ms of all threads for each vector, against not recorded; less is better', of('cpuMs')),
      );
    }
    for (const said of [film, sound]) {
      const file = join(folder, `${said.modality}-long.mcap`);
      await saturated(bundle, said, REPLAYED_S, file);
      const replays: { ours: number; opponent: number }[] = [];
      for (let turn = 0; turn < Math.min(3, runs); turn++) {
        const ours = await replayed(file);
        replays.push({ ours, opponent: (await saturated(bundle, said, seconds)).perSecond });
      }
      results.push(
        compare(`${said.modality} replayed as fast as possible`, 'vectors per second, against the encoder alone; more is better', replays),
      );
    }
    const mjpeg = await camera(clips.mjpeg);
    const length = film.readings.length / 5;
    const others = { sound, heat: thermal(length), motion: motion(length) };
    const sensors: Readonly<Record<string, readonly Said[]>> = {
      'a film of H.264': [film],
      'a camera of Motion JPEG': [mjpeg],
      sound: [others.sound],
      'a thermal camera': [others.heat],
      'an inertial sensor': [others.motion],
      [PACKED]: [others.motion],
      'all four senses': [film, others.sound, others.heat, others.motion],
    };
    for (const [name, said] of Object.entries(sensors)) {
      const rawBytes = said.reduce((sum, one) => sum + one.rawBytes, 0);
      const size = await recordedBytes(join(folder, `${name}.mcap`), said, name === PACKED);
      results.push(
        compare(`size: ${name}`, 'bytes of the file, against those on the transport; less is better', [{ ours: size, opponent: rawBytes }]),
      );
    }
    return report('recording', results, ['onnxruntime-node', '@mcap/core', 'sharp']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A sensor that speaks as fast as it is heard; with a file, everything is recorded there. */
async function saturated(bundle: Bundle, said: Said, seconds: number, file?: string): Promise<Throughput> {
  const ledger = new Ledger();
  const recorder = file === undefined ? undefined : open(file, ledger);
  recorder?.session(sessionOf(bundle, said));
  recorder?.rules([]);
  let at = 0;
  const startUs = hostClock.nowUs();
  const next = (): Reading[] => {
    if (said.modality === 'image') return [fresh(said, at++, hostClock.nowUs())];
    return Array.from({ length: CHUNKS_A_WINDOW }, () => fresh(said, at, startUs + at++ * 20_000));
  };
  const throughput = await closedLoop({ bundle, modality: said.modality, ledger, next, recorder, seconds });
  await recorder?.stop();
  const lost = ledger.lines().find(({ stage, dropped }) => stage === 'record' && Object.keys(dropped).length > 0);
  if (!ledger.sums || lost) throw new Error(`the recording is not whole: ${JSON.stringify(lost)}`);
  return throughput;
}

function fresh({ readings }: Said, at: number, arrivalUs: number): Reading {
  const { payload } = readings[at % readings.length] ?? {};
  if (!payload) throw new Error('a sensor that said nothing');
  return { arrivalUs, seq: at, payload, ...(payload.kind === 'pcm' && { deviceUs: at * 20_000 }) };
}

async function replayed(file: string): Promise<number> {
  const result = await replay({
    recording: await openRecording([file]),
    speed: 0,
    log: silentLog,
    server: SERVER,
    onAlert: () => undefined,
  });
  if (result.decided !== 'asRecorded' || result.notMade > 0) throw new Error('the replay is not that of the recording');
  return result.embeddings / result.seconds;
}

async function recordedBytes(file: string, said: readonly Said[], packMotion: boolean): Promise<number> {
  const ledger = new Ledger();
  const recorder = open(file, ledger, packMotion);
  const all = said
    .flatMap(({ modality, readings }) => readings.map((reading) => ({ modality, reading })))
    .sort((a, b) => a.reading.arrivalUs - b.reading.arrivalUs);
  for (const { modality, reading } of all) {
    const { arrivalUs: timeUs, seq = 0, payload } = reading;
    recorder.reading(modality, modality, reading, { source: modality, modality, seq, timeUs, durationUs: 0, errorUs: 500, payload });
  }
  await recorder.stop();
  if (!ledger.sums || ledger.lines().some(({ dropped }) => Object.keys(dropped).length > 0)) throw new Error('the recorder lost something');
  return statSync(file).size;
}

const open = (file: string, ledger: Ledger, packMotion = false): Recorder =>
  new Recorder({ to: { file }, clock: hostClock, ledger, log: silentLog, server: SERVER, queueBytes: 2 ** 30, packMotion });

const sessionOf = ({ dir, space }: Bundle, { modality }: Said): Parameters<Recorder['session']>[0] => ({
  server: SERVER,
  boot: 'bench',
  startedUs: hostClock.nowUs(),
  space,
  folder: process.cwd(),
  config: { model: dir, encoders: { workers: 1 }, sources: [{ id: modality, modality, from: 'file:bench' }] },
  alerts: [],
});
