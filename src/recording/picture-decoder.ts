import { Worker } from 'node:worker_threads';
import { EdgeBindError, PayloadError } from '../core/errors.ts';
import type { EncodedPicture, Picture, PictureLook, RgbPicture } from '../core/types.ts';
import type { FromPictureDecoder, ToPictureDecoder } from './worker-messages.ts';

interface Pending {
  readonly resolve: (picture: RgbPicture | PictureLook) => void;
  readonly reject: (error: EdgeBindError) => void;
}

/**
 * Decodes JPEGs on a thread of its own, to the bits that `decodePicture` gives anywhere. There TurboJPEG may be used, which takes a quarter
 * of the time of libvips and blocks its thread. Who reads ahead bounds how many are asked for at a time.
 */
export class PictureDecoder {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  readonly #ended: Promise<void>;
  #ids = 0;
  #lost: string | undefined;

  constructor() {
    this.#worker = new Worker(workerUrl());
    this.#worker.on('message', (message: FromPictureDecoder) => this.#receive(message));
    this.#worker.on('error', ({ message }) => (this.#lost = message));
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#lost ??= 'it was stopped';
        for (const { reject } of this.#pending.values()) reject(this.#gone());
        this.#pending.clear();
        resolve();
      });
    });
  }

  /**
   * The picture as a pipeline saw it: decoded; or, without `wantsPixels`, its file with what windows look at. Encoders decode that once
   * more, and the pixels never become garbage of the event loop's heap, which would cost more. The caller's bytes stay.
   *
   * @throws PayloadError (as a rejection) `BAD_PICTURE`, `PICTURE_TOO_LARGE`; EdgeBindError `WORKER_CRASHED`
   */
  async decode({ kind, bytes }: EncodedPicture, wantsPixels: boolean): Promise<Picture> {
    const picture = await new Promise<RgbPicture | PictureLook>((resolve, reject) => {
      if (this.#lost !== undefined) {
        reject(this.#gone());
        return;
      }
      const id = this.#ids++;
      this.#pending.set(id, { resolve, reject });
      // A copy: the bytes are a part of their chunk of the recording.
      const jpeg = Uint8Array.from(bytes);
      this.#post({ kind: 'decode', id, jpeg, wantsPixels }, [jpeg.buffer]);
    });
    return 'data' in picture ? { ...picture, jpeg: bytes } : { kind, bytes, look: picture };
  }

  /** Ends the thread after what it has been asked for. */
  stop(): Promise<void> {
    if (this.#lost === undefined) this.#post({ kind: 'stop' });
    return this.#ended;
  }

  #post(message: ToPictureDecoder, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #receive(message: FromPictureDecoder): void {
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.kind === 'decoded') pending?.resolve(message.picture);
    else pending?.reject(new PayloadError(message.code, message.message));
  }

  #gone(): EdgeBindError {
    return new EdgeBindError('WORKER_CRASHED', `the thread that decodes pictures ended: ${this.#lost ?? ''}`);
  }
}

/** A thread cannot load TypeScript on Node 20: sources that run as they are (in tests) use the last build. */
function workerUrl(): URL {
  const folder = import.meta.url.endsWith('.ts') ? '../../dist/src/recording/' : './';
  return new URL(`${folder}picture-decoder-worker.js`, import.meta.url);
}
