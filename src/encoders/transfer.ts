import type { ArrayReading, Clip, Depth, Pcm, Picture, Thermal } from '../core/types.ts';
import type { GraphItem } from './graph-plan.ts';
import type { RawInput } from './job.ts';

type Bytes = Uint8Array | Uint16Array | Float32Array | BigInt64Array | Int32Array;

/** The array as one that owns a plain buffer of its own: itself, or a copy of a view of a pooled, larger or shared one. */
function owned<T extends Bytes>(array: T): T & { readonly buffer: ArrayBuffer } {
  const isOwn = array.byteLength === array.buffer.byteLength && array.buffer instanceof ArrayBuffer;
  return (isOwn ? array : array.slice()) as T & { readonly buffer: ArrayBuffer };
}

/** A private copy of an array that others go on reading: dashboards and recorders see the same samples. */
function copied<T extends Uint8Array | Uint16Array | Float32Array>(array: T): T & { readonly buffer: ArrayBuffer } {
  // A Buffer's own slice would be a view.
  const copy = Buffer.isBuffer(array) ? Uint8Array.from(array) : array.slice();
  return copy as T & { readonly buffer: ArrayBuffer };
}

/**
 * Items ready to be given away, with the buffers to transfer.
 *
 * @param isOurs whether the arrays may go (a front-end worker made them); a caller's are copied, and stay
 */
export function transferItems(items: readonly GraphItem[], isOurs: boolean): { items: GraphItem[]; transfer: ArrayBuffer[] } {
  const transfer = new Set<ArrayBuffer>();
  const given = items.map((item) =>
    item.map((feed) => {
      const data = owned(isOurs ? feed.data : feed.data.slice());
      transfer.add(data.buffer);
      return { name: feed.name, dims: feed.dims, data };
    }),
  );
  return { items: given, transfer: [...transfer] };
}

/** A front end's raw input ready to be given away, with the buffers to transfer. The caller's arrays stay. */
export function transferRaw(raw: RawInput): { raw: RawInput; transfer: ArrayBuffer[] } {
  switch (raw.kind) {
    case 'text':
      return { raw, transfer: [] };
    case 'sound': {
      const data = copied(raw.sound.data);
      const sound: Pcm = { ...raw.sound, data };
      return { raw: { kind: 'sound', sound }, transfer: [data.buffer] };
    }
    case 'picture': {
      if (raw.picture.kind !== 'clip') {
        const { picture, buffer } = copyOfPicture(raw.picture);
        return { raw: { kind: 'picture', picture }, transfer: [buffer] };
      }
      const copies = raw.picture.frames.map(copyOfPicture);
      const clip: Clip = { kind: 'clip', frames: copies.map(({ picture }) => picture) };
      return { raw: { kind: 'picture', picture: clip }, transfer: copies.map(({ buffer }) => buffer) };
    }
  }
}

function copyOfPicture<P extends Picture | Thermal | Depth | ArrayReading>(picture: P): { picture: P; buffer: ArrayBuffer };
function copyOfPicture(picture: Picture | Thermal | Depth | ArrayReading): {
  picture: Picture | Thermal | Depth | ArrayReading;
  buffer: ArrayBuffer;
} {
  switch (picture.kind) {
    case 'encoded': {
      const bytes = copied(picture.bytes);
      return { picture: { kind: picture.kind, bytes }, buffer: bytes.buffer };
    }
    case 'rgb24': {
      const { kind, width, height } = picture;
      const data = copied(picture.data);
      return { picture: { kind, width, height, data }, buffer: data.buffer };
    }
    case 'thermal': {
      const celsius = copied(picture.celsius);
      return { picture: { ...picture, celsius }, buffer: celsius.buffer };
    }
    case 'array': {
      const values = copied(picture.values);
      return { picture: { ...picture, values }, buffer: values.buffer };
    }
    case 'depth': {
      const mm = copied(picture.mm);
      return { picture: { ...picture, mm }, buffer: mm.buffer };
    }
  }
}
