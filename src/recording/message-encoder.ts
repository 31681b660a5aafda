import type { MotionBatch } from './motion-batch.ts';
import { ProtoWriter } from './proto-writer.ts';
import { readingBody, vectorBody } from './record-block.ts';
import { STAMP_FIELD } from './schemas.ts';
import type { RecordedForm } from './topic.ts';

/** The protobuf messages of readings and vectors, from their bodies in a block. EACH IS A VIEW THAT THE NEXT ONE OVERWRITES. */
export class MessageEncoder {
  readonly #writer = new ProtoWriter();
  #whole = new Int16Array(0);

  reading(kind: RecordedForm, body: Uint8Array, publishUs: number): Uint8Array {
    const { deviceUs, seq, sampleSeq, errorUs, a, b, bytes } = readingBody(body);
    this.#timestamp(publishUs);
    switch (kind) {
      case 'encoded':
      case 'jpeg':
        this.#writer.bytes(2, bytes).text(3, pictureFormat(bytes));
        break;
      case 'rgb24':
        this.#rawImage(a, b, 'rgb8', 3, bytes);
        break;
      case 'thermal':
      case 'array':
        this.#rawImage(a, b, '32FC1', 4, bytes);
        break;
      case 'depth':
        this.#rawImage(a, b, '16UC1', 2, bytes);
        break;
      case 'pcm':
        this.#sound(bytes, a);
        break;
      case 'imu':
        this.#motion(bytes);
        break;
      case 'features':
        this.#rawImage(bytes.length / 4, 1, '32FC1', 4, bytes);
        break;
    }
    const stamp = this.#writer.open(STAMP_FIELD);
    this.#known(1, deviceUs);
    this.#known(2, seq);
    this.#known(4, errorUs);
    if (sampleSeq !== seq) this.#known(5, sampleSeq);
    return this.#writer.close(stamp).finish();
  }

  /** The readings of a batch, which is empty then. Programs that know only single readings see the newest one. */
  motion(batch: MotionBatch): Uint8Array {
    this.#timestamp(batch.newestPublishUs);
    this.#axes((axis) => batch.newest(axis));
    batch.write(this.#writer);
    return this.#writer.finish();
  }

  /** An embedding or a fused vector. */
  vector(body: Uint8Array, publishUs: number): Uint8Array {
    const { text, bytes } = vectorBody(body);
    this.#timestamp(publishUs);
    return this.#writer.text(2, text).bytes(3, bytes).finish();
  }

  /** NaN: not known, and left out. */
  #known(field: number, value: number): void {
    if (!Number.isNaN(value)) this.#writer.double(field, value);
  }

  #timestamp(timeUs: number): void {
    const seconds = Math.max(0, Math.floor(timeUs / 1e6));
    const timestamp = this.#writer.open(1);
    this.#writer.varint(1, seconds).varint(2, Math.max(0, Math.round((timeUs - seconds * 1e6) * 1000)));
    this.#writer.close(timestamp);
  }

  #rawImage(width: number, height: number, encoding: string, bytesPerPixel: number, bytes: Uint8Array): void {
    this.#writer.fixed32(2, width).fixed32(3, height).text(4, encoding);
    this.#writer.fixed32(5, width * bytesPerPixel).bytes(6, bytes);
  }

  /** 16 bits where they say it exactly, which sound from a converter is; else the floats as they are. */
  #sound(bytes: Uint8Array, rateHz: number): void {
    const samples = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const length = bytes.length / 4;
    if (this.#whole.length < length) this.#whole = new Int16Array(length);
    let isExact = true;
    for (let i = 0; isExact && i < length; i++) {
      const value = samples.getFloat32(4 * i, true) * 32768;
      this.#whole[i] = value;
      isExact = this.#whole[i] === value;
    }
    this.#writer.bytes(2, isExact ? new Uint8Array(this.#whole.buffer, 0, 2 * length) : bytes);
    this.#writer.text(3, isExact ? 'pcm-s16' : 'pcm-f32');
    this.#writer.fixed32(4, rateHz).fixed32(5, 1);
  }

  #motion(bytes: Uint8Array): void {
    const values = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#axes((axis) => values.getFloat32(4 * axis, true));
  }

  #axes(value: (axis: number) => number): void {
    for (const [field, from] of MOTION) {
      const axes = this.#writer.open(field);
      for (let axis = 0; axis < 3; axis++) this.#writer.double(axis + 1, value(from + axis));
      this.#writer.close(axes);
    }
  }
}

/** Field of acceleration and of angular rate, and the first number of each. */
const MOTION = [
  [3, 0],
  [4, 3],
] as const;

function pictureFormat(bytes: Uint8Array): string {
  if (bytes[0] === 0x89) return 'png';
  return bytes[0] === 0x52 ? 'webp' : 'jpeg';
}
