import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../src/core/ledger.ts';
import { silentLog } from '../src/core/log.ts';
import type { Source } from '../src/core/source.ts';
import type { SourceConfig } from '../src/core/source-config.ts';
import { hostClock } from '../src/core/time.ts';
import type { Reading, SourceStatus } from '../src/core/types.ts';
import { serialSource } from '../src/inputs/serial.ts';
import { witmotionFrame } from './device-bytes.ts';
import { until } from './helpers/until.ts';

let folder: string;
const running: ChildProcess[] = [];
const open$: Source[] = [];
const handles: FileHandle[] = [];

/** Two pseudo terminals tied together: what is written to `far` arrives at `near`, as from a USB adapter. */
const plugIn = async (): Promise<{ near: string; far: FileHandle; unplug: () => Promise<void> }> => {
  const near = join(folder, 'ttyNear');
  const farPath = join(folder, 'ttyFar');
  const socat = spawn('socat', [`pty,raw,echo=0,link=${near}`, `pty,raw,echo=0,link=${farPath}`], { stdio: 'ignore' });
  running.push(socat);
  await until('the pseudo terminals', () => existsSync(near) && existsSync(farPath));
  const far = await open(farPath, 'w');
  handles.push(far);
  return {
    near,
    far,
    unplug: async () => {
      const ended = once(socat, 'exit');
      socat.kill();
      await ended;
    },
  };
};

const listen = (config: Partial<SourceConfig> & { from: string }) => {
  const ledger = new Ledger();
  const source = serialSource(
    { id: 'wrist', modality: 'imu', protocol: 'witmotion', ...config },
    { clock: hostClock, ledger, log: silentLog, audioRateHz: 16_000 },
  );
  open$.push(source);
  const readings: Reading[] = [];
  const statuses: SourceStatus[] = [];
  let sums = true;
  source.readings$.subscribe((reading) => {
    readings.push(reading);
    sums &&= ledger.sums;
  });
  source.status$.subscribe((status) => {
    statuses.push(status);
    sums &&= ledger.sums;
  });
  source.start();
  const state = (): string | undefined => statuses.at(-1)?.state;
  const isOpen = (): boolean => statuses.at(-1)?.reason.endsWith('is open, no reading yet') === true;
  return { source, readings, statuses, state, isOpen, line: () => ledger.lines()[0]!, alwaysSummed: () => sums && ledger.sums };
};

/** Reading `index` of a device: the index can be read off both vectors. */
const acc = (index: number): Buffer => witmotionFrame(0x51, [index, 0, 2048, 2500]);
const gyro = (index: number): Buffer => witmotionFrame(0x52, [0, index, 0, 0]);
const indexOf = ({ payload }: Reading): [number, number] =>
  payload.kind === 'imu'
    ? [Math.round((payload.values[0]! * 32768) / 16 / 9.80665), Math.round((payload.values[4]! * 32768 * 180) / Math.PI / 2000)]
    : [NaN, NaN];
const pairs = (from: number, to: number): Buffer =>
  Buffer.concat(Array.from({ length: to - from }, (_, offset) => [acc(from + offset), gyro(from + offset)]).flat());
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edgebind-serial-'));
});
afterEach(async () => {
  await Promise.all(open$.splice(0).map((source) => source.stop()));
  for (const handle of handles.splice(0)) await handle.close().catch(() => undefined);
  for (const child of running.splice(0)) child.kill();
  rmSync(folder, { recursive: true, force: true });
});

