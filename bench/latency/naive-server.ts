import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { connect } from 'mqtt';
import { bufferCount, concatMap, filter, map, merge, Subject, type Observable } from 'rxjs';
import { WebSocketServer } from 'ws';
import { openBundle } from '../../src/encoders/bundle.ts';
import { loadOrt } from '../../src/encoders/load-ort.ts';
import { imuTensor } from '../../src/frontends/imu-tensor.ts';
import { logMelBatch } from '../../src/frontends/log-mel.ts';
import { pictureTensor } from '../../src/frontends/picture-tensor.ts';
import { parseFrontEnd } from '../../src/frontends/recipe.ts';
import type { Tensor } from '../../src/core/types.ts';
import { SENSES, senses, type BenchSense } from './bench-bundle.ts';

/** What the server is told at its start. */
export interface NaiveTask {
  readonly mqttUrl: string;
  readonly bundle: string;
}

/** What it says: its address once, then its figures each time it is asked; asking begins them anew. */
export interface NaiveFigures {
  readonly port?: number;
  readonly loopP99Ms?: number;
  readonly rssMb?: number;
}

interface Message {
  readonly topic: string;
  readonly seq: number;
  readonly body: Buffer;
}

/**
 * What one writes in an afternoon: RxJS, MQTT, sharp, onnxruntime and ws in one thread, each message awaited before the next
 * (`concatMap`). Same graphs and front ends as ours.
 */
async function serve({ mqttUrl, bundle: folder }: NaiveTask): Promise<void> {
  const ort = await loadOrt();
  const bundle = await openBundle(folder);
  const sessions = new Map(
    await Promise.all(
      senses.map(async (sense) => {
        const session = await ort.InferenceSession.create(bundle.entries.get(sense)?.graph ?? '', { intraOpNumThreads: 1 });
        return [sense, session] as const;
      }),
    ),
  );
  const recipes = { image: parseFrontEnd(SENSES.image.frontEnd), audio: parseFrontEnd(SENSES.audio.frontEnd) };
  const thermal = parseFrontEnd(SENSES.thermal.frontEnd);
  const imu = parseFrontEnd(SENSES.imu.frontEnd);
  const http = createServer();
  const sockets = new WebSocketServer({ server: http });
  const messages = new Subject<Message>();
  const client = connect(mqttUrl, { protocolVersion: 4 });
  client.on('connect', () => client.subscribe('bench/#'));
  client.on('message', (topic, payload) => messages.next({ topic, seq: payload.readUInt32LE(8), body: payload.subarray(16) }));

  const of = (sense: BenchSense): Observable<Message> => messages.pipe(filter(({ topic }) => topic === `bench/${sense}`));
  const embed = async (modality: BenchSense, newest: number, { shape, data }: Tensor): Promise<object> => {
    const { embedding } = (await sessions.get(modality)?.run({ input: new ort.Tensor('float32', data, [1, ...shape]) })) ?? {};
    return { modality, newest, vector: Array.from(embedding?.data as Float32Array) };
  };
  merge(
    of('image').pipe(
      concatMap(async ({ seq, body }) => embed('image', seq, await pictureTensor({ kind: 'encoded', bytes: body }, recipes.image))),
    ),
    of('thermal').pipe(
      concatMap(async ({ seq, body }) => {
        const celsius = Float32Array.from({ length: 768 }, (_, i) => body.readInt16LE(i * 2) / 100);
        return embed('thermal', seq, await pictureTensor({ kind: 'thermal', width: 24, height: 32, celsius }, thermal));
      }),
    ),
    of('audio').pipe(
      bufferCount(100, 25),
      concatMap((chunks) => {
        const data = new Float32Array(32_000);
        chunks.forEach(({ body }, i) => {
          for (let j = 0; j < 320; j++) data[i * 320 + j] = body.readInt16LE(j * 2) / 32768;
        });
        return embed('audio', chunks.at(-1)?.seq ?? 0, logMelBatch({ kind: 'pcm', rateHz: 16_000, data }, recipes.audio));
      }),
    ),
    of('imu').pipe(
      map(({ seq, body }) => ({ seq, timeUs: seq * 5000, values: Array.from({ length: 6 }, (_, i) => body.readFloatLE(i * 4)) })),
      bufferCount(1000, 100),
      concatMap((rows) => {
        if (imu.kind !== 'imu') throw new Error('a front end of motion');
        return embed('imu', rows.at(-1)?.seq ?? 0, imuTensor(rows, imu, rows[0]?.timeUs ?? 0));
      }),
    ),
  ).subscribe((result) => {
    const text = JSON.stringify(result);
    for (const socket of sockets.clients) socket.send(text);
  });

  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const say = (figures: NaiveFigures): void => void process.send?.(figures);
  process.on('message', () => {
    say({ loopP99Ms: delay.percentile(99) / 1e6 - 10, rssMb: process.memoryUsage.rss() / 1e6 });
    delay.reset();
  });
  process.once('disconnect', () => process.exit(0));
  http.listen(0, '127.0.0.1', () => say({ port: (http.address() as AddressInfo).port }));
}

process.once('message', (task: NaiveTask) => void serve(task));
