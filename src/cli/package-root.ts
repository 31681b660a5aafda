import { existsSync, readFileSync } from 'node:fs';

/** The folder of package.json, as a URL that ends with a slash: above `src/cli` in the sources, above `dist/src/cli` when built. */
export const packageRoot: URL =
  [new URL('../../', import.meta.url), new URL('../../../', import.meta.url)].find((url) => existsSync(new URL('package.json', url))) ??
  new URL('../../', import.meta.url);

export const packageVersion: string = (JSON.parse(readFileSync(new URL('package.json', packageRoot), 'utf8')) as { version: string })
  .version;
