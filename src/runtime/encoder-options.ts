import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import type { EncodersOptions } from '../encoders/encoder-pool.ts';
import type { LoadedConfig } from './config.ts';

/** What a config says of its encoders, as `startEncoders` wants it. */
export function encoderOptions({
  config,
  folder,
}: Pick<LoadedConfig, 'config' | 'folder'>): Pick<EncodersOptions, 'workers' | 'threads' | 'providers' | 'binding'> {
  const { workers, threads, providers, binding } = config.encoders;
  return {
    ...(workers !== undefined && { workers }),
    threads,
    providers,
    ...(binding !== undefined && { binding: findBinding(binding, folder) }),
  };
}

/**
 * A build of onnxruntime that a config names, as `loadOrt` wants it: a path from the config's folder, a module that is installed there,
 * or else the name as it stands, which is looked for among EdgeBind's own modules.
 */
export function findBinding(binding: string, configFolder: string): string {
  const path = resolve(configFolder, binding);
  if (isAbsolute(binding) || /^\.\.?(\/|$)/.test(binding) || existsSync(path)) return path;
  try {
    return createRequire(join(configFolder, 'config.yaml')).resolve(binding);
  } catch {
    return binding;
  }
}
