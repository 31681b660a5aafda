import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openBundle, type Bundle } from '../encoders/bundle.ts';
import { checkSources } from './check-sources.ts';
import { loadConfig } from './config.ts';
import { withOwnPaths } from './senses.ts';

describe('checkSources', () => {
  let bundle: Bundle;
  beforeAll(async () => {
    bundle = await openBundle('models/mini');
  });
  const check = (line: string): void => {
    const file = join(mkdtempSync(join(tmpdir(), 'edgebind-check-')), 'site.yaml');
    writeFileSync(file, `sources:\n  - {id: good, modality: image, from: "v4l2:/dev/video0"}\n  - {id: other, ${line}}\n`);
    checkSources(loadConfig(file), bundle);
  };

  it.each([
    ['modality: audio, from: "v4l2:/dev/video0"', /audio cannot be read from "v4l2:"/],
    ['modality: image, from: "rstp://camera"', /did you mean "rtsp:"/],
    ['modality: thermal, from: "mqtt:x", format: thermal-i61', /did you mean "thermal-i16"/],
    ['modality: thermal, from: "mqtt:x", format: thermal-i16', /needs width and height/],
    ['modality: imu, from: "mqtt:x", format: jpeg', /is of modality image/],
    ['modality: imu, from: "serial:/dev/x", protocol: witmotoin', /did you mean witmotion/],
    ['modality: imu, from: "serial:/dev/x?bud=9600", protocol: witmotion', /did you mean baud/],
    ['modality: imu, from: "simulate:attic"', /attic/],
    ['modality: imu, from: "mcap:a.mcap", realtime: false', /edgebind replay FILE/],
    ['modality: imu, from: "mcap:a.mcap?sorce=b"', /write mcap:FILE or mcap:FILE\?source=ID/],
  ])('says where and why: %s', (line, why) => {
    expect(() => check(line)).toThrow(why);
    expect(() => check(line)).toThrow(/site\.yaml:3:5 sources\[1\]: /);
  });

  it('refuses joint fusion where the bundle has no fusion graph, and says where', () => {
    expect(() => check('modality: imu, from: "serial:/dev/x", protocol: witmotion}\nfusion: {how: joint')).toThrow(
      /site\.yaml:4:15 fusion\.how: .* needs a fusion graph, and .*mini has none; set fusion: \{how: late\}/,
    );
  });

  it('takes what could be opened, and opens nothing', () => {
    check('modality: imu, from: "serial:/dev/not-there", protocol: witmotion');
    check('modality: thermal, from: "mqtt:x", format: thermal-i16, width: 32, height: 24');
    check('modality: audio, from: "simulate:kitchen?seed=4"');
  });
});

it('files are found from the folder of the config', () => {
  const from = (text: string): string => withOwnPaths({ id: 'a', modality: 'image', from: text }, '/site').from;
  expect([from('file:clip.mp4'), from('file:/abs/clip.mp4'), from('mqtt:file:x')]).toEqual([
    'file:/site/clip.mp4',
    'file:/abs/clip.mp4',
    'mqtt:file:x',
  ]);
});
