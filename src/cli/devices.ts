import type { Command } from 'commander';
import type { SourceConfig } from '../core/source-config.ts';
import type { PluggedIn } from '../inputs/plugged-in/device.ts';
import { pluggedIn } from '../inputs/plugged-in/plugged-in.ts';

const NONE = `No camera, no microphone and no serial port is there.

Without any: \`edgebind run\` with the config that is shipped brings four virtual sensors, and these lines bring them into a config of yours:
  - { id: camera, modality: image, from: 'simulate:kitchen' }
  - { id: microphone, modality: audio, from: 'simulate:kitchen' }
Cameras and sensors in the network are not listed; they are read by 'rtsp://HOST/PATH', 'http://HOST/video.mjpeg' and 'mqtt:TOPIC'.
`;

/** `edgebind devices`. */
export function registerDevices(program: Command): void {
  program
    .command('devices')
    .description('cameras, microphones and serial ports that are there, with the config line to paste')
    .option('--json', 'one JSON object {devices: [{kind, name, source, line, note}]}')
    .addHelpText('after', '\nExample:\n  edgebind devices\n')
    .action(async ({ json }: { json?: true }) => {
      const devices = await pluggedIn();
      process.stdout.write(
        json ? `${JSON.stringify({ devices: devices.map((one) => ({ ...one, line: lineOf(one.source) })) })}\n` : devicesText(devices),
      );
    });
}

/** What a person reads: the name as a comment above each line, so that all of it can be pasted below `sources:`. */
export const devicesText = (devices: readonly PluggedIn[]): string =>
  devices.length === 0
    ? NONE
    : devices
        .map(
          ({ kind, name, source, note }) => `  # ${kind}: ${oneLine(name)}${note === undefined ? '' : ` (${note})`}\n  ${lineOf(source)}\n`,
        )
        .join('');

/** A device may call itself anything, also several lines. */
const oneLine = (name: string): string => name.replaceAll(/\p{Cc}+/gu, ' ');

/** A source as one line of config.yaml. Only what YAML would read otherwise is quoted. */
export const lineOf = (source: SourceConfig): string =>
  `- { ${Object.entries(source)
    .map(
      ([key, value]) =>
        `${key}: ${typeof value === 'string' && !/^[A-Za-z][\w-]*$/.test(value) ? `'${value.replaceAll("'", "''")}'` : String(value)}`,
    )
    .join(', ')} }`;
