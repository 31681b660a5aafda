import type { SourceConfig } from '../src/core/source-config.ts';
import { ffmpegInput } from './camera.ts';

/**
 * How a microphone is read: mono 16-bit PCM on standard output, resampled by soxr to the rate that the encoder wants.
 *
 * `alsa:default` · `pulse:default` · `rtsp://...` · `http://...` · `file:sound.wav` (`realtime`, `loop`)
 */
export const microphoneCommand = (config: SourceConfig, rateHz: number): { command: string; args: string[] } => ({
  command: 'ffmpeg',
  args: [
    '-nostdin',
    '-v',
    'error',
    ...ffmpegInput(config),
    '-map',
    '0:a:0',
    '-vn',
    '-ac',
    '1',
    '-af',
    'aresample=resampler=soxr',
    '-ar',
    `${rateHz}`,
    '-f',
    's16le',
    '-flush_packets',
    '1',
    '-',
  ],
});
