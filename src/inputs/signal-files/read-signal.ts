import { readFile, stat } from 'node:fs/promises';
import { messageOf, PayloadError, UsageError } from '../../core/errors.ts';
import type { Modality } from '../../core/types.ts';
import { readNpy } from '../../frontends/npy.ts';
import type { FrontEnd } from '../../frontends/recipe.ts';
import type { Signal } from '../../frontends/signal-tensor.ts';
import { readSoundFile } from '../sound-file.ts';
import { parseMotion } from './motion-rows.ts';
import { npySignal } from './npy-signal.ts';

const MAX_FILE_BYTES = 256 * 1024 * 1024;

/** A file's signal, and what in the file was no part of one, in words. */
export interface FileSignal {
  readonly signal: Signal;
  readonly skipped: readonly string[];
}

/**
 * Reads a file as the signal of a modality: pictures (JPEG, PNG, WebP; heat as 16-bit PNG in centi-kelvin, depth as one in
 * millimetres), sound (whatever ffmpeg knows; mono at the recipe's rate), motion (CSV or JSON lines), and .npy of any of them.
 *
 * @throws UsageError `FILE_UNREADABLE`, `FILE_TOO_LARGE`, `SOUND_UNREADABLE`; PayloadError `BAD_NPY`, `NO_ROWS`
 */
export async function readSignal(modality: Modality, file: string, recipe: FrontEnd): Promise<FileSignal> {
  const isNpy = file.endsWith('.npy');
  if (modality === 'audio' && !isNpy) {
    if (!('rateHz' in recipe))
      throw new PayloadError('BAD_FRONT_END', `sound needs a front end of kind log-mel or waveform, not ${recipe.kind}`);
    await sizeOf(file, Number.POSITIVE_INFINITY);
    return { signal: { kind: 'sound', sound: await readSoundFile(file, recipe.rateHz) }, skipped: [] };
  }
  const bytes = await readBytes(file);
  if (isNpy) return { signal: npySignal(modality, readNpy(bytes), recipe), skipped: [] };
  if (recipe.kind === 'features')
    throw new PayloadError(
      'BAD_FRONT_END',
      `${file}: this bundle begins with features, ${recipe.size} numbers a picture; give them as .npy`,
    );
  if (modality !== 'imu') return { signal: { kind: 'picture', picture: { kind: 'encoded', bytes } }, skipped: [] };
  const { rows, skipped } = parseMotion(bytes.toString('utf8'));
  if (rows.length === 0)
    throw new PayloadError(
      'NO_ROWS',
      `${file}: not one row of motion (${skipped.join('; ') || 'it is empty'}); wanted: CSV t_ms,ax,ay,az,gx,gy,gz or JSON lines {timeUs, acc[3], gyro[3]}`,
    );
  return { signal: { kind: 'motion', rows }, skipped };
}

async function readBytes(file: string): Promise<Buffer> {
  await sizeOf(file, MAX_FILE_BYTES);
  return readFile(file);
}

async function sizeOf(file: string, most: number): Promise<void> {
  const stats = await stat(file).catch((cause: unknown) => {
    throw new UsageError('FILE_UNREADABLE', `cannot read ${file}: ${messageOf(cause)}`, { cause });
  });
  if (!stats.isFile()) throw new UsageError('FILE_UNREADABLE', `cannot read ${file}: it is no file`);
  if (stats.size > most) throw new UsageError('FILE_TOO_LARGE', `${file}: ${stats.size} bytes; at most ${most}`);
}
