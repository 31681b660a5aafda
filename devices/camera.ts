import { UsageError } from '../src/core/errors.ts';
import type { SourceConfig } from '../src/core/source-config.ts';

/** Pictures a second where the config does not say. */
export const DEFAULT_FPS = 5;
/** Longest side of a picture where the config does not say. Encoders look at 224 to 336 pixels. */
const DEFAULT_LONGEST_SIDE = 640;

/** JPEG knows one way from colours to numbers (JFIF: BT.601, all 256 values); films of high definition have another. */
const JPEG_COLOURS = 'out_color_matrix=bt601:out_range=full:flags=bicubic';

/** Files of one picture, which ffmpeg repeats by an option of their own. */
const STILL = /\.(jpe?g|png|bmp|tiff?|webp)$/i;

/**
 * How a camera is read: pictures as JPEG on standard output, at `fps`, at most 640 pixels long (`width` and `height` override). At the best
 * quality that ffmpeg gives: decoded they take twenty times as many bytes, and what encoders make of them is the same (docs/recording.md).
 *
 * `v4l2:/dev/video0` · `rtsp://...` · `http://...` (MJPEG) · `file:clip.mp4` (also pictures; `realtime`, `loop`) ·
 * `gst:` and a GStreamer launch line up to raw video (Jetson: `gst:nvarguscamerasrc ! nvvidconv`).
 */
export function cameraCommand(config: SourceConfig): { command: string; args: string[] } {
  if (config.from.startsWith('gst:')) return gstreamer(config);
  // `pass`: a picture file is shorter than a period, and would be rounded away.
  const filter = [`fps=${config.fps ?? DEFAULT_FPS}:eof_action=pass`, scale(config)].join(',');
  return {
    command: 'ffmpeg',
    args: [
      '-nostdin',
      '-v',
      'error',
      ...ffmpegInput(config),
      '-map',
      '0:v:0',
      '-an',
      '-vf',
      filter,
      '-c:v',
      'mjpeg',
      '-q:v',
      '2',
      '-f',
      'image2pipe',
      '-flush_packets',
      '1',
      '-',
    ],
  };
}

/**
 * ffmpeg's arguments up to and including `-i`, for cameras and microphones alike.
 *
 * @throws UsageError for a scheme that ffmpeg is not used for
 */
export function ffmpegInput({ id, from, modality, fps, realtime = true, loop = false }: SourceConfig): string[] {
  const [scheme = '', ...others] = from.split(':');
  const rest = others.join(':');
  const lowDelay = ['-fflags', 'nobuffer', '-flags', 'low_delay', '-probesize', '500000', '-analyzeduration', '500000'];
  switch (scheme) {
    case 'v4l2':
      return ['-fflags', 'nobuffer', '-f', 'v4l2', ...(fps === undefined ? [] : ['-framerate', `${fps}`]), '-i', rest];
    case 'alsa':
    case 'pulse':
      return ['-fflags', 'nobuffer', '-f', scheme, '-i', rest];
    case 'rtsp':
      return [...lowDelay, '-rtsp_transport', 'tcp', '-i', from];
    case 'http':
    case 'https':
      // The time-out makes a dead server an end, which heals; ffmpeg's own reconnecting would hide it.
      return [
        ...lowDelay,
        '-rw_timeout',
        '5000000',
        ...(modality === 'image' ? ['-f', 'mpjpeg', '-use_wallclock_as_timestamps', '1'] : []),
        '-i',
        from,
      ];
    case 'file':
      return [...(loop ? (STILL.test(rest) ? ['-loop', '1'] : ['-stream_loop', '-1']) : []), ...(realtime ? ['-re'] : []), '-i', rest];
    default:
      throw new UsageError('UNKNOWN_SCHEME', `source ${id}: "${scheme}:" is no way to read ${modality}`);
  }
}

function scale({ width, height }: SourceConfig): string {
  if (width !== undefined && height !== undefined) return `scale=${width}:${height}:${JPEG_COLOURS}`;
  if (width !== undefined) return `scale=${width}:-2:${JPEG_COLOURS}`;
  if (height !== undefined) return `scale=-2:${height}:${JPEG_COLOURS}`;
  const side = DEFAULT_LONGEST_SIDE;
  return `scale=w='min(${side},iw)':h='min(${side},ih)':force_original_aspect_ratio=decrease:${JPEG_COLOURS}`;
}

function gstreamer({ from, fps = DEFAULT_FPS, width, height }: SourceConfig): { command: string; args: string[] } {
  const size = width !== undefined && height !== undefined ? `,width=${width},height=${height}` : '';
  const line = `${from.slice('gst:'.length)} ! videoconvert ! videoscale ! videorate ! video/x-raw,framerate=${Math.round(fps)}/1${size} ! jpegenc quality=95 ! fdsink fd=1`;
  return { command: 'gst-launch-1.0', args: ['-q', ...line.split(/\s+/).filter((word) => word !== '')] };
}
