import { performance } from 'node:perf_hooks';
import { connectAsync } from 'mqtt';
import sharp from 'sharp';
import WebSocket from 'ws';
import { senses, type BenchSense } from './bench-bundle.ts';

/** What the meter's process is asked to do. */
export interface LoadTask {
  readonly mqttUrl: string;
  readonly streamUrl: string;
  readonly seconds: number;
  /** Results of the first seconds do not count. */
  readonly warmUpSeconds: number;
}

/**
 * Milliseconds from the sending of a window's newest sample to the receipt of its vector, by sense. `closed`: from the reading that closed
 * a window of motion: the first one after its end, where windows end at a time; the newest, where they end after so many readings.
 */
export type Latencies = Readonly<Record<BenchSense | 'closed', readonly number[]>>;

/** The load of a small site: JPEG 640 x 480 of 70 kB, sound in chunks of 20 ms, heat, motion. Per second. */
const RATES: Readonly<Record<BenchSense, number>> = { image: 30, audio: 50, thermal: 9, imu: 200 };

/**
 * Publishes the load with `stamp16` and listens to the stream in the same process: one clock. Both products are told apart by how
 * they name the newest sample.
 */
async function load({ mqttUrl, streamUrl, seconds, warmUpSeconds }: LoadTask): Promise<Latencies> {
  const bodies: Readonly<Record<BenchSense, Buffer>> = {
    image: await picture(),
    audio: Buffer.from(Int16Array.from({ length: 320 }, (_, i) => 8000 * Math.sin(i / 7)).buffer),
    thermal: Buffer.from(Int16Array.from({ length: 768 }, (_, i) => 2950 + (i % 400)).buffer),
    imu: Buffer.from(Float32Array.of(0, 0, 9.81, 0, 0.1, 0).buffer),
  };
  const client = await connectAsync(mqttUrl, { protocolVersion: 4 });
  const stream = new WebSocket(streamUrl, { perMessageDeflate: false });
  await new Promise((resolve, reject) => stream.once('open', resolve).once('error', reject));
  stream.send('{"op":"subscribe","sub":"all","channel":"embeddings"}');
  const sent: Record<BenchSense, number[]> = { image: [], audio: [], thermal: [], imu: [] };
  const latencies: Record<keyof Latencies, number[]> = { image: [], audio: [], thermal: [], imu: [], closed: [] };
  const start = performance.now() + 100;
  stream.on('message', (data: Buffer) => {
    const now = performance.now();
    const message = JSON.parse(data.toString()) as { modality?: BenchSense; newest?: number; samples?: { last: number } };
    const newest = message.newest ?? message.samples?.last;
    if (message.modality === undefined || newest === undefined || now < start + warmUpSeconds * 1000) return;
    latencies[message.modality].push(now - (sent[message.modality][newest] ?? NaN));
    if (message.modality === 'imu') latencies.closed.push(now - (sent.imu[message.samples ? newest + 1 : newest] ?? NaN));
  });
  const timers = senses.map((sense) => setInterval(() => catchUp(sense), 1000 / RATES[sense] / 2));
  function catchUp(sense: BenchSense): void {
    const now = performance.now();
    for (let seq = sent[sense].length; start + (seq * 1000) / RATES[sense] <= now; seq++) {
      const stamp = Buffer.alloc(16);
      // The moment at which the sample was due: what a sensor with a steady clock would say.
      stamp.writeBigUInt64LE(BigInt(Math.round((performance.timeOrigin + start) * 1000 + (seq * 1e6) / RATES[sense])), 0);
      stamp.writeUInt32LE(seq, 8);
      sent[sense].push(performance.now());
      client.publish(`bench/${sense}`, Buffer.concat([stamp, bodies[sense]]));
    }
  }
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  for (const timer of timers) clearInterval(timer);
  await new Promise((resolve) => setTimeout(resolve, 300));
  stream.terminate();
  await client.endAsync(true);
  return latencies;
}

/** A JPEG of 640 x 480 with detail everywhere, about 70 kB. */
async function picture(): Promise<Buffer> {
  const data = Buffer.alloc(640 * 480 * 3);
  for (let i = 0; i < data.length; i++) data[i] = 128 + 60 * Math.sin(i / 50) + 30 * Math.sin(i / 7919) + ((i * 7919) % 31);
  return sharp(data, { raw: { width: 640, height: 480, channels: 3 } })
    .jpeg({ quality: 80 })
    .toBuffer();
}

process.once('message', (task: LoadTask) => {
  load(task).then(
    (latencies) => process.send?.(latencies, () => process.exit(0)),
    (error: unknown) => {
      process.stderr.write(`latency: the load failed: ${String(error)}\n`);
      process.exit(1);
    },
  );
});
