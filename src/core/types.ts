/**
 * The nouns of the data's way: device bytes -> Reading -> Sample -> Window -> Embedding -> Score -> Alert.
 *
 * Times are integer microseconds since the epoch in a `number` (exact until the year 2255).
 */

/** The senses that have pipelines, front ends and formats of their own. */
export type KnownModality = 'image' | 'audio' | 'thermal' | 'depth' | 'imu';

/** What a source senses: one of those, or a sensor of the user's by its own name (`gas`, `radar`). `text` is a query only, never a source. */
export type Modality = KnownModality | (string & {});

/** Every modality a joint space can hold an encoder for: what can be sensed, and `text`. */
export type EncoderModality = Modality;

/** What a score or an alert is about: a source's modality, or `fused`: the vector of several. */
export type Sense = Modality;

export const MODALITIES: readonly KnownModality[] = ['image', 'audio', 'thermal', 'depth', 'imu'];

/** A picture as it came: a JPEG, PNG or WebP file. Nothing about it has been checked yet. */
export interface EncodedPicture {
  readonly kind: 'encoded';
  readonly bytes: Uint8Array;
  /** Where it was decoded before, and its pixels were let go of: what windows look at of them. */
  readonly look?: PictureLook;
}

/** Size and brightness of a decoded picture, 0..1, on the grid that pictures are compared on (`fillGrid`). */
export interface PictureLook {
  readonly width: number;
  readonly height: number;
  readonly brightness: Float32Array;
}

/** A decoded picture: 8 bits, R G B interleaved, row-major; `data.length === width * height * 3`. */
export interface RgbPicture {
  readonly kind: 'rgb24';
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  /** The JPEG that it was decoded from, where it was: recordings keep that. */
  readonly jpeg?: Uint8Array;
}

/** Pictures of one short film, in order. */
export interface Clip {
  readonly kind: 'clip';
  readonly frames: readonly Picture[];
}

/** Mono sound, -1..1. */
export interface Pcm {
  readonly kind: 'pcm';
  readonly rateHz: number;
  readonly data: Float32Array;
}

/** Radiometric picture in degrees Celsius, row-major. */
export interface Thermal {
  readonly kind: 'thermal';
  readonly width: number;
  readonly height: number;
  readonly celsius: Float32Array;
}

/** Depth picture in millimetres, row-major; 0 = no value. */
export interface Depth {
  readonly kind: 'depth';
  readonly width: number;
  readonly height: number;
  readonly mm: Uint16Array;
}

/** One inertial reading: acceleration x y z in m/s2 (with gravity), angular rate x y z in rad/s. Six values. */
export interface Imu {
  readonly kind: 'imu';
  readonly values: Float32Array;
}

/** What a network elsewhere has seen in a picture: its numbers, for a bundle that begins with them. */
export interface Features {
  readonly kind: 'features';
  readonly values: Float32Array;
}

