import sharp, { type Sharp } from 'sharp';
import { messageOf } from '../core/errors.ts';
import type { Stage } from '../core/ledger.ts';
import type { Log } from '../core/log.ts';
import type { Clock } from '../core/time.ts';
import type { Picture, Sample } from '../core/types.ts';
import { SamplePublication } from './sample-publication.ts';

/** Longest side of a preview, in pixels. */
const MAX_SIDE = 640;
const QUALITY = 72;
/** JPEG files up to this size go out as they came. */
const MAX_PASSED_BYTES = 96 * 1024;
/** A picture that claims more pixels than this is not opened. */
const MAX_PIXELS = 64_000_000;

interface Feed {
  waiting: Sample<Picture> | undefined;
  maxHz: number;
  isBusy: boolean;
  dueUs: number;
  cancel: (() => void) | undefined;
}

interface PreviewOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly stage: Stage;
  readonly onPreview: (publication: SamplePublication) => void;
}

/**
 * Pictures as small JPEG files for tiles, made off the event loop. Of each source one is under way and the newest other waits;
 * nothing is made faster than `maxHz` of the fastest subscriber.
 */
export class PicturePreviews {
  readonly #options: PreviewOptions;
  readonly #feeds = new Map<string, Feed>();
  #isStopped = false;

  constructor(options: PreviewOptions) {
    this.#options = options;
  }

  /** Pictures that wait or are under way. */
  get inFlight(): number {
    let count = 0;
    for (const { waiting, isBusy } of this.#feeds.values()) count += (waiting ? 1 : 0) + (isBusy ? 1 : 0);
    return count;
  }

  /** Call it only for pictures that somebody watches. */
  offer(sample: Sample<Picture>, maxHz: number): void {
    const { stage } = this.#options;
    stage.receive();
    let feed = this.#feeds.get(sample.source);
    if (!feed) {
      feed = { waiting: undefined, maxHz, isBusy: false, dueUs: 0, cancel: undefined };
      this.#feeds.set(sample.source, feed);
    }
    if (feed.waiting) stage.drop('superseded');
    feed.waiting = sample;
    feed.maxHz = maxHz;
    this.#next(sample.source, feed);
  }

  /** Lets go of what waits; what is under way ends by itself. */
  stop(): void {
    this.#isStopped = true;
    for (const feed of this.#feeds.values()) {
      feed.cancel?.();
      if (feed.waiting) this.#options.stage.drop('stopped');
      feed.waiting = undefined;
    }
  }

  #next(source: string, feed: Feed): void {
    if (feed.isBusy || feed.cancel || !feed.waiting) return;
    const nowUs = this.#options.clock.nowUs();
    if (nowUs < feed.dueUs) {
      feed.cancel = this.#options.clock.after((feed.dueUs - nowUs) / 1000, () => {
        feed.cancel = undefined;
        this.#next(source, feed);
      });
      return;
    }
    const sample = feed.waiting;
    feed.waiting = undefined;
    feed.dueUs = nowUs + 1_000_000 / feed.maxHz;
    const jpeg = smallJpegOf(sample.payload);
    if (jpeg) {
      this.#publish(new SamplePublication(sample, { format: 'jpeg' }, jpeg));
      return;
    }
    feed.isBusy = true;
    void this.#encode(sample).finally(() => {
      feed.isBusy = false;
      if (!this.#isStopped) this.#next(source, feed);
    });
  }

  async #encode(sample: Sample<Picture>): Promise<void> {
    try {
      const { data, info } = await open(sample.payload)
        .resize({ width: MAX_SIDE, height: MAX_SIDE, fit: 'inside', withoutEnlargement: true })
        .jpeg({ quality: QUALITY })
        .toBuffer({ resolveWithObject: true });
      this.#publish(new SamplePublication(sample, { format: 'jpeg', width: info.width, height: info.height }, data));
    } catch (error) {
      this.#options.stage.drop('badPicture');
      this.#options.log.debug({ source: sample.source, error: messageOf(error) }, 'no preview of a picture that cannot be opened');
    }
  }

  #publish(publication: SamplePublication): void {
    this.#options.stage.emit();
    this.#options.onPreview(publication);
  }
}

function open(picture: Picture): Sharp {
  const options = { limitInputPixels: MAX_PIXELS, failOn: 'error' as const };
  if (picture.kind === 'encoded') return sharp(picture.bytes, options);
  return sharp(picture.data, { ...options, raw: { width: picture.width, height: picture.height, channels: 3 } });
}

/** The picture as a JPEG that may go out as it is. */
function smallJpegOf(picture: Picture): Uint8Array | undefined {
  const bytes = picture.kind === 'encoded' ? picture.bytes : picture.jpeg;
  return bytes && bytes.length <= MAX_PASSED_BYTES && bytes[0] === 0xff && bytes[1] === 0xd8 ? bytes : undefined;
}
