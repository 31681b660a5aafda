import { cameraCommand } from '../../devices/camera.ts';
import type { Source } from '../core/source.ts';
import type { SourceConfig } from '../core/source-config.ts';
import { CaptureSource, type CaptureReader } from './capture-source.ts';
import type { InputContext } from './context.ts';
import { PpmStream } from './ppm-stream.ts';

/**
 * A camera, network stream, video or picture file. A picture happened when it arrived: raw video carries no time. The ledger's
 * stage `input` counts pictures; one that the end of the program cut is dropped as `truncated`.
 *
 * @throws UsageError for a scheme that cannot be a camera
 */
export function cameraSource(config: SourceConfig, context: InputContext): Source {
  const stream = new PpmStream();
  const stage = context.ledger.stage(config.id, 'input');
  const lost = (reason: string): void => {
    stage.receive();
    stage.drop(reason);
    stream.reset();
  };
  const reader: CaptureReader = {
    read: (chunk, arrivalUs, emit) => {
      try {
        for (const payload of stream.push(chunk)) {
          stage.receive();
          stage.emit();
          emit({ arrivalUs, payload });
        }
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        lost('notPpm');
        context.log.warn({ source: config.id }, `the camera's pictures cannot be read: ${error.message}`);
      }
    },
    interrupt: () => {
      if (stream.isInside) lost('truncated');
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
