import { modalitySchema } from '../core/modality-schema.ts';
import type { RecordedForm, Topic, TopicKind } from './topic.ts';

const KINDS: readonly TopicKind[] = [
  'reading',
  'embedding',
  'fused',
  'score',
  'alert',
  'status',
  'drop',
  'ledger',
  'session',
  'rules',
  'learnt',
  'checkpoint',
  'verdict',
  'wake',
  'hostStep',
];
const PAYLOADS: readonly RecordedForm[] = ['encoded', 'jpeg', 'rgb24', 'pcm', 'thermal', 'depth', 'imu', 'features', 'array'];

/** What a topic says of itself in its channel's metadata: what it is does not hang on its name. */
export const metadataOf = ({ kind, source, modality, payload }: Topic): Map<string, string> =>
  new Map(Object.entries({ 'edgebind.kind': kind, source, modality: modality ?? '', payload: payload ?? '' }));

/** The topic that a channel's metadata describes; undefined where it is not one of ours. */
export function topicOf(name: string, metadata: ReadonlyMap<string, string>): Topic | undefined {
  const kind = KINDS.find((one) => one === metadata.get('edgebind.kind'));
  if (!kind) return undefined;
  const modality = modalitySchema.safeParse(metadata.get('modality')).data;
  const payload = PAYLOADS.find((one) => one === metadata.get('payload'));
  if (kind === 'reading' && (!modality || !payload)) return undefined;
  return { name, kind, source: metadata.get('source') ?? '', modality, payload };
}
