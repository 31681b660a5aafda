// preinstall: lets `npm install edgebind` work where onnxruntime-node may not download anything. On linux-x64 its install step fetches
// CUDA libraries (from a place that is no package registry) unless the files are there, and the whole install fails where it cannot.
// npm runs every package's preinstall before any postinstall, so empty files are put there first: the CUDA rung of the provider ladder
// then says that it cannot load them, and the next rung runs. With ONNXRUNTIME_NODE_INSTALL=cuda12 the download goes ahead as ever.
import { existsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

if (process.platform === 'linux' && process.arch === 'x64' && !process.env.ONNXRUNTIME_NODE_INSTALL) {
  let folder;
  try {
    folder = join(dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json')), 'bin', 'napi-v6', 'linux', 'x64');
  } catch {
    // Not there yet: npm then installs it in a way that this script need not know.
  }
  for (const part of folder ? ['cuda', 'shared', 'tensorrt'] : []) {
    const file = join(folder, `libonnxruntime_providers_${part}.so`);
    if (!existsSync(file)) writeFileSync(file, '');
  }
}
