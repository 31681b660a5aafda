import type { DecodedFrame } from '../src/core/decoder.ts';
import { u16be } from './bytes.ts';
import type { Finding } from './framed-decoder.ts';

const LINE = 80;
const LINES = 60;
const SEGMENTS = 4;
/** The packet whose id carries the segment's number. */
const SEGMENT_PACKET = 20;
/** Raw counts have 14 bits; what is above can only be TLinear, hundredths of a kelvin. */
const MAX_COUNT = 16383;

interface LeptonImages {
  /** Takes the good packet at `at`. */
  add(data: Uint8Array, at: number): Finding;
  /** Gives up the picture in work; the bytes of its packets. */
  giveUp(): number;
}

/** Puts packets together to pictures. Holds one picture of at most 160 x 120. */
export function leptonImages(packetBytes: number): LeptonImages {
  const segment = new Uint16Array(LINE * LINES);
  const whole = new Uint16Array(segment.length * SEGMENTS);
  let expected = 0;
  let number = 0;
  /** Segments of the picture in work that are complete. */
  let done = 0;
  let segmented = false;
  let held = 0;

  const giveUp = (): number => {
    const lost = held;
    held = 0;
    expected = 0;
    done = 0;
    return lost;
  };
  const broken = (bytes: number): Finding => ({ kind: 'bad', bytes, lost: giveUp() });

  const endSegment = (bytes: number): Finding => {
    if (number === 1 && done > 0) {
      // The picture before was cut off; this segment begins the next one.
      const lost = held - (LINES - 1) * bytes;
      held -= lost;
      done = 0;
      return { kind: 'bad', bytes: 0, lost };
    }
    expected = 0;
    if (number === 0) {
      if (!segmented) return picture(segment, LINE, bytes);
      // Between pictures a Lepton 3 repeats segments under the number 0.
      return done > 0 ? broken(bytes) : { kind: 'skip', bytes, lost: giveUp() };
    }
    segmented = true;
    if (number !== done + 1) return broken(bytes);
    whole.set(segment, done * segment.length);
    done = number;
    if (done < SEGMENTS) {
      held += bytes;
      return { kind: 'used', bytes };
    }
    done = 0;
    return picture(whole, LINE * 2, bytes);
  };
  const picture = (pixels: Uint16Array, width: number, bytes: number): Finding => {
    held = 0;
    return { kind: 'frame', bytes, frame: frameOf(pixels, width) };
  };

  return {
    giveUp,
    add: (data, at) => {
      const line = data[at + 1] ?? 0;
      // Telemetry at the foot of an 80 x 60 picture.
      if (line >= LINES && !segmented) return { kind: 'skip', bytes: packetBytes };
      if (line !== expected) {
        if (held > 0) return broken(0);
        if (line !== 0) return { kind: 'skip', bytes: packetBytes };
      }
      if (line === SEGMENT_PACKET) number = ((data[at] ?? 0) >> 4) & 0x7;
      for (let pixel = 0; pixel < LINE; pixel++) segment[line * LINE + pixel] = u16be(data, at + 4 + pixel * 2);
      if (line === LINES - 1) return endSegment(packetBytes);
      expected = line + 1;
      held += packetBytes;
      return { kind: 'used', bytes: packetBytes };
    },
  };
}

/** Two packets make one line of a 160 x 120 picture, so the packets in order are its pixels in order. */
function frameOf(pixels: Uint16Array, width: number): DecodedFrame {
  const size = { width, height: pixels.length / width };
  if (!pixels.some((pixel) => pixel > MAX_COUNT)) return { frame: 'lepton', ...size, counts: pixels.slice() };
  return { frame: 'lepton', ...size, celsius: Float64Array.from(pixels, (pixel) => (pixel - 27315) / 100) };
}
