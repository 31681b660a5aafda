import { describe, expect, it } from 'vitest';
import { UsageError } from '../core/errors.ts';
import { Ledger } from '../core/ledger.ts';
import { silentLog } from '../core/log.ts';
import type { SourceConfig } from '../core/source-config.ts';
import { VirtualClock } from '../core/time.ts';
import type { Reading } from '../core/types.ts';
import { witmotionFrame } from '../../test/device-bytes.ts';
import { serialSource } from './serial.ts';
import type { OpenSerialLine, SerialListener } from './serial-line.ts';

const acc = witmotionFrame(0x51, [2048, 0, 0, 0]);
const gyro = witmotionFrame(0x52, [0, 0, 0, 0]);
const pair = Buffer.concat([acc, gyro]);
const START_US = 1_000_000;

/** Lets promises that are settled run on. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

/** A port that is opened, speaks and dies as the test says, on a clock that moves as the test says. */
const setUp = (config: Partial<SourceConfig> = {}) => {
  const clock = new VirtualClock(START_US);
  const ledger = new Ledger();
  const port = {
    listener: undefined as SerialListener | undefined,
    refuses: undefined as string | undefined,
    dead: undefined as string | undefined,
    neverCloses: false,
    opened: [] as number[],
    closed: 0,
  };
  const open: OpenSerialLine = (_url, baudRate, listener) => {
    if (port.refuses !== undefined) return Promise.reject(new Error(port.refuses));
    port.opened.push(baudRate);
    port.listener = listener;
    return Promise.resolve({
      probe: () => Promise.resolve(port.dead),
      close: () => {
        port.closed++;
        return port.neverCloses ? new Promise<void>(() => undefined) : Promise.resolve();
      },
    });
  };
  const source = serialSource(
    { id: 'wrist', modality: 'imu', from: 'serial:/dev/ttyX', protocol: 'witmotion', ...config },
    { clock, ledger, log: silentLog, audioRateHz: 16_000 },
    open,
  );
  const states: string[] = [];
  const reasons: string[] = [];
  const readings: Reading[] = [];
  source.status$.subscribe(({ state, reason }) => {
    if (state !== states.at(-1)) states.push(state);
    reasons.push(reason);
  });
  source.readings$.subscribe((reading) => readings.push(reading));
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 50) {
      clock.advanceMs(50);
      await settle();
    }
  };
  return { source, clock, ledger, port, states, reasons, readings, pass };
};

