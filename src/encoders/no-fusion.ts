import { UsageError } from '../core/errors.ts';
import type { Bundle } from './bundle.ts';

/** What is said where a bundle is to fuse and cannot. */
export const noFusion = ({ manifest }: Bundle): UsageError =>
  new UsageError('NO_FUSION_GRAPH', `the bundle ${manifest.name} has no fusion graph; set fusion: {how: late}, or use another "model:"`);
