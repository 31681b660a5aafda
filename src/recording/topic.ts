import type { Modality, Payload } from '../core/types.ts';

/** What the records of one topic are. */
export type TopicKind =
  | 'reading'
  | 'embedding'
  | 'fused'
  | 'score'
  | 'alert'
  | 'status'
  | 'drop'
  | 'ledger'
  | 'session'
  | 'rules'
  | 'learnt'
  | 'checkpoint'
  | 'verdict'
  | 'wake'
  | 'hostStep';

/** What a payload is in a recording: as it is in memory, or `jpeg`: a decoded picture as the JPEG that it was decoded from. */
export type RecordedForm = Payload['kind'] | 'jpeg';

export const formOf = (payload: Payload): RecordedForm => (payload.kind === 'rgb24' && payload.jpeg ? 'jpeg' : payload.kind);

/** One channel of a recording. */
export interface Topic {
  /** E.g. `/front/image`. */
  readonly name: string;
  readonly kind: TopicKind;
  /** Id of the source; empty where a topic belongs to none. */
  readonly source: string;
  readonly modality?: Modality | undefined;
  /** Readings only. */
  readonly payload?: RecordedForm | undefined;
}

/** The topic of a source's readings. Pictures that come decoded have a topic beside the encoded ones: the schema differs. */
export const readingTopic = (source: string, modality: Modality, payload: RecordedForm): Topic => ({
  name: `/${source}/${modality}${payload === 'rgb24' ? '_raw' : ''}`,
  kind: 'reading',
  source,
  modality,
  payload,
});

export const embeddingTopic = (source: string, modality: Modality): Topic => ({
  name: `/${source}/embedding`,
  kind: 'embedding',
  source,
  modality,
});

/** Topics that belong to no source. */
export const sharedTopic = (kind: Exclude<TopicKind, 'reading' | 'embedding'>): Topic => ({
  name: kind === 'fused' ? '/fused/embedding' : `/edgebind/${kind}`,
  kind,
  source: kind === 'fused' ? 'fused' : '',
});