describe('serialSource', () => {
  it('lives from the first reading on, and spreads the readings of a chunk over the time since the chunk before', async () => {
    const { source, clock, port, states, readings, ledger } = setUp();
    source.start();
    source.start();
    await settle();
    expect(port.opened).toEqual([9600]);
    port.listener?.onBytes(acc);
    clock.advanceMs(5);
    port.listener?.onBytes(Buffer.concat([gyro, pair]));
    expect(states).toEqual(['starting', 'live']);
    expect(readings.map(({ arrivalUs }) => arrivalUs)).toEqual([START_US + 2500, START_US + 5000]);
    expect(ledger.lines()).toMatchObject([{ source: 'wrist', stage: 'input', received: 2, emitted: 2, sums: true }]);
    await source.stop();
  });

  it('is silent after three seconds without a byte, opens the port again, and lives again', async () => {
    const { source, port, states, reasons, pass } = setUp();
    source.start();
    await settle();
    port.listener?.onBytes(pair);
    await pass(2900);
    expect(states.at(-1)).toBe('live');
    await pass(200);
    expect(states.at(-1)).toBe('silent');
    expect(reasons.at(-1)).toContain('nothing came from /dev/ttyX for 3 s');
    expect(port.closed).toBe(1);
    await pass(300);
    expect(port.opened).toHaveLength(2);
    expect(states.at(-1)).toBe('silent');
    port.listener?.onBytes(pair);
    expect(states).toEqual(['starting', 'live', 'silent', 'live']);
    await source.stop();
  });

  it('tells wrong settings from a device that says nothing', async () => {
    const { source, port, reasons, pass } = setUp({ silentAfterMs: 1000, from: 'serial:/dev/ttyX?baud=115200' });
    source.start();
    await settle();
    port.listener?.onBytes(Buffer.alloc(70, 0xf8));
    await pass(1050);
    expect(reasons.at(-1)).toBe('70 bytes came from /dev/ttyX in 1 s but no witmotion reading: check protocol and baud (now 115200)');
    await source.stop();
  });

  it('reconnects with growing waits until the port is there', async () => {
    const { source, port, states, reasons, pass } = setUp();
    port.refuses = '/dev/ttyX is not there';
    source.start();
    await pass(200);
    expect([states.at(-1), reasons.at(-1)]).toEqual(['reconnecting', '/dev/ttyX is not there']);
    await pass(3000);
    // At 0, 0.25, 0.75 and 1.75 s; the next at 3.75 s.
    expect(reasons.filter((reason) => reason === port.refuses)).toHaveLength(4);
    port.refuses = undefined;
    await pass(700);
    expect(port.opened).toHaveLength(1);
    expect(states.at(-1)).toBe('starting');
    port.listener?.onBytes(pair);
    expect(states.at(-1)).toBe('live');
    await source.stop();
  });

  it.each(['probe', 'event'])('sees a hang-up by %s, gives up half a reading, and ignores the dead line', async (how) => {
    const { source, port, states, readings, ledger, pass } = setUp();
    source.start();
    await settle();
    port.listener?.onBytes(Buffer.concat([pair, acc]));
    const dead = port.listener;
    if (how === 'event') dead?.onLost('/dev/ttyX hung up');
    else port.dead = '/dev/ttyX hung up';
    await pass(600);
    expect(states).toContain('reconnecting');
    expect(ledger.lines()).toMatchObject([{ received: 2, emitted: 1, dropped: { incomplete: 1 }, inFlight: 0, sums: true }]);
    dead?.onBytes(pair);
    expect(readings).toHaveLength(1);
    port.dead = undefined;
    await pass(300);
    port.listener?.onBytes(pair);
    expect(states).toEqual(['starting', 'live', 'reconnecting', 'starting', 'live']);
    await source.stop();
  });

  it('never lets arrival times run backwards', async () => {
    const { source, clock, port, readings } = setUp();
    source.start();
    await settle();
    port.listener?.onBytes(pair);
    clock.nowUs = () => START_US - 10;
    port.listener?.onBytes(pair);
    expect(readings.map(({ arrivalUs }) => arrivalUs)).toEqual([START_US, START_US]);
    await source.stop();
  });

  it('stops twice, from any state, and completes', async () => {
    const { source, port, states, pass } = setUp();
    let completed = 0;
    source.readings$.subscribe({ complete: () => completed++ });
    source.start();
    await settle();
    await Promise.all([source.stop(), source.stop()]);
    await source.stop();
    expect(port.closed).toBe(1);
    expect(completed).toBe(1);
    expect(states.at(-1)).toBe('stopped');
    await pass(10_000);
    source.start();
    expect(port.opened).toHaveLength(1);
    const late: string[] = [];
    source.status$.subscribe(({ state }) => late.push(state));
    expect(late).toEqual(['stopped']);
  });

  it('does not wait for a port that never closes', async () => {
    const { source, port, pass, states } = setUp();
    port.neverCloses = true;
    source.start();
    await settle();
    const stopped = source.stop();
    await pass(1100);
    await stopped;
    expect(states.at(-1)).toBe('stopped');
  });

  it('closes a port that opens after it was stopped', async () => {
    const { source, port } = setUp();
    source.start();
    await source.stop();
    await settle();
    expect(port.closed).toBe(port.opened.length);
  });

  it('refuses a config that cannot work', () => {
    expect(() => setUp({ protocol: undefined })).toThrow(UsageError);
    expect(() => setUp({ modality: 'audio' })).toThrow('gives imu, not audio');
    expect(() => setUp({ from: 'serial:/dev/x?bauds=1' })).toThrow('did you mean baud?');
  });
});
