import { cameraCommand, DEFAULT_FPS } from '../../devices/camera.ts';
import { messageOf } from '../core/errors.ts';
import type { Source } from '../core/source.ts';
import type { SourceConfig } from '../core/source-config.ts';
import { decodePicture } from '../frontends/decode-picture.ts';
import { CaptureSource, type CaptureReader } from './capture-source.ts';
import type { InputContext } from './context.ts';
import { FilePace } from './file-pace.ts';
import { JpegStream } from './jpeg-stream.ts';

/**
 * A camera, network stream, video or picture file. A picture happened when it arrived: raw video carries no time. Pictures come as
 * JPEG, which a recording keeps, and are decoded here, so that a replay sees the same to the bit. The ledger's stage `input` counts
 * pictures; one that the end of the program cut is dropped as `truncated`.
 *
 * @throws UsageError for a scheme that cannot be a camera
 */
export function cameraSource(config: SourceConfig, context: InputContext): Source {
  const stream = new JpegStream();
  const pace = new FilePace(config);
  const periodUs = 1e6 / (config.fps ?? DEFAULT_FPS);
  let ofThisRun = 0;
  const stage = context.ledger.stage(config.id, 'input');
  const lost = (reason: string): void => {
    stage.receive();
    stage.drop(reason);
  };
  const unreadable = (error: unknown): undefined => {
    lost('badPicture');
    context.log.warn({ source: config.id }, `the camera's pictures cannot be read: ${messageOf(error)}`);
  };
  const reader: CaptureReader = {
    read: async (chunk, arrivalUs, emit) => {
      try {
        for (const jpeg of stream.push(chunk)) {
          const picture = await decodePicture(jpeg).catch(unreadable);
          if (!picture) continue;
          stage.receive();
          stage.emit();
          emit({ arrivalUs: pace.arrivalUs(arrivalUs, ofThisRun++ * periodUs), payload: { ...picture, jpeg } });
        }
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        stream.reset();
        unreadable(error);
      }
    },
    interrupt: () => {
      if (stream.isInside) lost('truncated');
      stream.reset();
      pace.restart();
      ofThisRun = 0;
    },
  };
  return new CaptureSource({
    config,
    context,
    command: cameraCommand(config),
    reader,
    isFinite: config.from.startsWith('file:') && config.loop !== true,
  });
}
