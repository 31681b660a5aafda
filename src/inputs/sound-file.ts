import { spawn } from 'node:child_process';
import { EdgeBindError, UsageError } from '../core/errors.ts';
import type { Pcm } from '../core/types.ts';

/** Longest sound that is read from a file, in seconds: an hour of mono at 16 kHz is 230 MB. */
const MAX_SECONDS = 3600;

/**
 * Reads any sound file that ffmpeg knows (wav, ogg, flac, mp3, the sound of a video) as mono at `rateHz`, at most an hour of it.
 *
 * @throws EdgeBindError `FFMPEG_MISSING`; UsageError `SOUND_UNREADABLE` with ffmpeg's own words
 */
export async function readSoundFile(path: string, rateHz: number): Promise<Pcm> {
  const args = [
    '-nostdin',
    '-v',
    'error',
    '-t',
    `${MAX_SECONDS}`,
    '-i',
    path,
    '-map',
    '0:a:0',
    '-ac',
    '1',
    '-af',
    'aresample=resampler=soxr',
    '-ar',
    `${rateHz}`,
    '-f',
    'f32le',
    '-',
  ];
  const child = spawn('ffmpeg', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  let complaint = '';
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint = (complaint + text).slice(-2000)));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => {
      reject(
        new EdgeBindError('FFMPEG_MISSING', `ffmpeg could not be started (${error.message}); install it: sudo apt-get install -y ffmpeg`, {
          cause: error,
        }),
      );
    });
    child.once('close', resolve);
  });
  const bytes = Buffer.concat(chunks);
  if (code !== 0 || bytes.length < 4) {
    throw new UsageError(
      'SOUND_UNREADABLE',
      `${path}: no sound could be read from it (${complaint.trim() || 'it is empty'}); wanted: wav, ogg, flac, mp3 or a video with sound`,
    );
  }
  // A fresh buffer: the bytes of a Buffer need not begin at a multiple of 4.
  const data = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.length & ~3)));
  return { kind: 'pcm', rateHz, data };
}
