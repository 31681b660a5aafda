const table = new Uint16Array(256);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) !== 0 ? (crc << 1) ^ 0x1021 : crc << 1;
  table[byte] = crc;
}

/**
 * CRC-16 with polynomial 0x1021 of `data[from, to)`, most significant bit first, no final XOR.
 *
 * @param initial 0xFFFF: CRC-16/CCITT-FALSE ("123456789" gives 0x29B1); 0: CRC-16/XMODEM (0x31C3), as VectorNav and Lepton use it
 */
export function crc16(data: Uint8Array, from: number, to: number, initial: 0 | 0xffff = 0xffff): number {
  let crc: number = initial;
  for (let at = from; at < to; at++) crc = ((crc << 8) & 0xffff) ^ (table[(crc >>> 8) ^ (data[at] ?? 0)] ?? 0);
  return crc;
}
