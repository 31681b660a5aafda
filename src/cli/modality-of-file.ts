import { closeSync, openSync, readSync } from 'node:fs';
import { extname } from 'node:path';
import { UsageError } from '../core/errors.ts';
import type { Modality } from '../core/types.ts';

const BY_ENDING: Readonly<Record<string, Modality>> = {
  ...Object.fromEntries(['.jpg', '.jpeg', '.webp'].map((ending) => [ending, 'image'])),
  ...Object.fromEntries(['.wav', '.ogg', '.oga', '.opus', '.flac', '.mp3', '.m4a', '.aac'].map((ending) => [ending, 'audio'])),
  ...Object.fromEntries(['.csv', '.jsonl'].map((ending) => [ending, 'imu'])),
};

/** Where a PNG states its bits per channel, and its kind of colour behind that. */
const PNG_DEPTH_AT = 24;
const PNG_HEAD_BYTES = 26;

/**
 * What a file holds, by the ending of its name (a PNG: by its first bytes), where that leaves no doubt.
 *
 * @throws UsageError `MODALITY_UNKNOWN`: a grey 16-bit PNG may be heat or depth, a .npy anything
 */
export function modalityOfFile(file: string): Modality {
  const ending = extname(file).toLowerCase();
  const modality = ending === '.png' && !isGrey16(file) ? 'image' : BY_ENDING[ending];
  if (modality) return modality;
  throw new UsageError(
    'MODALITY_UNKNOWN',
    `${file}: its name does not say what it holds; add --modality image, audio, thermal, depth or imu`,
  );
}

function isGrey16(png: string): boolean {
  const head = Buffer.alloc(PNG_HEAD_BYTES);
  try {
    const file = openSync(png, 'r');
    try {
      readSync(file, head);
    } finally {
      closeSync(file);
    }
  } catch {
    return false; // Whoever reads the picture says what is wrong with the file.
  }
  return head[PNG_DEPTH_AT] === 16 && head[PNG_DEPTH_AT + 1] === 0;
}
