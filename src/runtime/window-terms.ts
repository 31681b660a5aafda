import type { WindowTerms } from '../../pipelines/engine.ts';
import type { WindowConfig } from '../core/source-config.ts';
import type { ManifestWindow } from '../encoders/manifest.ts';

/** How long a window with a hole waits for what is late, unless the config says otherwise. A whole window does not wait. */
const DEFAULT_LATENESS_MS = 200;

const DEFAULT_GAP_MS = 1000;
const DEFAULT_COUNT = 100;
const DEFAULT_MIN_CHANGE = 0.02;

/**
 * The bundle's wishes for a modality, and over them the config's for one source. Frames are windows of their own, signals slide.
 * Who names a lateness gets the watermark to the letter; else a window that is whole does not wait for it.
 */
export function windowTerms(wanted: ManifestWindow | undefined, config: WindowConfig = {}): WindowTerms {
  const manifest: WindowConfig = wanted?.kind === 'sliding' ? wanted : {};
  const kind = config.kind ?? (wanted?.kind === 'frame' ? 'frame' : 'sliding');
  const sizeMs = config.sizeMs ?? manifest.sizeMs ?? 1000;
  const count = config.count ?? DEFAULT_COUNT;
  const everyMs = config.everyMs ?? (wanted?.kind === 'frame' && kind === 'frame' ? wanted.everyMs : undefined);
  // Counted and compared samples wait for their lateness one by one: by default they come in order.
  const latenessMs = kind === 'count' || kind === 'change' ? 0 : (manifest.latenessMs ?? DEFAULT_LATENESS_MS);
  return {
    kind,
    sizeMs,
    hopMs: kind === 'tumbling' ? sizeMs : (config.hopMs ?? manifest.hopMs ?? sizeMs),
    latenessMs: config.latenessMs ?? latenessMs,
    minCoverage: config.minCoverage ?? manifest.minCoverage ?? 0.5,
    closeWhenWhole: config.closeWhenWhole ?? config.latenessMs === undefined,
    gapMs: config.gapMs ?? DEFAULT_GAP_MS,
    count,
    everyCount: config.everyCount ?? count,
    minChange: config.minChange ?? DEFAULT_MIN_CHANGE,
    ...(everyMs !== undefined && { everyMs }),
  };
}