/** One reading of a sensor of the user's, in its own units: a row of channels (`height` 1), or a map; row-major. */
export interface ArrayReading {
  readonly kind: 'array';
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

export type Picture = EncodedPicture | RgbPicture;
export type Payload = Picture | Pcm | Thermal | Depth | Imu | Features | ArrayReading;

/** One thing a device said, before its clock is corrected. */
export interface Reading<P extends Payload = Payload> {
  /** Host time of arrival (see `hostClock`). */
  readonly arrivalUs: number;
  /** The sender's own stamp for the START of the reading, in microseconds of its own clock; absent: it has none. */
  readonly deviceUs?: number;
  /** The sender's sequence number; where its counter has few bits, it may wrap. Absent: it has none. */
  readonly seq?: number;
  readonly payload: P;
}

/** One reading on the common timeline. */
export interface Sample<P extends Payload = Payload> {
  readonly source: string;
  readonly modality: Modality;
  /** Sender's sequence number, or the count of arrivals where the sender has none. */
  readonly seq: number;
  /** Corrected event time of the start of the reading. */
  readonly timeUs: number;
  /** How long the reading lasts: a chunk of sound its length, everything else 0. */
  readonly durationUs: number;
  /** Bound of the clock model's error for `timeUs`. */
  readonly errorUs: number;
  readonly payload: P;
}

/** What is known about a window without its data; it travels with the embedding. */
export interface WindowMeta {
  readonly source: string;
  readonly modality: Modality;
  /** `[startUs, endUs)` in event time. */
  readonly startUs: number;
  readonly endUs: number;
  readonly errorUs: number;
  /** Sequence numbers of the oldest and newest sample inside, and how many between them never came. */
  readonly samples: { readonly first: number; readonly last: number; readonly missing: number };
  /** Share of the window's span that its samples cover, 0..1. */
  readonly coverage: number;
  /** How much its samples can say, 0..1: silence, darkness, clipping, a stuck sensor or a collapsed encoder lower it. Absent: 1. */
  readonly quality?: number;
}

/** Samples of one source in `[startUs, endUs)`, in order of event time. */
export interface Window<P extends Payload = Payload> extends WindowMeta {
  readonly members: readonly Sample<P>[];
}

/** A dense tensor without its batch axis. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A window ready for its encoder: a tensor made on the loop because it is cheap, or a picture that a front-end worker turns into one. */
export type EncodeInput = WindowMeta &
  ({ readonly tensor: Tensor } | { readonly picture: Picture | Clip | Thermal | Depth | ArrayReading });

/** The identity of a joint space. Vectors of different ids never meet. */
export interface Space {
  /** Hash over all that decides the vector: graphs, front ends, tokenizer. */
  readonly id: string;
  readonly name: string;
  readonly dim: number;
}

/** A unit vector and the window it came from. */
export interface Embedding extends WindowMeta {
  readonly space: string;
  /** Count of embeddings of this source, from 0. */
  readonly seq: number;
  readonly vector: Float32Array;
  /** How sure its encoder is of what the vector means, 0..1: what a query scores is the cosine times this. Absent: 1. */
  readonly confidence?: number;
}

/** The life of a source as a dashboard shows it. */
export type SourceState = 'starting' | 'live' | 'silent' | 'reconnecting' | 'failed' | 'stopped';

export interface SourceStatus {
  readonly source: string;
  readonly state: SourceState;
  /** Plain words for a person, e.g. "ffmpeg ended with code 1: No such device"; empty where nothing needs saying. */
  readonly reason: string;
}

/** One rule's score on one source at one window. */
export interface Score {
  readonly rule: string;
  readonly source: string;
  readonly modality: Sense;
  readonly score: number;
  /** Where the alert is raised now; 1 while it is still being learnt. */
  readonly threshold: number;
  readonly startUs: number;
  readonly endUs: number;
  /** The score in spreads above what is usual here: comparable across senses, which cosines are not. 0 while that is not known. */
  readonly spreads?: number;
  /** How much of the background that a threshold needs is known, 0..1; absent: enough. */
  readonly learning?: number;
}

/** A change of an alert's state. Published once. */
export interface Alert {
  /** Grows by one with each change, without gaps; a client resumes from it. */
  readonly cursor: number;
  /** Names the alert from raise to clear. */
  readonly id: string;
  readonly rule: string;
  readonly state: 'raised' | 'cleared';
  readonly source: string;
  readonly modality: Sense;
  readonly score: number;
  readonly threshold: number;
  readonly startUs: number;
  readonly endUs: number;
  /** The query in words, as the rule states it. */
  readonly query: string;
  /** Bound of the clock model's error for the times of the window. */
  readonly errorUs?: number;
  /** The highest score from raise to clear, and the end of its window; on a clear. */
  readonly peak?: number;
  readonly peakUs?: number;
  /** How many times a day the background is expected to reach the score; absent: not known. */
  readonly perDay?: number;
  /** What each source of the rule scored; on a raise by several. */
  readonly senses?: readonly SenseScore[];
}

/** One source's part in an alert. */
export interface SenseScore {
  readonly source: string;
  readonly modality: Sense;
  readonly score: number;
  readonly threshold: number;
  readonly spreads: number;
  readonly startUs: number;
  readonly endUs: number;
  readonly errorUs: number;
}

/** A raised alert has reached a new height. Told as it happens, and not kept: the clear has the highest. */
export interface AlertUpdate {
  readonly id: string;
  readonly rule: string;
  readonly source: string;
  readonly modality: Sense;
  readonly peak: number;
  readonly peakUs: number;
}
