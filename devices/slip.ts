import type { FrameDecoder } from '../src/core/decoder.ts';
import { checkedPacket, type PacketOptions } from './checked-packet.ts';
import { delimitedFraming } from './delimited-framing.ts';
import { framedDecoder } from './framed-decoder.ts';

const END = 0xc0;
const ESCAPE = 0xdb;
const ESCAPED_END = 0xdc;
const ESCAPED_ESCAPE = 0xdd;

/**
 * SLIP frames (RFC 1055): C0 behind each, and perhaps before; C0 and DB inside come as DB DC and DB DD; behind the payload a
 * CRC-16/CCITT-FALSE, big-endian. `hex` is the payload. DB before anything else makes the frame bad.
 */
export function slipDecoder(options: PacketOptions = {}): FrameDecoder {
  const packet = checkedPacket('slip', options);
  return framedDecoder(
    delimitedFraming({
      delimiter: END,
      maxBytes: packet.maxBytes,
      leading: true,
      read: (data, from, to) => {
        const out = packet.room(to - from);
        let length = 0;
        for (let at = from; at < to; at++) {
          const byte = data[at] ?? 0;
          if (byte !== ESCAPE) out[length++] = byte;
          else {
            const escaped = ++at < to ? data[at] : undefined;
            if (escaped === ESCAPED_END) out[length++] = END;
            else if (escaped === ESCAPED_ESCAPE) out[length++] = ESCAPE;
            else return undefined;
          }
        }
        return packet.check(length);
      },
    }),
  );
}
