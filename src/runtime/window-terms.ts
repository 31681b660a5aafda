import type { WindowTerms } from '../../pipelines/engine.ts';
import type { WindowConfig } from '../core/source-config.ts';
import type { ManifestWindow } from '../encoders/manifest.ts';

/** How long a window with a hole waits for what is late, unless the config says otherwise. A whole window does not wait. */
const DEFAULT_LATENESS_MS = 200;

/** The bundle's wishes for a modality, and over them the config's for one source. */
export function windowTerms(wanted: ManifestWindow | undefined, config: WindowConfig = {}): WindowTerms {
  const manifest: WindowConfig = wanted?.kind === 'sliding' ? wanted : {};
  const sizeMs = config.sizeMs ?? manifest.sizeMs ?? 1000;
  return {
    sizeMs,
    hopMs: config.hopMs ?? manifest.hopMs ?? sizeMs,
    latenessMs: config.latenessMs ?? manifest.latenessMs ?? DEFAULT_LATENESS_MS,
    minCoverage: config.minCoverage ?? manifest.minCoverage ?? 0.5,
    ...(wanted?.kind === 'frame' && wanted.everyMs !== undefined && { everyMs: wanted.everyMs }),
  };
}
