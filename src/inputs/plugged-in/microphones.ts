import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { denied, textOf, type PluggedIn, type Root } from './device.ts';

const ASK_WITHIN_MS = 2000;

/**
 * Inputs of sound cards, from /proc/asound. `plughw` converts to what is asked for, which `hw` would refuse. Names of cards stay
 * the same when another one is plugged in, their numbers do not.
 */
export async function alsaMicrophones(at: Root): Promise<PluggedIn[]> {
  const cards = new Map(
    [...((await textOf(join(at.root, '/proc/asound/cards'))) ?? '').matchAll(/^\s*(\d+)\s*\[(\S+)\s*\]:\s*(.*)$/gm)].map(
      ([, number, id, name]) => [Number(number), { id: id ?? '', name: (name ?? '').replace(/^.* - /, '') }],
    ),
  );
  const found: PluggedIn[] = [];
  // "00-00: ALC257 Analog : ALC257 Analog : playback 1 : capture 1"
  for (const line of ((await textOf(join(at.root, '/proc/asound/pcm'))) ?? '').split('\n')) {
    const [, card, device, name] = /^(\d+)-(\d+): ([^:]*?) *:.*\bcapture \d+/.exec(line) ?? [];
    const owner = cards.get(Number(card));
    if (card === undefined || device === undefined || !owner) continue;
    const note = await denied(at, `/dev/snd/pcmC${Number(card)}D${Number(device)}c`, 'audio');
    found.push({
      kind: 'microphone',
      name: [owner.name, name].filter(Boolean).join(', '),
      source: { id: 'microphone', modality: 'audio', from: `alsa:plughw:CARD=${owner.id},DEV=${Number(device)}` },
      ...(note !== undefined && { note }),
    });
  }
  return found;
}

/**
 * Sources of a running PulseAudio or PipeWire, which `pactl` lists; none where there is neither. What a loudspeaker plays
 * (`.monitor`) is no microphone.
 */
export async function pulseMicrophones(): Promise<PluggedIn[]> {
  const listed = await promisify(execFile)('pactl', ['list', 'short', 'sources'], { timeout: ASK_WITHIN_MS }).catch(() => undefined);
  return parsePulseSources(listed?.stdout ?? '');
}

/** Lines of `pactl list short sources`: number, name, module, format, state, with tabs between. */
export const parsePulseSources = (text: string): PluggedIn[] =>
  text
    .split('\n')
    .map((line) => line.split('\t'))
    .flatMap(([, name, , format]) =>
      name === undefined || name === '' || name.endsWith('.monitor')
        ? []
        : [
            {
              kind: 'microphone' as const,
              name: `${name}${format === undefined ? '' : ` (${format})`}`,
              source: { id: 'microphone', modality: 'audio' as const, from: `pulse:${name}` },
            },
          ],
    );
