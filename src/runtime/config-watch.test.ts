import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { watchConfig } from './config-watch.ts';

let folder = '';
let stop = (): void => undefined;
afterEach(() => {
  stop();
  rmSync(folder, { recursive: true, force: true });
});

it('sees a file that is written, replaced, gone and back, and a link that is turned', async () => {
  folder = mkdtempSync(join(tmpdir(), 'edgebind-watch-'));
  const path = (name: string): string => join(folder, name);
  for (const name of ['a', 'b', 'c']) writeFileSync(path(name), name);
  symlinkSync(path('a'), path('config.yaml'));
  const onChange = vi.fn();
  stop = watchConfig(path('config.yaml'), onChange);
  const turnTo = (name: string): void => {
    symlinkSync(path(name), path('next'));
    renameSync(path('next'), path('config.yaml'));
  };
  // The first look must be over.
  await new Promise((resolve) => setTimeout(resolve, 100));
  const steps: (() => void)[] = [
    () => writeFileSync(path('a'), 'longer'),
    () => turnTo('b'),
    () => rmSync(path('config.yaml')),
    () => turnTo('c'),
    () => {
      writeFileSync(path('whole'), 'a file of its own');
      renameSync(path('whole'), path('config.yaml'));
    },
  ];
  for (const [i, step] of steps.entries()) {
    step();
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(i + 1), { timeout: 10_000 });
  }
});
