import type { Encoding } from '../core/wire.ts';
import type { Frame } from './publication.ts';

/** The frames of one publication by subscription name and encoding: clients that call theirs the same share the bytes. */
export class FrameCache {
  readonly #frames = new Map<string, Frame>();

  get(sub: string, encoding: Encoding, make: () => Frame): Frame {
    const key = `${encoding} ${sub}`;
    let frame = this.#frames.get(key);
    if (!frame) {
      frame = make();
      this.#frames.set(key, frame);
    }
    return frame;
  }
}
