/** A thread that decodes the pictures of a recording. */
import { parentPort } from 'node:worker_threads';
import { EdgeBindError, messageOf } from '../core/errors.ts';
import { decodePicture } from '../frontends/decode-picture.ts';
import { lookOf } from '../operators/frame-grid.ts';
import type { FromPictureDecoder, ToPictureDecoder } from './worker-messages.ts';

const port = parentPort;
if (!port) throw new Error('picture-decoder-worker runs as a worker thread only');

const say = (message: FromPictureDecoder, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

port.on('message', (message: ToPictureDecoder) => {
  if (message.kind === 'stop') port.close();
  else void decode(message);
});

async function decode({ id, jpeg, wantsPixels }: Extract<ToPictureDecoder, { kind: 'decode' }>): Promise<void> {
  try {
    const picture = await decodePicture(jpeg);
    if (!wantsPixels) {
      say({ kind: 'decoded', id, picture: lookOf(picture) });
      return;
    }
    // A copy: what libvips gives may be a part of a larger buffer.
    const data = Uint8Array.from(picture.data);
    say({ kind: 'decoded', id, picture: { ...picture, data } }, [data.buffer]);
  } catch (error) {
    say({ kind: 'failed', id, code: error instanceof EdgeBindError ? error.code : 'BAD_PICTURE', message: messageOf(error) });
  }
}
