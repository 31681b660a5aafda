import { spawn } from 'node:child_process';
import { resolve as absolute } from 'node:path';
import { EdgeBindError, UsageError } from '../core/errors.ts';
import type { Pcm } from '../core/types.ts';
import { resampleWhole } from './resample-whole.ts';

/** Longest sound that is read from a file, in seconds: an hour of mono at 16 kHz is 230 MB. */
const MAX_SECONDS = 3600;
const MAX_BYTES = 768 * 1024 * 1024;

/**
 * Reads any sound file that ffmpeg knows (wav, ogg, flac, mp3, the sound of a video) as mono at `rateHz`, at most an hour of it. What
 * has that rate already is not resampled; the rest goes through libsamplerate, as live sound does.
 *
 * @throws EdgeBindError `FFMPEG_MISSING`; UsageError `SOUND_UNREADABLE` with ffmpeg's own words
 */
export async function readSoundFile(path: string, rateHz: number): Promise<Pcm> {
  // AU: the shortest header that says the rate. `file:` keeps a name with a colon from being an address.
  const input = ['-protocol_whitelist', 'file,pipe', '-t', `${MAX_SECONDS}`, '-i', `file:${absolute(path)}`];
  const args = ['-nostdin', '-v', 'error', ...input, '-map', '0:a:0', '-ac', '1', '-c:a', 'pcm_f32be', '-f', 'au', '-'];
  const child = spawn('ffmpeg', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  let length = 0;
  let complaint = '';
  child.stdout.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= MAX_BYTES) chunks.push(chunk);
    else child.kill('SIGKILL');
  });
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
  if (length > MAX_BYTES) throw new UsageError('SOUND_UNREADABLE', `${path}: more than ${MAX_BYTES} bytes of sound; cut it`);
  const bytes = Buffer.concat(chunks);
  const start = bytes.length >= 24 ? bytes.readUInt32BE(4) : 0;
  if (code !== 0 || start < 24 || bytes.length < start + 4) {
    throw new UsageError(
      'SOUND_UNREADABLE',
      `${path}: no sound could be read from it (${complaint.trim() || 'it is empty'}); wanted: wav, ogg, flac, mp3 or a video with sound`,
    );
  }
  const fileRateHz = bytes.readUInt32BE(16);
  // A fresh buffer: the bytes of a Buffer need not begin at a multiple of 4.
  const samples = Buffer.from(new Uint8Array(bytes.subarray(start, start + ((bytes.length - start) & ~3))).buffer).swap32();
  const data = new Float32Array(samples.buffer, samples.byteOffset, samples.length / 4);
  return { kind: 'pcm', rateHz, data: await resampleWhole(data, fileRateHz, rateHz) };
}
