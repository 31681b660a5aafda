import type { DecodedFrame } from '../src/core/decoder.ts';
import { MORE, type Framing } from './framed-decoder.ts';

export interface DelimitedProtocol {
  /** The byte behind each frame. */
  readonly delimiter: number;
  /** Longer frames are given up, as one bad frame, and skipped to the next delimiter. */
  readonly maxBytes: number;
  /** One delimiter directly before a frame belongs to it (senders that flush the line first). Default false. */
  readonly leading?: boolean;
  /**
   * The frame in `[from, to)`, without its delimiter: undefined where it does not hold, `blank` where nothing is in it, `used`
   * where it describes the frames to come.
   */
  readonly read: (data: Uint8Array, from: number, to: number) => DecodedFrame | 'blank' | 'used' | undefined;
  /** Whether a last frame may do without its delimiter because `read` can tell that it is whole. Default false. */
  readonly selfContained?: boolean;
}

/** Framing of protocols that put a byte behind each frame which never occurs inside. Looks at each byte once. */
export function delimitedFraming({ delimiter, maxBytes, leading = false, read, selfContained = false }: DelimitedProtocol): Framing {
  /** Bytes behind the start that are known to hold no delimiter. */
  let scanned = 0;
  let discarding = false;

  return (data, from, to, ended) => {
    if (from === to) return MORE;
    const start = leading && !discarding && data[from] === delimiter ? from + 1 : from;
    let at = Math.max(start, from + scanned);
    const limit = start + maxBytes;
    while (at < to && data[at] !== delimiter && at <= limit) at++;
    scanned = at - from;

    if (discarding) {
      if (at < to && data[at] === delimiter) {
        discarding = false;
        scanned = 0;
        return { kind: 'skip', bytes: at + 1 - from };
      }
      scanned = 0;
      return { kind: 'skip', bytes: at - from };
    }
    if (at > limit) {
      discarding = true;
      scanned = 0;
      return { kind: 'bad', bytes: at - from };
    }
    const open = at === to;
    if (open && !ended) return MORE;
    scanned = 0;
    // An empty frame: leave its delimiter to the frame behind it.
    if (leading && !open && start > from && at === start) return { kind: 'skip', bytes: 1 };
    const bytes = open ? to - from : at + 1 - from;
    const found = open && !selfContained ? 'blank' : read(data, start, at);
    if (found === undefined) return { kind: open ? 'skip' : 'bad', bytes };
    if (found === 'blank') return { kind: 'skip', bytes };
    if (found === 'used') return { kind: 'used', bytes };
    return { kind: 'frame', bytes, frame: found };
  };
}
