import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../core/errors.ts';
import { loadConfig } from './config.ts';

const folder = mkdtempSync(join(tmpdir(), 'edgebind-config-'));
const file = join(folder, 'config.yaml');

const load = (text: string) => {
  writeFileSync(file, text);
  return loadConfig(file);
};

const errorOf = (text: string): string => {
  try {
    load(text);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return 'no error';
};

const source = 'sources:\n  - {id: mic, modality: audio, from: "alsa:default"}\n';

describe('loadConfig', () => {
  it('fills in defaults', () => {
    const { config, folder: base } = load(source);
    expect(base).toBe(folder);
    expect(config.listen).toEqual({ host: '127.0.0.1', port: 7400, insecure: false, slowClientMs: 10_000 });
    expect(config.encoders).toMatchObject({ threads: 1, providers: ['cpu'], staleAfterMs: 500 });
  });

  it('names file, line, path and the nearest key of an unknown key', () => {
    expect(errorOf(`${source}listn: {port: 1}\n`)).toBe(`${file}:3:8 listn: unknown key; did you mean "listen"?`);
    expect(errorOf('sources:\n  - {id: mic, modality: audio, form: "alsa:default"}\n')).toContain(
      `${file}:2:38 sources[0].form: unknown key; did you mean "from"?`,
    );
  });

  it('names line, path, the value got and the type wanted', () => {
    expect(errorOf(`${source}listen:\n  port: "seven"\n`)).toMatch(/config\.yaml:4:9 listen\.port: .*expected number.*\(got "seven"\)/);
    expect(errorOf('sources:\n  - {id: mic, modality: odor, from: "alsa:x"}\n')).toMatch(
      /:2:25 sources\[0\]\.modality: .*"audio".*\(got "odor"\)/,
    );
  });

  it('says where a star names no anchor, and that anchors multiply', () => {
    expect(errorOf(`${source}outputs: {mqtt: {url: "mqtt://h", topic: *site}}\n`)).toMatch(
      /config\.yaml:3:42 \*site: there is no anchor &site/,
    );
    const nine = (name: string): string => `[${Array.from({ length: 9 }, () => `*${name}`).join(', ')}]`;
    expect(errorOf(`a: &a [x]\nb: &b ${nine('a')}\nc: &c ${nine('b')}\nd: &d ${nine('c')}\nsources: ${nine('d')}\n`)).toContain(
      `${file}: its anchors and aliases cannot be followed`,
    );
  });

  it('knows what a message can hold', () => {
    const withFields = (fields: string): string =>
      `sources:\n  - {id: wrist, modality: imu, from: "mqtt:x", format: json, fields: ${fields}}\n`;
    expect(errorOf(withFields('{acc: a, gyro: g, timeMs: t.ms}'))).toBe('no error');
    expect(errorOf(withFields('{acc: a, gyro: g, timeMS: t}'))).toContain('sources[0].fields.timeMS: unknown key; did you mean "timeMs"?');
  });

  it('finds duplicate ids of sources and alerts', () => {
    expect(errorOf(`${source}  - {id: mic, modality: image, from: "v4l2:/dev/video0"}\n`)).toMatch(
      /:3:10 sources\[1\]\.id: two sources have the id "mic"/,
    );
    const alert = '{id: a, query: {text: x}, threshold: 0.3}';
    expect(errorOf(`${source}alerts: [${alert}, ${alert}]\n`)).toContain('two alerts have the id "a"');
  });

  it.each([
    ['fused', 'audio', 'the vector of all sources together'],
    ['image', 'audio', 'all sources of that modality'],
  ])('refuses a source called %s of modality %s: rules could not say which they mean', (id, modality, meaning) => {
    expect(errorOf(`sources:\n  - {id: ${id}, modality: ${modality}, from: "alsa:default"}\n`)).toContain(
      `:2:10 sources[0].id: "${id}" is the name of ${meaning}: choose another`,
    );
  });

  it('takes a microphone called audio', () => {
    expect(errorOf('sources:\n  - {id: audio, modality: audio, from: "alsa:default"}\n')).toBe('no error');
  });

  it('refuses weights of which nothing is left', () => {
    expect(errorOf(`${source}fusion: {weights: {audio: 0}}\n`)).toMatch(/fusion\.weights: every source weighs 0/);
  });

  it('refuses a rule on a source that is not there, and one that clears above its raise', () => {
    expect(errorOf(`${source}alerts: [{id: a, query: {text: x}, on: [micro], threshold: 0.3}]\n`)).toContain(
      '"micro" is neither a modality nor the id of a source',
    );
    expect(errorOf(`${source}alerts: [{id: a, query: {text: x}, threshold: 0.3, clearBelow: 0.4}]\n`)).toContain(
      'clearBelow must not be above threshold',
    );
    expect(errorOf(`${source}alerts: [{id: a, query: {text: x, image: y.jpg}, threshold: 0.3}]\n`)).toContain('exactly one of');
  });

  it('refuses rules that would never be raised: they wait for nothing or for each other, or for more sources than there are', () => {
    const rule = (id: string, more: string): string => `{id: ${id}, query: {text: x}, on: [mic], threshold: 0.3, ${more}}`;
    const after = (id: string): string => `after: {rule: ${id}, withinMs: 1000}`;
    const errorWith = (...rules: string[]): string => errorOf(`${source}alerts: [${rules.join(', ')}]\n`);
    expect(errorWith(rule('impact', ''), rule('a', after('impakt')))).toMatch(
      /alerts\[1\]\.after\.rule: there is no other rule "impakt"; did you mean "impact"\?/,
    );
    expect(errorWith(rule('a', after('a')))).toMatch(/a rule cannot come after itself/);
    expect(errorWith(rule('a', after('b')), rule('b', after('c')), rule('c', after('a')))).toMatch(
      /a waits for b waits for c waits for a: none of them would ever be raised/,
    );
    expect(errorWith(rule('a', 'atLeast: {sources: 2, withinMs: 1000}'))).toMatch(
      /alerts\[0\]\.atLeast\.sources: 2 are wanted, and "on" names only 1: mic; it would never be raised/,
    );
    expect(errorWith('{id: a, query: {disagreement: [mic, mik]}, threshold: 0.3}')).toMatch(
      /alerts\[0\]\.query\.disagreement\[1\]: there is no source with the id "mik"; did you mean "mic"\?/,
    );
    expect(errorWith(rule('impact', 'silent: true'), rule('a', after('impact')))).toBe('no error');
  });

  it('refuses an open address without a token, and one with a token but without TLS', () => {
    expect(errorOf(`${source}listen: {host: 0.0.0.0}\n`)).toContain('set listen.token');
    expect(errorOf(`${source}listen: {host: 0.0.0.0, token: abcdefgh}\n`)).toContain('set listen.tls');
    expect(load(`${source}listen: {host: 0.0.0.0, token: abcdefgh, insecure: true}\n`).config.listen.host).toBe('0.0.0.0');
  });

  it('takes secrets from the environment and names the one that is missing', () => {
    process.env['EDGEBIND_TEST_TOKEN'] = 'a"b: c\\d-long';
    expect(load(`${source}listen: {token: "\${EDGEBIND_TEST_TOKEN}"}\n`).config.listen.token).toBe('a"b: c\\d-long');
    expect(errorOf(`${source}listen: {token: "\${EDGEBIND_NOT_SET}"}\n`)).toContain(
      `${file}:3 \${EDGEBIND_NOT_SET}: the environment variable is not set`,
    );
  });

  it('says where YAML itself is broken, and where there is no file', () => {
    expect(errorOf('sources: [\n  - x\n')).toMatch(/config\.yaml:\d+:\d+ /);
    expect(() => loadConfig(join(folder, 'absent.yaml'))).toThrow(/absent\.yaml: cannot be read/);
  });
});