describe('a serial line', () => {
  it('gives every reading exactly, out of odd pieces with garbage between', async () => {
    const { near, far } = await plugIn();
    const { readings, state, isOpen, line, alwaysSummed } = listen({ from: `serial:${near}?baud=115200` });
    const stream: Buffer[] = [];
    for (let index = 0; index < 300; index++) {
      stream.push(acc(index), gyro(index));
      if (index % 7 === 0) stream.push(witmotionFrame(0x53, [1, 2, 3, 4]));
      if (index % 11 === 0) stream.push(Buffer.of(0x00, 0x55, 0xff));
    }
    // A frame with a wrong sum: its gyro is left alone.
    const bad = acc(999);
    bad[3]! ^= 0x40;
    stream.push(bad, gyro(999), pairs(300, 310));
    const bytes = Buffer.concat(stream);
    await until('the port to be open', isOpen);
    const sizes = [1, 2, 3, 5, 7, 11, 13, 64, 200];
    for (let at = 0, turn = 0; at < bytes.length; turn++) {
      const size = sizes[turn % sizes.length]!;
      await far.write(bytes.subarray(at, at + size));
      at += size;
    }
    await until('310 readings', () => readings.length >= 310);
    expect(readings.map(indexOf)).toEqual(Array.from({ length: 310 }, (_, index) => [index, index]));
    expect(state()).toBe('live');
    const arrivals = readings.map(({ arrivalUs }) => arrivalUs);
    expect(arrivals).toEqual([...arrivals].sort((a, b) => a - b));
    expect(line()).toMatchObject({
      emitted: 310,
      dropped: { badChecksum: 1, incomplete: 1 },
      noted: { otherFrames: 43 },
      inFlight: 0,
      sums: true,
    });
    expect(line().received).toBe(312);
    expect(alwaysSummed()).toBe(true);
  });

  it('reconnects by itself when the device is unplugged and plugged in again', async () => {
    const first = await plugIn();
    const { readings, state, statuses, isOpen, line, alwaysSummed } = listen({ from: `serial:${first.near}` });
    await until('the port to be open', isOpen);
    await first.far.write(Buffer.concat([pairs(0, 5), acc(5)]));
    await until('five readings', () => readings.length === 5);
    const cpuBefore = process.cpuUsage();
    const unpluggedAt = performance.now();
    await first.unplug();
    await until('the loss to be seen', () => state() === 'reconnecting', 2000);
    expect(performance.now() - unpluggedAt).toBeLessThan(2000);
    expect(line()).toMatchObject({ received: 6, emitted: 5, dropped: { incomplete: 1 }, inFlight: 0, sums: true });
    await until('a plain reason', () => statuses.at(-1)?.reason.includes('is not there'));
    await pause(1000);
    const { user, system } = process.cpuUsage(cpuBefore);
    expect((user + system) / 1000).toBeLessThan(performance.now() - unpluggedAt);

    const second = await plugIn();
    expect(second.near).toBe(first.near);
    await until('the port to be open again', isOpen, 10_000);
    await second.far.write(pairs(100, 103));
    await until('life', () => state() === 'live');
    await until('three more readings', () => readings.length === 8);
    expect(readings.slice(5).map(indexOf)).toEqual([
      [100, 100],
      [101, 101],
      [102, 102],
    ]);
    expect(statuses.map(({ state: name }) => name).filter((name, index, all) => name !== all[index - 1])).toEqual([
      'starting',
      'live',
      'reconnecting',
      'starting',
      'live',
    ]);
    expect(alwaysSummed()).toBe(true);
  });

  it('notices a device that was replaced at once behind the same path', async () => {
    const first = await plugIn();
    const { readings, state, isOpen } = listen({ from: `serial:${first.near}` });
    await until('the port to be open', isOpen);
    await first.far.write(pairs(0, 1));
    await until('a reading', () => readings.length === 1);
    const away = first.unplug();
    await away;
    const second = await plugIn();
    await until('the change to be seen', () => state() !== 'live', 3000);
    await until('the port to be open again', isOpen, 10_000);
    await second.far.write(pairs(7, 8));
    await until('life', () => state() === 'live');
    expect(readings.map(indexOf)).toEqual([
      [0, 0],
      [7, 7],
    ]);
  });

  it('calls a device silent that says nothing, and hears it when it speaks again', async () => {
    const { near, far } = await plugIn();
    const { readings, state, statuses, isOpen } = listen({ from: `serial:${near}`, silentAfterMs: 400 });
    await until('the port to be open', isOpen);
    await far.write(pairs(0, 1));
    await until('life', () => state() === 'live');
    await until('silence', () => state() === 'silent', 3000);
    expect(statuses.at(-1)?.reason).toContain('nothing came from');
    // The port is opened again while the device rests, so write until it is heard.
    for (let index = 1; state() !== 'live' && index < 100; index++) {
      await far.write(pairs(index, index + 1));
      await pause(50);
    }
    expect(state()).toBe('live');
    expect(readings.length).toBeGreaterThan(1);
  });

  it('says which settings to check when bytes come that are no readings', async () => {
    const { near, far } = await plugIn();
    const { state, statuses, isOpen } = listen({ from: `serial:${near}`, silentAfterMs: 500 });
    await until('the port to be open', isOpen);
    await far.write(Buffer.alloc(64, 0xf0));
    await until('silence', () => state() === 'silent', 3000);
    expect(statuses.at(-1)?.reason).toBe(
      `64 bytes came from ${near} in 0.5 s but no witmotion reading: check protocol and baud (now 9600)`,
    );
  });

  it('waits for a device that is not there yet and refuses what is no serial port, in plain words', async () => {
    const missing = listen({ from: `serial:${join(folder, 'nothing')}` });
    await until('an answer', () => missing.state() === 'reconnecting');
    expect(missing.statuses.at(-1)?.reason).toContain('is not there: is the device plugged in?');
    const file = listen({ from: 'serial:/etc/hostname' });
    await until('an answer', () => file.state() === 'reconnecting');
    expect(file.statuses.at(-1)?.reason).toContain('/etc/hostname is no serial port');
  });

  it('stops at once in the middle of a stream', async () => {
    const { near, far } = await plugIn();
    const { source, state, readings, isOpen } = listen({ from: `serial:${near}` });
    await until('the port to be open', isOpen);
    await far.write(pairs(0, 50));
    await until('readings', () => readings.length > 0);
    const before = performance.now();
    await Promise.all([source.stop(), source.stop()]);
    expect(performance.now() - before).toBeLessThan(1500);
    expect(state()).toBe('stopped');
  });
});
