import { gunzipSync } from 'node:zlib';

/** A recording of a FLIR Lepton: raw 16-bit counts, row-major, one array a frame. */
export interface CptvRecording {
  readonly width: number;
  readonly height: number;
  readonly frames: readonly Uint16Array[];
}

/** Reads The Cacophony Project's thermal video, versions 1 and 2: deltas of deltas, bit-packed, in snake order. */
export function readCptv(file: Uint8Array): CptvRecording {
  const bytes = gunzipSync(file);
  if (bytes.toString('latin1', 0, 4) !== 'CPTV') throw new Error('not a CPTV file');
  let at = 5;
  const section = (): { type: string; fields: Map<string, Buffer> } => {
    const type = bytes.toString('latin1', at, at + 1);
    const count = bytes.readUInt8(at + 1);
    at += 2;
    const fields = new Map<string, Buffer>();
    for (let i = 0; i < count; i++) {
      const length = bytes.readUInt8(at);
      fields.set(bytes.toString('latin1', at + 1, at + 2), bytes.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
    return { type, fields };
  };
  const header = section().fields;
  const width = header.get('X')!.readUInt32LE();
  const height = header.get('Y')!.readUInt32LE();
  const current = new Int32Array(width * height);
  const frames: Uint16Array[] = [];
  while (at < bytes.length) {
    const { fields } = section();
    const size = fields.get('f')!.readUInt32LE();
    addDeltas(current, bytes.subarray(at, at + size), fields.get('w')!.readUInt8());
    at += size;
    frames.push(unsnake(current, width));
  }
  return { width, height, frames };
}

function addDeltas(current: Int32Array, source: Buffer, bitWidth: number): void {
  let value = source.readInt32LE(0);
  current[0]! += value;
  let next = 4;
  let bits = 0;
  let held = 0;
  for (let i = 1; i < current.length; i++) {
    while (held < bitWidth) {
      bits = ((bits << 8) | source[next++]!) >>> 0;
      held += 8;
    }
    held -= bitWidth;
    const raw = Math.floor(bits / 2 ** held) & (2 ** bitWidth - 1);
    bits &= 2 ** held - 1;
    value += raw >= 2 ** (bitWidth - 1) ? raw - 2 ** bitWidth : raw;
    current[i]! += value;
  }
}

/** Odd rows run from right to left. */
const unsnake = (linear: Int32Array, width: number): Uint16Array =>
  Uint16Array.from(linear, (_, i) => {
    const row = Math.floor(i / width);
    const column = i % width;
    return linear[row * width + (row % 2 === 1 ? width - 1 - column : column)]!;
  });
