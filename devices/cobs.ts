import type { FrameDecoder } from '../src/core/decoder.ts';
import { checkedPacket, type PacketOptions } from './checked-packet.ts';
import { delimitedFraming } from './delimited-framing.ts';
import { framedDecoder } from './framed-decoder.ts';

/**
 * COBS frames (Cheshire and Baker, 1999): a zero byte behind each, none inside; behind the payload a CRC-16/CCITT-FALSE,
 * big-endian. `hex` is the payload.
 */
export function cobsDecoder(options: PacketOptions = {}): FrameDecoder {
  const packet = checkedPacket('cobs', options);
  return framedDecoder(
    delimitedFraming({
      delimiter: 0,
      maxBytes: packet.maxBytes,
      leading: true,
      read: (data, from, to) => {
        const out = packet.room(to - from);
        let length = 0;
        for (let at = from; at < to;) {
          const code = data[at] ?? 0;
          const next = at + code;
          if (next > to) return undefined;
          for (let inner = at + 1; inner < next; inner++) out[length++] = data[inner] ?? 0;
          at = next;
          if (code < 0xff && at < to) out[length++] = 0;
        }
        return packet.check(length);
      },
    }),
  );
}
