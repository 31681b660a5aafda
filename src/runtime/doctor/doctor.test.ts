import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../core/log.ts';
import type { Trial } from '../../encoders/try-graphs.ts';
import { startBroker } from '../../inputs/embedded-broker.ts';
import { brokerCheck } from './broker-check.ts';
import { clockFinding } from './clock-check.ts';
import { diskCheck, diskFinding } from './disk-check.ts';
import { graphCheck, otherProvider } from './graph-checks.ts';
import { nodeCheck } from './node-check.ts';
import { onnxruntimeCheck } from './onnxruntime-check.ts';
import { programCheck, versionIn } from './program-check.ts';
import { mayOpenPorts, serialPath } from './serial-check.ts';

const ran = (provider: string, callMs: number, kernels: Record<string, number>): Trial => ({
  modality: 'image',
  provider,
  isOk: true,
  code: '',
  reason: '',
  measured: {
    loadMs: 10,
    firstMs: 1,
    callMs,
    p99Ms: callMs,
    calls: 5,
    rssMiB: 1,
    kernels,
    trust: { batch: 4, runMs: callMs, goldenCosines: [], spread: 1, batchError: 0 },
  },
});
const cpu = ran('cpu', 20, { CPUExecutionProvider: 9 });
const cuda: Trial = {
  modality: 'image',
  provider: 'cuda',
  isOk: false,
  code: 'PROVIDER_REFUSED',
  reason: 'cuda does not load /some where/image.onnx: no shared library\nat line 3',
};

describe('a graph', () => {
  it('is well where the first provider runs it, with its time and its kernels', () => {
    expect(graphCheck('image', [cpu])).toEqual({
      check: 'model image',
      status: 'ok',
      found: 'cpu 20.0 ms a call, loaded in 10 ms, 9 kernels on CPU',
    });
  });

  it('is a warning where a later one has to, with the reason in one line', () => {
    const { status, found, todo } = graphCheck('image', [cuda, cpu]);
    expect({ status, todo }).toEqual({ status: 'warning', todo: 'cuda: make it work, or take it out' });
    expect(found).toContain('cpu 20.0 ms');
    expect(found).toMatch(/; cuda refuses: no shared library$/);
  });

  it('fails where the only provider that is named does not run it', () => {
    expect(graphCheck('image', [cuda])).toMatchObject({ status: 'fail', todo: expect.stringContaining('add cpu') as string });
  });

  it('is a warning where the CPU does most of a provider’s work, or does all of it faster', () => {
    const mostlyCpu = ran('webgpu', 5, { WebGpuExecutionProvider: 1, CPUExecutionProvider: 3 });
    expect(graphCheck('image', [mostlyCpu, cpu])).toMatchObject({ status: 'warning', todo: expect.stringContaining('CPU') as string });
    const slow = ran('webgpu', 50, { WebGpuExecutionProvider: 9 });
    expect(graphCheck('image', [slow, cpu])).toMatchObject({ status: 'warning', todo: expect.stringContaining('cpu is faster') as string });
  });

  it('on a provider that nobody asked for is never a fault', () => {
    expect(otherProvider(cuda)).toEqual({
      check: 'provider cuda',
      status: 'ok',
      found: 'not asked for, and would not run image: no shared library',
    });
    expect(otherProvider(cpu).found).toContain('would run image: cpu 20.0 ms');
  });
});

it('Node must be 20.19 or newer', () => {
  expect(['v20.18.9', 'v20.19.0', 'v22.0.0', 'v18.20.0'].map((version) => nodeCheck(version).status)).toEqual(['fail', 'ok', 'ok', 'fail']);
});

it('a build of onnxruntime that is not there fails, and its name is said', async () => {
  const { status, found } = await onnxruntimeCheck('/no/such/build');
  expect(status).toBe('fail');
  expect(found).toContain('/no/such/build');
});

it('versions are read from what programs say of themselves', () => {
  expect(versionIn('ffmpeg version 5.1.9-0+deb12u1 Copyright (c) 2000-2026')).toBe('5.1.9-0+deb12u1');
  expect(versionIn('socat by Gerhard Rieger - see www.dest-unreach.org\nsocat version 1.7.4.4 on 06 Nov')).toBe('1.7.4.4');
  expect(versionIn('252\n')).toBe('252');
  expect(versionIn('')).toBe('is there');
});

it('a program that is missing fails only what needs it', async () => {
  const program = { name: 'edgebind-no-such-program', args: [], forWhat: 'cameras', packageName: 'nothing' };
  expect(await programCheck({ ...program, isNeeded: true })).toMatchObject({ status: 'fail', found: 'is not installed' });
  expect(await programCheck({ ...program, isNeeded: false })).toMatchObject({ status: 'warning' });
});

it('serial ports are for root and the group dialout', () => {
  const groups = 'root:x:0:\ndialout:x:20:ann\n';
  expect([mayOpenPorts(groups, 0, []), mayOpenPorts(groups, 1000, [20]), mayOpenPorts(groups, 1000, [1000])]).toEqual([true, true, false]);
  expect(mayOpenPorts('', 1000, [20])).toBe(false);
  expect([serialPath('serial:/dev/ttyUSB0?baud=9600'), serialPath('mqtt:a')]).toEqual([['/dev/ttyUSB0'], []]);
});

it('the clock is synchronised, not, or unknown', () => {
  expect([clockFinding('NTPSynchronized=yes\n'), clockFinding('NTPSynchronized=no\n'), clockFinding(undefined)]).toMatchObject([
    { status: 'ok' },
    { status: 'warning', found: expect.stringContaining('not synchronised') as string },
    { status: 'warning', found: expect.stringContaining('unknown') as string },
  ]);
});

it('a disk that is full fails, one that may become full is a warning', async () => {
  expect([diskFinding('state', '/x', 0.01, 0), diskFinding('state', '/x', 5, 10), diskFinding('state', '/x', 50, 10)]).toMatchObject([
    { status: 'fail' },
    { status: 'warning', found: '5.0 GiB free at /x, which may grow to 10 GiB' },
    { status: 'ok' },
  ]);
  const there = mkdtempSync(join(tmpdir(), 'edgebind-doctor-'));
  expect((await diskCheck('state', join(there, 'not', 'made', 'yet'), 0)).found).toContain('GiB free');
});

describe('a broker', () => {
  it('that is there answers', async () => {
    const broker = await startBroker({ port: 0, log: silentLog });
    expect(await brokerCheck(broker.url)).toMatchObject({ status: 'ok' });
    await broker.stop();
  });

  it('that is away, or silent, fails, and the password is not shown', async () => {
    const silent = createServer((socket) => void socket.on('error', () => undefined).resume()).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as AddressInfo;
    const { status, found } = await brokerCheck(`mqtt://ann:secret@127.0.0.1:${port}`, 200);
    expect({ status, found }).toEqual({ status: 'fail', found: `mqtt://127.0.0.1:${port} does not answer within 200 ms` });
    await new Promise((resolve) => silent.close(resolve));
    const away = await brokerCheck(`mqtt://ann:secret@127.0.0.1:${port}`);
    expect(away.status).toBe('fail');
    expect(away.found).not.toContain('secret');
  });
});
