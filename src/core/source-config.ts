import type { Modality } from './types.ts';

/** How the bytes of an MQTT message (or of a line protocol) are to be read. Any serial protocol's name is also a format. */
export type PayloadFormat =
  'jpeg' | 'png' | 'rgb24' | 'pcm_s16le' | 'pcm_f32le' | 'thermal-i16' | 'depth-u16' | 'imu-f32' | 'json' | (string & {});

/** `tumbling` and `sliding` by time; `session` until silence; `count` by number; of frames each (`frame`) or those that differ (`change`). */
export type WindowKind = (typeof WINDOW_KINDS)[number];

export const WINDOW_KINDS = ['tumbling', 'sliding', 'session', 'count', 'frame', 'change'] as const;

/** When windows open and close. Absent fields come from the bundle's manifest. */
export interface WindowConfig {
  readonly kind?: WindowKind | undefined;
  readonly sizeMs?: number | undefined;
  readonly hopMs?: number | undefined;
  readonly latenessMs?: number | undefined;
  readonly minCoverage?: number | undefined;
  readonly closeWhenWhole?: boolean | undefined;
  readonly gapMs?: number | undefined;
  readonly count?: number | undefined;
  readonly everyCount?: number | undefined;
  readonly minChange?: number | undefined;
  readonly everyMs?: number | undefined;
}

/** One entry of `sources:` in config.yaml, after parsing. */
export interface SourceConfig {
  readonly id: string;
  readonly modality: Modality;
  /** `scheme:rest`: v4l2, alsa, pulse, rtsp, http, file, mcap, gst, serial, mqtt, simulate. */
  readonly from: string;
  readonly fps?: number | undefined;
  /** Serial protocol, e.g. `witmotion`. */
  readonly protocol?: string | undefined;
  readonly format?: PayloadFormat | undefined;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly rateHz?: number | undefined;
  readonly channels?: number | undefined;
  /** `format: json`: which field of the object holds what, by dotted path, e.g. `{timeUs: "t", acc: "imu.a"}`. */
  readonly fields?: Readonly<Record<string, string>> | undefined;
  /** `stamp16`: a 16-byte header before each payload: u64 LE event time (us), u32 LE sequence number, u32 LE zero. */
  readonly envelope?: 'stamp16' | undefined;
  /** Files: read at their own pace (default true). */
  readonly realtime?: boolean | undefined;
  /** Files and recordings: start again at the end (default false). */
  readonly loop?: boolean | undefined;
  /** Without a reading for so long the source counts as silent and is reopened. */
  readonly silentAfterMs?: number | undefined;
  /** Added to each event time, in ms: a constant delay that no clock model can see. */
  readonly offsetMs?: number | undefined;
  readonly window?: WindowConfig | undefined;
  /** A JavaScript module of the user's that exports `pipeline`, instead of the one of the modality. */
  readonly pipeline?: string | undefined;
}
