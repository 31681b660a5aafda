import type { FrameDecoder } from '../src/core/decoder.ts';
import { UsageError } from '../src/core/errors.ts';
import { nearest } from '../src/core/nearest.ts';
import type { Modality } from '../src/core/types.ts';
import { type Assembler, requireModality } from './assembler.ts';
import { cobsDecoder } from './cobs.ts';
import { csvDecoder } from './csv.ts';
import { fieldAssembler, type FieldMapOptions } from './field-map.ts';
import { gyMcu90640Assembler, gyMcu90640Decoder } from './gy-mcu90640.ts';
import { leptonAssembler, leptonDecoder } from './lepton.ts';
import { ndjsonDecoder } from './ndjson.ts';
import { nmeaDecoder } from './nmea.ts';
import { slipDecoder } from './slip.ts';
import { vectornavAssembler, vectornavDecoder } from './vectornav.ts';
import { witmotionAssembler, witmotionDecoder } from './witmotion.ts';
import { xsensAssembler, xsensDecoder } from './xsens.ts';

export interface DecoderOptions {
  /** `cobs`, `slip`: whether a CRC stands behind the payload. Default true. */
  readonly crc?: boolean;
}

/** A language that a device speaks, over a serial line or inside MQTT messages. */
export interface Protocol {
  /** As in config.yaml and `edgebind decode --protocol`. */
  readonly name: string;
  /** One line for a person. */
  readonly doc: string;
  /** The rate that the devices are delivered with. */
  readonly baudRate: number;
  createDecoder(options?: DecoderOptions): FrameDecoder;
  /**
   * What makes readings of the frames; absent where the frames have no meaning of their own.
   *
   * @throws UsageError where the protocol gives no readings of that modality
   */
  createAssembler?(modality: Modality, options?: FieldMapOptions): Assembler;
}

const imuOnly =
  (name: string, create: () => Assembler): NonNullable<Protocol['createAssembler']> =>
  (modality) => {
    requireModality(name, modality, ['imu']);
    return create();
  };
const thermalOnly =
  (name: string, create: () => Assembler): NonNullable<Protocol['createAssembler']> =>
  (modality) => {
    requireModality(name, modality, ['thermal']);
    return create();
  };

const all: readonly Protocol[] = [
  {
    name: 'witmotion',
    doc: 'WitMotion IMU modules: acc, gyro, angle, mag, quat, time',
    baudRate: 9600,
    createDecoder: witmotionDecoder,
    createAssembler: imuOnly('witmotion', witmotionAssembler),
  },
  {
    name: 'gy-mcu90640',
    doc: 'GY-MCU90640 thermal module, 32 x 24',
    baudRate: 115200,
    createDecoder: gyMcu90640Decoder,
    createAssembler: thermalOnly('gy-mcu90640', gyMcu90640Assembler),
  },
  {
    name: 'xsens',
    doc: 'Xsens MTi, MTData2 messages',
    baudRate: 115200,
    createDecoder: xsensDecoder,
    createAssembler: imuOnly('xsens', xsensAssembler),
  },
  {
    name: 'vectornav',
    doc: 'VectorNav VN-100/200/300, sentences and binary output',
    baudRate: 115200,
    createDecoder: vectornavDecoder,
    createAssembler: imuOnly('vectornav', vectornavAssembler),
  },
  {
    name: 'lepton',
    doc: 'FLIR Lepton thermal camera, VoSPI packets handed on by a bridge, 80 x 60 or 160 x 120',
    baudRate: 921600,
    createDecoder: leptonDecoder,
    createAssembler: thermalOnly('lepton', leptonAssembler),
  },
  { name: 'nmea', doc: 'NMEA 0183 sentences of GNSS receivers and ships', baudRate: 9600, createDecoder: nmeaDecoder },
  { name: 'cobs', doc: 'COBS framing with CRC-16/CCITT-FALSE, any payload', baudRate: 115200, createDecoder: cobsDecoder },
  { name: 'slip', doc: 'SLIP framing with CRC-16/CCITT-FALSE, any payload', baudRate: 115200, createDecoder: slipDecoder },
  {
    name: 'ndjson',
    doc: 'one JSON object a line, read by a field map',
    baudRate: 115200,
    createDecoder: ndjsonDecoder,
    createAssembler: (modality, options) => fieldAssembler('ndjson', modality, options),
  },
  {
    name: 'csv',
    doc: 'comma-separated values under a header, read by a field map',
    baudRate: 115200,
    createDecoder: csvDecoder,
    createAssembler: (modality, options) => fieldAssembler('csv', modality, options),
  },
];

/** Every protocol by its name. */
export const protocols: ReadonlyMap<string, Protocol> = new Map(all.map((protocol) => [protocol.name, protocol]));

/**
 * The protocol of that name.
 *
 * @throws UsageError with the nearest name where there is none
 */
export function protocolNamed(name: string): Protocol {
  const protocol = protocols.get(name);
  if (protocol) return protocol;
  const close = nearest(name, protocols.keys());
  throw new UsageError(
    'PROTOCOL_UNKNOWN',
    `there is no protocol "${name}"${close ? `, did you mean ${close}?` : ';'} known: ${[...protocols.keys()].join(', ')}`,
  );
}
