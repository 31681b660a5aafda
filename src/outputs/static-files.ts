import { readFile, stat } from 'node:fs/promises';
import { extname, join, resolve, sep } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
};

/** Bigger files are none of ours. */
const MAX_BYTES = 16 * 1024 * 1024;

export interface StaticFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: string;
  /** Its name has a hash of its content: it never changes. */
  readonly isImmutable: boolean;
}

/**
 * A file below `folder` by its URL path, or undefined where there is none of a known type. Paths that leave the folder, hidden
 * files and odd characters are not found.
 */
export async function staticFile(folder: string, urlPath: string): Promise<StaticFile | undefined> {
  const path = urlPath === '/' ? '/index.html' : urlPath;
  if (!/^(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$/.test(path)) return undefined;
  const type = TYPES[extname(path)];
  const root = resolve(folder);
  const file = resolve(join(root, path));
  if (!type || !file.startsWith(root + sep)) return undefined;
  try {
    const { size } = await stat(file);
    if (size > MAX_BYTES) return undefined;
    return { bytes: await readFile(file), type, isImmutable: path.startsWith('/assets/') };
  } catch {
    return undefined;
  }
}

/** The page in place of a dashboard that has not been built. */
export const missingDashboard = `<!doctype html><html lang="en"><meta charset="utf-8"><title>EdgeBind</title>
<h1>EdgeBind is running</h1>
<p>The dashboard has not been built. In the checkout run <code>npm run build</code>, then start EdgeBind again.</p>
<p>What works without it: <a href="/api/v1/status">status</a>, <a href="/api/v1/ledger">ledger</a>, <a href="/api/v1/alerts">alerts</a>,
<a href="/metrics">metrics</a>, <a href="/api/v1/openapi.json">all routes</a>, and the stream at <code>/v1/stream</code>.</p></html>
`;
