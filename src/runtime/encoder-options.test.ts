import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from './config.ts';
import { encoderOptions, findBinding } from './encoder-options.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'edgebind-binding-')));

it('encoders.binding is a path from the config, a module that is installed there, or a name', () => {
  mkdirSync(join(folder, 'jetson'));
  mkdirSync(join(folder, 'node_modules', 'ort-here'), { recursive: true });
  writeFileSync(join(folder, 'node_modules', 'ort-here', 'index.js'), '');
  expect(['./ort', '../ort', '/opt/ort', 'jetson', 'ort-here', '@site/ort-nowhere'].map((binding) => findBinding(binding, folder))).toEqual(
    [
      join(folder, 'ort'),
      join(folder, '..', 'ort'),
      '/opt/ort',
      join(folder, 'jetson'),
      join(folder, 'node_modules', 'ort-here', 'index.js'),
      '@site/ort-nowhere',
    ],
  );
});

it('a config without it leaves the choice to the environment', () => {
  const file = join(folder, 'config.yaml');
  const sources = 'sources: [{id: mic, modality: audio, from: "alsa:default"}]\n';
  writeFileSync(file, sources);
  expect(encoderOptions(loadConfig(file))).toEqual({ threads: 1, providers: ['cpu'] });
  writeFileSync(file, `${sources}encoders: {binding: ./ort, workers: 2}\n`);
  expect(encoderOptions(loadConfig(file))).toEqual({ workers: 2, threads: 1, providers: ['cpu'], binding: join(folder, 'ort') });
});
