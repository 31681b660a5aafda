import { expect, it } from 'vitest';
import { parseYaml } from '../core/parse-yaml.ts';
import { configSchema } from '../runtime/config.ts';
import { devicesText, lineOf } from './devices.ts';

const devices = [
  { kind: 'camera', name: 'C920', source: { id: 'camera', modality: 'image', from: 'v4l2:/dev/video0', fps: 5 } },
  {
    kind: 'microphone',
    name: 'USB: "Mic" #1\nhostile: true',
    source: { id: 'microphone', modality: 'audio', from: 'alsa:plughw:CARD=Device,DEV=0' },
    note: 'may not open it: do this',
  },
  { kind: 'serial', name: 'ttyUSB0', source: { id: 'imu', modality: 'imu', from: "serial:/dev/it's?baud=115200", protocol: 'witmotion' } },
] as const;

it('all of the text can be pasted below sources:', () => {
  const config = parseYaml(`sources:\n${devicesText(devices)}`, 'pasted.yaml', configSchema);
  expect(config.sources).toEqual(devices.map(({ source }) => source));
});

it('a line looks as in the docs', () => {
  expect(lineOf(devices[0].source)).toBe("- { id: camera, modality: image, from: 'v4l2:/dev/video0', fps: 5 }");
});

it('where nothing is there, the simulator is named', () => {
  expect(devicesText([])).toContain("from: 'simulate:kitchen'");
});
